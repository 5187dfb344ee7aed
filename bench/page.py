# SPDX-License-Identifier: MIT
"""How fast a large HTML page opens, zooms and searches in Chromium.

The figures come from the test that also checks what it measures.  Context: ./dev bench page.
"""
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
NODES = 500_000


def bench_page(bench):
    nodes = NODES // 5 if bench.quick else NODES
    print("page: from navigation to all that can be done; from an event to what it changed")
    if not shutil.which("node"):
        print("    cannot: no node")
        return
    playwright = os.path.join(HERE, "../build/node/node_modules/playwright-core")
    env = {**os.environ, "NP_ONLY": "size",
           "NP_PLAYWRIGHT": os.environ.get("NP_PLAYWRIGHT", os.path.abspath(playwright))}
    done = subprocess.run(["node", os.path.join(HERE, "../tests/host/page_engine_browser.js"),
                           os.path.join(bench.build, "tools/neuroprof-report"), str(nodes)],
                          env=env, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        print(f"    {line}")
