# SPDX-License-Identifier: MIT
"""How fast folded stacks become a picture, beside flamegraph.pl and inferno where they are to be had.

The inputs are made from a seed: 200 000 distinct stacks in 162 MB, as unordered as they come out of a hash
table, once with paths that share most of their frames (what profiles look like) and once with paths that
share next to nothing (what costs most); and a gigabyte of the first, in which every stack comes six times.
Context: ./dev bench report.  Run as a program it writes one input: report.py SHAPE FILE.
"""
import os
import random
import shutil
import statistics
import subprocess
import sys

STACKS = 200_000
FUNCTIONS = 2_000
SHAPES = {"shared": "paths share most frames", "unique": "paths share few frames", "gigabyte": "the first, six times"}


def function_names(rng):
    scopes = ("std::vector", "net::Session", "db::BTree", "json::Parser", "core::Scheduler", "io::Buffer", "rpc::Channel")
    verbs = ("insert", "lookup", "poll", "flush", "parse", "encode", "resize", "append", "commit", "visit")
    return [f"{rng.choice(scopes)}::{rng.choice(verbs)}_{i}{'(unsigned long)' if i % 3 else ''}"
            for i in range(FUNCTIONS)]


def shared_paths(rng, count):
    """Most stacks are an earlier one with another end."""
    paths, seen = [], set()
    while len(paths) < count:
        if paths and rng.random() < 0.98:
            base = paths[rng.randrange(len(paths))]
            path = base[:max(1, len(base) - rng.randint(1, 5))]
            path += tuple(rng.randrange(FUNCTIONS) for _ in range(rng.randint(1, 5)))
        else:
            path = (0, *(rng.randrange(FUNCTIONS) for _ in range(rng.randint(14, 40))))
        if path not in seen and 15 <= len(path) <= 38:
            seen.add(path)
            paths.append(path)
    return paths


def unique_paths(rng, count):
    """Each function calls six others, and every stack goes its own way."""
    calls = [[rng.randrange(FUNCTIONS) for _ in range(6)] for _ in range(FUNCTIONS)]
    paths = set()
    while len(paths) < count:
        path = [0]
        for _ in range(rng.randint(12, 33)):
            path.append(rng.choice(calls[path[-1]]))
        paths.add(tuple(path))
    return rng.sample(sorted(paths), count)


def generate(shape, file, stacks=STACKS):
    """Writes one input; prints its bytes, lines and the nodes of its tree."""
    rng = random.Random(1)
    names = function_names(rng)
    paths = (unique_paths if shape == "unique" else shared_paths)(rng, stacks)
    with open(file, "w", encoding="ascii") as to:
        for _ in range(6 if shape == "gigabyte" else 1):
            to.writelines(f"{';'.join(names[i] for i in path)} {rng.randint(1, 50)}\n" for path in paths)
            rng.shuffle(paths)
    paths.sort()        # neighbours share what they share
    nodes, last = 1, ()
    for path in paths:
        same = 0
        while same < min(len(path), len(last)) and path[same] == last[same]:
            same += 1
        nodes, last = nodes + len(path) - same, path
    print(os.path.getsize(file), len(paths) * (6 if shape == "gigabyte" else 1), nodes)


def run(command, output):
    """Wall seconds, CPU seconds and peak MiB of one run."""
    actions = [(os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
               (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    start = os.times().elapsed
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"bench: {' '.join(command)} failed")
    return os.times().elapsed - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def contenders(bench):
    ours = os.path.join(bench.build, "tools/neuroprof-report")
    found = {"neuroprof-report, ranking alone": [ours, "--no-svg", "--output", os.devnull],
             "neuroprof-report": [ours, "--svg", "-"]}
    for variable, program in (("INFERNO", "inferno-flamegraph"), ("FLAMEGRAPH_PL", "flamegraph.pl")):
        path = os.environ.get(variable) or shutil.which(program)
        if path:
            found[program] = ["perl", path] if path.endswith(".pl") else [path]
        else:
            print(f"  {program} is not here: put it on PATH or name it in {variable} to compare")
    return found


def bench_report(bench):
    rounds = 2 if bench.quick else 5
    print("report: folded stacks to SVG; seconds of CPU (one thread), wall time, peak memory; medians")
    programs = contenders(bench)
    for shape, meaning in SHAPES.items():
        if bench.quick and shape == "gigabyte":
            continue
        file = os.path.join(bench.place, shape + ".folded")
        made = subprocess.run([sys.executable, __file__, shape, file], check=True, capture_output=True, text=True)
        size, lines, nodes = map(int, made.stdout.split())
        print(f"  {meaning}: {size / 1e6:.0f} MB, {lines} stacks, {nodes} nodes")
        results = {}
        for turn in range(rounds):
            for name, command in programs.items():
                slow = name == "flamegraph.pl"      # a minute: once, and not for the gigabyte
                if not slow or (turn == 0 and shape != "gigabyte"):
                    results.setdefault(name, []).append(run([*command, file], os.path.join(bench.place, "out.svg")))
        own = statistics.median(cpu for _, cpu, _ in results["neuroprof-report"])
        for name, runs in results.items():
            wall, cpu, peak = (statistics.median(column) for column in zip(*runs))
            ratio = f"   {cpu / own:5.1f} x" if not name.startswith("neuroprof") else ""
            print(f"    {name:34}{cpu:8.2f} s cpu {wall:8.2f} s wall {size / cpu / 1e6:7.0f} MB/s {peak:7.0f} MiB"
                  f"{ratio}", flush=True)
        os.unlink(file)


if __name__ == "__main__":
    generate(sys.argv[1], sys.argv[2])
