/* SPDX-License-Identifier: MIT */
/* How libc's own loader is asked to open an object, and what it knows. */
#include "rld/base/base.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

/* glibc 2.34 has the dlopen family in libc; before, functions of its own. */
int rld_host_loader(struct rld *r, struct inner_loader *in)
{
	enum { FROM_LIBC = INT32_MIN }; /* __RTLD_DLOPEN */
	struct dso *libc = r->host.libc;

	*in = (struct inner_loader){ .mode = RTLD_NOW };
	in->open = (void *(*)(const char *, int))rld_host_symbol(r, libc,
								 "dlopen");
	in->close = (int (*)(void *))rld_host_symbol(r, libc, "dlclose");
	in->error = (char *(*)(void))rld_host_symbol(r, libc, "dlerror");
	if (in->open && in->close)
		return 0;
	in->open = (void *(*)(const char *, int))rld_host_symbol(
		r, libc, "__libc_dlopen_mode");
	in->close = (int (*)(void *))rld_host_symbol(r, libc, "__libc_dlclose");
	in->error = NULL;
	in->mode = RTLD_NOW | FROM_LIBC;
	return in->open && in->close ? 0 : -1;
}

char *rld_find_text(const struct dso *d, const ElfW(Phdr) *p, char *at,
		    const char *text, size_t n)
{
	char *end = (char *)(d->lm.l_addr + p->p_vaddr) + p->p_filesz;

	if (p->p_type != PT_LOAD || !(p->p_flags & PF_R))
		return NULL;
	for (; (size_t)(end - at) >= n; at++)
		if (*at == *text && !memcmp(at, text, n))
			return at;
	return NULL;
}

bool rld_host_has_text(const struct rld *r, const char *text, size_t n)
{
	const struct dso *d = r->host.loader;

	for (unsigned i = 0; i < d->phnum; i++)
		if (rld_find_text(d, &d->ph[i],
				  (char *)(d->lm.l_addr + d->ph[i].p_vaddr),
				  text, n))
			return true;
	return false;
}
