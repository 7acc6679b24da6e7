# SPDX-License-Identifier: MIT
"""kill -9 of everything at twenty random moments while the environment is made, changed and deleted: each operation must end as
it does undisturbed, with every resource made once and none left over."""
import contextlib
import itertools
import os
import random
import signal
import time

import changes
import counted
import stacks as s
from stacks import Stacks

MOMENTS, SEED = 20, 20261129
RETAINED_30 = {**s.ENVIRONMENT, "VPCFlowLogsLogGroupRetention": "30"}


class Operation:
    """One request about a stack: begin() makes it and names the stack; `picture` is how it ends undisturbed."""

    def __init__(self, title, stack, want, begin):
        self.title, self.stack, self.want, self.begin = title, stack, want, begin
        self.seconds = self.picture = None


def operations(world, stacks):
    cfn, ssm = stacks.client, lambda: world.client("ssm", "dev")

    def create(name, template, parameters, rollback=False):
        return cfn().create_stack(StackName=name, **stacks.order(template, parameters, DisableRollback=not rollback))["StackId"]

    def update(name, template, parameters):
        return cfn().update_stack(StackName=name, **stacks.order(template, parameters))["StackId"]

    def delete(name):
        changes.empty_buckets(world)
        stack = cfn().describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        cfn().delete_stack(StackName=name)
        return stack

    def fail():
        ssm().put_parameter(Name=changes.IN_THE_WAY, Value="somebody else's", Type="String")
        return create("sm-mlops-env", "env-main.yaml", s.ENVIRONMENT, rollback=True)

    no_key = changes.NO_KEY.format(region=world.region, account=world.id("dev"))
    return [
        Operation("core created", "sm-mlops-core", "CREATE_COMPLETE", lambda: create("sm-mlops-core", "core-main.yaml", s.CORE)),
        Operation("a failing creation", "sm-mlops-env", "ROLLBACK_COMPLETE", fail),
        Operation("environment created", "sm-mlops-env", "CREATE_COMPLETE",
                  lambda: create("sm-mlops-env", "env-main.yaml", s.ENVIRONMENT)),
        Operation("a changed parameter", "sm-mlops-env", "UPDATE_COMPLETE",
                  lambda: update("sm-mlops-env", "env-main.yaml", RETAINED_30)),
        Operation("a replaced security group", "sm-mlops-env", "UPDATE_COMPLETE",
                  lambda: update("sm-mlops-env", changes.edited(world), RETAINED_30)),
        Operation("a failing update", "sm-mlops-env", "UPDATE_ROLLBACK_COMPLETE",
                  lambda: update("sm-mlops-env", "env-main.yaml", {**s.ENVIRONMENT, "VPCFlowLogsCloudWatchKMSKey": no_key})),
        Operation("environment deleted", "sm-mlops-env", "DELETE_COMPLETE", lambda: delete("sm-mlops-env")),
        Operation("core deleted", "sm-mlops-core", "DELETE_COMPLETE", lambda: delete("sm-mlops-core")),
        Operation("quickstart created", "ds-quickstart", "CREATE_COMPLETE",
                  lambda: create("ds-quickstart", "data-science-environment-quickstart.yaml", s.QUICKSTART)),
        Operation("quickstart deleted", "ds-quickstart", "DELETE_COMPLETE", lambda: delete("ds-quickstart")),
    ]


def picture(world, stacks, stack):
    """What counts of the end: each logical resource with its status, and how many there are of each kind."""
    found = counted.resources(world)
    return {"members": sorted((logical, status) for _, logical, _, status in stacks.family(stack)),
            "kinds": {k: len(v) for k, v in found.items() if k not in counted.STAYS}}


def differs(want, got):
    return [f"{k}: {got['kinds'].get(k)} instead of {n}" for k, n in want["kinds"].items() if got["kinds"].get(k) != n] + \
        [f"{a} instead of {b}" for a, b in itertools.zip_longest(got["members"], want["members"]) if a != b]


# ---- the kill ----

def parent_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])
    return 0


def cgroup_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cgroup", encoding="utf-8") as f:
        return f.read()
    return ""


def processes(world):
    """The server's, with all that descends from it, and whatever runs in cgroups of its TAG."""
    parents = {int(p): parent_of(p) for p in os.listdir("/proc") if p.isdigit()}
    found, more = set(), {world.server.pid} | {p for p in parents if f"barmkin-{world.tag()}" in cgroup_of(p)}
    while more:
        found |= more
        more = {p for p, parent in parents.items() if parent in more} - found
    return found - {os.getpid()}


def kill(world):
    for _ in range(3):
        for pid in processes(world):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    world.server.wait(30)
    world.start()


# ---- rounds ----

def clean(world, stacks, title, stack):
    """After what leaves something on purpose: so that the next operation begins as it did in every round."""
    if title == "a failing creation":
        stacks.client().delete_stack(StackName=stack)
        stacks.settled(stack)
        world.client("ssm", "dev").delete_parameter(Name=changes.IN_THE_WAY)
    if title in ("core deleted", "quickstart deleted"):
        changes.remove_roles(world)
    if title in ("a failing creation", "environment deleted", "quickstart deleted"):
        changes.remove_file_systems(world)
        changes.remove_networks(world)


def one(story, world, stacks, operation, moment=None):
    began = time.monotonic()
    stack = operation.begin()
    if moment is not None:
        time.sleep(moment)
        kill(world)
    status = stacks.settled(stack, 300)
    operation.seconds = operation.seconds or time.monotonic() - began
    seen = picture(world, stacks, stack)
    if moment is None:
        operation.picture = seen
        story.expect(status == operation.want, f"{operation.title}: {status} in {operation.seconds:.1f} s, undisturbed")
    else:
        other = differs(operation.picture, seen)
        story.expect(status == operation.want and not other,
                     f"{operation.title}, killed after {moment:.2f} s: {status}, {time.monotonic() - began:.1f} s"
                     + (f"; {'; '.join(other[:5])}" if other else ""))
        if status != operation.want:
            print(stacks.why(operation.stack))
    clean(world, stacks, operation.title, stack)


def play(story, yard):
    chance = random.Random(SEED)
    with yard.barmkin(story, "17") as world:
        stacks = Stacks(story, world)
        before, kernel = counted.resources(world), counted.kernel(world)
        todo = operations(world, stacks)
        with story.step("18", "Each operation undisturbed"):
            for operation in todo:
                one(story, world, stacks, operation)
        with story.step("19", f"kill -9 of everything at {MOMENTS} random moments"):
            for i in range(MOMENTS):
                operation = todo[i % len(todo)]
                one(story, world, stacks, operation, chance.random() * operation.seconds)
        left = {k: v for k, v in counted.more(before, counted.resources(world)).items() if k not in counted.STAYS}
        story.expect(not left, f"left over: {left}" if left else "nothing is left over")
        now = counted.settled(world, kernel)
        story.expect(now == kernel, f"in the kernel: {counted.told(now)}; before: {counted.told(kernel)}")
