# SPDX-License-Identifier: MIT
# What a client's script is written with.  Started by tests/clients/run as
#   bash lib.sh SCRIPT KIND
# with, in the environment,
#   MODE   command, interp or system      RLD
#   W      an empty directory, the current one when it runs
#   FIX    the directory of sources
#   BUILT  what was built for another mode
# A script defines case_KIND, and want_KIND: what it must print.
# shellcheck shell=bash disable=SC2034
set -u

# need PROGRAM|FILE...: they come with "scripts/setup clients".
need()
{
	local p
	for p; do
		[ -e "$p" ] || command -v "$p" >/dev/null ||
			{ echo "$p: not installed" >&2; exit 77; }
	done
}

# client PROGRAM: afterwards "${run[@]}" starts it in this mode, and $program
# is the file that is executed.
client()
{
	program=$(realpath "$(command -v "$1")")
	case $MODE in
	system) run=("$program") ;;
	command) run=("$RLD" "$program") ;;
	interp)
		patchelf --set-interpreter "$RLD" --output "$W/${1##*/}" "$program"
		program=$W/${1##*/}
		run=("$program")
		;;
	esac
}

# plugin OUT VERSION SOURCE [FLAG...]: a shared library of fixtures/clients
# whose answer is VERSION.  In a KIND that ends in cxx it is C++,
# with what keeps C++ libraries in memory elsewhere: see answer.h.
plugin()
{
	local out=$1 version=$2 source=$3 cc=(gcc)
	shift 3
	[ -e "$BUILT/$out" ] && { cp "$BUILT/$out" "$out"; return; }
	[[ $kind == *cxx ]] && cc=(g++ -x c++)
	"${cc[@]}" -O1 -g -Wall -Wextra -Werror -fPIC -shared \
		"-DVERSION=$version" -I"$FIX" -o "$out" "$FIX/$source" "$@" &&
		cp "$out" "$BUILT/$out" || exit 1
}

# versions NAME SOURCE [FLAG...]: NAME.so, and NAME.2 and NAME.3, which are to
# take its place by being renamed.
versions()
{
	local name=$1 source=$2 v
	shift 2
	plugin "$name.so" 1 "$source" "$@"
	for v in 2 3; do
		plugin "$name.$v" $v "$source" "$@"
	done
}

kind=$2
# shellcheck source=/dev/null
. "$1"
cd "$W" || exit 1
want=want_$kind
printf '%s\n' "${!want}" >"$W.want"
set +e
"case_$kind"
