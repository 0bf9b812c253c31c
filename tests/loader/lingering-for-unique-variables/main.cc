/* An object whose unique variables another one uses lingers when it is closed.
 * Plug-ins a and b are built apart from the same source. */
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
static char order[64];
static int ended;
extern "C" void count(const char *name, int up)
{
	if (ended)
		puts(name);
	(up > 0 ? ups : downs)[(int)*name]++;
	if (up < 0)
		strcat(order, name);
}
static int reset()
{
	memset(ups, 0, sizeof ups);
	memset(downs, 0, sizeof downs);
	*order = 0;
	return 0;
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
static const char *wanted;
static int seek(struct dl_phdr_info *i, size_t, void *)
{
	return strstr(i->dlpi_name, wanted) != 0;
}
static int listed(const char *name)
{
	wanted = name;
	return dl_iterate_phdr(seek, 0);
}
template <class F> static F *sym(void *h, const char *name)
{
	F *f = (F *)dlsym(h, name);
	if (!f)
		CHECK_FAIL("dlsym(%s): %s", name, dlerror());
	return f;
}

/* The user goes on with what the owner had, through all that may happen. */
static int owner_leaves(void)
{
	struct rld_holder h[8];
	Dl_info info;

	reset();
	OPEN(a, "./a.so", RTLD_LAZY | RTLD_GLOBAL);
	OPEN(b, "./b.so", RTLD_LAZY);
	auto add_b = sym<int(const char *)>(b, "add");
	auto log_b = sym<int()>(b, "use_log");
	int *kept = sym<int *()>(a, "where_kept")();
	void *pool = sym<void *()>(a, "where_pool")();
	PTREQ(pool, sym<void *()>(b, "where_pool")());
	EQ(sym<int(const char *)>(a, "add")("one"), 1);
	EQ(add_b("two"), 2);
	sym<void()>(a, "set_hook")();
	sym<const char *(const char *)>(b, "retitle")("b's long title, which "
						      "lies in the heap");
	*kept = 77;
	EQ(log_b(), 44);
	EQ(dlclose(a), 0);
	/* closed, and not destroyed */
	EQ(downs['a'], 0);
	EQ(add_b("three"), 3);
	EQ(log_b(), 44);
	STREQ(sym<const char *()>(b, "get_title")(),
	      "b's long title, which lies in the heap");
	/* its own first call into what it needs */
	EQ(sym<int(int)>(b, "run_hook")(1), 201);
	/* addresses lead to it, names do not */
	CHECK(mapped("/a.so") && mapped("/libhelper.so"));
	CHECK(listed("a.so") && listed("libhelper.so"));
	CHECK(dladdr(kept, &info) && strstr(info.dli_fname, "a.so"));
	PTREQ(dlsym(RTLD_DEFAULT, "where_kept"), 0);
	PTREQ(dlsym(a, "add"), 0);
	HAS(dlerror(), "is not a handle of an open object");
	EQ(dlclose(a), -1);
	PTREQ(dlopen("./a.so", RTLD_LAZY | RTLD_NOLOAD), 0);
	PTREQ(dlopen("libhelper.so", RTLD_LAZY | RTLD_NOLOAD), 0);
	/* and the reason is told */
	EQ(rld_holders(a, h, 8), 1);
	EQ(h[0].why, RLD_HELD_UNIQUE);
	HAS(h[0].name, "b.so");
	/* the same file again: what is there is used again */
	OPEN(again, "./a.so", RTLD_NOW);
	PTREQ(again, a);
	EQ(ups['a'], 1);
	EQ(*sym<int *()>(again, "where_kept")(), 77);
	EQ(sym<int(const char *)>(again, "add")("four"), 4);
	EQ(sym<int()>(again, "first")(), 100);
	PTREQ(dlsym(RTLD_DEFAULT, "where_kept"), 0); /* local this time */
	EQ(dlclose(again), 0);
	EQ(add_b("five"), 5);
	/* all leave with the last user, which is destroyed first */
	EQ(dlclose(b), 0);
	EQ(downs['a'], 1);
	EQ(downs['b'], 1);
	STREQ(order, "ba");
	CHECK(!mapped("/a.so") && !mapped("/b.so") && !mapped("/libhelper.so"));
	EQ(rld_holders(a, h, 8), -1);
	return 0;
}

/* The other way round, and both in one call. */
static int user_leaves(void)
{
	reset();
	OPEN(a, "./a.so", RTLD_NOW);
	OPEN(b, "./b.so", RTLD_NOW);
	EQ(sym<int(const char *)>(b, "add")("two"), 1);
	EQ(dlclose(b), 0);
	CHECK(!mapped("/b.so"));
	EQ(sym<int(const char *)>(a, "add")("one"), 2);
	EQ(dlclose(a), 0);
	CHECK(!mapped("/a.so"));
	STREQ(order, "ba");
	return 0;
}

/* A file that has changed is mapped beside the one that lingers, has its own
 * functions, and shares what is in use. */
static int changed_file(void)
{
	reset();
	OPEN(a, "./a.so", RTLD_LAZY);
	OPEN(b, "./b.so", RTLD_LAZY);
	auto add_b = sym<int(const char *)>(b, "add");
	EQ(add_b("one"), 1);
	sym<void()>(a, "set_hook")();
	EQ(dlclose(a), 0);
	EQ(rename("a2.so", "a.so"), 0);
	OPEN(n, "./a.so", RTLD_LAZY | RTLD_GLOBAL);
	CHECK(n != a);
	EQ(ups['a'], 2);
	EQ(sym<int()>(n, "version")(), 2);
	EQ(sym<int(const char *)>(n, "add")("two"), 2);
	EQ(sym<int(int)>(b, "run_hook")(1), 201); /* still the old one's */
	PTREQ(dlopen("./a.so", RTLD_LAZY | RTLD_NOLOAD), n);
	EQ(dlclose(n), 0);
	EQ(dlclose(n), 0);
	EQ(downs['a'], 1);
	EQ(add_b("three"), 3);
	EQ(dlclose(b), 0);
	EQ(downs['a'], 2);
	CHECK(!mapped("/a.so"));
	return 0;
}

static void *look(void *at)
{
	int *p = ((int *(*)(void))at)();

	EQ(*p, 7);
	return p;
}

/* inline thread_local: a thread's first touch may come when the owner is
 * closed. */
static int thread_local_variables(void)
{
	pthread_t t;

	OPEN(a, "./a.so", RTLD_LAZY);
	OPEN(b, "./b.so", RTLD_LAZY);
	auto at_a = sym<int *()>(a, "my_per_thread");
	auto at_b = sym<int *()>(b, "my_per_thread");
	PTREQ(at_a(), at_b());
	*at_b() = 8;
	EQ(dlclose(a), 0);
	EQ(*at_b(), 8);
	EQ(pthread_create(&t, 0, look, (void *)at_b), 0);
	pthread_join(t, 0);
	EQ(dlclose(b), 0);
	CHECK(!mapped("/a.so"));
	return 0;
}

/* A slot of the program's and an entry point follow the open ones. */
extern "C" int shared_name(void) __attribute__((weak));
static int bindings(void)
{
	OPEN(a, "./a.so", RTLD_LAZY | RTLD_GLOBAL);
	OPEN(b, "./b.so", RTLD_LAZY | RTLD_GLOBAL);
	int va = sym<int()>(a, "version")(), vb = sym<int()>(b, "version")();
	auto entry = (int (*)())rld_entry(0, "shared_name");
	auto entry_a = (int (*)())rld_entry(a, "version");
	CHECK(entry && entry_a);
	EQ(shared_name(), va);
	EQ(entry(), va);
	EQ(entry_a(), va);
	sym<int(const char *)>(b, "add")("one");
	EQ(dlclose(a), 0);
	CHECK(mapped("/a.so"));
	EQ(shared_name(), vb);
	EQ(entry(), vb);
	OPEN(again, "./a.so", RTLD_LAZY | RTLD_GLOBAL);
	PTREQ(again, a);
	EQ(entry_a(), va);
	EQ(shared_name(), vb); /* nothing moves: it is behind b now */
	EQ(dlclose(b), 0);
	EQ(shared_name(), va);
	EQ(entry(), va);
	EQ(dlclose(again), 0);
	CHECK(!mapped("/a.so") && !mapped("/b.so"));
	EQ(rld_entry_free((void *)entry), 0);
	EQ(rld_entry_free((void *)entry_a), 0);
	return 0;
}

/* A swapped-out version whose variables are in use stays for the user, and is
 * seen by no other library. */
static int swapped(void)
{
	reset();
	OPEN(a, "./a.so", RTLD_LAZY);
	OPEN(b, "./b.so", RTLD_LAZY);
	auto add_b = sym<int(const char *)>(b, "add");
	EQ(add_b("one"), 1);
	EQ(sym<int()>(b, "use_log")(), 44);
	for (int i = 0; i < 3; i++) {
		EQ(rld_swap(a, i & 1 ? "./a.so" : "./a1.so", 0), 0);
		EQ(sym<int(const char *)>(b, "add")("two"), 2);
		EQ(sym<int()>(b, "use_log")(), 44);
		EQ(sym<int()>(a, "use_log")(), 44);
		CHECK(sym<void *()>(a, "where_pool")() !=
		      sym<void *()>(b, "where_pool")());
	}
	EQ(dlclose(a), 0);
	EQ(add_b("three"), 3);
	EQ(dlclose(b), 0);
	EQ(downs['a'], ups['a']);
	EQ(downs['b'], ups['b']);
	CHECK(!mapped("/a.so") && !mapped("/a1.so") && !mapped("/b.so"));
	return 0;
}

/* Each pair of objects shares all or nothing. */
static int sizes(void)
{
	OPEN(one, "./size1.so", RTLD_NOW);
	OPEN(big, "./size2.so", RTLD_NOW);
	OPEN(three, "./size3.so", RTLD_NOW);
	OPEN(big4, "./size4.so", RTLD_NOW);
	auto at = [](void *h) { return sym<int *()>(h, "plain")(); };
	auto sized = [](void *h) { return sym<long *()>(h, "sized")(); };

	CHECK(at(one) != at(big) && sized(one) != sized(big));
	PTREQ(at(three), at(one));
	PTREQ(sized(three), sized(one));
	PTREQ(at(big4), at(big));
	PTREQ(sized(big4), sized(big));
	EQ(*sized(big4), 2);
	/* dlsym means what the references mean */
	PTREQ(dlsym(three, "_ZN1SIiE5plainE"), at(one));
	PTREQ(dlsym(big4, "_ZN1SIiE5plainE"), at(big));
	EQ(dlclose(big), 0);
	EQ(dlclose(one), 0);
	EQ(*sized(big4), 2);
	EQ(*sized(three), 1);
	CHECK(mapped("/size1.so") && mapped("/size2.so"));
	EQ(dlclose(three), 0);
	CHECK(!mapped("/size1.so") && mapped("/size2.so"));
	EQ(dlclose(big4), 0);
	CHECK(!mapped("/size2.so"));
	return 0;
}

/* Two plug-ins over and over, each first in turn, leave no more than once. */
static int often(int n)
{
	for (int i = 0; i < n && !check_failures; i++) {
		OPEN(a, i & 1 ? "./a.so" : "./b.so", RTLD_LAZY);
		OPEN(b, i & 1 ? "./b.so" : "./a.so", RTLD_LAZY);
		EQ(sym<int(const char *)>(a, "add")("one"), 1);
		EQ(sym<int(const char *)>(b, "add")("two"), 2);
		EQ(dlclose(a), 0);
		EQ(sym<int(const char *)>(b, "add")("three"), 3);
		EQ(dlclose(b), 0);
		CHECK(!mapped("/a.so") && !mapped("/b.so"));
	}
	return 0;
}

/* What lingers at the end is destroyed then. */
static int at_exit(void)
{
	OPEN(a, "./a.so", RTLD_LAZY);
	OPEN(b, "./b.so", RTLD_LAZY);
	EQ(sym<int()>(b, "use_log")(), 44);
	EQ(sym<int(const char *)>(b, "add")("one"), 1);
	EQ(dlclose(a), 0);
	ended = 1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argv[1];

	setvbuf(stdout, 0, _IONBF, 0);
	if (!strcmp(what, "owner"))
		owner_leaves();
	else if (!strcmp(what, "user"))
		user_leaves();
	else if (!strcmp(what, "changed"))
		changed_file();
	else if (!strcmp(what, "threads"))
		thread_local_variables();
	else if (!strcmp(what, "bindings"))
		bindings();
	else if (!strcmp(what, "swap"))
		swapped();
	else if (!strcmp(what, "sizes"))
		sizes();
	else if (!strcmp(what, "often"))
		often(argc > 2 ? atoi(argv[2]) : 1000);
	else if (!strcmp(what, "exit"))
		at_exit();
	return DONE();
}
