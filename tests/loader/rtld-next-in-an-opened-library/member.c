#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
#define CAT2(a, b) a##b
#define CAT(a, b)  CAT2(a, b)
#ifdef F
int f(void)
{
	return F;
}
#endif
#ifdef LATE
pid_t getpid(void)
{
	return -1;
}
int f(void)
{
	return 4;
}
int only_late(void)
{
	return 5;
}
#endif
void *CAT(TAG, _next)(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	__asm__("" : : "r"(p)); /* no tail call: it asks for its caller */
	return p;
}
#ifdef LEAVES
__attribute__((destructor)) static void leave(void)
{
	puts(dlsym(RTLD_NEXT, "getpid") ? "found at the end" : dlerror());
}
#endif
