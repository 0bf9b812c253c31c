# SPDX-License-Identifier: MIT
# bash completion of rld-mark
_rld_mark()
{
	local cur prev words cword file libs
	_init_completion || return
	case $prev in
	--delay-load | --no-delay-load | --exact-match | --ignore-version | --require-minor | --any-match)
		# the libraries that the named files need
		for file in "${words[@]:1}"; do
			[ -f "$file" ] && libs+=" $(readelf -d "$file" 2>/dev/null |
				sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')"
		done
		mapfile -t COMPREPLY < <(compgen -W "$libs" -- "$cur")
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--delay-load --no-delay-load --hide
			--no-hide --version-string --want-version --exact-match
			--ignore-version --require-minor --any-match --symbolic --no-symbolic
			--clear --output --show --json --emit-note --machine --help
			--version' -- "$cur")
	else
		_filedir
	fi
} && complete -F _rld_mark rld-mark
