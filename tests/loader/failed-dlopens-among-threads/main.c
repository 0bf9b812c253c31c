/* usage: p DIRECTORY SECONDS [swap] */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include "check.h"
#include "rld.h"

static const char *dir;
static volatile int stop;
static unsigned long rounds[6];

static void in_dir(char *path, size_t size, const char *form, unsigned n)
{
	size_t k = (size_t)snprintf(path, size, "%s/", dir);

	snprintf(path + k, size - k, form, n);
}

/* It is refused, for what it lacks. */
static void fails(unsigned n, unsigned long i)
{
	char path[4096];
	void *h;

	in_dir(path, sizeof path, "libbad%u.so", n);
	h = dlopen(path, RTLD_NOW | (i & 1 ? RTLD_GLOBAL : 0));
	PTREQ(h, NULL);
	if (!h)
		HAS(dlerror(), "nowhere");
}

/* It is there, whole, and leaves. */
static void works(unsigned n, unsigned long i)
{
	char path[4096];
	int (*f)(void);
	void *h;

	in_dir(path, sizeof path, "libgood%u.so", n);
	h = dlopen(path, i & 1 ? RTLD_NOW : RTLD_LAZY);
	if (!h) {
		CHECK_FAIL("%s", dlerror());
		return;
	}
	*(void **)&f = dlsym(h, "call_it");
	EQ(f(), 13);
	EQ(dlclose(h), 0);
}

static void *thread(void *p)
{
	unsigned k = (unsigned)(unsigned long)p;

	while (!stop && !check_failures) {
		if (k < 2)
			fails(k + 1, rounds[k]);
		else
			works(k < 5 ? k - 1 : 2, rounds[k]);
		rounds[k]++;
	}
	return NULL;
}

struct list {
	unsigned n, bad;
	unsigned long long there;
};

static int each(struct dl_phdr_info *i, size_t size, void *p)
{
	struct list *l = p;

	(void)size;
	l->n++;
	l->bad += strstr(i->dlpi_name, dir) != NULL;
	l->there = i->dlpi_adds - i->dlpi_subs;
	return 0;
}

int main(int argc, char **argv)
{
	struct timespec begin, now;
	struct list before = { 0 }, after = { 0 };
	void *swapped = NULL;
	char path[4096];
	pthread_t t[6];

	dir = argv[1];
	dl_iterate_phdr(each, &before);
	for (unsigned long i = 0; i < 6; i++)
		EQ(pthread_create(&t[i], NULL, thread, (void *)i), 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (argc > 3) {
		in_dir(path, sizeof path, "libgood%u.so", 1);
		swapped = dlopen(path, RTLD_LAZY);
		in_dir(path, sizeof path, "worse.so", 0);
	}
	do {
		struct timespec pause = { 0, 1000000 };

		if (!swapped) {
			nanosleep(&pause, NULL);
		} else {
			EQ(rld_swap(swapped, path, RLD_SWAP_NOW), -1);
			HAS(dlerror(), "nowhere");
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec < atoi(argv[2]) && !check_failures);
	stop = 1;
	for (int i = 0; i < 6; i++) {
		pthread_join(t[i], NULL);
		CHECK(rounds[i] > 0);
	}
	if (swapped)
		EQ(dlclose(swapped), 0);
	dl_iterate_phdr(each, &after);
	EQ(after.n, before.n);
	EQ(after.bad, before.bad);
	EQ(after.there, before.there);
	return DONE();
}
