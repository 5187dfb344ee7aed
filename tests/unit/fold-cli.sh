#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fold-cli.sh FOLD CORPUS - exit statuses, one clear line, and what is removed.
set -u
fold=$1
corpus=$2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

# expect STATUS LINES WORDS ARGUMENT...: run, and compare the status, the lines said and a word in them.
expect() {
	status=$1 lines=$2 words=$3
	shift 3
	"$fold" "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	said=$(wc -l <"$dir/err")
	if [ "$got" -ne "$status" ] || [ "$said" -ne "$lines" ] || [ -s "$dir/out" ] ||
	   ! grep -q -- "$words" "$dir/err"; then
		echo "neuroprof-fold $*: status $got (want $status), $said lines (want $lines), no '$words'?"
		cat "$dir/out" "$dir/err"
		failed=1
	fi
}
check() {
	if ! "$@"; then
		echo "failed: $*"
		failed=1
	fi
}

expect 2 1 'which spool'
expect 2 1 'is no option' --nonsense
expect 2 1 'expected the number' --after-exec=x "$corpus/rich"
expect 1 1 'No such file' "$dir/none"
expect 1 1 'not a spool' "$corpus/short"
expect 1 1 'a spool of version' "$corpus/version"
expect 0 1 'nothing in it' -o "$dir" "$corpus/unfinished"
check test ! -e "$dir/neuroprof.prog.4242.folded"

# A good one beside bad ones is folded all the same.
expect 1 2 '37 samples' -o "$dir" "$corpus/short" "$corpus/rich"
check test -s "$dir/neuroprof.prog.4242.folded"
check test -s "$dir/neuroprof.prog.4242.pb.gz"

# Damaged: what is whole is saved, and the spool is kept.
cp "$corpus/damaged" "$dir/damaged.spool"
expect 1 2 'damaged' --remove -o "$dir/damaged" "$dir/damaged.spool"
check test -s "$dir/damaged/neuroprof.prog.4242.folded"
check test -e "$dir/damaged.spool"

# Whole: removed when asked to, and only then.
cp "$corpus/rich" "$dir/a.spool"
expect 0 1 '81.1 % complete' -o "$dir" "$dir/a.spool"
check test -e "$dir/a.spool"
"$fold" -q --remove -o "$dir" "$dir/a.spool" 2>"$dir/err" || failed=1
check test ! -s "$dir/err"
check test ! -e "$dir/a.spool"

# Where nothing can be written: one line, and the spool is kept.
cp "$corpus/rich" "$dir/a.spool"
: >"$dir/file"
expect 1 1 'Not a directory' --remove -o "$dir/file/deeper" "$dir/a.spool"
check test -e "$dir/a.spool"

# For the library: a byte sends it away, the end of the file lets it work.
mkdir "$dir/exec"
printf x | "$fold" -q -o "$dir/exec" --after-exec=0 "$dir/a.spool"
check test ! -e "$dir/exec/neuroprof.prog.4242.folded"
"$fold" -q -o "$dir/exec" --after-exec=0 "$dir/a.spool" </dev/null
check test -e "$dir/exec/neuroprof.prog.4242.folded"

[ "$("$fold" --version | wc -l)" -eq 1 ] || failed=1
"$fold" --help | grep -q '^usage: neuroprof-fold' || failed=1
exit $failed
