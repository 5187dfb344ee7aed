#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Storms of processes, threads and modules: no hang, no crash, every result as without us.
usage: hostile_storms.py BUILD_DIR [--seconds S] [--hz HZ,...] [CASE...]
"""
import argparse
import os
import threading

from hosttest import Build, Place, read_folded, run

parser = argparse.ArgumentParser()
parser.add_argument("build")
parser.add_argument("--seconds", type=float, default=1, help="of each case at each rate")
parser.add_argument("--hz", default="997,10000")
parser.add_argument("cases", nargs="*")
args = parser.parse_intermixed_args()
build = Build(args.build)
program, plugin = build.program("host_storm"), build.program("storm_plugin.so")
CASES = args.cases or ["processes", "forks-from-threads", "large-forks", "threads", "churn", "modules"]
KEPT = 20


class Sweeper(threading.Thread):
    """One ended process's spool is as any other's: some are kept to be folded, the rest is counted and removed as the
    storm goes on, which leaves thousands of them a second."""

    def __init__(self, spools):
        super().__init__()
        self.spools, self.kept, self.removed, self.ending = spools, set(), 0, threading.Event()
        self.start()

    def sweep(self):
        for name in os.listdir(self.spools):
            if name in self.kept or os.path.exists("/proc/" + name.split(".", maxsplit=1)[0]):
                continue
            if len(self.kept) < KEPT:
                self.kept.add(name)
            else:
                os.unlink(os.path.join(self.spools, name))
                self.removed += 1

    def run(self):
        while not self.ending.wait(1):
            self.sweep()

    def finish(self):
        self.ending.set()
        self.join()
        return self.removed


def storm(case, hz, without):
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ=hz, NEUROPROF_FOLD="off", NEUROPROF_MAX_OVERHEAD="100")
        sweeper = Sweeper(place.spools)
        try:
            result = run([program, case, str(args.seconds), plugin], env=env, timeout=args.seconds + 120)
        finally:
            removed = sweeper.finish()
        assert (result.returncode, result.stdout) == (5, without.stdout), f"{case}, {hz} Hz: {result}\n{without}"
        # The program's own is the largest.
        left = sorted(place.litter(), key=lambda name: -os.stat(os.path.join(place.spools, name)).st_blocks)
        for name in left[KEPT:]:
            os.unlink(os.path.join(place.spools, name))
        recovered = run([build.neuroprof, "recover", place.spools], env={**env, "LD_PRELOAD": ""}, timeout=300)
        assert recovered.returncode == 0 and not place.litter(), recovered
        total = sum(sum(read_folded(f"{place.out}/{name}").values()) for name in place.folded())
        assert total > 0, f"{case}: {total} periods: nothing was put to the test"
        print(f"{case}, {args.seconds:g} s at {hz} Hz: as without us, {removed + len(left)} spools, {total} periods in "
              f"{min(KEPT, len(left))} of them. With us {result.stderr.decode().strip() or '-'}, in a second without "
              f"{plain.stderr.decode().strip() or '-'}", flush=True)


for what in CASES:
    plain = run([program, what, "1", plugin], timeout=120)
    assert plain.returncode == 5, plain
    for rate in args.hz.split(","):
        storm(what, rate, plain)
