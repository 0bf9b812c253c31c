#define _GNU_SOURCE
/* E is opened; it waits for a.  Who sees a afterwards? */
#include <dlfcn.h>
#include "seen.h"
int main(int argc, char **argv)
{
	int global = argv[1][0] == 'g';
	(void)argc;
	OPEN(e, "libe.so", RTLD_LAZY | (global ? RTLD_GLOBAL : RTLD_LOCAL));
	OPEN(u, "libu.so", RTLD_LAZY);
	SYM(int (*)(void), call_e, e, "c");
	SYM(int (*)(void), call_u, u, "asks");
	STREQ(seen("aeu"), "e u");
	PTREQ(dlsym(RTLD_DEFAULT, "e_only"), global ? dlsym(e, "e_only") : 0);
	EQ(call_e(), 1);
	STREQ(seen("aeu"), "e u a");
	CHECK(dlsym(e, "a_word"));
	if (global) {
		CHECK(dlsym(RTLD_DEFAULT, "a"));
		EQ(call_u(), 1);
	} else {
		PTREQ(dlsym(RTLD_DEFAULT, "a"), 0);
		PTREQ(dlsym(u, "a"), 0);
		CHECK(dlsym(e, "a"));
		EQ(call_u(), 0);
	}
	dlerror();
	/* The library that needed it leaves, and so does it. */
	EQ(dlclose(e), 0);
	STREQ(seen("aeu"), "u");
	EQ(mapped_x("/liba.so"), 0);
	EQ(call_u(), 0);
	return DONE();
}
