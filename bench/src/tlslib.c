/* Thread-local data by the general-dynamic model. */
static __thread long counter;
__thread long padding[4];

long tls_count(void);

__attribute__((noinline)) static void count(void)
{
	__asm__ volatile("" ::: "memory");
	counter++;
}

long tls_count(void)
{
	for (int i = 0; i < 1000; i++)
		count();
	return counter;
}
