static __thread int big[2000] = { 1 }, v = 42;

int t_tls(void)
{
	return v++ + big[0];
}
