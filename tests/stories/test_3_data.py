# SPDX-License-Identifier: MIT
"""Step 3: the data is split and uploaded from inside the dev VPC."""
import os

import dataset
import pytest
from botocore.exceptions import ClientError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_split_is_whole_and_repeatable():
    """ "The UCI Abalone data (4,177 rows) is split into train, validation and held-out parts" """
    rows = dataset.read(os.path.join(ROOT, "demo", "abalone-dataset.csv"))
    parts = dataset.split(rows, 20)
    assert len(rows) == 4177 and sorted(sum(parts, [])) == sorted(rows)
    assert [len(p) for p in parts] == [2923, 627, 627]
    assert parts == dataset.split(rows, 20) != dataset.split(rows, 21)
    assert all(len(r) == 11 and r[1:4].count("1") == 1 for r in rows)


def test_uploaded_from_inside(after):
    """ "and uploaded from inside the dev VPC" """
    env = after(3)
    inside = env.world.inside("dev", env.networks["dev"], "inside.py", "list", env.data)
    assert inside == {"keys": ["abalone/train.csv", "abalone/validation.csv"]}
    got = env.world.inside("dev", env.networks["dev"], "inside.py", "get", env.data, "abalone/train.csv")
    assert got == {"bytes": os.path.getsize(os.path.join(env.work, "train.csv")), "encryption": "aws:kms"}


def test_not_from_outside(after):
    """ "uploaded from inside the dev VPC": from outside nobody may, not even the administrator """
    env = after(3)
    with pytest.raises(ClientError) as caught:
        env.world.client("s3", "dev").put_object(Bucket=env.data, Key="x", Body=b"x")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert "explicit deny in a resource-based policy" in caught.value.response["Error"]["Message"]


def test_nothing_of_the_command_stays(after):
    """ "behind a new network interface there, ... removed when CMD ends" """
    env = after(3)
    ec2 = env.world.client("ec2", "dev")
    workload = [{"Name": "group-id", "Values": [env.networks["dev"].workload_group]}]
    before = ec2.describe_network_interfaces(Filters=workload)["NetworkInterfaces"]
    env.world.inside("dev", env.networks["dev"], "inside.py", "list", env.data)
    after_it = ec2.describe_network_interfaces(Filters=workload)["NetworkInterfaces"]
    assert len(after_it) == len(before)
