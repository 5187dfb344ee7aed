#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How far a verdict of neuroprof-bench can be trusted, measured: the same program against itself while the
other core is loaded, a slowdown that was put in, and a stall that only the tail can show.  The mean comparison
that hyperfine does is made of the same kind of runs beside it.
usage: verdict.py --build BUILD_DIR [--trials N] [--budget SECONDS] [aa|slower|tail]...
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

CALLED = ("KEEP", "REVERT", "REGRESSION")


class Load:
    """A process that never sleeps, on the last core; the benchmark may use all of them."""

    def __enter__(self):
        cores = sorted(os.sched_getaffinity(0))
        self.process = subprocess.Popen([sys.executable, "-c", "while True: pass"],
                                        preexec_fn=lambda: os.sched_setaffinity(0, cores[-1:]))
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Evidence:
    def __init__(self, options):
        self.options = options
        self.bench = os.path.join(options.build, "tools/bench/neuroprof-bench")
        self.program = os.path.join(options.build, "bench/bench-work")

    def command(self, *arguments):
        return " ".join([self.program, *map(str, arguments)])

    def ab(self, old, new, *more):
        out = tempfile.mktemp(suffix=".json")
        status = subprocess.run([self.bench, "ab", "-q", "-f", "json", "-o", out, "--inconclusive-ok", "--budget",
                                 str(self.options.budget), *more, "--", old, new], check=False).returncode
        with open(out, encoding="utf-8") as file:
            result = json.load(file)["benchmarks"][0]
        os.unlink(out)
        assert status in (0, 1, 4), f"exit status {status}"
        return result

    def hyperfine(self, command):
        """Mean seconds of a block of runs, as `hyperfine OLD NEW` would compare them."""
        out = tempfile.mktemp(suffix=".json")
        subprocess.run(["hyperfine", "-N", "--style", "none", "--runs", "10", "--export-json", out, command],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(out, encoding="utf-8") as file:
            mean = json.load(file)["results"][0]["mean"]
        os.unlink(out)
        return mean

    def count(self, what, trials, old, new, *more):
        """Verdicts of so many comparisons."""
        verdicts, pairs, begun = {}, [], time.monotonic()
        for _ in range(trials):
            result = self.ab(old, new, *more)
            verdicts[result["verdict"]] = verdicts.get(result["verdict"], 0) + 1
            pairs.append(len(result["arms"][0]["runs"]))
        seconds = (time.monotonic() - begun) / trials
        text = ", ".join(f"{n} {name}" for name, n in sorted(verdicts.items()))
        print(f"{what}: {text}; {statistics.median(pairs):.0f} pairs, {seconds:.1f} s each (median, mean)", flush=True)
        return verdicts

    def aa(self):
        trials = self.options.trials
        work = self.command(10)
        print(f"A/A, {trials} trials, the other core loaded: the same program twice, 10 ms of CPU a run")
        with Load():
            for metric in ("cpu_ms", "wall_ms"):  # the default for such a program, and the harder one
                verdicts = self.count(f"  neuroprof-bench, by {metric}", trials, work, work, "--metric", metric)
                wrong = sum(verdicts.get(name, 0) for name in CALLED)
                print(f"    called a change: {wrong} of {trials} = {100 * wrong / trials:.1f} % (aim <= 2 %)")
            if shutil.which("hyperfine"):
                ratios = [self.hyperfine(work) / self.hyperfine(work) - 1 for _ in range(trials)]
                for limit in (5, 10):
                    wrong = sum(abs(r) > limit / 100 for r in ratios)
                    print(f"  hyperfine, mean of 10 against mean of 10, more than {limit} % apart: {wrong} of "
                          f"{trials} = {100 * wrong / trials:.1f} %")
            else:
                print("  hyperfine is not installed: no comparison beside it")

    def slower(self):
        trials = max(self.options.trials // 10, 10)
        print(f"a slowdown of 10 % put in, {trials} trials, the other core loaded")
        with Load():
            verdicts = self.count("  neuroprof-bench", trials, self.command(10), self.command(11))
        found = sum(verdicts.get(name, 0) for name in ("REVERT", "REGRESSION"))
        print(f"    found: {found} of {trials} = {100 * found / trials:.0f} % (aim >= 90 % within 60 s)")

    def tail(self):
        trials = max(self.options.trials // 40, 3)
        print(f"a stall in 2 % of 400 requests a run, the median the same, {trials} trials")
        found = same = 0
        for _ in range(trials):
            result = self.ab(self.command("requests"), self.command("requests", "stall"))
            by_name = {metric["metric"]: metric["verdict"] for metric in result["metrics"]}
            found += by_name["request_p99_ms"] == "REGRESSION"
            same += by_name["request_p50_ms"] not in CALLED
        print(f"    p99 REGRESSION in {found} of {trials}; p50 called a change in {trials - same} of {trials}")


def main():
    parser = argparse.ArgumentParser(description="How far a verdict can be trusted.")
    parser.add_argument("--build", required=True, help="a build directory")
    parser.add_argument("--trials", type=int, default=200, help="A/A comparisons (200)")
    parser.add_argument("--budget", type=float, default=10, help="seconds a comparison may take (10)")
    parser.add_argument("what", nargs="*", help="aa, slower, tail (all)")
    options = parser.parse_args()
    evidence = Evidence(options)
    for what in options.what or ("aa", "slower", "tail"):
        if what not in ("aa", "slower", "tail"):
            parser.error(f"'{what}' is none of aa, slower, tail")
        getattr(evidence, what)()


main()
