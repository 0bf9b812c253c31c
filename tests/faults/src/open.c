/* A dlopen that is made to fail between two calls of getppid.  It must work or
 * return NULL with a text; then all is as before, and the next one works. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct state {
	int objects, fds, maps;
};

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
	struct state s = { 0, 0, 0 };
	DIR *d = opendir("/proc/self/fd");
	FILE *f = fopen("/proc/self/maps", "r");

	dl_iterate_phdr(count, &s.objects);
	while (d && readdir(d))
		s.fds++;
	if (d)
		closedir(d);
	while (f && fgets(line, sizeof line, f))
		s.maps += strstr(line, ".so") || strstr(line, "ld.so.cache");
	if (f)
		fclose(f);
	return s;
}

static int bad(const char *what, const struct state *a, const struct state *b)
{
	fprintf(stderr,
		"%s: objects %d to %d, descriptors %d to %d, mappings %d to "
		"%d\n",
		what, a->objects, b->objects, a->fds, b->fds, a->maps, b->maps);
	return 1;
}

static int differ(const struct state *a, const struct state *b)
{
	return memcmp(a, b, sizeof *a) != 0;
}

static long pages(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long n = 0;

	if (!f || fscanf(f, "%ld", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

/* For a library with static TLS, whose values are for all threads. */
static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* LIB [nofile N | as KIB | alloc N | call N | loose | quiet]: what to limit or
 * which allocation or system call of rld's fails; loose: what stays mapped or open is not looked at (that very call was made to fail); quiet: the
 * file may be spoilt, so nothing in it is called, and no next one works. */
int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	struct rlimit old, now;
	struct state a, b;
	const char *e;
	void *h;
	int res = -1, (*mid)(int);
	pthread_t t;

	if (strstr(argv[1], "static") &&
	    pthread_create(&t, NULL, sleeper, NULL))
		return fputs("no thread\n", stderr), 1;

	h = dlopen("/nowhere/at/all", RTLD_NOW);
	dlerror();
	look();
	a = look();
	if (!strcmp(what, "alloc") || !strcmp(what, "call")) {
		unsigned *fail = dlsym(RTLD_DEFAULT, *what == 'a' ?
							     "rld_fail_alloc" :
							     "rld_fail_call");

		if (!fail)
			return fputs("no switch\n", stderr), 1;
		*fail = (unsigned)atol(argv[3]);
		h = dlopen(argv[1], RTLD_NOW);
		if (*fail) {
			*fail = 0;
			puts("enough");
		}
		goto opened;
	}
	if (!strcmp(what, "nofile"))
		res = RLIMIT_NOFILE;
	else if (!strcmp(what, "as"))
		res = RLIMIT_AS;
	if (res >= 0) {
		getrlimit((unsigned)res, &old);
		now = old;
		now.rlim_cur = res == RLIMIT_AS ?
				       (rlim_t)pages() * 4096 +
					       (rlim_t)atol(argv[3]) * 1024 :
				       (rlim_t)atol(argv[3]);
		setrlimit((unsigned)res, &now);
	}
	syscall(SYS_getppid);
	h = dlopen(argv[1], RTLD_NOW);
	syscall(SYS_getppid);
opened:
	e = h ? NULL : dlerror();
	if (res >= 0)
		setrlimit((unsigned)res, &old);
	if (!h) {
		if (!e || !*e)
			return fputs("no text\n", stderr), 1;
		printf("refused: %s\n", e);
		b = look();
		if (differ(&a, &b) && strcmp(what, "loose"))
			return bad("after the failure", &a, &b);
		if (!strcmp(what, "quiet"))
			return puts("fine") < 0;
		h = dlopen(argv[1], RTLD_NOW);
		if (!h)
			return fprintf(stderr, "the next one: %s\n", dlerror()),
			       1;
	}
	mid = strcmp(what, "quiet") ? (int (*)(int))dlsym(h, "mid") : NULL;
	if (strcmp(what, "quiet") && (!mid || mid(1) != 12))
		return fprintf(stderr, "mid is %d\n", mid ? mid(1) : -1), 1;
	if (dlclose(h))
		return fprintf(stderr, "dlclose: %s\n", dlerror()), 1;
	b = look();
	if (differ(&a, &b) && strcmp(what, "loose"))
		return bad("after dlclose", &a, &b);
	puts("fine");
	return 0;
}
