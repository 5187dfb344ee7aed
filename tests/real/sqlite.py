#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sqlite3, stripped: a recursive query of three million rows.
usage: sqlite.py BUILD_DIR
"""
from realprog import judge_command, need

QUERY = """WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 3000000)
SELECT count(*), sum(n * n % 7), max(n) FROM numbers;"""

judge_command("sqlite3", [need("sqlite3"), ":memory:", QUERY])
