# SPDX-License-Identifier: MIT
# Lua 5.4: require of modules written in C and C++, package.loadlib.
# shellcheck shell=bash disable=SC2034,SC2154
want_c='before: 1 mapped
unloaded: not mapped
after: 2 mapped
unloaded: not mapped
after: 3 mapped'
want_cxx=$want_c
want_user=$want_c'
no such function'
want_overwritten='before: 1
still: 1
unloaded: true
after: 2
still: 2
unloaded: true
after: 3'

case_c()
{
	need lua5.4 /usr/include/lua5.4/lua.h
	versions answer lua.c -I/usr/include/lua5.4
	client lua5.4
	"${run[@]}" "$FIX/lua.lua" required
}

case_cxx()
{
	need /usr/include/lua5.4/lua.hpp
	versions answer lua.c -I/usr/include/lua5.4 -include lua.hpp
	client lua5.4
	"${run[@]}" "$FIX/lua.lua" required
}

case_user()
{
	need lua5.4 /usr/include/lua5.4/lua.h
	versions base base.c
	plugin user.so 0 lua-user.c -I/usr/include/lua5.4
	client lua5.4
	"${run[@]}" "$FIX/lua.lua" user
}

case_overwritten()
{
	need lua5.4 /usr/include/lua5.4/lua.h
	versions answer lua-shifted.c -I/usr/include/lua5.4
	client lua5.4
	_RLD_ARGS=-snapshot "${run[@]}" "$FIX/lua.lua" overwritten
}
