# SPDX-License-Identifier: MIT
# bash completion of rld-quick
_rld_quick()
{
	local cur prev words cword
	_init_completion -n = || return
	if [ "$cword" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'make show verify remove list --help
			--version' -- "$cur")
	elif [[ $cur == --rld=* ]]; then
		cur=${cur#*=}
		_filedir
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--all --bindings --json --system --user
			--rld=' -- "$cur")
	else
		_filedir
	fi
} && complete -F _rld_quick rld-quick
