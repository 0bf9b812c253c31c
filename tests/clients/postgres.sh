# SPDX-License-Identifier: MIT
# PostgreSQL: a library of C functions replaced under a server that has a
# throw-away cluster on a local socket.
# shellcheck shell=bash disable=SC2034,SC2154
want_c='load: done mapped
before: 1 mapped
load: done mapped
after: 2 mapped
load: done mapped
after: 3 mapped
earlier sessions: 1 2
session ended: False
session ended: False
session ended: False
before: 1 not mapped
after: 2 not mapped
after: 3 not mapped
plpgsql: NOTICE:  at work
conversion: \x6772c3bc6e
dictionary: '"'link':2 'linker':1"'
compiled: t|1001000 mapped
parallel: 200010000
swapped: 1 mapped
swapped: 2 mapped
swapped: 3 mapped
ended: 0'
[ "$MODE" = system ] && want_c=$(grep -v '^swapped' <<<"$want_c")
want_cxx=$want_c

case_c()
{
	local bin include initdb
	# pg_config is of the newest; BINDIR is where its server lies.
	bin=$(pg_config --bindir)
	include=$(pg_config --includedir-server)
	need $bin/postgres $bin/psql "$include/postgres.h" python3
	versions answer postgres.c "-I$include"
	versions swap postgres.c "-I$include"
	versions base base.c
	kind=c plugin plugins.so 0 postgres-plugins.c "-I$include"
	# The server runs as another user, who must be able to read rld.
	cp "$RLD" "$W/rld" && RLD=$W/rld
	initdb=$bin/initdb
	if [ "$MODE" = interp ]; then
		# It starts the program postgres that lies beside it.
		client $bin/initdb
		initdb=$program
	fi
	client $bin/postgres
	python3 "$FIX/postgres.py" "$initdb" "${run[@]}"
}

case_cxx() { case_c; }
