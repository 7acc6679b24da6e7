# SPDX-License-Identifier: MIT
"""The main job, from an empty folder to a model that answers in production: nine steps.

Read it from main() at the end. Each step is a function; what it needs lies in the module named after its subject:
network.py, identity.py, storage.py, dataset.py, training.py, deploy.py, predict.py, attacks.py.
Every call goes to the real server, signed, over TLS.
"""
import argparse
import os
import signal
import sys
import tempfile
import traceback

import attacks
import dataset
import deploy
import identity
import network
import predict
import storage
import training
from story import Differs, Story
from world import HERE, World

SEED = 20  # of the split, so that every run trains on the same rows
DEPLOY_TO = ("staging", "prod")


class Environment:
    """What the steps make, for the steps after them."""

    def __init__(self, world, work):
        self.world = world
        self.work = work  # a folder for files on this side
        self.networks = {}
        self.model_key = self.package = self.model_file = None
        self.interrupted = False


def step1_init(story, env):
    with story.step(1, "An organization with four accounts"):
        env.world.init()
        env.world.start()
        story.say(f"Barmkin answers at {env.world.endpoint}, state in {env.world.state}")
        for name in env.world.accounts:
            who = env.world.client("sts", name).get_caller_identity()
            story.expect(who["Account"] == env.world.id(name), f"{name}: {who['Arn']}")
        organization = env.world.client("organizations", "management")
        listed = {a["Name"] for a in organization.list_accounts()["Accounts"]}
        story.expect(listed == {"management", "dev", "staging", "prod"}, "the organization lists all four")


def step2_build(story, env):
    world = env.world
    env.data, env.models = storage.bucket_names(world)
    env.elsewhere = f"demo-elsewhere-{world.id('dev')}"
    with story.step(2, "Networks without a way out, keys, buckets, roles"):
        for number, account in enumerate(("dev", *DEPLOY_TO), 1):
            buckets = [env.data, env.models] if account == "dev" else [env.models]
            made = network.make_network(world, account, 10 * number, buckets)
            env.networks[account] = made
            story.say(f"{account}: {made.vpc}, subnets {', '.join(made.subnets)}, {len(made.endpoints)} endpoints")
        env.stray = network.make_network(world, "dev", 90, [env.models])
        story.say(f"dev: {env.stray.vpc}, a second VPC that no policy names")

        env.execution_role = identity.make_dev_roles(world, env.data, env.models)
        env.volume_key = storage.make_volume_key(world)
        env.key = storage.make_key(world, "demo-dev-s3", "data and models")
        for account in DEPLOY_TO:
            identity.make_target_roles(world, account, env.models, env.key)
        story.say("roles: " + ", ".join(["SageMakerExecutionRole, PipelineRole, AnalystRole in dev",
                                         "DeploymentRole, ModelExecutionRole in staging and prod"]))
        readers = [identity.role_arn(world, a, "ModelExecutionRole") for a in DEPLOY_TO]
        vpce = {s: [n.endpoints[s] for n in env.networks.values()] for s in ("s3", "kms")}
        world.client("kms", "dev").put_key_policy(
            KeyId=env.key, PolicyName="default",
            Policy=storage.key_policy(world, [env.execution_role, *readers], vpce["kms"]))
        for bucket in (env.data, env.models):
            storage.make_bucket(world, bucket, env.key)
            world.client("s3", "dev").put_bucket_policy(
                Bucket=bucket, Policy=storage.bucket_policy(
                    bucket, readers if bucket == env.models else [env.execution_role], vpce["s3"]))
        story.say(f"keys: {env.key}, {env.volume_key}; buckets: {env.data}, {env.models}")
        s3 = world.client("s3", "dev")
        s3.create_bucket(Bucket=env.elsewhere)  # no policy of its own: the endpoint's must keep it out of the VPC
        s3.put_object(Bucket=env.elsewhere, Key="note.txt", Body=b"not for the VPC")


def step3_data(story, env):
    with story.step(3, "Abalone data, split and uploaded from inside the VPC"):
        train, validation, env.held_out = dataset.split(dataset.read(os.path.join(HERE, "abalone-dataset.csv")), SEED)
        files = []
        for name, rows in (("train", train), ("validation", validation)):
            path = os.path.join(env.work, f"{name}.csv")
            dataset.write(path, rows)
            files.append(f"abalone/{name}.csv={path}")
        story.say(f"{len(train)} rows to train, {len(validation)} to validate, {len(env.held_out)} held out")
        for done in upload(env, env.data, *files):
            story.expect(done["encryption"] == "aws:kms" and done["key_arn"] == env.key,
                         f"s3://{env.data}/{done['key']}: {done['bytes']} bytes, encrypted under the customer's key")


def upload(env, bucket, *files):
    return env.world.inside("dev", env.networks["dev"], "upload.py", bucket, *files)


def step4_train(story, env):
    with story.step(4, "A training job in the VPC"):
        scientist = env.world.assume("dev", env.execution_role, "notebook")
        sagemaker = env.world.client("sagemaker", scientist)
        name = "abalone-1"
        began = story.seconds()
        sagemaker.create_training_job(**training.request(name, env.execution_role, env.data, env.models, env.key,
                                                         env.volume_key, env.networks["dev"]))
        job = training.wait(sagemaker, name, say=story.say)
        env.job = job
        story.facts["training_seconds"] = round(story.seconds() - began, 3)
        must(story, job["TrainingJobStatus"] == "Completed",
             f"{name} is {job['TrainingJobStatus']}" + (f": {job['FailureReason']}" if "FailureReason" in job else "")
             + f", {story.facts['training_seconds']:.2f} s after CreateTrainingJob")
        env.model_data = job["ModelArtifacts"]["S3ModelArtifacts"]
        env.model_key = env.model_data.split(f"s3://{env.models}/", 1)[1]
        env.rounds = training.rounds(env.world.client("logs", "dev"), name)
        must(story, len(env.rounds) == int(training.HYPERPARAMETERS["num_round"]),
             f"CloudWatch Logs has {len(env.rounds)} boosting rounds; rmse of the last: train {env.rounds[-1][1]}, "
             f"validation {env.rounds[-1][2]}" if env.rounds else "CloudWatch Logs has the boosting rounds")
        grants = env.world.client("kms", "dev").list_grants(KeyId=env.volume_key)["Grants"]
        story.say(f"the volume's key has {len(grants)} grants left after the job")


def step5_register(story, env):
    with story.step(5, "The model in the registry, then approved"):
        report = os.path.join(env.work, "evaluation.json")
        with open(report, "w") as f:
            f.write(training.metrics(env.rounds[-1][2]))
        upload(env, env.models, f"abalone/evaluation.json={report}")
        scientist = env.world.client("sagemaker", env.world.assume("dev", env.execution_role, "notebook"))
        scientist.create_model_package_group(ModelPackageGroupName=training.GROUP,
                                             ModelPackageGroupDescription="abalone rings")
        env.world.client("sagemaker", "dev").put_model_package_group_policy(
            ModelPackageGroupName=training.GROUP, ResourcePolicy=training.group_policy(env.world, DEPLOY_TO))
        env.package = scientist.create_model_package(
            **training.package(env.model_data, f"s3://{env.models}/abalone/evaluation.json"))["ModelPackageArn"]
        story.say(env.package)
        pipeline = env.world.client("sagemaker", env.world.assume(
            "dev", identity.role_arn(env.world, "dev", "PipelineRole"), "pipeline"))
        before = pipeline.describe_model_package(ModelPackageName=env.package)["ModelApprovalStatus"]
        pipeline.update_model_package(ModelPackageArn=env.package, ModelApprovalStatus="Approved",
                                      ApprovalDescription="rmse is below 2.5")
        found = pipeline.list_model_packages(ModelPackageGroupName=training.GROUP, ModelApprovalStatus="Approved")
        after = [p["ModelPackageArn"] for p in found["ModelPackageSummaryList"]]
        story.expect(before == "PendingManualApproval" and after == [env.package],
                     f"{before}, then Approved by the pipeline's role")


def step6_deploy(story, env):
    with story.step(6, "Deployed to staging, tested, then to prod"):
        for account in DEPLOY_TO:
            if account == "prod":
                must(story, story.passed(True), "approval step: staging has passed, production may have it")
            keys = deploy.session(env.world, account)
            sagemaker = env.world.client("sagemaker", keys)
            deploy.create(sagemaker, env.world, env.networks[account], env.package)
            endpoint = deploy.wait(sagemaker)
            status = endpoint["EndpointStatus"]
            story.facts["endpoints"].append({"account": account, "name": deploy.NAME, "status": status})
            must(story, status == "InService", f"{account}: endpoint {deploy.NAME} is {status} "
                 + endpoint.get("FailureReason", ""))
            rows = [row[1:] for row in env.held_out[:3]]
            answers = deploy.invoke(env.world.client("sagemaker-runtime", keys), rows)
            story.expect(len(answers) == 3 and all(0 < float(a) < 40 for a in answers),
                         f"{account}: three abalones have {', '.join(answers)} rings")


def step7_predict(story, env):
    with story.step(7, "Production answers the held-out rows"):
        labels = [float(row[0]) for row in env.held_out]
        rows = [row[1:] for row in env.held_out]
        runtime = env.world.client("sagemaker-runtime", deploy.session(env.world, "prod"))
        single = [answer for row in rows for answer in deploy.invoke(runtime, [row])]
        story.facts["predictions"] = len(single)
        story.expect(len(single) == len(rows), f"{len(single)} rows answered one by one")
        batched = [a for i in range(0, len(rows), 100) for a in deploy.invoke(runtime, rows[i:i + 100])]
        story.expect(batched == single, f"{len(batched)} rows answered in batches of 100, the same to the last digit")

        env.model_file = os.path.join(env.work, "model.tar.gz")
        env.world.inside("dev", env.networks["dev"], "inside.py", "get", env.models, env.model_key, env.model_file)
        expected = predict.predict(env.model_file, rows)
        story.expect([predict.as_float32(a) for a in single] == expected,
                     "every answer equals libxgboost's for the same model, bit for bit")
        rmse = predict.rmse([float(a) for a in single], labels)
        story.facts["rmse"] = round(rmse, 6)
        story.expect(rmse < 2.5, f"RMSE {rmse:.4f} (must be below 2.5)")
        story.expect(abs(rmse - predict.rmse(expected, labels)) < 1e-6, "and it is the RMSE of libxgboost's own answers")


def step8_attack(story, env):
    with story.step(8, "Ten attacks that must fail"):
        env.requests = {attack.__name__: attack(story, env) for attack in attacks.ALL}
        story.expect(len(story.denials) == 10, "ten attacks were tried")


def step9_explain(story, env):
    with story.step(9, "One denial explained"):
        request_id = env.requests["model_from_outside"]
        text = env.world.explain(request_id)
        story.say(f"barmkin explain {request_id}")
        print("\n".join("              " + line for line in text.rstrip().split("\n")))
        story.expect("DenyNoVPC" in text, "the deciding statement is named: DenyNoVPC")


STEPS = [step1_init, step2_build, step3_data, step4_train, step5_register, step6_deploy, step7_predict, step8_attack,
         step9_explain]


def must(story, holds, text):
    """A claim without which the steps after it make no sense."""
    if not story.expect(holds, text):
        raise Differs(text)


def how_to_talk(env):
    """What KEEP=1 prints: it is all still there, and a reader may go on from here."""
    world = env.world
    print(f"""It is still running, as process {world.server.pid}. From here:
  eval "$({world.barmkin} env dev --state {world.state})"     # profiles for the AWS CLI: dev, staging, prod, management
  {world.barmkin} status --state {world.state}
  /usr/bin/python3 -c 'import boto3; print(boto3.client("sts", endpoint_url="{world.endpoint}",
      verify="{world.ca_bundle}").get_caller_identity()["Arn"])'""")
    if "dev" in env.networks:
        dev = env.networks["dev"]
        print(f"""  {world.barmkin} run --state {world.state} --profile dev --vpc {dev.vpc} \\
      --subnet {dev.subnets[0]} --security-group {dev.workload_group} -- bash""")
    print(f"To end it: kill {world.server.pid}, then rm -r {world.state}")


def leftovers(tag):
    """What a server with this tag would leave in the kernel if it forgot something."""
    left = []
    if os.path.exists(f"/run/barmkin/{tag}"):
        left.append(f"/run/barmkin/{tag}")
    left += [f"interface {name}" for name in os.listdir("/sys/class/net") if tag in name]
    with open("/proc/self/mounts") as f:
        left += [f"mount {line.split()[1]}" for line in f if tag in line]
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        left += [f"cgroup {folder}/{n}" for n in names if tag in n]
    return left


def clean_up(story, env):
    for again in (signal.SIGINT, signal.SIGTERM):
        signal.signal(again, signal.SIG_IGN)  # a second Ctrl-C must not cut this short
    made = os.path.exists(os.path.join(env.world.state, "config.json"))
    tag = env.world.tag() if made else None
    env.world.remove()
    if tag:
        left = leftovers(tag)
        story.expect(not left, f"left over: {', '.join(left)}" if left else "everything it made is gone")


def play(story, env):
    """Plays the steps; True if all were played to the end."""
    try:
        for step in STEPS:
            step(story, env)
        return True
    except Differs:
        pass
    except (KeyboardInterrupt, SystemExit):
        env.interrupted = True
        print("stopped", file=sys.stderr)
    except Exception as error:  # whatever a step met: the demo ends, tells it, and cleans up
        story.differences.append(str(error))
        traceback.print_exc(limit=-3, chain=False)
        if env.world.log:
            print("---- the end of the server's log ----\n" + env.world.server_log()[-3000:], file=sys.stderr)
    return False


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default="build")
    options.add_argument("--keep", action="store_true", help="leave it running")
    options = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    story, whole, kept = Story(), False, False
    with tempfile.TemporaryDirectory(prefix="barmkin-demo-files-") as work:
        env = Environment(World(options.build), work)
        try:
            whole = play(story, env)
            kept = options.keep and env.world.server is not None and not env.interrupted
        finally:
            if not kept:
                clean_up(story, env)
    story.table()
    for text in story.differences:
        print(f"DIFFERS: {text}")
    if kept:
        how_to_talk(env)
    story.write(os.path.join(options.build, "demo", "result.json"), whole)
    print("PASSED" if story.passed(whole) else "FAILED")
    return 0 if story.passed(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
