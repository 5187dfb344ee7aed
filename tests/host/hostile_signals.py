#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A host with plans of its own for SIGPROF, and one that waits, see at 10 kHz what they see without us.
usage: hostile_signals.py BUILD_DIR [ROUNDS]
"""
import sys

from hosttest import Build, Place, inclusive, read_folded, run

build = Build(sys.argv[1])
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
program = build.program("host_signals")
CASES = ["own-handler", "masks", "old-ways", "jumps", "own-timer", "waits-for-it", "waits-with-mask",
         "waits-for-others", "still-interrupted", "raw-calls"]


def check(case, clock):
    without = run([program, case])
    assert without.returncode == 0 and without.stdout, without
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ="10000", NEUROPROF_CLOCK=clock, NEUROPROF_MAX_OVERHEAD="100")
        result = run([program, case], env=env, timeout=60)
        assert (result.returncode, result.stdout) == (0, without.stdout), \
            f"{case}, {clock}: {result}\nis not\n{without}"
        samples = sum(inclusive(read_folded(f"{place.out}/{name}"), "burn") for name in place.folded())
        assert samples > 50, f"{case}, {clock}: only {samples} samples: nothing was put to the test"
        seen = result.stderr.decode().strip().replace("\n", "; ")
        print(f"{case}, {clock}: as without us, {samples} samples. {seen}", flush=True)


for _ in range(rounds):
    for case in CASES:
        for clock in ("perf", "timer", "itimer") if rounds > 1 or case == "own-timer" else ("auto", ):
            check(case, clock)
