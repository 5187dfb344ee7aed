#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""convert, merge and lint of neuroprof-report, byte for byte: convert.py BUILD_ROOT [--update].

The inputs lie in convert/, what they must give beside them.  After an intended change: --update,
and read the diff.
"""
import difflib
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent / "convert"
TOOL = pathlib.Path(sys.argv[1]).resolve() / "tools" / "neuroprof-report"
UPDATE = "--update" in sys.argv[2:]
HOSTILE = "../report/hostile.folded"

# Expected output, exit status, arguments, words on standard error.
CASES = [(f"small.{form}", 0, ["convert", "--to", form, "input.folded"], "")
         for form in ("folded", "speedscope", "firefox", "callgrind", "json", "csv", "markdown")]
CASES += [(f"hostile.{form}", 0, ["convert", "--to", form, HOSTILE], "")
          for form in ("speedscope", "firefox", "callgrind", "json", "csv", "markdown")]
CASES += [
    ("perf.folded", 0, ["convert", "--to", "folded", "small.perf"], "1 of other events (page-faults)"),
    ("perf.csv", 0, ["convert", "--to", "csv", "--event", "cycles", "small.perf"], ""),
    ("faults.folded", 0, ["convert", "--to", "folded", "--event", "page-faults", "small.perf"], ""),
    ("merged.folded", 0, ["merge", "-t", "folded", "-o", "-", "input.folded", "input.folded"], ""),
    ("kept.folded", 1, ["merge", "-k", "-t", "folded", "-o", "-", "input.folded", "../report/service.svg"], "left out"),
    ("lint.txt", 1, ["lint", "small.perf", "input.folded", "absent.folded"], ""),
    ("lint.json", 1, ["lint", "-f", "json", "small.perf", "input.folded"], ""),
    ("columns.txt", 1, ["lint", "-q", "../pair/columns.folded"], ""),
    ("quiet.txt", 1, ["lint", "-q", "input.folded"], ""),
    ("nothing", 2, ["convert", "--to", "svg", "input.folded"], "none of folded, pprof"),
    ("nothing", 2, ["convert", "input.folded"], "to what?"),
    ("nothing", 2, ["convert", "--to", "csv"], "which profile?"),
    ("nothing", 2, ["convert", "--to", "csv", "-", "-"], "standard input can be read once"),
    ("nothing", 2, ["merge", "input.folded"], "where does the sum go?"),
    ("nothing", 2, ["lint", "--format", "xml", "input.folded"], "neither text nor json"),
    ("nothing", 2, ["lint"], "which profile?"),
    ("nothing", 1, ["convert", "--to", "csv", "absent.folded"], "cannot open it"),
    ("nothing", 1, ["convert", "--to", "csv", "--event", "branches", "small.perf"], "no sample of the event branches"),
    ("nothing", 1, ["merge", "-o", "-", "-t", "folded", "input.folded", "small.perf"], "sum files of one unit only"),
]

failed = 0
for expected_name, status, args, words in CASES:
    run = subprocess.run([TOOL, *args], cwd=HERE, capture_output=True, timeout=60, check=False)
    got, said = run.stdout.decode("utf-8"), run.stderr.decode("utf-8")
    path = HERE / expected_name
    if UPDATE and expected_name != "nothing":
        path.write_text(got)
    expected = path.read_text() if path.exists() else ""
    if run.returncode != status or words not in said or bool(words) != bool(said) or got != expected:
        failed += 1
        print(f"{' '.join(args)}: exit {run.returncode}, stderr {said!r}")
        sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), got.splitlines(True),
                                                   expected_name, "got"))
print(f"{len(CASES) - failed} of {len(CASES)} are as checked in")
sys.exit(1 if failed else 0)
