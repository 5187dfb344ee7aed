#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""openssl speed: hand-written assembly, and SIGALRM handlers that end each measurement.
usage: openssl.py BUILD_DIR
"""
import re

from realprog import judge_command, need


def without_timings(text):
    """What the program measures is never the same; the words around it are."""
    return re.sub(rb" *(?<![\w.-])\d+(\.\d+)?[ks]?(?![\w.-])", b" N", text)


openssl = need("openssl")
for name, algorithm in {
    "openssl sha256": ["-bytes", "8192", "sha256"],
    "openssl ecdsa p256": ["ecdsap256"],
    "openssl aes-256-gcm": ["-bytes", "1024", "-evp", "aes-256-gcm"],
    "openssl chacha20": ["-bytes", "1024", "-evp", "chacha20-poly1305"],
}.items():
    # A second of wall time: on a busy machine that is few samples.
    judge_command(name, [openssl, "speed", "-seconds", "1", *algorithm], without_timings, least=100)
