#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stress-ng's stressors, each for a second with --verify: what succeeds without us succeeds with us, at 997 Hz.

usage: stressors.py BUILD_DIR [STRESSOR...]      (all of them, some 20 minutes, without names; 77: no stress-ng)
One that ends otherwise is tried twice more; only one that never succeeds with us, and always without, is a failure.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from hosttest import Build, Place

build = Build(os.path.abspath(sys.argv[1]))
TRIES = 3
# These change the machine (its processors, clock, modules, devices), take more of it than a test may, or call at random.
NEVER = set("apparmor bind-mount binderfs cpu-online dev dev-shm idle-page iomix kvm loop module netdev numa "
            "oom-pipe physpage procfs quota ramfs rawdev reboot smi softlockup swap sysfs sysinval tun watchdog".split())


def run(stressor, env, place):
    """Its exit status, and what it complained of; 124 when it does not end."""
    command = ["stress-ng", "--" + stressor, "1", "-t", "1", "--verify", "--temp-path", place, "--log-brief"]
    with subprocess.Popen(command, env=env, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", start_new_session=True) as process:
        try:
            text, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            text, _ = process.communicate()
            return 124, text
    return process.returncode, "".join(line for line in text.splitlines(True) if "fail" in line)


def ends_as_without(stressor, place):
    """None: it cannot be run here at all."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("NEUROPROF_", "LD_PRELOAD"))}
    for _ in range(TRIES):
        status, _ = run(stressor, plain, place)
        if status != 0:
            return None
        with Place(in_memory=True) as ours:
            status, text = run(stressor, ours.env(build, NEUROPROF_HZ="997"), place)
            if status == 0:
                return True
        print(f"{stressor}: {status}: {text.strip()[:300]}", flush=True)
    return False


if not shutil.which("stress-ng"):
    print("skipped: no stress-ng: apt-get install stress-ng")
    sys.exit(77)
listed = subprocess.run(["stress-ng", "--stressors"], capture_output=True, text=True, check=True).stdout.split()
names = sys.argv[2:] or [name for name in listed if name not in NEVER]
results = {}
here = tempfile.mkdtemp(prefix="neuroprof-stress-")
for name in names:
    results[name] = ends_as_without(name, here)
# A stressor that did not end may have left files that nobody may change.
subprocess.run(["chattr", "-R", "-i", "-a", here], stderr=subprocess.DEVNULL, check=False)
shutil.rmtree(here, ignore_errors=True)
different = [name for name, result in results.items() if result is False]
unusable = [name for name, result in results.items() if result is None]
print(f"{sum(result is True for result in results.values())} stressors end as without us; {len(unusable)} fail without us, "
      f"too: {' '.join(unusable)}")
assert not different, f"these end otherwise under the library: {' '.join(different)}"
assert any(result for result in results.values()), "nothing was put to the test"
