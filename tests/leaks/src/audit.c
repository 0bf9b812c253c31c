/* An auditor that is told of everything, and changes nothing. */
#define _GNU_SOURCE
#include <link.h>

unsigned la_version(unsigned version)
{
	return version;
}

unsigned la_objopen(struct link_map *l, Lmid_t space, uintptr_t *cookie)
{
	(void)l;
	(void)space;
	(void)cookie;
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

void la_activity(uintptr_t *cookie, unsigned what)
{
	(void)cookie;
	(void)what;
}

char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag)
{
	(void)cookie;
	(void)flag;
	return (char *)(uintptr_t)name;
}

unsigned la_objclose(uintptr_t *cookie)
{
	(void)cookie;
	return 0;
}

#if __SIZEOF_POINTER__ == 8
uintptr_t la_symbind64(Elf64_Sym *s, unsigned i, uintptr_t *from, uintptr_t *to,
		       unsigned *flags, const char *name)
#else
uintptr_t la_symbind32(Elf32_Sym *s, unsigned i, uintptr_t *from, uintptr_t *to,
		       unsigned *flags, const char *name)
#endif
{
	(void)i;
	(void)from;
	(void)to;
	(void)flags;
	(void)name;
	return s->st_value;
}
