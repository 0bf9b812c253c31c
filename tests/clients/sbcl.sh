# SPDX-License-Identifier: MIT
# SBCL: load-shared-object, unload-shared-object, alien callbacks.
# shellcheck shell=bash disable=SC2034,SC2154
want_c='before: 7 100 mapped
unloaded: not mapped
after: 14 200 mapped
unloaded: not mapped
after: 21 300 mapped'
want_cxx=$want_c
want_user='before: 1 mapped
unloaded: not mapped
after: 2 mapped
unloaded: not mapped
after: 3 mapped'
want_image='before: 1 mapped
after: 2 mapped
after: 3 mapped'

lisp()
{
	export SBCL_HOME=/usr/lib/sbcl
	client sbcl
	"${run[@]}" --noinform --disable-debugger --no-sysinit --no-userinit \
		--eval "(setf *posix-argv* '(\"sbcl\" \"$1\"))" \
		--load "$FIX/sbcl.lisp" --quit
}

case_c()
{
	need sbcl
	versions answer callback.c
	lisp plain
}

case_cxx() { case_c; }

case_user()
{
	need sbcl
	versions base base.c
	plugin user.so 0 c-user.c
	lisp user
}

case_image()
{
	need sbcl
	versions base base.c
	lisp image >log || { cat log; exit 1; }
	grep -v '^\[' log	# what SBCL says while it saves
	for v in 2 3; do
		mv "base.$v" base.so
		"${run[@]}" --core image --noinform
	done
}
