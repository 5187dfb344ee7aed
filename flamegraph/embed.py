#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make a C file of assets: embed.py OUTPUT [--NAME FILE...]...

The files of a NAME are joined in their order; scripts become one closure.  Comments that have lines of
their own and indentation are left out, because what is embedded is sent to people: no template string may span
lines.  The page's are made smaller still, see minify.py.  "flame_css" becomes np_asset_flame_css, and
np_asset_flame_css_sha256 is what a content security policy calls it.
"""
import base64
import hashlib
import pathlib
import re
import sys

sys.dont_write_bytecode = True  # the source tree is not ours to write to
import minify  # noqa: E402

# What would end the element, or hide the rest of a script, in SVG or in HTML.
FORBIDDEN = [b"]]>", b"</script", b"</style", b"<!--"]
BANNER = {"js": "// NeuroProf, MIT licence.\n", "css": "/* NeuroProf, MIT licence. */\n"}


def script(text):
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("//")
            and not (line.startswith("/*") and line.endswith("*/"))]


def style(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return [line.strip() for line in text.splitlines() if line.strip()]


def join(name, paths):
    kind = name.rsplit("_", 1)[1]
    if name == "page_css":
        return (BANNER[kind] + minify.style("\n".join(pathlib.Path(path).read_text() for path in paths))).encode()
    if name in ("page_js", "pair_js"):
        body = minify.script([pathlib.Path(path).read_text() for path in paths], "page")
        return (BANNER[kind] + f"(function(){{'use strict';const {minify.OWNER}={{}};\n{body}}})();\n").encode()
    lines = []
    for path in paths:
        text = pathlib.Path(path).read_text()
        found = (script if kind == "js" else style)(text)
        lines += found
    body = "\n".join(lines) + "\n"
    if kind == "js":
        body = "(function () {\n'use strict';\n" + body + "})();\n"
    return (BANNER[kind] + body).encode()


def main(output, *assets):
    text = ["/* SPDX-License-Identifier: MIT", " *", " * Made by embed.py from the files in assets/.", " */",
            '#include "assets.h"', ""]
    parts = {}
    for word in assets:
        if word.startswith("--"):
            name = word[2:]
        else:
            parts.setdefault(name, []).append(word)
    for name, paths in parts.items():
        data = join(name, paths)
        for bad in FORBIDDEN:
            if bad in data.lower():
                sys.exit(f"{name}: '{bad.decode()}' would end the element that it is put into")
        rows = [data[i:i + 20] for i in range(0, len(data), 20)]
        text.append(f"const char np_asset_{name}[] = {{")
        text += ["\t" + "".join(f"{byte}," for byte in row) for row in rows]
        text += ["\t0", "};"]
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        text += [f'const char np_asset_{name}_sha256[] = "{digest}";', ""] if name.startswith("pa") else [""]
    pathlib.Path(output).write_text("\n".join(text))


main(*sys.argv[1:])
