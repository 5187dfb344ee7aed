#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often is the gate wrong?  Real recordings of our own profiler, same code against same code, and
against code with one function 25 % slower.

usage: gate_aa.py BUILD_ROOT [--recordings N] [--runs N] [--pairs N] [--hz N] [--seconds S]
                             [--programs LIST] [--planted N] [--keep DIR] [--json FILE]

Each program is recorded --recordings times, in turns with the others, so that whatever the machine
does meets all of them.  A pair is two disjoint sets of --runs recordings of one program, drawn by a
fixed seed; the gate must not say FAIL.  Pairs share recordings, so they are not independent: take the
rate as what it is, and more recordings for a better one.  For the planted change, gate-program is
recorded --planted times as it is and with part_5 (5 % of the time) 25 % slower; a trial is --runs-planted
of each, and part_5, and no other, must be found.
"""
import argparse
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

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


def programs(work, seconds, build):
    """Name to command; a program that is not there is left out and said."""
    rng = random.Random(1)
    words = ["".join(rng.choice("abcdefghijklmnop") for _ in range(rng.randint(2, 9))) for _ in range(4000)]
    data = os.path.join(work, "data")
    with open(data, "w", encoding="ascii") as to:
        for _ in range(int(350000 * seconds)):
            to.write(rng.choice(words) + " ")
    wanted = {
        "xz": ["/usr/bin/xz", "-6", "-T1", "-k", "-c", data],
        "sqlite3": ["/usr/bin/sqlite3", ":memory:", SQL.format(rows=int(1300000 * seconds))],
        "python3": ["/usr/bin/python3", "-c", PYTHON.format(rounds=int(25 * seconds) + 1)],
        "openssl": ["/usr/bin/openssl", "speed", "-seconds", "1", "-bytes", "16384", "sha256", "aes-256-cbc"],
        "gate-program": [os.path.join(build, "bench", "gate-program"), str(seconds)],
    }
    there = {name: command for name, command in wanted.items() if os.path.exists(command[0])}
    for name in wanted.keys() - there.keys():
        print(f"{name}: {wanted[name][0]} is not there, left out", file=sys.stderr)
    return there


class Recorder:
    def __init__(self, build, work, hz):
        self.library = os.path.join(build, "src", "agent", "libneuroprof.so")
        self.work, self.hz, self.count = work, hz, 0

    def record(self, name, command):
        """The profile's path."""
        self.count += 1
        out = os.path.join(self.work, f"{name}.{self.count}")
        os.mkdir(out, 0o700)
        env = {k: v for k, v in os.environ.items() if not k.startswith("NEUROPROF_")}
        env.update(LD_PRELOAD=self.library, NEUROPROF_HZ=str(self.hz), NEUROPROF_OUT=out, NEUROPROF_QUIET="1")
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       stdin=subprocess.DEVNULL, check=True)
        found = glob.glob(os.path.join(out, "*.pb.gz"))
        if len(found) != 1:
            sys.exit(f"{name}: {len(found)} profiles in {out}, one was expected")
        return found[0]


def gate(build, before, after):
    """The verdict, and the functions that are called slower for their own sake."""
    run = subprocess.run([os.path.join(build, "tools", "neuroprof-report"), "gate", "-f", "json", *before, "--",
                          *after], stdout=subprocess.PIPE, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"gate: exit {run.returncode}: {run.stdout.decode()[:400]}")
    report = json.loads(run.stdout)
    return report, [f["function"] for f in report["findings"] if f["role"] == "cause" and f["direction"] == "slower"]


def same_code(build, recordings, runs, pairs, rng):
    """Verdicts of PAIRS draws, and what was wrongly found."""
    verdicts, wrong, samples, noise = {}, {}, [], []
    for _ in range(pairs):
        drawn = rng.sample(recordings, 2 * runs)
        report, slower = gate(build, drawn[:runs], drawn[runs:])
        verdicts[report["verdict"]] = verdicts.get(report["verdict"], 0) + 1
        samples += [run["samples"] for run in report["before"]]
        noise.append(report["method"]["noise_self"])
        for function in slower:
            wrong[function] = wrong.get(function, 0) + 1
    return {"pairs": pairs, "verdicts": verdicts, "wrong": wrong, "samples_a_run": sum(samples) / len(samples),
            "noise_self_median": sorted(noise)[len(noise) // 2]}


def planted(build, plain, slow, runs, trials, rng):
    found = others = 0
    for _ in range(trials):
        report, slower = gate(build, rng.sample(plain, runs), rng.sample(slow, runs))
        found += report["verdict"] == "FAIL" and "part_5" in slower
        others += any(f != "part_5" for f in slower)
    return {"trials": trials, "found": found, "others": others}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build")
    parser.add_argument("--recordings", type=int, default=30)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=60, help="of each program")
    parser.add_argument("--hz", type=int, default=997)
    parser.add_argument("--seconds", type=float, default=2, help="about, of a recording")
    parser.add_argument("--programs", help="separated by commas")
    parser.add_argument("--planted", type=int, default=20, help="recordings of each side; 0: none")
    parser.add_argument("--runs-planted", type=int, default=10)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--planted-seconds", type=float, default=10)
    parser.add_argument("--keep", help="leave the recordings there")
    parser.add_argument("--json")
    args = parser.parse_args()
    if args.recordings < 2 * args.runs or (args.planted and args.planted < args.runs_planted):
        parser.error("fewer recordings than a pair or a trial needs")

    build = os.path.abspath(args.build)
    work = args.keep or tempfile.mkdtemp(prefix="neuroprof-gate-")
    os.makedirs(work, exist_ok=True)
    recorder = Recorder(build, work, args.hz)
    chosen = programs(work, args.seconds, build)
    if args.programs:
        chosen = {name: chosen[name] for name in args.programs.split(",")}
    recordings = {name: [] for name in chosen}
    rng = random.Random(2)
    result = {"hz": args.hz, "runs": args.runs, "recordings": args.recordings, "programs": {}}
    try:
        for _ in range(args.recordings):
            for name, command in chosen.items():
                recordings[name].append(recorder.record(name, command))
        alarms = pairs = 0
        for name in chosen:
            one = same_code(build, recordings[name], args.runs, args.pairs, rng)
            result["programs"][name] = one
            alarms += one["verdicts"].get("FAIL", 0)
            pairs += one["pairs"]
            print(f"{name:13} {one['samples_a_run']:7.0f} samples a run, noise {100 * one['noise_self_median']:4.1f} %: "
                  f"{one['verdicts']}{', wrongly: ' + str(one['wrong']) if one['wrong'] else ''}", flush=True)
        result["false_alarms"] = alarms / pairs
        print(f"same code, {args.runs} v {args.runs}: {alarms} of {pairs} pairs fail ({100 * alarms / pairs:.1f} %)")
        if args.planted:
            program = os.path.join(build, "bench", "gate-program")
            plain, slow = [], []
            for _ in range(args.planted):
                plain.append(recorder.record("plain", [program, str(args.planted_seconds)]))
                slow.append(recorder.record("slow", [program, str(args.planted_seconds), "25"]))
            one = result["planted"] = planted(build, plain, slow, args.runs_planted, args.trials, rng)
            print(f"+25 % of a function of 5 %, {args.runs_planted} v {args.runs_planted}: found in {one['found']} of "
                  f"{one['trials']} trials, others named in {one['others']}")
    finally:
        if not args.keep:
            shutil.rmtree(work, ignore_errors=True)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as to:
            json.dump(result, to, indent=2)
            to.write("\n")


if __name__ == "__main__":
    main()
