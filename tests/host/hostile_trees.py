#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trees of processes: children do not wait for their profiles, all are there when the top is gone, and no litter.
usage: hostile_trees.py BUILD_DIR
"""
import os
import resource
import shutil
import sys

from hosttest import Build, Place, inclusive, outcome, read_folded, run

build = Build(os.path.abspath(sys.argv[1]))
program = build.program("host_tree")
HZ = 997


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def profiles(place):
    return [read_folded(f"{place.out}/{name}") for name in place.folded() if ".tree." not in name]


def check(command, at_least, seconds, **settings):
    """AT_LEAST so many processes have a profile as soon as the top is gone, and SECONDS are in them all."""
    without = run([program, *command])
    assert without.returncode == 5, without
    with Place(in_memory=True) as place:
        used = -cpu_of_children()
        result = run([program, *command], env=place.env(build, NEUROPROF_HZ=str(HZ), **settings), timeout=240)
        used += cpu_of_children()
        assert outcome(result) == outcome(without), f"{command}: {result}\nis not\n{without}"
        found = profiles(place)
        total = sum(inclusive(stacks, "burn") for stacks in found)
        print(f"{command} {settings or ''}: {len(found)} profiles, {total} periods, {len(place.litter())} left", flush=True)
        assert len(found) >= at_least and not place.litter(), (place.folded(), place.litter())
        # burn() stops by the CPU clock once it has read it; what making a spool costs a child before that (0.1 s
        # where the disk is slow) is its CPU, too.  Never more than the whole tree used.
        assert 0.9 * seconds * HZ <= total <= 1.1 * used * HZ, f"{command}: {total} periods of {seconds * HZ}, {used} s"


check(["forks", "100", "10"], 100, 1.0)
check(["forks", "20", "10"], 20, 0.2, NEUROPROF_FOLD="wait")
check(["deep", "6"], 7, 0.21)
check(["ends"], 4, 0.2)
if os.getuid() == 0:
    check(["users"], 4, 0.4)
    # In a jail there is no folder: what the worker has is there, and the spools of both can be recovered.
    with Place() as place:
        jail = os.path.join(place.out, "jail")
        os.mkdir(jail)
        result = run([program, "jails", jail], env=place.env(build, NEUROPROF_HZ=str(HZ)), timeout=60)
        assert (result.returncode, result.stdout) == (5, b"jail: 3\nand we: 0\n"), result
        assert result.stderr.count(b"\n") == 1 and b"run neuroprof recover" in result.stderr, result
        recovered = run([build.neuroprof, "recover", place.spools])
        total = sum(inclusive(stacks, "burn") for stacks in profiles(place))
        assert recovered.returncode == 0 and total >= 0.9 * 0.2 * HZ and not place.litter(), (recovered, total, place.litter())
        print(f"jails: {total} periods")

# A folder that cannot go on before all children have ended: were one of them waiting for it, none would ever end.
with Place() as place:
    home = os.path.join(place.out, "library")
    gate = os.path.join(place.out, "gate")
    os.mkdir(home)
    shutil.copy(build.library, home)
    with open(f"{home}/neuroprof-fold", "w", encoding="ascii") as file:
        file.write(f'#!/bin/sh\nwhile ! [ -e {gate} ]; do sleep 0.02; done\nexec {build.fold} "$@"\n')
    os.chmod(f"{home}/neuroprof-fold", 0o755)
    env = place.env(build, NEUROPROF_HZ=str(HZ))
    env["LD_PRELOAD"] = f"{home}/libneuroprof.so"
    result = run([program, "gate", gate], env=env, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (5, b"ended: 3\n" * 4, b""), result
    assert len(profiles(place)) >= 4 and not place.litter(), (place.folded(), place.litter())
    print("children ended while their folder could not go on")

# 1 000 processes under record: about a tenth of them has a sample.
with Place() as place:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("NEUROPROF_", "LD_PRELOAD"))}
    result = run([build.neuroprof, "record", "-F", "99", "-o", place.out, "--", program, "forks", "1000", "1"],
                 env={**env, "NEUROPROF_SPOOL_DIR": place.spools}, timeout=240)
    assert (result.returncode, result.stdout) == (5, b"1000 of 1000 ended as they should\n"), result
    assert os.listdir(place.spools) == [], os.listdir(place.spools)
    parts = profiles(place)
    tree = read_folded(f"{place.out}/neuroprof.host_tree.tree.folded")
    assert sum(tree.values()) == sum(sum(stacks.values()) for stacks in parts), "the tree is not the sum of its parts"
    others = [name for name in os.listdir(place.out) if not name.endswith((".folded", ".pb.gz"))]
    assert not others, f"left among the profiles: {others}"
    print(f"1000 processes: {len(parts)} with samples, {sum(tree.values())} periods, nothing left")
