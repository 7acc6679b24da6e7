# SPDX-License-Identifier: MIT
"""resourcegroupstaggingapi and resource-groups through boto3: resources of all services by their tags."""
import json

import pytest
from test_cloudformation import stack  # noqa: F401


@pytest.fixture
def tagged(client, name):
    """One of each: ARNs by type; all carry the tag NAME=kind."""
    s3, kms, ssm, ec2, sm, logs = (client(x) for x in ("s3", "kms", "ssm", "ec2", "sagemaker", "logs"))
    account = client("sts").get_caller_identity()["Account"]

    def tags(value):
        return [{"Key": name, "Value": value}]
    s3.create_bucket(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags("s3")})
    key = kms.create_key(Tags=[{"TagKey": name, "TagValue": "kms"}])["KeyMetadata"]
    for p in (f"/{name}/a", f"{name}-b"):
        ssm.put_parameter(Name=p, Type="String", Value="v", Tags=tags("ssm"))
    vpc = ec2.create_vpc(CidrBlock="10.213.0.0/24", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags("ec2")}])["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.213.0.0/28",
                               TagSpecifications=[{"ResourceType": "subnet", "Tags": tags("ec2")}])["Subnet"]["SubnetId"]
    group = sm.create_model_package_group(ModelPackageGroupName=name, Tags=tags("sagemaker"))["ModelPackageGroupArn"]
    logs.create_log_group(logGroupName=f"/{name}", tags={name: "logs"})
    yield {"AWS::S3::Bucket": [f"arn:aws:s3:::{name}"], "AWS::KMS::Key": [key["Arn"]],
           "AWS::SSM::Parameter": [f"arn:aws:ssm:us-east-1:{account}:parameter/{p}" for p in (f"{name}/a", f"{name}-b")],
           "AWS::EC2::VPC": [f"arn:aws:ec2:us-east-1:{account}:vpc/{vpc}"],
           "AWS::EC2::Subnet": [f"arn:aws:ec2:us-east-1:{account}:subnet/{subnet}"],
           "AWS::SageMaker::ModelPackageGroup": [group], "AWS::Logs::LogGroup": [f"arn:aws:logs:us-east-1:{account}:log-group:/{name}"]}
    logs.delete_log_group(logGroupName=f"/{name}")
    sm.delete_model_package_group(ModelPackageGroupName=name)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    ssm.delete_parameters(Names=[f"/{name}/a", f"{name}-b"])
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    s3.delete_bucket(Bucket=name)


def arns(pages):
    return sorted(r["ResourceARN"] for p in pages for r in p["ResourceTagMappingList"])


def everything(tagged):
    return sorted(a for v in tagged.values() for a in v)


def test_resources_by_tag_and_type(client, tagged, name, refuses):
    t = client("resourcegroupstaggingapi")

    def find(**kw):
        return arns(t.get_paginator("get_resources").paginate(**kw))
    mine = [{"Key": name}]
    assert find(TagFilters=mine) == everything(tagged)
    assert find(TagFilters=mine, ResourcesPerPage=2) == everything(tagged)
    assert find(TagFilters=[{"Key": name, "Values": ["kms", "s3"]}]) == sorted(tagged["AWS::KMS::Key"] + tagged["AWS::S3::Bucket"])
    assert find(TagFilters=mine + [{"Key": "other"}]) == []
    for kinds, types in ((["ec2"], ["AWS::EC2::VPC", "AWS::EC2::Subnet"]), (["ec2:vpc", "kms:key"], ["AWS::EC2::VPC", "AWS::KMS::Key"]),
                         (["s3"], ["AWS::S3::Bucket"]), (["s3:bucket"], ["AWS::S3::Bucket"]), (["ec2:vp"], []),
                         (["sagemaker:model-package-group"], ["AWS::SageMaker::ModelPackageGroup"]), (["logs"], ["AWS::Logs::LogGroup"])):
        assert find(TagFilters=mine, ResourceTypeFilters=kinds) == sorted(a for x in types for a in tagged[x]), kinds
    one = t.get_resources(ResourceARNList=tagged["AWS::KMS::Key"] + ["arn:aws:s3:::none"])["ResourceTagMappingList"]
    assert one == [{"ResourceARN": tagged["AWS::KMS::Key"][0], "Tags": [{"Key": name, "Value": "kms"}]}]
    assert name in [k for p in t.get_paginator("get_tag_keys").paginate() for k in p["TagKeys"]]
    assert sorted(v for p in t.get_paginator("get_tag_values").paginate(Key=name) for v in p["TagValues"]) == [
        "ec2", "kms", "logs", "s3", "sagemaker", "ssm"]
    with refuses("InvalidParameterException", "cannot be used together"):
        t.get_resources(ResourceARNList=["arn:aws:s3:::x"], TagFilters=mine)
    with refuses("PaginationTokenExpiredException"):
        t.get_resources(PaginationToken="x")
    with refuses("InvalidParameterException", "Types is no parameter"):
        raw_types(t)


def raw_types(t):
    """As no client of AWS's would say it: a member that only this house's services may use."""
    t.meta.events.register("before-call.resource-groups-tagging-api.GetResources", lambda params, **kw: params.update(body=b'{"Types":["AWS::KMS::Key"]}'))
    return t.get_resources()


def test_another_account_sees_nothing(client, tagged, name):
    assert client("resourcegroupstaggingapi", "staging").get_resources(TagFilters=[{"Key": name}])["ResourceTagMappingList"] == []


@pytest.mark.parametrize("op,given", [
    ("GetResources", {}), ("GetTagKeys", {}), ("GetTagValues", {"Key": "k"}), ("TagResources", {"ResourceARNList": ["arn:aws:s3:::x"], "Tags": {"a": "b"}}),
    ("UntagResources", {"ResourceARNList": ["arn:aws:s3:::x"], "TagKeys": ["a"]}), ("GetComplianceSummary", {}),
    ("StartReportCreation", {"S3Bucket": "x"}), ("DescribeReportCreation", {})])
def test_the_tagging_api_is_judged(role, document, refuses, op, given):
    with refuses("AccessDeniedException", f"tag:{op}"):
        role(document(Action="s3:*")).client("resourcegroupstaggingapi")._make_api_call(op, given)


# ---- groups ----

def by_tags(name, *types, values=()):
    return {"Type": "TAG_FILTERS_1_0", "Query": json.dumps({
        "ResourceTypeFilters": list(types) or ["AWS::AllSupported"], "TagFilters": [{"Key": name, "Values": list(values)}]})}


@pytest.fixture
def rg(client, name):
    c = client("resource-groups")
    yield c
    for g in c.get_paginator("list_groups").paginate().build_full_result()["GroupIdentifiers"]:
        if g["GroupName"].startswith(name):
            c.delete_group(Group=g["GroupArn"])


def test_groups_find_what_carries_their_tags(client, rg, tagged, name, account, refuses):
    arn = f"arn:aws:resource-groups:us-east-1:{account}:group/{name}"
    made = rg.create_group(Name=name, Description="d", ResourceQuery=by_tags(name), Tags={"team": "ml"})
    assert (made["Group"], made["Tags"]) == ({"GroupArn": arn, "Name": name, "Description": "d"}, {"team": "ml"})

    def find(**kw):
        pages = rg.get_paginator("list_group_resources").paginate(Group=name, **kw)
        return sorted((r["Identifier"]["ResourceType"], r["Identifier"]["ResourceArn"]) for p in pages for r in p["Resources"])
    wanted = sorted((t, a) for t, v in tagged.items() for a in v)
    assert find() == wanted and find(MaxResults=2) == wanted
    kms = [("AWS::KMS::Key", tagged["AWS::KMS::Key"][0])]
    assert find(Filters=[{"Name": "resource-type", "Values": ["AWS::KMS::Key"]}]) == kms
    client("kms").untag_resource(KeyId=tagged["AWS::KMS::Key"][0], TagKeys=[name])
    assert find() == [w for w in wanted if w not in kms]
    rg.update_group_query(GroupName=name, ResourceQuery=by_tags(name, "AWS::S3::Bucket", "AWS::EC2::VPC", values=["s3"]))
    assert find() == [("AWS::S3::Bucket", tagged["AWS::S3::Bucket"][0])]
    assert json.loads(rg.get_group_query(Group=arn)["GroupQuery"]["ResourceQuery"]["Query"])["TagFilters"] == [{"Key": name, "Values": ["s3"]}]
    found = rg.search_resources(ResourceQuery=by_tags(name, "AWS::EC2::Subnet"))["ResourceIdentifiers"]
    assert found == [{"ResourceArn": tagged["AWS::EC2::Subnet"][0], "ResourceType": "AWS::EC2::Subnet"}]
    assert rg.update_group(Group=name, Description="new")["Group"]["Description"] == "new"
    rg.tag(Arn=arn, Tags={"a": "1"})
    rg.untag(Arn=arn, Keys=["team"])
    assert rg.get_tags(Arn=arn)["Tags"] == {"a": "1"}
    assert arn in arns([client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "a", "Values": ["1"]}], ResourceTypeFilters=["resource-groups:group"])])
    with refuses("BadRequestException", "already exists"):
        rg.create_group(Name=name, ResourceQuery=by_tags(name))
    assert rg.delete_group(GroupName=name)["Group"]["Name"] == name
    with refuses("NotFoundException", "Cannot find group"):
        rg.get_group(Group=name)


@pytest.mark.parametrize("query,words", [
    ("{", "not a JSON object"), ("{}", "TagFilters"), ('{"TagFilters":[{"Values":[]}]}', "Key"),
    ('{"TagFilters":[{"Key":"a"}],"ResourceTypeFilters":["ec2"]}', "AWS::Service::Type"),
    ('{"TagFilters":[{"Key":"a","Values":[1]}]}', "list of texts")])
def test_queries_that_are_none(rg, name, refuses, query, words):
    with refuses("BadRequestException", words):
        rg.create_group(Name=name, ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": query})
    with refuses("BadRequestException", "does not exist"):
        rg.create_group(Name=name, ResourceQuery={"Type": "CLOUDFORMATION_STACK_1_0", "Query": json.dumps({"StackIdentifier": name})})


def test_rights_to_groups(rg, role, document, name, account, refuses):
    rg.create_group(Name=name, ResourceQuery=by_tags(name))
    arn = f"arn:aws:resource-groups:us-east-1:{account}:group/{name}"
    only = role(document(Action="resource-groups:*", Resource=arn)).client("resource-groups")
    assert only.get_group(GroupName=name)["Group"]["Name"] == name
    with refuses("AccessDeniedException", "resource-groups:GetGroup", "because no identity-based policy allows"):
        only.get_group(GroupName=name + "-other")
    with refuses("AccessDeniedException", "tag:GetResources"):  # what the group finds is the Tagging API's to tell
        only.list_group_resources(Group=arn)
    makes = role(document(Action="resource-groups:CreateGroup")).client("resource-groups")
    with refuses("AccessDeniedException", "resource-groups:Tag"):
        makes.create_group(Name=name + "-b", ResourceQuery=by_tags(name), Tags={"a": "1"})
    for op in ("GroupResources", "UngroupResources", "GetGroupConfiguration", "PutGroupConfiguration"):
        more = {"ResourceArns": ["arn:aws:s3:::x"]} if op.endswith("Resources") else {}
        with refuses("AccessDeniedException", f"resource-groups:{op}"):
            makes._make_api_call(op, {"Group": name, **more})


def test_a_group_of_a_stack_and_by_a_stack(client, rg, stack, name):  # noqa: F811
    s = stack()

    def body(value):
        return json.dumps({"Resources": {
            "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v", "Name": f"/{name}/p", "Tags": {name: value}}},
            "G": {"Type": "AWS::ResourceGroups::Group", "Properties": {
                "Name": name, "Description": "d", "Tags": [{"Key": name, "Value": value}],
                "ResourceQuery": {"Type": "TAG_FILTERS_1_0", "Query": {
                    "ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": name, "Values": [value]}]}}}}},
            "Outputs": {"G": {"Value": {"Ref": "G"}}}})
    assert s.create(body("one")) == "CREATE_COMPLETE", s.lines()
    assert s.outputs()["G"] == name

    def types(group):
        return sorted(r["ResourceType"] for r in rg.list_group_resources(Group=group)["ResourceIdentifiers"])
    assert types(name) == ["AWS::ResourceGroups::Group", "AWS::SSM::Parameter"]
    assert s.update(body("two")) == "UPDATE_COMPLETE", s.lines()
    assert types(name) == ["AWS::ResourceGroups::Group", "AWS::SSM::Parameter"]
    rg.create_group(Name=name + "-s", ResourceQuery={"Type": "CLOUDFORMATION_STACK_1_0", "Query": json.dumps({"StackIdentifier": s.id})})
    assert types(name + "-s") == ["AWS::ResourceGroups::Group", "AWS::SSM::Parameter"]
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert name not in [g["GroupName"] for g in rg.list_groups()["GroupIdentifiers"]]
