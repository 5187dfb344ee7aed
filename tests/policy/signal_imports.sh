#!/bin/sh
# SPDX-License-Identifier: MIT
# Code that runs inside SIGPROF imports nothing but what the allow list names.
# usage: signal_imports.sh ALLOW-LIST ARCHIVE...
set -eu
allow=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$allow" | sort -u >"$work/allowed"
nm --defined-only "$@" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
nm -u "$@" 2>/dev/null | awk '$1 == "U" || $1 == "w" { print $2 }' | sort -u >"$work/wanted"
[ -s "$work/defined" ] || { echo "no symbols in $*: nothing was checked" >&2; exit 99; }
comm -23 "$work/wanted" "$work/defined" >"$work/imported"
comm -23 "$work/imported" "$work/allowed" >"$work/refused"
echo "imports: $(tr '\n' ' ' <"$work/imported")"
if [ -s "$work/refused" ]; then
	echo "not on the allow list ($allow): $(tr '\n' ' ' <"$work/refused")" >&2
	exit 1
fi
