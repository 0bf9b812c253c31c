/* As first.c, with a constructor that takes 30 ms. */
#include <unistd.h>
int twice(int n);

int twice(int n)
{
	return 2 * n;
}

__attribute__((constructor)) static void slow(void)
{
	usleep(30000);
}
