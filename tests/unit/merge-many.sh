#!/bin/bash
# SPDX-License-Identifier: MIT
# Thousands of profiles into one with little memory: merge-many.sh NEUROPROF_REPORT PROFILE
# The same file stands for all of them, in 64 MiB of address space.
set -eu
tool=$1 profile=$2
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$tool" convert --to pprof -o "$directory/one.pb.gz" "$profile"
i=0
while [ "$i" -lt 4000 ]; do
	echo "$directory/one.pb.gz"
	i=$((i + 1))
done >"$directory/list"
(
	ulimit -v 65536
	"$tool" merge -f "$directory/list" -o "$directory/sum.pb.gz"
)
total() {
	"$tool" convert --to folded "$1" | awk '{ sum += $NF } END { printf "%.0f\n", sum }'
}
one=$(total "$directory/one.pb.gz") sum=$(total "$directory/sum.pb.gz")
if [ "$one" -le 0 ] || [ "$sum" != "$((one * 4000))" ]; then
	echo "the sum of 4000 times $one is $sum" >&2
	exit 1
fi
