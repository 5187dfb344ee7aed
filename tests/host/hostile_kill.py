#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Killed at a random moment, or crashed: every sample that was committed is in the recovered profile.  Each thread
counted its own, by a wrapper around the handler; the spool is read here by its documented bytes, then recovered.
usage: hostile_kill.py BUILD_DIR [KILLS]
"""
import gzip
import os
import random
import re
import struct
import subprocess
import sys
import time

from hosttest import Build, Place, inclusive, read_folded, run

build = Build(sys.argv[1])
kills = int(sys.argv[2]) if len(sys.argv) > 2 else 25
program = build.program("host_killed")
HZ, THREADS = 997, 4
seed = random.randrange(1 << 32)
random.seed(seed)
print("seed", seed)

# docs/file-formats.md
HEADER = struct.Struct("<8sIIQIIIIQIIQIIiIQQQQ16s512s512sII32QII16Q")
NODE, THREAD = struct.Struct("<QIHBBII4IQQQ"), struct.Struct("<IBBH16sQQ24x")
ROOT, STARTUP = 1, 4


class Spool:
    """What is committed in it: {tid: [samples, periods]} by the call tree, and by the threads' own counts."""

    def __init__(self, path):
        with open(path, "rb") as file:
            header = HEADER.unpack(file.read(HEADER.size))
            assert header[0] == b"NPSPOOL\0", header[0]
            threads, nodes = header[-12:-8], header[-4:]
            table = self.table(file, THREAD, threads)
            tids = [thread[0] for thread in table]
            self.counted = {thread[0]: list(thread[5:7]) for thread in table[1:] if thread[1]}
            self.tree = {}
            owner = []
            for pc, parent, _, kind, ready, *_, samples, periods, _ in self.table(file, NODE, nodes):
                owner.append(tids[pc >> 8] if kind == ROOT and parent == 0 and owner else
                             None if kind == STARTUP or not owner or not ready else owner[parent])
                if samples or periods:
                    mine = self.tree.setdefault(owner[-1], [0, 0])
                    mine[0] += samples
                    mine[1] += periods

    @staticmethod
    def table(file, entry, section):
        offset, capacity, ready, used = section
        file.seek(offset)
        data = file.read(min(used, capacity, ready // entry.size) * entry.size)
        return list(entry.iter_unpack(data))

    def __str__(self):
        return f"tree {self.tree}, counted {self.counted}"

    def sum(self, which):
        return sum(counts[which] for counts in self.tree.values())


class Note:
    def __init__(self, words):
        self.used_ns, self.tid, self.before, self.entered, self.left, self.idle = words[:6]


def read_notes(path):
    with open(path, "rb") as file:
        return [note for note in map(Note, struct.iter_unpack("<8Q", file.read())) if note.tid]


def check_spool(spool, notes, what):
    """To the sample: what each thread saw being committed, and nothing else but the one that was being written.
    Returns how many threads were caught within a sample."""
    within = 0
    for note in notes:
        tree, counted = spool.tree.get(note.tid, [0, 0]), spool.counted.get(note.tid, [0, 0])
        seen = note.before + note.left - note.idle
        assert note.entered - note.left in (0, 1), f"{what}: {vars(note)}"
        assert 0 <= tree[0] - seen <= note.entered - note.left, \
            f"{what}: thread {note.tid}: {tree[0]} samples in the tree, {seen} were seen: {spool}, {list(map(vars, notes))}"
        assert 0 <= tree[0] - counted[0] <= 1, f"{what}: thread {note.tid}: {tree} in the tree, {counted} counted"
        within += note.entered - note.left
    return within


def recovered(place, env, notes, what):
    """The recovered profile has exactly what the spool has, and that is the CPU time that the threads noted: each may
    owe one period, and one more since it last noted, and ticks are up to a jiffy late where the clock is a timer."""
    assert len(place.litter()) == 1, f"{what}: {place.litter()}"
    spool = Spool(os.path.join(place.spools, place.litter()[0]))
    within = check_spool(spool, notes, what)
    result = run([build.neuroprof, "recover", place.spools], env={**env, "LD_PRELOAD": ""})
    assert result.returncode == 0 and not place.litter(), f"{what}: {result}"
    names = place.folded()
    assert len(names) == 1, f"{what}: {names}"
    stacks = read_folded(f"{place.out}/{names[0]}")
    with gzip.open(f"{place.out}/{names[0].replace('.folded', '.pb.gz')}") as profile:
        about = profile.read()
    said = re.search(rb"samples: (\d+) weighing (\d+) periods", about)
    assert sum(stacks.values()) == spool.sum(1) == int(said[2]) and int(said[1]) == spool.sum(0), \
        f"{what}: recovered {sum(stacks.values())} periods, {said[0]}; in the spool are {spool.sum(0)} and {spool.sum(1)}"
    got = sum(stacks.values()) - inclusive(stacks, "[startup]")
    due = sum(note.used_ns for note in notes) * int(env["NEUROPROF_HZ"]) / 1e9
    # Besides: 1 ms of CPU time a thread that is used before its first note.
    slack = len(notes) * (3 + 4 * HZ / 1000 * (os.environ.get("NEUROPROF_CLOCK") == "timer")) + 0.01 * due
    assert abs(got - due) <= slack, f"{what}: {got} periods, due are {due:.1f} +- {slack:.1f}"
    return got, due, within, about


def kill_at_random():
    worst = caught = samples = early = 0
    for i in range(kills):
        with Place() as place:
            env = place.env(build, NEUROPROF_HZ=str(HZ))
            notes = os.path.join(place.out, "notes")
            with subprocess.Popen([program, notes, str(THREADS)], env=env) as process:
                time.sleep(0.05 + random.random() * 0.25)
                process.kill()
            if not os.path.exists(notes) or not read_notes(notes) or read_notes(notes)[0].before == 0:
                early += 1                  # before the handler was wrapped
                continue
            got, due, within, _ = recovered(place, env, read_notes(notes), f"kill {i}")
            worst, caught, samples = max(worst, abs(got - due)), caught + within, samples + got
    assert samples > 0, "every kill came before the first sample"
    print(f"{kills} kills, {early} of them too early: {samples} periods, every committed sample recovered; {caught} threads were "
          f"within the handler; at most {worst:.1f} periods from the CPU time noted")


def end_of_its_own(how, status, **settings):
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ=str(HZ))
        notes = os.path.join(place.out, "notes")
        result = run([program, notes, "2", how], env=env, **settings)
        assert result.returncode == status, (how, result)
        got, due, *_ = recovered(place, env, read_notes(notes), how)
        print(f"{how}: {got} periods, due {due:.1f}")


def end_by_a_bound_on_memory():
    """In a memory cgroup of 64 MB, where one can be made; both hierarchies' files are tried."""
    for top, limits in (("/sys/fs/cgroup/memory", {"memory.limit_in_bytes": "64M", "memory.swappiness": "0"}),
                        ("/sys/fs/cgroup", {"memory.max": "64M", "memory.swap.max": "0"})):
        group = f"{top}/neuroprof-test-{os.getpid()}"
        try:
            os.mkdir(group)
        except OSError:
            continue
        try:
            if not os.path.exists(f"{group}/{next(iter(limits))}"):
                continue
            for name, value in limits.items():
                if os.path.exists(f"{group}/{name}"):
                    with open(f"{group}/{name}", "w", encoding="ascii") as file:
                        file.write(value)
            def enter():
                with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
                    file.write("0")
            end_of_its_own("cgroup", -9, preexec_fn=enter)
            return
        except OSError as error:
            print(f"{group}: {error}")
        finally:
            for _ in range(50):
                try:
                    os.rmdir(group)
                    break
                except OSError:
                    time.sleep(0.02)
    print("cgroup: no memory cgroup can be made here")


def adversary():
    """A new stack at every sample in the smallest spool: bounded, counted, and the sum still right."""
    with Place() as place:
        env = place.env(build, NEUROPROF_HZ="10000", NEUROPROF_SPOOL_MAX="1M", NEUROPROF_MAX_OVERHEAD="100")
        notes = os.path.join(place.out, "notes")
        with subprocess.Popen([program, notes, "2"], env=env) as process:
            time.sleep(2)
            process.kill()
        size = os.stat(os.path.join(place.spools, place.litter()[0]))
        assert size.st_size <= 1 << 20 and size.st_blocks * 512 <= 1 << 20, size
        got, due, _, about = recovered(place, env, read_notes(notes), "adversary")
        count = re.search(rb"count: (\d+) samples kept on an outer frame", about)
        assert count, "the spool was not filled"
        print(f"adversary: {size.st_blocks * 512} bytes used, {got} periods, due {due:.1f}, {int(count[1])} samples did not "
              "fit and are on an outer frame")


kill_at_random()
for way, code in (("abort", -6), ("segfault", -11), ("exit_group", 5), ("cpu", -9), ("memory", -11)):
    end_of_its_own(way, code)
end_by_a_bound_on_memory()
adversary()
