/* What it needs is loaded by the call. */
extern int a_get(void);

int waits_get(void)
{
	return a_get();
}
