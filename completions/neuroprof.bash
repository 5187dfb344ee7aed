# SPDX-License-Identifier: MIT
# bash completion for neuroprof; needs bash-completion.

_neuroprof_record() {
	local i
	# Behind the options stands a command of its own: hand over to its completion.
	for ((i = 2; i < cword; i++)); do
		case ${words[i]} in
		-F | --frequency | -o | --output | --clock | --unwinder) ((i++)) ;;
		--)
			((i++))
			break
			;;
		-*) ;;
		*) break ;;
		esac
	done
	if ((i < cword)) || [[ $i -eq $cword && $cur != -* && $prev != -[Fo] && $prev != --?* ]]; then
		if declare -F _comp_command_offset >/dev/null; then
			_comp_command_offset "$i"
		else
			_command_offset "$i"
		fi
		return
	fi
	case $prev in
	-F | --frequency) mapfile -t COMPREPLY < <(compgen -W '99 499 997' -- "$cur") ;;
	-o | --output) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	--clock) mapfile -t COMPREPLY < <(compgen -W 'auto perf timer itimer' -- "$cur") ;;
	--unwinder) mapfile -t COMPREPLY < <(compgen -W 'auto cfi fp libunwind' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W '--frequency --output --clock --unwinder --no-children
		--quiet --help' -- "$cur") ;;
	esac
}

_neuroprof_recover() {
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '--output --quiet --help' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	esac
}

_neuroprof() {
	local cur prev words cword
	if declare -F _comp_initialize >/dev/null; then
		_comp_initialize -n = -- "$@" || return
	else
		_init_completion -n = || return
	fi
	if ((cword == 1)); then
		mapfile -t COMPREPLY < <(compgen -W 'record recover --help --version' -- "$cur")
		return
	fi
	case ${words[1]} in
	record | recover) "_neuroprof_${words[1]}" ;;
	esac
}
complete -o filenames -F _neuroprof neuroprof
