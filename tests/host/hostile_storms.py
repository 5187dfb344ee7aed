#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Storms of processes, threads and modules: no hang, no crash, every result as without us.
usage: hostile_storms.py BUILD_DIR [SECONDS [CASE]]
"""
import os
import sys

from hosttest import Build, Place, read_folded, run

build = Build(sys.argv[1])
program, plugin = build.program("host_storm"), build.program("storm_plugin.so")
seconds = sys.argv[2] if len(sys.argv) > 2 else "1"
CASES = sys.argv[3:] or ["processes", "forks-from-threads", "large-forks", "threads", "modules"]

for case in CASES:
    without = run([program, case, seconds, plugin], timeout=float(seconds) + 120)
    assert without.returncode == 5, without
    for hz in ("997", "10000"):
        with Place() as place:
            env = place.env(build, NEUROPROF_HZ=hz, NEUROPROF_FOLD="off", NEUROPROF_MAX_OVERHEAD="100")
            result = run([program, case, seconds, plugin], env=env, timeout=float(seconds) + 120)
            assert (result.returncode, result.stdout) == (5, without.stdout), f"{case}, {hz} Hz: {result}\n{without}"
            spools = len(place.litter())
            # One process's spool is as any other's: fold some of them.
            for name in place.litter()[20:]:
                os.unlink(os.path.join(place.spools, name))
            recovered = run([build.neuroprof, "recover", place.spools], env={**env, "LD_PRELOAD": ""}, timeout=300)
            assert recovered.returncode == 0 and not place.litter(), recovered
            total = sum(sum(read_folded(f"{place.out}/{name}").values()) for name in place.folded())
            assert total > 0, f"{case}: {total} periods: nothing was put to the test"
            print(f"{case} {hz} Hz: as without us, {spools} spools, {total} periods. With us "
                  f"{result.stderr.decode().strip() or '-'}, without {without.stderr.decode().strip() or '-'}", flush=True)
