/* An indirect function; its resolver is foreign code that runs while rld writes. */
extern void resolving(void);
static int five(void)
{
	return 5;
}
static void *pick(void)
{
	resolving();
	return five;
}
int plugin(void) __attribute__((ifunc("pick")));
