#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""neuroprof record: streams, signals and exit status are the command's; profiles of the whole tree.
usage: record.py BUILD_DIR
"""
import gzip
import os
import re
import signal
import subprocess
import sys
import time

from hosttest import Build, Place, inclusive, outcome, read_folded, run

build = Build(sys.argv[1])
program = build.program("ending")
checks = []


def check(test):
    checks.append(test)
    return test


def record(place, *command, options=(), **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("NEUROPROF_", "LD_PRELOAD"))}
    env["NEUROPROF_SPOOL_DIR"] = place.spools
    return run([build.neuroprof, "record", "-F", "499", "-o", place.out, *options, "--", *command], env=env, **more)


@check
def exit_statuses_are_the_commands(place):
    for how in ("return", "exit", "_exit", "SIGTERM", "SIGKILL", "abort", "segfault", "own-SIGTERM", "SIGPROF"):
        without = run([program, how])
        result = record(place, program, how, options=("-q",))
        assert outcome(result) == outcome(without), f"{how}: {outcome(result)} is not {outcome(without)}"
    assert len(place.folded()) == 9, place.folded()
    assert not place.litter(), place.litter()


@check
def standard_streams_pass_through(place):
    data = os.urandom(300000)
    result = record(place, "/bin/sh", "-c", "cat; echo error >&2; exit 9", options=("-q",), input=data)
    assert result.returncode == 9 and result.stdout == data and result.stderr == b"error\n", result.stderr


@check
def children_are_profiled_each_in_its_own_file(place):
    result = record(place, "/bin/sh", "-c", f"{program} exit & {program} return; wait; {program} fork >/dev/null; exit 0")
    assert result.returncode == 0, result
    profiles = [f for f in place.folded() if f.startswith("neuroprof.ending.")]
    assert len(profiles) == 4, place.folded()
    tree = read_folded(f"{place.out}/neuroprof.sh.tree.folded")
    parts = [read_folded(f"{place.out}/{f}") for f in place.folded() if ".tree." not in f]
    assert sum(tree.values()) == sum(sum(part.values()) for part in parts), "the tree is not the sum of its parts"
    assert all(re.fullmatch(r".* \(pid \d+\)", stack[0]) for stack in tree), tree
    with gzip.open(f"{place.out}/neuroprof.sh.tree.pb.gz") as profile:
        about = profile.read()
    assert about.count(b"process: pid ") == len(parts), "the tree does not say which processes are in it"
    assert b"complete stacks: " in about and b"samples: " in about, "the tree does not say how good it is"
    assert inclusive(tree, "burn") == sum(inclusive(part, "burn") for part in parts)
    for name in profiles:
        assert inclusive(read_folded(f"{place.out}/{name}"), "burn") > 50, name
    assert not place.litter(), place.litter()


@check
def no_children_means_none(place):
    record(place, program, "fork", options=("--no-children",))
    assert len(place.folded()) == 1, place.folded()


@check
def a_signal_to_record_reaches_the_command(place):
    env = dict(os.environ, NEUROPROF_SPOOL_DIR=place.spools)
    script = f"trap 'echo caught; exit 5' TERM; {program} exit; while :; do sleep 0.05; done"
    child = subprocess.Popen([build.neuroprof, "record", "-F", "499", "-o", place.out, "--", "/bin/sh", "-c", script],
                             env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1)
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=60)
    assert (child.returncode, out) == (5, b"caught\n"), (child.returncode, out)


@check
def a_command_that_is_not_there_is_one_line(place):
    result = record(place, "/nonexistent/program")
    assert result.returncode == 127 and len(result.stderr.splitlines()) == 1, result
    assert b"/nonexistent/program" in result.stderr, result.stderr
    result = record(place, "/etc/passwd")
    assert result.returncode == 126 and len(result.stderr.splitlines()) == 1, result
    assert not place.litter() and os.listdir(place.spools) == [], os.listdir(place.spools)


@check
def wrong_flags_are_usage_errors(place):
    for arguments in (["-F", "0"], ["-F", "ten"], ["--clock", "sun"], ["--unwinder", "x"], ["--nonsense"], []):
        result = run([build.neuroprof, "record", *arguments, *(["--", "true"] if arguments else [])])
        assert result.returncode == 2, (arguments, result)
        assert len(result.stderr.splitlines()) == 1, (arguments, result.stderr)


@check
def the_summary_adds_up(place):
    result = record(place, program, "exit")
    text = result.stderr.decode()
    samples = int(re.search(r"([\d,]+) samples", text).group(1).replace(",", ""))
    seconds = float(re.search(r"([\d.]+) CPU s", text).group(1))
    stacks = read_folded(f"{place.out}/{place.folded()[0]}")
    assert abs(sum(stacks.values()) / 499 - seconds) < 0.02, (stacks, seconds)
    assert 0 < samples <= sum(stacks.values()), text
    assert "complete" in text and "unresolved" in text and "lost" in text, text
    for name in os.listdir(place.out):
        assert name in text, f"{name} is not named in:\n{text}"
    print(text)


def health_of(place):
    """The one profile's health, which its comments, the report and the lint must agree on."""
    profile = os.path.join(place.out, place.folded()[0].replace(".folded", ".pb.gz"))
    with gzip.open(profile) as file:
        about = file.read()
    start = about.index(b"health: ")
    said = about[start + 8:start + about[start - 1]].decode()      # a length below 128 is the byte before
    report = run([build.report, "--no-svg", profile])
    lint = run([build.report, "lint", "-f", "json", profile])
    assert f"health: {said}" in report.stdout.decode().replace("\n  ", " "), report
    assert report.returncode == 0 and (b'"severity": "error"' in lint.stdout) == said.startswith("poor"), (said, lint)
    return said


@check
def a_poor_profile_is_called_poor(place):
    text = record(place, program, "return", options=("-F", "50")).stderr.decode()
    assert re.search(r"health: poor: only \d+ samples\n", text) and " at 50 Hz" in text, text
    assert health_of(place).startswith("poor: only "), text
    merged = run([build.report, "--no-svg", *[os.path.join(place.out, place.folded()[0].replace("folded", "pb.gz"))] * 2])
    assert b"\nhealth: poor: only " in merged.stdout, merged


@check
def a_good_profile_is_called_good(place):
    text = record(place, program, "return", options=("-F", "9973")).stderr.decode()
    assert "health: good\n" in text and ", overhead 0." in text, text
    assert health_of(place) == "good", text


@check
def a_process_without_a_sample_leaves_no_file(place):
    result = record(place, "/bin/true", options=("-F", "1"))
    assert result.returncode == 0 and not place.folded() and not place.litter(), (result, place.folded())


@check
def an_output_directory_that_cannot_be_written_is_said_before_the_command_runs(place):
    target = "/proc/neuroprof"
    result = run([build.neuroprof, "record", "-o", target, "--", "/bin/echo", "ran"])
    assert result.returncode == 125 and b"ran" not in result.stdout, result
    assert len(result.stderr.splitlines()) == 1 and target.encode() in result.stderr, result


for test in checks:
    with Place() as place:
        test(place)
    print(f"ok: {test.__name__.replace('_', ' ')}")
