#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every option of flamegraph.pl: honoured, or accepted with one line that says why it changes nothing.

usage: flamegraph_options.py NEUROPROF_REPORT
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

TOOL = os.path.abspath(sys.argv[1])
SVG = "{http://www.w3.org/2000/svg}"
STACKS = "main;run;hot 60\nmain;run;warm 30\nmain;cold 9\nmain;rare 1\n"
SAME = "the same bytes as without"


def draw(*options, stacks=STACKS, place=None):
    run = subprocess.run([TOOL, "flamegraph", *options], input=stacks, capture_output=True, text=True, check=False,
                         cwd=place)
    return run.returncode, run.stdout, run.stderr


def boxes(svg):
    """(path, left, width) of every box."""
    found = []
    for group in ElementTree.fromstring(svg).iter(SVG + "g"):
        if "data-b" in group.attrib:
            left, width, depth, parent = map(int, group.get("data-b").split())
            name = group.find(SVG + "title").text.split("\n")[0]
            found.append(((found[parent][0] if depth else "") + "/" + name, left, width))
    return found


def width_of(svg, path):
    return {p: width for p, _, width in boxes(svg)}.get(path)


def style(svg):
    return ElementTree.fromstring(svg).find(SVG + "style").text


def heights(svg):
    """y by name."""
    return {g.find(SVG + "title").text.split("\n")[0]: float(g.find(SVG + "rect").get("y"))
            for g in ElementTree.fromstring(svg).iter(SVG + "g") if "data-b" in g.attrib}


def has(text):
    return lambda svg: text in svg


def has_palette(svg):
    colours = dict(re.findall(r"\.(q\d+) rect \{ fill: (rgb\(\d+,\d+,\d+\)); \}", svg))
    used = set(re.findall(r'class="f q (q\d+)', svg))
    return used and used <= set(colours)


HONOURED = [
    (["--title", "A <title> & more"], has("A &lt;title&gt; &amp; more")),
    (["--title=Joined"], has(">Joined</text>")),
    (["--subtitle", "of <all>"], has("of &lt;all&gt; \u00b7 100 samples")),
    (["--width", "800"], has('width="800"')),
    (["--minwidth", "150"], lambda svg: "2 frames under 12" in svg and not width_of(svg, "/all/main/rare")),
    (["--minwidth", "10%"], lambda svg: width_of(svg, "/all/main/run/hot") == 60 and not width_of(svg, "/all/main/cold")),
    (["--minwidth", "2%"], lambda svg: width_of(svg, "/all/main/cold") == 9 and not width_of(svg, "/all/main/rare")),
    (["--countname", "cache misses"], has("100 cache misses")),
    (["--total", "400"], lambda svg: width_of(svg, "/all") == 400 and width_of(svg, "/all/main") == 100),
    (["--factor", "2.5"], lambda svg: has("250.0 samples")(svg) and width_of(svg, "/all/main/cold") == 225),
    (["--notes", "from <host> 7"], has("from &lt;host&gt; 7")),
    (["--inverted"], lambda svg: heights(svg)["all"] < heights(svg)["main"] < heights(svg)["hot"]),
    (["--reverse"], lambda svg: width_of(svg, "/all/hot/run/main") == 60 and width_of(svg, "/all/rare") == 1),
    (["--flamechart"], lambda svg: [p.rsplit("/", 1)[1] for p, _, _ in boxes(svg)] ==
     ["all", "main", "run", "hot", "warm", "cold", "rare"] and ">Flame chart<" in svg),
    (["--bgcolors", "#12ab9F"], lambda svg: "#ground { fill: #12ab9F; }" in style(svg)),
    *((["--bgcolors", name], lambda svg: style(svg).count("#ground { fill:") == 4) for name in
      ("yellow", "blue", "green", "grey")),
    *((["--colors", name], has_palette) for name in ("hot", "mem", "io", "wakeup", "chain", "java", "js", "perl", "red", "green",
                                                     "blue", "aqua", "yellow", "purple", "orange")),
    (["--hash"], SAME), (["--random"], SAME), (["--encoding", "UTF-8"], SAME),
]

ACCEPTED = [["--height", "20"], ["--fonttype", "Arial"], ["--fontsize", "14"], ["--fontwidth", ".6"], ["--nametype", "Method:"],
            ["--nameattr", "names.txt"], ["--negate"], ["--encoding", "latin1"], ["--total", "50"]]

REFUSED = [["--colors", "rainbow"], ["--bgcolors", "red;}"], ["--bgcolors", "#12345"], ["--width", "wide"], ["--minwidth", "5px"],
           ["--minwidth", "101%"], ["--minwidth", "%"], ["--factor", "1e3"], ["--factor", "0"], ["--total", "-1"], ["--nonsense"],
           ["--title"]]


def check_honoured():
    plain = draw()[1]
    for options, is_so in HONOURED:
        status, svg, said = draw(*options)
        assert status == 0 and not said, (options, said)
        assert svg == plain if is_so is SAME else svg != plain and is_so(svg), options
    for options in ACCEPTED:
        status, svg, said = draw(*options)
        assert status == 0 and svg == plain, options
        assert said.count("\n") == 1 and "changes nothing" in said and options[0] in said, (options, said)
    for options in REFUSED:
        status, svg, said = draw(*options)
        assert status == 2 and not svg and said.count("\n") == 1, (options, status, said)
    assert draw("--help")[0] == 0


def check_report():
    """The report itself takes them, too; stacks upside down leave its ranking as it is."""
    with tempfile.TemporaryDirectory() as place:
        pathlib.Path(place, "a.folded").write_text(STACKS, encoding="utf-8")

        def report(*options):
            run = subprocess.run([TOOL, *options, "a.folded"], capture_output=True, text=True, check=False, cwd=place)
            assert run.returncode == 0, run.stderr
            return run.stdout
        for options in (["--colors", "hot"], ["--minwidth", "10%"], ["--reverse"], ["--factor", "2"], ["--total", "400"]):
            assert boxes(report("--svg", "-", *options)) == boxes(draw(*options)[1]), options
        assert has_palette(report("--svg", "-", "--colors", "io"))
        assert report("--no-svg", "--reverse") == report("--no-svg") != report("--no-svg", "--factor", "2")


def check_chart():
    """Equal neighbours are one box, equal strangers are not."""
    svg = draw("--flamechart", stacks="b;x 1\nb;x 2\na 4\nb;x 8\nb 16\n")[1]
    assert [(p, left, width) for p, left, width in boxes(svg)[1:]] == [
        ("/all/b", 0, 3), ("/all/b/x", 0, 3), ("/all/a", 3, 4), ("/all/b", 7, 24), ("/all/b/x", 7, 8)], boxes(svg)


def check_languages():
    """Java's palette tells kernel, compiled, inlined, C++ and the rest apart."""
    svg = draw("--colors", "java", stacks="a/b.c_[j];k_[k];d/e_[i];std::x;read 1\n")[1]
    colours = dict(re.findall(r"\.(q\d+) rect \{ fill: (rgb\(\d+,\d+,\d+\)); \}", svg))
    by_name = {name: tuple(map(int, re.findall(r"\d+", colours[q]))) for q, name in
               re.findall(r'class="f q (q\d+)[^>]*><title>([^\n]*)\n', svg)}
    red, green, blue = 0, 1, 2
    assert max(by_name["a/b.c"]) == by_name["a/b.c"][green] and max(by_name["read"]) == by_name["read"][red], by_name
    assert min(by_name["std::x"]) == by_name["std::x"][blue] < 120 and by_name["d/e"][red] < by_name["d/e"][blue], by_name
    assert by_name["k"][red] > by_name["k"][green] > by_name["k"][blue], by_name


def check_map():
    """--cp: the colours of one picture are those of the next, and a name's in the file counts."""
    with tempfile.TemporaryDirectory() as place:
        map_file = pathlib.Path(place, "palette.map")
        first = draw("--cp", "--colors", "blue", place=place)[1]
        written = map_file.read_text(encoding="utf-8")
        assert sorted(line.split("->")[0] for line in written.splitlines()) == sorted("main run hot warm cold rare".split())
        assert draw("--cp", "--colors", "red", place=place)[1].count("rgb(") == first.count("rgb(")
        assert map_file.read_text(encoding="utf-8") == written
        map_file.write_text("hot->rgb(1,2,3)\nx->y->rgb(4,5,6)\n", encoding="utf-8")
        svg = draw("--cp", place=place)[1]
        hot = re.search(r'class="f q (q\d+)[^>]*><title>hot\n', svg)[1]
        assert f".{hot} rect {{ fill: rgb(1,2,3); }}" in svg
        assert "x->y->rgb(4,5,6)" in map_file.read_text(encoding="utf-8"), "names of other pictures stay"
        for bad in ("hot->red\n", "hot\n", "->rgb(1,2,3)\n", "a->rgb(256,0,0)\n", "a->rgb(1,2,3;}x{)\n"):
            map_file.write_text("ok->rgb(1,2,3)\n" + bad, encoding="utf-8")
            status, svg, said = draw("--cp", place=place)
            assert status == 1 and not svg and "line 2" in said and said.count("\n") == 1, (bad, status, said)


check_honoured()
check_report()
check_chart()
check_languages()
check_map()
print(f"{len(HONOURED)} honoured, {len(ACCEPTED)} accepted with a line, {len(REFUSED)} refused")
