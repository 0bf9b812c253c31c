/* An auditor that opens and closes what it may not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

unsigned la_version(unsigned version)
{
	return version;
}

unsigned la_objopen(struct link_map *l, Lmid_t space, uintptr_t *cookie)
{
	void *h;

	(void)space;
	(void)cookie;
	if (!strstr(l->l_name, "t-y.so"))
		return 0;
	h = dlopen("./t-p.so", RTLD_NOW);
	dprintf(1, h ? "opened\n" : "refused: %s\n", dlerror());
	return 0;
}

void la_preinit(uintptr_t *cookie)
{
	void *h = dlopen("./t-p.so", RTLD_NOW);

	(void)cookie;
	dprintf(1, "%s open\n", h ? "may" : "may not");
	if (h)
		dlclose(h);
}
