#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""neuroprof-bench on real commands: verdicts, exit statuses, what it says of bad input, and every output format
read by what reads it.
usage: bench.py BUILD_DIR [WORD]..."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

BUILD = os.path.abspath(sys.argv[1])
BENCH = os.path.join(BUILD, "tools/bench/neuroprof-bench")
WORK = os.path.join(BUILD, "bench/bench-work")
SAMPLES = os.path.join(BUILD, "samples")
METERED = os.path.join(BUILD, "tests/measure/metered")
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
COMPONENTS = os.path.join(ROOT, "bench/components")


def bench(*arguments, cwd=None):
    return subprocess.run([BENCH, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False,
                          cwd=cwd)


BUSY_TRIES = 6


def is_busy(result):
    """The machine gave the programs no core, so that wall times have no verdict: right, and not what is tested here."""
    return result and "checksum" not in result.get("invalid", "") and \
        any(metric["verdict"] == "INVALID" for metric in result["metrics"])


def ab(old, new, *options):
    for _ in range(BUSY_TRIES):
        done = bench("ab", "-q", "-f", "json", *options, "--", old, new)
        result = json.loads(done.stdout)["benchmarks"][0] if done.stdout else None
        if not is_busy(result):
            break
    return done, result


def check(what, got, wanted):
    assert got == wanted, f"{what}: {got!r}, should be {wanted!r}"


def test_a_program_of_half_the_work_is_kept(_):
    done, result = ab(f"{WORK} 20", f"{WORK} 10", "--budget", "8", "--pairs-max", "40")
    check("verdict", (result["verdict"], done.returncode), ("KEEP", 0))


def test_a_program_of_twice_the_work_is_a_regression(_):
    done, result = ab(f"{WORK} 10", f"{WORK} 20", "--budget", "8", "--pairs-max", "40")
    check("verdict", (result["verdict"], done.returncode), ("REGRESSION", 1))


def test_programs_whose_results_differ_are_not_compared(_):
    done, result = ab("echo checksum=1", "echo checksum=2", "--pairs-max", "8")
    check("verdict", (result["verdict"], done.returncode), ("INVALID", 4))
    assert "checksum" in result["invalid"], result["invalid"]


def test_programs_meant_to_give_other_results_are_compared_when_that_is_said(_):
    options = ["--results-differ", "--metric", "cpu_ms", "--pairs-max", "8", "--inconclusive-ok"]
    _, result = ab("echo checksum=1", "echo checksum=2", *options)
    assert "checksum" not in result.get("invalid", ""), result["invalid"]
    done, result = ab("echo checksum=1", "echo checksum=$$", *options)
    check("verdict", (result["verdict"], done.returncode), ("INVALID", 4))
    assert "checksum" in result["invalid"], result["invalid"]


def test_a_run_that_fails_is_named(_):
    done = bench("ab", "-q", "--", "true", "echo out of luck >&2; exit 9")
    check("status", done.returncode, 1)
    assert "status 9" in done.stderr and "out of luck" in done.stderr, done.stderr


def test_a_stall_of_the_tail_is_found_with_the_median_unchanged(_):
    done, result = ab(f"{WORK} requests", f"{WORK} requests stall", "--budget", "10", "--pairs-max", "12",
                      "--inconclusive-ok")
    verdicts = {metric["metric"]: metric["verdict"] for metric in result["metrics"]}
    check("p99", verdicts["request_p99_ms"], "REGRESSION")
    assert verdicts["request_p50_ms"] in ("NEUTRAL", "INCONCLUSIVE"), verdicts
    check("status", done.returncode, 1)


def test_a_tail_of_too_few_samples_says_how_many_it_needs(_):
    _, result = ab("echo x_count=100; echo x_p99_ms=5", "echo x_count=100; echo x_p99_ms=50", "--pairs-max", "8",
                   "--inconclusive-ok")
    tail, = [metric for metric in result["metrics"] if metric["metric"] == "x_p99_ms"]
    check("verdict", tail["verdict"], "INCONCLUSIVE")
    check("needed", tail["samples_needed"], 3000 - 100 * len(result["arms"][0]["runs"]))


def test_a_program_that_leaves_a_holder_of_its_output_is_not_waited_for(_):
    done = bench("ab", "-q", "-f", "json", "--pairs-min", "2", "--pairs-max", "2", "--inconclusive-ok", "--timeout", "60",
                 "--metric", "cpu_ms", "--", "sleep 297.25 & echo x_ms=3", "echo x_ms=3")
    check("status", done.returncode, 0)
    assert json.loads(done.stdout)["benchmarks"][0]["arms"][0]["runs"][0]["metrics"]["x_ms"] == [3], done.stdout
    assert done.stderr.count("\n") == 1 and "left processes" in done.stderr, done.stderr
    assert not subprocess.run(["pgrep", "-f", "^sleep 297.25$"], capture_output=True, check=False).stdout, "one is left"


def test_a_program_has_an_empty_standard_input(_):
    done = bench("ab", "-q", "--pairs-min", "2", "--pairs-max", "2", "--inconclusive-ok", "--metric", "cpu_ms", "--",
                 "cat; true", "cat; true")
    check("status", (done.returncode, done.stderr), (0, ""))


def test_a_metric_that_nobody_tells_is_an_error_at_once(_):
    done = bench("ab", "-q", "--metric", "x_ms", "--", "true", "true")
    check("status", (done.returncode, done.stderr.count("\n")), (1, 1))
    assert "tells no metric 'x_ms'" in done.stderr, done.stderr


def test_an_interrupt_ends_the_run_and_keeps_whole_pairs(place):
    for number, wanted in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        log = os.path.join(place, f"log.{number}")
        with subprocess.Popen([BENCH, "ab", "-q", "-f", "json", "--pairs-max", "2000", "--budget", "600", "--", f"echo >>{log}",
                               f"test $(wc -l <{log}) -lt 40 || sleep 300"], stdout=subprocess.PIPE, text=True) as process:
            for _ in range(600):
                if os.path.exists(log) and os.path.getsize(log) >= 40:
                    break
                time.sleep(0.05)
            time.sleep(0.1)
            process.send_signal(number)
            out = process.communicate(timeout=60)[0]
        check("status", process.returncode, wanted)
        runs = [len(arm["runs"]) for arm in json.loads(out)["benchmarks"][0]["arms"]]
        assert runs[0] == runs[1] >= 2 and runs[0] % 2 == 0, runs


def test_a_case_that_fails_does_not_take_the_others_with_it(place):
    path = write(place, YAML.replace("echo", "test {a} != 10 && echo"))
    done = bench("run", "-q", "-f", "json", path)
    check("status", (done.returncode, done.stderr.count("\n")), (1, 1))
    check("cases", [b["case"] for b in json.loads(done.stdout)["benchmarks"]], ["a=20"])
    done = bench("baseline", "save", "v1", "-q", "--iterations", "2", path, cwd=place)
    check("status", done.returncode, 1)
    assert not os.path.exists(os.path.join(place, ".neuroprof/baselines/v1.json"))


HOT = """benchmark:
  name: "hot"
  command: "%s 60"
  profiling: {enabled: true, sample_rate: 997, duration: 0.1}
"""


def test_a_baseline_keeps_hot_spots_and_says_how_they_moved(place):
    path = write(place, HOT % WORK)
    check("save", bench("baseline", "save", "v1", "-q", "--iterations", "6", path, cwd=place).returncode, 0)
    with open(os.path.join(place, ".neuroprof/baselines/v1.json"), encoding="utf-8") as file:
        hotspots = json.load(file)["benchmarks"][0]["arms"][0]["hotspots"]
    assert 0 < len(hotspots["functions"]) <= 5 and hotspots["samples"] > 20, hotspots
    first = hotspots["functions"][0]
    assert first["function"] in ("main", "work") and first["module"] == "bench-work", first  # inlined or not
    assert 0.5 < first["self"] <= first["total"] <= 1 and first["roi"] > 0, first
    done = bench("compare", "v1", "-q", "--iterations", "6", "-f", "json", "--inconclusive-ok", path, cwd=place)
    moved = json.loads(done.stdout)["benchmarks"][0]["hotspots_moved"]
    check("moved", [m["function"] for m in moved], [f["function"] for f in hotspots["functions"]])
    assert moved[0]["self_old"] == first["self"], moved[0]
    assert moved[0]["self_change_low"] <= moved[0]["self_new"] - moved[0]["self_old"] <= moved[0]["self_change_high"]


def test_threads_that_wait_for_a_core_are_counted(_):
    """A child and a thread that spin on one core: each waits while the other runs, the main thread does not."""
    spin = ("import threading, os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
            "ts = [threading.Thread(target=lambda: [hash(i) for i in range(1200000)])];"
            "os.fork() or os._exit([hash(i) for i in range(1200000)] and 0); [t.start() for t in ts]; [t.join() for t in ts]; os.wait()")
    done = bench("ab", "-q", "-f", "json", "--pairs-min", "2", "--pairs-max", "2", "--inconclusive-ok", "--",
                 *[f"{sys.executable} -c '{spin}'"] * 2)
    metrics = json.loads(done.stdout)["benchmarks"][0]["arms"][0]["runs"][0]["metrics"]
    assert metrics["run_delay_ms"][0] > 0.25 * metrics["cpu_ms"][0], metrics


YAML = """benchmark:
  name: "t"
  command: "echo speed_per_s={a}"
  parameters: {a: [10, 20]}
  targets:
    speed_per_s: {target: 15, acceptable_range: [15, 100]}
"""


def write(place, text, name="t.yaml"):
    path = os.path.join(place, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def test_a_missed_target_is_a_status_of_its_own(place):
    done = bench("run", "-q", write(place, YAML))
    check("status", done.returncode, 5)
    assert re.search(r"10\.00 1/s +MISSED", done.stdout) and re.search(r"20\.00 1/s +met", done.stdout), done.stdout


def test_a_dry_run_prints_each_case_and_runs_none(place):
    done = bench("ab", "--dry-run", "--", "false", "false 2")
    check("output", (done.returncode, done.stdout), (0, "ab old: false\nab new: false 2\n"))
    done = bench("run", "--dry-run", write(place, YAML.replace("echo", "false")))
    check("output", done.stdout, "t a=10: false speed_per_s=10\nt a=20: false speed_per_s=20\n")
    check("status", done.returncode, 0)


def test_errors_in_the_file_name_file_line_and_key(place):
    for line, text, words in (
            (3, "benchmark:\n  name: t\n  commandd: x\n", ["commandd", "did you mean 'command'"]),
            (2, "benchmark:\n  command: x\n", ["name: is missing"]),
            (4, "benchmark:\n  name: t\n  command: x\n  tier: nano\n", ["tier", "nano", "micro"]),
            (4, "benchmark:\n  name: t\n  command: x\n  parameters: {a: 1}\n", ["parameters: a"]),
            (4, "benchmark:\n  name: t\n  command: x\n  regression: {threshold_percent: x}\n", ["threshold_percent"]),
            (4, "benchmark:\n  name: t\n  command: x\n  targets: {m: {acceptable_range: [2, 1]}}\n",
             ["acceptable_range", "2 is more than 1"]),
            (1, "- 1\n", ["benchmark"])):
        done = bench("run", "-q", write(place, text))
        check("status", done.returncode, 2)
        check("lines", done.stderr.count("\n"), 1)
        for word in ["t.yaml", f"line {line}", *words]:
            assert word in done.stderr, f"{word!r} is not in {done.stderr!r}"
    done = bench("run", "-q", write(place, YAML.replace("{a}", "{b}")))
    check("status", done.returncode, 2)
    assert "{b} is no parameter" in done.stderr, done.stderr


def test_wrong_options_are_refused_in_one_line(place):
    for arguments in (["ab", "true"], ["run"], ["run", "--budget", "x", "f"], ["frob"], ["baseline", "save", "../x", "f"],
                      ["run", "--tier", "nano", "f"], ["ab", "--pairs-min", "9", "--pairs-max", "8", "true", "true"],
                      ["run", "--no-such"], ["history", "what"]):
        done = bench(*arguments, cwd=place)
        check(f"status of {arguments}", done.returncode, 2)
        assert done.stderr.count("\n") == 1 and done.stderr.startswith("neuroprof-bench: "), done.stderr
    done = bench("run", "-q", "-f", "yaml", write(place, YAML))
    check("status", done.returncode, 2)


def test_a_baseline_is_compared_with_and_kept_to_its_machine(place):
    path = write(place, YAML.replace("echo", "sleep 0.01; echo"))
    check("save", bench("baseline", "save", "v1", "-q", "--iterations", "6", path, cwd=place).returncode, 0)
    for _ in range(BUSY_TRIES):
        done = bench("compare", "v1", "-q", "--iterations", "6", "-f", "json", "--metric", "speed_per_s", path, cwd=place)
        result = json.loads(done.stdout)
        if not is_busy(result["benchmarks"][0]):
            break
    check("cases", [b["case"] for b in result["benchmarks"]], ["a=10", "a=20"])
    speed, = [m for m in result["benchmarks"][0]["metrics"] if m["metric"] == "speed_per_s"]
    check("speed", (speed["old"], speed["new"], speed["verdict"]), (10, 10, "NEUTRAL"))
    name = os.path.join(place, ".neuroprof/baselines/v1.json")
    with open(name, encoding="utf-8") as file:
        saved = file.read()
    write(place, saved.replace(result["machine"]["fingerprint"], "0123456789abcdef"), ".neuroprof/baselines/v1.json")
    done = bench("compare", "v1", "-q", "--iterations", "2", path, cwd=place)
    check("another machine's", done.returncode, 4)
    write(place, saved[:100], ".neuroprof/baselines/v1.json")
    done = bench("compare", "v1", "-q", "--iterations", "2", path, cwd=place)
    check("a damaged one", (done.returncode, done.stderr.count("\n")), (1, 1))
    for damage in ('"speed_per_s"', '"speed\\u001b[31m"'), ('"runs": [', '"runs": [7, '), ('"metrics": {', '"metrics": {"a": ["b"], '):
        assert damage[0] in saved
        write(place, saved.replace(*damage), ".neuroprof/baselines/v1.json")
        done = bench("compare", "v1", "-q", write(place, YAML.replace("echo", f"touch {place}/ran; echo"), "ran.yaml"), cwd=place)
        check(f"{damage[1]}", (done.returncode, done.stderr.count("\n"), "\x1b" in done.stderr), (1, 1, False))
        assert not os.path.exists(os.path.join(place, "ran")), "it is known before anything runs"


def test_history_finds_the_change(place):
    for number in range(24):
        value = (100 if number < 12 else 130) + number % 3
        path = write(place, f'benchmark: {{name: h, command: "echo t_ms={value}"}}\n')
        out = os.path.join(place, "out.json")
        check("run", bench("run", "-q", "--iterations", "1", "-f", "json", "-o", out, path, cwd=place).returncode, 0)
        check("add", bench("history", "add", out, "--name", f"c{number}", cwd=place).returncode, 0)
    done = bench("history", "show", "--metric", "t_ms", cwd=place)
    assert re.search(r"1 change\n +at point 13 c12: 101 -> 131 ms", done.stdout), done.stdout


def test_every_format_is_read_by_its_reader(place):
    path = write(place, YAML)
    out = {f: bench("run", "-q", "-f", f, path).stdout for f in (
        "json", "junit", "sarif", "openmetrics", "github-action-benchmark", "bencher", "markdown")}
    suite = xml.etree.ElementTree.fromstring(out["junit"])
    failures = [case for case in suite.iter("testcase") if case.find("failure") is not None]
    check("junit", (len(failures), suite.get("failures"), failures[0].get("name")), (1, "1", "speed_per_s"))
    sarif = json.loads(out["sarif"])
    check("sarif", [r["ruleId"] for r in sarif["runs"][0]["results"]], ["target-missed"])
    assert all(r["partialFingerprints"] and r["message"]["text"] for r in sarif["runs"][0]["results"])
    check("openmetrics", out["openmetrics"].splitlines()[-1], "# EOF")
    for line in out["openmetrics"].splitlines():
        assert re.fullmatch(r'# TYPE [a-z_]\w* gauge|[a-z_]\w*\{benchmark="[^"]*",case="[^"]*"\} [-+.e\d]+|# EOF', line), line
    for entry in json.loads(out["github-action-benchmark"]):
        check("github-action-benchmark", sorted(entry), ["name", "range", "unit", "value"])
        assert "per_s" not in entry["name"]
    measures = json.loads(out["bencher"])
    check("bencher", sorted(measures), ["t a=10", "t a=20"])
    check("bencher", measures["t a=10"]["speed_per_s"], {"value": 10, "lower_value": 10, "upper_value": 10})
    check("json", json.loads(out["json"])["schema"], "neuroprof-bench/1")
    assert "| speed\\_per\\_s |" in out["markdown"], out["markdown"]


def test_formats_meet_their_schemas(place):
    path = write(place, YAML)
    pair = ["ab", "-q", "--inconclusive-ok", "--pairs-max", "8", "-f"]
    commands = [f"{WORK} 5; echo x_count=5; echo x_p99_ms=3", f"{WORK} 10; echo x_count=5; echo x_p99_ms=3"]
    outputs = {f: [bench("run", "-q", "-f", f, path).stdout, bench(*pair, f, "--", *commands).stdout,
                   bench(*pair, f, "--", "echo checksum=1", "echo checksum=2").stdout] for f in ("json", "junit", "sarif")}
    if shutil.which("xmllint"):
        for text in outputs["junit"]:
            subprocess.run(["xmllint", "--noout", "--schema", os.path.join(ROOT, "tests/interop/junit.xsd"), "-"],
                           input=text.encode(), stderr=subprocess.DEVNULL, check=True)
    try:
        import jsonschema     # pylint: disable=import-outside-toplevel
    except ImportError:
        print("   (without python3-jsonschema)")
        return
    with open(os.path.join(ROOT, "docs/schema/bench.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    for text in outputs["json"]:
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))
    if os.path.exists(os.environ.get("NP_SARIF_SCHEMA", "")):
        with open(os.environ["NP_SARIF_SCHEMA"], encoding="utf-8-sig") as file:
            sarif = json.load(file)
        for text in outputs["sarif"]:
            jsonschema.validators.validator_for(sarif)(sarif).validate(json.loads(text))


def test_the_components_give_the_right_result_with_every_defect(_):
    for program, size, defects in (
            ("ryot/ryot", ["--requests", "2", "--generate", "8", "--prompt", "16"],
             ["none", "no-cache", "sort", "page-faults", "stall"]),
            ("sigmalang", ["--megabytes", "1", "--seconds", "0"], ["none", "grow", "convoy"]),
            ("agents", ["--tasks", "300"], ["none", "convoy", "poll", "scan", "stall"])):
        checksums = set()
        for defect in defects:
            done = subprocess.run([os.path.join(SAMPLES, program), *size, "--defect", defect], capture_output=True,
                                  text=True, timeout=120, check=False)
            check(f"{program} {defect}", (done.returncode, done.stderr), (0, ""))
            checksums.add(re.search(r"^checksum=(\w+)$", done.stdout, re.M).group(1))
        check(f"{program}: results", len(checksums), 1)
    for defect in ("none", "weak-hash", "one-lock", "no-bloom", "small-writes", "sync-each", "page-faults", "stall",
                   "lru-only"):
        done = subprocess.run([os.path.join(SAMPLES, "sigmavault"), "--keys", "2000", "--milliseconds", "20", "--defect",
                               defect], capture_output=True, text=True, timeout=120, check=False)
        check(f"sigmavault {defect}", (done.returncode, done.stderr), (0, ""))


def test_what_the_header_counts_is_a_metric_too(_):
    done = bench("ab", "-q", "-f", "json", "--preload", "--pairs-max", "2", "--pairs-min", "2", "--inconclusive-ok", "--",
                 METERED + " 1 50", METERED + " 1 50")
    check("stderr", done.stderr, "")
    metrics = json.loads(done.stdout)["benchmarks"][0]["arms"][0]["runs"][0]["metrics"]
    check("calls", (metrics["calls_total"], metrics["calls_total.route./a"]), ([50], [100]))
    check("sizes", metrics["sizes_p50_By"], [25])
    # Each span works for 0.2 ms or longer; a quantile is the middle of its bucket, at most 1 % away.
    assert 0.2e6 * 0.99 <= metrics["inner_p50_ns"][0] < 1e9 and metrics["inner_count"] == [50], metrics


def test_optimisations_of_inference_do_not_change_its_tokens(_):
    size = ["--requests", "4", "--generate", "12", "--prompt", "20"]
    checksums = {re.search(r"^checksum=(\w+)$", subprocess.run(
        [os.path.join(SAMPLES, "ryot/ryot"), *size, *more], capture_output=True, text=True, timeout=120,
        check=True).stdout, re.M).group(1) for more in ([], ["--batch", "4"], ["--speculate", "8"],
                             ["--speculate", "3", "--draft", "int8"], ["--speculate", "7", "--draft", "int8"])}
    check("results", len(checksums), 1)


def test_int8_gives_the_same_tokens_with_every_inner_loop(_):
    checksums, tried = set(), []
    for kernels in ("auto", "plain", "avx2", "vnni"):
        done = subprocess.run([os.path.join(SAMPLES, "ryot/ryot"), "--requests", "2", "--generate", "12", "--prompt", "22",
                               "--precision", "int8", "--int8-kernels", kernels], capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode == 2 and kernels in ("avx2", "vnni"):
            check(kernels, done.stderr, f"ryot: --int8-kernels: this processor has no {kernels}\n")
            continue
        check(kernels, (done.returncode, done.stderr), (0, ""))
        checksums.add(re.search(r"^checksum=(\w+)$", done.stdout, re.M).group(1))
        tried.append(kernels)
    check("results", len(checksums), 1)
    print("   (" + ", ".join(tried) + ")")


def test_the_micro_tier_runs(_):
    files = sorted(os.path.join(COMPONENTS, f) for f in os.listdir(COMPONENTS))
    done = bench("run", "-q", "--tier", "micro", "--samples", SAMPLES, "--iterations", "1", "-f", "json", *files)
    check("status", (done.returncode, done.stderr), (0, ""))
    check("benchmarks", [b["benchmark"] for b in json.loads(done.stdout)["benchmarks"]],
          ["agents-micro", "ryot-micro", "sigmalang-micro", "sigmavault-micro"])


def main():
    wanted = sys.argv[2:]  # words of the tests to run; none: all
    for name, test in sorted(globals().items()):
        if name.startswith("test_") and (not wanted or any(word in name for word in wanted)):
            with tempfile.TemporaryDirectory(prefix="neuroprof-bench-") as place:
                test(place)
            print("ok", name[5:].replace("_", " "), flush=True)


main()
