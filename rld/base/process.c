/* SPDX-License-Identifier: MIT */
/* What the kernel has put on the stack: arguments, environment, aux vector. */
#include "rld/base/base.h"

uintptr_t rld_aux(const struct rld *r, uintptr_t type)
{
	for (const ElfW(auxv_t) *a = r->auxv; a->a_type != AT_NULL; a++)
		if (a->a_type == type)
			return a->a_un.a_val;
	return 0;
}

void rld_read_stack(struct rld *r, uintptr_t *sp)
{
	r->stack = sp;
	r->argc = (int)sp[0];
	r->argv = (char **)(sp + 1);
	r->envp = r->argv + r->argc + 1;
	char **e = r->envp;
	while (*e)
		e++;
	r->auxv = (ElfW(auxv_t) *)(void *)(e + 1);
}

/* AT_SECURE: variables that steer loading vanish for the program, too. */
void rld_drop_variables(struct rld *r)
{
	char **to = r->envp, **from = r->envp;
	uintptr_t *end;

	for (; *from; from++)
		if (!str_starts(*from, "LD_") && !str_starts(*from, "_RLD"))
			*to++ = *from;
	if (to == from)
		return;
	for (end = (uintptr_t *)r->auxv; *end != AT_NULL; end += 2)
		;
	end += 2;
	memmove(to, from, (size_t)((char *)end - (char *)from));
	rld_read_stack(r, r->stack);
}

void rld_shift_args(struct rld *r, int n)
{
	uintptr_t *end = (uintptr_t *)r->auxv, *from, *to;

	if (!n)
		return;
	while (*end != AT_NULL)
		end += 2;
	end += 2;
	from = (uintptr_t *)(r->argv + n);
	to = (uintptr_t *)((uintptr_t)(from - 1) & ~(uintptr_t)15);
	memmove(to + 1, from, (size_t)((char *)end - (char *)from));
	to[0] = (uintptr_t)(r->argc - n);
	rld_read_stack(r, to);
}

const char *rld_getenv(struct rld *r, const char *name)
{
	size_t n = strlen(name);

	for (char **e = r->envp; *e; e++)
		if (**e == *name && !strncmp(*e, name, n) && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}
