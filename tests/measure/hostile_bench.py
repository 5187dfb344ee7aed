#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""neuroprof-bench on what a careful user would not give it: benchmark files, programs, names and places that are
damaged or meant to harm; and metrics with such names as a file that its readers take.
usage: hostile_bench.py BUILD_DIR HOSTILE_METERED"""
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

BUILD, HOSTILE = map(os.path.abspath, sys.argv[1:3])
BENCH = os.path.join(BUILD, "tools/bench/neuroprof-bench")
WORK = os.path.join(BUILD, "bench/bench-work")
LIBRARY = os.path.join(BUILD, "src/agent/libneuroprof.so")
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/schema/bench.schema.json")
QUICK = ["ab", "-q", "--pairs-min", "2", "--pairs-max", "2", "--inconclusive-ok"]


def bench(*arguments, cwd=None, **more):
    return subprocess.run([BENCH, *arguments], capture_output=True, timeout=120, check=False, cwd=cwd, **more)


def quick(old, new, *options):
    done = bench(*QUICK, "-f", "json", *options, "--", old, new)
    return done, json.loads(done.stdout)["benchmarks"][0] if done.stdout else None


def check(what, got, wanted):
    assert got == wanted, f"{what}: {got!r}, should be {wanted!r}"


def complaint(done, status, *words):
    """One line on standard error, without a control character, that has the words."""
    text = done.stderr.decode()
    check(f"status of {text!r}", done.returncode, status)
    assert text.count("\n") == 1 and text.startswith("neuroprof-bench: ") and text[:-1].isprintable(), text
    for word in words:
        assert word in text, f"{word!r} is not in {text!r}"


def write(place, text, name="t.yaml"):
    path = os.path.join(place, name)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def test_damaged_benchmark_files_are_refused_in_one_line(place):
    head = "benchmark:\n  name: t\n  command: 'true'\n"
    bomb = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 8)}]\n" for i in range(8))
    for text, words in ((b"", ["empty"]), (b"\0\0\0", []), (b"\xff\xfe\xfd", []), ("benchmark:\n\tname: t\n", ["line 2"]),
                        (bomb + "benchmark: *i\n", ["unknown key"]), ("benchmark: &a\n  name: *a\n", ["name"]),
                        (head + "  parameters: {a: &a [*a]}\n", ["line 4"]), ("[" * 5000, ["nested"]),
                        (head + "  name: u\n", ["given twice"]), (head + "  parameters: {a: [1], a: [2]}\n", ["a: given twice"]),
                        (head + "  targets: {a_ms: {target: 1}, a_ms: {target: 2}}\n", ["a_ms: given twice"]),
                        (head + "---\n" + head, ["second document"]), (head + '  category: "a\\eb"\n', ["control"]),
                        (head + '  parameters: {a: ["\\u202e"]}\n', ["control"]),
                        (head + "  targets: {a_ms: {target: .nan}}\n", [".nan"]),
                        (head + "  regression: {min_iterations: -1}\n", ["min_iterations"]),
                        (head + "  regression: {threshold_percent: 1e308}\n", ["threshold_percent"]),
                        (head + f"  parameters: {{a: [{','.join('1' * 65)}]}}\n", ["more than 64"]),
                        (head + "  parameters: {" + ",".join(f"{c}: [{','.join(map(str, range(64)))}]" for c in "abc") + "}\n",
                         ["4096 cases"])):
        complaint(bench("run", "-q", write(place, text)), 2, "t.yaml", *words)
    complaint(bench("run", "-q", place), 2, place)
    complaint(bench("run", "-q", os.path.join(place, "none.yaml")), 2, "none.yaml")
    complaint(bench("run", "-q", "/dev/zero"), 2, "/dev/zero")


def test_what_is_wrong_is_said_before_anything_runs(place):
    mark = os.path.join(place, "ran")
    for options, status in ((["-f", "yaml"], 2), (["-o", os.path.join(place, "no/such")], 1), (["--budget", "nan"], 2)):
        complaint(bench("ab", "-q", *options, "--", f"touch {mark}", "true"), status)
        assert not os.path.exists(mark), options


def test_a_program_that_stops_telling_its_result_is_not_kept(_):
    for old, new in (("sleep 0.01; echo checksum=1", "true"), ("echo checksum=" + "a" * 64, "echo checksum=" + "b" * 64),
                     ("echo checksum=" + "a" * 128, "echo checksum=" + "a" * 127 + "b")):
        done, result = quick(old, new)
        check(new, (result["verdict"], done.returncode), ("INVALID", 4))
        assert "checksum" in result["invalid"], result["invalid"]


def test_a_metric_that_is_not_told_decides_nothing(_):
    complaint(bench("ab", "-q", "--metric", "b_ms", "--", "echo a_ms=1", "echo a_ms=1"), 1, "b_ms")
    done, result = quick("echo size=1", "echo size=9", "--metric", "size")
    check("no direction", (result["verdict"], done.returncode), ("INVALID", 4))
    assert "better" in result["invalid"], result["invalid"]


def test_a_slowdown_is_none_better_whatever_the_metric_is_called(_):
    for name in ("duration_ms", "iteration_us", "generation_p50_ms", "white_ms"):
        done = bench("ab", "-q", "-f", "json", "--pairs-max", "8", "--metric", name, "--", f"echo {name}=1", f"echo {name}=2")
        check(name, (json.loads(done.stdout)["benchmarks"][0]["verdict"], done.returncode), ("REGRESSION", 1))


def test_who_sleeps_is_not_judged_by_what_it_works(_):
    for old, new in (("sleep 0.05", "sleep 0.2"), (f"{WORK} 20", f"{WORK} 20; sleep 0.2")):
        done = bench("ab", "-q", "-f", "json", "--pairs-max", "8", "--inconclusive-ok", "--", old, new)
        primary, = [m for m in json.loads(done.stdout)["benchmarks"][0]["metrics"] if m["primary"]]
        check(f"{old} against {new}", primary["metric"], "wall_ms")
        assert primary["verdict"] in ("REGRESSION", "INVALID"), primary       # of a machine that is too busy


def test_a_target_of_what_is_not_told_is_missed(place):
    path = write(place, "benchmark: {name: t, command: echo a_ms=1, targets: {b_ms: {target: 5}}}\n")
    done = bench("run", "-q", path)
    check("status", done.returncode, 5)
    assert b"no run told it" in done.stdout, done.stdout


def test_figures_that_are_none_are_left_out_and_said(_):
    done, result = quick("echo a_ms=nan; echo b_ms=inf; echo c_ms=1e999; echo wall_ms=1; echo d_ms=1e308; echo e_ms=-3",
                         "echo a_ms=nan; echo b_ms=inf; echo c_ms=1e999; echo wall_ms=1; echo d_ms=1e-308; echo e_ms=-3")
    metrics = result["arms"][0]["runs"][0]["metrics"]
    check("kept", sorted(set(metrics) & set("abcde") | {m for m in metrics if m[1:] == "_ms"}), ["d_ms", "e_ms"])
    assert b"12 figures were left out" in done.stderr, done.stderr


def test_output_without_end_is_drained(_):
    done, _ = quick("yes a_ms=1 | head -c 5000000", "head -c 70000000 /dev/zero")
    assert done.returncode in (0, 4), done


def test_a_hundred_thousand_iterations_are_judged_in_seconds(_):
    done, result = quick("seq -f a_ms=%g 100000 200000", "seq -f a_ms=%g 100000 200000")
    check("iterations", len(result["arms"][0]["runs"][0]["metrics"]["a_ms"]), 100001)
    metric, = [m for m in result["metrics"] if m["metric"] == "a_ms"]
    assert abs(metric["gain"]["low"]) < 0.01 and abs(metric["gain"]["high"]) < 0.01, metric


def test_complaints_of_a_program_are_shown_without_their_controls(_):
    complaint(bench("ab", "-q", "--", r"printf '\033[31mred\007\377\n' >&2; exit 3", "true"), 1, "status 3", "red")
    complaint(bench("ab", "-q", "--", "kill -9 $$", "true"), 1, "137")
    complaint(bench("ab", "-q", "--timeout", "0.3", "--", "sleep 100", "true"), 1, "0.3 s")


def test_a_full_disk_leaves_no_half_of_a_file(place):
    limit = 1000      # a file's size: what a full disk is to a writer, without being root; SIGXFSZ stays ignored
    done = bench(*QUICK, "-f", "json", "-o", os.path.join(place, "out.json"), "--", "true", "true",
                 restore_signals=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    complaint(done, 1, "out.json")
    check("files", os.listdir(place), [])


def test_a_store_whose_log_cannot_grow_says_so_at_once_and_leaves_nothing(place):
    done = subprocess.run([os.path.join(BUILD, "samples/sigmavault"), "--keys", "1000", "--milliseconds", "10", "--directory",
                           place], capture_output=True, text=True, timeout=20, check=False, restore_signals=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000)))
    check("status", done.returncode, 1)
    assert "the log cannot be written" in done.stderr and done.stderr.count("\n") == 1, done.stderr
    check("files", os.listdir(place), [])


def hostile_names(place):
    name = "<b>&'\\\"]]>|`$(x)\U0001f525é"
    path = write(place, "benchmark:\n  name: " + json.dumps(name, ensure_ascii=False) + "\n  command: 'echo a.b_ms=1; echo a_b_ms=2; echo a-b_ms=3; "
                 "echo x_ms={a}'\n  parameters: {a: [\"1\", \"2 # \\\"<>&'\"]}\n  targets: {x_ms: {target: 0.5}, "
                 "\"no <such>_ms\": {target: 1}}\n", "t #1.yaml")
    return name, path


def test_every_format_is_well_formed_with_hostile_names(place):
    name, path = hostile_names(place)
    out = {f: bench("run", "-q", "--iterations", "1", "-f", f, path) for f in (
        "text", "json", "junit", "sarif", "openmetrics", "github-action-benchmark", "bencher", "markdown")}
    check("status", {d.returncode for d in out.values()}, {5})
    out = {f: done.stdout.decode() for f, done in out.items()}
    check("json", json.loads(out["json"])["benchmarks"][0]["benchmark"], name)
    try:
        import jsonschema     # pylint: disable=import-outside-toplevel
        with open(SCHEMA, encoding="utf-8") as file:
            jsonschema.Draft202012Validator(json.load(file)).validate(json.loads(out["json"]))
    except ImportError:
        print("   (without python3-jsonschema)")
    suite = xml.etree.ElementTree.fromstring(out["junit"])
    assert {case.get("classname") for case in suite.iter("testcase")} >= {name + " a=1"}, out["junit"]
    for result in json.loads(out["sarif"])["runs"][0]["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"file:///[\w./~%-]*t%20%231\.yaml", uri), uri
    json.loads(out["github-action-benchmark"])
    check("bencher", len(json.loads(out["bencher"])), 2)
    families = read_openmetrics(out["openmetrics"])
    check("one family of three names", len(families["neuroprof_bench_a_b_ms"]), 6)
    assert "<b>" not in out["markdown"].replace("\\<b\\>", "") and "`" not in re.sub(r"\\`|`[0-9a-f]{16}`", "", out["markdown"])


SAMPLE = re.compile(r'([a-zA-Z_]\w*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[n"\\])*",?)*)\})? (\S+)', re.A)
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "summary": ("", "_count", "_sum")}


def read_openmetrics(text):
    """{family: {(sample, labels): value}}, by the rules that the standard has and readers hold to."""
    families, family, kind, taken = {}, None, None, set()
    lines = text.split("\n")
    check("the end", lines[-2:], ["# EOF", ""])
    for line in lines[:-2]:
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            names = {family, *(family + s for s in SUFFIXES[kind]), *([] if kind == "gauge" else [family + "_created"])}
            assert not names & taken, f"{names & taken} of {line} are another family's"
            taken |= names
            families[family] = {}
        elif not line.startswith("# HELP " + family + " "):
            match = SAMPLE.fullmatch(line)
            assert match, line
            keys = re.findall(r'([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"', match.group(2) or "", re.A)
            assert match.group(1) in {family + s for s in SUFFIXES[kind]}, f"{line} in {family}"
            assert len(set(keys)) == len(keys) and not any(key.startswith("__") for key in keys), line
            assert match.group(1, 2) not in families[family], f"twice: {line}"
            assert line.isprintable() or "�" in line, line
            families[family][match.group(1, 2)] = float(match.group(3))
    try:
        from prometheus_client.openmetrics import parser   # pylint: disable=import-outside-toplevel
        list(parser.text_string_to_metric_families(text))
    except ImportError:
        pass
    return families


def test_metrics_of_any_name_are_a_file_that_is_read(place):
    env = {**os.environ, "LD_PRELOAD": LIBRARY, "NEUROPROF_OUT": place, "NEUROPROF_QUIET": "1"}
    done = subprocess.run([HOSTILE, "names"], env=env, capture_output=True, text=True, timeout=60, check=False)
    check("program", (done.returncode, done.stderr), (0, ""))
    path, = [os.path.join(place, name) for name in os.listdir(place) if name.endswith(".metrics.txt")]
    with open(path, encoding="utf-8") as file:
        families = read_openmetrics(file.read())
    sums = sorted(value for family in families.values() for (name, _), value in family.items() if name.endswith("_total"))
    check("counts", sums, [1, 2, 3, 4, 5, 6, 7, 8])


def test_spans_bear_any_use(place):
    env = {**os.environ, "LD_PRELOAD": LIBRARY, "NEUROPROF_OUT": place, "NEUROPROF_QUIET": "1", "NEUROPROF_HZ": "997"}
    done = subprocess.run([HOSTILE], env=env, capture_output=True, text=True, timeout=60, check=False)
    check("program", (done.returncode, done.stderr), (0, ""))


def test_what_several_processes_count_is_one_sum(_):
    done = bench(*QUICK, "-f", "json", "--preload", "--", f"{HOSTILE} names & {HOSTILE} names; wait", "true")
    metrics = json.loads(done.stdout)["benchmarks"][0]["arms"][0]["runs"][0]["metrics"]
    check("a count", metrics["same_total"], [10])


def main():
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            start = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="neuroprof-hostile-") as place:
                test(place)
            print(f"ok {name[5:].replace('_', ' ')} ({time.monotonic() - start:.1f} s)", flush=True)


main()
