/* A malloc of the program's own, which knows its memory. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static char pool[1 << 22] __attribute__((aligned(16)));
static size_t used;

static int is_mine(const char *p)
{
	return p >= pool && p < pool + sizeof pool;
}

void *malloc(size_t n)
{
	size_t *p = (size_t *)(pool + used);

	used += 16 + ((n + 15) & ~(size_t)15);
	*p = n;
	return used < sizeof pool ? (char *)p + 16 : NULL;
}

void free(void *p)
{
	if (p && !is_mine(p))
		write(2, "foreign\n", 8);
}

void *calloc(size_t a, size_t b)
{
	return malloc(a * b);
}

void *realloc(void *p, size_t n)
{
	void *q = malloc(n);

	if (p && !is_mine(p))
		write(2, "foreign\n", 8);
	else if (p && q)
		memcpy(q, p, *(size_t *)((char *)p - 16) < n ?
				     *(size_t *)((char *)p - 16) : n);
	return q;
}
