# SPDX-License-Identifier: MIT
# bash completion for neuroprof-report; needs bash-completion.

_neuroprof_report() {
	local cur prev words cword
	if declare -F _comp_initialize >/dev/null; then
		_comp_initialize -n = -- "$@" || return
	else
		_init_completion -n = || return
	fi
	case $prev in
	-n | --top) mapfile -t COMPREPLY < <(compgen -W '20 50 all' -- "$cur") ;;
	-s | --sort) mapfile -t COMPREPLY < <(compgen -W 'roi score self total samples calls name module' -- "$cur") ;;
	-f | --format) mapfile -t COMPREPLY < <(compgen -W 'text json markdown csv' -- "$cur") ;;
	--title | --width | --minwidth) ;;
	-c | --complexity | -o | --output | --svg) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W '--top --sort --format --complexity --output --svg
			--no-svg --title --icicle --width --minwidth --strict --help --version' -- "$cur") ;;
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
complete -o filenames -F _neuroprof_report neuroprof-report
