extern int waits(void);
int user(void)
{
	return waits();
}
