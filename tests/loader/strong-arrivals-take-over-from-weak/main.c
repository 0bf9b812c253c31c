/* References bound to a weak definition go to the first strong one that
 * arrives globally, and come back when it leaves; dlsym has no preference. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <rld.h>
#include "check.h"
extern int lazy_call(void), lazy_word(void), *lazy_pointer,
	(*lazy_function)(void);
extern int now_call(void), now_word(void), *now_pointer, (*now_function)(void);
extern int noplt_call(void), noplt_word(void);
static void all(int n)
{
	EQ(lazy_call(), n);
	EQ(lazy_word(), n);
	EQ(*lazy_pointer, n);
	EQ(lazy_function(), n);
	EQ(now_call(), n);
	EQ(now_word(), n);
	EQ(*now_pointer, n);
	EQ(now_function(), n);
	EQ(noplt_call(), n);
	EQ(noplt_word(), n);
	/* Reference 2.2: the first visible one, weak or strong. */
	EQ(((int (*)(void))dlsym(RTLD_DEFAULT, "w"))(), 1);
	if (check_failures)
		CHECK_FAIL("when %d was due", n);
}
static void *add(const char *lib, int sgi)
{
	void *h = sgi ? sgidladd(lib, RTLD_LAZY) :
			dlopen(lib, RTLD_NOW | RTLD_GLOBAL);
	if (!h)
		CHECK_FAIL("%s", dlerror());
	return h;
}
int main(int argc, char **argv)
{
	int sgi = argv[1][0] == 's';
	void *weak2, *two, *three, *private, *fresh;
	(void)argc;
	for (int round = 0; round < 3; round++) {
		all(1);
		weak2 = add("libweak2.so", sgi); /* weak: no reason to move */
		all(1);
		private = dlopen("libstrong3.so", RTLD_NOW | RTLD_LOCAL);
		CHECK(private); /* strong, but private: not seen */
		all(1);
		two = add("libstrong2.so", sgi);
		all(2);
		three = add("libstrong3.so",
			    sgi); /* promoted; second to come */
		all(2);
		/* Who comes now is bound like the others. */
		fresh = dlopen("libfresh.so", RTLD_LAZY);
		CHECK(fresh);
		EQ(((int (*)(void))dlsym(fresh, "fresh_call"))(), 2);
		EQ(((int (*)(void))dlsym(fresh, "fresh_word"))(), 2);
		EQ(dlclose(two), 0);
		all(3);
		two = add("libstrong2.so", sgi); /* now it is the second */
		all(3);
		EQ(dlclose(three), 0);
		EQ(dlclose(private), 0);
		all(2);
		EQ(dlclose(two), 0);
		all(1);
		EQ(((int (*)(void))dlsym(fresh, "fresh_call"))(), 1);
		EQ(((int (*)(void))dlsym(fresh, "fresh_word"))(), 1);
		EQ(dlclose(fresh), 0);
		EQ(dlclose(weak2), 0);
		if (check_failures)
			return CHECK_FAIL("in round %d", round), 1;
	}
	return DONE();
}
