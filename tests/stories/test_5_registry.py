# SPDX-License-Identifier: MIT
"""Step 5: the model is registered, then approved, and other accounts see it by the group's policy."""
import pytest
from botocore.exceptions import ClientError


def test_registered_and_approved(after):
    """ "The model is registered in a model package group (metrics, PendingManualApproval, ...), then approved" """
    env = after(5)
    package = env.world.client("sagemaker", "dev").describe_model_package(ModelPackageName=env.package)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].endswith("evaluation.json")
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == env.model_data


def test_group_policy_lets_others_see_it(after):
    """ "a group policy for the other accounts": staging sees the package, management does not """
    env = after(5)
    seen = env.world.client("sagemaker", "staging").describe_model_package(ModelPackageName=env.package)
    assert seen["ModelPackageArn"] == env.package
    with pytest.raises(ClientError) as caught:
        env.world.client("sagemaker", "management").describe_model_package(ModelPackageName=env.package)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "resource-based policy" in caught.value.response["Error"]["Message"]


def test_scientist_cannot_approve(after):
    """ "then approved": by the pipeline's role, not by the scientist who registered it """
    env = after(5)
    scientist = env.world.client("sagemaker", env.world.assume("dev", env.execution_role, "notebook"))
    with pytest.raises(ClientError) as caught:
        scientist.update_model_package(ModelPackageArn=env.package, ModelApprovalStatus="Rejected")
    assert "identity-based policy" in caught.value.response["Error"]["Message"]
