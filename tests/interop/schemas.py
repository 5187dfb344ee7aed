#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What neuroprof-report writes for programs, held against the schemas: ours in docs/schema, which must also
name every field there is; SARIF's own, where NP_SARIF_SCHEMA names it; JUnit by junit.xsd and the sums that its
readers rely on.

usage: schemas.py NEUROPROF_REPORT json|sarif|junit
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORT = ROOT / "tests/golden/report"
PAIR, CONVERT = ROOT / "tests/golden/pair", ROOT / "tests/golden/convert"
TOOL = str(pathlib.Path(sys.argv[1]).resolve())

SIDES = ["before1.folded", "before2.folded", "before3.folded", "--", "after1.folded", "after2.folded", "after3.folded"]
MODULES = ["modules-before1.perf.gz", "modules-before2.perf.gz", "modules-before3.perf.gz", "--",
           "modules-after1.perf.gz", "modules-after2.perf.gz", "modules-after3.perf.gz"]
GATES = {
    "fail": SIDES,
    "one run a side": ["before1.folded", "after1.folded"],
    "the same work": ["--same-work", *SIDES],
    "budgets": ["--config", "config/limits.yaml", "--budget", "absent:self=1%", "--budget", "l*:total=12%", *SIDES],
    "confirmed": ["--confirm", "cp after?.folded $NEUROPROF_CONFIRM/after", "--budget", "lex:self=1%", *SIDES],
    "not confirmed": ["--confirm", "cp same?.folded $NEUROPROF_CONFIRM/after", *SIDES],
    "cannot confirm": ["--confirm", "exit 1", *SIDES],
    "modules": MODULES,
    "poor": [*SIDES[:4], "poor.folded"],
    "renamed": ["v1-1.folded", "v1-2.folded", "v1-3.folded", "--", "v2-1.folded", "v2-2.folded", "v2-3.folded"],
    "hidden": ["--anonymize=k", "--budget", "lex:self=1%", *SIDES],
    "same": [*SIDES[:4], "same1.folded", "same2.folded", "same3.folded"],
}


def output(*arguments, cwd=PAIR):
    run = subprocess.run([TOOL, *arguments], cwd=cwd, capture_output=True, timeout=60, check=False)
    assert run.returncode in (0, 1, 3), run.stderr
    return run.stdout


def strict(schema):
    """The same, with every field that it does not name forbidden."""
    if isinstance(schema, dict):
        closed = {key: strict(value) for key, value in schema.items()}
        if schema.get("type") == "object" and "properties" in schema:
            closed["additionalProperties"] = False
        return closed
    return [strict(value) for value in schema] if isinstance(schema, list) else schema


def check_json():
    import jsonschema     # pylint: disable=import-outside-toplevel

    def validator(name):
        schema = json.loads((ROOT / "docs/schema" / f"{name}.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(strict(schema))

    gate, profile, lint, report = (validator(name) for name in ("gate", "profile", "lint", "report"))
    for name, arguments in GATES.items():
        got = json.loads(output("gate", "-f", "json", *arguments))
        gate.validate(got)
        print(f"gate, {name}: {got['verdict']}")
    gate.validate(json.loads(output("diff", "-f", "json", *SIDES)))
    for source in ("input.folded", "small.perf", "../report/hostile.folded"):
        profile.validate(json.loads(output("convert", "--to", "json", source, cwd=CONVERT)))
    for arguments in (["service.folded"], ["--complexity", "effort.yaml", "service.folded"], ["hostile.folded"],
                      ["vfs_read.folded"], ["service.folded", "service.folded"]):
        report.validate(json.loads(output("--no-svg", "--no-config", "-f", "json", *arguments, cwd=REPORT)))
        print(f"report, {' '.join(arguments)}")
    lint.validate(json.loads(output("lint", "-f", "json", "small.perf", "input.folded", "absent.folded", cwd=CONVERT)))
    # And they do refuse.
    broken = json.loads(output("gate", "-f", "json", *SIDES))
    broken["findings"][0]["role"] = "culprit"
    assert not gate.is_valid(broken)
    return 0


def check_sarif():
    path = os.environ.get("NP_SARIF_SCHEMA", "")
    if not os.path.exists(path):
        print("skipped: NP_SARIF_SCHEMA does not name SARIF's schema (npm: @microsoft/jest-sarif has it)")
        return 77
    import jsonschema     # pylint: disable=import-outside-toplevel
    with open(path, encoding="utf-8-sig") as text:
        schema = json.load(text)
    for name, arguments in GATES.items():
        log = json.loads(output("gate", "-f", "sarif", *arguments))
        jsonschema.validators.validator_for(schema)(schema).validate(log)
        run = log["runs"][0]
        rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        assert all(result["ruleId"] in rules for result in run["results"])
        print(f"{name}: {len(run['results'])} results")
    return 0


def check_junit():
    if not shutil.which("xmllint"):
        print("skipped: xmllint is not installed (libxml2-utils)")
        return 77
    for name, arguments in GATES.items():
        text = output("gate", "-f", "junit", *arguments)
        subprocess.run(["xmllint", "--noout", "--schema", str(ROOT / "tests/interop/junit.xsd"), "-"], input=text,
                       stderr=subprocess.DEVNULL, check=True)
        suite = tree.fromstring(text)
        for attribute, element in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
            assert int(suite.get(attribute)) == len(suite.findall(element)), (name, attribute)
        names = [(case.get("classname"), case.get("name")) for case in suite.findall("testcase")]
        assert len(names) == len(set(names)), "readers tell cases by their names"
        print(f"{name}: {suite.get('tests')} cases, {suite.get('failures')} failures, {suite.get('errors')} errors")
    return 0


def main():
    try:
        return {"json": check_json, "sarif": check_sarif, "junit": check_junit}[sys.argv[2]]()
    except ImportError:
        print("skipped: python3-jsonschema is not installed")
        return 77


if __name__ == "__main__":
    sys.exit(main())
