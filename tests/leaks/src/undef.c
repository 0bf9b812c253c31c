extern int nobody_has_it(void), a_get(void);

int undef_get(void)
{
	return nobody_has_it() + a_get();
}
