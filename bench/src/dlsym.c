/* dlsym(RTLD_DEFAULT) of each function of one module of the program, given
 * by its number: the names differ from call to call. */
#define _GNU_SOURCE
#include "clock.h"

int main(int argc, char **argv)
{
	int module = argc > 1 ? atoi(argv[1]) : 0, rounds = 400;
	char name[50][32];
	double start = 0;

	for (int j = 0; j < 50; j++)
		snprintf(name[j], sizeof name[j], "module_%04d_function_%02d",
			 module, j);
	for (int i = -1; i < rounds; i++) {
		if (i == 0)
			start = now();
		for (int j = 0; j < 50; j++)
			must(dlsym(RTLD_DEFAULT, name[j]));
	}
	printf("%f\n", (now() - start) / rounds / 50);
	return 0;
}
