/* SPDX-License-Identifier: MIT */
/* What files under fuzz_check may need: functions, variables, versions, TLS. */
int counter = 3;
__thread int tv = 5;
static int zeros[20];
int *at = &zeros[3];
extern int nobody(int) __attribute__((weak));

int f(int x)
{
	return x + counter + zeros[x & 15];
}

int g(int x)
{
	return f(x) + (nobody ? nobody(x) : tv);
}

int printf(const char *s, ...)
{
	return *s;
}

int abs(int x)
{
	return x < 0 ? -x : x;
}

/* rld's own, in a process */
void *__tls_get_addr(void *at)
{
	return at;
}
