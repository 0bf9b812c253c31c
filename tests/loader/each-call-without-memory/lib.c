#define CAT_(a, b) a##b
#define CAT(a, b)  CAT_(a, b)
int CAT(F, _word) = N;
__thread int CAT(F, _local) = N;
int *CAT(F, _where)(void)
{
	return &CAT(F, _local);
}
int F(void)
{
	return CAT(F, _word);
}
