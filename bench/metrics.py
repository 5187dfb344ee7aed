#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a call of <neuroprof/neuroprof.h> costs: counter, gauge, histogram, span, without the library and with it, in
turns, beside the aims.  With it twice: counting alone, and while the thread is sampled as well.
usage: metrics.py --build BUILD_DIR [--rounds N]
"""
import argparse
import os
import platform
import re
import statistics
import subprocess
import tempfile

KINDS = ("counter", "gauge", "histogram", "span")
AIMS = {"counter": 20, "span": 150}  # ns with the library
BRANCH = 2  # ns: a call that finds no library is a load and a branch that is never taken


def measure(program, env):
    """{kind: ns a call} of a million calls each."""
    out = subprocess.run([program, "cost"], env=env, capture_output=True, text=True, check=True).stdout
    return {kind: float(re.search(rf"^{kind}_ns=(\S+)$", out, re.M).group(1)) for kind in KINDS}


def middle(values):
    """Median, and the range of the middle half."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{statistics.median(values):7.1f}  {low:.1f} to {high:.1f}"


def main():
    parser = argparse.ArgumentParser(description="What a call of the metrics' header costs.")
    parser.add_argument("--build", required=True, help="a build directory")
    parser.add_argument("--rounds", type=int, default=15, help="of a million calls of each kind (15)")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds: at least 2")
    program = os.path.join(options.build, "tests/measure/metered")
    library = os.path.abspath(os.path.join(options.build, "src/agent/libneuroprof.so"))
    bare = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    with tempfile.TemporaryDirectory(prefix="neuroprof-bench-") as place:
        ours = {**bare, "LD_PRELOAD": library, "NEUROPROF_OUT": place, "NEUROPROF_QUIET": "1"}
        ways = {"without the library": bare, "with it": {**ours, "NEUROPROF_START": "off"},
                "with it, sampled at 99 Hz": ours}
        found = {way: {kind: [] for kind in KINDS} for way in ways}
        for _ in range(options.rounds):  # in turns: what slows the machine slows all three
            for way, env in ways.items():
                for kind, ns in measure(program, env).items():
                    found[way][kind].append(ns)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {options.rounds} rounds in turns, a million calls each, the "
          "loop's own cost included")
    print("ns a call: median, and the middle half of the rounds")
    for kind in KINDS:
        print(f"  {kind}" + (" (begin and end)" if kind == "span" else ""))
        for way in ways:
            print(f"    {way:28s}{middle(found[way][kind])}")
    for kind, aim in AIMS.items():
        got = statistics.median(found["with it"][kind])
        print(f"aim: {kind} with the library <= {aim} ns: {'met' if got <= aim else 'NOT met'} ({got:.1f})")
    worst = max(statistics.median(found["without the library"][kind]) for kind in KINDS)
    print(f"aim: without the library a branch, <= {BRANCH} ns with the loop: {'met' if worst <= BRANCH else 'NOT met'} "
          f"(at most {worst:.1f})")


main()
