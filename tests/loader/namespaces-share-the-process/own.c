/* A program with a malloc of its own: what a namespace's library frees came from
 * here, though libc has taken it, and what it takes is freed here. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include "check.h"

static char arena[1 << 22] __attribute__((aligned(16)));
static size_t used;
static int strangers, freed;

static int is_ours(const void *p)
{
	return (uintptr_t)p - (uintptr_t)arena < sizeof arena;
}

void *malloc(size_t n)
{
	size_t at = __atomic_fetch_add(&used, ((n + 15) & ~(size_t)15) + 16,
				       __ATOMIC_RELAXED);

	if (at + n + 16 > sizeof arena)
		return NULL;
	*(size_t *)(arena + at) = n;
	return arena + at + 16;
}

void free(void *p)
{
	freed += p != NULL;
	strangers += p && !is_ours(p);
}

void *calloc(size_t a, size_t b)
{
	return malloc(a * b); /* the arena is zeroed and used once */
}

void *realloc(void *p, size_t n)
{
	size_t had = p ? *(size_t *)((char *)p - 16) : 0;
	char *q = malloc(n);

	for (size_t i = 0; q && i < n && i < had; i++)
		q[i] = ((char *)p)[i];
	return q;
}

int main(void)
{
	void *h = dlmopen(LM_ID_NEWLM, "libx.so", RTLD_NOW);
	char *(*copy)(const char *);
	void (*give)(void *);
	char *s;
	int was;

	CHECK(h);
	if (!h)
		return DONE();
	copy = (char *(*)(const char *))dlsym(h, "x_copy");
	give = (void (*)(void *))dlsym(h, "x_free");
	s = copy("libc's strdup, the program's malloc");
	CHECK(is_ours(s));
	was = freed;
	give(s);
	EQ(freed, was + 1);
	EQ(strangers, 0);
	EQ(dlclose(h), 0);
	EQ(strangers, 0);
	return DONE();
}
