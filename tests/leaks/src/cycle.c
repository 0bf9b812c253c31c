/* cycle N LIB SYMBOL [THREADS]: opens, calls and closes LIB N times (SYMBOL "-":
 * it must fail N times).  Mappings, descriptors, objects and memory must be at
 * the end what they were after the first cycles. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
	int objects, fds, maps;
	long pages, resident;
};

static const char *lib, *symbol;
static int failures;

static int count(struct dl_phdr_info *i, size_t n, void *p)
{
	(void)i;
	(void)n;
	++*(int *)p;
	return 0;
}

static struct state look(void)
{
	static char line[8192];
	struct state s = { 0, 0, 0, 0, 0 };
	DIR *d = opendir("/proc/self/fd");
	FILE *f = fopen("/proc/self/maps", "r");

	dl_iterate_phdr(count, &s.objects);
	while (d && readdir(d))
		s.fds++;
	if (d)
		closedir(d);
	while (f && fgets(line, sizeof line, f))
		s.maps++;
	if (f)
		fclose(f);
	f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%ld %ld", &s.pages, &s.resident) != 2)
		failures++;
	if (f)
		fclose(f);
	return s;
}

static void fail(const char *what)
{
	const char *e = dlerror();

	if (__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) < 3)
		fprintf(stderr, "%s: %s\n", what, e ? e : "no text");
}

static void once(void)
{
	void *h = dlopen(lib, RTLD_NOW);
	int (*get)(void);

	if (!strcmp(symbol, "-")) {
		if (h)
			fail("it was opened");
		else if (!dlerror())
			fail("no text");
		return;
	}
	if (!h)
		return fail("dlopen");
	get = (int (*)(void))dlsym(h, symbol);
	if (!get || get() < 3)
		fail("dlsym or the call");
	if (dlclose(h))
		fail("dlclose");
}

static void *many(void *arg)
{
	for (long n = *(long *)arg; n > 0; n--)
		once();
	return NULL;
}

static void run(long n, int threads)
{
	pthread_t t[64];
	long each = n / (threads ? threads : 1);

	if (!threads) {
		many(&n);
		return;
	}
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, many, &each);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
}

int main(int argc, char **argv)
{
	int threads = argc > 4 ? atoi(argv[4]) : 0;
	long n = atol(argv[1]);
	struct state a, b;

	lib = argv[2];
	symbol = argv[3];
	look();
	run(4000, threads); /* rld's index has found its size by then */
	a = look();
	run(n, threads);
	b = look();
	/* threads leave stacks and arenas behind as libc likes */
	if (a.objects != b.objects || a.fds != b.fds ||
	    b.maps > a.maps + (threads ? 2 * threads : 2) ||
	    (!threads && b.pages > a.pages + 16) ||
	    b.resident > a.resident + (threads ? 1024 : 128)) {
		fprintf(stderr,
			"objects %d to %d, descriptors %d to %d, mappings %d to "
			"%d, pages %ld to %ld, resident %ld to %ld\n",
			a.objects, b.objects, a.fds, b.fds, a.maps, b.maps,
			a.pages, b.pages, a.resident, b.resident);
		failures++;
	}
	return failures != 0;
}
