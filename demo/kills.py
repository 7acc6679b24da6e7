# SPDX-License-Identifier: MIT
"""kill -9 of everything at thirty random moments while the environment is made, changed and deleted, in two steps, as quickstart
and with pre-provisioned roles: each operation must end as it does undisturbed, with every resource made once and none left over."""
import contextlib
import itertools
import os
import random
import signal
import time

import changes
import counted
import preprovisioned as pre
import stacks as s
from stacks import Stacks

ROUNDS, SEED = 2, 20261129
RETAINED_30 = {**s.ENVIRONMENT, "VPCFlowLogsLogGroupRetention": "30"}


class Operation:
    """One request about a stack: begin() makes it and names the stack; `picture` is how it ends undisturbed. `clean` removes what
    it leaves on purpose, so that the next operation begins as it did in every round."""

    def __init__(self, title, stack, want, begin, clean=(), exact=True):
        self.title, self.stack, self.want, self.begin, self.clean, self.exact = title, stack, want, begin, clean, exact
        self.seconds = self.picture = None


class Requests:
    """What one asks of CloudFormation here; each names the stack."""

    def __init__(self, world, stacks):
        self.world, self.stacks, self.cfn = world, stacks, stacks.client

    def create(self, name, template, parameters, rollback=False):
        order = self.stacks.order(template, parameters, DisableRollback=not rollback)
        return self.cfn().create_stack(StackName=name, **order)["StackId"]

    def update(self, name, template, parameters):
        return self.cfn().update_stack(StackName=name, **self.stacks.order(template, parameters))["StackId"]

    def delete(self, name):
        changes.empty_buckets(self.world)
        stack = self.cfn().describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        self.cfn().delete_stack(StackName=name)
        return stack

    def fail(self, name, rollback):
        """A creation of env-main that finds one name taken, late."""
        self.world.client("ssm", "dev").put_parameter(Name=changes.IN_THE_WAY, Value="somebody else's", Type="String")
        return self.create(name, "env-main.yaml", s.ENVIRONMENT, rollback)

    def remove_failed(self, name):
        self.stacks.settled(self.delete(name))
        self.world.client("ssm", "dev").delete_parameter(Name=changes.IN_THE_WAY)


def operations(world, stacks):
    ask, core, env, quick = Requests(world, stacks), "sm-mlops-core", "sm-mlops-env", "ds-quickstart"
    no_key = changes.NO_KEY.format(region=world.region, account=world.id("dev"))
    network = (changes.remove_file_systems, changes.remove_networks)
    failed = (lambda _: ask.remove_failed(env), *network)
    return [
        Operation("core created", core, "CREATE_COMPLETE", lambda: ask.create(core, "core-main.yaml", s.CORE)),
        Operation("a failing creation", env, "ROLLBACK_COMPLETE", lambda: ask.fail(env, rollback=True), failed),
        # What it had begun when it failed, and leaves for a look, is a matter of moments.
        Operation("a failing creation with --disable-rollback", env, "CREATE_FAILED", lambda: ask.fail(env, rollback=False), failed,
                  exact=False),
        Operation("environment created", env, "CREATE_COMPLETE", lambda: ask.create(env, "env-main.yaml", s.ENVIRONMENT)),
        Operation("a changed parameter", env, "UPDATE_COMPLETE", lambda: ask.update(env, "env-main.yaml", RETAINED_30)),
        Operation("a replaced security group", env, "UPDATE_COMPLETE", lambda: ask.update(env, changes.edited(world), RETAINED_30)),
        Operation("a failing update", env, "UPDATE_ROLLBACK_COMPLETE",
                  lambda: ask.update(env, "env-main.yaml", {**s.ENVIRONMENT, "VPCFlowLogsCloudWatchKMSKey": no_key})),
        Operation("environment deleted", env, "DELETE_COMPLETE", lambda: ask.delete(env), network),
        Operation("core deleted", core, "DELETE_COMPLETE", lambda: ask.delete(core), (changes.remove_roles,)),
        Operation("quickstart created", quick, "CREATE_COMPLETE",
                  lambda: ask.create(quick, "data-science-environment-quickstart.yaml", s.QUICKSTART)),
        Operation("quickstart deleted", quick, "DELETE_COMPLETE", lambda: ask.delete(quick), (changes.remove_roles, *network)),
    ]


def pre_provisioned(world, stacks):
    """The same with roles and a network that stand already, and stay."""
    ask = Requests(world, stacks)
    return [
        Operation("core created", pre.CORE, "CREATE_COMPLETE",
                  lambda: ask.create(pre.CORE, "core-main.yaml", pre.core_parameters(stacks))),
        Operation("environment created", pre.ENVIRONMENT, "CREATE_COMPLETE",
                  lambda: ask.create(pre.ENVIRONMENT, "env-main.yaml", pre.environment_parameters(world, stacks))),
        Operation("environment deleted", pre.ENVIRONMENT, "DELETE_COMPLETE", lambda: ask.delete(pre.ENVIRONMENT),
                  (changes.remove_file_systems,)),
        Operation("core deleted", pre.CORE, "DELETE_COMPLETE", lambda: ask.delete(pre.CORE)),
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
        other = differs(operation.picture, seen) if operation.exact else []
        story.expect(status == operation.want and not other,
                     f"{operation.title}, killed after {moment:.2f} s: {status}, {time.monotonic() - began:.1f} s"
                     + (f"; {'; '.join(other[:5])}" if other else ""))
        if status != operation.want:
            print(stacks.why(operation.stack))
    for remove in operation.clean:
        remove(world)


def nothing_left(story, world, before, kernel):
    left = {k: v for k, v in counted.more(before, counted.resources(world)).items() if k not in counted.STAYS}
    story.expect(not left, f"left over: {left}" if left else "nothing is left over")
    now = counted.settled(world, kernel)
    story.expect(now == kernel, f"in the kernel: {counted.told(now)}; before: {counted.told(kernel)}")


def rounds(story, world, stacks, todo, step, chance):
    before, kernel = counted.resources(world), counted.kernel(world)
    with story.step(str(step), "Each operation undisturbed"):
        for operation in todo:
            one(story, world, stacks, operation)
    with story.step(str(step + 1), f"kill -9 of everything at {ROUNDS * len(todo)} random moments"):
        for operation in todo * ROUNDS:
            one(story, world, stacks, operation, chance.random() * operation.seconds)
    nothing_left(story, world, before, kernel)


def play(story, yard):
    chance = random.Random(SEED)
    with yard.barmkin(story, "17") as world:
        stacks = Stacks(story, world)
        rounds(story, world, stacks, operations(world, stacks), 18, chance)
    with yard.barmkin(story, "20") as world:
        stacks = Stacks(story, world)
        with story.step("20", "Pre-provisioned roles and an existing network, on a fresh state"):
            pre.foundation(yard.checkout, world, stacks)
        rounds(story, world, stacks, pre_provisioned(world, stacks), 21, chance)
