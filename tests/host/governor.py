#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NEUROPROF_MAX_OVERHEAD: fewer ticks when the handler would cost more, weights that stay right.

A bound of 0.01 % cannot be kept at 10 000 Hz on any machine (it is 10 ns a tick), so ticks must become
rarer; with the bound off they may not.
usage: governor.py BUILD_DIR
"""
import subprocess
import sys

from hosttest import Build, Place, read_folded, run

build = Build(sys.argv[1])
HZ, SECONDS = 10000, 1.5
program = ["/usr/bin/env", "python3", "-c",
           f"import time\nwhile time.process_time() < {SECONDS}: sum(range(10000))"]


def profile(bound):
    with Place() as place:
        result = run([build.neuroprof, "record", "-F", str(HZ), "-o", place.out, "--", *program],
                     env={**place.env(build, NEUROPROF_MAX_OVERHEAD=bound), "LD_PRELOAD": ""})
        assert result.returncode == 0, result
        name = next(f for f in place.folded() if "python" in f)
        periods = sum(read_folded(f"{place.out}/{name}").values())
        path = f"{place.out}/{name.replace('.folded', '.pb.gz')}"
        text = subprocess.run([build.report, "--no-svg", "--format", "json", path], capture_output=True, check=True,
                              text=True).stdout
        return periods, text


periods, text = profile("0.01")
assert abs(periods / HZ - SECONDS) < 0.05 * SECONDS, f"{periods / HZ} s of {SECONDS} s"
assert "the rate was halved" in text, text[:2000]
free, text = profile("off")
assert abs(free / HZ - SECONDS) < 0.05 * SECONDS, f"{free / HZ} s of {SECONDS} s"
assert "halved" not in text, text[:2000]
assert "overhead" in text, text[:2000]
print(f"bound 0.01 %: {periods / HZ:.3f} s counted of {SECONDS} s; no bound: {free / HZ:.3f} s")
