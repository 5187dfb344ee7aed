#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The live commands on running processes: ls, top, snapshot, start, stop, rate, dump.
usage: live.py BUILD_DIR
"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

from hosttest import Build, Place, inclusive, read_folded, run

build = Build(sys.argv[1])
program = build.program("living")
checks = []
HZ = 499
HAS_DUMP = b"  dump " in run([build.neuroprof, "--help"]).stdout


def check(test):
    checks.append(test)
    return test


class Living:
    """The program under the library; it ends when its input does."""

    def __init__(self, place, *arguments, profiled=True, **settings):
        env = place.env(build, **{"NEUROPROF_HZ": str(HZ), **settings})
        if not profiled:
            del env["LD_PRELOAD"]
        self.place, self.env = place, env
        self.process = subprocess.Popen([program, *arguments], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()

    def end(self, status=3, out=b"done\n"):
        rest = self.process.communicate(timeout=60)
        assert (self.process.returncode, *rest) == (status, out, b""), (self.process.returncode, rest)

    def tool(self, *arguments, status=0):
        env = {k: v for k, v in self.env.items() if k != "LD_PRELOAD"}
        result = run([build.neuroprof, *arguments], env=env)
        assert result.returncode == status, (arguments, result)
        return result

    def state(self):
        for one in json.loads(self.tool("ls", "--json").stdout):
            if one["pid"] == self.pid:
                return one
        return None

    def wait_for(self, condition, what):
        """CPU time is what counts; a busy machine may take its time."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            state = self.state()
            if state and condition(state):
                return state
            time.sleep(0.05)
        raise AssertionError(f"{what}: {self.state()}")


def thread_cpu(pid, name):
    """Seconds that the thread of that name has used, by the kernel's nanosecond account."""
    for task in os.listdir(f"/proc/{pid}/task"):
        if open(f"/proc/{pid}/task/{task}/comm").read().strip() == name:
            return int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0]) / 1e9
    raise AssertionError(f"no thread {name} in {pid}")


@check
def ls_lists_what_runs_and_nothing_else(place):
    with Living(place) as living, Living(place, profiled=False) as other:
        state = living.wait_for(lambda s: s["samples"] > 20, "no samples")
        assert state["program"] == "living" and state["exe"] == os.path.realpath(program), state
        assert (state["hz"], state["hz_most"], state["sampling"]) == (HZ, HZ, True), state
        assert state["clock"] in ("perf", "timer", "itimer") and state["threads_seen"] == 4, state
        assert abs(time.time() - state["since"]) < 120, state
        assert other.state() is None
        table = living.tool("ls").stdout.decode().splitlines()
        assert table[0].split() == ["PID", "PROGRAM", "SINCE", "HZ", "CLOCK", "THREADS", "SAMPLES", "CPU", "SAMPLING"]
        row = [line.split() for line in table if line.split()[0] == str(living.pid)]
        assert len(row) == 1 and row[0][1] == "living" and row[0][8] == "on", table
        print("\n".join(table))
        living.end()
        assert living.state() is None


@check
def record_sessions_and_fork_children_are_listed(place):
    env = {k: v for k, v in place.env(build).items() if k != "LD_PRELOAD"}
    record = subprocess.Popen([build.neuroprof, "record", "-q", "-F", str(HZ), "-o", place.out, "--", program, "fork"],
                              env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert record.stdout.readline() == b"ready\n" and record.stdout.readline() == b"ready\n"
    until = time.monotonic() + 60
    found = []
    while len(found) < 2 and time.monotonic() < until:
        found = [s for s in json.loads(run([build.neuroprof, "ls", "--json"], env=env).stdout)
                 if "/record-" in s["spool"] and s["spool"].startswith(place.spools)]
    assert len(found) == 2 and len({s["pid"] for s in found}) == 2, found
    record.communicate(timeout=60)
    assert record.returncode == 3, record.returncode


@check
def nothing_is_sampled_until_it_is_started(place):
    with Living(place, NEUROPROF_START="off") as living:
        before = living.wait_for(lambda s: thread_cpu(living.pid, "busy") > 0.2, "no CPU time")
        assert (before["samples"], before["sampling"], before["cpu_seconds"]) == (0, False, 0), before
        result = living.tool("snapshot", "-o", place.out, str(living.pid), status=1)
        assert b"neuroprof start" in result.stderr and not place.folded(), result
        used = thread_cpu(living.pid, "busy")
        living.tool("start", str(living.pid))
        living.wait_for(lambda s: s["samples"] > 50 and s["sampling"], "start gave no samples")
        living.tool("stop", str(living.pid))
        living.wait_for(lambda s: not s["sampling"], "stop")
        used = thread_cpu(living.pid, "busy") - used
        time.sleep(0.1)                     # ticks that were on their way
        stopped = living.state()
        assert stopped["cpu_seconds"] <= used + 0.02, "time before the start was counted"
        mark = thread_cpu(living.pid, "busy")
        living.wait_for(lambda s: thread_cpu(living.pid, "busy") > mark + 0.3, "no CPU time")
        assert living.state()["samples"] == stopped["samples"], "samples while it was stopped"
        living.tool("start", str(living.pid))
        living.wait_for(lambda s: s["samples"] > stopped["samples"] + 50, "no second start")
        again = living.state()
        wall = thread_cpu(living.pid, "busy") - mark - 0.3
        assert again["cpu_seconds"] - stopped["cpu_seconds"] <= wall + 0.05, "the pause was counted later"
        living.end()
    stacks = read_folded(f"{place.out}/{place.folded()[0]}")
    assert inclusive(stacks, "[startup]") == 0, "time before the start"
    assert inclusive(stacks, "busy_leaf") > 100, stacks


@check
def a_lower_rate_weighs_more_and_the_sum_stays_right(place):
    env = {k: v for k, v in place.env(build).items() if k != "LD_PRELOAD"}
    doctor = json.loads(run([build.neuroprof, "doctor", "--json"], env=env).stdout)
    working = {f["topic"][6:]: f["state"] for f in doctor["findings"] if f["topic"].startswith("clock ")}
    for clock in ("perf", "timer", "itimer"):
        if working[clock] not in ("ok", "limited") or (clock == "perf" and doctor["clock"] != "perf"):
            print(f"{clock} does not work here: left out")
            continue
        with Living(place, NEUROPROF_CLOCK=clock) as living:
            check_rate(living, clock)


def check_rate(living, clock):
    pid = str(living.pid)
    living.wait_for(lambda s: s["samples"] > 20, "no samples")
    assert living.tool("rate", pid).stdout == f"{HZ} of {HZ} Hz\n".encode()
    living.tool("rate", pid, "20")
    assert living.tool("rate", pid).stdout == f"20 of {HZ} Hz\n".encode()
    time.sleep(0.2)
    before, cpu_before = living.state(), thread_cpu(living.pid, "busy")
    living.wait_for(lambda s: thread_cpu(living.pid, "busy") > cpu_before + 1, "no CPU time")
    after, cpu = living.state(), thread_cpu(living.pid, "busy") - cpu_before
    samples, counted = after["samples"] - before["samples"], after["cpu_seconds"] - before["cpu_seconds"]
    print(f"{clock}: {samples} samples in {cpu:.2f} s of CPU time at 20 Hz, standing for {counted:.2f} s")
    # The other threads are sampled a little, too; at the old rate it would be 25 times as many.
    assert samples <= 40 * cpu + 10, (samples, cpu)
    assert samples >= 20 * cpu * 0.8 - 3 or clock == "itimer", (samples, cpu)
    assert abs(counted - cpu) <= 3 / 20 + 0.02 * cpu, (counted, cpu)
    living.tool("rate", pid, str(HZ))
    before = living.wait_for(lambda s: s["hz"] == HZ, "rate")
    mark = thread_cpu(living.pid, "busy")
    after = living.wait_for(lambda s: thread_cpu(living.pid, "busy") > mark + 0.5, "no CPU time")
    assert after["samples"] - before["samples"] > 60, "the old rate did not come back"
    result = living.tool("rate", pid, str(HZ + 1), status=1)
    assert len(result.stderr.splitlines()) == 1 and b"NEUROPROF_HZ" in result.stderr, result
    living.end()


@check
def fork_children_that_were_never_started_can_be(place):
    with Living(place, "fork", NEUROPROF_START="off") as living:
        living.process.stdout.readline()
        parent = living.wait_for(lambda s: True, "the parent")
        until, children = time.monotonic() + 60, []
        while not children and time.monotonic() < until:
            children = [s for s in json.loads(living.tool("ls", "--json").stdout)
                        if s["spool"].startswith(place.spools) and s["pid"] != living.pid]
        assert len(children) == 1 and not children[0]["sampling"] and children[0]["samples"] == 0, children
        living.tool("start", str(children[0]["pid"]))
        until = time.monotonic() + 60
        while children[0]["samples"] < 50 and time.monotonic() < until:
            children = [s for s in json.loads(living.tool("ls", "--json").stdout) if s["pid"] == children[0]["pid"]]
        assert children[0]["samples"] >= 50 and living.state()["samples"] == 0 and not parent["sampling"], children
        living.end(out=b"done\ndone\n")


@check
def what_was_set_holds_for_children_forked_later(place):
    def fork(living):
        living.process.stdin.write(b"f")
        living.process.stdin.flush()
        return int(living.process.stdout.readline())

    with Living(place, NEUROPROF_START="off") as living:
        living.wait_for(lambda s: True, "no spool")
        before = fork(living)
        living.tool("start", str(living.pid))
        living.tool("rate", str(living.pid), "50")
        after = fork(living)
        living.tool("stop", str(living.pid))
        stopped = fork(living)
        living.end()
    stacks = {pid: read_folded(f"{place.out}/neuroprof.living.{pid}.folded") if
              f"neuroprof.living.{pid}.folded" in place.folded() else {} for pid in (before, after, stopped)}
    assert not stacks[before] and not stacks[stopped], stacks
    assert 0.25 * HZ < sum(stacks[after].values()) < 0.4 * HZ, stacks
    print(f"{sum(stacks[after].values())} periods of {HZ} a second in 0.3 s")


@check
def a_snapshot_equals_the_profile_at_the_end(place):
    with Living(place) as living:
        living.wait_for(lambda s: s["samples"] > 50, "no samples")
        living.tool("stop", str(living.pid))
        time.sleep(0.2)
        snapshots = f"{place.out}/snapshots"
        result = living.tool("snapshot", "-o", snapshots, str(living.pid))
        paths = result.stdout.decode().split()
        assert sorted(paths) == sorted(f"{snapshots}/{f}" for f in os.listdir(snapshots)) and len(paths) == 2, result
        assert b"CPU s so far" in result.stderr, result
        assert living.tool("snapshot", "-q", "-o", snapshots, str(living.pid)).stderr == b""
        assert len(os.listdir(snapshots)) == 2, "a second one takes the place of the first"
        living.end()
    final = open(f"{place.out}/{place.folded()[0]}", "rb").read()
    assert open(f"{snapshots}/{place.folded()[0]}", "rb").read() == final, "folded stacks differ"
    assert not place.litter()


@check
def top_in_plain_text(place):
    with Living(place) as living:
        living.wait_for(lambda s: s["samples"] > 100, "no samples")
        text = living.tool("top", str(living.pid)).stdout.decode()
        print(text)
        lines = text.splitlines()
        assert f"living (pid {living.pid}), {HZ} Hz" in lines[0] and "since it began" in lines[1], lines
        rows = dict((m.group(3), (float(m.group(1)), float(m.group(2)))) for m in
                    (re.match(r" *([\d.]+) % +([\d.]+) %  (.*)$", line) for line in lines) if m)
        self_percent, total = rows["busy_leaf (living)"]
        inlined, _ = rows["inlined_work (living)"]
        assert self_percent + inlined > 90 and total > 90 and rows["busy_outer (living)"][1] >= total, rows
        assert rows["busy_outer (living)"][0] < 10, rows
        assert any(re.search(r"\d+ busy$", line) for line in lines), lines
        text = living.tool("top", "-n", "3", "-d", "0.3", "-s", "total", "-r", "3", str(living.pid)).stdout.decode()
        assert text.count("the last ") == 2 and text.count("since it began") == 1, text
        assert text.count("more (-r shows them)") == 3, text
        text = living.tool("top", "-n", "2", "-d", "0.1", "-c", str(living.pid)).stdout.decode()
        assert text.count("since it began") == 2, text
        living.tool("stop", str(living.pid))
        time.sleep(0.2)
        text = living.tool("top", "-n", "2", "-d", "0.2", str(living.pid)).stdout.decode()
        assert "sampling is off" in text and ": 0 samples" in text, text
        living.end()


@check
def top_survives_the_end_of_the_process(place):
    for way in ("end", "kill"):
        with Living(place) as living:
            living.wait_for(lambda s: s["samples"] > 10, "no samples")
            top = subprocess.Popen([build.neuroprof, "top", "-n", "1000", "-d", "0.1", str(living.pid)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            top.stdout.readline()
            if way == "end":
                living.end()
            else:
                living.process.send_signal(signal.SIGKILL)
                living.process.wait()
            out, err = top.communicate(timeout=60)
            assert top.returncode == 0 and b"has ended" in err and len(err.splitlines()) == 1, (way, err)


def on_terminal(command, keys, env):
    """Run on a terminal of 30 x 100, press KEYS one after the other; returns all output and the status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(command[0], command, dict(env, TERM="xterm", LC_ALL="C.UTF-8"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    output = b""

    def read_for(seconds):
        nonlocal output
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if select.select([fd], [], [], 0.05)[0]:
                try:
                    output += os.read(fd, 65536)
                except OSError:
                    return

    until = time.monotonic() + 60
    while b"q quit" not in output and time.monotonic() < until:
        read_for(0.1)
    for key in keys:
        if callable(key):
            key()
        else:
            os.write(fd, key)
        read_for(0.6)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return output, status


@check
def top_on_a_terminal(place):
    with Living(place) as living:
        living.wait_for(lambda s: s["samples"] > 100, "no samples")
        command = [build.neuroprof, "top", "-d", "0.2", str(living.pid)]
        env = {k: v for k, v in living.env.items() if k != "LD_PRELOAD"}
        output, status = on_terminal(command, [b"s", b"t", b"c", b"+", b"-", b"p", b"p", b"q"], env)
        assert status == 0 and output.startswith(b"\x1b[") and b"\x1b[?1049l" in output, (status, output)
        for text in (b"busy_outer", b"[paused]", b"TID", b"the last", b"since it began"):
            assert text in output, (text, output)
        output, status = on_terminal(command, [b"\x03"], env)
        assert status == 0 and b"\x1b[?1049l" in output, "Ctrl-C leaves the terminal as it was"
        output, status = on_terminal(command, [living.process.kill, lambda: time.sleep(0.5), b"q"], env)
        assert status == 0 and b"ended" in output, output


def dump(living, status=0):
    result = run([build.neuroprof, "dump", str(living.pid)])
    assert result.returncode == status, result
    text = result.stdout.decode()
    threads = {}
    for block in text.split("\n\nthread ")[1:]:
        name = re.match(r'\d+ "([^"]*)"', block).group(1)
        threads[name] = [re.sub(r"^ #\d+ +", "", line) for line in block.splitlines()[1:]]
    return text, threads


def expect_frames(frames, *wanted):
    """In this order, other frames between them allowed."""
    at = 0
    for want in wanted:
        while at < len(frames) and not re.match(want, frames[at]):
            at += 1
        assert at < len(frames), f"{want} is not where it should be in {frames}"


def dump_has_every_thread(living):
    text, threads = dump(living)
    print(text)
    assert set(threads) == {"living", "busy", "sleeping", "handling"}, threads
    expect_frames(threads["busy"], r"busy_outer at .*living\.c:\d+ \(living\)", r"busy_thread at ", r"start_thread",
                  r".*clone")
    expect_frames(threads["sleeping"], r"wait_here at .*living\.c:\d+ \(living\)", r"sleeping_thread at ",
                  r"start_thread")
    expect_frames(threads["handling"], r"wait_here at ", r"handler at ", r"\[signal handler called\]",
                  r".*pthread_kill", r"handling_thread at ", r"start_thread")
    expect_frames(threads["living"], r".*read", r"main at .*living\.c:\d+ \(living\)", r"_start \(living\)")


@check
def dump_names_every_thread(place):
    with Living(place, profiled=False) as living:
        seen = set()
        for _ in range(20):
            seen |= set(dump(living)[1]["busy"])
        assert any(re.match(r"inlined_work \(inlined\) at .*living\.c:\d+ \(living\)", frame) for frame in seen), seen
        dump_has_every_thread(living)
        living.end()
    with Living(place) as living:
        living.wait_for(lambda s: s["samples"] > 10, "no samples")
        dump_has_every_thread(living)
        living.end()


@check
def dump_leaves_a_process_as_it_was(place):
    with Living(place, profiled=False) as living:
        os.kill(living.pid, signal.SIGSTOP)
        until = time.monotonic() + 60
        while "T (stopped)" not in open(f"/proc/{living.pid}/status").read() and time.monotonic() < until:
            time.sleep(0.01)
        for _ in range(5):
            dump(living)
        assert "T (stopped)" in open(f"/proc/{living.pid}/status").read(), "job control was forgotten"
        os.kill(living.pid, signal.SIGCONT)
        until = time.monotonic() + 60
        while "T (stopped)" in open(f"/proc/{living.pid}/status").read() and time.monotonic() < until:
            time.sleep(0.01)
        assert "TracerPid:\t0" in open(f"/proc/{living.pid}/status").read()
        living.end()
    with Living(place, NEUROPROF_HZ="4999") as living:      # signals on their way all the time
        for _ in range(50):
            run([build.neuroprof, "dump", str(living.pid)])
        before = living.state()["samples"]
        living.wait_for(lambda s: s["samples"] > before + 100, "no more samples after the dumps")
        living.end()


@check
def a_process_that_goes_on_as_another_program(place):
    with Living(place, "exec", "/bin/cat") as living:
        living.wait_for(lambda s: s["samples"] > 10, "no samples")
        living.end(status=0, out=b"")


@check
def wrong_use_is_one_line(place):
    with Living(place, profiled=False) as living:
        pid, me = str(living.pid), str(os.getpid())
        for status, *command in ((2, "top"), (2, "top", "x"), (2, "top", "-d", "0", pid), (2, "top", "-s", "up", pid),
                                 (2, "snapshot"), (2, "snapshot", pid, pid), (2, "start"), (2, "stop", "-1"),
                                 (2, "rate", pid, "0"), (2, "rate", pid, "1.5"), (2, "rate", pid, "1", "1"),
                                 (2, "dump"), (2, "dump", "1x"), (2, "ls", "x"), (2, "ls", "--nonsense"),
                                 (2, "top", "--rows", "0", pid), (2, "top", "-n", "none", pid),
                                 (1, "top", pid), (1, "snapshot", pid), (1, "start", pid), (1, "rate", me, "5"),
                                 (1, "dump", "4194303"), (1, "top", "4194303"), (1, "stop", "4194303")):
            if command[0] == "dump" and not HAS_DUMP:
                continue
            result = run([build.neuroprof, *command])
            assert result.returncode == status and len(result.stderr.splitlines()) == 1, (command, result)
            assert not result.stdout, (command, result)
        for command in ("ls", "top", "snapshot", "start", "stop", "rate") + (("dump",) if HAS_DUMP else ()):
            result = run([build.neuroprof, command, "--help"])
            assert result.returncode == 0 and b"Exit status" in result.stdout and not result.stderr, (command, result)
        with open("/dev/full", "w") as full:
            result = subprocess.run([build.neuroprof, "ls", "--json"], stdout=full, stderr=subprocess.PIPE, timeout=60)
        assert result.returncode == 1 and len(result.stderr.splitlines()) == 1, result
        living.end()


if not HAS_DUMP:
    print("built without libunwind: dump is not tested")
    checks = [test for test in checks if not test.__name__.startswith("dump_")]
if len(sys.argv) > 2:
    checks = [test for test in checks if sys.argv[2] in test.__name__]
for test in checks:
    with Place() as place:
        test(place)
    print(f"ok: {test.__name__.replace('_', ' ')}")
