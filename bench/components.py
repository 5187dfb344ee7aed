#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The method's loop on the four components: baseline and targets, the top five hotspots, a planted defect
found and its fix kept.  Figures and verdicts, as the tools print them.
usage: components.py --build BUILD_DIR [--out DIR] [--budget SECONDS] [COMPONENT...]
"""
import argparse
import glob
import os
import shlex
import shutil
import subprocess
import sys
import time

# The defect that is planted, and what is judged: where it hurts, not where it is.
DEFECTS = {
    "ryot": ("--defect sort", "inter_token_p50_ms"),
    "sigmalang": ("--defect convoy", "compress_mb_per_s"),
    "sigmavault": ("--defect weak-hash", "reads_per_s"),
    "agents": ("--defect poll", "task_p50_ms"),
}
SAMPLE = {"ryot": "ryot/ryot"}
# Optimisations that are more than a defect taken away: arguments, what they are to gain, and whether results differ.
OPTIMISATIONS = {
    "ryot": [("--precision int8", "ttft_p50_ms", True)],
}


class Loop:
    def __init__(self, options):
        self.options = options
        self.bench = os.path.join(options.build, "tools/bench/neuroprof-bench")
        self.neuroprof = os.path.join(options.build, "tools/neuroprof")
        self.report = os.path.join(options.build, "tools/neuroprof-report")
        self.samples = os.path.join(options.build, "samples")
        self.files = os.path.join(os.path.dirname(os.path.abspath(__file__)), "components")
        self.failed = []

    def show(self, command, accepted=(0,)):
        print("\n$ " + " ".join(shlex.quote(os.path.relpath(c) if os.path.isabs(c) else c) for c in command),
              flush=True)
        status = subprocess.run(command, check=False).returncode
        if status not in accepted:
            self.failed.append(f"{' '.join(command[:3])}: exit status {status}")
        return status

    @staticmethod
    def profile(directory):
        """Of the process tree where there was one, else of the only process."""
        return (glob.glob(directory + "/*.tree.pb.gz") + glob.glob(directory + "/*.pb.gz") + ["no profile"])[0]

    def component(self, name):
        print(f"\n== {name}", flush=True)
        file = os.path.join(self.files, name + ".yaml")
        out = os.path.join(self.options.out, name)
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        # 5: a target is missed, which is a result.
        self.show([self.bench, "run", "-q", "--samples", self.samples, file], accepted=(0, 5))
        program = os.path.join(self.samples, SAMPLE.get(name, name))
        defect, metric = DEFECTS[name]
        self.show([self.neuroprof, "record", "-q", "-F", "499", "-o", os.path.join(out, "before"), "--", program,
                   *defect.split()])
        self.show([self.report, "--top", "5", "--svg", os.path.join(out, "before.svg"),
                   self.profile(os.path.join(out, "before"))])
        self.show([self.bench, "ab", "-q", "--file", file, "--samples", self.samples, "--metric", metric,
                   "--budget", str(self.options.budget), "--profile", os.path.join(out, "ab"),
                   "--", defect, ""], accepted=(0, 3, 5))
        for arguments, metric, differs in OPTIMISATIONS.get(name, []):
            self.show([self.bench, "ab", "-q", "--file", file, "--samples", self.samples, "--metric", metric,
                       "--budget", str(self.options.budget / 2), *["--results-differ"] * differs, "--", "", arguments],
                      accepted=(0, 3, 5))


def main():
    parser = argparse.ArgumentParser(description="The loop on the four components.")
    parser.add_argument("--build", required=True, help="a build directory")
    parser.add_argument("--out", default="build/components", help="where profiles and pictures go")
    parser.add_argument("--budget", type=float, default=40, help="seconds for each comparison's timed runs")
    parser.add_argument("components", nargs="*", default=[], help="ryot, sigmalang, sigmavault, agents (all)")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.out = os.path.abspath(options.out)
    unknown = set(options.components) - set(DEFECTS)
    if unknown:
        parser.error(f"no such component: {', '.join(sorted(unknown))}")
    loop, begun = Loop(options), time.monotonic()
    for name in options.components or DEFECTS:
        loop.component(name)
    print(f"\n{time.monotonic() - begun:.0f} s; pictures in {os.path.relpath(options.out)}")
    for failure in loop.failed:
        print(f"components.py: {failure}", file=sys.stderr)
    sys.exit(1 if loop.failed else 0)


main()
