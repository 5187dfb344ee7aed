#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program that confines itself lives on as without us, and what was sampled before is in its profile.
usage: hostile_confined.py BUILD_DIR
"""
import os
import sys

from hosttest import Build, Place, inclusive, outcome, read_folded, run

build = Build(os.path.abspath(sys.argv[1]))
program = build.program("host_confined")
ENDS = b"neuroprof: sampling ends here: the program forbids itself "


def check(how, says, goes_on, **settings):
    """It ends as without us but for what we SAY; GOES_ON: what it does later is sampled, too."""
    command = [program, *how.split()]
    without = run(command)
    with Place() as place:
        result = run(command, env=place.env(build, NEUROPROF_HZ="997", **settings), timeout=60)
        said = b"".join(line for line in result.stderr.splitlines(True) if line.startswith(b"neuroprof: "))
        assert said.startswith(says) if says else not said, (how, said)
        result.stderr = result.stderr.replace(said, b"")
        assert outcome(result) == outcome(without), f"{how} {settings}: {result}\nis not\n{without}"
        assert not place.litter(), place.litter()
        found = [read_folded(f"{place.out}/{name}") for name in place.folded()]
        assert found or how.startswith("exec"), f"{how}: no profile"
        burnt = sum(inclusive(stacks, "burn") for stacks in found)
        print(f"{how} {settings or ''}: status {result.returncode}, {burnt} periods; {said.decode().strip()}")
        # burn() works 50 before and 300 after.
        return burnt if goes_on else -burnt


for clock in ("auto", "timer", "itimer"):
    whole = check("all", b"", True, NEUROPROF_CLOCK=clock)
    for how in ("kill", "trap", "strict", "tsc", "dispatch"):
        part = -check(how, ENDS, False, NEUROPROF_CLOCK=clock)
        assert 0 < part < 0.5 * whole, f"{how}: {part} periods of {whole}: it was not before, or it went on"
check("null", b"", True)
check("errno", b"", True)
check("thread", ENDS + b"what a sampler needs: perf_event_open\n", False)
check(f"exec {program} after", ENDS + b"what a sampler needs: perf_event_open\nneuroprof: no profile: the seccomp filter around this program", False)

result = run([program, "exec", build.neuroprof, "doctor"])
assert result.returncode == 1 and b"kills whoever calls it here" in result.stdout, result
print("the doctor names the filter that kills")
