# SPDX-License-Identifier: MIT
# bash completion of rld: its options, then the program and its arguments.
_rld()
{
	local cur prev words cword i
	_init_completion -n = || return
	for ((i = 1; i < cword; i++)); do
		if [[ ${words[i]} != -* ]]; then
			_command_offset "$i"
			return
		fi
	done
	case $cur in
	--trace=*)
		cur=${cur#*=}
		mapfile -t COMPREPLY < <(compgen -W 'search map bind tls init unload quick all' -- "$cur")
		return
		;;
	--identity=*)
		cur=${cur#*=}
		mapfile -t COMPREPLY < <(compgen -W 'inode path' -- "$cur")
		return
		;;
	--*=*)
		cur=${cur#*=}
		_filedir
		return
		;;
	-*)
		# those that this rld has
		mapfile -t COMPREPLY < <(compgen -W "$("$1" --help 2>/dev/null |
			grep -oE -- '--[a-z][a-z-]*=?' | sort -u)" -- "$cur")
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
		return
		;;
	esac
	_filedir
} && complete -F _rld rld
