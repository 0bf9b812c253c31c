#define _GNU_SOURCE
#include <dlfcn.h>
#include <rld.h>
#include <setjmp.h>
#include <signal.h>
#include "check.h"

static jmp_buf back;
static sigjmp_buf from_fault;
static struct rld_was was;
static int jumps, asked;

static int answer(int a)
{
	return a - 1;
}

static void *unresolved(const struct rld_event *e, void *arg)
{
	(void)arg;
	STREQ(e->symbol, "method");
	HAS(e->name, ".so");
	asked++;
	if (jumps)
		longjmp(back, 1);
	return (void *)answer;
}

static void fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	siglongjmp(from_fault, rld_was_at(info->si_addr, &was) ? 2 : 1);
}

int main(int argc, char **argv)
{
	void *c = dlopen("./class.so", RTLD_NOW | RTLD_GLOBAL),
	     *u = dlopen(argv[1], RTLD_NOW);
	struct sigaction act = { 0 };
	int (*kept)(int), (*copy)(int), raised;

	(void)argc;
	if (!c || !u)
		return CHECK_FAIL("%s", dlerror());
	SYM(int (*)(int), direct, u, "direct");
	SYM(int (*)(int), through_table, u, "through_table");
	SYM(int (**)(int), table, u, "table");
	SYM(int **, word, u, "word");
	kept = (int (*)(int))dlsym(c, "method");
	EQ(direct(1), 1001);
	EQ(through_table(2), 1002);
	EQ(rld_was_at((void *)kept, &was), -1);
	EQ(dlclose(c), 0);
	copy = table[1];
	switch (argv[2][0]) {
	case 'j':
		jumps = 1;
		/* fall through */
	case 'a':
		EQ(rld_notify(unresolved, 0, RLD_EVENT_UNRESOLVED), 0);
		break;
	}
	if (!strcmp(argv[2], "answer")) {
		EQ(through_table(7), 6);
		EQ(direct(8), 7);
		EQ(copy(9), 8);
		EQ(asked, 3);
		EQ(through_table(7), 6); /* each time */
		EQ(asked, 4);
	} else if (!strcmp(argv[2], "jump")) {
		for (int i = 0; i < 3; i++)
			if (!setjmp(back)) {
				(i ? through_table : direct)(i);
				CHECK_FAIL("it returns");
			}
		EQ(asked, 3);
	} else if (!strcmp(argv[2], "again")) {
		EQ(through_table(7), 6);
		EQ(direct(7), 6);
		for (int i = 0; i < 3; i++) {
			c = dlopen("./class.so", RTLD_NOW | RTLD_GLOBAL);
			EQ(through_table(7), 1007);
			EQ(direct(7), 1007);
			EQ(copy(7), 1007); /* it was the stub's address */
			EQ(**word, 5);
			CHECK(table[1] == dlsym(c, "method"));
			EQ(dlclose(c), 0);
			CHECK(table[1] == copy); /* one stub for each slot */
			EQ(copy(7), 6);
		}
	} else if (!strcmp(argv[2], "was")) {
		EQ(rld_was_at((void *)copy, &was), 0);
		STREQ(was.object, "./class.so");
		STREQ(was.symbol, "method");
		HAS(was.user, argv[1] + 2);
		EQ(rld_was_at((void *)kept, &was), 0);
		STREQ(was.object, "./class.so");
		EQ(was.order, 1);
		EQ(rld_was_at(&was, &was), -1);
		EQ(rld_was_at(0, &was), -1);
		EQ(rld_was_sized((void *)kept, &was, 4), -1);
		act.sa_sigaction = fault;
		act.sa_flags = SA_SIGINFO;
		sigaction(SIGSEGV, &act, 0);
		raised = sigsetjmp(from_fault, 1);
		if (!raised)
			kept(1);
		EQ(raised, 1);
		STREQ(was.object, "./class.so");
		raised = sigsetjmp(from_fault, 1);
		if (!raised)
			jumps = *(volatile int *)*word;
		EQ(raised, 1);
		STREQ(was.object, "./class.so");
		STREQ(was.symbol, "instances");
	} else {
		through_table(1);
	}
	return DONE();
}
