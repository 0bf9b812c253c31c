/* Needs three others, one of them through another. */
extern int a_get(void), b_get(void);
int (*pointer)(void) = a_get;

int root_get(void)
{
	return (pointer() + b_get()) / 2;
}
