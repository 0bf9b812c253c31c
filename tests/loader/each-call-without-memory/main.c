/* For each call: its Nth allocation fails, N = 1, 2, ... until it needs no more.
 * Each time in a process of its own, which then does the same call with memory. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <rld.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static unsigned *fail;
static void *a; /* liba.so, open from the start */

/* Each returns whether it succeeded. */
static int opens(void)
{
	void *h = dlopen("libuser.so", RTLD_LAZY);

	return h && !dlclose(h);
}
static int opens_global(void)
{
	void *h = dlopen("./libb.so", RTLD_NOW | RTLD_GLOBAL);

	return h && !dlclose(h);
}
static int looks_up(void)
{
	return dlsym(a, "a") != 0;
}
static int looks_up_in_vain(void)
{
	const char *text;

	PTREQ(dlsym(a, "no_such_name"), 0);
	text = dlerror();
	CHECK(text != 0);
	return text && strstr(text, "no_such_name");
}
static int swaps(void)
{
	return !rld_swap(a, "./libb.so", 0) && !rld_swap(a, "./liba.so", 0);
}
static int swaps_a_copy(void)
{
	return !rld_swap(a, "./libb.so", RLD_SWAP_SNAPSHOT | RLD_SWAP_NOW);
}
static int makes_an_entry(void)
{
	int (*e)(void) = (int (*)(void))rld_entry(0, "a");
	int (*other)(void) = (int (*)(void))rld_entry(a, "a");
	int ok = e && other;

	if (e)
		rld_entry_free((void *)e);
	if (other)
		rld_entry_free((void *)other);
	return ok;
}
static void *told(const struct rld_event *ev, void *arg)
{
	(void)ev;
	return arg;
}
static int listens(void)
{
	int ok = !rld_notify(told, 0, RLD_EVENT_ALL);
	void *h = dlopen("libdep.so", RTLD_LAZY);

	if (h)
		dlclose(h);
	return !rld_notify(told, 0, 0) && ok && h;
}
static int opens_a_module(void)
{
	struct rld_module *m =
		rld_module_open("libwaits", ".", RTLD_NOW, &a, 0, 0);

	return m && !rld_module_close(m, &a, 0);
}
static void restored(int result, const char *path, void *handle,
		     const char *text, void *arg)
{
	(void)path;
	(void)handle;
	(void)text;
	*(int *)arg += result != RLD_RESTORED;
}
static int saves_and_restores(void)
{
	int lost = 0;

	return !rld_save("saved") && !rld_restore("saved", 0, restored, &lost) &&
	       !lost;
}
static int adds(void)
{
	void *h = sgidladd("libwaits.so", RTLD_LAZY);

	return h && !dlclose(h);
}
static int opens_a_version(void)
{
	void *h = sgidlopen_version("libwaits.so", RTLD_LAZY, "sgi1.0", 0);

	return h && !dlclose(h);
}
static int asks(void)
{
	Dl_info i;
	struct rld_holder held[8];
	struct rld_gone gone[8];
	void *d;

	return dladdr((void *)opens, &i) && rld_holders(a, held, 8) > 0 &&
	       rld_journal(gone, 8) >= 0 && (d = dlopen(0, RTLD_LAZY)) &&
	       dlsym(d, "opens_global_too") == 0 && dlerror();
}
static int calls_what_waits(void)
{
	void *h = dlopen("libuser.so", RTLD_LAZY);
	int (*user)(void) = h ? (int (*)(void))dlsym(h, "user") : 0;

	return user && user() == 4 && !dlclose(h);
}
static int *(*where)(void);
static void *touch(void *arg)
{
	return *where() == 2 ? arg : 0;
}
static int touches_in_a_thread(void)
{
	pthread_t t;
	void *ret = 0;

	*(void **)&where = dlsym(a, "a_where");
	if (!where || pthread_create(&t, 0, touch, &t))
		return 0;
	pthread_join(t, &ret);
	return ret != 0;
}

static const struct {
	const char *name;
	int (*call)(void);
} calls[] = {
#define CALL(f) { #f, f }
	CALL(opens),	     CALL(opens_global),     CALL(looks_up),
	CALL(looks_up_in_vain), CALL(swaps),	     CALL(swaps_a_copy),
	CALL(makes_an_entry), CALL(listens),	     CALL(opens_a_module),
	CALL(saves_and_restores), CALL(adds),	     CALL(opens_a_version),
	CALL(asks),	     CALL(calls_what_waits), CALL(touches_in_a_thread),
};

enum { FAILED_CLEANLY = 0, WRONG = 1, ENOUGH = 77, DIES = 127 };

/* In a process of its own. */
static int child(unsigned call, unsigned n)
{
	int ok, unused, (*f)(void);

	check_failures = 0;
	*fail = n;
	ok = calls[call].call();
	unused = *fail > 0; /* it needed fewer than n */
	*fail = 0;
	if (unused && !ok)
		return CHECK_FAIL("%s fails with memory: %s", calls[call].name,
				  rld_error()), WRONG;
	/* whatever had happened: liba works, and the call does */
	f = (int (*)(void))dlsym(a, "a");
	CHECK(f && (f() == 2 || f() == 3));
	if (!calls[call].call())
		CHECK_FAIL("%s, after allocation %u had failed: %s",
			   calls[call].name, n, rld_error());
	return DONE() ? WRONG : unused ? ENOUGH : FAILED_CLEANLY;
}

static unsigned try_all(unsigned call)
{
	unsigned n, wrong = 0;
	int status = 0;

	for (n = 1; n < 5000; n++) {
		pid_t pid = fork();

		if (!pid) {
			alarm(60);
			_exit(child(call, n));
		}
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == ENOUGH)
			break;
		if (!WIFEXITED(status) || (WEXITSTATUS(status) != FAILED_CLEANLY &&
					   WEXITSTATUS(status) != DIES)) {
			CHECK_FAIL("%s, allocation %u: status %#x",
				   calls[call].name, n, (unsigned)status);
			if (++wrong == 3)
				break;
		}
	}
	return n;
}

/* p CALL N, for a debugger: that call alone, without a fork. */
int main(int argc, char **argv)
{
	fail = dlsym(RTLD_DEFAULT, "rld_fail_alloc");
	a = dlopen("./liba.so", RTLD_LAZY | RTLD_GLOBAL);
	if (!fail || !a)
		return CHECK_FAIL("not a build with switches, or %s", dlerror()), 1;
	for (unsigned i = 0; argc == 3 && i < sizeof calls / sizeof *calls; i++)
		if (!strcmp(calls[i].name, argv[1]))
			return child(i, (unsigned)atoi(argv[2]));
	for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
		printf("%s: %u allocations\n", calls[i].name, try_all(i) - 1);
	return DONE();
}
