/* An object whose thread_local objects wait for their destructors in another
 * thread lingers when it is closed; those of the closing thread run at once. */
#include <dlfcn.h>
#include <link.h>
#include <rld.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"

static int ups[128], downs[128];
static int ended, released;
static pthread_barrier_t gate;
extern "C" void count(const char *name, int up)
{
	__atomic_add_fetch(&(up > 0 ? ups : downs)[(int)*name], 1,
			   __ATOMIC_SEQ_CST);
	if (ended)
		puts(name);
}
extern "C" void wait_here(void)
{
	pthread_barrier_wait(&gate);
}
static void reset()
{
	memset(ups, 0, sizeof ups);
	memset(downs, 0, sizeof downs);
}
static int mapped(const char *name)
{
	char line[600];
	int n = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	while (f && fgets(line, sizeof line, f))
		n += strstr(line, name) != 0;
	if (f)
		fclose(f);
	return n != 0;
}
template <class F> static F *sym(void *h, const char *name)
{
	F *f = (F *)dlsym(h, name);
	if (!f)
		CHECK_FAIL("dlsym(%s): %s", name, dlerror());
	return f;
}
static int only_thread(void *handle, unsigned n)
{
	struct rld_holder h[4];

	return rld_holders(handle, h, 4) == 1 && h[0].why == RLD_HELD_THREADS &&
	       h[0].count == n;
}

/* A reload gets the new file, time and again, and leaves nothing behind. */
static int reload(int n)
{
	for (int i = 0; i < n && !check_failures; i++) {
		int v = 1 + i % 2;

		reset();
		unlink("./l.so");
		EQ(link(v == 1 ? "l1.so" : "l2.so", "l.so"), 0);
		OPEN(h, "./l.so", RTLD_NOW);
		EQ(sym<int()>(h, "touch")(), v);
		EQ(sym<int()>(h, "again")(), 40 + v);
		EQ(sym<int()>(h, "shared")(), 100 * v);
		EQ(downs['l'], 0);
		EQ(dlclose(h), 0);
		EQ(downs['l'], 1);
		EQ(downs['o'], 1);
		CHECK(!mapped("/l.so"));
	}
	return 0;
}

static void *toucher(void *f)
{
	((int (*)())f)();
	wait_here();
	while (!__atomic_load_n(&released, __ATOMIC_SEQ_CST))
		usleep(1000);
	return 0;
}

/* A worker's destructor waits: closed, it lingers; unchanged, it comes back as
 * it was; changed, it is mapped beside and shares nothing. */
static int other_thread(void)
{
	pthread_t t;

	reset();
	OPEN(h, "./l1.so", RTLD_NOW | RTLD_GLOBAL);
	EQ(sym<int()>(h, "shared")(), 100);
	EQ(sym<int()>(h, "touch")(), 1);
	EQ(pthread_create(&t, 0, toucher, (void *)sym<int()>(h, "touch")), 0);
	wait_here();
	EQ(dlclose(h), 0);
	CHECK(only_thread(h, 2)); /* the main thread's, and the other one's */
	EQ(downs['o'], 0);
	PTREQ(dlsym(RTLD_DEFAULT, "shared"), 0);
	PTREQ(dlopen("./l1.so", RTLD_NOW | RTLD_NOLOAD), 0);
	OPEN(back, "./l1.so", RTLD_NOW);
	PTREQ(back, h);
	EQ(ups['o'], 1);
	EQ(sym<int()>(back, "shared")(), 101);
	EQ(dlclose(back), 0);
	unlink("./l1.so");
	EQ(rename("l2.so", "l1.so"), 0);
	OPEN(n, "./l1.so", RTLD_NOW);
	CHECK(n != h);
	EQ(sym<int()>(n, "shared")(), 200);
	EQ(sym<int()>(n, "again")(), 42);
	/* the thread ends: its destructor runs there, no other library's */
	released = 1;
	pthread_join(t, 0);
	EQ(downs['o'], 0);
	EQ(dlclose(n), 0); /* and this collects both */
	EQ(downs['o'], 2);
	EQ(downs['l'], 2); /* the main thread's own, and the other one's */
	CHECK(!mapped("/l1.so"));
	return 0;
}

/* The plug-in's own thread ends, and its destructor joins that thread. */
static int joins(void)
{
	reset();
	OPEN(h, "./l1.so", RTLD_NOW);
	sym<void()>(h, "start")();
	wait_here();
	EQ(dlclose(h), 0);
	CHECK(only_thread(h, 1));
	EQ(downs['o'], 0);
	wait_here(); /* it goes on in the plug-in's code, and ends */
	while (!__atomic_load_n(&downs['l'], __ATOMIC_SEQ_CST))
		usleep(1000);
	for (int i = 0; i < 5000 && mapped("/l1.so"); i++) {
		OPEN(other, "./l2.so", RTLD_NOW); /* collects */
		dlclose(other);
		usleep(1000);
	}
	EQ(downs['o'] > 1, 1);
	CHECK(!mapped("/l1.so"));
	return 0;
}

static int swaps(void)
{
	pthread_t t[3];

	reset();
	OPEN(h, "./l1.so", RTLD_NOW);
	auto entry = (int (*)())rld_entry(h, "shared");
	for (int i = 0; i < 3; i++) {
		static const char *next[] = { "./l2.so", "./l3.so", "./l1.so" };

		EQ(entry(), (1 + i) * 100);
		EQ(pthread_create(&t[i], 0, toucher,
				  (void *)sym<int()>(h, "touch")),
		   0);
		wait_here();
		struct link_map *lm = (struct link_map *)h;
		CHECK(lm && lm->l_name);
		EQ(rld_swap(h, next[i], 0), 0);
	}
	EQ(entry(), 100); /* of the new copy */
	EQ(entry(), 101);
	EQ(downs['o'], 0);
	released = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], 0);
	EQ(rld_entry_free((void *)entry), 0);
	EQ(dlclose(h), 0);
	EQ(downs['o'], 4);
	CHECK(!mapped("/l1.so") && !mapped("/l2.so") && !mapped("/l3.so"));
	return 0;
}

static int at_exit(void)
{
	pthread_t t;

	OPEN(h, "./l1.so", RTLD_NOW);
	EQ(pthread_create(&t, 0, toucher, (void *)sym<int()>(h, "touch")), 0);
	wait_here();
	EQ(dlclose(h), 0);
	EQ(downs['o'], 0);
	ended = 1;
	return 0;
}

int main(int, char **argv)
{
	const char *what = argv[1];

	setvbuf(stdout, 0, _IONBF, 0);
	pthread_barrier_init(&gate, 0, 2);
	if (!strcmp(what, "reload"))
		reload(atoi(argv[2]));
	else if (!strcmp(what, "thread"))
		other_thread();
	else if (!strcmp(what, "joins"))
		joins();
	else if (!strcmp(what, "swaps"))
		swaps();
	else if (!strcmp(what, "exit"))
		at_exit();
	return DONE();
}
