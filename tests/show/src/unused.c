int nobody_calls_this(void);

int nobody_calls_this(void)
{
	return 0;
}
