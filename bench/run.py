#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Truth and cost, measured side by side with gperftools and perf where they are installed; at the end the aims that
were looked at, and whether they are met here and now.
usage: run.py --build BUILD_DIR [--quick] [truth|cost|handler|program|startup|calls|memory|parts|report|page]...
"""
import argparse
import os
import platform
import random
import shutil
import statistics
import subprocess
import tempfile
import time

from cost import BENCHES, middle
from page import bench_page
from report import bench_report
from truth import bench_truth

GPERFTOOLS = "/usr/lib/x86_64-linux-gnu/libprofiler.so.0"
DEPTHS = (10, 50, 200)
MODES = {"leaf": "only the innermost function changed",
         "known": "the whole stack changed, its path of calls recorded before",
         "new": "the whole stack changed, its path of calls never seen"}


class Bench:
    def __init__(self, build, quick, place):
        self.quick, self.place, self.aims = quick, place, []
        # As without NEUROPROF_SPOOL_DIR: in memory, if the system has such a place.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else place
        self.spools = tempfile.mkdtemp(prefix="neuroprof-bench-", dir=memory)
        self.build = build
        self.library = os.path.join(build, "src/agent/libneuroprof.so")
        self.handler = os.path.join(build, "bench/bench-handler")
        self.empty = os.path.join(build, "bench/bench-empty.so")

    def aim(self, text, met, figures):
        """MET: None = the figures do not decide it."""
        self.aims.append((text, {True: "met", False: "NOT met", None: "not decided"}[met], figures))

    def env(self, **more):
        return {"PATH": os.environ["PATH"], "LC_ALL": "C", **more}

    def ours(self, hz, **more):
        return self.env(LD_PRELOAD=self.library, NEUROPROF_HZ=str(hz), NEUROPROF_OUT=self.place,
                        NEUROPROF_SPOOL_DIR=self.spools, **more)

    def gperftools(self, hz):
        return self.env(LD_PRELOAD=GPERFTOOLS, CPUPROFILE=os.path.join(self.place, "gperftools.prof"),
                        CPUPROFILE_FREQUENCY=str(hz))

    def figures(self, program, env, *arguments):
        """The words and numbers that bench-handler prints; {} when this profiler cannot do it."""
        done = subprocess.run([program, *map(str, arguments)], env=env, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"    cannot: {done.stderr.strip()}")
            return {}
        for spool in os.listdir(self.spools):
            os.unlink(os.path.join(self.spools, spool))
        words = done.stdout.split()
        return dict(zip(words[::2], map(int, words[1::2])))


def handler_aims(bench, mode, row):
    limits = (500, 600, 1000) if mode == "leaf" else (900, 1800, 5000)
    if all(row):
        p50 = [f["p50"] for f in row]
        bench.aim(f"a sample, {MODES[mode]}: " + " / ".join(map(str, limits)) + " cycles",
                  all(f <= limit for f, limit in zip(p50, limits)), " / ".join(map(str, p50)))
        bench.aim("99 of 100 of them within 10 000 cycles", max(f["p99"] for f in row) <= 10000,
                  " / ".join(str(f["p99"]) for f in row))
    if mode == "leaf" and all(row):
        bench.aim("a process's first sample within 200 000 cycles", max(f["first"] for f in row) <= 200000,
                  " / ".join(str(f["first"]) for f in row))


def bench_handler(bench):
    samples, hz = 300 if bench.quick else 1000, 997
    settings = {"NEUROPROF_FOLD": "off", "NEUROPROF_MAX_OVERHEAD": "off"}
    profilers = {"cfi alone": (bench.handler + "-unwind", bench.env()),
                 "cfi and recording": (bench.handler + "-unwind", bench.env()),
                 "the same, cold": (bench.handler + "-unwind", bench.env()),
                 "neuroprof": (bench.handler, bench.ours(hz, **settings)),
                 "neuroprof, fp": (bench.handler + "-fp", bench.ours(hz, NEUROPROF_UNWINDER="fp", **settings))}
    if os.path.exists("/usr/lib/x86_64-linux-gnu/libunwind-x86_64.so.8"):
        profilers["neuroprof, libunwind"] = (
            bench.handler, bench.ours(hz, NEUROPROF_UNWINDER="libunwind", **settings))
    if os.path.exists(GPERFTOOLS):
        profilers["gperftools"] = (bench.handler, bench.gperftools(hz))
    own = {"cfi and recording": ["record"], "the same, cold": ["record", "cold"]}
    print("handler: cycles of one sample, stack recorded, p10 / p50 / p99; the kernel's part is not in them")
    print("  (cfi: one sample after the other, caches warm; cold: with caches full of something else; the others: by the "
          "profiler's own clock;")
    print("  p10 is what it takes undisturbed: other work on the machine empties the caches and delays the ticks)")
    print(" " * 28 + "".join(f"depth {depth}".rjust(26) for depth in DEPTHS) + "first sample".rjust(15))
    for mode, meaning in MODES.items():
        print(f"  {meaning}")
        for name, (program, env) in profilers.items():
            slow = name == "gperftools" or name.endswith("libunwind")     # 250 a second; a stack in 0.3 ms
            count = samples // 8 if slow else samples
            row = [bench.figures(program, env, mode, depth, max(count, 100),
                                 *own.get(name, [])) for depth in DEPTHS]
            if name == "neuroprof":
                handler_aims(bench, mode, row)
            cells = "".join((f"{f['p10']} / {f['p50']} / {f['p99']}" if f else "-").rjust(26) for f in row)
            print(f"    {name:24}{cells}{max((f.get('first', 0) for f in row), default=0):>15}", flush=True)


def start_true(env):
    silent = [(os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]    # gperftools talks
    start = time.perf_counter_ns()
    pid = os.posix_spawn("/bin/true", ["true"], env, file_actions=silent)
    os.waitpid(pid, 0)
    return time.perf_counter_ns() - start


def bench_startup(bench):
    rounds = 30 if bench.quick else 200
    ways = {"": bench.env(), "a library that does nothing": bench.env(LD_PRELOAD=bench.empty),
            "neuroprof, 99 Hz": bench.ours(99)}
    if os.path.exists(GPERFTOOLS):
        ways["gperftools, 99 Hz"] = bench.gperftools(99)
    added = {name: [] for name in ways}
    for _ in range(rounds):     # in another order each time: what ran before leaves its traces in the caches
        times = {name: start_true(ways[name]) for name in random.sample(list(ways), len(ways))}
        for name in ways:
            added[name].append(times[name] - (times[""] if name else 0))
    plain = statistics.median(added.pop("")) / 1e6
    print(f"startup: added to `true` ({plain:.2f} ms), median of {rounds} pairs, ms")
    for name, times in added.items():
        times.sort()
        print(f"  {name:30}{statistics.median(times) / 1e6:8.2f}   (half of them {times[len(times) // 4] / 1e6:.2f}"
              f" to {times[len(times) * 3 // 4] / 1e6:.2f})")
        if name.startswith("neuroprof"):
            mid, error = middle(times)
            met = True if mid + 2 * error <= 1e6 else False if mid - 2 * error > 1e6 else None
            bench.aim("added to `true` at most 1 ms", met, f"{mid / 1e6:.2f} ± {error / 1e6:.2f} ms")
    folded = len([f for f in os.listdir(bench.place) if f.endswith(".folded")])
    print(f"  in {folded} of {rounds} runs there was a sample, and a profile was folded")
    left = os.listdir(bench.spools)
    bench.aim("nothing is written when there is nothing to say", not left and folded < rounds / 2,
              f"{len(left)} spools left, {folded} profiles of {rounds} runs")


def main():
    parser = argparse.ArgumentParser(description="What sampling costs, beside others.")
    parser.add_argument("--build", required=True, help="a build directory, best of --buildtype=release")
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("what", nargs="*", help="truth, cost (all that follow), handler, program, startup, calls, "
                        "memory, parts; report: how fast the report reads and draws; page: the HTML page (default: truth, cost)")
    options = parser.parse_args()
    costs = {"handler": bench_handler, "program": BENCHES["program"], "startup": bench_startup,
             **{name: BENCHES[name] for name in ("calls", "memory", "parts")}}
    all_of_them = {"truth": [bench_truth], "report": [bench_report], "page": [bench_page], "cost": list(costs.values()),
                   **{name: [run] for name, run in costs.items()}}
    for name in options.what:
        if name not in all_of_them:
            parser.error(f"'{name}' is not one of {', '.join(all_of_them)}")
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="ascii")
                if line.startswith("model name")), "?")
    print(f"{platform.system()} {platform.release()}, {cpu}, {os.cpu_count()} processors, "
          f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="neuroprof-bench-") as place:
        bench = Bench(os.path.abspath(options.build), options.quick, place)
        start = time.monotonic()
        try:
            for name in options.what or ("truth", "cost"):
                for measure in all_of_them[name]:
                    measure(bench)
        finally:
            shutil.rmtree(bench.spools)
    if bench.aims:
        print(f"aims, after {time.monotonic() - start:.0f} s at a load of {os.getloadavg()[0]:.1f}:")
    for text, met, figures in bench.aims:
        print(f"  {met:12}{text}: {figures}")


if __name__ == "__main__":
    main()
