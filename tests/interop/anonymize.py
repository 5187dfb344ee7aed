#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--anonymize: no word of the program in any output, and everything else as it was.

usage: anonymize.py NEUROPROF_REPORT
"""
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile

TOOL = os.path.abspath(sys.argv[1])
WORDS = ("secretmain", "secretwork", "secretleaf", "secretlib", "secretfile", "secretproc", "secretplace", "secretvalue")
STACKS = "secretproc-17/17;secretmain;secretwork_[i];secretleaf_[k] 50\nsecretproc-17/17;secretmain;[truncated: x] 30\n" \
         "secretmain;secretwork 20\n"
FORMATS = ("folded", "pprof", "speedscope", "firefox", "callgrind", "json", "csv", "markdown")


def run(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout + done.stderr


def must_not_tell(what, text):
    if text[:2] == b"\x1f\x8b":
        text = gzip.decompress(text)
    for word in WORDS:
        assert word.encode() not in text, f"{what} tells {word}"


def outputs(place, *inputs):
    for form in ("text", "json", "markdown", "csv", "html"):
        yield form, run("--no-svg", "-f", form, "--anonymize", *inputs)
    for form in FORMATS:
        file = os.path.join(place, "out." + form)
        run("convert", "--to", form, "-o", file, "--anonymize", *inputs)
        yield "convert " + form, open(file, "rb").read()
    yield "flamegraph", run("flamegraph", "--anonymize", *inputs)
    yield "flamegraph --reverse", run("flamegraph", "--anonymize", "--reverse", *inputs)
    for command in ("modules", "threads"):
        yield command, run(command, "--anonymize", *inputs)
    run("merge", "--anonymize", "-o", os.path.join(place, "sum.folded"), *inputs)
    yield "merge", open(os.path.join(place, "sum.folded"), "rb").read()


def check_outputs(place, name):
    for what, text in outputs(place, name):
        must_not_tell(what, text)
    svg = os.path.join(place, "picture.svg")
    run("--svg", svg, "-o", os.devnull, "--anonymize", name)
    must_not_tell("--svg", open(svg, "rb").read())


def tree_of(*arguments):
    """(path of kinds, hashed names) -> value."""
    data = json.loads(run("convert", "--to", "json", *arguments))
    nodes, functions, paths = data["nodes"], data["functions"], [()]
    for node in range(1, len(nodes["parent"])):
        paths.append(paths[nodes["parent"][node]] + (nodes["function"][node],))
    return {tuple((functions[f]["name"], functions[f]["kind"], functions[f]["inlined"]) for f in path): value
            for path, value in zip(paths, nodes["total"])}


def check_shape(name):
    plain, hidden = tree_of(name), tree_of("--anonymize", name)
    assert sorted((tuple(f[1:] for f in path), value) for path, value in plain.items()) == \
        sorted((tuple(f[1:] for f in path), value) for path, value in hidden.items()), "shape, kinds or values changed"
    assert any(f[0] == "[truncated: x]" for path in hidden for f in path), "markers are our own words and stay"
    names = {f[0] for path in hidden for f in path if f[1] != "marker"}
    assert all(re.fullmatch(r"[a-z][0-9a-f]{16}", n) for n in names), names
    assert len(names) == len({f[0] for path in plain for f in path if f[1] != "marker"})
    return hidden


with tempfile.TemporaryDirectory() as directory:
    first, second = os.path.join(directory, "secretplace.folded"), os.path.join(directory, "other.folded")
    with open(first, "w", encoding="utf-8") as to:
        to.write(STACKS)
    with open(second, "w", encoding="utf-8") as to:
        to.write("secretwork 1\nsecretmain;secretother 2\n" + STACKS)
    check_outputs(directory, first)
    one, two = check_shape(first), check_shape(second)
    assert set(one) < set(two), "the same words are the same hashes in every profile"
    keyed = tree_of("--anonymize=a key", first)
    assert set(keyed) != set(one) and tree_of("--anonymize=a key", first) == keyed, "a key makes others, always the same"
    pprof = os.path.join(directory, "made.pb.gz")
    run("convert", "--to", "pprof", "-o", pprof, first)
    check_outputs(directory, pprof)
print("no word gets out; shape, kinds and values are kept")
