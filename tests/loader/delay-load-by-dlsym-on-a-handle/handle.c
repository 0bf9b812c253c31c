#define _GNU_SOURCE
#include <dlfcn.h>
#include "seen.h"
int main(void)
{
	int (*f)(void);

	OPEN(other, "libo.so", RTLD_LAZY);
	OPEN(e, "libe.so", RTLD_LAZY);
	STREQ(seen("aeo"), "o e");
	PTREQ(dlsym(other, "a"), 0);
	PTREQ(dlsym(e, "no_such_name"), 0);
	PTREQ(dlsym(RTLD_DEFAULT, "a"), 0);
	STREQ(seen("aeo"), "o e");
	f = (int (*)(void))dlsym(e, "a");
	STREQ(seen("aeo"), "o e a");
	EQ(f ? f() : -2, 1); /* -1: not yet constructed */
	PTREQ(dlsym(other, "a"), 0);
	EQ(dlclose(e), 0);
	STREQ(seen("aeo"), "o");
	/* One that waits for a library which is not there. */
	OPEN(m, "libwaits.so", RTLD_LAZY);
	CHECK(dlsym(m, "m") != 0);
	PTREQ(dlsym(m, "lost"), 0);
	HAS(dlerror(), "liblost.so");
	return DONE();
}
