#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""redis-server under redis-benchmark: a server that names its threads, changes its title, handles
SIGSEGV and friends itself, and is told to shut down.
usage: redis.py BUILD_DIR
"""
import os
import re
import subprocess
import sys
import time

from realprog import Figures, Real, need

server, benchmark, client = need("redis-server", "redis-benchmark", "redis-cli")
REQUESTS = "16000"
SCRIPT = "local s = 0 for i = 1, 300 do s = s + i % 7 end return s"


def without_variables(text):
    """Pids and times, and what the measuring client may find different from run to run."""
    text = re.sub(rb"^\d+:([A-Z]) [^.]*\.\d{3} ", rb"PID:\1 TIME ", text, flags=re.M)
    text = re.sub(rb"pid[ =:]*\d+", b"pid N", text, flags=re.I)
    return re.sub(rb"\d+\.\d+ seconds", b"N seconds", text)


def ask(socket, *command):
    return subprocess.run([client, "-s", socket, *command], capture_output=True, timeout=60, check=True).stdout


def serve(real, command, env):
    """Start, load, ask, shut down: the server's outcome and what it answered."""
    socket = os.path.join(real.dir, "redis.sock")
    child = real.start([*command, "--port", "0", "--unixsocket", socket, "--save", "", "--daemonize", "no",
                        "--dir", real.dir, "--io-threads", "2"], env)
    try:
        for _ in range(600):        # until it listens; an error ends it before
            if os.path.exists(socket) or child.poll() is not None:
                break
            time.sleep(0.05)
        assert child.poll() is None, f"redis-server ended at once with {child.returncode}"
        answers = []
        for test in (["-t", "set,get,incr,lrange_100,zadd"], ["eval", SCRIPT, "0"]):
            subprocess.run([benchmark, "-s", socket, "-n", REQUESTS, "-c", "20", "-P", "8", "-q", *test],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=True)
        for question in (["dbsize"], ["get", "counter:__rand_int__"], ["llen", "mylist"], ["eval", SCRIPT, "0"]):
            answers.append(ask(socket, *question))
        calls = re.findall(rb"cmdstat_(\w+):calls=(\d+)", ask(socket, "info", "commandstats"))
        answers.append([call for call in sorted(calls) if call[0] not in (b"info", b"config")])
        subprocess.run([client, "-s", socket, "shutdown", "nosave"], capture_output=True, timeout=60)
        return real.finish(child), answers
    finally:
        if child.returncode is None:
            child.kill()
            real.finish(child)


with Real(sys.argv[1], "redis-server") as real:
    plain, answers = serve(real, [server], real.environment())
    assert plain.status == 0 and b"bye bye" in plain.out, (plain.status, plain.out, plain.err)

    def same(how, got, got_answers):
        real.same(plain, got, how, without_variables)
        assert answers == got_answers, f"{how}: it answers {got_answers}, without us {answers}"

    same("under LD_PRELOAD", *serve(real, [server], real.preload()))
    Figures(real.profiles()).judge("redis-server under LD_PRELOAD")
    charged, got = serve(real, [server], real.preload(NEUROPROF_FOLD="off"))
    same("with NEUROPROF_FOLD=off", charged, got)
    real.recover()
    Figures(real.profiles()).judge("redis-server, recovered", charged.cpu_seconds)
    command, env = real.record([server])
    same("with neuroprof record", *serve(real, command, env))
    Figures(real.profiles()).judge("redis-server, recorded")
