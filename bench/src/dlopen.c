/* dlopen, dlsym of NAME, dlclose, again and again. */
#include "clock.h"

int main(int argc, char **argv)
{
	int rounds = argc > 3 ? atoi(argv[3]) : 1000;
	double start = 0;

	for (int i = -10; i < rounds; i++) {
		void *h;

		if (i == 0)
			start = now();
		h = must(dlopen(argv[1], RTLD_LAZY));
		must(dlsym(h, argv[2]));
		dlclose(h);
	}
	printf("%f\n", (now() - start) / rounds);
	return 0;
}
