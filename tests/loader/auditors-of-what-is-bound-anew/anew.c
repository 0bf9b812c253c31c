#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rld.h"

extern int t_y(void), t_use(void), t_tls(void);

static int bad;

static void is(const char *what, int got, int want)
{
	if (got == want)
		return;
	printf("%s: %d, expected %d\n", what, got, want);
	bad = 1;
}

static void *in_thread(void *unused)
{
	is("a thread's variable", t_tls(), 43);
	return unused;
}

int main(int argc, char **argv)
{
	int given = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t t;
	void *h;

	is("the first use", t_y(), 7);
	is("the variable", t_tls(), 43);
	is("the variable again", t_tls(), 44);
	pthread_create(&t, NULL, in_thread, NULL);
	pthread_join(t, NULL);
	for (int i = 0; i < 2; i++) {
		h = dlopen("./t-p.so", RTLD_LAZY | RTLD_GLOBAL);
		is("p", t_use(), given ? given : 1);
		is("p again", t_use(), given ? given : 1);
		if (!i)
			dlclose(h);
	}
	if (rld_swap(h, "./t-p2.so", 0))
		printf("%s\n", dlerror()), bad = 1;
	is("p swapped", t_use(), given ? given : 2);
	return bad;
}
