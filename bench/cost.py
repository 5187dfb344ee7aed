# SPDX-License-Identifier: MIT
"""What sampling costs a whole program (cost.c): its CPU time in turns with and without, its threads, its
children, its memory; beside gperftools and perf.  Medians of pairs; what is aimed at is in the verdicts at the end."""
import glob
import os
import random
import shutil
import statistics
import subprocess
import tempfile

GPERFTOOLS = "/usr/lib/x86_64-linux-gnu/libprofiler.so.0"
HZ = 99
FLOOR = 1.05


class Cost:
    def __init__(self, bench, place):
        self.bench, self.place = bench, place
        self.program = os.path.join(bench.build, "bench/bench-cost")
        self.has_perf = shutil.which("perf") and subprocess.run(
            self.perf(HZ) + ["--", "true"], env=bench.env(), capture_output=True, check=False).returncode == 0

    def ways(self, hz, perf=True):
        """{name: (environment, words before the program)}"""
        ways = {"neuroprof": (self.bench.ours(hz, NEUROPROF_FOLD="off"), [])}
        if os.path.exists(GPERFTOOLS):
            ways["gperftools"] = (self.bench.env(LD_PRELOAD=GPERFTOOLS, CPUPROFILE_FREQUENCY=str(hz),
                                                 CPUPROFILE=f"{self.place}/gperftools"), [])
        if perf and self.has_perf:
            ways["perf record"] = (self.bench.env(), self.perf(hz) + ["--"])
        return ways

    def perf(self, hz):
        return ["perf", "record", "-q", "-e", "task-clock", "-F", str(hz), "--call-graph", "fp",
                "-o", f"{self.place}/perf.data"]

    def run(self, way, *arguments):
        env, before = way
        done = subprocess.run([*before, self.program, *map(str, arguments)], env=env, capture_output=True, text=True)
        for spool in glob.glob(f"{self.bench.spools}/*.spool"):
            os.unlink(spool)
        if done.returncode != 0:
            print(f"    cannot: {done.stderr.strip()}")
            return None
        return done.stdout

    def numbers(self, way, *arguments):
        words = (self.run(way, *arguments) or "").split()
        return dict(zip(words[::2], map(int, words[1::2])))


def middle(values):
    """Median and the standard error of it, from the middle half, so that outliers do not matter."""
    low, mid, high = statistics.quantiles(values, n=4)
    return mid, 1.2533 * (high - low) / 1.349 / len(values) ** 0.5


def show(name, values):
    mid, error = middle(values)
    return f"{name} {100 * mid:+.3f} ± {100 * error:.3f} %"


def floor_aim(bench, hz, ratios):
    """Decided when the 95 % interval of the median lies on one side."""
    mid, error = middle(ratios)
    met = True if mid + 2 * error <= FLOOR else False if mid - 2 * error > FLOOR else None
    bench.aim(f"a program at {hz} Hz takes at most {FLOOR} times as long as with an empty handler", met,
              f"{mid:.4f} ± {error:.4f}")


def bench_slices(cost):
    print("program: CPU time of equal slices of work, in turns within one process, stacks of about 30 frames;\n"
          "  against the slice of the same round with the clock stopped (median ± its standard error)")
    for hz in (99, 999):
        slice_us = 10500000 // hz // 2 if hz < 500 else 10500000 // hz
        rounds = (30 if cost.bench.quick else 150) * (1 if hz < 500 else 4)
        for name, way in cost.ways(hz, perf=False).items():
            out = cost.run(way, "slices", slice_us, rounds)
            if not out:
                continue
            rows = [tuple(map(int, line.split())) for line in out.splitlines()[:-1]]
            if name == "neuroprof":
                floor_aim(cost.bench, hz, [t / e for _, e, t in rows])
            per_tick = statistics.median(e - n for n, e, _ in rows) / (int(out.split()[-1]) / rounds)
            print(f"  {hz:3} Hz  {name:12}" + show("empty handler", [e / n - 1 for n, e, _ in rows]) + "   "
                  + show("as it is", [t / n - 1 for n, _, t in rows]) + "   "
                  + show("as it is against empty", [t / e - 1 for _, e, t in rows])
                  + f"   ({per_tick / 1000:.1f} us an empty tick)", flush=True)
        if cost.has_perf:
            bench_perf_slices(cost, hz, slice_us, rounds)
    print("  (gperftools' clock goes no faster than the kernel's tick, often 250 Hz; perf has no handler)")


def bench_perf_slices(cost, hz, slice_us, rounds):
    control, ack = f"{cost.place}/ctl", f"{cost.place}/ack"
    for fifo in (control, ack):
        if not os.path.exists(fifo):
            os.mkfifo(fifo)
    before = cost.perf(hz) + ["-D", "-1", "--control", f"fifo:{control},{ack}", "--"]
    out = cost.run((cost.bench.env(), before), "slices", slice_us, rounds, control, ack)
    if out:
        rows = [tuple(map(int, line.split())) for line in out.splitlines()[:-1]]
        print(f"  {hz:3} Hz  {'perf record':12}" + " " * 33 + show("as it is", [t / n - 1 for n, _, t in rows])
              + "   (its own process not counted)", flush=True)


def bench_calls(cost):
    rounds = 5 if cost.bench.quick else 15
    for what, count, meaning in (("threads", 1000, "pthread_create and join of an empty thread"),
                                 ("fork", 100, "fork, _exit and wait")):
        ways = {"": (cost.bench.env(), []), **cost.ways(HZ)}
        times = {name: [] for name in ways}
        for _ in range(rounds):
            for name in random.sample(list(ways), len(ways)):
                figures = cost.numbers(ways[name], what, count)
                if figures:
                    times[name].append(figures["ns"] / 1000)
        plain = statistics.median(times.pop(""))
        print(f"{what}: {meaning}, us, medians: {plain:.1f}; " + "; ".join(
            f"{name} {statistics.median(t):.1f} ({statistics.median(t) - plain:+.1f})"
            for name, t in times.items() if t), flush=True)


def bench_memory(cost):
    print(f"memory: kB added, {HZ} Hz (resident; of it private to the process)")
    for threads in (1, 64):
        cpu_ms = 500 if cost.bench.quick else 2000
        plain = cost.numbers((cost.bench.env(), []), "memory", threads, cpu_ms)
        cells = []
        for name, way in cost.ways(HZ, perf=False).items():
            figures = cost.numbers(way, "memory", threads, cpu_ms)
            if figures and plain:
                private = sum(figures[k] - plain[k] for k in ("Private_Clean", "Private_Dirty"))
                cells.append(f"{name} {figures['Rss'] - plain['Rss']:+} ({private:+})")
        print(f"  {threads:2} threads, {cpu_ms} ms of CPU time: " + "; ".join(cells), flush=True)


def bench_parts(cost):
    figures = cost.numbers((cost.bench.env(), []), "parts")
    print("parts: cycles, p50, of what a sample needs from the kernel: reading the thread's CPU clock "
          f"{figures['clock']} (of it, entering and leaving the kernel {figures['call']}); a signal to itself, "
          f"delivered and returned from {figures['signal']}")


def with_cost(measure):
    def bench_it(bench):
        with tempfile.TemporaryDirectory(prefix="neuroprof-cost-", dir=bench.place) as place:
            measure(Cost(bench, place))
    return bench_it


BENCHES = {"program": with_cost(bench_slices), "calls": with_cost(bench_calls), "memory": with_cost(bench_memory),
           "parts": with_cost(bench_parts)}
