#!/bin/sh
# SPDX-License-Identifier: MIT
# The preloaded library's dependencies become the host's: libc and its loader, nothing else; it binds at
# load time, never unloads, has only initial-exec TLS, and exports only what its map says.
# usage: library.sh LIBRARY VERSION-MAP
set -eu
library=$1
map=$2
fail() { echo "$*" >&2; exit 1; }
needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
case $needed in
"libc.so.6 " | "ld-linux-x86-64.so.2 libc.so.6 ") echo "needed: $needed" ;;
*) fail "needs more than libc: $needed" ;;
esac
readelf -d "$library" | grep -q 'BIND_NOW\|Flags:.*NOW' || fail "a first call could resolve a symbol inside the handler: link with -z now"
readelf -d "$library" | grep -q NODELETE || fail "dlclose could unmap the handler: link with -z nodelete"
readelf -rW "$library" | grep -q 'DTPMOD64\|TLSDESC' && fail "TLS that may be allocated in the handler: build with -ftls-model=initial-exec"
sed -n '/global:/,/local:/p' "$map" | tr -s ' ;\t' '[\n*]' | grep -E '^[_a-z]' | grep -v -e global -e local | sort -u >/tmp/neuroprof-map.$$
nm -D --defined-only "$library" | awk '{ print $3 }' | sed 's/@.*//' | sort -u >/tmp/neuroprof-exports.$$
difference=$(diff /tmp/neuroprof-map.$$ /tmp/neuroprof-exports.$$ || true)
rm -f /tmp/neuroprof-map.$$ /tmp/neuroprof-exports.$$
[ -z "$difference" ] || fail "exports differ from the version map: $difference"
echo "exports are those of the map"
