/* An auditor that frees what libc allocates. */
#define _GNU_SOURCE
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void use(void)
{
	char *p;

	if (asprintf(&p, "%s", "text") < 0)
		abort();
	free(p);
	free(strdup("text"));
}

unsigned la_version(unsigned version)
{
	use();
	return version;
}

unsigned la_objopen(struct link_map *l, Lmid_t space, uintptr_t *cookie)
{
	(void)l;
	(void)space;
	(void)cookie;
	use();
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

void la_preinit(uintptr_t *cookie)
{
	(void)cookie;
	use();
}

uintptr_t la_symbind64(Elf64_Sym *s, unsigned i, uintptr_t *from, uintptr_t *to,
		       unsigned *flags, const char *name)
{
	use();
	return s->st_value;
}

uintptr_t la_symbind32(Elf32_Sym *s, unsigned i, uintptr_t *from, uintptr_t *to,
		       unsigned *flags, const char *name)
{
	use();
	return s->st_value;
}
