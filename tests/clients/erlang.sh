# SPDX-License-Identifier: MIT
# Erlang: NIF libraries, replaced and upgraded.
# shellcheck shell=bash disable=SC2034,SC2154
want_c='before: {1,1} mapped
unloaded: not mapped
after: {2,1} mapped
unloaded: not mapped
after: {3,1} mapped'
want_cxx=$want_c
want_upgrade='before: {1,1} mapped
after: {2,2} mapped
both: mapped mapped
purged: not mapped
after: {2,3} mapped
after: {3,4} mapped
both: mapped mapped
purged: not mapped
after: {3,5} mapped
after: {4,6} mapped'
# In C++ the new library shares the old one's unique variable, the count of calls,
# as the language has it: the first one's memory stays for it, its code unused.
want_upgrade_cxx=$(sed -e '0,/purged: not mapped/s//purged: mapped/' \
	-e 's/{4,6} mapped/{4,6} old one mapped/' <<<"$want_upgrade")
want_busy='before: 1 mapped
after: 2 mapped
callers: [well,well,well,well]'
want_busy_cxx=$(sed 's/^before.*/&\nanswer.so: mapped/' <<<"$want_busy")

# What erl and erlexec do: they would start the emulator by execve.
erlang()
{
	local root=/usr/lib/erlang emulator
	emulator=$(echo $root/erts-*/bin/beam.smp)
	need "$emulator" erlc $root/usr/include/erl_nif.h
	versions answer erlang.c -I$root/usr/include -Wno-missing-field-initializers
	plugin answer.4 4 erlang.c -I$root/usr/include -Wno-missing-field-initializers
	erlc "$FIX/clients.erl" || exit
	export FIX ROOTDIR=$root BINDIR=${emulator%/*} EMU=beam PROGNAME=erl
	client "$emulator"
	"${run[@]}" -S 2:2 -- -root $root -bindir "$BINDIR" -progname erl -- -home "$W" -- \
		-noshell -noinput -s clients "$1"
}

case_c() { erlang reload; }
case_cxx() { erlang reload; }
case_upgrade() { erlang upgrade; }
case_upgrade_cxx() { erlang upgrade; }
case_busy() { erlang busy; }
case_busy_cxx() { erlang busy; }
