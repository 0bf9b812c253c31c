/* A timer's handler makes first calls, asks for addresses and unwinds, while
 * the program opens and closes.  Usage: p SECONDS */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unwind.h>
#include "check.h"
#include "clock.h"

/* Lazy slots of libhold.so that the handler finds unbound: it is opened anew
 * by the handler's victim each time. */
static int (*volatile fresh)(int);
static int (*volatile between)(int (*)(void));
static volatile unsigned long handled, with_calls, frames;
static __thread int own;

static _Unwind_Reason_Code step(struct _Unwind_Context *c, void *n)
{
	(void)_Unwind_GetIP(c);
	++*(int *)n;
	return _URC_NO_REASON;
}

static int unwind(void)
{
	int n = 0;

	_Unwind_Backtrace(step, &n);
	return n;
}

static void on_timer(int sig)
{
	int (*f)(int) = fresh;
	int (*b)(int (*)(void)) = between;
	Dl_info info;

	(void)sig;
	handled++;
	own++;
	CHECK(dladdr((void *)on_timer, &info));
	if (f && b) {
		EQ(f(10), 46);
		CHECK(dladdr((void *)f, &info));
		HAS(info.dli_fname, "libhold");
		STREQ(info.dli_sname, "fresh");
		int n = b(unwind);
		CHECK(n > 4); /* unwind, between, here, the frame, main */
		frames += (unsigned)n;
		with_calls++;
	}
}

int main(int argc, char **argv)
{
	struct itimerval every = { { 0, 400 }, { 0, 400 } }, off = { 0 };
	long end = clock_ms() + 1000L * atoi(argv[1]);
	unsigned long i = 0;

	(void)argc;
	(void)unwind(); /* libgcc_s is there before the first signal */
	signal(SIGALRM, on_timer);
	setitimer(ITIMER_REAL, &every, NULL);
	for (; clock_ms() < end && !check_failures; i++) {
		void *h = dlopen("libhold.so", RTLD_LAZY), *o;

		if (!h)
			return CHECK_FAIL("%s", dlerror());
		between = (int (*)(int (*)(void)))dlsym(h, "between");
		fresh = (int (*)(int))dlsym(h, "fresh");
		for (int k = 0; k < 3; k++) {
			o = dlopen(k & 1 ? "libone.so" : "libtwo.so",
				   k & 2 ? RTLD_NOW : RTLD_LAZY);
			if (!o)
				return CHECK_FAIL("%s", dlerror());
			EQ(((int (*)(int))dlsym(o, "fresh"))(1), 10);
			EQ(dlclose(o), 0);
		}
		/* the handler is ours: it is not between these two */
		fresh = NULL;
		EQ(dlclose(h), 0);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(handled > 0 && with_calls > 0 && own > 0);
	fprintf(stderr, "%lu rounds, %lu signals, %lu with calls\n", i, handled,
		with_calls);
	return DONE();
}
