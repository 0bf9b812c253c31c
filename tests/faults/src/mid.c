extern int dep(int), shared;
int *mid_where = &shared;
__thread int mine = 1;

int mid(int x)
{
	return dep(x) + *mid_where + mine;
}
