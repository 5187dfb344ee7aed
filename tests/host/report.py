#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How neuroprof-report behaves on its command line: report.py BUILD_ROOT.

Every wrong use is one line and exit 2, every failing input or output one line and exit 1, and what
was whole before stays whole.
"""
import gzip
import json
import os
import pathlib
import pty
import stat
import subprocess
import sys
import tempfile
import xml.dom.minidom

TOOL = pathlib.Path(sys.argv[1]).resolve() / "tools" / "neuroprof-report"
WORK = pathlib.Path(tempfile.mkdtemp(prefix="np-report-"))
GOOD = b"main;f 30\nmain;g 70\n"
failures = []


def run(*args, stdin=b"", **more):
    return subprocess.run([TOOL, *map(str, args)], input=stdin, capture_output=True, cwd=WORK,
                          timeout=60, **more)


def check(what, condition, detail=""):
    if not condition:
        failures.append(what)
        print(f"FAIL {what}: {detail}")


def fails(what, status, says, *args, stdin=b"", **more):
    """One line on standard error, nothing on standard output."""
    got = run(*args, stdin=stdin, **more)
    error = got.stderr.decode()
    check(what, got.returncode == status and error.count("\n") == 1 and not got.stdout
          and error.startswith("neuroprof-report: ") and says in error,
          f"exit {got.returncode}, stdout {got.stdout[:80]!r}, stderr {error!r}")


def write(name, content):
    (WORK / name).write_bytes(content)
    return name


good = write("good.folded", GOOD)

# Usage.
fails("no file", 2, "which profile?")
fails("unknown long option", 2, "'--wrong'", "--wrong", good)
fails("unknown short option", 2, "'-z'", "-z", good)
fails("missing value", 2, "'--top' needs a value", good, "--top")
fails("value for a flag", 2, "--no-svg=1", "--no-svg=1", good)
for value in ("0", "-3", "x", "", "1.5", "99999999999999999999"):
    fails(f"--top {value}", 2, "--top", "--top", value, good)
for option, value in (("--format", "xml"), ("--sort", "size"), ("--width", "10"), ("--width", "nan"),
                      ("--minwidth", "-1"), ("--minwidth", "x")):
    fails(f"{option} {value}", 2, option, option, value, good)
fails("two standard inputs", 2, "standard input", "-", "-")
fails("svg and no svg", 2, "exclude", "--svg", "x.svg", "--no-svg", good)
fails("same output twice", 2, "same file", "--svg", "x", "-o", "x", good)
fails("empty name", 2, "empty", "")
fails("label without a value", 2, "--label: 'x' is not KEY=VALUE", "--label", "x", good)
fails("columns", 2, "--columns: '0'", "--columns", "0", good)
fails("columns twice from a pipe", 2, "--columns auto reads twice", "--columns", "auto", "-", stdin=GOOD)
fails("dialect", 2, "--dialect: 'x' is none of auto", "--dialect", "x", good)
fails("threads and groups", 2, "exclude each other", "--threads", "--group-by", "x", good)
fails("config and none", 2, "exclude each other", "--config", "x", "--no-config", good)
for command in ("peek", "lines", "modules", "threads"):
    fails(f"{command} without a profile", 2, f"{command}: which profile?", command)
    fails(f"{command} in html", 2, "--format: 'html' is none of text, json, markdown, csv", command, "-f",
          "html", "x", good)
    fails(f"{command} with another's option", 2, "'--svg=x'", command, "--svg=x", "f", good)
    fails(f"{command} of a missing file", 1, "missing.folded", command, "missing.folded", "missing.folded")
fails("peek at a wrong expression", 2, "'/(/' is no regular expression", "peek", "/(/", good)
fails("peek at nothing", 1, "no function is called 'nosuch'", "peek", "nosuch", good)
fails("peek at several", 1, "matches 2 functions: main (100 %), min (50.0 %)", "peek", "m",
      write("two.folded", b"main;min 50\nmain;g 50\n"))
fails("peek at nothing harmful", 1, "\\x1b", "peek", "\x1b[31m", good)
fails("lines of what has none", 1, "no source lines in it", "lines", good)
fails("lines with a wrong context", 2, "--context: 'x'", "lines", "--context", "x", good)
fails("threads of what has none", 1, "nothing in it tells threads apart", "threads", good)

# Inputs.
fails("missing file", 1, "missing.folded", "missing.folded")
fails("directory", 1, str(WORK.name), WORK)
fails("empty file", 1, "empty.folded", write("empty.folded", b""))
fails("only zeros", 1, "zero.folded", write("zero.folded", b"a;b 0\n"))
fails("no profile", 1, "page.svg", write("page.svg", b"<?xml version='1.0'?><svg/>\n"))
fails("cut gzip", 1, "cut.folded.gz", write("cut.folded.gz", gzip.compress(GOOD * 2000)[:60]))
fails("unreadable names are shown harmlessly", 1, "\\x1b", "a\x1b[31m.folded")
fails("missing complexity file", 1, "none.yaml", good, "-c", "none.yaml")
fails("wrong complexity file", 1, "'bad.yaml' line 2", good, "-c",
      write("bad.yaml", b"rules:\n- {function: f, complexity: zero}\n"))
fails("missing configuration", 1, "none.yaml", good, "--config", "none.yaml")
fails("wrong configuration", 1, "'bad.yaml' line 2: unknown key 'rule' in complexity: did you mean 'rules'?",
      good, "--config", write("bad.yaml", b"complexity:\n  rule: []\n"))
fails("wrong configuration of a view", 1, "'bad.yaml' line 2", "modules", "--config", "bad.yaml", good)
write("neuroprof.yaml", b"own: [\n")
fails("wrong configuration of the project", 1, "neuroprof.yaml' line", good)
check("none is asked for", run(good, "--no-svg", "--no-config").returncode == 0)
write("neuroprof.yaml", b"complexity: {rules: [{function: f, complexity: 7}]}\n")
got = run(good, "--no-svg", "-f", "json")
report = json.loads(got.stdout)
check("the project's configuration holds", {r["function"]: r["complexity"]["value"] for r in report["rows"]}
      == {"main": 100, "f": 7, "g": 3} and report["method"]["config_file"].endswith("/neuroprof.yaml"), report)
got = run(good, "--no-svg", "-f", "json", "-c", write("cplx.yaml", b"defaults: {unknown: 9}\n"))
check("--complexity says all about complexity", {r["function"]: r["complexity"]["value"] for r in
      json.loads(got.stdout)["rows"]} == {"main": 100, "f": 9, "g": 9}, got.stdout)
(WORK / "neuroprof.yaml").unlink()
fails("bad line, strict", 1, "strict.folded", "--strict", write("strict.folded", GOOD + b"no number\n"))
check("a failed run leaves no picture", not list(WORK.glob("*.svg*")) or
      [p.name for p in WORK.glob("*.svg*")] == ["page.svg"], list(WORK.glob("*.svg*")))

# What works.
got = run(good)
check("text and picture", got.returncode == 0 and b"70.00" in got.stdout and not got.stderr,
      (got.returncode, got.stderr))
picture = WORK / "good.svg"
xml.dom.minidom.parse(str(picture))
check("the picture is named", b"flame graph: good.svg\n" in got.stdout, got.stdout)
check("the picture may be read by others", stat.S_IMODE(picture.stat().st_mode) & 0o444 == 0o444 &
      ~os.umask(os.umask(0)), oct(picture.stat().st_mode))
first = picture.read_bytes()
run(good)
check("same bytes again", first == picture.read_bytes())
got = run("-", stdin=GOOD)
check("standard input", got.returncode == 0 and got.stdout.startswith(b"standard input\n"), got.stdout)
check("standard input draws nothing", b"flame graph" not in got.stdout)
zipped = write("zip.folded.gz", gzip.compress(GOOD))
got = run(zipped, "-f", "json")
report = json.loads(got.stdout)
check("gzip by content", report["profile"]["value_total"] == 100, report["profile"])
check("zip.svg", (WORK / "zip.svg").exists())
got = run(write("gzip-without-its-name", gzip.compress(GOOD)), "--no-svg")
check("gzip under any name", got.returncode == 0, got.stderr)
got = run(good, zipped, "-", "-f", "json", stdin=GOOD)
report = json.loads(got.stdout)
check("several are summed", report["profile"]["value_total"] == 300 and
      report["profile"]["files"] == [good, zipped, "-"], report["profile"])
check("no picture without a name", b"--svg FILE" in got.stderr and report["flame_graph"] is None,
      got.stderr)
got = run("--svg", "sum.svg", good, zipped)
check("with one, there is", got.returncode == 0 and (WORK / "sum.svg").exists() and not got.stderr)
got = run("--svg", "-", good)
check("picture to standard output", got.stdout == first, got.stdout[:60])
got = run("-o", "out.txt", "--no-svg", good)
check("-o", got.returncode == 0 and not got.stdout and b"70.00" in (WORK / "out.txt").read_bytes())
got = run(good, "--no-svg", "-n1")
check("--top", b"2 more (--top all)" in got.stdout, got.stdout)
got = run(write("noise.folded", GOOD * 100 + b"no number here\n"), "--no-svg")
check("a bad line is a note", got.returncode == 0 and got.stderr.count(b"\n") == 1 and
      b"line 201" in got.stderr, got.stderr)
write("good.pb.gz", b"not looked at")
got = run(good, "--no-svg")
check("the richer file is mentioned", b"good.pb.gz" in got.stdout, got.stdout)
for args in (["--help"], ["--version"]):
    got = run(*args)
    check(args[0], got.returncode == 0 and got.stdout and not got.stderr)

# Outputs that fail.
keep = WORK / "keep.svg"
keep.write_bytes(b"whole")
with open("/dev/full", "wb") as full:
    got = subprocess.run([TOOL, "--no-svg", good], stdout=full, stderr=subprocess.PIPE, cwd=WORK)
check("full standard output", got.returncode == 1 and got.stderr.count(b"\n") == 1 and
      b"standard output" in got.stderr, got.stderr)
got = run(good, "--svg", "/dev/full")
check("full disk for the picture", got.returncode == 1 and b"/dev/full" in got.stderr and
      b"70.00" in got.stdout, got.stderr)
got = run(good, "--svg", "no-such-directory/x.svg")
check("no directory", got.returncode == 1 and got.stderr.count(b"\n") == 1 and b"70.00" in got.stdout,
      got.stderr)
limited = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "sh", TOOL, good, "--svg",
                          "keep.svg"], cwd=WORK, capture_output=True)
check("a cut picture never replaces a whole one", limited.returncode == 1 and
      keep.read_bytes() == b"whole" and not list(WORK.glob("keep.svg.*")), limited)
link = WORK / "link.svg"
link.symlink_to("keep.svg")
run(good, "--svg", "link.svg")
check("a link stays one", link.is_symlink() and keep.read_bytes().startswith(b"<?xml"))

# On a terminal the lines fit.
long = write("long.folded", b"main;" + b"std::vector<int, std::allocator<int> >::push_back(int const&)" * 4 +
             b" 5\nmain;g 70\n")
for columns in (90, 132):
    master, slave = pty.openpty()
    subprocess.run(["stty", "rows", "40", "cols", str(columns)], stdin=slave, check=True)
    child = subprocess.Popen([TOOL, "--no-svg", long], stdout=slave, cwd=WORK)
    os.close(slave)
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:         # the other end is closed
            break
        if not piece:
            break
        text += piece
    child.wait()
    os.close(master)
    longest = max(map(len, text.decode().splitlines()))
    check(f"{columns} columns", longest <= columns and longest > columns - 12, longest)

print("all as documented" if not failures else f"{len(failures)} failures, files in {WORK}")
if not failures:
    subprocess.run(["rm", "-r", WORK], check=True)
sys.exit(1 if failures else 0)
