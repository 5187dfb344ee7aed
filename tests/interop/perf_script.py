#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real recording of perf, printed in several ways, against a reader of a few lines.

usage: perf_script.py NEUROPROF_REPORT
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile

BUSY = """
import hashlib, threading
def turn(n):
    data = b'x'
    for i in range(n):
        data = hashlib.sha256(data * 3).digest()
threads = [threading.Thread(target=turn, args=(60000,), name='turn %d' % i) for i in range(2)]
[t.start() for t in threads]
turn(60000)
[t.join() for t in threads]
"""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def leaves(text):
    """(innermost function, object) -> number of samples and sum of periods; without more than this."""
    table, innermost = {}, True
    for line in text.splitlines():
        if not line.strip():
            continue
        if not line.startswith("\t"):
            period = int(re.search(r":\s+(\d+) cpu-clock\S*:", line)[1])
            innermost = True
        elif innermost:
            match = re.match(r"\t\s*[0-9a-f]+ (.*?)(\+0x[0-9a-f]+)? \((.*)\)$", line)
            key = (match[1], "" if match[3] == "[unknown]" else match[3].rsplit("/", 1)[-1])
            samples, value = table.get(key, (0, 0))
            table[key] = (samples + 1, value + period)
            innermost = False
    return table


def ours(tool, text):
    run = subprocess.run([tool, "convert", "--to", "json", "-"], input=text, capture_output=True, check=False)
    assert run.returncode == 0 and not run.stderr, run.stderr
    profile = json.loads(run.stdout)
    nodes, table = profile["nodes"], {}
    for function, samples, value in zip(nodes["function"], nodes["samples"], nodes["self"]):
        if samples:
            f = profile["functions"][function]
            had = table.get((f["name"], f["module"]), (0, 0))
            table[(f["name"], f["module"])] = (had[0] + samples, had[1] + value)
    return profile, table


def main():
    tool = sys.argv[1]
    if not shutil.which("perf"):
        skip("perf is not installed")
    with tempfile.TemporaryDirectory() as directory:
        data, program = directory + "/perf.data", directory + "/busy.py"
        with open(program, "w", encoding="utf-8") as file:
            file.write(BUSY)
        run = subprocess.run(["perf", "record", "-q", "-o", data, "-e", "cpu-clock", "-F", "999", "-g", "--",
                              sys.executable, program], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            skip("perf record: " + run.stderr.strip())
        wrong = 0
        for fields in ([], ["--header"], ["--show-task-events", "--show-mmap-events"],
                       ["-F", "comm,pid,tid,time,period,event,ip,sym,symoff,dso"],
                       ["-F", "comm,tid,time,period,event,ip,sym,dso"]):
            text = subprocess.run(["perf", "script", "-i", data, *fields], capture_output=True, check=False).stdout
            plain = "\n".join(line for line in text.decode().splitlines()
                              if not line.startswith("#") and "PERF_RECORD_" not in line)
            wanted = leaves(plain)
            if not wanted and not fields:
                skip("perf recorded nothing here")
            if not wanted:
                print(f"perf script {' '.join(fields)}: this perf prints nothing so")
                continue
            profile, got = ours(tool, text)
            assert (profile["value_type"], profile["value_unit"]) == ("cpu", "nanoseconds")
            for key in sorted(set(wanted) | set(got)):
                if wanted.get(key) != got.get(key):
                    wrong += 1
                    print(f"{fields}: {key}: {got.get(key)} instead of {wanted.get(key)}")
            print(f"perf script {' '.join(fields)}: {sum(s for s, _ in wanted.values())} samples, "
                  f"{len(wanted)} innermost functions, total {profile['total']}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
