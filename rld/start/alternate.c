/* SPDX-License-Identifier: MIT */
/* _RLD_PATH: another rld does the work in our place, such as one built for
 * debugging. */
#include "rld/base/base.h"
#include "rld/start/start.h"

static int file_id(const char *path, uint64_t id[2])
{
	struct statx st;

	if (sys_statx(AT_FDCWD, path, 0, &st))
		return -1;
	id[0] = sys_dev(&st);
	id[1] = st.stx_ino;
	return 0;
}

/* The file that we are: the command, or the program's interpreter. */
static int is_us(struct rld *r, const char *path)
{
	const ElfW(Phdr) *ph = (const void *)rld_aux(r, AT_PHDR);
	const char *self = "/proc/self/exe";
	uint64_t a[2], b[2];
	uintptr_t bias = 0;

	for (size_t i = 0; !r->as_command && i < rld_aux(r, AT_PHNUM); i++) {
		if (ph[i].p_type == PT_PHDR)
			bias = (uintptr_t)ph - ph[i].p_vaddr;
		if (ph[i].p_type == PT_INTERP)
			self = (const char *)(bias + ph[i].p_vaddr);
	}
	return !file_id(path, a) && !file_id(self, b) && a[0] == b[0] &&
	       a[1] == b[1];
}

/* Returns when path is this rld, or cannot be started (a warning says so).
 * The other one is started as a command: it finds the variable, too, and that
 * it is meant. */
void rld_alternate(struct rld *r, const char *path)
{
	const char *exe = (const char *)rld_aux(r, AT_EXECFN);
	char **argv;
	int n = 0;
	long err;

	if (is_us(r, path))
		return;
	argv = rld_alloc(((size_t)r->argc + 5) * sizeof *argv);
	if (!argv)
		return;
	argv[n++] = (char *)(uintptr_t)path;
	if (!r->as_command) {
		if (r->argc)
			argv[n++] = rld_format("--argv0=%s", r->argv[0]);
		argv[n++] = (char *)(uintptr_t) "--";
		argv[n++] = (char *)(uintptr_t)(exe ? exe : r->prog);
	}
	for (int i = 1; i < r->argc; i++)
		argv[n++] = r->argv[i];
	err = sys3(__NR_execve, (long)path, (long)argv, (long)r->envp);
	rld_print(r, 2,
		  "rld: %s: _RLD_PATH: %s: cannot be started: %s: ignored\n",
		  r->prog, path, sys_strerror(err));
	rld_free(argv);
}
