int twice(int n);
int second(int n);

int twice(int n)
{
	return 3 * n;
}

int second(int n)
{
	return twice(n);
}
