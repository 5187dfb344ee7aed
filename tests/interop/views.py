#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""lines, peek and --label against go's pprof, on profiles made at random: views.py BUILD_ROOT.

The profiles have recursion, inlined functions, several lines a function and labels.  Every line's
own and total value, every caller's and callee's, and what a label selects must be the same.
"""
import csv
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from pprof_made import Pprof  # noqa: E402

TOOL = pathlib.Path(sys.argv[1]).resolve() / "tools" / "neuroprof-report"
failures = 0


def make(seed):
    rng = random.Random(seed)
    made = Pprof([("samples", "count"), ("cpu", "nanoseconds")], period=1000)
    made.mapping("/bin/app")
    names = [f"f{i}" for i in range(9)]
    places = [[(n, f"/src/{n}.c", line) for n, line in
               ((rng.choice(names), rng.randrange(1, 5)) for _ in range(rng.choice((1, 1, 1, 2, 3))))]
              for _ in range(30)]
    for _ in range(200):
        stack = [("/bin/app", rng.choice(places)) for _ in range(rng.randrange(1, 9))]
        value = rng.randrange(1, 9)
        made.sample(stack, [value, value * 1000], [("request", rng.choice(("GET", "POST"))),
                                                   ("tid", rng.randrange(1, 4))])
    return made.bytes(), names


def go(*args):
    out = subprocess.run(["go", "tool", "pprof", "-unit=ns", "-nodecount=100000", "-nodefraction=0",
                          "-edgefraction=0", *args], capture_output=True, text=True, check=True)
    return out.stdout


def ours(*args):
    out = subprocess.run([TOOL, *args, "-f", "csv", "-n", "all"], capture_output=True, text=True, check=True)
    return list(csv.DictReader(out.stdout.splitlines()))


def ns(text):
    return int(text.removesuffix("ns")) if text != "0" else 0


def go_lines(path, *options):
    table = {}
    text = go("-lines", "-top", *options, path)
    for row in text[text.index("flat%"):].splitlines()[1:]:
        words = row.split(None, 5)
        place = re.search(r" (/src/\S+:\d+)( \((partial-)?inline\))?$", words[5])[1]
        flat, cum = table.get(place, (0, 0))
        table[place] = (flat + ns(words[0]), cum + ns(words[3]))
    return table


def go_peeks(path):
    """name -> (callers, callees), each name -> value."""
    found, at = {}, None
    for row in go("-peek=^f[0-9]$", path).splitlines():
        if row.startswith("---"):
            at = None
            callers = {}
        if "|" not in row:
            continue
        left, right = row.split("|")
        name = re.sub(r" \((partial-)?inline\)$", "", right.strip())
        if len(left.split()) > 2:    # flat, flat%, sum%, cum, cum%: the function itself
            at = name
            found[at] = (callers, {})
            continue
        side = callers if at is None else found[at][1]
        side[name] = side.get(name, 0) + ns(left.split()[0])
    return found


def check(what, got, want):
    global failures
    if got != want:
        failures += 1
        for key in sorted(set(got) | set(want)):
            if got.get(key) != want.get(key):
                print(f"{what}: {key}: ours {got.get(key)}, pprof {want.get(key)}")


def compare(path, names, total):
    value = lambda row, key: round(float(row[key]) * total / 100)
    lines = {f"{r['file']}:{r['line']}": (value(r, "self_percent"), value(r, "total_percent"))
             for r in ours("lines", path)}
    check("lines", lines, go_lines(path))
    for label in ("GET", "POST"):
        rows = ours("modules", "--label", f"request={label}", path)
        text = go("-top", f"-tagfocus=request=^{label}$", path)
        want = int(re.search(r"accounting for (\d+)ns", text)[1])
        check(f"label {label}", {"value": sum(int(r["self_value"]) for r in rows)}, {"value": want})
    peeks = go_peeks(path)
    for name in names:
        want = peeks[name]
        rows = ours("peek", name, path)
        for table, side in (("callers", want[0]), ("callees", want[1])):
            side.pop(name, None)    # pprof shows a function as its own caller
            got = {r["function"]: int(r["value"]) for r in rows
                   if r["table"] == table and r["function"] not in ("(its own)", "(outermost)")}
            check(f"{name} {table}", got, side)


def main():
    if not shutil.which("go") or subprocess.run(["go", "tool", "-n", "pprof"], capture_output=True,
                                                env={**os.environ, "GOPROXY": "off"}).returncode != 0:
        print("go tool pprof is not to be had")
        return 77
    with tempfile.TemporaryDirectory() as directory:
        for seed in range(3):
            path = pathlib.Path(directory, f"{seed}.pb.gz")
            data, names = make(seed)
            path.write_bytes(data)
            total = sum(int(r["self_value"]) for r in ours("modules", path))
            compare(path, names, total)
    print(f"{failures} differences")
    return 1 if failures else 0


sys.exit(main())
