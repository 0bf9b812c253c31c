extern int method(int);
extern int instances;
int (*table[])(int) = { 0, method };
int *word = &instances;
int direct(int a)
{
	return method(a);
}
int through_table(int a)
{
	return table[1](a);
}
