#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sample service knows its own profile: ours must be the same within the statistical error.
usage: truth.py BUILD_DIR
"""
import gzip
import math
import os
import re
import sys

from hosttest import Build, Place, inclusive, plain, read_folded, run

build = Build(sys.argv[1])
service = os.path.join(sys.argv[1], "samples/service/service")

# How far a share may be off: Z standard errors of a binomial.  Each of the three runs compares nine
# phases and one more function; with Z = 5 (two-sided normal tail 5.7e-7) a correct profiler fails
# one of the 30 comparisons less than once in 50 000 runs of this test.  Samples at regular points
# of CPU time scatter less than independent ones, so the true risk is smaller still.
Z = 5
# What the service itself does not know: between its two looks at the clock and the entry of the
# phase lie some instructions and one system call, about 1 us in phases of at least 1.5 ms.
RESOLUTION = 0.001


def truth_of(output):
    """{phase: CPU ms}, total CPU ms, threads; as the service printed them."""
    text = output.decode()
    phases = {name: float(ms) for name, ms in re.findall(r"^truth phase=(\S+) cpu_ms=(\S+)", text, re.M)}
    total, threads = re.search(r"^truth total cpu_ms=(\S+) .*threads=(\d+)", text, re.M).groups()
    assert len(phases) == 9, text
    return phases, float(total), int(threads)


def samples_of(path):
    """Samples and periods, as the profile's comment has them."""
    with gzip.open(path) as profile:
        return tuple(map(int, re.search(rb"samples: (\d+) weighing (\d+) periods", profile.read()).groups()))


def check_shares(stacks, phases, total_ms, samples, what):
    periods = sum(stacks.values())
    # Samples of unequal weight count for fewer; this bound holds for any weights near their mean.
    n = samples * samples / periods
    worst = 0
    expected = dict(phases, visit=phases["tree_walk"], render_pixel=None)
    for function, ms in expected.items():
        got = inclusive(stacks, function) / periods
        if ms is None:      # no truth of its own, but it cannot be more than its phase
            assert 0 < got <= inclusive(stacks, "plugin_render") / periods, function
            continue
        p = ms / total_ms
        error = math.sqrt(p * (1 - p) / n)
        sigmas = max(0, abs(got - p) - RESOLUTION) / error
        worst = max(worst, sigmas)
        print(f"  {function:18} true {100 * p:6.2f} %  profile {100 * got:6.2f} %  "
              f"difference {100 * (got - p):+5.2f}  standard error {100 * error:.2f}")
        assert sigmas <= Z, f"{what}: {function} is {sigmas:.1f} standard errors from the truth"
    return worst


def check_stacks(stacks):
    """Names and shapes that do not depend on chance."""
    deepest = 0
    for stack in stacks:
        names = [plain(frame) for frame in stack]
        assert not names[0].startswith("[truncated"), stack
        for entry in ("worker_main", "burst_main"):     # clone, start_thread, entry: nothing above, nothing lost
            assert entry not in names or names.index(entry) == 2, stack
        for phase in ("request_parse", "request_hash", "index_sort", "tree_walk", "shapes_measure",
                      "plugin_render", "response_compress", "log_write"):
            if phase in names:
                assert names[names.index(phase) - 3:names.index(phase)] == \
                    ["worker_main", "worker_rounds", "worker_serve"], stack
        visits = names.count("visit")
        deepest = max(deepest, visits)
        assert visits == 0 or names[names.index("visit"):][:visits] == ["visit"] * visits, stack
    assert 10 <= deepest <= 14, f"the tree has 14 levels, the deepest recursion seen has {deepest}"

    def some(*frames):
        return any(stack[i:i + len(frames)] == frames for stack in stacks for i in range(len(stack)))

    assert some("request_hash", "hash_bytes", "hash_round_[i]"), "inlined hash_round is missing"
    assert some("parse_header", "is_token_byte_[i]"), "inlined is_token_byte is missing"
    assert some("plugin_render", "render_pixel"), "the plugin is not named"
    assert some("shop::measure_all(shop::Shapes const&)", "shop::Circle::area(double) const"), "C++ names"
    assert any(stack[-1] == "compare_keys" and "index_sort" in stack[:-2] for stack in stacks), "qsort's callback"
    assert any("response_compress" in stack[:-2] for stack in stacks), "zlib's frames under their caller"


def judge(hz, clock, seconds, threads):
    what = f"{clock} clock, {hz} Hz, {threads} workers"
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ=str(hz), NEUROPROF_CLOCK=clock)
        result = run([service, "--seconds", str(seconds), "--threads", str(threads)], env=env)
        assert result.returncode == 0 and not result.stderr, result
        phases, total_ms, all_threads = truth_of(result.stdout)
        names = place.folded()
        assert len(names) == 1, names
        stacks = read_folded(os.path.join(place.out, names[0]))
        samples, periods = samples_of(os.path.join(place.out, names[0].replace(".folded", ".pb.gz")))
    assert periods == sum(stacks.values()), (periods, sum(stacks.values()))
    print(f"{what}: {samples} samples")
    worst = check_shares(stacks, phases, total_ms, samples, what)
    check_stacks(stacks)
    profile_ms = periods * (1000000000 // hz) / 1e6
    slack_ms = 0.01 * total_ms + 1000 / hz * all_threads
    print(f"  total CPU true {total_ms:.1f} ms, profile {profile_ms:.1f} ms; worst phase {worst:.1f} standard errors")
    assert abs(profile_ms - total_ms) <= slack_ms, f"{what}: total CPU {profile_ms} ms is not {total_ms} ms"


judge(1999, "auto", 5, 2)       # perf_event where it is allowed
judge(199, "timer", 5, 2)       # the rung below, as fast as the kernel's tick lets it be
judge(499, "auto", 4, 7)        # more threads than processors
