/* cycle [OPTION]... N LIB SYMBOL: opens, calls and closes LIB N times (SYMBOL "-":
 * it must fail N times).  Mappings, descriptors, objects and memory must be at
 * the end what they were after the first cycles.
 *   -t THREADS   by so many threads, N in total
 *   -d MORE      the call, and not the open, brings MORE objects: delay-load
 *   -s OTHER     OTHER takes LIB's place, and LIB takes it back, N times
 *   -u USER      is bound to LIB all the time, and called after each swap;
 *                without -s it is opened behind LIB and closed after it
 *   -o           with -s: LIB is opened and closed for each swap
 *   -n           LIB is opened in a new namespace each time */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <rld.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
	int objects, fds, maps;
	long pages, resident;
};

static const char *lib, *symbol, *other, *user;
static int failures, threads, more, reopen, apart;
static pthread_barrier_t ready;

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

static int objects(void)
{
	int n = 0;

	dl_iterate_phdr(count, &n);
	return n;
}

static void call(void *h)
{
	int (*get)(void) = (int (*)(void))dlsym(h, symbol);

	if (!get || get() < 3)
		fail("dlsym or the call");
}

/* LIB is closed while USER has variables of LIB's in use. */
static void with_user(void *h, int before)
{
	void *u = dlopen(user, RTLD_NOW);

	if (!u)
		return fail("dlopen of the user");
	call(u);
	if (dlclose(h))
		fail("dlclose");
	call(u);
	if (dlclose(u))
		fail("dlclose of the user");
	if (objects() != before)
		fail("an object stays");
}

static void once(void)
{
	int before = threads ? 0 : objects(), opened;
	void *h = apart ? dlmopen(LM_ID_NEWLM, lib, RTLD_NOW) :
			  dlopen(lib, more ? RTLD_LAZY : RTLD_NOW);

	if (!strcmp(symbol, "-")) {
		if (h)
			fail("it was opened");
		else if (!dlerror())
			fail("no text");
		return;
	}
	if (!h)
		return fail("dlopen");
	opened = threads ? 0 : objects();
	call(h);
	if (!threads && objects() != opened + more)
		fail("delay-load");
	if (user)
		return with_user(h, before);
	if (dlclose(h))
		fail("dlclose");
	if (!threads && objects() != before)
		fail("an object stays");
}

/* LIB and OTHER take turns.  An entry point must reach whichever it is. */
static void swaps(long n)
{
	void *h = dlopen(lib, RTLD_NOW), *u = user ? dlopen(user, RTLD_NOW) : h;
	int (*entry)(void) = h ? (int (*)(void))rld_entry(h, symbol) : NULL;
	int (*get)(void) = u ? (int (*)(void))dlsym(u, "user_get") : NULL;
	int last = 0;

	if (!h || !entry || (user && !get))
		return fail("dlopen, rld_entry or dlsym");
	for (; n > 0; n--) {
		int is;

		if (reopen && (dlclose(h) || !(h = dlopen(lib, RTLD_NOW))))
			return fail("dlclose or dlopen");
		if (rld_swap(h, reopen || n % 2 == 0 ? other : lib, 0))
			return fail("rld_swap");
		is = entry();
		if (is < 3 || (!reopen && is == last) || (user && get() != is))
			fail("the wrong one was called");
		last = is;
	}
	if (rld_entry_free((void *)entry) || dlclose(h) || (user && dlclose(u)))
		fail("rld_entry_free or dlclose");
}

static void *many(void *arg)
{
	/* glibc's loader gives initial values in static TLS to the threads that
	 * it has listed, and misses one that is being created at that moment */
	if (threads)
		pthread_barrier_wait(&ready);
	for (long n = *(long *)arg; n > 0; n--)
		once();
	return NULL;
}

static void run(long n)
{
	pthread_t t[64];
	long each = n / (threads ? threads : 1);

	if (other)
		return swaps(n);
	if (!threads) {
		many(&n);
		return;
	}
	pthread_barrier_init(&ready, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, many, &each);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&ready);
}

int main(int argc, char **argv)
{
	struct state a, b;
	long n;

	for (int c; (c = getopt(argc, argv, "t:d:s:u:on")) != -1;)
		switch (c) {
		case 't':
			threads = atoi(optarg);
			break;
		case 'd':
			more = atoi(optarg);
			break;
		case 's':
			other = optarg;
			break;
		case 'u':
			user = optarg;
			break;
		case 'n':
			apart = 1;
			break;
		case 'o':
			reopen = 1;
			break;
		default:
			return 2;
		}
	if (argc != optind + 3 || threads > 64)
		return 2;
	n = atol(argv[optind]);
	lib = argv[optind + 1];
	symbol = argv[optind + 2];
	look();
	for (int i = 0; i < 4; i++) /* rld makes its index at the fourth open */
		run(1000);
	a = look();
	run(n);
	b = look();
	printf("objects %d to %d, descriptors %d to %d, mappings %d to %d, "
	       "pages %ld to %ld, resident %ld to %ld\n",
	       a.objects, b.objects, a.fds, b.fds, a.maps, b.maps, a.pages,
	       b.pages, a.resident, b.resident);
	/* threads leave stacks and arenas behind as libc likes */
	if (a.objects != b.objects || a.fds != b.fds ||
	    b.maps > a.maps + (threads ? 2 * threads : 2) ||
	    (!threads && b.pages > a.pages + 16) ||
	    b.resident > a.resident + (threads ? 1024 : 128))
		failures++;
	return failures != 0;
}
