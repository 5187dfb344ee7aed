#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xz -T2: two compressing threads in liblzma.
usage: xz.py BUILD_DIR
"""
import os
import random
import tempfile

from realprog import judge_command, need

xz = need("xz")
words = [f"word{i * 7919 % 9973}" for i in range(3000)]
chance = random.Random(1)
with tempfile.NamedTemporaryFile(suffix=".txt") as text:
    for _ in range(60):
        text.write(" ".join(chance.choices(words, k=5000)).encode() + b"\n")
    text.flush()
    os.chmod(text.name, 0o644)
    judge_command("xz", [xz, "-T2", "-5", "--block-size=512KiB", "--stdout", text.name])
