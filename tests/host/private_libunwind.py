#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No symbol of the host binds to the libunwind that the libunwind backend loads.

libunwind exports _Unwind_* and backtrace.  Were it a dependency of the preloaded library, a C++ library
that is loaded later would throw through it.  The loader itself tells what it bound (LD_DEBUG=bindings).
The control run shows that the check can fail: with libunwind in the global scope the hijack is seen.
usage: private_libunwind.py LIBNEUROPROF PROGRAM THROWING_LIBRARY
"""
import os
import re
import subprocess
import sys
import tempfile

library, program, throwing = sys.argv[1:4]
BINDING = re.compile(r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: normal symbol `([^']+)'")


def run(preload, **more):
    env = dict(os.environ, LD_PRELOAD=preload, LD_DEBUG="bindings", NEUROPROF_FOLD="off", NEUROPROF_HZ="1000", **more)
    result = subprocess.run([program, throwing], env=env, capture_output=True, text=True, timeout=120)
    if "cannot be preloaded" in result.stderr:
        print("libunwind.so.8 is not installed")
        sys.exit(77)
    bound = BINDING.findall(result.stderr)
    assert bound, "the loader told of no binding: nothing was checked"
    hijacked = [(who, name) for who, to, name in bound
                if "libunwind" in to and "libunwind" not in who and "libneuroprof" not in who]
    loaded = any("libunwind" in who for who, _, _ in bound)
    return result, hijacked, loaded


with tempfile.TemporaryDirectory() as spools:
    os.chmod(spools, 0o700)
    plain = subprocess.run([program, throwing], capture_output=True, text=True, timeout=120)
    result, hijacked, loaded = run(library, NEUROPROF_UNWINDER="libunwind", NEUROPROF_SPOOL_DIR=spools)
    assert loaded, "the backend did not load libunwind: nothing was checked"
    assert not hijacked, f"bound to our libunwind: {hijacked[:5]}"
    assert (result.returncode, result.stdout) == (plain.returncode, plain.stdout), (result.returncode, result.stdout)
    print(f"libunwind loaded, 0 of the host's symbols bound to it; output: {plain.stdout.splitlines()[-1]}")
    _, control, _ = run("libunwind.so.8")
    assert control, "the control saw no hijack: this check could not fail"
    print(f"control (libunwind in the global scope): {len(control)} bindings hijacked, "
          f"such as {control[0][1]} of {os.path.basename(control[0][0])}")
