int method(int a)
{
	return a + 1000;
}
int instances = 5;
