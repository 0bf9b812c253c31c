#include <stdio.h>

extern int counter, f(int);

int main(void)
{
	return stdout && counter ? 0 : f(1);
}
