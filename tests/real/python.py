#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The distribution's python3: a loop in Python, then C code called from it, then threads.
usage: python.py BUILD_DIR
"""
from realprog import judge_command, need

PROGRAM = """
import hashlib, json, threading, zlib
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
def loop():
    total = 0
    for i in range(12000000):
        total = (total * 31 + i) & 0xffffffff
    return total
def extension():
    data = json.dumps([{"key": i, "text": "word %d" % (i * 7919 % 1000)} for i in range(20000)]).encode()
    packed = zlib.compress(data * 4, 6)
    assert zlib.decompress(packed) == data * 4
    return hashlib.sha256(data).hexdigest()
print(fib(27), loop(), extension())
results = []
threads = [threading.Thread(target=lambda: results.append(extension())) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(results)
"""

judge_command("python3", [need("python3"), "-c", PROGRAM])
