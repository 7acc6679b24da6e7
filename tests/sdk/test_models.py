# SPDX-License-Identifier: MIT
"""What models say of a service, beside what botocore's model says of it."""
import os
import sys

import pytest
from conftest import LOADER, ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))
import model  # noqa: E402

INNER = ("barmkin", "cloudformationresponse")  # no client of AWS's calls them
OURS = {s.name: s for s in model.services() if s.name not in INNER}
BOTO = {"sagemakerruntime": "sagemaker-runtime", "resourcegroups": "resource-groups", "tagging": "resourcegroupstaggingapi"}


@pytest.mark.parametrize("name", OURS)
def test_a_failure_of_ours_has_a_name_that_clients_know(name):
    """An exception that is the server's fault, or where there is none the protocol's own word."""
    known, ours = LOADER.load_service_model(BOTO.get(name, name), "service-2"), OURS[name].settings.get("failure", "InternalFailure")
    servers = {s.get("error", {}).get("code", n) for n, s in known["shapes"].items() if s.get("exception") and (
        s.get("fault") or s.get("error", {}).get("httpStatusCode", 400) >= 500)}
    word = "InternalError" if known["metadata"]["protocol"] in ("ec2", "rest-xml") else "InternalFailure"
    assert ours in servers or ours == word and not servers


@pytest.mark.parametrize("name", ["iam", "sts", "organizations"])
def test_every_operation_is_known(name):
    """Built, or absent and judged."""
    assert set(LOADER.load_service_model(name, "service-2")["operations"]) == set(OURS[name].ops)
