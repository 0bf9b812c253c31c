#include <dlfcn.h>
#include <link.h>
#include <rld.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

typedef int fn();

static int number(void *h, const char *name)
{
	fn *f = (fn *)dlsym(h, name);

	CHECK(f);
	return f ? f() : -1;
}

/* The link_maps of h's namespace, counted from its first one on: n of them, or any
 * number for 0, and each one's neighbours know it. */
static void is_whole(void *h, int n)
{
	struct link_map *m = NULL, *before = NULL;
	int seen = 0;

	EQ(dlinfo(h, RTLD_DI_LINKMAP, &m), 0);
	while (m && m->l_prev && m->l_prev != m && seen++ < 100)
		m = m->l_prev;
	seen = 0;
	for (; m && seen < 100; before = m, m = m->l_next, seen++)
		PTREQ(m->l_prev, before);
	CHECK(seen < 100 && (n == 0 || seen == n));
}

static void swaps_and_entries()
{
	void *a = dlmopen(LM_ID_NEWLM, "./libx.so", RTLD_NOW);
	void *b = dlmopen(LM_ID_NEWLM, "./libx.so", RTLD_NOW);
	void *base = dlopen("./libx.so", RTLD_NOW);
	fn *in_a = (fn *)rld_entry(a, "x_next");
	fn *in_b = (fn *)rld_entry(b, "x_next");
	fn *in_base = (fn *)rld_entry(base, "x_next");

	CHECK(a && b && base && in_a && in_b && in_base);
	CHECK(in_a != in_b && in_b != in_base);
	EQ(in_a(), 1);
	EQ(in_a(), 2);
	EQ(in_b(), 1);
	EQ(in_base(), 1);
	is_whole(a, 1);
	EQ(rld_swap(a, "./libx2.so", 0), 0);
	is_whole(a, 1);
	is_whole(b, 1);
	is_whole(base, 0);
	EQ(in_a(), 41);
	EQ(number(a, "x_next"), 42);
	EQ(in_b(), 2);
	EQ(number(base, "x_next"), 2);
	EQ(rld_entry_free((void *)in_a), 0);
	EQ(rld_entry_free((void *)in_b), 0);
	EQ(rld_entry_free((void *)in_base), 0);
	EQ(dlclose(a), 0);
	is_whole(b, 1);
	is_whole(base, 0);
	EQ(dlclose(b), 0);
	is_whole(base, 0);
	EQ(dlclose(base), 0);
	is_whole(dlopen(NULL, RTLD_NOW), 0);
}

/* libuser.so's libx.so waits for the first call. */
static void delayed()
{
	void *base = dlopen("./libx.so", RTLD_NOW);
	void *h = dlmopen(LM_ID_NEWLM, "./libuser.so", RTLD_LAZY);
	Lmid_t id = 0;
	void *x;

	CHECK(base && h);
	EQ(number(base, "x_next"), 1);
	EQ(dlinfo(h, RTLD_DI_LMID, &id), 0);
	CHECK(!dlmopen(id, "libx.so", RTLD_NOW | RTLD_NOLOAD));
	EQ(number(h, "user_next"), 1);
	x = dlmopen(id, "libx.so", RTLD_NOW | RTLD_NOLOAD);
	CHECK(x && x != base);
	EQ(number(x, "x_next"), 2);
	EQ(dlclose(x), 0);
	EQ(dlclose(h), 0);
	EQ(number(base, "x_next"), 2);
	EQ(dlclose(base), 0);
}

static void cxx()
{
	void *base = dlopen("./libplus.so", RTLD_NOW);
	void *h = dlmopen(LM_ID_NEWLM, "./libplus.so", RTLD_NOW);
	int (*caught)(void (*)()), what = 0;

	CHECK(base && h);
	EQ(number(base, "plus_next"), 1);
	EQ(number(base, "plus_next"), 2);
	EQ(number(h, "plus_next"), 1);
	/* thrown by the namespace's libstdc++, caught by the same, and, as a
	 * foreign exception, by the program's */
	caught = (int (*)(void (*)()))dlsym(h, "plus_catch");
	EQ(caught((void (*)())dlsym(h, "plus_throw")), 1);
	try {
		((void (*)())dlsym(h, "plus_throw"))();
	} catch (...) {
		what = 1;
	}
	EQ(what, 1);
	EQ(dlclose(h), 0);
	EQ(number(base, "plus_next"), 3);
	EQ(dlclose(base), 0);
}

static void forks()
{
	void *h = dlmopen(LM_ID_NEWLM, "./libx.so", RTLD_NOW);
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		void *own = dlmopen(LM_ID_NEWLM, "./libx.so", RTLD_NOW);

		_exit(number(h, "x_next") == 1 && own &&
			      number(own, "x_next") == 1 && !dlclose(own) &&
			      !dlclose(h) ?
		      0 :
		      1);
	}
	waitpid(child, &status, 0);
	EQ(status, 0);
	EQ(dlclose(h), 0);
}

int main()
{
	swaps_and_entries();
	delayed();
	cxx();
	forks();
	return DONE();
}
