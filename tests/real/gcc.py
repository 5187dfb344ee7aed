#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gcc -O2 on a large file: a driver that starts cc1, as, collect2 and ld, some of them by vfork.
usage: gcc.py BUILD_DIR
"""
import os
import tempfile

from realprog import judge_command, need


def source(functions):
    yield "#include <stdio.h>\n#include <string.h>\nstruct row { long key; char name[16]; struct row *next; };\n"
    for i in range(functions):
        yield f"""
static unsigned long work_{i}(struct row *row, long n)
{{
	unsigned long sum = {i};
	for (long j = 0; j < n; j++, row = row->next) {{
		if (row->key % {i + 2} == j % 7)
			sum += strlen(row->name) * {i * 31 + 1};
		else
			sum ^= (unsigned long)row->key << (j & {i % 31});
		switch (sum % 5) {{
		case 0: sum += (unsigned long)j; break;
		case 1: sum *= 3; break;
		case 2: row->name[j & 7] = (char)sum; break;
		default: sum -= (unsigned long)row->key;
		}}
	}}
	return sum;
}}
"""
    yield "int main(void)\n{\n\tstruct row row = { 1, \"row\", &row };\n\tunsigned long sum = 0;\n"
    for i in range(functions):
        yield f"\tsum += work_{i}(&row, {i + 3});\n"
    yield "\tprintf(\"%lu\\n\", sum);\n\treturn 0;\n}\n"


gcc = need("gcc")
with tempfile.TemporaryDirectory(prefix="neuroprof-gcc-") as place:
    path = os.path.join(place, "large.c")
    with open(path, "w", encoding="ascii") as file:
        file.writelines(source(220))
    # The compiler says what it runs on stderr, the program it made prints its sum: both must be the same.
    judge_command("gcc", ["/bin/sh", "-c", f"{gcc} -O2 -Wall -o {place}/large {path} && {place}/large"])
