# SPDX-License-Identifier: MIT
# bash completion of rld-show
_rld_show()
{
	local cur prev words cword i command=
	_init_completion || return
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		tree | why | symbol | bindings | lint | time | graph | html | sqlite | ps | core | diff)
			command=${words[i]}
			break
			;;
		esac
	done
	case $prev in
	--type)
		mapfile -t COMPREPLY < <(compgen -W 'dot svg png' -- "$cur")
		return
		;;
	--root)
		_filedir -d
		return
		;;
	-o | --output | --host | --rld | --preload)
		_filedir
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--json --output --root --library-path
			--preload --files --rld --all --host --from --to --symbol --undefined
			--type --run --seconds --most --help --version' -- "$cur")
	elif [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W 'tree why symbol bindings lint time graph
			html sqlite ps core diff' -- "$cur")
	elif [ "$command" = ps ]; then
		_pids
	else
		_filedir
	fi
} && complete -F _rld_show rld-show
