#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Metrics and spans of a program under the library: exact counts, quantiles within 1 %, nothing lost by a
kill or a fork, and every sample carries the span it fell in.
usage: metrics.py BUILD_DIR METERED SCOPE"""
import gzip
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "host"))
from hosttest import Build, Place, run  # noqa: E402


def metrics_of(place):
    """{name with labels: value} of the only metrics file, or of all added up by process."""
    found = []
    for name in sorted(os.listdir(place.out)):
        if name.endswith(".metrics.txt"):
            with open(os.path.join(place.out, name), encoding="utf-8") as lines:
                text = lines.read()
            assert text.endswith("# EOF\n"), f"{name}: not whole"
            found.append({line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                          for line in text.splitlines() if not line.startswith("#")})
    return found


def check(what, got, wanted):
    assert got == wanted, f"{what}: {got}, should be {wanted}"


def test_counts_are_exact_and_quantiles_within_one_percent(build, metered):
    with Place() as place:
        result = run([metered, "4", "500"], env=place.env(build, NEUROPROF_HZ="997"))
        check("output", result.stdout.decode().splitlines(),
              ["same=1 other=1 wrong=1", "trace=continued", "damaged=own trace", "outside=none", "calls=2000"])
        values, = metrics_of(place)
        check("calls", values["calls_total"], 2000)
        check("labelled calls", values['calls_total{route="/a"}'], 4000)
        check("level", values["level"], 42.5)
        check("sizes", (values["sizes_count"], values["sizes_sum"]), (2000, 4 * 500 * 501 / 2))
        check("spans", (values["outer_count"], values["inner_count"], values["slow_count"]), (2002, 2000, 40))
        for quantile in (0.5, 0.9, 0.99):
            got = values[f'sizes{{quantile="{quantile}"}}']
            assert abs(got - 500 * quantile) <= 0.01 * 500 * quantile + 1, f"quantile {quantile}: {got}"


def test_without_the_library_nothing_is_kept(build, metered):
    result = run([metered, "1", "10"])
    check("output", result.stdout.decode().splitlines(), ["same=1 other=0 wrong=1", "outside=none", "calls=10"])


def test_a_kill_loses_no_count(build, metered):
    with Place() as place:
        record = [build.neuroprof, "record", "-q", "-F", "499", "-o", place.out, "--", metered, "2", "200", "kill"]
        env = {k: v for k, v in place.env(build).items() if k not in ("LD_PRELOAD", "NEUROPROF_OUT")}
        run(record, env=env)
        values = metrics_of(place)
        assert values, "no metrics after the kill"
        check("calls", values[0]["calls_total"], 400)
        check("spans", values[0]["inner_count"], 400)


def test_a_fork_child_counts_anew(build, metered):
    with Place() as place:
        run([metered, "2", "100", "fork"], env=place.env(build, NEUROPROF_HZ="997"))
        check("calls of both", sorted(values["calls_total"] for values in metrics_of(place)), [7, 200])


def labels_of(build, place, *options):
    profile, = [os.path.join(place.out, f) for f in os.listdir(place.out) if f.endswith(".pb.gz")]
    result = run([build.report, "convert", "--to", "folded", *options, profile, "-o", "-"])
    stacks = {}
    for line in result.stdout.decode().splitlines():
        stack, value = line.rsplit(" ", 1)
        stacks[tuple(stack.split(";"))] = stacks.get(tuple(stack.split(";")), 0) + int(value)
    return result, stacks


def share(stacks, function):
    whole = sum(stacks.values())
    return sum(v for stack, v in stacks.items() if any(re.sub(r"_\[.\]$", "", f) == function for f in stack)) / whole


def test_samples_carry_the_spans_around_them(build, metered):
    with Place() as place:
        run([metered, "1", "1000"], env=place.env(build, NEUROPROF_HZ="1997"))
        for span, function, other in (("slow", "burn_slow", "burn_fast"), ("inner", "burn_fast", "burn_slow")):
            result, stacks = labels_of(build, place, "--label", f"span={span}")
            assert stacks, f"span {span}: {result.stderr.decode()}"
            assert share(stacks, function) > 0.95, f"span {span}: {share(stacks, function)} in {function}"
            assert share(stacks, other) == 0, f"span {span}: {share(stacks, other)} in {other}"
        profile, = [os.path.join(place.out, f) for f in os.listdir(place.out) if f.endswith(".pb.gz")]
        diff = run([build.report, "diff", "--span", "outer", "--slowest", "2%", profile]).stdout.decode()
        slower, faster = diff.split("Slower")[1].split("Faster")
        assert "burn_slow" in slower and "burn_fast" in faster, diff
        _, stacks = labels_of(build, place, "--label", "span=outer")
        assert {True} == {any("work" in f for f in stack) for stack in stacks}, stacks
        assert share(stacks, "burn_slow") > 0.1 and share(stacks, "burn_fast") > 0.1


def test_spans_nested_too_deep_are_counted_as_not_kept(build, metered):
    for extra, told in (("0", None), ("5", "5")):
        with Place() as place:
            run([metered, "deep", extra], env=place.env(build, NEUROPROF_HZ="997"))
            values, = metrics_of(place)
            check("kept", values["inner_count"], 32)
            profile, = [os.path.join(place.out, f) for f in os.listdir(place.out) if f.endswith(".pb.gz")]
            report = " ".join(run([build.report, "--no-svg", profile]).stdout.decode().split())
            found = re.search(r"count: (\d+) spans not kept", report)
            check("not kept", found and found.group(1), told)


def test_a_span_lasts_as_long_as_its_scope_in_cplusplus(build, _):
    with Place() as place:
        result = run([sys.argv[3]], env=place.env(build))
        check("output", result.stdout, b"loaded=1 inside=1 outside=1\n")
        values, = metrics_of(place)
        check("spans", (values["block_count"], values["blocks_total"]), (1, 1))


def test_top_shows_metrics_beside_functions(build, metered):
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ="499")
        process = subprocess.Popen([metered, "1", "100000"], env=env, stdout=subprocess.DEVNULL)
        try:
            bare = {k: v for k, v in env.items() if k != "LD_PRELOAD"}
            for _ in range(100):
                top = run([build.neuroprof, "top", "-n", "1", str(process.pid)], env=bare).stdout.decode()
                if "outer" in top and "FUNCTION" in top:
                    break
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
        assert re.search(r"^ +\d+ +[-+.e\d]+/s  calls$", top, re.M), top
        assert re.search(r"^ +\d+ +[-+.e\d]+/s  outer  p50 [\d.]+ .?s  p99 [\d.]+ .?s  p99.9 ", top, re.M), top


def main():
    build, metered = Build(sys.argv[1]), sys.argv[2]
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test(build, metered)
            print("ok", name[5:].replace("_", " "))


main()
