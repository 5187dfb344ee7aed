#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever the place refuses, the host runs as without us; what is used instead is recorded, what is lost is said.
usage: hostile_places.py BUILD_DIR
"""
import gzip
import os
import shutil
import subprocess
import sys

from hosttest import Build, Place, run

build = Build(sys.argv[1])
program = build.program("ending")
in_place = build.program("in_place")
ROOT = os.getuid() == 0
POSIX, PERF, ITIMER = b"POSIX timer on each thread", b"perf_event task-clock", b"setitimer for the whole"
EACCES, EPERM, ENOSYS, EAGAIN, EINVAL = "13", "1", "38", "11", "22"

# (what is taken away, settings, clock that must be recorded with its reason or None, what must be said)
CASES = [
    (["perf=" + EACCES], {}, (POSIX, b"Permission denied"), ""),
    (["perf=" + EPERM], {}, (POSIX, b"Operation not permitted"), ""),
    (["perf=" + ENOSYS], {}, (POSIX, b"Function not implemented"), ""),
    (["perf=" + EPERM, "timer_create=" + EAGAIN], {}, (ITIMER, b"Operation not permitted"), ""),
    (["perf=" + EPERM, "sigpending=0"], {}, (ITIMER, b"Operation not permitted"), ""),
    (["perf=" + EPERM, "timer_create=" + EPERM, "setitimer=" + EPERM], {}, None, "no clock: perf, timer and itimer refused"),
    (["perf=" + EACCES], {"NEUROPROF_CLOCK": "perf"}, None, "no clock: perf refused (EACCES)"),
    (["timer_create=" + EAGAIN], {"NEUROPROF_CLOCK": "timer"}, None, "no clock: timer refused (EAGAIN)"),
    (["sigpending=0"], {}, (PERF, b""), ""), (["memlock=0"], {}, (PERF, b""), ""),
    (["as=30000000"], {}, "kept", "kept in"), (["as=9000000"], {}, "kept", "kept in"),
    (["fsize=0"], {}, None, "ulimit -f"), (["fsize=1000000"], {}, None, "ulimit -f"),
    (["fsize=3000000"], {}, (PERF, b""), ""), (["madvise=" + EINVAL], {}, (PERF, b""), ""),
    (["madvise=" + ENOSYS], {}, (PERF, b""), ""), (["prlimit=" + EPERM], {}, (PERF, b""), ""),
    (["deaf-perf"], {}, (POSIX, b"No data available"), ""),
    (["deaf-perf", "deaf-timer"], {}, (ITIMER, b"No data available"), ""),
    (["deaf-perf"], {"NEUROPROF_CLOCK": "perf"}, None, "no clock: perf refused (no signal came)"),
    (["deaf-timer"], {"NEUROPROF_CLOCK": "timer"}, None, "no clock: timer refused (no signal came)"),
    (["mute-perf"], {}, None, "none of its signals came"),
    (["nobody"], {}, "either", ""), (["nobody", "perf=" + EACCES], {}, (POSIX, b"Permission denied"), ""),
]
perf_is_there = run([in_place, "--", program, "return"], env={
    "IN_PLACE_PRELOAD": build.library, "NEUROPROF_CLOCK": "perf", "NEUROPROF_SPOOL_DIR": "/nonexistent/x",
    "NEUROPROF_QUIET": "1"}).returncode == 3


def comments(out):
    texts = []
    for name in os.listdir(out):
        if name.endswith(".pb.gz"):
            with gzip.open(os.path.join(out, name)) as profile:
                texts.append(profile.read())
    return b"".join(texts)


def check(things, settings, clock, said):
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ="997", IN_PLACE_PRELOAD=build.library, **settings)
        del env["LD_PRELOAD"]
        if "nobody" in things:
            os.chmod(os.path.dirname(place.out), 0o711)
            for path in (place.out, place.spools):
                os.chown(path, 65534, 65534)
        result = run([in_place, *things, "--", program, "return"], env=env)
        lines = result.stderr.decode()
        if result.returncode == 77:
            print(things, "cannot be arranged here")
            return
        about = comments(place.out)
        assert (result.returncode, result.stdout) == (3, b""), (things, result)
        assert said in lines and (bool(said) or not lines), f"{things}: {lines!r} said, expected {said!r}"
        if clock is None:
            assert not about and not place.litter(), (things, place.folded(), place.litter())
        elif clock == "kept":
            assert about or place.litter(), (things, lines)
        elif clock != "either":
            for text in clock:
                assert text in about, f"{things}: {text} is not in the profile"
        print(f"{' '.join(things)} {settings or ''}: {lines.strip() or clock}", flush=True)


def check_mounts(script, said, kept):
    """In a mount namespace of its own: SCRIPT prepares it; $OUT is where the profile belongs."""
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ="997", OUT=place.out, TOP=os.path.dirname(place.out))
        del env["LD_PRELOAD"], env["NEUROPROF_SPOOL_DIR"]
        env.pop("XDG_RUNTIME_DIR", None)
        command = f"""mount --make-rprivate / && {script} || exit 77
            LD_PRELOAD={build.library} {program} return; s=$?
            find $OUT $(ls -d /dev/shm 2>/dev/null) -name '*.pb.gz' -o -name '*.spool' | sed 's/.*[.]//' | sort | tr '\\n' ' '; exit $s"""
        result = run(["unshare", "-m", "sh", "-c", command], env=env)
        if result.returncode == 77:
            print(script, "cannot be arranged here", result.stderr)
            return
        lines = result.stderr.decode()
        assert result.returncode == 3, (script, result)
        assert said in lines and (bool(said) or not lines), f"{script}: {lines!r} said, expected {said!r}"
        assert not os.path.exists(f"{place.out}/.neuroprof-spool"), f"{script}: the last resort for spools is still there"
        assert kept in result.stdout.decode(), f"{script}: {result.stdout!r}, expected a {kept}"
        print(f"{script}: {lines.strip() or 'nothing said'}; {result.stdout.decode()}", flush=True)


for case in CASES:
    if not ROOT and "nobody" in case[0]:
        continue
    if not perf_is_there and case[2] and PERF in case[2]:
        continue
    check(*case)
if ROOT and shutil.which("unshare") and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0:
    check_mounts("mount -t tmpfs -o ro none /dev/shm", "", "gz")
    check_mounts("mount -t tmpfs -o size=1M none /dev/shm", "", "gz")
    check_mounts("mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3", "", "gz")
    check_mounts("mount -t tmpfs -o size=64K none /dev/shm", "", "gz")
    check_mounts("mount -t tmpfs none /dev/shm && mount -t tmpfs -o ro none $OUT", "kept in", "spool")
    check_mounts("mount -t tmpfs none /dev/shm && mount -t tmpfs -o size=8K none $OUT && head -c 8192 /dev/zero >$OUT/fill",
                 "kept in", "spool")
    check_mounts("mount -t tmpfs -o ro none /dev/shm && mount -t tmpfs -o ro none $OUT", "no place for the samples", "")
# The one who reads our line is gone: that must not end the host.
with Place() as place:
    env = place.env(build, NEUROPROF_HZ="0")
    reader, writer = os.pipe()
    os.close(reader)
    assert subprocess.run([program, "exit"], env=env, stderr=writer, check=False).returncode == 7, "SIGPIPE?"
    print("a closed pipe for standard error: as without us")
