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

case_c()
{
	need lua5.4 /usr/include/lua5.4/lua.h
	versions answer lua.c -I/usr/include/lua5.4
	client lua5.4
	"${run[@]}" "$FIX/lua.lua"
}

case_cxx()
{
	need /usr/include/lua5.4/lua.hpp
	versions answer lua.c -I/usr/include/lua5.4 -include lua.hpp
	client lua5.4
	"${run[@]}" "$FIX/lua.lua"
}

case_user()
{
	need lua5.4 /usr/include/lua5.4/lua.h
	versions base base.c
	plugin user.so 0 lua-user.c -I/usr/include/lua5.4
	client lua5.4
	"${run[@]}" "$FIX/lua.lua" user
}
