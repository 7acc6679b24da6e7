# SPDX-License-Identifier: MIT
"""aws:cloudformation:stack-name, logical-id and stack-id on what a stack makes: of exactly the types that AWS marks so. Nobody
sets them or takes them off, no right or condition is asked for them, they count to no limit, and policies see them."""
import pytest
from conftest import document
from test_cloudformation import stack, template  # noqa: F401 (a fixture)
from test_lambda_stack import IAM, resources

KEYS = ["logical-id", "stack-id", "stack-name"]
MINE = [{"Key": "mine", "Value": "1"}]


def ref(name):
    return {"Ref": name}


def everything(name):
    """What carries them, and some that do not."""
    ec2 = {"Vpc": ("VPC", {"CidrBlock": "10.85.0.0/16"}), "Igw": ("InternetGateway", {}),
           "Attached": ("VPCGatewayAttachment", {"VpcId": ref("Vpc"), "InternetGatewayId": ref("Igw")}),
           "Subnet": ("Subnet", {"VpcId": ref("Vpc"), "CidrBlock": "10.85.1.0/24"}), "Eip": ("EIP", {"Domain": "vpc"}),
           "Nat": ("NatGateway", {"AllocationId": {"Fn::GetAtt": "Eip.AllocationId"}, "SubnetId": ref("Subnet")}),
           "Table": ("RouteTable", {"VpcId": ref("Vpc")}), "Group": ("SecurityGroup", {"GroupDescription": "g", "VpcId": ref("Vpc")}),
           "Door": ("VPCEndpoint", {"VpcId": ref("Vpc"), "ServiceName": "com.amazonaws.us-east-1.s3"}),
           "Dhcp": ("DHCPOptions", {"DomainName": "a.internal"})}
    made = {k: {"Type": f"AWS::EC2::{t}", "Properties": p} for k, (t, p) in ec2.items()}
    made["Nat"]["DependsOn"] = made["Eip"]["DependsOn"] = "Attached"
    others = {"Home": ("AWS::EFS::FileSystem", {}), "Rule": ("AWS::Events::Rule", {"ScheduleExpression": "rate(1 day)", "State": "DISABLED"}),
              "Logs": ("AWS::Logs::LogGroup", {"Tags": MINE}), "Bucket": ("AWS::S3::Bucket", {"Tags": MINE}),
              "Parameter": ("AWS::SSM::Parameter", {"Name": f"/{name}/p", "Type": "String", "Value": "v"}),
              "Query": ("AWS::ResourceGroups::Group", {"Name": name, "ResourceQuery": {"Type": "TAG_FILTERS_1_0", "Query": {
                  "ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "aws:cloudformation:stack-name", "Values": [name]}]}}}),
              "Watch": ("AWS::EC2::FlowLog", {"ResourceId": ref("Vpc"), "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": ref("Logs"),
                                              "DeliverLogsPermissionArn": {"Fn::GetAtt": "Role.Arn"}}),
              "Models": ("AWS::SageMaker::ModelPackageGroup", {"ModelPackageGroupName": name, "Tags": MINE}),
              "Portfolio": ("AWS::ServiceCatalog::Portfolio", {"DisplayName": name, "ProviderName": "us", "Tags": MINE})}
    made |= {k: {"Type": t, "Properties": p} for k, (t, p) in others.items()}
    made |= resources(permission=False)
    made["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"] = [
        "lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"]
    return made


BARE = {"Attached", "Role", "Models", "Portfolio"}  # an attachment has no tags; AWS leaves IAM, SageMaker and catalogs without


def test_what_a_stack_makes_says_so(client, stack, name):  # noqa: F811
    s, made = stack(), everything(name)
    assert s.create(template(made, Outputs={"Bucket": {"Value": ref("Bucket")}}), Capabilities=IAM) == "CREATE_COMPLETE", s.lines()
    pages = client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "aws:cloudformation:stack-name", "Values": [name]}])
    found = {}
    for r in (r for page in pages for r in page["ResourceTagMappingList"]):
        tags = {t["Key"]: t["Value"] for t in r["Tags"]}
        assert sorted(k[len("aws:cloudformation:"):] for k in tags if k.startswith("aws:")) == KEYS, r
        assert tags["aws:cloudformation:stack-id"] == s.id
        found[tags["aws:cloudformation:logical-id"]] = r["ResourceARN"]
    assert found.keys() == made.keys() - BARE
    grouped = client("resource-groups").list_group_resources(Group=name)["ResourceIdentifiers"]
    assert {g["ResourceArn"] for g in grouped} == set(found.values())
    for call in (lambda: client("sagemaker").list_tags(ResourceArn=client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"])["Tags"],
                 lambda: client("iam").list_role_tags(RoleName=s.cfn.describe_stack_resource(
                     StackName=name, LogicalResourceId="Role")["StackResourceDetail"]["PhysicalResourceId"])["Tags"]):
        assert not [t for t in call() if t["Key"].startswith("aws:")]
    vpc = found["Vpc"].split("/")[-1]
    theirs = client("ec2").describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}])
    assert theirs["SecurityGroups"][0].get("Tags", []) == []  # the VPC's own, not the template's
    # changed by the stack, they stay
    made["Bucket"]["Properties"]["Tags"] = [{"Key": "other", "Value": "2"}]
    made["Logs"]["Properties"]["Tags"] = []
    assert s.update(template(made, Outputs={"Bucket": {"Value": ref("Bucket")}}), Capabilities=IAM) == "UPDATE_COMPLETE", s.lines()
    tags = {t["Key"]: t["Value"] for t in client("s3").get_bucket_tagging(Bucket=s.outputs()["Bucket"])["TagSet"]}
    assert tags.pop("other") == "2" and sorted(tags) == [f"aws:cloudformation:{k}" for k in KEYS]
    assert sorted(client("logs").list_tags_for_resource(resourceArn=found["Logs"])["tags"]) == [f"aws:cloudformation:{k}" for k in KEYS]
    assert s.delete() == "DELETE_COMPLETE", s.lines()


HELD = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.86.0.0/16"}}, "Home": {"Type": "AWS::EFS::FileSystem"},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)", "State": "DISABLED"}},
        "Logs": {"Type": "AWS::Logs::LogGroup"}, "Bucket": {"Type": "AWS::S3::Bucket"},
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}, **resources(permission=False)}


def by_service(client, s, name):
    """service -> put(tags), take(keys), read() of the resource that the stack made of it, and the codes of its refusals."""
    ids = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in s.cfn.list_stack_resources(StackName=name)["StackResourceSummaries"]}
    ec2, efs, events, lam, logs, ssm = (client(x) for x in ("ec2", "efs", "events", "lambda", "logs", "ssm"))
    account = s.id.split(":")[4]
    function, rule = (f"arn:aws:{x}:us-east-1:{account}:{y}" for x, y in (("lambda", f"function:{ids['Function']}"), ("events", f"rule/{ids['Rule']}")))
    group = f"arn:aws:logs:us-east-1:{account}:log-group:{ids['Logs']}"

    def listed(tags):
        return [{"Key": k, "Value": v} for k, v in tags.items()]
    return {
        "ec2": (lambda t: ec2.create_tags(Resources=[ids["Vpc"]], Tags=listed(t)),
                lambda k: ec2.delete_tags(Resources=[ids["Vpc"]], Tags=[{"Key": x} for x in k]),
                lambda: {t["Key"] for t in ec2.describe_vpcs(VpcIds=[ids["Vpc"]])["Vpcs"][0]["Tags"]}, "InvalidParameterValue", "TagLimitExceeded"),
        "efs": (lambda t: efs.tag_resource(ResourceId=ids["Home"], Tags=listed(t)), lambda k: efs.untag_resource(ResourceId=ids["Home"], TagKeys=k),
                lambda: {t["Key"] for t in efs.list_tags_for_resource(ResourceId=ids["Home"])["Tags"]}, "BadRequest", "BadRequest"),
        "events": (lambda t: events.tag_resource(ResourceARN=rule, Tags=listed(t)), lambda k: events.untag_resource(ResourceARN=rule, TagKeys=k),
                   lambda: {t["Key"] for t in events.list_tags_for_resource(ResourceARN=rule)["Tags"]}, "ValidationException", "LimitExceededException"),
        "lambda": (lambda t: lam.tag_resource(Resource=function, Tags=t), lambda k: lam.untag_resource(Resource=function, TagKeys=k),
                   lambda: set(lam.list_tags(Resource=function)["Tags"]), "InvalidParameterValueException", "InvalidParameterValueException"),
        "logs": (lambda t: logs.tag_resource(resourceArn=group, tags=t), lambda k: logs.untag_resource(resourceArn=group, tagKeys=k),
                 lambda: set(logs.list_tags_for_resource(resourceArn=group)["tags"]), "InvalidParameterException", "TooManyTagsException"),
        "ssm": (lambda t: ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=ids["Parameter"], Tags=listed(t)),
                lambda k: ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=ids["Parameter"], TagKeys=k),
                lambda: {t["Key"] for t in ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=ids["Parameter"])["TagList"]},
                "ValidationException", "TooManyTagsError")}, ids


def test_nobody_else_sets_or_takes_them(client, stack, name, refuses):  # noqa: F811
    s = stack()
    assert s.create(template(HELD), Capabilities=IAM) == "CREATE_COMPLETE", s.lines()
    services, ids = by_service(client, s, name)
    system = {f"aws:cloudformation:{k}" for k in KEYS}
    for service, (put, take, read, bad, many) in services.items():
        own = read() - system
        with refuses(bad):
            put({"aws:cloudformation:stack-name": "another"})
        with refuses(bad):
            put({"AWS:x": "1"})
        with refuses(bad):
            take(["aws:cloudformation:stack-name"])
        room = 50 - len(own)
        put({f"k{i}": "v" for i in range(room)})  # they take no room of the fifty
        with refuses(many):
            put({"one-more": "v"})
        take([f"k{i}" for i in range(room)])
        assert read() == own | system, service
    client("ec2").delete_tags(Resources=[ids["Vpc"]])  # no tag named: all that are its owner's
    assert services["ec2"][2]() == system
    s3, bucket = client("s3"), ids["Bucket"]
    whole = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert {t["Key"] for t in whole} == system
    for tags, words in ((MINE, "System Tags cannot be removed by requester"), (MINE + [{**t, "Value": "x"} for t in whole], "cannot be added/updated"),
                        (MINE + whole + [{"Key": "aws:x", "Value": ""}], "cannot be added/updated")):
        with refuses("InvalidTag", words):
            s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": MINE + whole})
    s3.delete_bucket_tagging(Bucket=bucket)
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == whole
    with refuses("ValidationError", "aws:"):
        s.cfn.create_stack(StackName=name + "-x", TemplateBody=template(HELD), Capabilities=IAM, Tags=[{"Key": "aws:x", "Value": "1"}])
    made = {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v", "Tags": {"aws:x": "1"}}}}
    other = stack(called=name + "-y")
    assert other.create(template(made)) == "ROLLBACK_COMPLETE" and "aws:" in other.reason("P")


@pytest.mark.parametrize("op,given", [
    ("CreateModelPackageGroup", {"ModelPackageGroupName": "x"}), ("CreateEndpointConfig", {"EndpointConfigName": "x", "ProductionVariants": [
        {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}]})])
def test_sagemaker_takes_none_either(client, refuses, op, given):
    with refuses("ValidationException", "aws:"):
        client("sagemaker")._make_api_call(op, {**given, "Tags": [{"Key": "aws:cloudformation:stack-name", "Value": "x"}]})


def test_policies_see_them_and_conditions_on_tags_do_not(client, stack, role, name, refuses):  # noqa: F811
    """Who may make a log group without any tag makes one by a stack; its tags then decide who may delete it."""
    may = role(document({"Effect": "Allow", "Action": ["cloudformation:*", "logs:CreateLogGroup", "logs:Describe*"], "Resource": "*"},
                        {"Effect": "Allow", "Action": "logs:DeleteLogGroup", "Resource": "*",
                         "Condition": {"StringEquals": {"aws:ResourceTag/aws:cloudformation:stack-name": name}}},
                        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Null": {"aws:TagKeys": "false"}}}))
    s = stack(may.client("cloudformation"))
    other = stack(client("cloudformation"), name + "-other")
    body = {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}}
    assert s.create(template(body)) == "CREATE_COMPLETE", s.lines()
    assert other.create(template({"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name + "-other"}}})) == "CREATE_COMPLETE"
    logs = may.client("logs")
    with refuses("AccessDeniedException", "because no identity-based policy allows the logs:DeleteLogGroup action"):
        logs.delete_log_group(logGroupName=name + "-other")
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupName"] == name + "-other"
