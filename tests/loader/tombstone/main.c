/* Goes on using what it has closed: `call`, `data`, or `handler` (its own). */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "check.h"

static void own(int sig)
{
	(void)sig;
	_Exit(42);
}

__attribute__((noinline)) int closes_it(void *h)
{
	return dlclose(h) + 0;
}

int main(int argc, char **argv)
{
	OPEN(h, "./liblib.so", RTLD_NOW);
	SYM(int (*)(int), fine, h, "fine");
	SYM(volatile int *, table, h, "table");
	void *p;

	(void)argc;
	EQ(fine(1), 2);
	EQ(table[0], 1);
	if (argv[1][0] == 'h')
		signal(SIGSEGV, own);
	EQ(closes_it(h), 0);
	/* no other mapping gets the addresses */
	for (int i = 0; i < 200; i++) {
		p = mmap(0, 65536, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
	}
	if (check_failures)
		return 1;
	puts("touching");
	fflush(stdout);
	if (argv[1][0] == 'd')
		return table[10];
	return fine(2);
}
