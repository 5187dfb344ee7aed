#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first C block of a page, as a file: howto.py PAGE.md OUT.c"""
import pathlib
import re
import sys

found = re.search(r"^```c\n(.*?)^```$", pathlib.Path(sys.argv[1]).read_text(), re.S | re.M)
if not found:
    sys.exit(f"howto.py: no C in '{sys.argv[1]}'")
pathlib.Path(sys.argv[2]).write_text(found.group(1).replace('#include "report_commands.h"\n',
    '#include "report_commands.h"\nint np_report_kinds(int argc, char **argv);\n'))
