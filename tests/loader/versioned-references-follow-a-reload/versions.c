/* A reference keeps the version it was linked with, whoever comes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "check.h"
typedef int fn(void);
static char path[4096];
static void *version(const char *dir, int n)
{
	void *h;
	snprintf(path, sizeof path, "%s/v%d/libv.so", dir, n);
	h = dlopen(path, RTLD_LAZY | RTLD_GLOBAL);
	if (!h)
		CHECK_FAIL("%s", dlerror());
	return h;
}
int main(int argc, char **argv)
{
	void *h = version(argv[1], 1);
	(void)argc;
	OPEN(u1, "libu1.so", RTLD_LAZY);
	SYM(fn *, call, u1, "call");
	SYM(fn **, pointer, u1, "pointer");
	EQ(call(), 11);
	EQ((*pointer)(), 11);
	for (int i = 0; i < 5; i++) {
		EQ(dlclose(h), 0);
		PTREQ(*pointer, 0);	 /* weak, and not defined */
		h = version(argv[1], 3); /* has V2 only */
		PTREQ(*pointer, 0);
		EQ(((fn *)dlsym(h, "f"))(), 32);
		EQ(dlclose(h), 0);
		h = version(argv[1], 2); /* has both */
		EQ(call(), 21);
		EQ((*pointer)(), 21);
		EQ(((fn *)dlsym(h, "f"))(), 22);
		EQ(((fn *)dlvsym(h, "f", "V1"))(), 21);
		EQ(dlclose(h), 0);
		h = version(argv[1], 1);
		EQ(call(), 11);
		EQ((*pointer)(), 11);
	}
	EQ(dlclose(h), 0);
	h = version(argv[1], 3);
	if (check_failures)
		return 1;
	puts("now");
	fflush(stdout);
	call();
	return 0;
}
