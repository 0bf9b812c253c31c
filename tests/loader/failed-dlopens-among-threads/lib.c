/* BASE: what all use.  MID=NAME: one with an indirect function of that name, whose
 * slots and pointers are bound here, to libbase.so and to USES; LACKS: and to what
 * no object has. */
#ifdef BASE
int base_value(void)
{
	return 3;
}
#else
extern int base_value(void);
static int (*const pointer)(void) = base_value;

static int seven(void)
{
	return 7;
}
static int (*choose(void))(void)
{
	for (volatile int i = 0; i < 2000; i++)
		;
	return seven;
}
int MID(void) __attribute__((ifunc("choose")));
int call_it(void);
#ifdef USES
extern int USES(void);
static int (*const used)(void) = USES;
#endif
#ifdef LACKS
extern int nowhere(void);
#endif
int call_it(void)
{
	int n = MID() + pointer() + base_value();

#ifdef USES
	n += used() + USES();
#endif
#ifdef LACKS
	n += nowhere();
#endif
	return n;
}
#endif
