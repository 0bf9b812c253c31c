int more(void)
{
	return 7;
}
