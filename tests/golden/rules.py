#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What folded stacks of any tool mean, rule by rule: rules.py BUILD_ROOT.

Each case: the rule's number, what goes in, options, what must come out of "convert --to folded" (or
the exit status and a part of the line on standard error), all written by hand.  The rules:

 1 columns are never guessed            11 blanks around frames do not count
 2 the value is found from the right    12 bytes that are not UTF-8 are kept, UTF-16 is refused
 3 comments and metadata                13 annotations
 4 lines that are no record             14 separators are shown, not ranked
 5 zeros                                15 frames that stand for processes and threads
 6 fractions, exactly                   16 file and line in frames
 7 no negatives, nan, commas            17 limits
 8 the same stack sums up               18 files, pipes, gzip, several
 9 empty frames                         19 what is something else is refused
10 ';' in names                         20 what is written is canonical

On purpose other than elsewhere: blanks around frames are not to be had back; only '[' opens a type that may
hold a ';', for '(' and '<' stand alone in names of other languages; a stack of nothing is a frame (empty), not
the root; frames behind '--' are functions like others; '_[w]' stays part of the name.
"""
import gzip
import pathlib
import subprocess
import sys
import tempfile

TOOL = pathlib.Path(sys.argv[1]).resolve() / "tools" / "neuroprof-report"
FOLDED = ["convert", "--to", "folded"]
DEEP = ";".join(["d"] * 100_000)
LONG = "n" * 65_536

# rule, input, options, exit status, standard output, part of standard error
CASES = [
    (1, "Thread 2 100\n", [], 0, "Thread 2 100\n", ""),
    (1, "a;b 2 100\n", ["--columns", "2"], 0, "a;b 100\n", ""),
    (1, "samples/count cpu/nanoseconds\na;b 2 100\n", [], 0, "a;b 100\n", ""),
    (1, "a;b 2 100\na 1 7\n", ["--columns", "auto"], 0, "a 7\na;b 100\n", "two numbers end each line"),
    (1, "a;b 100\na 7\n", ["--columns", "auto"], 0, "a 7\na;b 100\n", ""),
    (1, "a;b 100\nThread 2 7\n", ["--columns", "auto"], 1, "", "line 2 ends in two numbers, line 1 in one"),
    (1, "a 1\n", ["--columns", "9"], 2, "", "--columns: '9' is neither a number from 1 to 8 nor 'auto'"),
    (2, "a;b \t 5 \t\r\n", [], 0, "a;b 5\n", ""),
    (2, "a b c 5", [], 0, "a b c 5\n", ""),
    (3, "# a comment 7\n#name;x 5\n", [], 0, "\\x23name;x 5\n", ""),
    (3, "# unit: cpu/nanoseconds\n# tool: other 1.2\na 5\n# unit: late\n", [], 0, "a 5\n", ""),
    (4, "\n" * 3 + "a 1\n" * 300 + "oops\n", [], 0, "a 300\n", "skipped 1 of 301 lines; the first, line 304,"),
    (4, "a 1\n" * 300 + "oops\n", ["--strict"], 1, "", "line 301 is no record"),
    (4, "a 1\n" * 30 + "oops\n", [], 1, "", "1 of 31 lines are no record"),
    (4, "oops\n", [], 1, "", "1 of 1 lines are no record"),
    (5, "a 0\nb 1\n", [], 0, "b 1\n", ""),
    (5, "a 0\nb 0\n", [], 1, "", "the values of all 2 stacks are zero"),
    (6, "a 0.25\nb 1\n", [], 0, "a 25\nb 100\n", ""),
    (6, "a .1\nb 0.2\nc 0.7\n", [], 0, "a 1\nb 2\nc 7\n", ""),
    (6, "a 0.0000000001\nb 1\n", [], 0, "b 1\n", "rounded to 9 decimals"),
    (6, "a 1.5e2\nb 25e-2\nc 2E+1\n", ["--lax"], 0, "a 15000\nb 25\nc 2000\n", ""),
    (6, "a 1e3\n", [], 1, "", "exponent"),
    (6, "a 1e99\n", ["--lax"], 1, "", "passes 64 bits"),
    (6, "a 18446744073709551615\nb 1\n", [], 1, "", "line 2: the sum of the values passes 64 bits"),
    (7, "a -1\n", [], 1, "", "a negative value"),
    (7, "a nan\n", [], 1, "", "no number"),
    (7, "a inf\n", ["--lax"], 1, "", "no number"),
    (7, "a 1,000\n", [], 1, "", "a value with a comma; write digits only"),
    (8, "b 1\na 2\nb 3\n", [], 0, "a 2\nb 4\n", ""),
    (9, ";a;;b; 5\n", [], 0, "(empty);a;(empty);b;(empty) 5\n", ""),
    (9, ";a;;b; 5\n", ["--drop-empty"], 0, "a;b 5\n", ""),
    (9, " 5\n;; 7\n", ["--drop-empty"], 0, "(empty) 12\n", ""),
    (10, "a\\;b;c\\\\;d\\x0ae 5\n", [], 0, "a\\;b;c\\\\;d\\x0ae 5\n", ""),
    (10, "App\\Foo;b 5\n", [], 0, "App\\\\Foo;b 5\n", ""),
    (10, "m;<[u8; 32] as core::fmt::Debug>::fmt;w 5\n", [], 0,
     "m;<[u8\\; 32] as core::fmt::Debug>::fmt;w 5\n", "\"[u8; 32]\", was taken as part of the name"),
    (10, "m;[T; N]::map 5\nm;[T 7\nm;[u8; x;y] 1\n", [], 0, "m;[T 7\nm;[T\\; N]::map 5\nm;[u8;x;y] 1\n",
     "part of the name"),
    (10, "f([Ljava/lang/String;)V 5\n", [], 0, "f([Ljava/lang/String;)V 5\n", ""),
    (11, " main ; f(int, int) 5\n", [], 0, "main;f(int, int) 5\n", ""),
    (12, b"a\xff;\xc3 5\n", [], 0, b"a\xff;\xc3 5\n", ""),
    (12, b"\xef\xbb\xbfa 5\n", [], 0, "a 5\n", ""),
    (12, b"\xff\xfea\0 \0005\0\n\0", [], 1, "", "is UTF-16 text; convert it: iconv"),
    (13, "f_[k];g_[j];h_[i];f;x_[y] 5\n", [], 0, "f_[k];g_[j];h_[i];f;x_[y] 5\n", ""),
    (13, "f_[0] 1\nf_[1] 2\nf_[j] 4\nf 8\n", [], 0, "f 8\nf_[j] 7\n", ""),
    (13, "f_[k] 1\nf_[i] 2\nf 4\n", ["--merge-kinds"], 0, "f 7\n", ""),
    (14, "a;-;b 5\na;--;c 7\n", [], 0, "a;-;b 5\na;--;c 7\n", ""),
    (15, "java-7/9;main 5\n[worker tid=12];f 1\nprocess 4:\"x\";thread (0x7F01): m;g 2\nP5;T6;h 4\n",
     ["--drop-threads"], 0, "f 1\ng 2\nh 4\nmain 5\n", ""),
    (15, "P5 1\nmain;tid:9 2\nT6;x 4\n", ["--drop-threads"], 0, "P5 1\nT6;x 4\nmain;tid:9 2\n", ""),
    (16, "f (a.py:1);g (a.py:9) 5\nf (a.py:2);g (a.py:9) 7\n", [], 0,
     "f (a.py:1);g (a.py:9) 5\nf (a.py:2);g (a.py:9) 7\n", ""),
    (16, "f (a.py:1);g (a.py:9) 5\nf (a.py:2);g (a.py:9) 7\n", ["--dialect", "pyspy"], 0, "f;g 12\n", ""),
    (16, "a.py:f:1 5\na.py:f:2 7\n", ["--dialect", "austin"], 0, "f 12\n", ""),
    (16, "a.py:f:1 5\na.py:f:2 7\n", ["--dialect", "tachyon"], 0, "f 12\n", ""),
    (16, "ns::f:a.cc:1 5\nns::f:a.cc:2 7\n", ["--dialect", "perf"], 0, "ns::f 12\n", ""),
    (16, "C.m:1 5\nC.m:2 7\nstd::x 1\n", ["--dialect", "ap"], 0, "C.m 12\nstd::x 1\n", ""),
    (16, "f (a.py:1) 1\na.py:f:2 2\nf:a.c:3 4\nf (x) 8\nstd::x:y 16\n", ["--dialect", "auto"], 0,
     "f 7\nf (x) 8\nstd::x:y 16\n", ""),
    (16, "f (a.py:1) 1\n", ["--dialect", "bcc"], 0, "f (a.py:1) 1\n", ""),
    (16, "f 1\n", ["--dialect", "x"], 2, "", "none of auto, perf, pyspy, austin, tachyon, ap, bcc"),
    (17, DEEP + " 5\n" + DEEP + ";e 7\n", [], 0, DEEP + " 5\n" + DEEP + ";e 7\n", ""),
    (17, LONG + " 5\n", [], 0, LONG + " 5\n", ""),
    (18, gzip.compress(b"a 5\n") + gzip.compress(b"b 7\n"), [], 0, "a 5\nb 7\n", ""),
    (19, '{"traceEvents": []}', [], 1, "", "Chrome"),
    (19, "# callgrind format\nversion: 1\n", [], 1, "", "callgrind"),
    (19, "<svg width='5'>", [], 1, "", "SVG"),
    (19, "PERFILE2........", [], 1, "", "perf.data"),
    (20, "b;x 1\nb 2\na;z 3\r\n# c\na 4\n", [], 0, "a 4\na;z 3\nb 2\nb;x 1\n", ""),
]

failed = 0


def check(rule, run, status, out, error, what):
    global failed
    out = out if isinstance(out, bytes) else out.encode()
    says = run.stderr.decode("utf-8", "backslashreplace")
    if run.returncode == status and run.stdout == out and (error in says if error else says == ""):
        return
    failed += 1
    print(f"rule {rule}: {what[:200]!r}: exit {run.returncode}, {run.stdout[:200]!r}, {says!r}")


with tempfile.TemporaryDirectory() as directory:
    file = pathlib.Path(directory, "in.folded")
    for rule, given, options, status, out, error in CASES:
        given = given if isinstance(given, bytes) else given.encode()
        file.write_bytes(given)
        for to in [file], ["-"]:    # a file and a pipe are the same, where it is not read twice
            if to == ["-"] and "auto" in options and "--columns" in options:
                continue
            run = subprocess.run([TOOL, *FOLDED, *options, *to], capture_output=True, timeout=60,
                                 input=given if to == ["-"] else None)
            check(rule, run, status, out, error, given)

    def report(rule, given, options, parts, lacks=()):
        global failed
        file.write_text(given)
        run = subprocess.run([TOOL, *options, file], capture_output=True, timeout=60, text=True)
        if run.returncode != 0 or not all(p in run.stdout for p in parts) or \
                any(p in run.stdout for p in lacks):
            failed += 1
            print(f"rule {rule}: {run.returncode} {run.stdout} {run.stderr}")

    # 3: what the comments say is used and shown.
    report(3, "# unit: cpu/milliseconds\n# duration: 1.5 s\n# cmd: ./server -p 80\n# host: build7\n"
           "# tool: other 1.2\n# secret: 5\na 250\n", ["--no-svg"],
           ["250 ms cpu in 1.50 s of wall time", "./server -p 80", "host: build7", "tool: other 1.2"],
           ["secret"])
    report(3, "# unit: samples\n# period: 7\na 3\n", ["--no-svg", "-f", "json"],
           ['"value_unit": "count"', '"period": 7'])
    # 14: a separator has no row.
    report(14, "a;-;b 5\n", ["--no-svg", "-f", "csv"], ["a,", "b,"], [",-,"])
    # 15: what stands for a thread has no row, and is one of "threads".
    report(15, "java-7/9;main 5\n", ["--no-svg", "-f", "csv"], [",main,"], ["java"])
    report(15, "java-7/9;main 5\nP5;T6;h 4\n", ["threads", "-f", "csv"], ["java-7/9", "P5 / T6"])
    # 16: by line.
    report(16, "f (a.py:1) 5\nf (a.py:2) 7\n", ["lines", "-f", "csv"], ["a.py,1,", "a.py,2,"])
    # 18: several files are summed.
    file.write_text("a 1\n")
    run = subprocess.run([TOOL, *FOLDED, file, file, file], capture_output=True, timeout=60)
    check(18, run, 0, "a 3\n", "", b"several")

missing = set(range(1, 21)) - {case[0] for case in CASES}
print(f"{len(CASES)} cases, {failed} failed, rules without one: {sorted(missing) or 'none'}")
sys.exit(1 if failed or missing else 0)
