/* Prints 50, if zeroed data, initialised data, the heap and brk all work. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int other(void);
int more(void);

static char zeroed[20000];
static char filled[5000] = { 1, 2, 3 };

int main(void)
{
	char *heap = malloc(100000);
	char *top = (char *)syscall(SYS_brk, 0);

	for (size_t i = 0; i < sizeof zeroed; i++)
		if (zeroed[i] != 0)
			return 1;
	memset(zeroed, 1, sizeof zeroed);
	memset(filled, 1, sizeof filled);
	if (!heap || syscall(SYS_brk, top + 10000) < (long)(top + 10000))
		return 2;
	memset(top, 1, 10000);
	memset(heap, 1, 100000);
	printf("%d\n", other() + more());
	return 0;
}
