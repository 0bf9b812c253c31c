#define _GNU_SOURCE
/* a waits and needs b and k; b needs d, k needs d and waits for e. */
#include <dlfcn.h>
#include "seen.h"
extern int a(void), f(void);
int main(void)
{
	STREQ(seen("abkdef"), "f");
	OPEN(h, "libg.so", RTLD_LAZY);
	STREQ(seen("abkdefg"), "f g");
	/* At the end, breadth-first, none twice, e not at all. */
	EQ(a(), 1);
	STREQ(seen("abkdefg"), "f g a b k d");
	EQ(((int (*)(void))dlsym(h, "g"))(), 1);
	/* Now e is needed. */
	EQ(((int (*)(void))dlsym(RTLD_DEFAULT, "k"))(), 2);
	STREQ(seen("abkdefg"), "f g a b k d e");
	/* First come, first found: x is in f, which was there. */
	EQ(*(int *)dlsym(RTLD_DEFAULT, "x"), 'f');
	return DONE();
}
