# SPDX-License-Identifier: MIT
# Tcl: load and unload of extensions written in C and C++, in several
# interpreters.
# shellcheck shell=bash disable=SC2034,SC2154
want_c='before: 1 1 1 mapped
unloaded: mapped, mapped, not mapped
hooks: interpreter interpreter process, commands: {} {} {}
after: 2 2 2 mapped
kept: old one mapped, {} {} {}, interpreter interpreter
kept, in a fourth: 2
unloaded: not mapped
after: 3 mapped'
want_cxx=$want_c
want_user='before: 1 mapped
unloaded: not mapped
after: 2 mapped
unloaded: not mapped
after: 3 mapped'

case_c()
{
	need tclsh8.6 /usr/include/tcl8.6/tcl.h
	versions answer tcl.c -DUSE_TCL_STUBS -I/usr/include/tcl8.6 -ltclstub8.6
	client tclsh8.6
	"${run[@]}" "$FIX/tcl.tcl"
}

case_cxx() { case_c; }

case_user()
{
	need tclsh8.6 /usr/include/tcl8.6/tcl.h
	local flags=(-DUSE_TCL_STUBS -I/usr/include/tcl8.6)
	versions base tcl-base.c "${flags[@]}" -ltclstub8.6
	plugin user.so 0 tcl-user.c "${flags[@]}" -ltclstub8.6
	client tclsh8.6
	"${run[@]}" "$FIX/tcl-user.tcl"
}
