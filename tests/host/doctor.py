#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""neuroprof doctor: what is taken away is found, named by the setting that does it, and judged.
usage: doctor.py BUILD_DIR STATIC_PROGRAM
"""
import ctypes
import errno
import json
import os
import resource
import shutil
import struct
import subprocess
import sys

from hosttest import Build, Place, run

build = Build(sys.argv[1])
static_program = sys.argv[2]
checks = []
PERF_EVENT_OPEN, TIMER_CREATE, SETITIMER = 298, 222, 38


def check(test):
    checks.append(test)
    return test


def deny(**calls):
    """A seccomp filter: the system calls {number: errno} fail."""
    rules = [(0x20, 0, 0, 0)]                                   # load the number
    for number, error in calls["calls"].items():
        rules += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | error)]
    rules.append((0x06, 0, 0, 0x7FFF0000))
    code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
    libc = ctypes.CDLL(None, use_errno=True)

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    def install():
        program = Program(len(rules), code)
        assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
    return install


def doctor(place, *command, before=None, settings=None, prefix=()):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("NEUROPROF_", "LD_PRELOAD"))}
    env.update(NEUROPROF_OUT=place.out, NEUROPROF_SPOOL_DIR=place.spools)
    for name, value in (settings or {}).items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    command = [*prefix, build.neuroprof, "doctor", "--json", *(("--",) + command if command else ())]
    result = run(command, env=env, preexec_fn=before)
    assert result.returncode in (0, 1) and not result.stderr, result
    answer = json.loads(result.stdout)
    assert (answer["state"] == "blocked") == (result.returncode == 1), answer
    return answer, {f["topic"]: f for f in answer["findings"]}


def words(finding):
    return " ".join(finding[key] or "" for key in ("found", "cause", "meaning", "remedy"))


@check
def a_place_where_all_is_well(place):
    answer, topics = doctor(place)
    print(json.dumps(answer, indent=1))
    assert answer["state"] != "blocked" and answer["clock"] in ("perf", "timer", "itimer"), answer
    assert topics["trial"]["state"] == "ok" and "100 % of the stacks" in words(topics["trial"]), topics
    assert topics["spool directory"]["found"].endswith(place.spools), topics
    assert not place.litter() and os.listdir(place.spools) == [], os.listdir(place.spools)


@check
def perf_denied_by_a_filter_falls_to_the_timer(place):
    for error in (errno.EPERM, errno.EACCES, errno.ENOSYS):
        answer, topics = doctor(place, before=deny(calls={PERF_EVENT_OPEN: error}),
                                settings={"NEUROPROF_HZ": "997"})
        assert answer["clock"] == "timer" and answer["state"] == "limited", (error, answer)
        assert topics["clock perf"]["state"] == "limited", topics
        assert "seccomp" in words(topics["clock perf"]) or os.geteuid() != 0, topics
        assert "997" in words(topics["clock timer"]), topics["clock timer"]
        assert "by timer at 997 Hz" in words(topics["trial"]), topics["trial"]


@check
def perf_and_timers_denied_leave_setitimer(place):
    answer, topics = doctor(place, before=deny(calls={PERF_EVENT_OPEN: errno.EPERM, TIMER_CREATE: errno.EPERM}))
    assert answer["clock"] == "itimer" and topics["clock itimer"]["state"] == "limited", answer
    assert "by itimer" in words(topics["trial"]), topics["trial"]


@check
def no_clock_at_all_is_essential(place):
    answer, topics = doctor(place, before=deny(calls={PERF_EVENT_OPEN: errno.EPERM, TIMER_CREATE: errno.EPERM,
                                                      SETITIMER: errno.EPERM}))
    assert answer["clock"] is None and topics["clock"]["state"] == "blocked", answer
    assert topics["trial"]["state"] == "blocked" and "no clock" in topics["trial"]["cause"], topics["trial"]


@check
def a_clock_that_is_asked_for_must_work(place):
    answer, topics = doctor(place, before=deny(calls={PERF_EVENT_OPEN: errno.EPERM}),
                            settings={"NEUROPROF_CLOCK": "perf"})
    assert answer["state"] == topics["clock"]["state"] == topics["trial"]["state"] == "blocked", answer
    assert "NEUROPROF_CLOCK" in topics["clock"]["remedy"], topics["clock"]


@check
def no_pending_signals_means_no_timers(place):
    def limit():
        resource.setrlimit(resource.RLIMIT_SIGPENDING if hasattr(resource, "RLIMIT_SIGPENDING") else 11, (0, 0))
        deny(calls={PERF_EVENT_OPEN: errno.EPERM})()
    answer, topics = doctor(place, before=limit)
    assert answer["clock"] == "itimer", answer
    assert "RLIMIT_SIGPENDING" in topics["clock timer"]["cause"], topics["clock timer"]


@check
def tight_limits_are_named(place):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
        resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20))
    answer, topics = doctor(place, before=limit)
    assert "RLIMIT_FSIZE" in topics["file size"]["cause"] and topics["file size"]["state"] == "limited", topics
    if answer["clock"] == "perf":
        assert "RLIMIT_NOFILE" in topics["descriptors"]["cause"], topics
    assert answer["state"] == "limited" and topics["trial"]["state"] == "ok", answer
    answer, topics = doctor(place, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)))
    assert topics["file size"]["state"] == "blocked" and topics["trial"]["state"] == "blocked", answer


@check
def places_that_cannot_be_used(place):
    os.chmod(place.spools, 0o755)
    answer, topics = doctor(place)
    assert topics["spool directory"]["state"] == "blocked" and "0700" in words(topics["spool directory"]), topics
    os.chmod(place.spools, 0o700)
    answer, topics = doctor(place, settings={"NEUROPROF_OUT": "/proc/neuroprof/deep"})
    assert answer["state"] == topics["output directory"]["state"] == "blocked", topics
    assert "/proc " in topics["output directory"]["cause"], topics["output directory"]
    answer, topics = doctor(place, settings={"NEUROPROF_OUT": f"{place.out}/new/%e-%p"})
    assert topics["output directory"]["state"] == "ok" and "will be made" in words(topics["output directory"]), topics
    assert not os.path.exists(f"{place.out}/new"), "it only looks"


@check
def a_wrong_setting_is_quoted_from_the_library(place):
    answer, topics = doctor(place, settings={"NEUROPROF_UNWINDER": "guess"})
    assert topics["trial"]["state"] == "blocked" and "NEUROPROF_UNWINDER=guess" in topics["trial"]["cause"], topics


@check
def commands_are_looked_at(place):
    def state(*command, **more):
        answer, topics = doctor(place, *command, **more)
        return topics["command"]["state"], words(topics["command"])

    assert state("ls")[0] == "ok"
    assert state(build.neuroprof, "--argument")[0] == "ok"
    assert state("/nonexistent/program")[0] == "blocked"
    assert state("no-such-program-anywhere")[0] == "blocked"
    assert state("/etc/passwd")[0] == "blocked"
    result = state(static_program)
    assert result[0] == "blocked" and "statically" in result[1], result
    elf = bytearray(open(build.neuroprof, "rb").read())
    elf[4] = 1                                                 # ELFCLASS32
    program = f"{place.out}/program"
    for content, state_wanted, word in ((bytes(elf), "blocked", "32-bit"), (bytes(elf[:70]), "blocked", "32-bit"),
                                        (b"#!/bin/sh\n", "ok", "bin/"), (b"#! /usr/bin/env sh\n", "ok", "bin/"),
                                        (b"#!/nonexistent/interpreter\n", "blocked", "/nonexistent/interpreter"),
                                        (b"text\n", "blocked", "neither"), (b"", "blocked", "neither")):
        with open(program, "wb") as file:
            file.write(content)
        os.chmod(program, 0o755)
        result = state(program)
        assert result[0] == state_wanted and word in result[1], (content[:40], result)
    with open(program, "wb") as file:                          # a script that is its own interpreter
        file.write(f"#!{program}\n".encode())
    assert state(program)[0] == "blocked"
    if os.geteuid() == 0:
        shutil.copy("/bin/true", program)
        os.chown(program, 65534, 65534)
        os.chmod(program, 0o4755)
        result = state(program)
        assert result[0] == "blocked" and "set-user-id" in result[1], result


@check
def an_ordinary_user_is_told_of_perf_event_paranoid(place):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        print("not root, or no setpriv: left out")
        return
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
    if run([*prefix, build.neuroprof, "--version"]).returncode != 0:
        print("the build directory is closed to other users: left out")
        return
    os.chmod(os.path.dirname(place.out), 0o755)
    for path in (place.out, place.spools):
        os.chown(path, 65534, 65534)
    level = int(open("/proc/sys/kernel/perf_event_paranoid").read())
    answer, topics = doctor(place, prefix=prefix)
    print(json.dumps(topics["clock perf"]))
    if level >= 2:
        assert "perf_event_paranoid is " + str(level) in topics["clock perf"]["cause"], topics["clock perf"]
        assert answer["clock"] == "timer" and topics["trial"]["state"] == "ok", answer
    else:
        assert answer["clock"] == "perf", answer


@check
def a_clock_that_opens_and_counts_nothing_is_found(place):
    in_place = build.program("in_place")
    for things, clock, topic in ((("deaf-perf",), "timer", "clock perf"), (("mute-perf",), "timer", "clock perf"),
                                 (("deaf-perf", "deaf-timer"), "itimer", "clock timer")):
        answer, topics = doctor(place, prefix=(in_place, *things, "--"))
        assert answer["clock"] == clock and topics[topic]["state"] != "ok", (things, answer)
        assert "no tick came" in words(topics[topic]), topics[topic]


@check
def small_address_space_and_locked_memory(place):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (900 << 20, 900 << 20))
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    answer, topics = doctor(place, before=limit, settings={"NEUROPROF_SPOOL_MAX": "1G"})
    assert topics["address space"]["state"] == "limited" and "RLIMIT_AS" in topics["address space"]["cause"], topics
    assert "locked memory 0" in topics["limits"]["found"] and topics["trial"]["state"] == "ok", topics


def in_mounts(place, script, **settings):
    """The doctor's answer in a mount namespace that SCRIPT prepares; None: that cannot be done here."""
    prefix = ("unshare", "-m", "sh", "-c", f'mount --make-rprivate / && {{ {script}; }} && exec "$@"', "sh")
    if run([*prefix, "true"]).returncode != 0:
        print(f"{script}: cannot be arranged here")
        return None, None
    return doctor(place, prefix=prefix, settings={"NEUROPROF_SPOOL_DIR": None, "XDG_RUNTIME_DIR": None, **settings})


@check
def places_that_are_missing_small_full_or_read_only(place):
    null = "mknod -m 666 /dev/null c 1 3"
    for script, topic, state, word in (
            ("mount -t tmpfs -o ro none /dev/shm", "/dev/shm", "note", "Read-only"),
            (f"mount -t tmpfs none /dev && {null}", "/dev/shm", "note", "No such file"),
            ("mount -t tmpfs -o size=1M none /dev/shm", "spool directory", "limited", "1024 KiB left"),
            ("mount -t tmpfs -o size=64K none /dev/shm", "spool directory", "blocked", "64 KiB left"),
            (f"mount -t tmpfs -o ro none {place.out}", "output directory", "blocked", "Read-only"),
            (f"mount -t tmpfs -o size=8K none {place.out} && head -c 8192 /dev/zero >{place.out}/fill || true",
             "output directory", "blocked", "full")):
        answer, topics = in_mounts(place, script)
        if answer is None:
            continue
        found = topics[topic]
        print(f"{script}: {found['state']}: {words(found)}")
        assert found["state"] == state and word in words(found), (script, found)


@check
def stricter_kernels_than_this_one(place):
    """perf_event_paranoid at 3 and 4, as some distributions have it: a file in its place, and the refusal that it means."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        print("not root, or no setpriv: left out")
        return
    os.chmod(os.path.dirname(place.out), 0o755)
    for path in (place.out, place.spools):
        os.chown(path, 65534, 65534)
    drop = (shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
    for level in (3, 4):
        script = (f'mount --make-rprivate / && echo {level} >{place.out}/level && '
                  f'mount --bind {place.out}/level /proc/sys/kernel/perf_event_paranoid && exec "$@"')
        prefix = ("unshare", "-m", "sh", "-c", script, "sh", build.program("in_place"), f"perf={errno.EACCES}", "--")
        if run([*prefix, *drop, build.neuroprof, "--version"]).returncode != 0:
            print("cannot be arranged here")
            return
        answer, topics = doctor(place, prefix=(*prefix, *drop))
        perf = topics["clock perf"]
        print(json.dumps(perf))
        assert answer["clock"] == "timer" and topics["trial"]["state"] == "ok", answer
        assert f"perf_event_paranoid is {level}, which forbids it to this user altogether" in perf["cause"], perf
        assert "kernel.perf_event_paranoid=1" in perf["remedy"], perf


@check
def text_and_usage(place):
    env = dict(os.environ, NEUROPROF_OUT=place.out, NEUROPROF_SPOOL_DIR=place.spools)
    result = run([build.neuroprof, "doctor"], env=env)
    assert result.returncode == 0 and result.stdout.rstrip().endswith(b"."), result
    assert b"trial: a program of" in result.stdout, result.stdout
    result = run([build.neuroprof, "doctor", "--nonsense"])
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1, result
    assert run([build.neuroprof, "doctor", "--help"]).returncode == 0
    with open("/dev/full", "w") as full:
        result = subprocess.run([build.neuroprof, "doctor"], stdout=full, stderr=subprocess.PIPE, env=env, timeout=60)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1, result


for test in checks:
    with Place() as place:
        test(place)
    print(f"ok: {test.__name__.replace('_', ' ')}")
