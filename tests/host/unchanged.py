#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The host sees of itself what it sees without us: heap calls, threads, descriptors, masks, errno, xmm.
usage: unchanged.py BUILD_DIR
"""
import sys

from hosttest import Build, Place, inclusive, outcome, read_folded, run

build = Build(sys.argv[1])
program = build.program("unchanged")
without = run([program])
for settings in ({}, {"NEUROPROF_CLOCK": "timer"}, {"NEUROPROF_CLOCK": "itimer"}, {"NEUROPROF_UNWINDER": "fp"},
                 {"NEUROPROF_UNWINDER": "libunwind"}):
    with Place() as place:
        result = run([program], env=place.env(build, NEUROPROF_HZ="5000", **settings))
        status, out, err = outcome(result)
        if settings.get("NEUROPROF_UNWINDER") == "libunwind":
            # Loading a library needs the heap, and libunwind opens a pipe: documented in libneuroprof.so(7).
            out = without.stdout.splitlines(True)[:2] + out.splitlines(True)[2:]
            out = b"".join(out)
        assert (status, out, err) == outcome(without), f"{settings}:\n{result}\nis not\n{without}"
        stacks = read_folded(f"{place.out}/{place.folded()[0]}")
        samples = inclusive(stacks, "spin")
        assert samples > 500, f"{settings}: only {samples} samples: nothing was put to the test"
        print(f"{settings or 'default'}: unchanged under {samples} samples")
print(without.stdout.decode())
