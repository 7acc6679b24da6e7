# SPDX-License-Identifier: MIT
"""servicecatalog through boto3: portfolios, products whose templates are read in the creator's right, who may see and launch
them and as which role, shares, and the same by CloudFormation."""
import json

import botocore.handlers
import pytest
from test_cloudformation import stack  # noqa: F401

BODY = json.dumps({"AWSTemplateFormatVersion": "2010-09-09",
                   "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}}})


@pytest.fixture
def sc(client):
    return client("servicecatalog")


@pytest.fixture
def template(client, name):
    """The URL of a template in a bucket of this test's own."""
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="t.yaml", Body=BODY)
    yield f"https://s3.amazonaws.com/{name}/t.yaml"
    for o in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=o["Key"])
    s3.delete_bucket(Bucket=name)


def version(url, name="v1", **kw):
    return {"Name": name, "Description": "d", "Info": {"LoadTemplateFromURL": url}, "Type": "CLOUD_FORMATION_TEMPLATE", **kw}


class Catalog:
    """What a test makes, so that all of it goes."""

    def __init__(self, sc, name):
        self.sc, self.name, self.portfolios, self.products = sc, name, [], []

    def portfolio(self, **kw):
        given = {"DisplayName": self.name, "ProviderName": "us", "IdempotencyToken": f"{self.name}{len(self.portfolios)}"}
        made = self.sc.create_portfolio(**{**given, **kw})["PortfolioDetail"]
        self.portfolios.append(made["Id"])
        return made["Id"]

    def product(self, url, sc=None, **kw):
        given = {"Name": self.name, "Owner": "us", "ProductType": "CLOUD_FORMATION_TEMPLATE", "IdempotencyToken": f"{self.name}{len(self.products)}",
                 "ProvisioningArtifactParameters": version(url)}
        made = (sc or self.sc).create_product(**{**given, **kw})
        self.products.append(made["ProductViewDetail"]["ProductViewSummary"]["ProductId"])
        return self.products[-1]

    def remove(self):
        for p in set(self.portfolios):
            for k in self.sc.list_constraints_for_portfolio(PortfolioId=p)["ConstraintDetails"]:
                self.sc.delete_constraint(Id=k["ConstraintId"])
            for x in self.sc.search_products_as_admin(PortfolioId=p)["ProductViewDetails"]:
                self.sc.disassociate_product_from_portfolio(PortfolioId=p, ProductId=x["ProductViewSummary"]["ProductId"])
            for x in self.sc.list_principals_for_portfolio(PortfolioId=p)["Principals"]:
                self.sc.disassociate_principal_from_portfolio(PortfolioId=p, PrincipalARN=x["PrincipalARN"])
            for a in self.sc.list_portfolio_access(PortfolioId=p)["AccountIds"]:
                self.sc.delete_portfolio_share(PortfolioId=p, AccountId=a)
            self.sc.delete_portfolio(Id=p)
        for p in set(self.products):
            self.sc.delete_product(Id=p)


@pytest.fixture
def catalog(sc, name):
    made = Catalog(sc, name)
    yield made
    made.remove()


def test_portfolios(sc, catalog, account, refuses):
    made = sc.create_portfolio(DisplayName=catalog.name, ProviderName="us", Description="d", IdempotencyToken=catalog.name,
                               Tags=[{"Key": "team", "Value": "ml"}])
    d = made["PortfolioDetail"]
    catalog.portfolios.append(d["Id"])
    assert d["Id"].startswith("port-") and len(d["Id"]) == 18
    assert d["ARN"] == f"arn:aws:catalog:us-east-1:{account}:portfolio/{d['Id']}"
    assert made["Tags"] == [{"Key": "team", "Value": "ml"}]
    again = sc.create_portfolio(DisplayName=catalog.name, ProviderName="us", IdempotencyToken=catalog.name)
    assert again["PortfolioDetail"]["Id"] == d["Id"]
    with refuses("InvalidParametersException", "idempotency token"):
        sc.create_portfolio(DisplayName="another", ProviderName="us", IdempotencyToken=catalog.name)
    changed = sc.update_portfolio(Id=d["Id"], Description="new", AddTags=[{"Key": "a", "Value": "1"}], RemoveTags=["team"])
    assert (changed["PortfolioDetail"]["Description"], changed["Tags"]) == ("new", [{"Key": "a", "Value": "1"}])
    assert sc.describe_portfolio(Id=d["Id"])["PortfolioDetail"] == changed["PortfolioDetail"]
    other = catalog.portfolio(IdempotencyToken="2" + catalog.name)
    page = sc.list_portfolios(PageSize=1)
    assert len(page["PortfolioDetails"]) == 1 and page["NextPageToken"]
    pages = sc.get_paginator("list_portfolios").paginate(PaginationConfig={"PageSize": 1})
    assert {d["Id"], other} <= {p["Id"] for page in pages for p in page["PortfolioDetails"]}
    for call in (sc.describe_portfolio, sc.delete_portfolio, sc.update_portfolio):
        with refuses("ResourceNotFoundException", "Portfolio port-none not found."):
            call(Id="port-none")
    sc.meta.events.unregister("before-parameter-build", botocore.handlers.generate_idempotent_uuid)
    with refuses("InvalidParametersException", "idempotencyToken"):
        sc.create_portfolio(DisplayName="x", ProviderName="y")


@pytest.mark.parametrize("form", ["https://s3.amazonaws.com/{b}/t.yaml", "https://s3.us-east-1.amazonaws.com/{b}/t.yaml",
                                  "https://{b}.s3.amazonaws.com/t.yaml", "{own}/{b}/t.yaml"])
def test_a_template_is_read_in_every_form_and_kept(sc, client, server, catalog, template, form):
    product = catalog.product(form.format(b=catalog.name, own=server.url))
    client("s3").delete_object(Bucket=catalog.name, Key="t.yaml")
    found = sc.describe_product_as_admin(Id=product)
    assert [a["Name"] for a in found["ProvisioningArtifactSummaries"]] == ["v1"]
    artifact = found["ProvisioningArtifactSummaries"][0]["Id"]
    assert artifact.startswith("pa-") and product.startswith("prod-")
    d = sc.describe_provisioning_artifact(ProductId=product, ProvisioningArtifactId=artifact)
    assert (d["Status"], d["ProvisioningArtifactDetail"]["Active"]) == ("AVAILABLE", True)


@pytest.mark.parametrize("bad,words", [
    (dict(Info={"LoadTemplateFromURL": "https://example.com/t.yaml"}), "no object of this house's S3"),
    (dict(Info={"LoadTemplateFromURL": "https://s3.amazonaws.com/{b}/none.yaml"}), "S3 error"),
    (dict(Info={"LoadTemplateFromURL": "https://s3.amazonaws.com/{b}/bad.yaml"}), "Invalid templateBody"),
    (dict(Info={"ImportFromPhysicalId": "arn:aws:cloudformation:us-east-1:1:stack/s/1"}), "ImportFromPhysicalId"),
    (dict(Info={}), "LoadTemplateFromURL"),
    (dict(Type="MARKETPLACE_AMI"), "CLOUD_FORMATION_TEMPLATE only"),
])
def test_templates_that_are_none(sc, client, catalog, template, refuses, bad, words):
    client("s3").put_object(Bucket=catalog.name, Key="bad.yaml", Body="Resources: {}")
    bad = json.loads(json.dumps(bad).replace("{b}", catalog.name))
    with refuses("InvalidParametersException", words):
        catalog.product(template, ProvisioningArtifactParameters={**version(template), **bad})
    assert not sc.search_products_as_admin(Filters={"FullTextSearch": [catalog.name]})["ProductViewDetails"]


def test_products_and_their_versions(sc, catalog, template, refuses):
    product = catalog.product(template, Description="d", Tags=[{"Key": "team", "Value": "ml"}])
    assert catalog.product(template, IdempotencyToken=f"{catalog.name}0") == product
    changed = sc.update_product(Id=product, Owner="them", AddTags=[{"Key": "a", "Value": "1"}], RemoveTags=["team"])
    s = changed["ProductViewDetail"]["ProductViewSummary"]
    assert (s["Owner"], s["ShortDescription"], changed["Tags"]) == ("them", "d", [{"Key": "a", "Value": "1"}])
    token = f"{catalog.name}v2"
    made = sc.create_provisioning_artifact(ProductId=product, Parameters=version(template, "v2"), IdempotencyToken=token)
    again = sc.create_provisioning_artifact(ProductId=product, Parameters=version(template, "v2"), IdempotencyToken=token)
    second = made["ProvisioningArtifactDetail"]["Id"]
    assert again["ProvisioningArtifactDetail"]["Id"] == second
    sc.update_provisioning_artifact(ProductId=product, ProvisioningArtifactId=second, Active=False, Guidance="DEPRECATED")
    listed = {a["Name"]: a for a in sc.list_provisioning_artifacts(ProductId=product)["ProvisioningArtifactDetails"]}
    assert set(listed) == {"v1", "v2"} and (listed["v2"]["Active"], listed["v2"]["Guidance"]) == (False, "DEPRECATED")
    assert sc.describe_provisioning_artifact(ProductName=catalog.name, ProvisioningArtifactName="v2")[
        "ProvisioningArtifactDetail"]["Id"] == second
    sc.delete_provisioning_artifact(ProductId=product, ProvisioningArtifactId=second)
    with refuses("InvalidParametersException", "ProvisioningArtifactId is required"):
        sc.delete_provisioning_artifact(ProductId=product)
    with refuses("ResourceInUseException", "last provisioning artifact"):
        sc.delete_provisioning_artifact(ProductId=product, ProvisioningArtifactId=listed["v1"]["Id"])
    with refuses("ResourceNotFoundException", second):
        sc.describe_provisioning_artifact(ProductId=product, ProvisioningArtifactId=second)
    portfolio = catalog.portfolio()
    sc.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)
    assert [p["Id"] for p in sc.list_portfolios_for_product(ProductId=product)["PortfolioDetails"]] == [portfolio]
    for what, call in (("associated with portfolio", lambda: sc.delete_product(Id=product)), ("products", lambda: sc.delete_portfolio(Id=portfolio))):
        with refuses("ResourceInUseException", what):
            call()
    with refuses("ResourceNotFoundException", "Product prod-none not found."):
        sc.associate_product_with_portfolio(ProductId="prod-none", PortfolioId=portfolio)


def test_the_template_is_the_creators_to_read(role, document, sc, catalog, template, refuses):
    allowed = {"Effect": "Allow", "Action": ["servicecatalog:*", "cloudformation:ValidateTemplate"], "Resource": "*"}
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{catalog.name}/*"}
    with refuses("InvalidParametersException", "S3 error", "s3:GetObject"):
        catalog.product(template, role(document(allowed)).client("servicecatalog"))
    with refuses("AccessDeniedException", "cloudformation:ValidateTemplate"):
        catalog.product(template, role(document({**allowed, "Action": "servicecatalog:*"}, read)).client("servicecatalog"))
    with refuses("AccessDeniedException", "on resource: arn:aws:catalog:", "no identity-based policy allows the servicecatalog:CreateProduct"):
        catalog.product(template, role(document(read)).client("servicecatalog"))
    assert catalog.product(template, role(document(allowed, read)).client("servicecatalog")).startswith("prod-")


def test_rights_to_a_portfolio(role, document, catalog, account, refuses):
    mine, other = catalog.portfolio(Tags=[{"Key": "team", "Value": "ml"}]), catalog.portfolio()
    arn = f"arn:aws:catalog:us-east-1:{account}:portfolio/{mine}"
    s = role(document(Action="servicecatalog:DescribePortfolio", Resource=arn)).client("servicecatalog")
    assert s.describe_portfolio(Id=mine)["PortfolioDetail"]["Id"] == mine
    with refuses("AccessDeniedException", f"portfolio/{other} because no identity-based policy allows"):
        s.describe_portfolio(Id=other)
    # what AWS names no resource for is asked for on this one: the environment's set-up role has no more than it
    s = role(document(Action="servicecatalog:List*", Resource=f"arn:aws:servicecatalog:*:{account}:*")).client("servicecatalog")
    assert "PortfolioDetails" in s.list_portfolios() and "PortfolioDetails" in s.list_accepted_portfolio_shares()
    tagged = {"Effect": "Allow", "Action": "servicecatalog:*", "Resource": "*",
              "Condition": {"StringEquals": {"aws:ResourceTag/team": "ml"}}}
    s = role(document(tagged)).client("servicecatalog")
    assert s.update_portfolio(Id=mine, Description="x")["PortfolioDetail"]["Description"] == "x"
    with refuses("AccessDeniedException", "servicecatalog:UpdatePortfolio"):
        s.update_portfolio(Id=other, Description="x")


def test_what_an_end_user_sees(role, user, iam, document, sc, catalog, template, account, name, refuses):
    everything = document(Action="servicecatalog:*")
    product, portfolio, them = catalog.product(template), catalog.portfolio(), role(everything)
    sc.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)
    end = them.client("servicecatalog")
    assert end.search_products()["ProductViewSummaries"] == []
    with refuses("ResourceNotFoundException", product):
        end.describe_product(Id=product)
    sc.associate_principal_with_portfolio(PortfolioId=portfolio, PrincipalARN=them.arn, PrincipalType="IAM")
    assert [p["ProductId"] for p in end.search_products(Filters={"FullTextSearch": [catalog.name.upper()]})["ProductViewSummaries"]] == [product]
    seen = end.describe_product(Id=product)
    assert (seen["ProductViewSummary"]["HasDefaultPath"], [p["Name"] for p in seen["LaunchPaths"]]) == (True, [catalog.name])
    assert [a["Name"] for a in seen["ProvisioningArtifacts"]] == ["v1"]
    assert sc.list_principals_for_portfolio(PortfolioId=portfolio)["Principals"] == [
        {"PrincipalARN": them.arn, "PrincipalType": "IAM"}]
    someone = user(everything)
    member = someone.client("servicecatalog")
    assert member.search_products()["ProductViewSummaries"] == []
    group = iam.create_group(GroupName=name)["Group"]["Arn"]
    try:
        iam.add_user_to_group(GroupName=name, UserName=someone.name)
        sc.associate_principal_with_portfolio(PortfolioId=portfolio, PrincipalARN=group, PrincipalType="IAM")
        assert [p["ProductId"] for p in member.search_products()["ProductViewSummaries"]] == [product]
        iam.remove_user_from_group(GroupName=name, UserName=someone.name)
        assert member.search_products()["ProductViewSummaries"] == []
    finally:
        iam.delete_group(GroupName=name)
    for arn, words in ((f"arn:aws:iam::{account}:role/no-such-role-{name}", "does not exist"),
                       ("arn:aws:iam::999999999999:role/x", "of this account"), (f"arn:aws:iam::{account}:root", "no IAM user")):
        with refuses("InvalidParametersException", words):
            sc.associate_principal_with_portfolio(PortfolioId=portfolio, PrincipalARN=arn, PrincipalType="IAM")


def test_a_role_made_anew_sees_nothing(role, iam, document, sc, catalog, template, name, server):
    product, portfolio = catalog.product(template), catalog.portfolio()
    sc.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)
    first = role(document(Action="servicecatalog:*"), name=name)
    sc.associate_principal_with_portfolio(PortfolioId=portfolio, PrincipalARN=first.arn, PrincipalType="IAM")
    assert first.client("servicecatalog").search_products()["ProductViewSummaries"]
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)
    assert role(document(Action="servicecatalog:*"), name=name).client("servicecatalog").search_products()["ProductViewSummaries"] == []


def test_launch_constraints(role, document, sc, catalog, template, account, name, refuses):
    product, portfolio = catalog.product(template), catalog.portfolio()
    launch = role(trust={"Service": "servicecatalog.amazonaws.com"}, assume=False)

    def make(client=sc, parameters=None, **kw):
        given = {"ProductId": product, "PortfolioId": portfolio, "Type": "LAUNCH",
                 "Parameters": json.dumps(parameters or {"RoleArn": launch.arn})}
        return client.create_constraint(**{**given, **kw})

    with refuses("ResourceNotFoundException", "not found in portfolio"):
        make()
    sc.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)
    may = {"Effect": "Allow", "Action": "servicecatalog:*", "Resource": "*"}
    with refuses("AccessDeniedException", f"iam:PassRole on resource: {launch.arn} because no identity-based policy allows"):
        make(role(document(may)).client("servicecatalog"))
    passes = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": launch.arn}
    wrong = {**passes, "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    with refuses("AccessDeniedException", "iam:PassRole"):
        make(role(document(may, wrong)).client("servicecatalog"))
    with refuses("AccessDeniedException", "Cross-account pass role is not allowed."):
        make(parameters={"RoleArn": "arn:aws:iam::999999999999:role/x"})
    for parameters, words in (({}, "either RoleArn or LocalRoleName"), ({"RoleArn": "x"}, "not the ARN"),
                              ({"RoleArn": f"arn:aws:iam::{account}:role/none-{name}"}, "does not exist"),
                              ({"RoleArn": launch.arn, "LocalRoleName": "x"}, "either")):
        with refuses("InvalidParametersException", words):
            make(Parameters=json.dumps(parameters))
    with refuses("InvalidParametersException", "LAUNCH only"):
        make(Type="TEMPLATE")
    right = {**passes, "Condition": {"StringEquals": {"iam:PassedToService": "servicecatalog.amazonaws.com"}}}
    made = make(role(document(may, right)).client("servicecatalog"), Description="d", IdempotencyToken=name)
    k = made["ConstraintDetail"]
    assert k["ConstraintId"].startswith("cons-") and (k["Owner"], k["Type"]) == (account, "LAUNCH")
    assert make(IdempotencyToken=name)["ConstraintDetail"]["ConstraintId"] == k["ConstraintId"]
    with refuses("DuplicateResourceException", k["ConstraintId"]):
        make()
    assert json.loads(sc.describe_constraint(Id=k["ConstraintId"])["ConstraintParameters"]) == {"RoleArn": launch.arn}
    with refuses("AccessDeniedException", "iam:PassRole"):
        role(document(may)).client("servicecatalog").update_constraint(Id=k["ConstraintId"], Parameters=json.dumps({"LocalRoleName": "launch"}))
    sc.update_constraint(Id=k["ConstraintId"], Parameters=json.dumps({"LocalRoleName": "launch"}))
    assert json.loads(sc.describe_constraint(Id=k["ConstraintId"])["ConstraintParameters"]) == {"LocalRoleName": "launch"}
    assert [x["ConstraintId"] for x in sc.list_constraints_for_portfolio(PortfolioId=portfolio, ProductId=product)[
        "ConstraintDetails"]] == [k["ConstraintId"]]
    with refuses("ResourceInUseException", k["ConstraintId"]):
        sc.disassociate_product_from_portfolio(ProductId=product, PortfolioId=portfolio)
    sc.delete_constraint(Id=k["ConstraintId"])
    with refuses("ResourceNotFoundException", "Constraint"):
        sc.describe_constraint(Id=k["ConstraintId"])


def test_a_portfolio_of_another_account(client, server, role, document, sc, catalog, template, refuses):
    product, portfolio = catalog.product(template), catalog.portfolio()
    sc.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)
    theirs, other = client("servicecatalog", "staging"), server.account("staging")["id"]
    with refuses("ResourceNotFoundException", f"Portfolio not found: {portfolio}"):
        theirs.accept_portfolio_share(PortfolioId=portfolio)
    sc.create_portfolio_share(PortfolioId=portfolio, AccountId=other)
    assert sc.list_portfolio_access(PortfolioId=portfolio)["AccountIds"] == [other]
    with refuses("ResourceNotFoundException", portfolio):
        theirs.describe_portfolio(Id=portfolio)
    theirs.accept_portfolio_share(PortfolioId=portfolio)
    assert portfolio in [p["Id"] for p in theirs.list_accepted_portfolio_shares()["PortfolioDetails"]]
    end = role(document(Action="servicecatalog:*"), profile="staging")
    theirs.associate_principal_with_portfolio(PortfolioId=portfolio, PrincipalARN=end.arn, PrincipalType="IAM")
    assert [p["ProductId"] for p in end.client("servicecatalog").search_products()["ProductViewSummaries"]] == [product]
    with refuses("ResourceNotFoundException", portfolio):
        theirs.update_portfolio(Id=portfolio, Description="mine")
    with refuses("ResourceNotFoundException", product):
        theirs.update_product(Id=product, Name="mine")
    sc.delete_portfolio_share(PortfolioId=portfolio, AccountId=other)
    assert end.client("servicecatalog").search_products()["ProductViewSummaries"] == []
    assert portfolio not in [p["Id"] for p in theirs.list_accepted_portfolio_shares()["PortfolioDetails"]]
    theirs.reject_portfolio_share(PortfolioId=portfolio)
    with refuses("OperationNotSupportedException", "not with an organization"):
        sc.create_portfolio_share(PortfolioId=portfolio, OrganizationNode={"Type": "ORGANIZATION", "Value": "o-1"})


def test_the_portfolio_of_sagemaker(client, role, refuses):
    s = client("servicecatalog", "staging")
    s.accept_portfolio_share(PortfolioId="port-amznsagemaker", PortfolioShareType="AWS_SERVICECATALOG")
    try:
        mine = [p for p in s.list_accepted_portfolio_shares()["PortfolioDetails"] if p["ProviderName"] == "Amazon SageMaker"]
        assert len(mine) == 1
        who = role(profile="staging", assume=False).arn
        s.associate_principal_with_portfolio(PortfolioId=mine[0]["Id"], PrincipalARN=who, PrincipalType="IAM")
        assert [p["PrincipalARN"] for p in s.list_principals_for_portfolio(PortfolioId=mine[0]["Id"])["Principals"]] == [who]
        with refuses("ResourceNotFoundException", "not found"):
            s.delete_portfolio(Id=mine[0]["Id"])
    finally:
        s.reject_portfolio_share(PortfolioId="port-amznsagemaker")
    assert s.list_accepted_portfolio_shares(PortfolioShareType="AWS_SERVICECATALOG")["PortfolioDetails"] == []


@pytest.mark.parametrize("op,given", [
    ("ListLaunchPaths", {"ProductId": "prod-x"}), ("DescribeProvisioningParameters", {"ProductId": "prod-x"}),
    ("ProvisionProduct", {"ProductId": "prod-x"}), ("UpdateProvisionedProduct", {}), ("TerminateProvisionedProduct", {}),
    ("DescribeProvisionedProduct", {}), ("SearchProvisionedProducts", {}), ("ScanProvisionedProducts", {}),
    ("GetProvisionedProductOutputs", {}), ("DescribeRecord", {"Id": "x"}), ("ListRecordHistory", {}),
    ("DescribePortfolioShares", {"PortfolioId": "port-x"}), ("CopyProduct", {}), ("CreateTagOption", {}), ("CreateServiceAction", {})])
def test_launching_is_judged_and_absent(role, document, refuses, op, given):
    with refuses("AccessDeniedException", f"servicecatalog:{op}"):
        role(document(Action="servicecatalog:List", Resource="*")).client("servicecatalog")._make_api_call(op, given)


# ---- CloudFormation ----

def wanted(name, url, role_arn, **product):
    return json.dumps({"Resources": {
        "Portfolio": {"Type": "AWS::ServiceCatalog::Portfolio",
                      "Properties": {"DisplayName": name, "ProviderName": "us", "Description": "d", "Tags": [{"Key": "a", "Value": "1"}]}},
        "Product": {"Type": "AWS::ServiceCatalog::CloudFormationProduct",
                    "Properties": {"Name": name, "Owner": "us", "ProvisioningArtifactParameters": [
                        {"Name": "v1", "Description": "d", "Info": {"LoadTemplateFromURL": url}}], **product}},
        "In": {"Type": "AWS::ServiceCatalog::PortfolioProductAssociation",
               "Properties": {"PortfolioId": {"Ref": "Portfolio"}, "ProductId": {"Ref": "Product"}}},
        "Who": {"Type": "AWS::ServiceCatalog::PortfolioPrincipalAssociation",
                "Properties": {"PortfolioId": {"Ref": "Portfolio"}, "PrincipalARN": role_arn, "PrincipalType": "IAM"}},
        "As": {"Type": "AWS::ServiceCatalog::LaunchRoleConstraint", "DependsOn": "In",
               "Properties": {"Description": "d", "PortfolioId": {"Ref": "Portfolio"}, "ProductId": {"Ref": "Product"}, "RoleArn": role_arn}}},
        "Outputs": {"Portfolio": {"Value": {"Ref": "Portfolio"}}, "Product": {"Value": {"Ref": "Product"}},
                    "Name": {"Value": {"Fn::GetAtt": "Product.ProductName"}}, "Constraint": {"Value": {"Ref": "As"}},
                    "Ids": {"Value": {"Fn::GetAtt": "Product.ProvisioningArtifactIds"}},
                    "Names": {"Value": {"Fn::GetAtt": "Product.ProvisioningArtifactNames"}}}})


def test_a_catalog_by_a_stack(sc, stack, role, template, name, refuses):  # noqa: F811
    launch, s = role(trust={"Service": "servicecatalog.amazonaws.com"}, assume=False), stack()
    assert s.create(wanted(name, template, launch.arn)) == "CREATE_COMPLETE", s.lines()
    out = s.outputs()
    assert (out["Name"], out["Names"]) == (name, "v1") and out["Ids"].startswith("pa-")
    assert sc.describe_portfolio(Id=out["Portfolio"])["Tags"] == [{"Key": "a", "Value": "1"}]
    assert json.loads(sc.describe_constraint(Id=out["Constraint"])["ConstraintParameters"]) == {"RoleArn": launch.arn}
    assert sc.list_principals_for_portfolio(PortfolioId=out["Portfolio"])["Principals"][0]["PrincipalARN"] == launch.arn
    assert s.update(wanted(name, template, launch.arn, Owner="them", Description="new")) == "UPDATE_COMPLETE", s.lines()
    assert s.outputs()["Product"] == out["Product"]
    assert sc.describe_product_as_admin(Id=out["Product"])["ProductViewDetail"]["ProductViewSummary"]["Owner"] == "them"
    other = role(trust={"Service": "servicecatalog.amazonaws.com"}, assume=False)
    assert s.update(wanted(name, template, other.arn, Owner="them", Description="new")) == "UPDATE_COMPLETE", s.lines()
    assert json.loads(sc.describe_constraint(Id=out["Constraint"])["ConstraintParameters"]) == {"RoleArn": other.arn}
    assert [p["PrincipalARN"] for p in sc.list_principals_for_portfolio(PortfolioId=out["Portfolio"])["Principals"]] == [other.arn]
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    for call, i in ((sc.describe_portfolio, "Portfolio"), (sc.describe_product_as_admin, "Product"), (sc.describe_constraint, "Constraint")):
        with refuses("ResourceNotFoundException", "not found"):
            call(Id=out[i])


def test_a_product_moves_to_another_portfolio(sc, stack, template, name):  # noqa: F811
    def body(portfolio):
        made = json.loads(wanted(name, template, "arn:aws:iam::000000000000:role/none"))["Resources"]
        made = {k: made[k] for k in ("Portfolio", "Product", "In")} | {"Second": made["Portfolio"]}
        made["In"]["Properties"]["PortfolioId"] = {"Ref": portfolio}
        return json.dumps({"Resources": made, "Outputs": {n: {"Value": {"Ref": n}} for n in ("Portfolio", "Second", "Product")}})

    def portfolios():
        return [p["Id"] for p in sc.list_portfolios_for_product(ProductId=s.outputs()["Product"])["PortfolioDetails"]]
    s = stack()
    assert s.create(body("Portfolio")) == "CREATE_COMPLETE", s.lines()
    assert portfolios() == [s.outputs()["Portfolio"]]
    assert s.update(body("Second")) == "UPDATE_COMPLETE", s.lines()
    assert portfolios() == [s.outputs()["Second"]]
    assert s.delete() == "DELETE_COMPLETE", s.lines()


def test_versions_by_a_stack(sc, client, stack, template, name):  # noqa: F811
    s = stack()

    def body(*names):
        return json.dumps({"Resources": {"P": {"Type": "AWS::ServiceCatalog::CloudFormationProduct", "Properties": {
            "Name": name, "Owner": "us", "ProvisioningArtifactParameters": [
                {"Name": n, "Description": d, "Info": {"LoadTemplateFromURL": template}} for n, d in names]}}},
            "Outputs": {"P": {"Value": {"Ref": "P"}}, "Ids": {"Value": {"Fn::GetAtt": "P.ProvisioningArtifactIds"}},
                        "Names": {"Value": {"Fn::GetAtt": "P.ProvisioningArtifactNames"}}}})

    def listed():
        return sorted((a["Name"], a["Description"]) for a in sc.list_provisioning_artifacts(ProductId=s.outputs()["P"])["ProvisioningArtifactDetails"])
    assert s.create(body(("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"))) == "CREATE_COMPLETE", s.lines()
    first = s.outputs()
    assert sorted(first["Names"].split(",")) == ["a", "b", "c", "d"] and len(set(first["Ids"].split(","))) == 4
    assert s.update(body(("a", "2"), ("b", "1"))) == "UPDATE_COMPLETE", s.lines()
    assert listed() == [("a", "2"), ("b", "1")] and s.outputs()["P"] == first["P"]
    assert sorted(s.outputs()["Names"].split(",")) == ["a", "b"]
    assert s.update(body(("z", "1"))) == "UPDATE_COMPLETE", s.lines()
    assert listed() == [("z", "1")] and s.outputs()["Names"] == "z"


def test_a_catalog_without_the_right_to_pass(stack, role, document, template, name):  # noqa: F811
    launch = role(trust={"Service": "servicecatalog.amazonaws.com"}, assume=False)
    may = document({"Effect": "Allow", "Action": ["servicecatalog:*", "cloudformation:*", "s3:GetObject"], "Resource": "*"})
    s = stack(role(may).client("cloudformation"))
    assert s.create(wanted(name, template, launch.arn)) == "ROLLBACK_COMPLETE"
    assert "iam:PassRole" in s.reason("As")
