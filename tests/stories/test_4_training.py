# SPDX-License-Identifier: MIT
"""Step 4: a training job runs as a real sandbox in the VPC."""
import os
import tarfile

import predict
import training
from botocore.exceptions import ClientError


def test_job_completes(after):
    """ "A training job on the built-in XGBoost image ... runs as a real sandbox in the VPC" """
    env = after(4)
    assert env.job["TrainingJobStatus"] == "Completed"
    assert env.job["VpcConfig"]["Subnets"] == env.networks["dev"].subnets
    assert env.job["HyperParameters"] == training.HYPERPARAMETERS
    assert env.job["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")


def test_every_round_is_logged(after):
    """ "every boosting round goes to CloudWatch Logs" """
    env = after(4)
    assert [r[0] for r in env.rounds] == list(range(50))
    assert env.rounds[-1][1] < env.rounds[0][1]


def test_model_is_a_pickled_booster(after):
    """ "the agent writes model.tar.gz holding `xgboost-model` (a pickled Booster), encrypted" """
    env = after(4)
    path = os.path.join(env.work, "story-model.tar.gz")
    got = env.world.inside("dev", env.networks["dev"], "inside.py", "get", env.models, env.model_key, path)
    assert got["encryption"] == "aws:kms"
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["xgboost-model"]
    assert len(predict.predict(path, [["1", "0", "0"] + ["0.5"] * 7])) == 1


def test_grant_is_gone_with_the_job(after):
    """ "its volume is encrypted with the customer key through a KMS grant", and the grant ends with the job """
    env = after(4)
    assert env.world.client("kms", "dev").list_grants(KeyId=env.volume_key)["Grants"] == []


def test_no_grant_no_volume(after):
    """ "its volume is encrypted with the customer key": with that key disabled the job cannot run """
    env = after(4)
    kms = env.world.client("kms", "dev")
    scientist = env.world.client("sagemaker", env.world.assume("dev", env.execution_role, "notebook"))
    wanted = training.request("no-key", env.execution_role, env.data, env.models, env.key, env.volume_key,
                              env.networks["dev"])
    kms.disable_key(KeyId=env.volume_key)
    try:
        scientist.create_training_job(**wanted)
        job = training.wait(scientist, "no-key")
        assert job["TrainingJobStatus"] == "Failed" and job["FailureReason"]
    except ClientError as error:  # refused at once is right too
        assert "isabled" in error.response["Error"]["Message"] or "KMS" in error.response["Error"]["Message"]
    finally:
        kms.enable_key(KeyId=env.volume_key)


def train_without(env, action):
    """A job whose role is denied one action; returns (the job at its end, its log's streams)."""
    name = "without-" + action.split(":")[1].lower()
    iam, roles = env.world.client("iam", "dev"), {"RoleName": "SageMakerExecutionRole", "PolicyName": name}
    scientist = env.world.client("sagemaker", env.world.assume("dev", env.execution_role, "notebook"))
    iam.put_role_policy(**roles, PolicyDocument=(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "%s", "Resource": "*"}]}' % action))
    try:
        scientist.create_training_job(**training.request(name, env.execution_role, env.data, env.models, env.key,
                                                         env.volume_key, env.networks["dev"]))
        job = training.wait(scientist, name)
    finally:
        iam.delete_role_policy(**roles)
    return job, env.world.client("logs", "dev").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/")["logStreams"]


def test_no_right_to_read_no_job(after):
    """ "its agent reads the channels through the S3 endpoint with the role's credentials": the role must have them """
    job, _ = train_without(after(4), "s3:GetObject")
    assert job["TrainingJobStatus"] == "Failed" and "AccessDenied" in job["FailureReason"], job["FailureReason"]


def test_no_right_to_log_no_log(after):
    """ "every boosting round goes to CloudWatch Logs": as the role, so a role without that right leaves no log """
    job, streams = train_without(after(4), "logs:CreateLogStream")
    assert job["TrainingJobStatus"] == "Completed" and streams == []
