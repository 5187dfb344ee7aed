#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What minify.py makes of scripts means the same: page-minify.py FLAMEGRAPH_DIR NODE.

Small scripts with every construct of the page's style are run as they are and made smaller, and must
answer the same; the page's own must stay well-formed, and names that others know must stay.
"""
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
flamegraph, node = pathlib.Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, str(flamegraph))
import minify  # noqa: E402

SCRIPTS = {
    "destructuring, defaults, shorthand": """
(page => {
const alpha = 1, beta = 2, { gamma, delta: renamed, epsilon = 5 } = { gamma: 3, delta: 4 };
const both = ({ alpha, beta }, [first, ...rest], deep = alpha) => ({ alpha, beta, first, rest, deep, both: 1 });
page.answer = [alpha, beta, gamma, renamed, epsilon, both({ alpha: 9, beta: 8 }, [1, 2, 3])];
})(page);""",
    "shadowing between statements and functions": """
(page => {
const value = 7;
let count = 0;
function one(value) { const other = value * 2; return inner(other); function inner(x) { return x + count; } }
function two(other) { let value = other; for (const count of [1, 2]) value += count; return value; }
const three = value => { count++; return value => value + 1; };
page.answer = [value, one(3), two(4), three(1)(5), count];
})(page);""",
    "expressions, divisions and signs": """
(page => {
const a = 8, b = 2, g = 1;
let i = 5;
const text = 'a/b'.replace(/[/\\]]\\/?/g, '-') + "don't" + 'say "x" // no comment';
page.answer = [a / b / g, a+ +b, a- -b, i++ + ++i, i-- - --i, /a\\/[/]/.test('a//'), text, a >>> 1, -1 >>> 28, !/x/.test(text), 1.5e3, .5 + 1.];
})(page);""",
    "classes, catch, switch, conditional, regular keys": """
(page => {
class Box { constructor(room) { this.room = room; } grow(by) { this.room += by; return this; } }
const key = 'room';
let seen;
try { null.x; } catch (error) { seen = error instanceof TypeError; }
function pick(kind) { switch (kind) { case 'a': { const x = 1; return x; } case 'b': return { x: 2 }.x; default: return kind ? key : { key }[key] || seen; } }
page.answer = [new Box(2).grow(3)[key], seen, pick('a'), pick('b'), pick('c'), pick(''), typeof undefinedName, { key, seen, [key]: 1, 'k-2': 3 }];
})(page);""",
    "lines without an end, and a member used before it is made": """
(page => {
const later = () => page.helper(2);
const list = [1, 2, 3]
	.map(one => one * 2)
	.filter(one => one > 2);
page.helper = n => {
	if (n > 1)
		return list.length
	return 0;
}
page.answer = [later(), list];
})(page);""",
}


TELL = "globalThis.answer = page.answer;"


def run(owner, text):
    program = f"const {owner} = {{}};\n{text}\nprocess.stdout.write(JSON.stringify(globalThis.answer));"
    done = subprocess.run([node, "-e", program], capture_output=True, text=True)
    return done.stdout or done.stderr


failures = checks = 0


def check(what, holds, detail=""):
    global failures, checks
    checks += 1
    if not holds:
        failures += 1
        print(f"FAIL {what}: {detail}")


for what, text in SCRIPTS.items():
    small = minify.script([text, TELL], "page")
    plain, after = run("page", text + TELL), run(minify.OWNER, small)
    check(what, plain == after and plain.startswith("["), f"\n  {plain}\n  {after}\n  {small}")
    check(what + ": smaller", len(small) < len(text))

paths = sorted((flamegraph / "assets" / "page").glob("*.js"))
plain = [path.read_text() for path in paths]
small = minify.script(plain, "page")
with tempfile.TemporaryDirectory() as place:
    file = pathlib.Path(place) / "page.js"
    file.write_text("(function(){" + small + "})()")
    done = subprocess.run([node, "--check", str(file)], capture_output=True, text=True)
    check("the page's script is well-formed", done.returncode == 0, done.stderr)
check("the same every time", small == minify.script(plain, "page"))
for name in ("document", "addEventListener", "DecompressionStream", "aria-label", "rowStart", "samplesKnown", "use strict"):
    there = name in small
    check(f"{name} stays" if name != "use strict" else "directives go", there == (name != "use strict"))
style = (flamegraph / "assets" / "page" / "page.css").read_text()
check("styles keep their rules", minify.style(style).count("{") == style.count("{") and "calc(50% - 18px)" in minify.style(style))
print(f"{checks - failures} of {checks} checks hold")
sys.exit(1 if failures else 0)
