#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Killed at a random moment, or crashed: the recovered profile has the CPU time that the threads had noted.
usage: hostile_kill.py BUILD_DIR [KILLS]
"""
import gzip
import os
import random
import struct
import subprocess
import sys
import time

from hosttest import Build, Place, inclusive, read_folded, run

build = Build(sys.argv[1])
kills = int(sys.argv[2]) if len(sys.argv) > 2 else 25
program = build.program("host_killed")
HZ, THREADS = 997, 4
seed = random.randrange(1 << 32)
random.seed(seed)
print("seed", seed)


def recovered(place, env, noted, what, threads=THREADS):
    """Periods of the profile against what the threads noted; each thread may owe one period, and one more since it
    last noted, and ticks are up to a jiffy late where the clock is a timer."""
    result = run([build.neuroprof, "recover", place.spools], env={**env, "LD_PRELOAD": ""})
    assert result.returncode == 0 and not place.litter(), f"{what}: {result}"
    names = place.folded()
    assert len(names) == 1, f"{what}: {names}"
    stacks = read_folded(f"{place.out}/{names[0]}")
    got = sum(stacks.values()) - inclusive(stacks, "[startup]")
    due = noted * HZ / 1e9
    # Besides: 1 ms of CPU time a thread that is used before its first note.
    slack = threads * (2 + 1 + 4 * HZ / 1000 * (os.environ.get("NEUROPROF_CLOCK") == "timer")) + 0.01 * due
    assert abs(got - due) <= slack, f"{what}: {got} periods, due are {due:.1f} +- {slack:.1f}"
    return got, due


def note(path):
    with open(path, "rb") as file:
        return sum(struct.unpack("<128Q", file.read())[::8])


worst = 0
for i in range(kills):
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ=str(HZ))
        notes = os.path.join(place.out, "notes")
        with subprocess.Popen([program, notes, str(THREADS)], env=env) as process:
            time.sleep(0.05 + random.random() * 0.25)
            process.kill()
        noted = note(notes)
        if noted < 20000000:        # killed before anything was due
            continue
        got, due = recovered(place, env, noted, f"kill {i}")
        worst = max(worst, abs(got - due))
print(f"{kills} kills: at most {worst:.1f} periods from what the threads had noted")

for how, status in (("abort", -6), ("segfault", -11), ("memory", -11)):
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ=str(HZ))
        notes = os.path.join(place.out, "notes")
        result = run([program, notes, "2", how], env=env)
        assert result.returncode == status, (how, result)
        print(how, "{} periods, due {:.1f}".format(*recovered(place, env, note(notes), how, 2)))

# A new stack at every sample in the smallest spool: bounded, counted, and the sum still right.
with Place() as place:
    env = place.env(build, NEUROPROF_HZ="10000", NEUROPROF_SPOOL_MAX="1M", NEUROPROF_MAX_OVERHEAD="100")
    HZ = 10000
    notes = os.path.join(place.out, "notes")
    with subprocess.Popen([program, notes, "2"], env=env) as process:
        time.sleep(2)
        process.kill()
    spool = os.path.join(place.spools, place.litter()[0])
    size = os.stat(spool)
    assert size.st_size <= 1 << 20 and size.st_blocks * 512 <= 1 << 20, size
    got, due = recovered(place, env, note(notes), "adversary", 2)
    with gzip.open(f"{place.out}/{place.folded()[0].replace('.folded', '.pb.gz')}") as profile:
        about = profile.read()
    assert b"samples kept on an outer frame" in about, "the spool was not filled"
    print(f"adversary: {size.st_blocks * 512} bytes used, {got} periods, due {due:.1f}, what did not fit is counted")
