#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# neuroprof-ci.sh - record, gate and report in a CI job; ci/github/action.yml and
# ci/gitlab/neuroprof.gitlab-ci.yml call its steps, and docs/howto-ci.md shows what comes of it.
#
# usage: neuroprof-ci.sh install|record|base|gate|report|verdict
# Everything else comes from the environment, see settings() and help().
# shellcheck disable=SC2016	# Markdown's code spans are no command substitutions
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf 'neuroprof-ci: %s\n' "$*"; }
die() {
	say "$1" >&2
	exit "${2:-2}"
}

help() {
	cat <<'TEXT'
usage: neuroprof-ci.sh STEP, in this order:
  install   NeuroProf from the tree this script lies in, unless it is in PATH
  record    NPCI_COMMAND, NPCI_RUNS times
  base      fetch what the base branch recorded
  gate      compare; the verdict goes into the summary, the exit status is kept for "verdict"
  report    ranking and flame graph
  verdict   exit as the gate did

  NPCI_COMMAND       what to record, a line for bash; the same work in every run
  NPCI_RUNS          5; three is the least that can fail a build
  NPCI_FREQUENCY     997 samples a second and thread
  NPCI_DIR           neuroprof: what to keep as the artifact
  NPCI_GATE          options for "neuroprof-report gate", in words
  NPCI_BASE          the base branch; found from the CI's own variables
  NPCI_BASE_COMMAND  record this in turns with NPCI_COMMAND instead of fetching what the base
                     branch recorded: the same machine, the same minutes
  NPCI_ARTIFACT      neuroprof: its name on GitHub; on GitLab it is the job's
  NPCI_PREFIX        where "install" installs to
TEXT
}

settings() {
	dir=${NPCI_DIR:-neuroprof}
	base_dir=$dir/base
	runs=${NPCI_RUNS:-5}
	frequency=${NPCI_FREQUENCY:-997}
	artifact=${NPCI_ARTIFACT:-neuroprof}
	prefix=${NPCI_PREFIX:-${RUNNER_TEMP:-${CI_PROJECT_DIR:-$HOME}}/.neuroprof}
	branch=${GITHUB_HEAD_REF:-${CI_COMMIT_REF_NAME:-${GITHUB_REF_NAME:-}}}
	base=${NPCI_BASE:-${GITHUB_BASE_REF:-${CI_MERGE_REQUEST_TARGET_BRANCH_NAME:-${CI_DEFAULT_BRANCH:-main}}}}
	summary=$dir/summary.md
	PATH=$prefix/bin:$PATH
	[[ $runs =~ ^[1-9][0-9]*$ ]] || die "NPCI_RUNS: '$runs' is no number of runs"
}

install() {
	if command -v neuroprof >/dev/null && command -v neuroprof-report >/dev/null; then
		say "using $(command -v neuroprof)"
		return
	fi
	"$here/dev" deps build
	meson setup --prefix="$prefix" -Dbuildtype=release "$prefix/build" "$here"
	meson install -C "$prefix/build" >/dev/null
	say "installed into $prefix"
}

# record_one COMMAND TO: the profile of one run as TO.  Of several processes, their sum.
record_one() {
	local out files status=0
	out=$(mktemp -d "$dir/recording.XXXXXX")
	neuroprof record -q -F "$frequency" -o "$out" -- bash -c "$1" >"$dir/output.log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 20 "$dir/output.log" >&2
		die "the command ended with status $status; its last lines are above"
	fi
	shopt -s nullglob
	files=("$out"/*.tree.pb.gz)
	[ ${#files[@]} -gt 0 ] || files=("$out"/*.pb.gz)
	shopt -u nullglob
	[ ${#files[@]} -eq 1 ] || die "${#files[@]} profiles of one run, not one: did the command use any CPU time?"
	mv "${files[0]}" "$2"
	rm -rf "$out"
}

# Times of two machines do not compare; shares do, as far as the machines are alike.
machine() {
	printf '%s, %s CPUs, Linux %s\n' \
		"$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)"
}

record() {
	local run
	[ -n "${NPCI_COMMAND:-}" ] || die "what is to be recorded? set NPCI_COMMAND (input 'command')"
	rm -rf "$dir"
	mkdir -p "$dir/profiles"
	machine >"$dir/profiles/machine"
	if [ -n "${NPCI_BASE_COMMAND:-}" ]; then
		mkdir -p "$base_dir/profiles"
		machine >"$base_dir/profiles/machine"
	fi
	for ((run = 1; run <= runs; run++)); do
		say "run $run of $runs"
		record_one "$NPCI_COMMAND" "$dir/profiles/run-$run.pb.gz"
		[ -z "${NPCI_BASE_COMMAND:-}" ] || record_one "$NPCI_BASE_COMMAND" "$base_dir/profiles/run-$run.pb.gz"
	done
	rm -f "$dir/output.log"
}

# What may stand in a URL as one part of it.
encode() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"; }

# fetch_from_...  TO: the artifact of the base branch, as a directory.
fetch_from_github() {
	local run
	run=$(gh run list --repo "$GITHUB_REPOSITORY" --workflow "$GITHUB_WORKFLOW" --branch "$base" --status success \
		--limit 1 --json databaseId --jq '.[0].databaseId // empty') || return 1
	[ -n "$run" ] && gh run download "$run" --repo "$GITHUB_REPOSITORY" --name "$artifact" --dir "$1"
}

fetch_from_gitlab() {
	local zip=$1/base.zip
	curl --fail --silent --show-error --location --header "JOB-TOKEN: $CI_JOB_TOKEN" --output "$zip" \
		"$CI_API_V4_URL/projects/$CI_PROJECT_ID/jobs/artifacts/$(encode "$base")/download?job=$(encode "$CI_JOB_NAME")" ||
		return 1
	# The archive has the paths of the job that made it.
	python3 -m zipfile -e "$zip" "$1/unpacked" && mv "$1/unpacked/$dir/profiles" "$1/profiles"
}

base() {
	[ -z "${NPCI_BASE_COMMAND:-}" ] || return 0
	if [ "$branch" = "$base" ]; then
		say "this is $base itself: recorded for the branches that come"
		return
	fi
	local to
	to=$(mktemp -d)
	if [ -n "${GITHUB_ACTIONS:-}" ]; then
		fetch_from_github "$to"
	elif [ -n "${GITLAB_CI:-}" ]; then
		fetch_from_gitlab "$to"
	else
		false
	fi || say "no artifact of $base that can be fetched"
	if [ -d "$to/profiles" ]; then	# not what its own base recorded
		mkdir -p "$base_dir"
		mv "$to/profiles" "$base_dir/profiles"
	fi
	rm -rf "$to"
}

# Set the array PROFILES to those of a directory.
find_profiles() {
	shopt -s nullglob
	profiles=("$1"/profiles/*.pb.gz)
	shopt -u nullglob
}

# Keep STATUS for "verdict", say VERDICT to the steps after this one.
conclude() {
	echo "$1" >"$dir/gate.status"
	[ -z "${GITHUB_OUTPUT:-}" ] || echo "verdict=$2" >>"$GITHUB_OUTPUT"
}

# Append standard input to the summary; on GitHub each step has a file of its own for it.
put_summary() { tee -a "$summary" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"; }

same_machine() { cmp -s "$dir/profiles/machine" "$base_dir/profiles/machine"; }

gate() {
	local profiles before options=() status=0 form=text verdict
	read -ra options <<<"${NPCI_GATE:-}"
	find_profiles "$base_dir"
	before=("${profiles[@]}")
	find_profiles "$dir"
	[ ${#profiles[@]} -gt 0 ] || die "no profile in $dir/profiles: run 'record' first"
	if [ ${#before[@]} -eq 0 ]; then
		printf '### No verdict\n\nThere are no recordings of `%s` to compare with yet.\n' "$base" | put_summary
		conclude 0 NONE
		return
	fi
	if ! same_machine && [[ " ${options[*]-} " == *" --same-work "* ]]; then
		say "--same-work compares times, but $base was recorded on another machine:" \
			"$(cat "$base_dir/profiles/machine"), this one is: $(cat "$dir/profiles/machine")" >&2
		printf '### No verdict\n\nTimes of two machines do not compare.\n' | put_summary
		conclude 3 UNUSABLE
		return
	fi
	[ -z "${GITHUB_ACTIONS:-}" ] || form=github
	# The files first: they are there whatever the verdict is.
	neuroprof-report gate "${options[@]}" -f "$form" --write text="$dir/gate.txt" --write markdown="$dir/gate.md" \
		--write json="$dir/gate.json" --write junit="$dir/gate.xml" --write sarif="$dir/gate.sarif" \
		"${before[@]}" -- "${profiles[@]}" || status=$?
	if [ -s "$dir/gate.md" ]; then
		put_summary <"$dir/gate.md"
		same_machine || printf '\n`%s` was recorded on another kind of machine: %s.\n' "$base" \
			"$(cat "$base_dir/profiles/machine")" | put_summary
	else
		printf '### No verdict\n\n`neuroprof-report gate` ended with status %s.\n' "$status" | put_summary
	fi
	neuroprof-report diff -o /dev/null --svg "$dir/diff.svg" "${before[@]}" -- "${profiles[@]}" ||
		say "no picture of the difference" >&2
	verdict=$(sed -n 's/^  "verdict": "\([A-Z]*\)",$/\1/p' "$dir/gate.json" 2>/dev/null || true)
	conclude "$status" "${verdict:-NONE}"
}

report() {
	local profiles
	find_profiles "$dir"
	[ ${#profiles[@]} -gt 0 ] || die "no profile in $dir/profiles: run 'record' first"
	neuroprof-report merge -o "$dir/profile.pb.gz" "${profiles[@]}"
	neuroprof-report lint -q "$dir/profile.pb.gz" || say "the profile is not what it could be, see above"
	neuroprof-report --svg "$dir/profile.svg" -o "$dir/ranking.txt" "$dir/profile.pb.gz"
	neuroprof-report --no-svg -f markdown -n 10 -o "$dir/ranking.md" "$dir/profile.pb.gz"
	{
		printf '\n### What to fix first\n\n'
		sed -n '/^| #/,$p' "$dir/ranking.md"	# without the profile's own words
	} | put_summary
	rm "$dir/ranking.md"
}

verdict() {
	local status
	status=$(cat "$dir/gate.status" 2>/dev/null) || die "no verdict in $dir: run 'gate' first"
	[ ! -s "$dir/gate.txt" ] || cat "$dir/gate.txt"
	exit "$status"
}

case ${1:-} in
install | record | base | gate | report | verdict) settings && "$1" ;;
help | --help) help ;;
*)
	help >&2
	exit 2
	;;
esac
