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
