# SPDX-License-Identifier: MIT
# What a case of tests/loader is written with.  Started by tests/run as
#   bash lib.sh build|run CASE/test
# with, in the environment:
#   MODE  system, command or interp      LIBC  glibc or musl     ARCH
#   GLIBC the minor version of that glibc, empty for musl
#   S     the case's directory           O     its built programs and DSOs
#   SHARED  the directory of the sources that it shares (# fixtures:)
#   W     an empty directory, the current one when it runs
#   CC CXX MUSL_CC RLD MARK QUICK QEMU SYSROOT MULTIARCH INTERP LDCONFIG PYTHON
#   TOP   the project's directory        FIX   its fixtures
#   PLACEHOLDER  the interpreter's name until tests/run puts another in its place
# A case defines build(), which stops at the first error, and run(), which
# goes on after a failed check and fails at its end.
# shellcheck shell=bash

verb=$1
CASE=$2
_failures=0

# ---------------------------------------------------------------- building

# dso OUT SOURCE|FLAG...: a DSO, its soname OUT's last part, or soname=NAME.  It
# finds its neighbours by $ORIGIN, unless norpath=1.
dso()
{
	local out=$1
	shift
	_link "$out" -shared -fPIC "-Wl,-soname,${soname:-${out##*/}}" "$@"
}

# prog OUT SOURCE|FLAG...: a PIE (-no-pie for another), as above.
prog()
{
	local out=$1
	shift
	_link "$out" -fPIE -pie "-Wl,--dynamic-linker=$PLACEHOLDER" "$@"
}

# Flags for a program that is not position-independent: it has PLT entries and
# COPY relocations.  On MIPS that is a choice of the compiler's.
case ${ARCH:-} in
mips | mipsel) NONPIC='-fno-pie -no-pie -fno-pic -mplt -mno-shared' ;;
mipsn32*) NONPIC='-fno-pie -no-pie -fno-pic -mplt' ;;
mips64*) NONPIC='-fno-pie -no-pie -fno-pic -mplt -msym32 -Wl,-Ttext-segment=0x10000000' ;;
*) NONPIC='-fno-pie -no-pie' ;;
esac
# The same when its functions are nowhere at link time, for ld makes no PLT
# entries for those on MIPS.
NOPIE='-fno-pie -no-pie'
[[ ${ARCH:-} != mips* ]] || NOPIE+=' -mno-plt'

# non_pic OUT LIBRARY SOURCE|FLAG...: such a program, with PLT entries for the
# functions of a library that it does not need.
non_pic()
{
	local out=$1 lib=$2
	shift 2
	if [[ $ARCH == mips* ]]; then	# ld wants to see them defined
		# shellcheck disable=SC2086
		prog "$out" "$@" $NONPIC "$O/$lib"
		elfedit unneed "$out" "${lib##*/}"
	else
		# shellcheck disable=SC2086
		prog "$out" "$@" $NONPIC -Wl,--unresolved-symbols=ignore-all
	fi
}

# raw OUT SOURCE|FLAG...: the compiler, adding nothing but names and warnings.
raw()
{
	local out=$1 a cc=$CC args=()
	shift
	for a in "$@"; do
		case $a in
		*.cc) cc=$CXX ;;
		esac
		if [[ $a != -* && -e $S/$a ]]; then
			a=$S/$a
		elif [[ $a != -* && -e $SHARED/$a ]]; then
			a=$SHARED/$a
		fi
		args+=("$a")
	done
	mkdir -p "$(dirname "$O/$out")"
	# shellcheck disable=SC2086
	_echo $cc -I"$S" -I"$SHARED" -I"$FIX" -I"$TOP/rld/include" -O1 -w -o "$O/$out" "${args[@]}"
}

_link()
{
	local out=$1 rpath=("-Wl,-rpath,\$ORIGIN")
	shift
	[ "${norpath:-}" ] && rpath=()
	raw "$out" -Wl,--no-as-needed -Wl,-z,lazy -L"$O" \
		"-Wl,-rpath-link,$O" "${rpath[@]}" "$@"
}

_echo()
{
	"$@" || { echo "+ ${*/$PLACEHOLDER/INTERP}"; return 1; }
}

# elfedit VERB FILE...: tests/elfedit.py on files of $O.
elfedit()
{
	(cd "$O" && _echo "$PYTHON" -B "$TOP/tests/elfedit.py" "$@")
}

# mark ARG...: rld-mark in $O.
mark()
{
	(cd "$O" && _echo "$MARK" "$@")
}

# librld: what programs link to for rld.h (-lrld); its soname is librld.so.1.
librld()
{
	soname=librld.so.1 dso librld.so "$TOP/librld/librld.c" -std=gnu11 \
		-fvisibility=hidden -Wl,--version-script="$TOP/librld/librld.map"
}

# ---------------------------------------------------------------- running

on_rld() { [ "$MODE" != system ]; }
on_system() { [ "$MODE" = system ]; }
# glibc_before N: is it glibc 2.(N - 1) or older?  For what such a release does or
# has in another way.
glibc_before() { [ "$LIBC" = glibc ] && [ "$GLIBC" -lt "$1" ]; }

# x [NAME=VALUE...] PROGRAM ARG...: start it the mode's way.  A program's
# name is relative to $O.  RLDOPTS: options for mode command.
x()
{
	local env=() p
	while [[ $1 == [A-Za-z_]*=* ]]; do
		env+=("$1")
		shift
	done
	p=$1
	shift
	[[ $p == /* ]] || p=$O/$p
	if [ "$MODE" = command ]; then
		# shellcheck disable=SC2086
		set -- "$RLD" ${RLDOPTS:-} "$p" "$@"
	else
		set -- "$p" "$@"
	fi
	_exec "$@"
}

# rld [NAME=VALUE...] ARG...: the command itself.
rld()
{
	local env=()
	while [[ $1 == [A-Za-z_]*=* ]]; do
		env+=("$1")
		shift
	done
	_exec "$RLD" "$@"
}

_exec()
{
	local e q=() own=()
	_cmd="${env[*]} $*"
	if [ "$QEMU" ]; then
		# qemu takes a comma for the end of a variable, and LD_* for
		# itself when it finds them in its own environment
		for e in "${env[@]}"; do
			case $e in
			*,*) own+=("$e") ;;
			*) q+=(-E "$e") ;;
			esac
		done
		# shellcheck disable=SC2086
		env "${own[@]}" $QEMU "${q[@]}" "$@"
	elif [ ${#env[@]} = 0 ]; then
		"$@"
	else
		env "${env[@]}" "$@"
	fi
}

_run()
{
	_cmd=
	"$@" >"$W/.out" 2>"$W/.err" <"${STDIN:-/dev/null}"
	status=$?
	[ "$_cmd" ] || _cmd="$*"
}

# What the last command wrote.
out() { cat "$W/.out"; }
err() { cat "$W/.err"; }

# ok CMD...: it ends with status 0 (programs with check.h say what differs).
ok()
{
	_run "$@"
	[ $status = 0 ] || _fail "exit status $status, expected 0"
}

# expect TEXT CMD...: status 0 and exactly TEXT on its standard output.
expect()
{
	local want=$1
	shift
	_run "$@"
	[ $status = 0 ] || { _fail "exit status $status, expected 0"; return; }
	_differ "$want" "$(cat "$W/.out")"
}

# match REGEX CMD...: status 0 and a line of its output matches.
match()
{
	local want=$1
	shift
	_run "$@"
	[ $status = 0 ] || { _fail "exit status $status, expected 0"; return; }
	grep -Eq -- "$want" "$W/.out" || _fail "no line of output matches: $want"
}

# dies STATUS REGEX CMD...: that status, and a line of its standard error
# matches.
dies()
{
	local code=$1 want=$2
	shift 2
	_run "$@"
	[ $status = "$code" ] || { _fail "exit status $status, expected $code"; return; }
	grep -Eq -- "$want" "$W/.err" || _fail "no line of its messages matches: $want"
}

# refused REGEX CMD...: it cannot be started: status 127 and a message that
# matches, which on rld begins with the word rld.
refused()
{
	local code=127
	if on_system; then	# the system's linker has two statuses for it
		_run "${@:2}"
		[ $status = 1 ] && code=1
	fi
	dies $code "$@" || return
	if on_rld; then
		grep -Eq '^([0-9]+:[^:]*: )?rld: ' "$W/.err" ||
			_fail "no message begins with 'rld: '"
	fi
}

# check LABEL EXPECTED ACTUAL
check()
{
	_cmd=$1
	_differ "$2" "$3"
}

# has LABEL REGEX FILE; hasnot LABEL REGEX FILE
has()
{
	_cmd=$1
	grep -Eq -- "$2" "$3" && return
	echo "FAILED: $1: nothing in $3 matches: $2"
	head -n 40 "$3"
	_failures=$((_failures + 1))
}

hasnot()
{
	_cmd=$1
	grep -Eq -- "$2" "$3" || return 0
	echo "FAILED: $1: $3 has a line that matches: $2"
	grep -E -- "$2" "$3" | head -n 10
	_failures=$((_failures + 1))
}

skip()
{
	echo "$1"
	exit 77
}

_differ()
{
	[ "$1" = "$2" ] && return
	_failures=$((_failures + 1))
	echo "FAILED: $_cmd"
	diff -u --label expected --label actual <(echo "$1") <(echo "$2") |
		head -n 60
	_show_err
	return 1
}

_fail()
{
	_failures=$((_failures + 1))
	echo "FAILED: $_cmd"
	echo "$1"
	if [ -s "$W/.out" ]; then
		echo "--- its output:"
		tail -n 30 "$W/.out"
	fi
	_show_err
	return 1
}

_show_err()
{
	if [ -s "$W/.err" ]; then
		echo "--- its messages:"
		tail -n 20 "$W/.err"
	fi
}

# shellcheck source=/dev/null
. "$CASE"
cd "$W" || exit 1
case $verb in
build)
	set -eu
	build
	;;
run)
	run
	[ $_failures = 0 ]
	;;
esac
