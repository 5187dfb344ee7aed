#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A line of progress where somebody looks and waits, and nowhere else.

usage: progress.py NEUROPROF_REPORT
"""
import os
import pty
import subprocess
import sys
import threading
import time

TOOL = sys.argv[1]
LINES = b"main;work;leaf_with_a_name 1\n" * 20000        # more than the reader takes at once


def feed(to, pause):
    to.write(LINES)
    to.flush()
    time.sleep(pause)
    to.write(LINES)
    to.close()


def run(stderr, pause):
    tool = subprocess.Popen([TOOL, "--no-svg", "-f", "csv", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
    feeder = threading.Thread(target=feed, args=(tool.stdin, pause))
    feeder.start()
    out = tool.stdout.read()
    feeder.join()
    assert tool.wait() == 0
    return out, tool.stderr.read() if tool.stderr else b""


def on_terminal(pause):
    leader, follower = pty.openpty()
    out, _ = run(follower, pause)
    os.close(follower)
    said = b""
    try:
        while chunk := os.read(leader, 4096):
            said += chunk
    except OSError:
        pass    # how Linux says that nobody is left at the other end
    os.close(leader)
    return out, said


plain, silent = run(subprocess.PIPE, 1.3)
assert silent == b"", silent
shown_out, shown = on_terminal(1.3)
assert shown_out == plain
assert b"reading standard input: " in shown and shown.endswith(b"\r\x1b[K"), shown
assert b"\n" not in shown, shown
print("progress: on a terminal, after a second, and gone at the end")
