# SPDX-License-Identifier: MIT
# ECL: Lisp compiled and linked to shared libraries; foreign libraries.
# shellcheck shell=bash disable=SC2034,SC2154
want_lisp='before: (1 12) mapped
unloaded: not mapped
after: (2 22) mapped
unloaded: not mapped
after: (3 32) mapped
after: (4 42) old one mapped'
want_c='before: 1 mapped
unloaded: not mapped
after: 2 mapped
unloaded: not mapped
after: 3 mapped'
want_cxx=$want_c
want_user=$want_c

lisp()
{
	client ecl
	"${run[@]}" --norc --shell "$FIX/ecl.lisp" -- "$1"
}

case_lisp()
{
	need ecl gcc
	lisp lisp
}

case_c()
{
	need ecl
	versions base base.c
	lisp foreign
}

case_cxx() { case_c; }

case_user()
{
	need ecl
	versions base base.c
	plugin user.so 0 c-user.c
	lisp user
}
