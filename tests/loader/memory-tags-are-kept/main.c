/* usage: p DIRECTORY [swap] */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include "check.h"
#include "rld.h"

extern int one(int *p);

/* A copy in memory that malloc has tagged. */
static char *tagged(const char *dir, const char *s)
{
	size_t n = strlen(dir) + strlen(s) + 2;
	char *p = malloc(n);

	snprintf(p, n, "%s%s%s", dir, *dir ? "/" : "", s);
	return p;
}

static int each(struct dl_phdr_info *i, size_t size, void *p)
{
	(void)size;
	*(int *)p += i->dlpi_phnum;
	return 0;
}

int main(int argc, char **argv)
{
	char *dir = argv[1];
	int *n = malloc(sizeof *n), *seen = calloc(1, sizeof *seen);
	Dl_info *info = malloc(sizeof *info);
	int (*f)(int *);
	void *h, *swapped;

	if ((uintptr_t)n >> 56 == 0) {
		puts("no tags here");
		return 77;
	}
	*n = 4;
	EQ(one(n), 5); /* a first call */
	EQ(dladdr(n, info), 0);
	h = dlopen(tagged("", "libone.so"), RTLD_NOW);
	CHECK(h != NULL);
	*(void **)&f = dlsym(h, tagged("", "one"));
	EQ(f(n), 5);
	EQ(dladdr((void *)f, info) != 0, 1);
	STREQ(info->dli_sname, "one");
	PTREQ(dlsym(h, tagged("", "nowhere")), NULL);
	HAS(dlerror(), "nowhere");
	PTREQ(dlopen(tagged(dir, "none.so"), RTLD_NOW), NULL);
	HAS(dlerror(), "none.so");
	dl_iterate_phdr(each, seen);
	CHECK(*seen > 0);
	EQ(dlclose(h), 0);
	if (argc > 2) {
		swapped = dlopen(tagged(dir, "two.so"), RTLD_NOW);
		*(void **)&f = rld_entry(swapped, tagged("", "one"));
		EQ(f(n), 6);
		EQ(rld_swap(swapped, tagged(dir, "libone.so"), 0), 0);
		EQ(f(n), 5);
	}
	return DONE();
}
