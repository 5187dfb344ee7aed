#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What neuroprof-report convert writes, opened by those it is for.

Each must give every function of exports.folded its own and its inclusive value, recursion counted
once.  usage: exports.py NEUROPROF_REPORT pprof|callgrind|speedscope|firefox|tables
"""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from pprof import compare, go_pprof, read_top  # noqa: E402

TOOL = sys.argv[1]


def wanted_values():
    """name -> (own, inclusive), from the input alone."""
    table = {}
    for line in (HERE / "exports.folded").read_text(encoding="utf-8").splitlines()[1:]:
        stack, _, _, value = line.rsplit(" ", 3)
        frames = [re.sub(r"_\[[ki]\]$", "", f) for f in re.split(r"(?<!\\);", stack)]
        add(table, [f.replace("\\;", ";") for f in frames], int(value))
    return table


def add(table, frames, value):
    for name in set(frames):
        own, inclusive = table.get(name, (0, 0))
        table[name] = (own + (value if name == frames[-1] else 0), inclusive + value)


def convert(form, directory):
    path = pathlib.Path(directory) / f"exports.{form}"
    run = subprocess.run([TOOL, "convert", "--to", form, "-o", path, HERE / "exports.folded"],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 0 and not run.stderr, run.stderr
    return path


def from_tree(parents, names, own):
    """From nodes with their parents before them; None = a root."""
    table, paths = {}, []
    for parent, name, value in zip(parents, names, own):
        paths.append((paths[parent] if parent is not None else []) + [name])
        if value:
            add(table, paths[-1], value)
    return table


def check_pprof(directory, wanted):
    command, why_not = go_pprof()
    if not command:
        print(f"skipped: {why_not}")
        return 77
    return compare("go pprof", wanted, read_top(command, str(convert("pprof", directory))))


def read_callgrind(path, inclusive):
    """name -> value, as callgrind_annotate lists them; what is zero it may leave out."""
    text = subprocess.run(["callgrind_annotate", "--threshold=100", f"--inclusive={inclusive}",
                           "--auto=no", path], capture_output=True, text=True, check=True,
                          cwd=path.parent).stdout
    values = {}
    for row in text.partition("file:function")[2].splitlines():
        match = re.match(r"\s*([\d,]+) \(\s*[\d.]+%\)\s+(?:[\d,]+ \(\s*[\d.]+%\)|\.)\s+\?\?\?:(.*)$", row)
        if match:
            values[match[2].strip()] = int(match[1].replace(",", ""))
    return values


def check_callgrind(directory, wanted):
    if not shutil.which("callgrind_annotate"):
        print("skipped: callgrind_annotate is not installed (valgrind)")
        return 77
    path = convert("callgrind", directory)
    own, inclusive = read_callgrind(path, "no"), read_callgrind(path, "yes")
    own.pop("(root)", None)     # ours: the one who calls the outermost, with no time of its own
    assert inclusive.pop("(root)") == sum(pair[0] for pair in wanted.values())
    got = {n: (own.get(n, 0), inclusive.get(n, 0)) for n in set(own) | set(inclusive)}
    return compare("callgrind_annotate", wanted, got)


def from_speedscope(profile):
    """By the rules of the format: every frame that is opened is closed, in order, in time."""
    frames = [f["name"] for f in profile["shared"]["frames"]]
    body = profile["profiles"][0]
    assert profile["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert body["type"] == "evented" and body["unit"] == "nanoseconds" and body["startValue"] == 0
    table, stack, now = {}, [], 0
    for event in body["events"]:
        assert event["at"] >= now and event["type"] in "OC"
        if stack and event["at"] > now:
            add(table, [frames[f] for f in stack], event["at"] - now)
        now = event["at"]
        if event["type"] == "O":
            stack.append(event["frame"])
        else:
            assert stack.pop() == event["frame"]
    assert not stack and now == body["endValue"]
    return table


def check_speedscope(directory, wanted):
    path = convert("speedscope", directory)
    wrong = compare("speedscope's format", wanted, from_speedscope(json.loads(path.read_text())))
    if not shutil.which("node"):
        print("skipped: node is not installed, so speedscope itself was not asked")
        return 1 if wrong else 77
    run = subprocess.run(["node", HERE / "speedscope.js", path], capture_output=True, text=True, check=False)
    if run.returncode == 77:
        print(run.stdout.strip())
        return 1 if wrong else 77
    assert run.returncode == 0, run.stdout + run.stderr
    # It shows values as times of a few digits: compare them as it writes them.
    got = {row["name"]: (row["self"], row["total"]) for row in json.loads(run.stdout)}
    shown = {n: tuple(f"{v / 1e6:.2f}ms" if v else "0" for v in pair) for n, pair in wanted.items()}
    got = {n: tuple("0" if re.match(r"0(\.0+)?[a-zµ]*$", v) else v for v in pair) for n, pair in got.items()}
    return wrong + compare("speedscope", shown, got)


def check_firefox(directory, wanted):
    profile = json.loads(convert("firefox", directory).read_text())
    thread, strings = profile["threads"][0], profile["shared"]["stringArray"]
    for name in ("samples", "stackTable", "frameTable", "funcTable", "resourceTable", "nativeSymbols", "markers"):
        for column, values in thread[name].items():
            assert column in ("length", "weightType") or len(values) == thread[name]["length"], (name, column)
    functions, frames, stacks = thread["funcTable"], thread["frameTable"], thread["stackTable"]
    names = [strings[functions["name"][frames["func"][f]]] for f in stacks["frame"]]
    assert all(p is None or p < i for i, p in enumerate(stacks["prefix"]))
    assert all(0 <= c < len(profile["meta"]["categories"]) for c in frames["category"])
    assert any(c["color"] == "grey" for c in profile["meta"]["categories"])
    assert thread["samples"]["weightType"] == "tracing-ms"
    assert thread["samples"]["time"] == sorted(thread["samples"]["time"])
    own = [0] * stacks["length"]
    for stack, weight in zip(thread["samples"]["stack"], thread["samples"]["weight"]):
        own[stack] += round(weight * 1e6)
    wrong = compare("Firefox's tables", wanted, from_tree(stacks["prefix"], names, own))
    if os.environ.get("NP_FIREFOX_IMPORT"):
        wrong += compare("Firefox's importer", wanted, imported_by_firefox(pathlib.Path(directory) / "exports.firefox"))
    return wrong


def imported_by_firefox(path):
    """As its own code upgrades it to the format of today; see firefox_import.ts."""
    run = subprocess.run(["node", os.environ["NP_FIREFOX_IMPORT"], path], capture_output=True, text=True, check=True)
    profile = json.loads(run.stdout)
    shared, samples = profile["shared"], profile["threads"][0]["samples"]
    functions, frames, stacks = shared["funcTable"], shared["frameTable"], shared["stackTable"]
    parents = [i - offset if offset else None for i, offset in enumerate(stacks["prefixOffset"])]
    own = [0] * stacks["length"]
    for stack, weight in zip(samples["stack"], samples["weight"]):
        own[stack] += round(weight * 1e6)
    return from_tree(parents, [shared["stringArray"][functions["name"][frames["func"][f]]] for f in stacks["frame"]],
                     own)


def check_tables(directory, wanted):
    """JSON and CSV."""
    profile = json.loads(convert("json", directory).read_text())
    nodes = profile["nodes"]
    assert profile["schema"] == "neuroprof-profile/1"
    assert len({len(column) for column in nodes.values()}) == 1
    names = [profile["functions"][f]["name"] for f in nodes["function"]]
    parents = [None] + [p - 1 if p else None for p in nodes["parent"][1:]]
    wrong = compare("JSON", wanted, from_tree(parents[1:], names[1:], nodes["self"][1:]))
    rows = list(csv.DictReader(io.StringIO(convert("csv", directory).read_text())))
    places = {row["id"]: i for i, row in enumerate(rows)}
    return wrong + compare("CSV", wanted, from_tree([places.get(row["parent"]) for row in rows],
                                                    [row["function"] for row in rows],
                                                    [int(row["self"]) for row in rows]))


def main():
    checks = {"pprof": check_pprof, "callgrind": check_callgrind, "speedscope": check_speedscope,
              "firefox": check_firefox, "tables": check_tables}
    wanted = wanted_values()
    assert len(wanted) > 15 and wanted["parse"] == (5000000, 45000000)
    with tempfile.TemporaryDirectory() as directory:
        result = checks[sys.argv[2]](directory, wanted)
    return 77 if result == 77 else 1 if result else 0


if __name__ == "__main__":
    sys.exit(main())
