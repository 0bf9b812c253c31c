# SPDX-License-Identifier: MIT
# Python: libraries opened by ctypes, and extension modules.
# shellcheck shell=bash disable=SC2034,SC2154
want_c='before: 7 100 mapped
unloaded: not mapped
after: 14 200 mapped
unloaded: not mapped
after: 21 300 mapped'
want_cxx=$want_c
want_import='before: 1 mapped
unloaded: not mapped
after: 2 mapped
unloaded: not mapped
after: 3 mapped'
want_import_cxx=$want_import
want_user=$want_import
want_needed='before: 1 mapped
unloaded: not mapped not mapped
after: 2 mapped
unloaded: not mapped not mapped
after: 3 mapped'
want_needed_cxx=$want_needed
want_swap='before: 1 1 mapped
swap: 0
after: 2 2 mapped
swap: 0
after: 3 3 mapped
swap: -1 True
still: 3 mapped not mapped'
want_swap_cxx=$want_swap
want_many='after: 0 of 320 wrong, not mapped
more mappings: False'
want_many_cxx=$want_many

case_c()
{
	need python3
	versions answer callback.c
	client python3
	"${run[@]}" "$FIX/python.py" ctypes
}

case_cxx() { case_c; }

case_import()
{
	need python3
	local include
	include=$(python3 -c 'import sysconfig as s; print(s.get_path("include"))')
	need "$include/Python.h"
	versions answer python.c "-I$include" -Wno-missing-field-initializers
	client python3
	"${run[@]}" "$FIX/python.py" import
}

case_import_cxx() { case_import; }

case_user()
{
	need python3
	versions base base.c
	plugin user.so 0 c-user.c
	client python3
	"${run[@]}" "$FIX/python.py" user
}

case_needed()
{
	need python3
	versions base base.c
	kind=c plugin user.so 0 c-user.c -L. -l:base.so "-Wl,-rpath,\$ORIGIN"
	client python3
	"${run[@]}" "$FIX/python.py" needed
}

case_needed_cxx() { case_needed; }

case_many()
{
	need python3
	versions answer callback.c
	client python3
	"${run[@]}" "$FIX/python.py" many
}

case_many_cxx() { case_many; }

case_swap()
{
	need python3
	[ "$MODE" = system ] && { echo "only rld has rld_swap" >&2; exit 77; }
	versions base base.c
	kind=c plugin user.so 0 c-user.c
	plugin other.so 0 callback.c
	client python3
	"${run[@]}" "$FIX/python.py" swap
}

case_swap_cxx() { case_swap; }
