# SPDX-License-Identifier: MIT
# GNU R: dyn.load, .C, .Call and dyn.unload.
# shellcheck shell=bash disable=SC2034,SC2154
want_c='before: 1 1 1 mapped
unloaded: FALSE not mapped
after: 2 2 2 mapped
unloaded: FALSE not mapped
after: 3 3 3 mapped'
want_cxx=$want_c
want_user='before: 1 mapped
unloaded: not mapped
after: 2 mapped
unloaded: not mapped
after: 3 mapped'

# What the script /usr/bin/R does for the program; and the directories of BLAS and
# LAPACK, which some machines have no alternatives for.
r()
{
	local lib
	lib=/usr/lib/$(uname -m)-linux-gnu
	export R_HOME=/usr/lib/R R_SHARE_DIR=/usr/share/R/share \
		R_INCLUDE_DIR=/usr/share/R/include R_DOC_DIR=/usr/share/R/doc \
		LD_LIBRARY_PATH=/usr/lib/R/lib:$lib:$lib/blas:$lib/lapack
	client /usr/lib/R/bin/exec/R
	"${run[@]}" --vanilla --no-echo --args "$1" <"$FIX/r.R"
}

case_c()
{
	need /usr/lib/R/bin/exec/R /usr/share/R/include/R.h
	versions answer r.c -I/usr/share/R/include
	r plain
}

case_cxx() { case_c; }

case_user()
{
	need /usr/lib/R/bin/exec/R
	versions base base.c
	plugin user.so 0 c-user.c
	r user
}
