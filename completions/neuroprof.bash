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

_neuroprof_doctor() {
	mapfile -t COMPREPLY < <(compgen -W '--json --help' -c -- "$cur")
}

# Processes that are profiled; for dump, any.
_neuroprof_pids() {
	if [[ ${words[1]} == dump ]]; then
		mapfile -t COMPREPLY < <(compgen -W '$(command ps axo pid=)' -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -W '$(neuroprof ls 2>/dev/null | awk "NR > 1 { print \$1 }")' \
			-- "$cur")
	fi
}

_neuroprof_live() {
	case ${words[1]}:$prev in
	snapshot:-o | snapshot:--output) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	top:-s | top:--sort) mapfile -t COMPREPLY < <(compgen -W 'self total' -- "$cur") ;;
	top:-[ndr] | top:--reports | top:--delay | top:--rows) COMPREPLY=() ;;
	*)
		if [[ $cur != -* ]]; then
			[[ ${words[1]} == ls ]] || _neuroprof_pids
			return
		fi
		case ${words[1]} in
		ls) mapfile -t COMPREPLY < <(compgen -W '--json --help' -- "$cur") ;;
		top) mapfile -t COMPREPLY < <(compgen -W '--reports --delay --sort --cumulative --rows --plain
			--help' -- "$cur") ;;
		snapshot) mapfile -t COMPREPLY < <(compgen -W '--output --quiet --help' -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -W '--help' -- "$cur") ;;
		esac
		;;
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
		mapfile -t COMPREPLY < <(compgen -W 'record recover doctor ls top snapshot start stop rate dump
			--help --version' -- "$cur")
		return
	fi
	case ${words[1]} in
	record | recover | doctor) "_neuroprof_${words[1]}" ;;
	ls | top | snapshot | start | stop | rate | dump) _neuroprof_live ;;
	esac
}
complete -o filenames -F _neuroprof neuroprof
