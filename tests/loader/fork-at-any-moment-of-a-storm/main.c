/* A program whose threads open, close, touch and ask, and which forks at any
 * moment; each child opens, calls, closes and exits.  Usage: p SECONDS [CHILDREN]: for at least so long, and at
 * least so many of them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "clock.h"

enum { THREADS = 4 };
static volatile int stop;
static unsigned long rounds[THREADS];

static int one(const char *name, int mode)
{
	void *h = dlopen(name, mode);
	int (*touch)(void);

	if (!h)
		return CHECK_FAIL("%s", dlerror());
	touch = (int (*)(void))dlsym(h, "touch");
	if (!touch)
		return CHECK_FAIL("%s", dlerror());
	EQ(touch() >= 5, 1);
	return dlclose(h);
}

static int each(struct dl_phdr_info *i, size_t size, void *n)
{
	(void)size;
	*(int *)n += i->dlpi_phnum;
	return 0;
}

static void *thread(void *p)
{
	unsigned long k = (unsigned long)p, *i = &rounds[k];

	for (; !stop && !check_failures; ++*i) {
		int n = 0;

		EQ(one((*i + k) & 1 ? "libfa.so" : "libfb.so",
		       *i & 2 ? RTLD_NOW : RTLD_LAZY),
		   0);
		dl_iterate_phdr(each, &n);
		CHECK(n > 0);
	}
	return NULL;
}

static int child(void)
{
	alarm(30); /* a lock that will never be released */
	check_failures = 0;
	EQ(one("libfa.so", RTLD_NOW), 0);
	EQ(one("libfb.so", RTLD_LAZY), 0);
	EQ(one("libfc.so", RTLD_LAZY), 0);
	return DONE();
}

int main(int argc, char **argv)
{
	pthread_t t[THREADS];
	unsigned long n = 0;
	long end = clock_ms() + 1000L * atoi(argv[1]);

	unsigned long least = argc > 2 ? (unsigned long)atoi(argv[2]) : 1;

	for (unsigned long i = 0; i < THREADS; i++)
		EQ(pthread_create(&t[i], NULL, thread, (void *)i), 0);
	for (; (n < least || clock_ms() < end) && !check_failures; n++) {
		int status = -1;
		pid_t p = fork();

		if (p < 0)
			return CHECK_FAIL("fork");
		if (!p) {
			int bad = child();

			if (n & 1)
				exit(bad); /* destructors run */
			_exit(bad);
		}
		EQ(waitpid(p, &status, 0), p);
		EQ(status, 0);
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		CHECK(rounds[i] > 0);
	}
	CHECK(n > 0);
	fprintf(stderr, "%lu children\n", n);
	return DONE();
}
