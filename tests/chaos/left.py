# SPDX-License-Identifier: MIT
"""What a server still has in the kernel, counted by its TAG and its state folder, and how to kill all of it at once."""
import contextlib
import json
import os
import signal
import subprocess
import time


def text(path):
    with contextlib.suppress(OSError), open(path, "rb") as f:
        return f.read().replace(b"\0", b" ").decode(errors="replace")
    return ""


def processes(world):
    """pids of everything that belongs to this state: roles, agents, sandboxes, commands."""
    tag, mine = world.tag(), []
    parents = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        stat = text(f"/proc/{pid}/stat").rsplit(")", 1)[-1].split()
        if not stat or stat[0] == "Z":
            continue
        parents[pid] = int(stat[1])
        # a cgroup path or a command line of ours; tests and shells that merely mention the folder are not
        command = text(f"/proc/{pid}/cmdline")
        named = tag in text(f"/proc/{pid}/cgroup") or f"/barmkin/{tag}" in command or (
            world.state in command and "barmkin" in command.split(" ")[0])
        if named and pid != os.getpid():
            mine.append(pid)
    grown = True
    while grown:
        more = [p for p, parent in parents.items() if parent in mine and p not in mine]
        mine += more
        grown = bool(more)
    return sorted(mine)


def mounts(world):
    tag = f"/barmkin/{world.tag()}"
    return sorted({line.split()[1] for line in text("/proc/self/mounts").split("\n")
                   if line and (tag in line or world.state in line)})


def loops(world):
    done = subprocess.run(["losetup", "--list", "--json", "--output", "NAME,BACK-FILE"], capture_output=True, text=True)
    devices = json.loads(done.stdout)["loopdevices"] if done.stdout.strip() else []
    return [d["name"] for d in devices if world.state in (d["back-file"] or "")]


def links(world):
    return [n for n in os.listdir("/sys/class/net") if world.tag() in n]


def namespaces(world):
    folder = f"/run/barmkin/{world.tag()}/netns"
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def cgroups(world):
    return [os.path.join(folder, name) for folder, names, _ in os.walk("/sys/fs/cgroup") for name in names
            if world.tag() in name]


def everything(world):
    """Only what is not empty, by kind."""
    kinds = {"processes": processes, "mounts": mounts, "loop devices": loops, "links": links,
             "network namespaces": namespaces, "cgroups": cgroups}
    found = {kind: look(world) for kind, look in kinds.items()}
    return {kind: names for kind, names in found.items() if names}


def gone(world, seconds=10):
    """Waits until nothing is left; returns what still is."""
    end = time.monotonic() + seconds
    while True:
        left = everything(world)
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


def kill_all(world):
    """kill -9 of everything at once, the sandboxes too."""
    for pid in processes(world):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if world.server:
        world.server.wait(10)
        world.server = None
