#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""neuroprof-report's outputs, byte for byte: report.py BUILD_ROOT [--update].

The inputs lie in report/, what they must give beside them.  In SVG files the style and the script
are left out: they are in flamegraph/assets/ already.  After an intended change: --update, and read
the diff.
"""
import difflib
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent / "report"
TOOL = pathlib.Path(sys.argv[1]).resolve() / "tools" / "neuroprof-report"
UPDATE = "--update" in sys.argv[2:]

CASES = []
for name in ("vfs_read", "service", "hostile"):
    file = f"{name}.folded"
    CASES += [(f"{name}.txt", [file, "--no-svg"]), (f"{name}.json", [file, "--no-svg", "-f", "json"]),
              (f"{name}.md", [file, "--no-svg", "-f", "markdown"]),
              (f"{name}.csv", [file, "--no-svg", "-f", "csv", "-n", "all"]),
              (f"{name}.svg", [file, "--svg", "-"])]
CASES += [
    ("effort.txt", ["service.folded", "--no-svg", "-c", "effort.yaml"]),
    ("effort.json", ["service.folded", "--no-svg", "-c", "effort.yaml", "-f", "json", "-n", "2"]),
    ("effort.csv", ["service.folded", "--no-svg", "-c", "effort.yaml", "-f", "csv"]),
    ("by-name.txt", ["service.folded", "--no-svg", "-s", "name", "-n", "3"]),
    ("summed.txt", ["vfs_read.folded", "vfs_read.folded", "--no-svg"]),
    ("icicle.svg", ["service.folded", "--svg", "-", "--icicle", "--width", "640", "--title", "A & B <c>",
                    "--minwidth", "8"]),
]


def strip_assets(text):
    return re.sub(r"(<(style|script)><!\[CDATA\[).*?(\]\]></\2>)", r"\1\3", text, flags=re.S)


failed = 0
for expected_name, args in CASES:
    run = subprocess.run([TOOL, *args], cwd=HERE, capture_output=True, timeout=60)
    got = run.stdout.decode("utf-8")    # whatever the names are, the output is UTF-8
    if expected_name.endswith(".svg"):
        got = strip_assets(got)
    path = HERE / expected_name
    if UPDATE:
        path.write_text(got)
    expected = path.read_text() if path.exists() else ""
    if run.returncode != 0 or run.stderr or got != expected:
        failed += 1
        print(f"{expected_name}: exit {run.returncode}, stderr {run.stderr!r}")
        sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), got.splitlines(True),
                                                   expected_name, "got"))
print(f"{len(CASES) - failed} of {len(CASES)} outputs are as checked in")
sys.exit(1 if failed else 0)
