/* SPDX-License-Identifier: MIT */
/* Executable stacks: PT_GNU_STACK of the program and of what starts with it may
 * ask for them, GLIBC_TUNABLES=glibc.rtld.execstack and --strict have their say.
 * Afterwards no stack becomes executable. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/image/image.h"

static int asks(const struct dso *d)
{
	return !(d->flags & (D_HOST | D_SELF | D_VDSO)) && d->stack_flags > 0 &&
	       d->stack_flags & PF_X;
}

/* glibc.rtld.execstack: 0 forbids, 2 gives it unasked. */
static char wish(struct rld *r)
{
	size_t len = 0;
	const char *s = rld_tunable(r, "glibc.rtld.execstack", &len);

	return len == 1 ? *s : '1';
}

int rld_stack_decide(struct rld *r, struct rld_err *e)
{
	const struct dso *d = r->head;
	char w = r->host.kind == HOST_GLIBC ? wish(r) : '1';

	/* musl heeds nothing but the program's, as the kernel does */
	while (d && !asks(d))
		d = r->host.kind == HOST_MUSL ? NULL : dso_next(d);
	if (!d && w != '2')
		return 0;
	if (d && (w == '0' || r->strict))
		return rld_fail(e,
				"%s: asks for an executable stack, which %s "
				"forbids: link it with -z noexecstack",
				dso_name(r, d),
				r->strict ? "--strict" :
					    "glibc.rtld.execstack=0 in "
					    "GLIBC_TUNABLES");
	r->exec_stack = 1;
	if (d == r->program && d->flags & D_KERNEL)
		return 0;
	/* down from the first frame, and what it grows to */
	if (sys_mprotect(page_down(r, (uintptr_t)r->stack), r->page,
			 PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN))
		return rld_fail(e,
				"%s: cannot enable executable stack as shared "
				"object requires: Permission denied",
				d ? dso_name(r, d) : r->prog);
	return 0;
}

int rld_stack_serves(const struct rld *r, const struct dso *d,
		     struct rld_err *e)
{
	if (!r->started || r->exec_stack || r->host.kind != HOST_GLIBC ||
	    !asks(d))
		return 0;
	return rld_fail(e,
			"%s: cannot enable executable stack as shared object "
			"requires: Invalid argument",
			dso_name(r, d));
}
