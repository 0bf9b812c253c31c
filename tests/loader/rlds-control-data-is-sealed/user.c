/* References of each kind to a function that libraries define in turn. */
extern int plugin(void);
int (*pointer)(void) = plugin;
int by_pointer(void)
{
	return pointer();
}
int by_call(void)
{
	return plugin();
}
