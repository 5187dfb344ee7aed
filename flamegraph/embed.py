#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make a C file of assets: embed.py OUTPUT FILE...  (flame.css becomes np_asset_flame_css)."""
import pathlib
import sys

output, files = sys.argv[1], sys.argv[2:]
text = ["/* SPDX-License-Identifier: MIT", " *", " * Made by embed.py from the files in assets/.", " */",
        '#include "assets.h"', ""]
for path in map(pathlib.Path, files):
    data = path.read_bytes()
    if b"]]>" in data:
        sys.exit(f"{path}: ']]>' would end the CDATA section that it is put into")
    name = "np_asset_" + path.name.replace(".", "_").replace("-", "_")
    text.append(f"const char {name}[] = {{")
    rows = [data[i:i + 20] for i in range(0, len(data), 20)]
    text += ["\t" + "".join(f"{byte}," for byte in row) for row in rows]
    text += ["\t0", "};", ""]
pathlib.Path(output).write_text("\n".join(text))
