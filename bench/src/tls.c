/* Access to thread-local data of a library that is linked to the program
 * (no argument) or loaded later (its path). */
#include "clock.h"

#ifdef LINKED
long tls_count(void);
#endif

int main(int argc, char **argv)
{
	int rounds = 5000;
	double start = 0;
	long (*f)(void);

#ifdef LINKED
	(void)argc;
	(void)argv;
	f = tls_count;
#else
	(void)argc;
	*(void **)&f =
		must(dlsym(must(dlopen(argv[1], RTLD_NOW)), "tls_count"));
#endif
	for (int i = -100; i < rounds; i++) {
		if (i == 0)
			start = now();
		f();
	}
	printf("%f\n", (now() - start) / rounds / 1000);
	return 0;
}
