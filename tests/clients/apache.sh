# SPDX-License-Identifier: MIT
# Apache: a module replaced and reloaded (graceful restart) under load.
# shellcheck shell=bash disable=SC2034,SC2154
want_c='before: 1 mapped
after: 2 mapped
after: 3 mapped
requests while reloading: enough, 0 failed
grows: False
ended: 0'
want_cxx=$want_c

case_c()
{
	need apache2 apxs python3 /usr/include/apache2/httpd.h
	local flags
	read -ra flags <<<"$(apr-1-config --cppflags --includes | tr '\n' ' ')"
	versions answer apache.c -I/usr/include/apache2 "${flags[@]}"
	client apache2
	python3 "$FIX/apache.py" "${run[@]}" || { cat errors >&2; false; }
}

case_cxx() { case_c; }
