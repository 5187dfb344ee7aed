#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A host with plans of its own for SIGPROF, and one that waits, see at 10 kHz what they see without us.
usage: hostile_signals.py BUILD_DIR [ROUNDS]
"""
import gzip
import sys

from hosttest import Build, Place, inclusive, read_folded, run

build = Build(sys.argv[1])
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
program = build.program("host_signals")
CASES = ["own-handler", "masks", "old-ways", "jumps", "own-timer", "waits-for-it", "waits-with-mask",
         "waits-for-others", "still-interrupted", "raw-calls"]
WAITS = ["time-outs", "hand-overs"]
# How SIGPROF is taken past libc; the status with us (without: 5), periods after that, what must be said.
TAKEN = [("handler", 5, 0, "took SIGPROF for itself by a raw system call"),
         ("ignore", 5, 0, "took SIGPROF for itself by a raw system call"),
         ("default", -27, 0, ""),
         ("descriptor", 5, 1, "reads SIGPROF from a signalfd")]


def check(case, clock, program=program):
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


def check_taken(how, status, after, said):
    """What cannot be kept from the host is counted and said, and what was sampled before is there."""
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ="997")
        result = run([build.program("host_taken"), how], env=env, timeout=60)
        lines = result.stderr.decode().splitlines()
        assert result.returncode == status, f"{how}: {result}"
        assert len(lines) == bool(said) and said in "".join(lines), f"{how}: {lines}"
        if status < 0:
            recovered = run([build.neuroprof, "recover", place.spools], env={**env, "LD_PRELOAD": ""})
            assert recovered.returncode == 0, recovered
        name = f"{place.out}/{place.folded()[0]}"
        stacks = read_folded(name)
        with gzip.open(name.replace(".folded", ".pb.gz")) as profile:
            counted = b"took SIGPROF by a raw system call" in profile.read()
        before, later = inclusive(stacks, "burn_before"), inclusive(stacks, "burn_after")
        print(f"SIGPROF taken, {how}: status {status}, {before} periods before, {later} after. {''.join(lines)}", flush=True)
        assert 150 < before < 210 and (later > 150 if after else later < 60), (before, later)
        assert counted == (how in ("handler", "ignore")), f"{how}: counted {counted}"


for taken in TAKEN:
    check_taken(*taken)
for _ in range(rounds):
    for case in WAITS:
        check(case, "auto", build.program("host_waits"))
    for case in CASES:
        for clock in ("perf", "timer", "itimer") if rounds > 1 or case == "own-timer" else ("auto", ):
            check(case, clock)
