extern int t_p(void);

int t_use(void)
{
	return t_p();
}
