#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often is the gate wrong?  Real recordings of our own profiler: same code against same code, and
against code with one function 25 % slower.

usage: gate_aa.py BUILD_ROOT [--dir DIR] [--rounds N] [--hz N] [--seconds S] [--programs LIST] [--judge]
                             [--json FILE]

A round records each program once, in turns, so that whatever the machine does meets all of them.  The
recordings of a program are cut into pairs that share none, so the pairs are independent: once in the
order of time (three before, then the next three after, as when a base branch was recorded earlier),
and once shuffled by a fixed seed.  No pair may FAIL.  gate-program is recorded as it is and with part_5
(5 % of the time) 25 % slower; a trial is ten of each, and part_5, and no other, must be found.

--dir keeps the recordings and goes on from what is there; --judge only judges them.
"""
import argparse
import glob
import json
import math
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

SQL = ("WITH RECURSIVE n(i, x) AS (SELECT 1, 1 UNION ALL SELECT i + 1, (x * 1103515245 + 12345) % 2147483648 FROM n "
       "WHERE i < {rows}) SELECT count(DISTINCT x % 1000), max(length(hex(x))) FROM n;")
PYTHON = """
import json, re, zlib
text = " ".join(str(i * i % 9973) for i in range(20000))
for _ in range({rounds}):
    json.loads(json.dumps([int(w) for w in text.split()]))
    re.findall(r"\\\\b9[0-9]*7\\\\b", text)
    zlib.compress(text.encode(), 6)
    sorted(text.split(), key=lambda w: w[::-1])
"""
PLANTED = ("gate-program", "gate-program+25%")


def text_file(work, name, size):
    """Words by a fixed seed; the same file in every run."""
    path = os.path.join(work, name)
    if not os.path.exists(path):
        rng = random.Random(1)
        words = ["".join(rng.choice("abcdefghijklmnop") for _ in range(rng.randint(2, 9))) for _ in range(4000)]
        with open(path, "w", encoding="ascii") as to:
            to.write(" ".join(rng.choice(words) for _ in range(size // 6)))
    return path


def programs(work, seconds, build):
    """Name to command, each about SECONDS of CPU time (ours twice that) and always the same work, but for
    "openssl speed", which does what it can in two seconds of wall time: the hard case."""
    small = text_file(work, "small.txt", int(1500000 * seconds))
    large = text_file(work, "large.txt", int(13000000 * seconds))
    ours = os.path.join(build, "bench", "gate-program")
    wanted = {
        "xz": ["/usr/bin/xz", "-6", "-T1", "-c", small],
        "zstd": ["/usr/bin/zstd", "-q", "-19", "--single-thread", "-c", small],
        "bzip2": ["/usr/bin/bzip2", "-9", "-c", large],
        "sqlite3": ["/usr/bin/sqlite3", ":memory:", SQL.format(rows=int(1500000 * seconds))],
        "python3": ["/usr/bin/python3", "-c", PYTHON.format(rounds=int(45 * seconds) + 1)],
        "openssl enc": ["/usr/bin/openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", str(int(1700000 * seconds)),
                        "-S", "0102030405060708", "-pass", "pass:x", "-in", large, "-out", "/dev/null"],
        "openssl speed": ["/usr/bin/openssl", "speed", "-seconds", "1", "-bytes", "16384", "sha256", "aes-256-cbc"],
        PLANTED[0]: [ours, str(2.2 * seconds)],
        PLANTED[1]: [ours, str(2.2 * seconds), "25"],
    }
    there = {name: command for name, command in wanted.items() if os.path.exists(command[0])}
    for name in wanted.keys() - there.keys():
        print(f"{name}: {wanted[name][0]} is not there, left out", file=sys.stderr)
    return there


def record(build, work, hz, name, number, command):
    """One profile as DIR/NAME/NUMBER.pb.gz, unless it is there."""
    place = os.path.join(work, name.replace(" ", "-"))
    os.makedirs(place, exist_ok=True)
    path = os.path.join(place, f"{number:04}.pb.gz")
    if os.path.exists(path):
        return
    out = tempfile.mkdtemp(dir=place)
    env = {k: v for k, v in os.environ.items() if not k.startswith("NEUROPROF_")}
    env.update(LD_PRELOAD=os.path.join(build, "src", "agent", "libneuroprof.so"), NEUROPROF_HZ=str(hz),
               NEUROPROF_OUT=out, NEUROPROF_QUIET="1")
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = glob.glob(os.path.join(out, "*.pb.gz"))
    if len(found) != 1:
        sys.exit(f"{name}: {len(found)} profiles in {out}, one was expected")
    os.rename(found[0], path)
    shutil.rmtree(out)
    with open(os.path.join(work, "conditions.jsonl"), "a", encoding="utf-8") as to:
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        to.write(json.dumps({"program": name, "number": number, "wall": round(time.monotonic() - start, 3),
                             "cpu": round(cpu, 3), "load": os.getloadavg()[0]}) + "\n")


def gate(build, before, after):
    """The report, and the functions that are called slower for their own sake."""
    run = subprocess.run([os.path.join(build, "tools", "neuroprof-report"), "gate", "-f", "json", *before, "--",
                          *after], stdout=subprocess.PIPE, check=False)
    if run.returncode not in (0, 1, 3):
        sys.exit(f"gate: exit {run.returncode}: {run.stdout.decode()[:400]}")
    report = json.loads(run.stdout)
    return report, [f["function"] for f in report["findings"] if f["role"] == "cause" and f["direction"] == "slower"]


def same_code(build, recordings, runs):
    """Every recording in one pair at most."""
    result = {"pairs": 0, "verdicts": {}, "wrong": {}, "samples_a_run": 0}
    noise, samples = [], []
    for at in range(0, len(recordings) - 2 * runs + 1, 2 * runs):
        pair = recordings[at:at + 2 * runs]
        report, slower = gate(build, pair[:runs], pair[runs:])
        result["pairs"] += report["verdict"] != "UNUSABLE"      # no verdict, so neither right nor wrong
        result["verdicts"][report["verdict"]] = result["verdicts"].get(report["verdict"], 0) + 1
        samples += [run["samples"] for run in report["before"]]
        if report["verdict"] != "UNUSABLE":
            noise.append(report["method"]["noise_self"])
        for function in slower if report["verdict"] == "FAIL" else []:
            result["wrong"][function] = result["wrong"].get(function, 0) + 1
    result["samples_a_run"] = sum(samples) / max(1, len(samples))
    result["noise_self_median"] = sorted(noise)[len(noise) // 2] if noise else 0
    return result


def at_most(found, of):
    """The one-sided 95 % bound of a rate of which FOUND of OF were seen (Clopper and Pearson)."""
    low, high = found / of, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        below = sum(math.comb(of, k) * middle ** k * (1 - middle) ** (of - k) for k in range(found + 1))
        low, high = (middle, high) if below > 0.05 else (low, middle)
    return high


def judge_same(build, recordings, runs, order):
    alarms = pairs = 0
    result = {"runs": runs, "order": order, "programs": {}}
    for name in sorted(recordings):
        paths = list(recordings[name])
        if order == "shuffled":
            random.Random(2).shuffle(paths)
        one = result["programs"][name] = same_code(build, paths, runs)
        alarms += one["verdicts"].get("FAIL", 0)
        pairs += one["pairs"]
        print(f"  {name:14} {one['samples_a_run']:6.0f} samples a run, noise {100 * one['noise_self_median']:4.1f} %, "
              f"{one['pairs']:3} pairs: {one['verdicts']}"
              f"{', wrongly: ' + str(one['wrong']) if one['wrong'] else ''}", flush=True)
    if pairs:
        result.update(pairs=pairs, alarms=alarms, at_most=at_most(alarms, pairs))
        print(f"same code, {runs} v {runs}, {order}: {alarms} of {pairs} independent pairs fail "
              f"({100 * alarms / pairs:.1f} %; below {100 * result['at_most']:.1f} % with 95 % confidence)\n")
    return result


def judge_planted(build, plain, slow, runs):
    result = {"runs": runs, "trials": 0, "found": 0, "others": 0, "verdicts": {}}
    for at in range(0, min(len(plain), len(slow)) - runs + 1, runs):
        report, slower = gate(build, plain[at:at + runs], slow[at:at + runs])
        result["trials"] += 1
        result["verdicts"][report["verdict"]] = result["verdicts"].get(report["verdict"], 0) + 1
        result["found"] += report["verdict"] == "FAIL" and "part_5" in slower
        result["others"] += any(f != "part_5" for f in slower)
    if result["trials"]:
        print(f"+25 % of a function of 5 %, {runs} v {runs}: found in {result['found']} of {result['trials']} "
              f"independent trials, another named in {result['others']}: {result['verdicts']}")
    return result


def conditions(work):
    """What the machine was doing meanwhile."""
    try:
        with open(os.path.join(work, "conditions.jsonl"), encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    except FileNotFoundError:
        return {}
    load = sorted(row["load"] for row in rows)
    wait = sorted(row["wall"] / row["cpu"] for row in rows if row["cpu"] > 0)
    result = {"recordings": len(rows), "cpus": os.cpu_count(), "load_median": load[len(load) // 2],
              "load_most": load[-1], "wall_over_cpu_median": wait[len(wait) // 2]}
    print(f"{len(rows)} recordings on {os.cpu_count()} CPUs, load {result['load_median']:.1f} (median) to "
          f"{result['load_most']:.1f}, {result['wall_over_cpu_median']:.1f} s of wall time per second of CPU time\n")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build")
    parser.add_argument("--dir", help="leave the recordings there, and go on from those that are")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--hz", type=int, default=997)
    parser.add_argument("--seconds", type=float, default=1, help="about, of CPU time, of a recording")
    parser.add_argument("--programs", help="separated by commas")
    parser.add_argument("--judge", action="store_true", help="record nothing")
    parser.add_argument("--json")
    args = parser.parse_args()

    build = os.path.abspath(args.build)
    work = args.dir or tempfile.mkdtemp(prefix="neuroprof-gate-")
    os.makedirs(work, exist_ok=True)
    try:
        chosen = programs(work, args.seconds, build)
        if args.programs:
            chosen = {name: chosen[name] for name in args.programs.split(",")}
        for number in range(0 if args.judge else args.rounds):
            for name, command in chosen.items():
                record(build, work, args.hz, name, number, command)
        recordings = {name: sorted(glob.glob(os.path.join(work, name.replace(" ", "-"), "*.pb.gz"))) for name in chosen}
        same = {name: paths for name, paths in recordings.items() if name not in PLANTED}
        result = {"hz": args.hz, "conditions": conditions(work), "same_code": []}
        for runs, order in ((3, "in order of time"), (3, "shuffled"), (5, "in order of time"), (5, "shuffled")):
            result["same_code"].append(judge_same(build, same, runs, order))
        if all(name in recordings for name in PLANTED):
            result["planted"] = judge_planted(build, *(recordings[name] for name in PLANTED), 10)
    finally:
        if not args.dir:
            shutil.rmtree(work, ignore_errors=True)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as to:
            json.dump(result, to, indent=2)
            to.write("\n")


if __name__ == "__main__":
    main()
