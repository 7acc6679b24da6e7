# SPDX-License-Identifier: MIT
"""Steps 4 and 5: a training job in the VPC, its log, its model in the registry."""
import json
import re
import time

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"
HYPERPARAMETERS = {"objective": "reg:linear", "num_round": "50", "max_depth": "5", "eta": "0.2", "gamma": "4",
                   "min_child_weight": "6", "subsample": "0.7"}
GROUP = "abalone"


def request(name, role, data, models, key_arn, volume_key, network):
    """CreateTrainingJob's input. Without a network it is the first attack."""
    def channel(name, key):
        return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": f"s3://{data}/{key}", "S3DataDistributionType": "FullyReplicated"}}}

    wanted = {
        "TrainingJobName": name, "RoleArn": role, "HyperParameters": HYPERPARAMETERS,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": [channel("train", "abalone/train.csv"), channel("validation", "abalone/validation.csv")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{models}/abalone", "KmsKeyId": key_arn},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1,
                           "VolumeKmsKeyId": volume_key},
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
    }
    if network:
        wanted["VpcConfig"] = {"Subnets": network.subnets, "SecurityGroupIds": [network.workload_group]}
    return wanted


def wait(sagemaker, name, timeout=60, say=None):
    """Until the job has ended, however it did. Returns what DescribeTrainingJob says last."""
    end, last = time.monotonic() + timeout, None
    while True:
        job = sagemaker.describe_training_job(TrainingJobName=name)
        if say and job.get("SecondaryStatus") != last:
            last = job.get("SecondaryStatus")
            say(f"{name}: {job['TrainingJobStatus']}, {last}")
        if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") or time.monotonic() > end:
            return job
        time.sleep(0.05)


def rounds(logs, name):
    """[(round, train rmse, validation rmse)] from the job's CloudWatch log stream."""
    group = "/aws/sagemaker/TrainingJobs"
    found = []
    for stream in logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]:
        token = {}
        while True:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True,
                                       **token)
            for event in page["events"]:
                line = re.search(r"\[(\d+)\].*train-rmse:([\d.]+).*validation-rmse:([\d.]+)",
                                 event["message"].replace("#011", "\t"))
                if line:
                    found.append((int(line[1]), float(line[2]), float(line[3])))
            if not page["events"] or page["nextForwardToken"] == token.get("nextToken"):
                break
            token = {"nextToken": page["nextForwardToken"]}
    return found


def group_policy(world, accounts):
    """Lets other accounts see and deploy the group's models."""
    stem = f"arn:aws:sagemaker:{world.region}:{world.id('dev')}"
    others = {"AWS": [f"arn:aws:iam::{world.id(a)}:root" for a in accounts]}
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "SeeTheGroup", "Effect": "Allow", "Principal": others, "Action": "sagemaker:DescribeModelPackageGroup",
         "Resource": f"{stem}:model-package-group/{GROUP}"},
        {"Sid": "DeployItsModels", "Effect": "Allow", "Principal": others,
         "Action": ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", "sagemaker:CreateModel"],
         "Resource": f"{stem}:model-package/{GROUP}/*"}]})


def metrics(rmse):
    """An evaluation report, in the shape that SageMaker's model quality metrics have."""
    return json.dumps({"regression_metrics": {"rmse": {"value": rmse}, "mse": {"value": rmse * rmse}}})


def package(model_data, metrics_uri):
    """CreateModelPackage's input."""
    return {
        "ModelPackageGroupName": GROUP, "ModelPackageDescription": "rings of an abalone from its measures",
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": model_data}],
            "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"],
            "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
            "SupportedTransformInstanceTypes": ["ml.m5.large"]},
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": metrics_uri}}},
    }
