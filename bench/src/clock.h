#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Each in-process measurement prints one number: nanoseconds per operation. */
static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void *must(void *p)
{
	if (!p) {
		const char *why = dlerror();

		fprintf(stderr, "%s\n", why ? why : "null");
		exit(1);
	}
	return p;
}
