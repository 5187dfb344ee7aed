#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""neuroprof-report diff and gate, byte for byte: pair.py BUILD_ROOT [--update].

The inputs lie in pair/, what they must give beside them; the exit status is part of it.  In SVG
files the style and the script are left out.  After an intended change: --update, and read the diff.
"""
import base64
import difflib
import json
import pathlib
import re
import subprocess
import sys
import zlib
import xml.etree.ElementTree as tree

HERE = pathlib.Path(__file__).resolve().parent / "pair"
TOOL = pathlib.Path(sys.argv[1]).resolve() / "tools" / "neuroprof-report"
UPDATE = "--update" in sys.argv[2:]

BEFORE, SAME, AFTER = ([f"{side}{i}.folded" for i in (1, 2, 3)] for side in ("before", "same", "after"))
SLOWER = [*BEFORE, "--", *AFTER]
MODULES = [f"modules-before{i}.perf.gz" for i in (1, 2, 3)] + ["--"] + [f"modules-after{i}.perf.gz" for i in (1, 2, 3)]

RENAMED = [*(f"v1-{i}.folded" for i in (1, 2, 3)), "--", *(f"v2-{i}.folded" for i in (1, 2, 3))]

CASES = [    # expected file, arguments, exit status
    ("diff.txt", ["diff", *SLOWER], 0),
    ("diff.md", ["diff", "-f", "markdown", *SLOWER], 0),
    ("diff.svg", ["diff", "--svg", "-", *SLOWER], 0),
    ("diff-before.svg", ["diff", "--svg", "-", "--view", "before", "--icicle", *SLOWER], 0),
    ("diff-one.txt", ["diff", "before1.folded", "after1.folded"], 0),
    ("columns.txt", ["diff", "columns.folded"], 0),
    ("columns.svg", ["diff", "--svg", "-", "columns.folded"], 0),
    ("fail.txt", ["gate", *SLOWER], 1),
    ("fail.md", ["gate", "-f", "markdown", *SLOWER], 1),
    ("fail.json", ["gate", "-f", "json", *SLOWER], 1),
    ("fail.junit.xml", ["gate", "-f", "junit", *SLOWER], 1),
    ("fail.sarif", ["gate", "-f", "sarif", *SLOWER], 1),
    ("fail.github.txt", ["gate", "-f", "github", *SLOWER], 1),
    ("same.txt", ["gate", *BEFORE, "--", *SAME], 0),
    ("same-strict.txt", ["gate", "--fail-on", "suspect,inconclusive", "--min-points", "0.1", *BEFORE, "--",
                         *SAME], 4),
    ("suspect.txt", ["gate", "before1.folded", "after1.folded"], 0),
    ("suspect-strict.github.txt", ["gate", "--fail-on", "suspect", "-f", "github", "before1.folded",
                                   "after1.folded"], 1),
    ("budget.txt", ["gate", "--budget", "lex:self=12%", "--budget", "absent:total=1%", *BEFORE, "--", *AFTER], 1),
    ("names.txt", ["gate", "--names", "names.map", *SLOWER], 1),
    ("work.txt", ["gate", "--same-work", *SLOWER], 1),
    ("config.txt", ["gate", "--config", "config/limits.yaml", *SLOWER], 1),
    ("again.txt", ["gate", "--confirm", "cp after?.folded $NEUROPROF_CONFIRM/after; echo on standard output",
                   *SLOWER], 1),
    ("not-again.txt", ["gate", "--confirm", "cp same?.folded $NEUROPROF_CONFIRM/after", *SLOWER], 0),
    ("not-again.junit.xml", ["gate", "-f", "junit", "--confirm", "cp same?.folded $NEUROPROF_CONFIRM/after",
                             *SLOWER], 0),
    ("unconfirmed.md", ["gate", "-f", "markdown", "--confirm", "exit 7", *SLOWER], 1),
    ("renamed.txt", ["diff", *RENAMED], 0),
    ("renamed-gate.txt", ["gate", "--budget", "v1::pack*:self=5%", *RENAMED], 1),
    ("renamed.md", ["gate", "-f", "markdown", *RENAMED], 1),
    ("renamed.json", ["gate", "-f", "json", *RENAMED], 1),
    ("renamed.sarif", ["gate", "-f", "sarif", *RENAMED], 1),
    ("renamed.junit.xml", ["gate", "-f", "junit", *RENAMED], 1),
    ("renamed.github.txt", ["gate", "-f", "github", *RENAMED], 1),
    ("no-renames.txt", ["gate", "--no-renames", *RENAMED], 1),
    ("hidden.txt", ["gate", "--anonymize=secret", "--budget", "v1::pack*:self=5%", "--budget", "absent:self=1%",
                    *RENAMED], 1),
    ("hidden.json", ["gate", "--anonymize=secret", "-f", "json", *RENAMED], 1),
    ("modules.txt", ["gate", *MODULES], 1),
    ("modules.md", ["gate", "-f", "markdown", *MODULES], 1),
    ("modules.sarif", ["gate", "-f", "sarif", *MODULES], 1),
    ("poor.txt", ["gate", *BEFORE, "--", "poor.folded"], 3),
    ("poor.junit.xml", ["gate", "-f", "junit", *BEFORE, "--", "poor.folded"], 3),
]

WRONG = [    # arguments, exit status, what the one line says
    (["gate"], 2, "which profiles"), (["gate", "before1.folded"], 2, "which profiles"),
    (["diff", "a", "b", "c"], 2, "which profiles"), (["gate", "--budget", "lex", "a", "b"], 2, "--budget"),
    (["gate", "--fail-on", "never", "a", "b"], 2, "--fail-on"), (["diff", "-f", "sarif", "a", "b"], 2, "sarif"),
    (["gate", "--nonsense", "a", "b"], 2, "--nonsense"), (["gate", "--rate"], 2, "needs a value"),
    (["gate", "before1.folded", "--", "--top", "3"], 2, "before the profiles"),
    (["gate", "before1.folded", "absent.folded"], 2, "absent.folded"),
    (["diff", "before1.folded", "absent.folded"], 1, "absent.folded"),
    (["gate", "--names", "poor.folded", "before1.folded", "after1.folded"], 2, "poor.folded:1"),
    (["gate", "-o", "/absent/x", "before1.folded", "after1.folded"], 2, "/absent/x"),
    (["gate", "--config", "absent.yaml", "before1.folded", "after1.folded"], 2, "absent.yaml"),
    (["gate", "--config", "x", "--no-config", "before1.folded", "after1.folded"], 2, "exclude"),
    (["gate", "--budget", "lex:calls=5%", "a", "b"], 2, "PATTERN:calls=NUMBER"),
    (["gate", "--confirm", "cp absent $NEUROPROF_CONFIRM/after", "--no-config", "absent.folded", "b"], 2, "absent.folded"),
    (["gate", "columns.folded"], 2, "one run of each side"), (["diff", "before1.folded"], 2, "which profiles"),
    (["diff", "../../interop/exports.folded"], 1, "its header says"),
    (["diff", "-", "-"], 2, "standard input"), (["gate", "--write", "text", "a", "b"], 2, "FORMAT=FILE"),
]


def strip_assets(text):
    return re.sub(r"(<(style|script)><!\[CDATA\[).*?(\]\]></\2>)", r"\1\3", text, flags=re.S)


def run_tool(args):
    return subprocess.run([TOOL, *args], cwd=HERE, capture_output=True, timeout=60)


failed = 0
for expected_name, args, status in CASES:
    run = run_tool(args)
    got = run.stdout.decode("utf-8")
    if expected_name.endswith((".svg", ".xml")):
        tree.fromstring(got)
        got = strip_assets(got)
    if expected_name.endswith((".json", ".sarif")):
        json.loads(got)
        got = re.sub(r'("version": )"\d+\.\d+\.\d+"(,\n +"rules")', r"\1\2", got)
        # The last digits are libm's.
        got = re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.4g}", got)
    path = HERE / expected_name
    if UPDATE:
        path.write_text(got)
    expected = path.read_text() if path.exists() else ""
    # What --confirm's command prints goes to standard error.
    said = run.stderr.replace(b"on standard output\n", b"") if "echo" in str(args) else run.stderr
    if args[-1] == "columns.folded" and b"the first is taken for before" in said:
        said = b""
    if run.returncode != status or said or got != expected:
        failed += 1
        print(f"{expected_name}: exit {run.returncode}, not {status}; stderr {run.stderr!r}")
        sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), got.splitlines(True),
                                                   expected_name, "got"))
for args, status, words in WRONG:
    run = run_tool(args)
    said = run.stderr.decode("utf-8")
    if run.returncode != status or said.count("\n") != 1 or words not in said or run.stdout:
        failed += 1
        print(f"{args}: exit {run.returncode}, not {status}; said {said!r}, not {words!r}")
# Hidden names are in no output, and are the hashes that the other commands give them.
NAMES = ["pack", "encode", "parse_header", "decode_head", "old_filter", "new_column", "memcpy", ".folded"]
HIDDEN = [("diff", kind) for kind in ("text", "markdown", "json", "html")] + \
    [("gate", kind) for kind in ("text", "markdown", "json", "junit", "sarif", "github")]
for command, kind in HIDDEN:
    run = run_tool([command, "--anonymize=secret", "--no-config", "-f", kind, *RENAMED])
    # Of a page, what is not its own script; its data unpacked.
    text = re.sub(rb"<script>.*?</script>", b"", run.stdout, flags=re.S).decode()
    packed = re.search(r'id="np-data">([^<]+)<', text)
    assert bool(packed) == (kind == "html")
    if packed:
        text += zlib.decompress(base64.b64decode(packed[1]), 15 + 32).decode("latin-1")
    leaked = [name for name in NAMES if name in text]
    if leaked or not text:
        failed += 1
        print(f"{command} -f {kind} --anonymize: {leaked} in its {len(text)} bytes")
alone = json.loads(run_tool(["--no-svg", "--no-config", "--anonymize=secret", "-f", "json", "-n", "all", "v2-1.folded"]).stdout)
both = json.loads(run_tool(["diff", "--anonymize=secret", "-f", "json", *RENAMED]).stdout)
known = {row["function"] for row in alone["rows"]}
strange = [row["function"] for row in both["findings"] if not row["gone"] and row["function"] not in known]
if strange:
    failed += 1
    print(f"{strange} are not what 'report --anonymize' calls them")
print(f"{len(CASES) + len(WRONG) - failed} of {len(CASES) + len(WRONG)} outputs are as checked in")
sys.exit(1 if failed else 0)
