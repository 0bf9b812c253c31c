/* A library whose functions call each other through its PLT. */
int var = 40;
int two = 2;
static int *p = &two;

int answer(void)
{
	return var + *p;
}

int other(void)
{
	return answer() + 1;
}

int (*pointer)(void) = answer;
