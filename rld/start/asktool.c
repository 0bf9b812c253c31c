/* SPDX-License-Identifier: MIT */
/* rld --tree and the like: rld-show answers, which lies beside rld or where
 * it was built to be, and is never looked for by PATH. */
#include "rld/base/base.h"
#include "rld/start/start.h"

#ifndef RLD_BINDIR
#define RLD_BINDIR "/usr/local/bin"
#endif

int rld_asks_tool(const char *option)
{
	static const char all[] = " --tree --why --symbol --bindings --lint "
				  "--time --graph --html --sqlite --ps --core "
				  "--diff ";
	size_t n = strlen(option);

	for (const char *p = all; (p = strchr(p, ' ')) && p[1]; p++)
		if (!strncmp(p + 1, option, n) && p[n + 1] == ' ')
			return 1;
	return 0;
}

/* The directory of rld's own file; heap, NULL where it cannot be told. */
static char *own_directory(void)
{
	enum { MOST = 4096 };
	char *s = rld_alloc(MOST), *slash;
	long n = s ? sys_readlink("/proc/self/exe", s, MOST - 1) : -1;

	if (n > 0)
		s[n] = 0;
	slash = n > 0 && *s == '/' ? strrchr(s, '/') : NULL;
	if (!slash) {
		rld_free(s);
		return NULL;
	}
	slash[slash == s] = 0;
	return s;
}

/* Returns where it could not be. */
static void try_tool(const struct rld *r, const char *dir, char **argv)
{
	char *path = dir ? rld_format("%s/rld-show", dir) : NULL;

	if (path) {
		argv[0] = path;
		sys3(__NR_execve, (long)path, (long)argv, (long)r->envp);
	}
	rld_free(path);
}

_Noreturn void rld_start_tool(struct rld *r, int i)
{
	char *dir = own_directory();
	int n = 0;
	char **argv = rld_alloc(((size_t)r->argc + 2) * sizeof *argv);

	if (r->secure || !argv)
		rld_die(r, "%s: not in a secure program", r->argv[i]);
	/* --tree PROGRAM is rld-show tree PROGRAM; what else stands there, as it
	 * does */
	argv[n++] = NULL;
	argv[n++] = r->argv[i] + 2;
	for (int k = 1; k < r->argc; k++)
		if (k != i)
			argv[n++] = r->argv[k];
	try_tool(r, dir, argv);
	try_tool(r, RLD_BINDIR, argv);
	rld_die(r,
		"%s: rld-show cannot be started: it is neither %s/rld-show nor "
		"%s/rld-show: install the package rld-show",
		r->argv[i], dir, RLD_BINDIR);
}
