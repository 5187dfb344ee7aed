#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The change points of `neuroprof-bench history` beside those of Apache Otava (Hunter), on series whose changes are
known: constants, noise, steps, humps, outliers, ramps.  Each is asked with its own rules, p <= 0.001 and at least 1 %.
Without apache-otava (pip install apache-otava) ours alone is held against the truth.
usage: change_points.py --build BUILD_DIR [--seeds N] [--verbose] [--csv FILE]
"""
import argparse
import csv
import json
import os
import random
import re
import subprocess
import tempfile

NEAR = 3  # points from where a change was put in


def noise(rng, levels, scatter):
    return [level * (1 + rng.gauss(0, scatter)) for level in levels]


def steps(rng, scatter, *parts):
    """PARTS are (length, level); the changes are where one part follows another."""
    levels, changes = [], []
    for length, level in parts:
        if levels:
            changes.append(len(levels))
        levels += [level] * length
    return noise(rng, levels, scatter), changes


def outliers(rng, values):
    for at in rng.sample(range(len(values)), 4):
        values[at] *= 1.6
    return values


def spiked(rng, *parts):
    values, changes = steps(rng, 0.02, *parts)
    return outliers(rng, values), changes


KINDS = {
    "constant": lambda rng: ([100.0] * 120, []),
    "noise 3 %": lambda rng: steps(rng, 0.03, (200, 100)),
    "noise, skewed": lambda rng: ([100 * (1 + 0.02 * rng.expovariate(1)) for _ in range(200)], []),
    "noise with outliers": lambda rng: spiked(rng, (150, 100)),
    "one step of 5 %": lambda rng: steps(rng, 0.02, (100, 100), (80, 105)),
    "one step of 20 %, 8 points after it": lambda rng: steps(rng, 0.03, (100, 100), (8, 120)),
    "exact step": lambda rng: steps(rng, 0, (40, 100), (40, 110)),
    "three steps": lambda rng: steps(rng, 0.02, (70, 100), (60, 108), (60, 97), (60, 104)),
    "hump of 10 %": lambda rng: steps(rng, 0.03, (90, 100), (30, 110), (90, 100)),
    "two humps": lambda rng: steps(rng, 0.02, (60, 100), (20, 112), (60, 100), (20, 112), (60, 100)),
    "up and down, ten times": lambda rng: steps(rng, 0.02, *[(20, 100), (20, 110)] * 5),
    "a hump in the middle": lambda rng: steps(rng, 0.03, (100, 100), (12, 112), (100, 100)),
    "step with outliers": lambda rng: spiked(rng, (80, 100), (80, 112)),
    "ramp": lambda rng: (noise(rng, [100 + 0.1 * i for i in range(160)], 0.01), None),  # no place is the right one
}


def ours(build, place, all_series):
    """[points] of each, by the command that a user has."""
    bench = os.path.join(build, "tools/bench/neuroprof-bench")
    path = os.path.join(place, "t.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write('benchmark: {name: t, command: "echo t_ms=1"}\n')
    run = subprocess.run([bench, "run", "-q", "--iterations", "1", "-f", "json", path], capture_output=True, text=True,
                         check=True)
    machine = json.loads(run.stdout)["machine"]["fingerprint"]
    os.mkdir(os.path.join(place, ".neuroprof"))
    longest = max(len(values) for values in all_series)
    with open(os.path.join(place, ".neuroprof/history.jsonl"), "w", encoding="utf-8") as file:
        for at in range(longest):  # all series end with the newest line
            points = [{"benchmark": "s", "case": str(i), "metrics": {"t_ms": values[at - longest]}}
                      for i, values in enumerate(all_series) if at >= longest - len(values)]
            json.dump({"schema": "neuroprof-bench-history/1", "time": at, "label": "", "machine": machine,
                       "benchmarks": points}, file)
            file.write("\n")
    shown = subprocess.run([bench, "history", "show", "--metric", "t_ms"], capture_output=True, text=True, check=True,
                           cwd=place).stdout
    found = [[] for _ in all_series]
    for line in shown.splitlines():
        if match := re.match(r"s (\d+) t_ms: ", line):
            current = int(match.group(1))
        if match := re.match(r" +at point (\d+)", line):
            found[current].append(int(match.group(1)) - 1)
    return found


def otava(all_series):
    try:
        from otava.analysis import compute_change_points  # pylint: disable=import-outside-toplevel
    except ImportError:
        return None
    return [[point.index for point in compute_change_points(list(values), max_pvalue=0.001, min_magnitude=0.01)[0]]
            for values in all_series]


def score(found, truth):
    """Changes found, and points that are none."""
    hits = sum(any(abs(point - change) <= NEAR for point in found) for change in truth)
    return hits, sum(all(abs(point - change) > NEAR for change in truth) for point in found)


def is_same(a, b):
    return len(a) == len(b) and all(abs(x - y) <= NEAR for x, y in zip(a, b))


def table(options, names, truths, by_tool):
    print(f"{'':38s}series" + "".join(f"{tool:>24s}" for tool in by_tool))
    for kind in dict.fromkeys(names):
        rows = [i for i, name in enumerate(names) if name == kind]
        cells = []
        for found in by_tool.values():
            if truths[rows[0]] is None:
                cells.append(f"{sum(len(found[i]) for i in rows)} points")
                continue
            scores = [score(found[i], truths[i]) for i in rows]
            changes = sum(len(truths[i]) for i in rows)
            cells.append(f"{sum(s[0] for s in scores)} of {changes}, {sum(s[1] for s in scores)} wrong")
        print(f"  {kind:36s}{len(rows):6d}" + "".join(f"{cell:>24s}" for cell in cells))
        for i in rows if options.verbose else []:
            print(f"    {truths[i]}: " + "; ".join(f"{tool} {found[i]}" for tool, found in by_tool.items()))


def main():
    parser = argparse.ArgumentParser(description="Change points beside those of Apache Otava.")
    parser.add_argument("--build", required=True, help="a build directory")
    parser.add_argument("--seeds", type=int, default=20, help="series of each kind (20)")
    parser.add_argument("--verbose", action="store_true", help="print the points of every series")
    parser.add_argument("--csv", help="compare on the numeric columns of this file, too")
    options = parser.parse_args()
    names, all_series, truths = [], [], []
    for kind, make in KINDS.items():
        for seed in range(options.seeds):
            values, changes = make(random.Random(f"{kind} {seed}"))
            names.append(kind)
            all_series.append(values)
            truths.append(changes)
    if options.csv:
        with open(options.csv, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for column in rows[0]:
            try:
                all_series.append([float(row[column]) for row in rows])
            except ValueError:
                continue
            names.append(f"{os.path.basename(options.csv)} {column}")
            truths.append(None)
    with tempfile.TemporaryDirectory(prefix="neuroprof-bench-") as place:
        by_tool = {"neuroprof-bench": ours(os.path.abspath(options.build), place, all_series)}
    theirs = otava(all_series)
    if theirs is not None:
        by_tool["apache-otava"] = theirs
    print(f"changes found (within {NEAR} points) and points that are none")
    table(options, names, truths, by_tool)
    if theirs is None:
        print("apache-otava is not installed: nothing beside ours (pip install apache-otava)")
        return
    other = [(a, b, t) for a, b, t in zip(by_tool["neuroprof-bench"], theirs, truths) if not is_same(a, b)]
    print(f"the same points, {NEAR} off at most: {len(all_series) - len(other)} of {len(all_series)} series; of the others "
          f"{sum(t is not None and is_same(a, t) for a, b, t in other)} where ours are the truth, "
          f"{sum(t is not None and is_same(b, t) for a, b, t in other)} where theirs are, "
          f"{sum(t is None for a, b, t in other)} without a right place")
    for tool, found in by_tool.items():
        known = [(f, t) for f, t in zip(found, truths) if t is not None]
        print(f"exactly the truth: {tool} {sum(is_same(f, t) for f, t in known)} of {len(known)}")


main()
