/* Bound to a library that is swapped: a function and a variable of it. */
extern int v_get(void);
static int (*pointer)(void) = v_get;

int user_get(void)
{
	return pointer() == v_get() ? v_get() : 0;
}
