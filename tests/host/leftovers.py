#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A spool that nobody came for is removed a week after it was first seen without its process; until then it can be
recovered, and what belongs to a living process or is not ours stays.
usage: leftovers.py BUILD_DIR
"""
import os
import stat
import subprocess
import sys
import time

from hosttest import Build, Place, inclusive, read_folded, run

build = Build(sys.argv[1])
ending, waiting = build.program("ending"), build.program("startstop")
WEEK = 7 * 24 * 3600


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def aged(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def killed(place, env):
    """The path of what a killed process left."""
    before = set(place.litter())
    assert run([ending, "SIGKILL"], env=env).returncode == -9
    left, = set(place.litter()) - before
    return os.path.join(place.spools, left)


def check(place, clean):
    """CLEAN runs something that looks after the directory."""
    env = place.env(build, NEUROPROF_HZ="499")
    dead, old = killed(place, env), killed(place, env)
    foreign = [os.path.join(place.spools, name) for name in ("1.2.3.text", "mine.spool", "4.5.6.spool")]
    for path in foreign:
        if path.endswith("6.spool"):
            os.symlink(foreign[0], path)
        else:
            with open(path, "w", encoding="ascii") as file:
                file.write("not a spool")
    with subprocess.Popen([waiting, "snapshot"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert b"now 1" in process.stdout.readline()
        live = next(path for path in (os.path.join(place.spools, name) for name in place.litter())
                    if path not in [dead, old, *foreign])
        os.chmod(live, 0o1600)              # as if it had been marked by mistake
        aged(live, 2 * WEEK)
        aged(old, 2 * WEEK)                 # its time of change is that of its making
        clean(env)
        assert mode(dead) == mode(old) == 0o1600, (oct(mode(dead)), oct(mode(old)))
        assert time.time() - os.stat(old).st_mtime < 60, "the week begins when it is seen"
        aged(old, WEEK - 60)
        clean(env)
        assert os.path.exists(old), "before the week was over"
        aged(old, WEEK + 60)
        clean(env)
        assert not os.path.exists(old), "after the week"
        assert os.path.exists(dead) and os.path.exists(live) and all(map(os.path.lexists, foreign))
        process.communicate(b"\n", timeout=60)
    recovered = run([build.neuroprof, "recover", place.spools], env={**env, "LD_PRELOAD": ""})
    assert not os.path.exists(dead), recovered
    total = sum(inclusive(read_folded(f"{place.out}/{name}"), "burn") for name in place.folded() if "ending" in name)
    assert total > 50, "what was marked can still be recovered"


def by_the_next_program(env):
    assert run([ending, "return"], env=env).returncode == 3


def by_record(env):
    result = run([build.neuroprof, "record", "-q", "-o", env["NEUROPROF_OUT"], "--", "/bin/true"],
                 env={**env, "LD_PRELOAD": ""})
    assert result.returncode == 0, result


for how in (by_the_next_program, by_record):
    with Place() as spot:
        check(spot, how)
    print(f"cleaned {how.__name__.replace('_', ' ')}: a marked one after its week, and nothing else")
