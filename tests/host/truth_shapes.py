#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that know their own profile (bench/truth.c): what must hold of every stack, the CPU time of the
whole, and the shares of the functions.  bench/truth.py measures the same beside other profilers.
usage: truth_shapes.py BUILD_DIR
"""
import gzip
import math
import os
import re
import sys

from hosttest import Build, Place, plain, read_folded, run

build = Build(sys.argv[1])
program = os.path.join(sys.argv[1], "bench/bench-truth")
HZ, CPU_MS, LEVELS = 997, 1500, 201
# Ten cases with 26 functions in all; at Z = 5 a correct profiler fails one of them less than once in 60 000
# runs of this test.  RESOLUTION: a tick's own time is booked on the function that it hits, 3 % at most here.
Z, RESOLUTION = 5, 0.01


def look(case):
    """({function: true ns}, threads, total ns, {stack: periods}, samples)"""
    with Place() as place:
        result = run([program, case, str(CPU_MS)], env=place.env(build, NEUROPROF_HZ=str(HZ)))
        assert result.returncode == 0 and not result.stderr, result
        text = result.stdout.decode()
        names = place.folded()
        assert len(names) == 1, names
        path = os.path.join(place.out, names[0])
        with gzip.open(path.replace(".folded", ".pb.gz")) as profile:
            samples, _ = map(int, re.search(rb"samples: (\d+) weighing (\d+) periods", profile.read()).groups())
        stacks = read_folded(path)
    functions = {name: int(ns) for name, ns in re.findall(r"^function (\S+) (\d+)", text, re.M)}
    threads = int(re.search(r"^threads (\d+)", text, re.M).group(1))
    return functions, threads, int(re.search(r"^total (\d+)", text, re.M).group(1)), stacks, samples


def check_case(case):
    functions, threads, total, stacks, samples = look(case)
    periods = sum(stacks.values())
    period = 1000000000 // HZ
    shares = dict.fromkeys(functions, 0)
    for stack, value in stacks.items():
        name = next((name for name in reversed(stack) if plain(name) in functions), None)
        if name:
            shares[plain(name)] += value
        assert not stack[0].startswith("[truncated"), stack
    worst = 0
    for name, ns in functions.items():
        p = ns / total
        error = math.sqrt(p * (1 - p) * periods) / samples     # samples^2 / periods looks
        sigmas = max(0, abs(shares[name] / periods - p) - RESOLUTION) / error
        worst = max(worst, sigmas)
        assert sigmas <= Z, f"{case}: {name} is {100 * shares[name] / periods:.2f} %, in truth {100 * p:.2f} %"
    # Each thread's time is rounded to whole periods, up or down by chance.
    slack = total / 100 + 6 * period * math.sqrt(threads) / 2
    assert abs(periods * period - total) <= slack, f"{case}: {periods * period} ns of {total} ns, slack {slack:.0f}"
    print(f"{case}: {samples} samples, total {100 * (periods * period / total - 1):+.2f} %, "
          f"worst share {worst:.1f} standard errors beyond the resolution")
    return stacks


def only(stack, *names):
    return [name for name in map(plain, stack) if name in names]


for case in ("split", "bursty", "threads-2", "threads-8", "threads-64", "nice", "syscalls"):
    check_case(case)

for stack in check_case("deep"):
    levels = only(stack, "level")
    assert len(levels) <= LEVELS, stack
    if "burn" in stack:
        roots = only(stack, "root_a", "root_b")
        assert len(levels) == LEVELS and len(roots) == 1 and stack[0] == "_start", stack
        first = stack.index(roots[0])
        assert list(stack[first + 1:first + 1 + LEVELS]) == levels, stack

for stack in check_case("recursion"):
    turns = only(stack, "left", "right")
    assert turns == ["left", "right"] * (len(turns) // 2) + ["left"] * (len(turns) % 2), stack
    assert len(turns) <= 13, stack

for stack in check_case("tail"):
    names = list(map(plain, stack))
    for tail in only(stack, "tail_heavy", "tail_light"):     # a jump leaves no frame of who jumped
        assert names[names.index(tail) - 1] == "run_tail", stack
