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
