#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public header in every language it names, without a warning; and a program of any kind of link finds the
library when it is there and runs without it.
usage: linkage.py BUILD_DIR ROOT"""
import os
import shutil
import subprocess
import sys
import tempfile

BUILD, ROOT = map(os.path.abspath, sys.argv[1:3])
LIBRARY = os.path.join(BUILD, "src/agent/libneuroprof.so")
PROGRAM = """/* SPDX-License-Identifier: MIT */
#include <unistd.h>
#include <neuroprof/neuroprof.h>

int main(void)
{
	struct neuroprof_metric *counter = neuroprof_counter("requests", "1", NULL);
	struct neuroprof_metric *gauge = neuroprof_gauge("depth", NULL, NULL);
	struct neuroprof_metric *span = neuroprof_span("request");
	char trace[NEUROPROF_TRACEPARENT_BYTES];
	int started = neuroprof_sampling_start(), inside, outside;
	uint64_t id = neuroprof_span_begin(span);

	neuroprof_counter_add(counter, 3);
	neuroprof_gauge_set(gauge, 1.5);
	neuroprof_histogram_record(neuroprof_histogram("sizes", "By", NULL), 7);
	inside = neuroprof_traceparent(trace);
	neuroprof_span_end(id);
	outside = neuroprof_traceparent(trace);
	neuroprof_sampling_stop();
	return (counter && gauge && span && id && inside && started) ? outside : 10 + (started || inside || id);
}
"""
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-I", os.path.join(ROOT, "include")]
LINKS = ("", "-fno-pie -no-pie", "-fno-pie -no-pie -O2", "-fno-pie -no-pie -O2 -Wl,-z,now", "-fpie -pie -O2",
         "-fPIC -O2 -Wl,-z,now", "-fPIC -O2 -no-pie", "-fpie -pie -O2 -fvisibility=hidden", "-fno-pie -no-pie -masm=intel")
STATIC = ("-static", "-static -fno-pie -O2")


def build(compiler, place, source, *flags):
    program = os.path.join(place, "program")
    done = subprocess.run([compiler, *FLAGS, *flags, source, "-o", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{compiler} {' '.join(flags)}: {done.stderr}"
    return program


def status(program, place, **more):
    env = {name: value for name, value in os.environ.items() if not name.startswith("NEUROPROF_") and name != "LD_PRELOAD"}
    return subprocess.run([program], env={**env, "NEUROPROF_OUT": place, "NEUROPROF_QUIET": "1", **more}, check=False,
                          timeout=60).returncode


def main():
    with tempfile.TemporaryDirectory(prefix="neuroprof-linkage-") as place:
        sources = {}
        for suffix in ("c", "cc"):
            sources[suffix] = os.path.join(place, "program." + suffix)
            with open(sources[suffix], "w", encoding="utf-8") as file:
                file.write(PROGRAM)
        for compilers, suffix, standards in ((("gcc", "clang"), "c", ("gnu89", "c99", "c11", "gnu17")),
                                             (("g++", "clang++"), "cc", ("c++98", "c++11", "c++14", "c++17", "c++20"))):
            for compiler in filter(shutil.which, compilers):
                for standard in standards:
                    for pie in ("-fpie", "-fno-pie"):
                        build(compiler, place, sources[suffix], "-fsyntax-only", pie, "-std=" + standard)
                print(f"ok {compiler}: {' '.join(standards)}")
        for compiler in filter(shutil.which, ("gcc", "clang")):
            for link in LINKS:
                program = build(compiler, place, sources["c"], *link.split())
                assert status(program, place) == 10, f"{compiler} {link}: without the library"
                assert status(program, place, LD_PRELOAD=LIBRARY) == 0, f"{compiler} {link}: with the library"
            for link in STATIC:
                assert status(build(compiler, place, sources["c"], *link.split()), place) == 10, f"{compiler} {link}"
            print(f"ok {compiler}: programs of {len(LINKS) + len(STATIC)} kinds of link")


main()
