# SPDX-License-Identifier: MIT
"""Programs nobody here wrote, as the distribution ships them: run without us, under LD_PRELOAD and
with `neuroprof record`, they must behave the same, and their profiles must be whole, true and
rightly named.  Each test prints its figures in one line."""
import os
import shutil
import subprocess
import sys
import tempfile

import names
import pprofile

HZ = 997            # a program of a second gives a thousand samples
COMPLETE = 0.99     # of the samples: stacks rooted at a program's or thread's entry
UNRESOLVED = 0.01   # of the samples by their leaf, and of all frames
CPU_ERROR = 0.02    # of what the kernel charged


def skip(reason):
    print(reason)
    sys.exit(77)


def need(*programs):
    """Only what the distribution installed: a build under a home directory is somebody's own."""
    found = [shutil.which(p, path="/usr/bin:/bin:/usr/sbin") for p in programs]
    for program, path in zip(programs, found):
        if path is None:
            skip(f"{program} is not installed: ./dev deps test")
    return found[0] if len(found) == 1 else found


class Result:
    def __init__(self, status, out, err, cpu_seconds):
        self.status, self.out, self.err, self.cpu_seconds = status, out, err, cpu_seconds


class Real:
    def __init__(self, build, name):
        self.name = name
        build = os.path.abspath(build)
        self.library = os.path.join(build, "src/agent/libneuroprof.so")
        self.neuroprof = os.path.join(build, "tools/neuroprof")
        self._tmp = tempfile.TemporaryDirectory(prefix=f"neuroprof-{name}-")
        self.dir = self._tmp.name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._tmp.cleanup()

    def fresh(self, name):
        """An empty private directory below ours."""
        path = os.path.join(self.dir, name)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path, 0o700)
        return path

    def environment(self, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("NEUROPROF_", "LD_PRELOAD"))}
        env.update(LC_ALL="C", **more)
        return env

    def preload(self, **more):
        return self.environment(LD_PRELOAD=self.library, NEUROPROF_OUT=self.fresh("out"), NEUROPROF_HZ=str(HZ),
                                NEUROPROF_SPOOL_DIR=self.fresh("spools"), **more)

    def record(self, command):
        """The command under `neuroprof record`, and the environment for it."""
        return ([self.neuroprof, "record", "-q", "-F", str(HZ), "-o", self.fresh("out"), "--", *command],
                self.environment(NEUROPROF_SPOOL_DIR=self.fresh("spools")))

    def start(self, command, env):
        """Its output goes to files, so that a program that stays cannot block."""
        streams = [open(os.path.join(self.dir, name), "w+b") for name in ("stdout", "stderr")]
        child = subprocess.Popen(command, env=env, cwd=self.dir, stdin=subprocess.DEVNULL,
                                 stdout=streams[0], stderr=streams[1])
        child.streams = streams
        return child

    def finish(self, child):
        """Wait, and ask the kernel what the program and the children it waited for have used."""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in child.streams:
            stream.seek(0)
            texts.append(stream.read())
            stream.close()
        return Result(child.returncode, *texts, usage.ru_utime + usage.ru_stime)

    def run(self, command, env):
        return self.finish(self.start(command, env))

    def recover(self):
        done = subprocess.run([self.neuroprof, "recover", "-q", os.path.join(self.dir, "spools")],
                              env=self.environment(), capture_output=True)
        assert done.returncode == 0, done
        left = os.listdir(os.path.join(self.dir, "spools"))
        assert not left, f"spools were left behind: {left}"

    def profiles(self):
        """Of each process; the sum of a tree is made of these."""
        out = os.path.join(self.dir, "out")
        found = [os.path.join(out, f) for f in sorted(os.listdir(out)) if f.endswith(".pb.gz") and ".tree." not in f]
        assert found, f"{self.name}: no profile"
        return [pprofile.Profile(path) for path in found]

    def same(self, expected, got, how, normalise):
        for what in ("status", "out", "err"):
            a, b = getattr(expected, what), getattr(got, what)
            if what != "status":
                a, b = normalise(a), normalise(b)
            assert a == b, f"{self.name} {how}: {what} differs\nwithout us: {a!r}\nwith us:    {b!r}"


def is_root(location):
    """Nothing can be outside of it: a program's entry point (the loader's too) or the C library's clone."""
    if location.mapping is None:
        return False
    known = names.object_of(location.mapping)
    if known is None:
        return False
    address = location.address - location.mapping.start + known.first
    if known.entry and known.entry in {start for start, _, _ in known.fdes.covering(address)}:
        return True
    symbols = {n for _, _, n in known.symbols.covering(address)}
    return bool(symbols & {"_start", "clone", "__clone", "clone3", "__clone3", "_dl_start_user"}) or \
        "_dl_start_user" in location.name


class Figures:
    """What a set of profiles is worth."""

    def __init__(self, profiles):
        self.samples = self.startup = self.complete = self.unresolved_leaf = 0
        self.frames = self.unresolved_frames = self.places = 0
        self.threads = 0
        self.cpu_seconds, self.wrong = 0.0, []
        self.processes = len(profiles)
        self.incomplete = {}
        for profile in profiles:
            self._add(profile)

    def _add(self, profile):
        unresolved, wrong, places = names.check(profile)
        self.places += places
        self.wrong += wrong
        self.cpu_seconds += profile.cpu_seconds
        self.threads += len({s.labels.get("tid") for s in profile.samples})
        for sample in profile.samples:
            self.samples += sample.count
            if [l.name for l in sample.locations] == ["[startup]"]:
                self.startup += sample.count
                continue
            stack = [l for l in sample.locations if not names.is_marker(l)]
            if stack and is_root(stack[-1]) and not any(l.name.startswith("[truncated") for l in sample.locations):
                self.complete += sample.count
            else:
                shown = ";".join(l.name for l in reversed(sample.locations[-4:]))
                self.incomplete[shown] = self.incomplete.get(shown, 0) + sample.count
            self.frames += sample.count * len(stack)
            self.unresolved_frames += sample.count * sum(id(l) in unresolved for l in stack)
            self.unresolved_leaf += sample.count * (bool(stack) and id(stack[0]) in unresolved)

    def line(self, name, kernel_seconds=None):
        stacks = max(1, self.samples - self.startup)
        text = (f"{name}: {self.samples} samples of {self.processes} processes, "
                f"{100 * self.complete / stacks:.2f} % complete, "
                f"{100 * self.unresolved_leaf / stacks:.2f} % unresolved, {self.places} places named, "
                f"{len(self.wrong)} wrong; CPU {self.cpu_seconds:.3f} s")
        if kernel_seconds is not None:
            text += f" of {kernel_seconds:.3f} s ({100 * (self.cpu_seconds / kernel_seconds - 1):+.2f} %)"
        return text

    def judge(self, name, kernel_seconds=None, least=300):
        print(self.line(name, kernel_seconds))
        stacks = self.samples - self.startup
        assert self.samples >= least, f"{name}: {self.samples} samples are too few to judge"
        assert not self.wrong, f"{name}: wrong names:\n" + "\n".join(self.wrong)
        worst = sorted(self.incomplete.items(), key=lambda item: -item[1])[:10]
        assert self.complete >= COMPLETE * stacks, f"{name}: incomplete stacks begin with {worst}"
        assert self.unresolved_leaf <= UNRESOLVED * stacks, f"{name}: {self.unresolved_leaf} unresolved leaves"
        assert self.unresolved_frames <= UNRESOLVED * self.frames, f"{name}: {self.unresolved_frames} unresolved frames"
        if kernel_seconds is not None:      # each thread's count may be off by the period it had begun
            slack = CPU_ERROR * kernel_seconds + self.threads / HZ
            assert abs(self.cpu_seconds - kernel_seconds) <= slack, \
                f"{name}: CPU {self.cpu_seconds} s, the kernel says {kernel_seconds} s"


def judge_command(name, command, normalise=lambda text: text, least=300):
    """The whole test for a program that runs and ends."""
    with Real(sys.argv[1], name) as real:
        plain = real.run(command, real.environment())
        assert plain.status == 0 and (plain.out or plain.err), (plain.status, plain.out, plain.err)
        real.same(plain, real.run(command, real.preload()), "under LD_PRELOAD", normalise)
        Figures(real.profiles()).judge(f"{name} under LD_PRELOAD", least=least)
        # Once more with folding afterwards, so that the kernel's bill is for the program alone.
        charged = real.run(command, real.preload(NEUROPROF_FOLD="off"))
        real.same(plain, charged, "with NEUROPROF_FOLD=off", normalise)
        real.recover()
        Figures(real.profiles()).judge(f"{name}, recovered", charged.cpu_seconds, least=least)
        real.same(plain, real.run(*real.record(command)), "with neuroprof record", normalise)
        Figures(real.profiles()).judge(f"{name}, recorded", least=least)
