#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A wrong setting: one line that names variable, value and what is accepted; the host runs on, unprofiled.
usage: configuration.py BUILD_DIR
"""
import os
import sys

from hosttest import Build, Place, run

build = Build(sys.argv[1])
WRONG = [
    ("NEUROPROF_HZ", "0"), ("NEUROPROF_HZ", "10001"), ("NEUROPROF_HZ", "fast"), ("NEUROPROF_HZ", ""),
    ("NEUROPROF_HZ", "99 "), ("NEUROPROF_HZ", "1e3"), ("NEUROPROF_HZ", "-5"), ("NEUROPROF_HZ", "1K"),
    ("NEUROPROF_HZ", "9" * 40), ("NEUROPROF_CLOCK", "wall"), ("NEUROPROF_UNWINDER", "dwarf"),
    ("NEUROPROF_FOLD", "yes"), ("NEUROPROF_START", "1"), ("NEUROPROF_CHILDREN", "maybe"),
    ("NEUROPROF_SPOOL_MAX", "12"), ("NEUROPROF_SPOOL_MAX", "64MB"), ("NEUROPROF_QUIET", "on"),
    ("NEUROPROF_DEBUG", "2"), ("NEUROPROF_MAX_OVERHEAD", "0"), ("NEUROPROF_MAX_OVERHEAD", "101"),
    ("NEUROPROF_MAX_OVERHEAD", "2%"), ("NEUROPROF_MAX_OVERHEAD", "0.001"), ("NEUROPROF_MAX_OVERHEAD", "."),
    ("NEUROPROF_SPOOL_DIR", "/proc/nowhere"), ("NEUROPROF_SPOOL_DIR", "/tmp"),
    ("NEUROPROF_OUT", "x" * 600), ("NEUROPROF_HZ", "\x1b[31mred\n"),
]

for name, value in WRONG:
    with Place() as place:
        result = run(["/bin/sh", "-c", "echo out; exit 3"], env={**place.env(build), name: value})
        lines = result.stderr.decode().splitlines()
        assert (result.returncode, result.stdout) == (3, b"out\n"), (name, value, result)
        assert len(lines) == 1, (name, value, lines)
        assert lines[0].startswith("neuroprof: ") and name in lines[0], lines
        assert "expected" in lines[0] or "must be" in lines[0], lines
        assert lines[0].isprintable(), lines
        assert not place.folded() and not place.litter(), (name, place.folded())
        print(lines[0][:150])

# Right ones say nothing.
RIGHT = {"NEUROPROF_HZ": "10000", "NEUROPROF_CLOCK": "timer", "NEUROPROF_UNWINDER": "fp", "NEUROPROF_FOLD": "background",
         "NEUROPROF_START": "off", "NEUROPROF_CHILDREN": "off", "NEUROPROF_SPOOL_MAX": "1M", "NEUROPROF_MAX_OVERHEAD": "0.5", "NEUROPROF_QUIET": "0"}
with Place() as place:
    result = run(["/bin/true"], env={**place.env(build), **RIGHT})
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b""), result
with Place() as place:
    result = run(["/bin/true"], env={**place.env(build), "NEUROPROF_HZ": "x", "NEUROPROF_QUIET": "1"})
    assert (result.returncode, result.stderr) == (0, b""), result
    assert os.listdir(place.out) == []
# One that does not exist is named, with the nearest one that does; once for a tree, and the program is profiled.
for name, nearest in (("NEUROPROF_HERTZ", "NEUROPROF_HZ"), ("NEUROPROF_SPOOLDIR", "NEUROPROF_SPOOL_DIR"),
                      ("NEUROPROF_UNWIND", "NEUROPROF_UNWINDER"), ("NEUROPROF_", "NEUROPROF_"),
                      ("NEUROPROF_" + "Z" * 300, "NEUROPROF_"), ("NEUROPROF_\x1b[31m", "NEUROPROF_")):
    with Place() as place:
        script = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; /bin/echo out; exit 3"
        result = run(["/bin/sh", "-c", script], env={**place.env(build), "NEUROPROF_HZ": "997", name: "x"})
        lines = result.stderr.decode().splitlines()
        assert (result.returncode, result.stdout) == (3, b"out\n"), result
        assert len(lines) == 1 and lines[0].startswith(f"neuroprof: {name[:20].split(chr(27))[0]}"), lines
        assert nearest in lines[0].split("nearest one is ")[1] and lines[0].isprintable(), lines
        assert place.folded(), "it was not profiled"
        print(lines[0][:150])
print(f"{len(WRONG)} wrong settings, one line each")
