#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""peek, lines, modules, threads, labels and neuroprof.yaml, byte for byte: views.py BUILD_ROOT [--update].

The profile is made here; what it must give lies in views/.  After an intended change: --update, and
read the diff.
"""
import difflib
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pprof_made import Pprof  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent / "views"
TOOL = pathlib.Path(sys.argv[1]).resolve() / "tools" / "neuroprof-report"
UPDATE = "--update" in sys.argv[2:]
MS = 1_000_000

SERVICE, LIBRARY, LIBC = "/opt/shop/bin/service", "/opt/shop/lib/liblex.so.2", "/lib/libc.so.6"
MAIN = (SERVICE, [("main", "/build/shop/src/main.c", 40)])
SERVE = (SERVICE, [("serve", "/build/shop/src/main.c", 21)])
LEX = (LIBRARY, [("lex", "/build/shop/src/lex.c", 10)])
LEX_BLANK = (LIBRARY, [("is_blank", "/build/shop/src/lex.c", 4), ("lex", "/build/shop/src/lex.c", 9)])
WALK = (SERVICE, [("walk", "/build/shop/src/tree.c", 12)])
COPY = (LIBC, [("memcpy", "", 0)])


def shop():
    made = Pprof([("samples", "count"), ("calls", "count"), ("cpu", "nanoseconds")], period=10 * MS,
                 comments=["made for a test"])

    def add(stack, samples, calls, *labels):
        made.sample(list(reversed(stack)), [samples, calls, samples * 10 * MS], labels)

    one = [("thread", "worker"), ("tid", 11), ("request", "GET /")]
    two = [("thread", "worker"), ("tid", 12), ("request", "POST /")]
    made.mapping(SERVICE)    # the program comes first
    add([MAIN, SERVE, LEX], 20, 25, *one)
    add([MAIN, SERVE, LEX_BLANK], 30, 0, *one)
    add([MAIN, SERVE, LEX_BLANK], 10, 0, *two)
    add([MAIN, SERVE, COPY], 8, 8, *two)
    add([MAIN, WALK, WALK, WALK], 12, 3, *two)
    add([MAIN, WALK, COPY], 4, 4, *two)
    add([MAIN], 1, 1, ("thread", "=cmd|' /C calc'"))
    add([MAIN, SERVE], 15, 1)
    return made.bytes()


# What perf script -F +srcline prints; a function that was inlined at two lines is told apart.
PERF = """shop 7/9 100.000001: 10000000 cpu-clock:
\t     401136 tiny (inlined)
  util.c:3
\t     401136 lex+0x16 (/opt/shop/bin/shop)
  lex.c:10
\t     401200 main+0x10 (/opt/shop/bin/shop)
  main.c:40

shop 7/9 100.010001: 10000000 cpu-clock:
\t     401140 tiny (inlined)
  util.c:4
\t     401140 lex+0x20 (/opt/shop/bin/shop)
  lex.c:12
\t     401200 main+0x10 (/opt/shop/bin/shop)
  main.c:40

shop 7/10 100.010002: 10000000 cpu-clock:
\t     401141 lex+0x21 (/opt/shop/bin/shop)
  ??:0
\t     401200 main+0x10 (/opt/shop/bin/shop)
  main.c:99999999999

"""
YAML = """own:
  - "liblex*"
complexity:
  rules:
    - {function: "lex", complexity: 1, category: algorithm}
    - {function: "serve", complexity: 4, category: system}
    - {function: "memcpy", max_speedup: 2}
    - {function: "walk", max_speedup: 100}
"""

CASES = []
for name, args in [("modules", ["modules"]), ("threads", ["threads"]), ("peek", ["peek", "lex"]),
                   ("lines", ["lines", "--source-dir", HERE])]:
    CASES += [(f"{name}.txt", args, ["shop.pb.gz"])]
    CASES += [(f"{name}.{end}", [*args, "-f", format], ["shop.pb.gz"])
              for end, format in [("json", "json"), ("md", "markdown"), ("csv", "csv")]]
CASES += [
    ("peek-recursive.txt", ["peek", "walk"], ["shop.pb.gz"]),
    ("peek-together.txt", ["peek", "--all", "/^(lex|walk)$/"], ["shop.pb.gz"]),
    ("peek-folded.txt", ["peek", "parse"], [HERE / "../report/service.folded"]),
    ("threads-by.txt", ["threads", "--by", "request"], ["shop.pb.gz"]),
    ("lines-sites.txt", ["lines", "--call-sites", "-n", "3"], ["shop.pb.gz"]),
    ("lines-annotated.txt", ["lines", "-a", "--context", "1", "-d", HERE], ["shop.pb.gz"]),
    ("lines-annotated.json", ["lines", "-a", "--context", "0", "-n", "1", "-d", HERE, "-f", "json"],
     ["shop.pb.gz"]),
    ("lines-perf.csv", ["lines", "--call-sites", "-f", "csv"], ["shop.perf"]),
    ("threads-roots.txt", ["threads", "--roots"], [HERE / "../report/service.folded"]),
    ("threads-perf.txt", ["threads"], ["shop.perf"]),
    ("lines-file.txt", ["lines", "--file", "tree"], ["shop.pb.gz"]),
    ("factors.txt", ["-F", "--no-svg"], ["shop.pb.gz"]),
    ("by-lower.csv", ["-f", "csv", "--no-svg", "-s", "lower", "-n", "2"], ["shop.pb.gz"]),
    ("factors.csv", ["-f", "csv", "--no-svg"], ["shop.pb.gz"]),
    ("config.txt", ["--no-svg", "--config", "project.yaml", "-n", "all"], ["shop.pb.gz"]),
    ("config.json", ["--no-svg", "--config", "project.yaml", "-f", "json", "-n", "2"], ["shop.pb.gz"]),
    ("config-modules.txt", ["modules", "--config", "project.yaml"], ["shop.pb.gz"]),
    ("label.csv", ["--no-svg", "-f", "csv", "--label", "thread=worker", "--label", "tid=1[2-9]"], ["shop.pb.gz"]),
    ("group.folded", ["convert", "--to", "folded", "--group-by", "request"], ["shop.pb.gz"]),
    ("by-thread.folded", ["convert", "--to", "folded", "--threads"], ["shop.pb.gz"]),
]

failed = 0
with tempfile.TemporaryDirectory() as directory:
    pathlib.Path(directory, "shop.pb.gz").write_bytes(shop())
    pathlib.Path(directory, "shop.perf").write_text(PERF)
    pathlib.Path(directory, "project.yaml").write_text(YAML)
    for expected_name, args, files in CASES:
        run = subprocess.run([TOOL, *args, *files], cwd=directory, capture_output=True, timeout=60)
        got = run.stdout.decode("utf-8").replace(str(HERE), "HERE")
        path = HERE / expected_name
        if UPDATE:
            path.write_text(got)
        expected = path.read_text() if path.exists() else ""
        # The sources were checked out after the made profile was written, or before: no matter.
        if run.returncode != 0 or run.stderr or got != expected:
            failed += 1
            print(f"{expected_name}: exit {run.returncode}, stderr {run.stderr!r}")
            sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), got.splitlines(True),
                                                       expected_name, "got"))
print(f"{len(CASES) - failed} of {len(CASES)} outputs are as checked in")
sys.exit(1 if failed else 0)
