#ifndef P
#define P 1
#endif

int t_p(void)
{
	return P;
}
