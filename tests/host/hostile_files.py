#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hosts that close every descriptor, or need them all: they get them, and sampling goes on or says that it does not.
usage: hostile_files.py BUILD_DIR
"""
import gzip
import os
import resource
import sys

from hosttest import Build, Place, inclusive, read_folded, run, skip

build = Build(sys.argv[1])
program = build.program("host_files")
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
if HARD < 4096:
    skip(f"needs a hard limit of 4096 descriptors, has {HARD}")
HZ = 997

# (case, soft limit, hard limit, share of burn_after() that must be there)
CASES = [
    (["threads", "300"], 256, 4096, 0.95), (["threads", "300"], 64, 64, 0.95),
    (["close"], 1024, 1024, 0.95), (["closefrom"], 1024, 1024, 0.95), (["closefrom"], 1024, 4096, 0.95),
    (["close_range"], 1024, 4096, 0.95), (["dup2"], 1024, 1024, 0.95), (["dup2"], 2048, 4096, 0.95),
    (["daemon"], 1024, 1024, 0.95), (["raw"], 1024, 4096, 0), (["none"], 4, 4096, 0.95),
]


def comments(place):
    texts = []
    for name in os.listdir(place.out):
        if "host_files" in name and name.endswith(".pb.gz"):
            with gzip.open(os.path.join(place.out, name)) as profile:
                texts.append(profile.read())
    return b"".join(texts)


for case, soft, hard, share in CASES:
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    without = run([program] + case, preexec_fn=limit)
    assert without.returncode == 0, without
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ=str(HZ))
        result = run([program] + case, env=env, preexec_fn=limit)
        assert (result.returncode, result.stdout, result.stderr) == \
            (0, without.stdout, without.stderr), f"{case} {soft}: {result}\nis not\n{without}"
        stacks = [read_folded(f"{place.out}/{name}") for name in place.folded() if "host_files" in name]
        before, after = (sum(inclusive(s, f) for s in stacks) for f in ("burn_before", "burn_after"))
        about = comments(place)
    print(f"{case} limits {soft}/{hard}: as without us; {before} periods before, {after} after", flush=True)
    assert before >= 0.9 * 0.2 * HZ, "burn_before() is not there"
    assert after >= share * 0.3 * HZ, f"only {after} of {0.3 * HZ:.0f} periods after: sampling stopped"
    if after < 0.3 * HZ * 0.5:
        assert b"closed their clock" in about, "sampling stopped, and nothing says so"
