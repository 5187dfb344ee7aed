#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""<neuroprof/neuroprof.h>: nothing is counted before start and after stop; a snapshot is what there is so far and the
program goes on; all is harmless without the library.
usage: startstop.py BUILD_DIR
"""
import gzip
import subprocess
import sys

from hosttest import Build, Place, inclusive, read_folded, run

build = Build(sys.argv[1])
program = build.program("startstop")
HZ = 997


def periods(place, function):
    names = place.folded()
    assert len(names) == 1, names
    return inclusive(read_folded(f"{place.out}/{names[0]}"), function)


def about_right(got, seconds):
    """By the program's own clock; one period of rounding at each end."""
    return abs(got - seconds * HZ) <= 0.01 * HZ + 2


without = run([program])
assert (without.returncode, without.stdout, without.stderr) == (0, b"start 0, stop 0\n", b""), without
with Place() as place:
    result = run([program], env=place.env(build, NEUROPROF_HZ=str(HZ), NEUROPROF_START="off"))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"start 1, stop 1\n", b""), result
    wanted, unwanted = periods(place, "wanted"), periods(place, "unwanted")
    assert unwanted == 0 and about_right(wanted, 0.3), (wanted, unwanted)
    print(f"wanted() {wanted} periods of {0.3 * HZ:.0f}, unwanted() {unwanted}")

without = run([program, "snapshot"], input=b"\n")
assert (without.returncode, without.stdout, without.stderr) == \
    (0, b"before 0, now 0, children seen 0, signals 0\n", b""), without
for fold in ("wait", "off"):
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ=str(HZ), NEUROPROF_FOLD=fold)
        with subprocess.Popen([program, "snapshot"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            line = process.stdout.readline()
            assert line == b"before 0, now 1, children seen 0, signals 0\n", line + process.stderr.read()
            wanted, later = periods(place, "wanted"), periods(place, "later")
            assert about_right(wanted, 0.3) and later == 0, (wanted, later)
            with gzip.open(f"{place.out}/{place.folded()[0].replace('.folded', '.pb.gz')}") as profile:
                assert b"end: still running: this is a snapshot" in profile.read()
            assert len(place.litter()) == 1, "the spool is needed for what comes"
            out, err = process.communicate(b"\n", timeout=60)
        assert (process.returncode, out, err) == (0, b"", b""), (process.returncode, out, err)
        # The snapshot is replaced by the whole at the end, or stays when nothing is folded then.
        again, later = periods(place, "wanted"), periods(place, "later")
        assert again >= wanted and (about_right(later, 0.3) if fold == "wait" else later == 0), (wanted, again, later)
        print(f"snapshot, fold={fold}: {wanted} periods of {0.3 * HZ:.0f}; at the end {again} and {later}")

for _ in range(3):
    with Place() as place:
        result = run([program, "race"], env=place.env(build, NEUROPROF_HZ=str(HZ)), timeout=60)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"child 1\n", b""), result
        assert len(place.folded()) == 2 and not place.litter(), (place.folded(), place.litter())
print("snapshots of three threads and a fork child while the process ends: whole, and no litter")
