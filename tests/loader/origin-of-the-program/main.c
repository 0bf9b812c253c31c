#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
#include "check.h"

/* Where the program lies is asked for when the current directory is another. */
int main(void)
{
	EQ(chdir("/"), 0);
	OPEN(h, "$ORIGIN/libx.so", RTLD_NOW);
	SYM(int *, x, h, "x");

	EQ(*x, 5);
	return DONE();
}
