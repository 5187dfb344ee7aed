# SPDX-License-Identifier: MIT
# bash completion for neuroprof-bench.
_neuroprof_bench() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	case $before in
	-f | --format)
		mapfile -t COMPREPLY < <(compgen -W "text markdown json junit sarif openmetrics github-action-benchmark bencher" -- "$word")
		return
		;;
	--tier)
		mapfile -t COMPREPLY < <(compgen -W "micro macro profiling" -- "$word")
		return
		;;
	--samples | --directory | --profile)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	--file | -o | --output)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "run ab baseline compare history --help --version" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "--budget --pairs-min --pairs-max --timeout --metric --complex --keep --threshold --no-pin --file --name --samples --directory --profile --preload --tier --iterations --dry-run --inconclusive-ok --cross-machine --results-differ --format --output --quiet --help --version" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -F _neuroprof_bench neuroprof-bench
