#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every output of hostile profiles: names with markup, controls, direction marks, broken UTF-8 and 64 KiB,
stacks of 100 000 frames, a fan of 50 000, sums beyond 64 bits.  The stack is limited to what a recursion
over frames would overrun.

usage: hostile_input.py NEUROPROF_REPORT
"""
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import xml.parsers.expat

TOOL = os.path.abspath(sys.argv[1])
DEPTH = 100_000
NAMES = [b"</script><script>alert(1)</script>", b"]]><svg onload=alert(1)>", b"<!-- x --> --!>", b"&amp;&#0;&lt", b"\"quoted' `x`",
         b"\x1b[31mred\x1b]0;title\x07", b"\x01\x08\x0b\x7f", b"a\xe2\x80\xaeb\xe2\x81\xa6c\xe2\x80\x8fd", b"\xff\xfe\xc0\x80\xed\xa0\x80\xf8",
         b"\xef\xbf\xbe\xef\xbf\xbf", b"|a|*b*[c](javascript:d)", b"=cmd|' /C calc'!A0", b"${x}#{y}%s%n", b"\\x41\\n\\", b" ", b"."]
INPUTS = {
    "names": b"".join(b"m;" + name + b";" + NAMES[i - 1] + b" 5\n" for i, name in enumerate(NAMES)),
    "long": b"m;" + b"x" * 65536 + b";" + "\u00e4\U0001f600".encode() * 10000 + b" 7\nm;" + b"<" * 65536 + b" 1\n",
    "deep": b";".join(b"f%d" % (i % 5) for i in range(DEPTH)) + b" 3\nf0;g 1\n",
    "wide": b"".join(b"m;f%d 1\n" % i for i in range(50_000)),
    "large": b"a;b 18446744073709551614\na 1\n",
}
REFUSED = {
    "sum": (b"a 18446744073709551615\nb 1\n", "line 2: the sum of the values passes 64 bits"),
    "number": (b"a 1\nb 18446744073709551616\n", "line 2: the sum of the values passes 64 bits"),
    "decimals": (b"a 9999999999999999999\nb 0.000000001\n", "line 2: the sum of the values passes 64 bits"),
}
COMMANDS = {
    "text": ["--no-svg", "-n", "all", "-F"], "json": ["--no-svg", "-f", "json"], "markdown": ["--no-svg", "-f", "markdown"],
    "csv": ["--no-svg", "-f", "csv"], "html": ["--no-svg", "-f", "html"], "svg": ["flamegraph"],
    "svg, reversed": ["flamegraph", "--reverse", "--inverted", "--colors", "java"], "svg, chart": ["flamegraph", "--flamechart"],
    "svg, hidden": ["flamegraph", "--anonymize"], "text, modules": ["modules"], "text, threads": ["threads"],
    "text, lines": ["lines"], "json, modules": ["modules", "-f", "json"],
    **{f"{form}, exported": ["convert", "--to", form] for form in ("folded", "speedscope", "firefox", "callgrind", "json", "csv",
                                                                  "markdown")},
}
EXPORTS_RAW = {"folded, exported", "callgrind, exported"}      # bytes as they are: other tools match them
MAY_REFUSE = {"text, threads", "text, lines"}      # there are none


def limits():
    resource.setrlimit(resource.RLIMIT_STACK, (512 << 10, 512 << 10))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, check=False, preexec_fn=limits, timeout=120)


def check_text(what, output):
    text = output.decode("utf-8")       # whatever the names are
    for mark in re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", text):
        raise AssertionError(f"{what}: U+{ord(mark):04X} gets out")


def check_markup(what, output):
    check_text(what, output)
    assert b"<script>alert" not in output and b"<svg onload" not in output, what
    assert output.count(b"</script>") == (1 if b"<svg xmlns" in output[:400] else output.count(b"<script")), what


def check(what, output):
    kind = what.split(",")[0]
    if kind == "svg":
        xml.parsers.expat.ParserCreate().Parse(output, True)
        check_markup(what, output)
    elif kind == "html":
        check_markup(what, output)
    elif kind in ("json", "speedscope", "firefox"):
        json.loads(output)
    elif what not in EXPORTS_RAW:
        check_text(what, output)
    assert output, what


with tempfile.TemporaryDirectory() as place:
    count = 0
    for name, stacks in INPUTS.items():
        folded, pprof = os.path.join(place, name + ".folded"), os.path.join(place, name + ".pb.gz")
        with open(folded, "wb") as to:
            to.write(stacks)
        sources = [folded]
        made = run("convert", "--to", "pprof", "-o", pprof, folded)
        if name == "large":     # pprof's numbers are signed
            assert made.returncode == 1 and b"63 bits" in made.stderr, made
        else:
            assert made.returncode == 0, (name, made)
            sources.append(pprof)
        for source in sources:
            for form, arguments in COMMANDS.items():
                if source == pprof and "chart" in form:
                    continue
                done = run(*arguments, source)
                label = f"{form}, {os.path.basename(source)}"
                if form in MAY_REFUSE and done.returncode == 1:
                    assert not done.stdout and done.stderr.count(b"\n") == 1, (label, done)
                    continue
                assert done.returncode == 0, (label, done.returncode, done.stderr[-300:])
                check(form, done.stdout)
                check_text(label + ", messages", done.stderr)
                count += 1
    for name, (stacks, message) in REFUSED.items():
        folded = os.path.join(place, name + ".folded")
        with open(folded, "wb") as to:
            to.write(stacks)
        done = run("--no-svg", folded)
        assert done.returncode == 1 and not done.stdout and done.stderr.count(b"\n") == 1, done
        assert message in done.stderr.decode(), done.stderr
print(f"{count} outputs of {len(INPUTS)} hostile profiles, {len(REFUSED)} refused")
