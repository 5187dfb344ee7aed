# SPDX-License-Identifier: MIT
"""Profiles held against programs that know their own (truth.c), under NeuroProf, gperftools and perf.

For every function: its share in the profile, its true share p, and how many standard errors
sqrt(p(1 - p) / samples) lie between them; of the functions of a case the worst is shown.  For the whole:
the CPU time that the profile claims, against the process's own clock.
"""
import glob
import gzip
import math
import os
import random
import re
import shutil
import struct
import subprocess
import tempfile

RATES = (99, 499, 997)
CASES = ("split", "bursty", "threads-2", "threads-8", "threads-64", "nice", "syscalls", "recursion", "deep", "tail")
# Of all cases: no case has another one's on its stacks.
FUNCTIONS = frozenset(("hot", "cold", "steady", "bursty", "task_a", "task_b", "task_c", "task_d", "greedy", "modest",
                       "user_side", "big_reads", "small_calls", "left", "right", "root_a", "root_b", "tail_heavy",
                       "tail_light"))
SIGMAS, TOTAL = 3, 0.01     # beyond these a figure is marked
GPERFTOOLS = "/usr/lib/x86_64-linux-gnu/libprofiler.so.0"


class Profile:
    """Weight per innermost function of interest, all weight, samples, and CPU time in nanoseconds."""

    def __init__(self, weights, samples, cpu_ns, quantum_ns):
        self.weights, self.samples, self.cpu_ns, self.quantum_ns = weights, samples, cpu_ns, quantum_ns
        self.all = sum(weights.values())


def innermost(leaf_first, functions):
    return next((name for name in leaf_first if name in functions), None)


def add(weights, name, value):
    weights[name] = weights.get(name, 0) + value


def with_neuroprof(program, functions, hz, place, bench):
    env = bench.env(LD_PRELOAD=bench.library, NEUROPROF_HZ=str(hz), NEUROPROF_OUT=place,
                    NEUROPROF_SPOOL_DIR=place, NEUROPROF_QUIET="1")
    out = subprocess.run(program, env=env, capture_output=True, text=True, check=True).stdout
    folded = glob.glob(f"{place}/*.folded")
    if len(folded) != 1:
        return out, None
    weights = {}
    with open(folded[0], encoding="utf-8") as lines:
        for line in lines:
            stack, value = line.rsplit(" ", 1)
            add(weights, innermost(reversed(stack.split(";")), functions), int(value))
    with gzip.open(folded[0].replace(".folded", ".pb.gz")) as profile:
        samples, periods = map(int, re.search(rb"samples: (\d+) weighing (\d+) periods", profile.read()).groups())
    period_ns = 1000000000 // hz
    # A sample of many periods is still one look: it counts for as many as samples^2 / periods.
    return out, Profile(weights, samples * samples / periods, periods * period_ns, period_ns)


def symbols(program):
    """Sorted (start, name) of its functions; it is linked at fixed addresses."""
    text = subprocess.run(["nm", "--defined-only", program], capture_output=True, text=True, check=True).stdout
    return sorted((int(line.split()[0], 16), line.split()[2]) for line in text.splitlines()
                  if line.split()[1] in "tT")


def name_at(table, pc):
    if not table[0][0] <= pc < table[-1][0] + 4096:
        return None
    low, high = 0, len(table)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if table[middle][0] <= pc else (low, middle)
    return table[low][1]


def with_gperftools(program, functions, hz, place, bench):
    path = os.path.join(place, "profile")
    env = bench.env(LD_PRELOAD=GPERFTOOLS, CPUPROFILE=path, CPUPROFILE_FREQUENCY=str(hz))
    out = subprocess.run(program, env=env, capture_output=True, text=True, check=True).stdout
    if not os.path.exists(path):
        return out, None
    with open(path, "rb") as file:
        data = file.read()
    table, weights, samples = symbols(program[0]), {}, 0
    _, more, _, period_us = struct.unpack_from("<4Q", data)
    at = 8 * (2 + more)
    while True:
        count, depth = struct.unpack_from("<2Q", data, at)
        if count == 0:
            break
        pcs = struct.unpack_from(f"<{depth}Q", data, at + 16)
        names = [name_at(table, pc - (i > 0)) for i, pc in enumerate(pcs)]
        add(weights, innermost(names, functions), count)
        samples += count
        at += 16 + 8 * depth
    return out, Profile(weights, samples, samples * period_us * 1000, period_us * 1000) if samples else None


def with_perf(program, functions, hz, place, bench):
    path = os.path.join(place, "perf.data")
    out = subprocess.run(["perf", "record", "-q", "-e", "task-clock", "-F", str(hz), "--call-graph", "fp", "-o", path,
                          "--", *program], env=bench.env(), capture_output=True, text=True, check=True).stdout
    text = subprocess.run(["perf", "script", "-i", path, "-F", "period,ip,sym"], env=bench.env(), capture_output=True,
                          text=True, check=True).stdout
    weights, samples, cpu_ns = {}, 0, 0
    for sample in text.split("\n\n"):
        lines = sample.strip("\n").split("\n")
        if not lines[0].strip():
            continue
        names = [line.split(None, 1)[1] for line in lines[1:] if " " in line.strip()]
        add(weights, innermost(names, functions), 1)
        samples += 1
        cpu_ns += int(lines[0].split()[0])
    return out, Profile(weights, samples, cpu_ns, cpu_ns / samples) if samples else None


def perf_works(bench, place):
    return shutil.which("perf") and subprocess.run(
        ["perf", "record", "-q", "-e", "task-clock", "-o", f"{place}/try", "--", "true"],
        env=bench.env(), capture_output=True, check=False).returncode == 0


def judge(out, profile):
    """Worst function's difference in points and in standard errors, difference of the total and whether
    it is more than chance."""
    truth = {name: int(ns) for name, ns in re.findall(r"^function (\S+) (\d+)", out, re.M)}
    threads = int(re.search(r"^threads (\d+)", out, re.M).group(1))
    total = int(re.search(r"^total (\d+)", out, re.M).group(1))
    worst = (0, 0, "")
    for name, ns in truth.items():
        p = ns / total
        difference = profile.weights.get(name, 0) / profile.all - p
        sigmas = abs(difference) / math.sqrt(p * (1 - p) / profile.samples)
        worst = max(worst, (sigmas, 100 * difference, name))
    off = profile.cpu_ns / total - 1
    # Each thread's time is rounded to whole periods, by chance up or down: at most half a period of
    # standard error for each of them.
    chance = 3 * math.sqrt(threads) / 2 * profile.quantum_ns / total
    return worst, off, abs(off) > max(TOTAL, chance)


def cell(out, profile, tally):
    if profile is None:
        tally["none"] += 1
        return "no samples".center(30)
    (sigmas, points, name), off, far = judge(out, profile)
    tally["runs"] += 1
    tally["shares"] += sigmas > SIGMAS
    tally["totals"] += far
    return (f"{points:+6.2f} {sigmas:5.1f}{'!' if sigmas > SIGMAS else ' '}"
            f"{100 * off:+7.2f}{'!' if far else ' '} {name:8.8}")


def bench_truth(bench):
    program = os.path.join(bench.build, "bench/bench-truth")
    ways = {"neuroprof": with_neuroprof}
    with tempfile.TemporaryDirectory(prefix="neuroprof-truth-") as place:
        if os.path.exists(GPERFTOOLS):
            ways["gperftools"] = with_gperftools
        if perf_works(bench, place):
            ways["perf"] = with_perf
    rates = (499,) if bench.quick else RATES
    tallies = {way: {"runs": 0, "none": 0, "shares": 0, "totals": 0} for way in ways}
    print("truth: worst function's share in points off, standard errors; total CPU time in % off; which function\n"
          f"  (! = more than {SIGMAS} standard errors, or a total off by more than {100 * TOTAL:.0f} % and more than chance)")
    print("  case           Hz   " + "".join(way.ljust(32) for way in ways))
    for case in CASES:
        for hz in rates:
            cpu_ms = 1000 if bench.quick else 3000 if hz < 250 else 1500
            cells = {}
            for way in random.sample(list(ways), len(ways)):
                # In memory: a process that is profiled must not wait for a disk.
                with tempfile.TemporaryDirectory(prefix="neuroprof-truth-", dir=bench.spools) as place:
                    out, profile = ways[way]([program, case, str(cpu_ms)], FUNCTIONS, hz, place, bench)
                cells[way] = cell(out, profile, tallies[way])
            print(f"  {case:12}{hz:5}   " + "".join(cells[way].ljust(32) for way in ways).rstrip(), flush=True)
    for way, tally in tallies.items():
        print(f"  {way}: of {tally['runs']} runs {tally['shares']} with a share beyond {SIGMAS} standard errors, "
              f"{tally['totals']} with a wrong total" + (f"; {tally['none']} without a sample" if tally["none"] else ""))
