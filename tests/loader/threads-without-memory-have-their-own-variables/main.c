/* Four threads touch the variables of two libraries; in each, the Nth allocation
 * of rld's fails, one touch after the other so that each one meets it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include "check.h"
#define N 4
static int *(*where[2])(void);
static unsigned *fail, nth;
static int *got[N][2];
static pthread_barrier_t all;
static void *touch(void *arg)
{
	int **mine = arg, me = (int)((int *(*)[2])arg - got);

	for (int turn = 0; turn < N; turn++) {
		pthread_barrier_wait(&all);
		if (turn != me)
			continue;
		for (int i = 0; i < 2; i++) {
			*fail = nth;
			mine[i] = where[i]();
			*fail = 0;
			EQ(*mine[i], 7);
			*mine[i] = 100 * me + i;
		}
	}
	pthread_barrier_wait(&all);
	EQ(*mine[0], 100 * me);
	EQ(*mine[1], 100 * me + 1);
	PTREQ(where[0](), mine[0]);
	PTREQ(where[1](), mine[1]);
	pthread_barrier_wait(&all); /* none of them has ended before */
	return 0;
}
int main(int argc, char **argv)
{
	pthread_t t[N];

	OPEN(a, "liblib.so", RTLD_NOW);
	OPEN(b, "libother.so", RTLD_NOW);
	*(void **)&where[0] = dlsym(a, "where");
	*(void **)&where[1] = dlsym(b, "where");
	fail = dlsym(RTLD_DEFAULT, "rld_fail_alloc");
	if (!fail)
		return CHECK_FAIL("not a build with switches"), 1;
	nth = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	pthread_barrier_init(&all, 0, N);
	for (int i = 0; i < N; i++)
		pthread_create(&t[i], 0, touch, got[i]);
	for (int i = 0; i < N; i++)
		pthread_join(t[i], 0);
	for (int i = 0; i < N; i++)
		for (int k = 0; k < i; k++)
			CHECK(got[i][0] != got[k][0] && got[i][1] != got[k][1]);
	return DONE();
}
