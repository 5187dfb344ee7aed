# SPDX-License-Identifier: MIT
"""Profiles held against programs that know their own (truth.c), under NeuroProf, gperftools and perf.

For every function: its share in the profile, its true share p, and how many standard errors
sqrt(p(1 - p) / samples) lie between them; of the functions of a case the worst is shown.  For the whole:
the CPU time that the profile claims, against the process's own clock.

Of so many comparisons some lie beyond three standard errors by chance (0.27 % of them).  What does is measured again
for four times as long: chance is then within three again in all but 0.27 %, while a fault doubles.
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
AGAIN = 4                   # times as long
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


class Verdict:
    """What one run shows: its worst function by standard errors, the total, and whether that is more than chance."""

    def __init__(self, out, profile):
        truth = {name: int(ns) for name, ns in re.findall(r"^function (\S+) (\d+)", out, re.M)}
        threads = int(re.search(r"^threads (\d+)", out, re.M).group(1))
        total = int(re.search(r"^total (\d+)", out, re.M).group(1))
        self.sigmas, self.points, self.name = 0, 0, ""
        self.comparisons = max(len(truth) - 1, 1)       # the last share follows from the others
        self.squares = []                               # of standard errors
        for name, ns in truth.items():
            p = ns / total
            difference = profile.weights.get(name, 0) / profile.all - p
            sigmas = abs(difference) / math.sqrt(p * (1 - p) / profile.samples)
            self.squares.append(sigmas ** 2)
            if sigmas >= self.sigmas:
                self.sigmas, self.points, self.name = sigmas, 100 * difference, name
        self.off = profile.cpu_ns / total - 1
        # Each thread's time is rounded to whole periods, by chance up or down: at most half a period of
        # standard error for each of them.
        chance = 3 * math.sqrt(threads) / 2 * profile.quantum_ns / total
        self.share_far, self.total_far = self.sigmas > SIGMAS, abs(self.off) > max(TOTAL, chance)

    def __str__(self):
        return (f"{self.points:+6.2f} {self.sigmas:5.1f}{'!' if self.share_far else ' '}"
                f"{100 * self.off:+7.2f}{'!' if self.total_far else ' '} {self.name:8.8}")


def run_once(bench, way, case, hz, cpu_ms):
    """None: no sample."""
    program = os.path.join(bench.build, "bench/bench-truth")
    # In memory: a process that is profiled must not wait for a disk.
    with tempfile.TemporaryDirectory(prefix="neuroprof-truth-", dir=bench.spools) as place:
        out, profile = way([program, case, str(cpu_ms)], FUNCTIONS, hz, place, bench)
    return Verdict(out, profile) if profile else None


def show_tally(way, verdicts, still_far):
    """One line for each profiler, and what chance alone would do."""
    seen = [verdict for verdict in verdicts if verdict]
    comparisons = sum(verdict.comparisons for verdict in seen)
    squares = [square for verdict in seen for square in verdict.squares]
    largest = max((abs(verdict.off) for verdict in seen), default=0)
    print(f"  {way:11} {sum(v.share_far for v in seen)} of {comparisons} shares beyond {SIGMAS} standard errors (chance: "
          f"{0.0027 * comparisons:.2f}), {still_far} again when {AGAIN} times as long; mean square "
          f"{sum(squares) / max(len(squares), 1):.2f} (chance: at most 1); {sum(v.total_far for v in seen)} of {len(seen)} "
          f"totals wrong, the worst {100 * largest:.1f} % off"
          + (f"; {len(verdicts) - len(seen)} without a sample" if len(seen) < len(verdicts) else ""))


def bench_truth(bench):
    ways = {"neuroprof": with_neuroprof}
    with tempfile.TemporaryDirectory(prefix="neuroprof-truth-") as place:
        if os.path.exists(GPERFTOOLS):
            ways["gperftools"] = with_gperftools
        if perf_works(bench, place):
            ways["perf"] = with_perf
    verdicts, far = {way: [] for way in ways}, []
    print("truth: worst function's share in points off, standard errors; total CPU time in % off; which function\n"
          f"  (! = more than {SIGMAS} standard errors, or a total off by more than {100 * TOTAL:.0f} % and more than chance)")
    print("  case           Hz   " + "".join(way.ljust(32) for way in ways))
    for case in CASES:
        for hz in (499,) if bench.quick else RATES:
            cpu_ms = 1000 if bench.quick else 3000 if hz < 250 else 1500
            cells = {}
            for way in random.sample(list(ways), len(ways)):
                verdict = run_once(bench, ways[way], case, hz, cpu_ms)
                verdicts[way].append(verdict)
                cells[way] = str(verdict) if verdict else "no samples".center(30)
                if verdict and verdict.share_far:
                    far.append((way, case, hz, cpu_ms))
            print(f"  {case:12}{hz:5}   " + "".join(cells[way].ljust(32) for way in ways).rstrip(), flush=True)
    still_far = {way: 0 for way in ways}
    for way, case, hz, cpu_ms in far:
        again = run_once(bench, ways[way], case, hz, AGAIN * cpu_ms)
        still_far[way] += again is not None and again.share_far
        print(f"  {case:12}{hz:5}   {way}, {AGAIN} times as long: {again}", flush=True)
    for way in ways:
        show_tally(way, verdicts[way], still_far[way])
    ours = verdicts["neuroprof"]
    bench.aim("every share within 3 standard errors, chance considered", still_far["neuroprof"] == 0 and None not in ours,
              f"{sum(v is not None and v.share_far for v in ours)} beyond, {still_far['neuroprof']} of them again")
    bench.aim("total CPU time within 1 %, or within the rounding to whole periods",
              not any(v is None or v.total_far for v in ours),
              f"the worst of {len(ours)} is {100 * max(abs(v.off) for v in ours if v):.2f} % off")
