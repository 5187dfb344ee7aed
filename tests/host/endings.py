#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""However a process ends, its parent sees the same as without us, and the profile is there.
usage: endings.py BUILD_DIR
"""
import sys

from hosttest import Build, Place, inclusive, outcome, read_folded, run

build = Build(sys.argv[1])
program = build.program("ending")

# (how it ends, profiles expected, who folds)
ENDINGS = [
    ("return", 1, "library"), ("exit", 1, "library"), ("_exit", 1, "library"), ("_Exit", 1, "library"),
    ("quick_exit", 1, "library"), ("SIGTERM", 1, "library"), ("SIGINT", 1, "library"), ("SIGHUP", 1, "library"),
    ("own-SIGTERM", 1, "library"), ("own-SIGPROF", 1, "library"), ("ignored-SIGHUP", 1, "library"),
    ("default-again", 1, "library"), ("dispositions", 1, "library"),
    ("exec", 2, "library"), ("exec-list-environment", 1, "library"), ("exec-refused", 1, "library"),
    ("fork", 2, "library"), ("vfork", 1, "library"), ("system", 1, "library"),
    ("threads-running", 1, "library"), ("thread-exits", 1, "library"),
    ("SIGKILL", 1, "recover"), ("abort", 1, "recover"), ("segfault", 1, "recover"), ("SIGPROF", 1, "recover"),
]
HZ = "499"


def settle(place, count):
    """The profile of an image that was replaced by exec comes from a process that nobody waits for."""
    import time
    for _ in range(100):
        if len(place.folded()) >= count and not place.litter():
            return
        time.sleep(0.05)


def check(how, profiles, who):
    without = run([program, how])
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ=HZ)
        result = run([program, how], env=env)
        assert outcome(result) == outcome(without), f"{how}: {outcome(result)} is not {outcome(without)}"
        if who == "recover":
            assert not place.folded(), f"{how}: who folded this?"
            recovered = run([build.neuroprof, "recover", place.spools], env={**env, "LD_PRELOAD": ""})
            assert recovered.returncode == 0, recovered.stderr
        if how.startswith("exec"):
            settle(place, profiles)
        # The shell of system() is sampled like any child: at 499 Hz, 2 ms of it are a sample.
        folded = [name for name in place.folded() if name.startswith("neuroprof.ending.")]
        assert len(folded) == profiles, f"{how}: {folded}, expected {profiles}"
        assert not place.litter(), f"{how}: left behind {place.litter()}"
        total = sum(inclusive(read_folded(f"{place.out}/{name}"), "burn") for name in folded)
        assert total > 0.15 * int(HZ) * profiles, f"{how}: burn() has only {total} samples"
        print(f"{how}: status {result.returncode}, {len(folded)} profile(s), {total} samples in burn()")


for ending in ENDINGS:
    check(*ending)
print(f"{len(ENDINGS)} ways to end, all as without us")
