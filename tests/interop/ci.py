#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What CI runs, run: the steps of ci/github/action.yml and the lines of the GitLab template, one by one, as
the runners do it, against stand-ins for their services: a directory of artifacts, and "gh" and "curl" that
fetch from it and refuse what the real ones would not understand.

usage: ci.py BUILD_ROOT github|gitlab
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv[1]).resolve()
PROGRAM = BUILD / "bench" / "gate-program"

GH = """#!/bin/bash
set -eu
case "$1 $2" in
"run list")
	[ "$3 $4 $5 $6 $7 $9 ${10} ${11} ${12}" = "--repo owner/project --workflow perf --branch --status success --limit 1" ]
	[ -n "$GH_TOKEN" ]
	[ ! -d "$STORE/$8" ] || echo "$8" ;;
"run download")
	[ "$4 $5 $6 $7 $8" = "--repo owner/project --name neuroprof --dir" ]
	cp -r "$STORE/$3/." "$9" ;;
*) exit 1 ;;
esac
"""
CURL = """#!/usr/bin/env python3
import os, shutil, sys
out, url = sys.argv[sys.argv.index("--output") + 1], sys.argv[-1]
assert sys.argv[sys.argv.index("--header") + 1] == "JOB-TOKEN: secret"
start, end = "https://ci.example/api/v4/projects/7/jobs/artifacts/", "/download?job=perf%20check"
assert url.startswith(start) and url.endswith(end), url
branch = os.path.join(os.environ["STORE"], url[len(start):-len(end)].replace("%2F", "_"))
if not os.path.isdir(branch):
    sys.exit("curl: (22) The requested URL returned error: 404")
os.rename(shutil.make_archive(out, "zip", branch), out)
"""


class Runner:
    """A machine with our tools in PATH and a store of artifacts by branch."""

    def __init__(self, place):
        self.place, self.store, self.summary, self.output = place, place / "store", "", {}
        (place / "bin").mkdir()
        self.store.mkdir()
        for name, text in (("gh", GH), ("curl", CURL)):
            (place / "bin" / name).write_text(text)
            (place / "bin" / name).chmod(0o755)
        self.job = 0

    def start(self, variables):
        """A fresh checkout."""
        self.job += 1
        self.work, self.summary, self.output = self.place / f"job{self.job}", "", {}
        self.work.mkdir()
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("NEUROPROF_", "NPCI_", "GITHUB_", "GITLAB_", "CI_", "RUNNER_"))}
        self.env.update(PATH=f"{self.place / 'bin'}:{BUILD / 'tools'}:{os.environ['PATH']}", STORE=str(self.store),
                        HOME=str(self.place), NEUROPROF_SPOOL_DIR=tempfile.mkdtemp(dir=self.place), **variables)

    def shell(self, text, env):
        step = {"GITHUB_STEP_SUMMARY": str(self.work / ".summary"), "GITHUB_OUTPUT": str(self.work / ".output")}
        run = subprocess.run(["bash", "-eo", "pipefail", "-c", text], cwd=self.work, env={**self.env, **env, **step},
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, check=False)
        for path, take in ((".summary", self.take_summary), (".output", self.take_output)):
            if (self.work / path).exists():
                take((self.work / path).read_text())
                (self.work / path).unlink()
        return run.returncode, run.stdout

    def take_summary(self, text):
        self.summary += text

    def take_output(self, text):
        self.output.update(line.split("=", 1) for line in text.splitlines())

    def keep(self, branch, path, under=""):
        """Upload: a directory as the artifact of a branch."""
        shutil.rmtree(self.store / branch, ignore_errors=True)
        shutil.copytree(self.work / path, self.store / branch / under)


def github(runner, branch, inputs, base="main"):
    """The composite action: its exit status, and all that was printed."""
    action = yaml.safe_load((ROOT / "ci/github/action.yml").read_text())
    known = {name: value.get("default", "") for name, value in action["inputs"].items()}
    assert not inputs.keys() - known.keys()
    known.update(inputs, token="secret")
    pull = {"GITHUB_HEAD_REF": branch, "GITHUB_BASE_REF": base} if branch != base else {"GITHUB_REF_NAME": branch}
    runner.start({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "owner/project", "GITHUB_WORKFLOW": "perf",
                  "GITHUB_ACTION_PATH": str(ROOT / "ci/github"), **pull})
    said = ""
    for step in action["runs"]["steps"]:
        if step.get("uses", "").startswith("actions/upload-artifact@"):
            runner.keep(branch, step["with"]["path"])
            continue
        assert step["shell"] == "bash", step
        env = {key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: known[match[1]], text)
               for key, text in step.get("env", {}).items()}
        assert not any("${{" in text for text in env.values()), env
        status, text = runner.shell(step["run"], env)
        said += text
        if status != 0:
            return status, said
    return 0, said


def gitlab(runner, branch, variables, base="main"):
    template = yaml.safe_load((ROOT / "ci/gitlab/neuroprof.gitlab-ci.yml").read_text())[".neuroprof"]
    merge = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": base} if branch != base else {}
    runner.start({"GITLAB_CI": "true", "CI_COMMIT_REF_NAME": branch, "CI_DEFAULT_BRANCH": "main", "CI_PROJECT_ID": "7",
                  "CI_JOB_TOKEN": "secret", "CI_JOB_NAME": "perf check", "CI_API_V4_URL": "https://ci.example/api/v4",
                  **template["variables"], **merge, **variables})
    (runner.work / ".neuroprof-source").symlink_to(ROOT)
    status, said = runner.shell("\n".join(template["before_script"] + template["script"]), {})
    if template["artifacts"]["when"] == "always" or status == 0:
        if (runner.work / "neuroprof").exists():
            runner.keep(branch.replace("/", "_"), "neuroprof", "neuroprof")
    return status, said


def until_seen(job, runner, branch, inputs, plain):
    """Of a job that should fail: what the gate makes of recordings has tests of its own, and a machine that stands
    still in one of six short runs hides any change; what is asked here is what the steps make of the verdict."""
    for _ in range(4):
        status, said = job(runner, branch, inputs)
        if status == 1:
            break
        if plain:                       # it may have been that side
            job(runner, "main", plain)
    return status, said


def check(condition, runner, said):
    if not condition:
        raise AssertionError(f"summary:\n{runner.summary}\nsaid:\n{said}")


def whole(runner, failed):
    """Everything that a job leaves is there, and is what it is called."""
    kept = runner.work / "neuroprof"
    assert (kept / "profiles" / "run-3.pb.gz").stat().st_size > 0 and (kept / "ranking.txt").stat().st_size > 0
    tree.parse(kept / "profile.svg")
    assert not list(kept.glob("recording.*")) and not (kept / "base" / "base").exists()
    if failed:
        tree.parse(kept / "diff.svg")
        assert tree.parse(kept / "gate.xml").getroot().get("failures") != "0"
        results = json.loads((kept / "gate.sarif").read_text())["runs"][0]["results"]
        assert any(result["ruleId"] == "slower-function" for result in results)
        report = json.loads((kept / "gate.json").read_text())
        assert any(f["function"] == "part_5" and f["direction"] == "slower" for f in report["findings"])


PLAIN, SLOW = f"'{PROGRAM}' 0.25", f"'{PROGRAM}' 0.25 300"


def run_github(runner):
    few = {"runs": "3", "gate": "--min-samples 100 --max-lost 100"}
    plain = {"command": PLAIN, **few}
    status, said = github(runner, "main", plain)
    check(status == 0 and runner.output["verdict"] == "NONE" and "What to fix first" in runner.summary, runner, said)
    whole(runner, False)
    status, said = until_seen(github, runner, "feature/slow", {"command": SLOW, **few}, plain)
    check(status == 1 and runner.output["verdict"] == "FAIL" and runner.summary.count("### FAIL: ") == 1 and
          "::error" in said and "part_5" in runner.summary, runner, said)
    whole(runner, True)
    assert (runner.store / "feature/slow" / "gate.json").exists(), "a failing build keeps its artifact"
    status, said = github(runner, "other", {"command": PLAIN, **few}, base="never-built")
    check(status == 0 and runner.output["verdict"] == "NONE" and "no artifact of never-built" in said, runner, said)
    # Another machine: times do not compare.
    (runner.store / "main" / "profiles" / "machine").write_text("abacus\n")
    status, said = github(runner, "times", {"command": SLOW, "runs": "3", "gate": "--same-work"})
    check(status == 3 and runner.output["verdict"] == "UNUSABLE" and "abacus" in said, runner, said)
    status, said = until_seen(github, runner, "shares", {"command": SLOW, **few}, None)
    check(status == 1 and "another kind of machine: abacus" in runner.summary, runner, said)
    # In turns, on this one.
    status, said = until_seen(github, runner, "turns", {"command": SLOW, "base-command": PLAIN, "runs": "3",
                                                        "gate": "--same-work --min-samples 100 --max-lost 100"},
                              plain)
    check(status == 1 and "part_5" in runner.summary, runner, said)
    status, said = github(runner, "broken", {"command": "echo the reason >&2; exit 7", **few})
    check(status == 2 and "ended with status 7" in said and "the reason" in said, runner, said)
    status, said = github(runner, "wrong", {"command": PLAIN, "runs": "3", "gate": "--nonsense"})
    check(status == 2 and "--nonsense" in said and "status 2" in runner.summary, runner, said)


def run_gitlab(runner):
    few = {"NPCI_RUNS": "3", "NPCI_GATE": "--min-samples 100 --max-lost 100"}
    plain = {"NPCI_COMMAND": PLAIN, **few}
    status, said = gitlab(runner, "main", plain)
    check(status == 0, runner, said)
    whole(runner, False)
    status, said = until_seen(gitlab, runner, "feature/slow", {"NPCI_COMMAND": SLOW, **few}, plain)
    check(status == 1 and "FAIL: " in said and "part_5" in said, runner, said)
    whole(runner, True)
    # Its base has a base of its own, and a slash in its name.
    status, said = gitlab(runner, "stacked", {"NPCI_COMMAND": PLAIN, **few}, base="feature/slow")
    got, kept = (path / "profiles" / "run-1.pb.gz" for path in (runner.work / "neuroprof" / "base",
                                                                runner.store / "feature_slow" / "neuroprof"))
    check(status == 0 and got.read_bytes() == kept.read_bytes(), runner, said)
    whole(runner, False)
    status, said = gitlab(runner, "other", {"NPCI_COMMAND": PLAIN, **few}, base="never-built")
    check(status == 0 and "no artifact of never-built" in said, runner, said)


def main():
    with tempfile.TemporaryDirectory(prefix="neuroprof-test-") as place:
        runner = Runner(pathlib.Path(place))
        {"github": run_github, "gitlab": run_gitlab}[sys.argv[2]](runner)
    print("every step did what it is for")
    return 0


if __name__ == "__main__":
    sys.exit(main())
