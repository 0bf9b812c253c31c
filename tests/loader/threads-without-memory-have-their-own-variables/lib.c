__thread int variable = 7;
int *where(void)
{
	return &variable;
}
