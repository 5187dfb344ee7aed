# SPDX-License-Identifier: MIT
# bash completion for neuroprof-report; needs bash-completion.

# Of diff and gate: uses the variables of its caller.
_neuroprof_report_pair() {
	local options='--top --format --output --names --config --no-config --span --slowest --same-work --no-renames --anonymize --min-points --min-percent --rate --noise --strict --help'
	local formats='text markdown json'

	case ${words[1]} in
	diff)
		options+=' --svg --view --title --icicle --width --minwidth'
		formats+=' html'
		;;
	gate)
		options+=' --write --budget --confirm --fail-on --min-runs --min-samples --max-unresolved --max-cut --max-lost'
		formats+=' junit sarif github'
		;;
	esac
	case $prev in
	-n | --top) mapfile -t COMPREPLY < <(compgen -W '20 50 all' -- "$cur") ;;
	-f | --format) mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$cur") ;;
	--view) mapfile -t COMPREPLY < <(compgen -W 'union before after' -- "$cur") ;;
	--fail-on) mapfile -t COMPREPLY < <(compgen -W 'suspect inconclusive suspect,inconclusive' -- "$cur") ;;
	--title | --width | --minwidth | --budget | --confirm | --rate | --noise | --min-* | --max-*) ;;
	-o | --output | --svg | --names | --write) mapfile -t COMPREPLY < <(compgen -f -- "${cur#*=}") ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W "$options --" -- "$cur") ;;
		*)
			mapfile -t COMPREPLY < <(
				compgen -d -- "$cur"
				compgen -f -X '!*.@(folded|pb|pprof|txt|gz)' -- "$cur"
			)
			;;
		esac
		;;
	esac
}

# How profiles are read: options of several commands.
_neuroprof_report_input='--label --threads --group-by --span --slowest --rest --event --columns --dialect --drop-threads --drop-empty
	--merge-kinds --lax --anonymize --strict'

# How pictures look: of the report and of flamegraph.
_neuroprof_report_picture='--title --subtitle --icicle --reverse --flamechart --width --minwidth --colors --bgcolors
	--cp --countname --total --factor --notes'

# Completes a value of those; false: it is none of them.
_neuroprof_report_input_value() {
	case $prev in
	--columns) mapfile -t COMPREPLY < <(compgen -W '1 2 3 auto' -- "$cur") ;;
	--dialect) mapfile -t COMPREPLY < <(compgen -W 'auto perf pyspy austin tachyon ap bcc' -- "$cur") ;;
	--label | --group-by | --span | --slowest | --event) ;;
	*) return 1 ;;
	esac
}

# Completes a value of those of pictures; false: it is none of them.
_neuroprof_report_picture_value() {
	case $prev in
	--colors)
		mapfile -t COMPREPLY < <(compgen -W 'hot mem io red green blue aqua yellow orange purple wakeup chain java js perl' -- "$cur")
		;;
	--bgcolors) mapfile -t COMPREPLY < <(compgen -W 'yellow blue green grey' -- "$cur") ;;
	--title | --subtitle | --width | --minwidth | --countname | --total | --factor | --notes) ;;
	*) return 1 ;;
	esac
}

# Of flamegraph: uses the variables of its caller.
_neuroprof_report_flamegraph() {
	_neuroprof_report_input_value && return
	_neuroprof_report_picture_value && return
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W "--output --help $_neuroprof_report_picture $_neuroprof_report_input" -- "$cur") ;;
	*)
		mapfile -t COMPREPLY < <(
			compgen -d -- "$cur"
			compgen -f -X '!*.@(folded|pb|pprof|txt|gz|perf)' -- "$cur"
		)
		;;
	esac
}

# Of peek, lines, modules and threads: uses the variables of its caller.
_neuroprof_report_view() {
	local options="--top --format --output --config --no-config --help $_neuroprof_report_input"

	case ${words[1]} in
	peek) options+=' --all' ;;
	lines) options+=' --annotate --context --source-dir --file --function --call-sites' ;;
	threads) options+=' --by --roots' ;;
	esac
	_neuroprof_report_input_value && return
	case $prev in
	-n | --top) mapfile -t COMPREPLY < <(compgen -W '20 50 all' -- "$cur") ;;
	-f | --format) mapfile -t COMPREPLY < <(compgen -W 'text json markdown csv' -- "$cur") ;;
	-d | --source-dir) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	-o | --output | --config) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	--context | --file | --function | --by) ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur") ;;
		*)
			mapfile -t COMPREPLY < <(
				compgen -d -- "$cur"
				compgen -f -X '!*.@(folded|pb|pprof|txt|gz|perf)' -- "$cur"
			)
			;;
		esac
		;;
	esac
}

# Of convert, merge and lint: likewise.
_neuroprof_report_file() {
	local options='--help'

	case ${words[1]} in
	convert) options+=" --to --output $_neuroprof_report_input" ;;
	merge) options+=' --to --output --files-from --keep-going --strict' ;;
	lint) options+=' --format --quiet' ;;
	esac
	[[ ${words[1]} == convert ]] && _neuroprof_report_input_value && return
	case $prev in
	-t | --to) mapfile -t COMPREPLY < <(compgen -W 'folded pprof speedscope firefox callgrind json csv markdown' -- "$cur") ;;
	--format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur") ;;
	--event) ;;
	-o | --output | --files-from) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur") ;;
		*)
			mapfile -t COMPREPLY < <(
				compgen -d -- "$cur"
				compgen -f -X '!*.@(folded|pb|pprof|txt|gz|perf)' -- "$cur"
			)
			;;
		esac
		;;
	esac
}

_neuroprof_report() {
	local cur prev words cword
	if declare -F _comp_initialize >/dev/null; then
		_comp_initialize -n = -- "$@" || return
	else
		_init_completion -n = || return
	fi
	case ${words[1]} in
	diff | gate)
		_neuroprof_report_pair
		return
		;;
	flamegraph)
		_neuroprof_report_flamegraph
		return
		;;
	peek | lines | modules | threads)
		_neuroprof_report_view
		return
		;;
	convert | merge | lint)
		_neuroprof_report_file
		return
		;;
	esac
	_neuroprof_report_input_value && return
	_neuroprof_report_picture_value && return
	case $prev in
	-n | --top) mapfile -t COMPREPLY < <(compgen -W '20 50 all' -- "$cur") ;;
	-s | --sort) mapfile -t COMPREPLY < <(compgen -W 'roi score self lower total samples calls name module' -- "$cur") ;;
	-f | --format) mapfile -t COMPREPLY < <(compgen -W 'text json markdown csv html' -- "$cur") ;;
	--source-dir) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	-c | --complexity | --config | -o | --output | --svg) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W "--top --sort --format --factors --complexity --config --no-config
			--output --svg --no-svg --sources --source-dir --help --version
			$_neuroprof_report_picture $_neuroprof_report_input" -- "$cur") ;;
		*)
			mapfile -t COMPREPLY < <(
				[ "$cword" = 1 ] && compgen -W 'flamegraph peek lines modules threads convert merge lint diff gate' -- "$cur"
				compgen -d -- "$cur"
				compgen -f -X '!*.@(folded|pb|pprof|txt|gz|perf)' -- "$cur"
			)
			;;
		esac
		;;
	esac
}
complete -o filenames -F _neuroprof_report neuroprof-report
