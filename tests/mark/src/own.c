/* Defines what the library defines too, so that DT_SYMBOLIC tells. */
#include <stdio.h>

int other(void);

int answer(void)
{
	return 100;
}

int main(void)
{
	printf("%d\n", other());
	return 0;
}
