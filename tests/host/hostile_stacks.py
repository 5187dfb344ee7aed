#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Coroutines, small signal stacks, survived and fatal crashes at 10 kHz: as without us, nothing overwritten.
usage: hostile_stacks.py BUILD_DIR
"""
import re
import sys

from hosttest import Build, Place, run

build = Build(sys.argv[1])
program = build.program("host_stacks")
# What the handler may need on a foreign stack besides the kernel's signal frame, as docs/signal-safety.md says: half of
# a 16 KiB coroutine is the host's own.  Measured: 1.1 KiB (fp, cfi); libunwind 2.0 KiB, but 5.0 KiB where it meets code
# for the first time, which happens on the foreign stack once in some forty runs.
ROOM = {"cfi": 2048, "fp": 2048, "libunwind": 6144}

for case in ("first", "coroutines", "small-thread", "signal-stack", "survive", "crash-twice", "crash-told"):
    without = run([program, case])
    for unwinder in ("cfi", "fp", "libunwind"):
        with Place() as place:
            env = place.env(build, NEUROPROF_HZ="10000", NEUROPROF_UNWINDER=unwinder, NEUROPROF_MAX_OVERHEAD="100")
            result = run([program, case], env=env)
            if unwinder == "libunwind" and b"libunwind-x86_64.so.8 cannot be used" in result.stderr:
                continue
            assert (result.returncode, result.stdout) == (without.returncode, without.stdout), \
                f"{case}, {unwinder}: {result}\nis not\n{without}"
            used = re.findall(rb"(\d+) of \d+ bytes used, a signal frame may have (\d+)", result.stderr)
            for bytes_used, frame in used:
                assert int(bytes_used) - int(frame) < ROOM[unwinder], f"{case}, {unwinder}: the handler used {bytes_used} bytes"
            print(f"{case}, {unwinder}: as without us, status {result.returncode}. "
                  f"{result.stderr.decode().strip()}".replace("\n", "; "), flush=True)
