#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""<neuroprof/neuroprof.h>: nothing is counted before start and after stop; harmless without the library.
usage: startstop.py BUILD_DIR
"""
import sys

from hosttest import Build, Place, inclusive, read_folded, run

build = Build(sys.argv[1])
program = build.program("startstop")
HZ = 997

without = run([program])
assert (without.returncode, without.stdout, without.stderr) == (0, b"start 0, stop 0\n", b""), without
with Place() as place:
    result = run([program], env=place.env(build, NEUROPROF_HZ=str(HZ), NEUROPROF_START="off"))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"start 1, stop 1\n", b""), result
    stacks = read_folded(f"{place.out}/{place.folded()[0]}")
    wanted, unwanted = inclusive(stacks, "wanted"), inclusive(stacks, "unwanted")
    assert unwanted == 0, stacks
    # 0.3 s of CPU time by the program's own clock, one period of rounding at each end.
    assert abs(wanted - 0.3 * HZ) <= 0.01 * HZ + 2, (wanted, 0.3 * HZ)
    print(f"wanted() {wanted} periods of {0.3 * HZ:.0f}, unwanted() {unwanted}")
