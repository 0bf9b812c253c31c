/* Uses another library's indirect function, as data and by calls. */
extern int first(void), sum(void);
int (*first_pointer)(void) = first;
/* bound when an object that defines it is loaded */
extern int nowhere(void) __attribute__((weak));
int (*nowhere_pointer)(void) = nowhere;
int total(void)
{
	return sum() * 100 + first_pointer() * 10 + first();
}
