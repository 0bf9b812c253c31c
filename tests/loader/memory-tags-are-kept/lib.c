#ifndef N
#define N 1
#endif
int one(int *p);
int one(int *p)
{
	return *p + N;
}
