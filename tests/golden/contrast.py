#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every label of the picture must be readable: contrast.py FLAME_CSS.

Text on each fill, at each strength (s0..s2, faded) over the ground, in both themes: at least
4.5:1 as WCAG 2 counts it.  And the kinds must differ for the common colour-blindness: their fills
are compared as a deuteranope and a protanope see them.
"""
import itertools
import re
import sys

css = re.sub(r"/\*.*?\*/", "", open(sys.argv[1]).read(), flags=re.S)
dark_start = css.index("@media (prefers-color-scheme: dark)")
light, dark = css[:dark_start], css[dark_start:css.index("\n}", dark_start)]


def rgb(text):
    return tuple(int(text[i:i + 2], 16) / 255 for i in (1, 3, 5))


def linear(colour):
    return [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]


def luminance(colour):
    r, g, b = linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, two):
    a, b = sorted((luminance(one), luminance(two)), reverse=True)
    return (a + 0.05) / (b + 0.05)


def blend(over, under, opacity):
    return tuple(o * opacity + u * (1 - opacity) for o, u in zip(over, under))


def property_of(part, selector):
    found = re.search(r"(?:^|[\n},]\s*)" + re.escape(selector) + r"(?:, [^{]*)? \{[^}]*fill: (#[0-9a-f]{6})", part)
    assert found, f"no fill for {selector}"
    return rgb(found.group(1))


# Vienot, Brettel, Mollon 1999, in linear RGB.
BLIND = {"deuteranope": ((0.29275, 0.70725, 0), (0.29275, 0.70725, 0), (-0.02234, 0.02234, 1)),
         "protanope": ((0.11238, 0.88762, 0), (0.11238, 0.88762, 0), (0.00401, -0.00401, 1))}


def lab(colour, matrix=None):
    c = linear(colour)
    if matrix:
        c = [sum(m * v for m, v in zip(row, c)) for row in matrix]
    x = (0.4124 * c[0] + 0.3576 * c[1] + 0.1805 * c[2]) / 0.9505
    y = 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]
    z = (0.0193 * c[0] + 0.1192 * c[1] + 0.9505 * c[2]) / 1.089
    f = [max(v, 0) ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def distance(one, two, matrix):
    return sum((a - b) ** 2 for a, b in zip(lab(one, matrix), lab(two, matrix))) ** 0.5


strengths = [1.0] + [float(x) for x in re.findall(r"fill-opacity: (\.\d+)", css)]
failed, worst, pairs = 0, 99, 0
for theme, part in (("light", light), ("dark", dark)):
    ground, text = property_of(part, "#ground"), property_of(part, "text")
    fills = re.findall(r"\.(k\w)(?:\.(h\d|t))? rect \{ fill: (#[0-9a-f]{6})", part)
    assert len(fills) >= 23, f"only {len(fills)} fills found in the {theme} theme"
    for kind, variant, fill in fills:
        label = property_of(part, ".kn text") if kind == "kn" else text
        for strength in strengths:
            ratio = contrast(label, blend(rgb(fill), ground, strength))
            worst, pairs = min(worst, ratio), pairs + 1
            if ratio < 4.5:
                failed += 1
                print(f"{theme}: text on .{kind}.{variant} at {strength}: {ratio:.2f}:1")
    for name in (".note", ".strong"):
        ratio = contrast(property_of(part, name), ground)
        if ratio < 4.5:
            failed += 1
            print(f"{theme}: {name} on the ground: {ratio:.2f}:1")
    base = {kind: rgb(fill) for kind, variant, fill in fills if variant in ("h0", "")}
    for (one, a), (two, b) in itertools.combinations(sorted(base.items()), 2):
        if {one, two} & {"kn", "km"}:        # told apart by their dashed outline
            continue
        for who, matrix in BLIND.items():
            if distance(a, b, matrix) < 8:
                failed += 1
                print(f"{theme}: .{one} and .{two} look alike to a {who}: {distance(a, b, matrix):.1f}")
    # Two profiles: more, less and the same, told apart by everybody; new and gone have an outline as well.
    changes = {kind: rgb(fill) for kind, fill in re.findall(r"\.(d\w) rect \{ fill: (#[0-9a-f]{6})", part)}
    assert set(changes) == set("dp dm dn dl dk dg ds".split()), f"{theme}: {sorted(changes)}"
    for kind, fill in changes.items():
        ratio = contrast(text, fill)
        worst, pairs = min(worst, ratio), pairs + 1
        if ratio < 4.5:
            failed += 1
            print(f"{theme}: text on .{kind}: {ratio:.2f}:1")
    for (one, a), (two, b) in itertools.combinations(sorted(changes.items()), 2):
        for who, matrix in (*BLIND.items(), ("person with full sight", None)):
            if distance(a, b, matrix) < 8 and {one, two} & {"dn", "dg"} == set():
                failed += 1
                print(f"{theme}: .{one} and .{two} look alike to a {who}: {distance(a, b, matrix):.1f}")
print(f"{pairs} pairs of fill and text, the weakest {worst:.2f}:1")
sys.exit(1 if failed else 0)
