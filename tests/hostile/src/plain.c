/* What the tables of a shared object can hold, without code that runs by
 * itself. */
#include <stdio.h>
#include <stdlib.h>

int counter = 3;
static int zeros[2000];
extern int nobody(int) __attribute__((weak));
int f(int x);
int g(int x);
int (*table[])(int) = { f, g, nobody };
int *at = &zeros[7];

#ifdef TLS
__thread int tv = 5;
static __thread char tz[100];
#endif

__attribute__((noinline)) int f(int x)
{
#ifdef TLS
	tv += tz[x & 31];
#endif
	return printf("%d %d\n", x, counter++) + zeros[x & 63];
}

int g(int x)
{
	return f(x) + abs(x) + (nobody ? nobody(x) : 0);
}
