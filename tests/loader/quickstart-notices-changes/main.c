#include <stdio.h>
extern int x(void);
int main(void)
{
	printf("%d\n", x());
	return 0;
}
