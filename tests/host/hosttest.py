# SPDX-License-Identifier: MIT
"""What the behaviour tests share: run a program with and without the library, read a folded profile."""
import os
import re
import subprocess
import sys
import tempfile


class Build:
    """The pieces under test, found from the build directory that meson passes as the first argument."""

    def __init__(self, root):
        self.library = os.path.join(root, "src/agent/libneuroprof.so")
        self.neuroprof = os.path.join(root, "tools/neuroprof")
        self.fold = os.path.join(root, "tools/neuroprof-fold")
        self.report = os.path.join(root, "tools/neuroprof-report")
        self.programs = os.path.join(root, "tests/host")
        for path in (self.library, self.neuroprof, self.fold):
            assert os.path.exists(path), f"{path} is missing: build first"

    def program(self, name):
        return os.path.join(self.programs, name)


class Place:
    """A directory for profiles and one, private, for spools."""

    def __init__(self, in_memory=False):
        """IN_MEMORY: spools as without a setting; on a disk making one takes up to 0.1 s of the process's CPU."""
        self._memory = None
        self._tmp = tempfile.TemporaryDirectory(prefix="neuroprof-test-")
        self.out = os.path.join(self._tmp.name, "out")
        self.spools = os.path.join(self._tmp.name, "spools")
        os.mkdir(self.out)
        if in_memory and os.access("/dev/shm", os.W_OK):
            self._memory = tempfile.TemporaryDirectory(prefix="neuroprof-test-", dir="/dev/shm")
            self.spools = self._memory.name
        else:
            os.mkdir(self.spools, 0o700)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._tmp.cleanup()
        if self._memory:
            self._memory.cleanup()

    def env(self, build, **settings):
        env = {k: v for k, v in os.environ.items() if not k.startswith("NEUROPROF_")}
        env.update(LD_PRELOAD=build.library, NEUROPROF_OUT=self.out, NEUROPROF_SPOOL_DIR=self.spools, **settings)
        return env

    def folded(self):
        return sorted(f for f in os.listdir(self.out) if f.endswith(".folded"))

    def litter(self):
        """Spools that nobody folded, also in the session directories of record."""
        return [f for _, _, files in os.walk(self.spools) for f in files]


def run(command, env=None, timeout=120, **more):
    return subprocess.run(command, env=env, capture_output=True, timeout=timeout, **more)


def outcome(result):
    """What the parent of a process sees."""
    return result.returncode, result.stdout, result.stderr


def read_folded(path):
    """{stack tuple, root first: value}, the way any other tool reads it."""
    stacks = {}
    with open(path, encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, 1):
            match = re.fullmatch(r"(.*)\s+?(\d+)\n", line)
            assert match, f"{path}:{number}: not a folded line: {line!r}"
            stack = tuple(re.split(r"(?<!\\);", match.group(1)))
            stacks[stack] = stacks.get(stack, 0) + int(match.group(2))
    return stacks


def plain(frame):
    return re.sub(r"_\[[ikj]\]$", "", frame)


def inclusive(stacks, function):
    return sum(value for stack, value in stacks.items() if function in map(plain, stack))


def skip(reason):
    print(reason)
    sys.exit(77)
