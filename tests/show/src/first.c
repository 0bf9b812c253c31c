/* With second.c: both define `twice`, and second.c means its own. */
int twice(int n);

int twice(int n)
{
	return 2 * n;
}
