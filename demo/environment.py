# SPDX-License-Identifier: MIT
"""The data-science environment of aws-samples/amazon-sagemaker-secure-mlops from its own, unmodified templates: packaged by
its Makefile, deployed by CloudFormation, visited from inside its private subnet, changed, deleted again; then, each on a fresh
state, its quickstart in one stack, and its variant with an existing network and pre-provisioned roles.

usage: demo/environment.py --build BUILD REPOSITORY [--keep] [--only NAME]...      (make environment REPO=...)
REPOSITORY is a checkout of that repository; nothing is fetched. It needs root, the AWS CLI, bash, make, sed and zip.
NAME is two-steps, quickstart, pre-provisioned or kills (make environment-kills: kill -9 at thirty moments; takes longer).
"""
import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import changes
import counted
import kills
import preprovisioned
import stacks as s
from demo import leftovers
from stacks import Stacks
from story import Story
from visit import visit
from world import PYTHON, World


class Yard:
    """What the chapters share: the checkout, a folder for files, and the package, made once and delivered to each Barmkin."""

    def __init__(self, build, repository, work, keep):
        self.build, self.work, self.keep = build, work, keep
        self.checkout = shutil.copytree(repository, os.path.join(work, "repository"), symlinks=True)
        self.objects = None

    @contextlib.contextmanager
    def barmkin(self, story, step):
        """A Barmkin on a fresh state with the package in it; at the end nothing of it is left in the kernel."""
        world = World(self.build)
        try:
            world.init()
            world.start()
            story.say(f"Barmkin answers at {world.endpoint}, state in {world.state}")
            if self.objects is None:
                with story.step(step, "make package, unmodified"):
                    s.package(story, world, self.checkout)
                    self.objects = s.packaged(world)
                    story.expect(len(self.objects) >= 20, f"{len(self.objects)} templates and archives lie in s3://{s.BUCKET}")
            else:
                s.deliver(world, self.objects)
            yield world
        finally:
            if not self.keep:
                tag = world.tag()
                world.remove()
                left = leftovers(tag)
                story.expect(not left, f"left over: {', '.join(left)}" if left else "stopped; the kernel has nothing of it left")


# ---- the environment in two steps ----

def two_steps(story, yard):
    with yard.barmkin(story, "1") as world:
        stacks = Stacks(story, world)
        before, kernel = counted.resources(world), counted.kernel(world)
        with story.step("2", "core-main.yaml: stack sm-mlops-core"):
            stacks.create("sm-mlops-core", "core-main.yaml", s.CORE)
            stacks.count("sm-mlops-core")
            stacks.outputs("sm-mlops-core", s.CORE_OUTPUTS)
        for rollback in (True, False):
            with story.step("3", f"A creation that fails, {'rolled back' if rollback else 'with --disable-rollback'}"):
                changes.fail_creation(story, world, stacks, rollback)
        with story.step("4", "env-main.yaml: stack sm-mlops-env"):
            stacks.create("sm-mlops-env", "env-main.yaml", s.ENVIRONMENT)
            stacks.count("sm-mlops-env")
            domain = stacks.outputs("sm-mlops-env", s.ENVIRONMENT_OUTPUTS)["SageMakerDomainId"]
            story.say(f"in the kernel: {counted.told(counted.kernel(world))}")
        with story.step("5", "From inside the private subnet, as the execution role"):
            visit(story, world, yard.work)
        with story.step("6", "An update: a changed parameter"):
            changes.change_parameter(story, world, stacks)
        with story.step("7", "An update: another security group for the endpoints"):
            changes.replace_group(story, world, stacks)
        with story.step("8", "An update that fails rolls back"):
            changes.fail_update(story, world, stacks)
        with story.step("9", "Deleted as documented"):
            delete(story, yard, world, stacks, ["sm-mlops-env", "sm-mlops-core"], domain)
            nothing_left(story, world, before, kernel)


def delete(story, yard, world, stacks, names, domain, network=None):
    """The buckets' policies and contents first, then the stacks, then what Studio and the templates leave on purpose; last, if
    it was there before, the network."""
    changes.empty_buckets(world)
    for name in names:
        stacks.delete(name)
    only_efs = ["-c", "import sys; __import__('clean-up-efs').delete_efs(sys.argv[1])"]
    done = subprocess.run([world.barmkin, "run", "--state", world.state, "--profile", "dev", "--", PYTHON, "-B",
                           *(only_efs if network else ["clean-up-efs-cli.py"]), domain], capture_output=True, text=True,
                          timeout=120, check=False, cwd=os.path.join(yard.checkout, "functions", "pipeline"))
    story.expect(done.returncode == 0, f"Studio's file system by {'clean-up-efs' if network else 'clean-up-efs-cli'}.py, unmodified: "
                 f"status {done.returncode}")
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])
    changes.remove_roles(world)
    if network:
        stacks.delete(network)


def nothing_left(story, world, before, kernel):
    new = counted.more(before, counted.resources(world))
    left = {what: names for what, names in new.items() if what not in counted.STAYS}
    story.expect(not left, f"left over: {left}" if left else f"of {len(counted.LISTS)} kinds of resources nothing is left over")
    for what in sorted(counted.STAYS & set(new)):
        story.say(f"stays, as on AWS: {len(new[what])} {what}")
    now = counted.settled(world, kernel)
    story.expect(now == kernel, f"in the kernel as before: {counted.told(now)}" if now == kernel else
                 f"in the kernel: {counted.told(now)}; before: {counted.told(kernel)}")


# ---- the two other ways ----

def quickstart(story, yard):
    with yard.barmkin(story, "10") as world:
        stacks = Stacks(story, world)
        before, kernel = counted.resources(world), counted.kernel(world)
        with story.step("11", "data-science-environment-quickstart.yaml on a fresh state: stack ds-quickstart"):
            stacks.create("ds-quickstart", "data-science-environment-quickstart.yaml", s.QUICKSTART)
            stacks.count("ds-quickstart")
            domain = stacks.outputs("ds-quickstart", s.QUICKSTART_OUTPUTS)["SageMakerDomainId"]
            apps = world.client("sagemaker", "dev").list_apps()["Apps"]
            story.expect(len(apps) == 3, "its apps: " + ", ".join(sorted(a["AppName"] for a in apps)))
        if yard.keep:
            how_to_talk(world)
            return
        with story.step("12", "Deleted as documented"):
            delete(story, yard, world, stacks, ["ds-quickstart"], domain)
            nothing_left(story, world, before, kernel)


def how_to_talk(world):
    domain = world.client("sagemaker", "dev").list_domains()["Domains"][0]["DomainId"]
    found = world.client("sagemaker", "dev").describe_domain(DomainId=domain)
    print(f"""
It is still running, as process {world.server.pid}. From here:
  {world.barmkin} shell --state {world.state} --profile dev        # any AWS client, under Amazon's own names
  {world.barmkin} run --state {world.state} --profile dev --vpc {found['VpcId']} \\
      --subnet {found['SubnetIds'][0]} --security-group {found['DefaultUserSettings']['SecurityGroups'][0]} -- bash
To end it: kill {world.server.pid}, then rm -r {world.state}""")


def pre_provisioned(story, yard):
    with yard.barmkin(story, "13") as world:
        stacks = Stacks(story, world)
        before, kernel = counted.resources(world), counted.kernel(world)
        with story.step("14", "Pre-provisioned roles and an existing network, on a fresh state"):
            preprovisioned.foundation(yard.checkout, world, stacks)
        with story.step("15", "core-main.yaml and env-main.yaml with CreateIAMRoles=NO"):
            domain = preprovisioned.deploy(story, world, stacks)
        with story.step("16", "Deleted as documented"):
            delete(story, yard, world, stacks, preprovisioned.STACKS, domain, network=preprovisioned.NETWORK)
            nothing_left(story, world, before, kernel)


CHAPTERS = {"two-steps": two_steps, "quickstart": quickstart, "pre-provisioned": pre_provisioned, "kills": kills.play}
STORY = ["two-steps", "quickstart", "pre-provisioned"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", required=True)
    options.add_argument("--keep", action="store_true", help="only the quickstart, and leave it running")
    options.add_argument("--only", action="append", choices=list(CHAPTERS))
    options.add_argument("repository")
    told = options.parse_args()
    if not os.path.exists(os.path.join(told.repository, "package-cfn.sh")):
        sys.exit("make environment: REPO must name a checkout of github.com/aws-samples/amazon-sagemaker-secure-mlops")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    clients = os.path.abspath(os.path.join(told.build, "venv-clients", "bin"))
    os.environ["PATH"] = clients + os.pathsep + os.environ["PATH"]
    story, whole = Story(), False
    with tempfile.TemporaryDirectory(prefix="barmkin-environment-") as work:
        try:
            yard = Yard(told.build, told.repository, work, told.keep)
            for name in told.only or (["quickstart"] if told.keep else STORY):
                CHAPTERS[name](story, yard)
            whole = True
        finally:
            story.table()
            print("PASSED" if story.passed(whole) else "FAILED: " + "; ".join(story.differences))
    return 0 if story.passed(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
