#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our pprof opened by go's pprof, our folded stacks by a reader in the manner of flamegraph.pl.

Each must give every function the flat and cumulative values that the profile was made from.
usage: pprof.py PPROF_SAMPLE
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile


def go_pprof():
    """The command of a working pprof, or None and why there is none."""
    if not shutil.which("go"):
        return None, "go is not installed"
    # The first call may have to build the tool, which takes a while and no network.
    found = subprocess.run(["go", "tool", "-n", "pprof"], capture_output=True, text=True,
                           env={**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=mod"}, check=False)
    if found.returncode != 0:
        return None, "go tool pprof is not to be had: " + found.stderr.strip()
    return ["go", "tool", "pprof"], ""


def read_top(command, path):
    """name -> (flat, cumulative) as `pprof -top` shows them."""
    text = subprocess.run(command + ["-top", "-unit=ns", "-nodecount=100000", "-nodefraction=0",
                                     "-edgefraction=0", path],
                          capture_output=True, text=True, check=True).stdout
    table = {}
    rows = text[text.index("flat%"):].splitlines()[1:]
    for row in rows:
        words = row.split(None, 5)
        name = re.sub(r" \((partial-)?inline\)$", "", words[5])
        table[name] = (int(words[0].removesuffix("ns")), int(words[3].removesuffix("ns")))
    return table


def read_folded(path):
    """The same from folded stacks, by the pattern that flamegraph.pl uses."""
    table = {}
    for line in open(path, encoding="utf-8"):
        match = re.match(r"^(.*)\s+?(\d+)$", line)
        assert match, f"not a folded line: {line!r}"
        frames, value = match[1].split(";"), int(match[2])
        flat, cumulative = table.get(frames[-1], (0, 0))
        table[frames[-1]] = (flat + value, cumulative)
        for name in set(frames):
            flat, cumulative = table.get(name, (0, 0))
            table[name] = (flat, cumulative + value)
    return table


def compare(who, wanted, got):
    """Print every difference; returns their number."""
    wrong = 0
    for name in sorted(set(wanted) | set(got)):
        if wanted.get(name, (0, 0)) != got.get(name, (0, 0)):
            print(f"{who}: {name}: {got.get(name)} instead of {wanted.get(name)}")
            wrong += 1
    print(f"{who}: {len(got)} functions, {wrong} wrong")
    return wrong


def main():
    with tempfile.TemporaryDirectory() as directory:
        pprof, folded = directory + "/made.pb.gz", directory + "/made.folded"
        text = subprocess.run([sys.argv[1], pprof, folded], capture_output=True, text=True,
                              check=True).stdout
        wanted = {}
        for row in text.splitlines():
            name, flat, cumulative = row.split("\t")
            wanted[name] = (int(flat), int(cumulative))
        assert len(wanted) > 10 and all(c >= f for f, c in wanted.values())
        wrong = compare("folded", wanted, read_folded(folded))
        command, why_not = go_pprof()
        if not command:
            print(f"go pprof: {why_not}")
            return 1 if wrong else 77
        wrong += compare("go pprof", wanted, read_top(command, pprof))
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
