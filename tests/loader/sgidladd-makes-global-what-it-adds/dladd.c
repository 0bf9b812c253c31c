#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <rld.h>
#include "check.h"
typedef int fn(void);
static int each(struct dl_phdr_info *i, size_t n, void *p)
{
	(void)i;
	(void)n;
	++*(int *)p;
	return 0;
}
static int objects(void)
{
	int n = 0;
	dl_iterate_phdr(each, &n);
	return n;
}
static void refused(int mode)
{
	const char *e;
	PTREQ(sgidladd("liba.so", mode), 0);
	HAS(rld_error(), "mode");
	e = dlerror();
	HAS(e, "mode");
	PTREQ(dlerror(), 0);
	PTREQ(rld_error(), 0);
}
int main(void)
{
	int before = objects();
	/* Modes: one of three, nothing else. */
	refused(0);
	refused(RTLD_GLOBAL);
	refused(RTLD_LAZY | RTLD_NOW);
	refused(RTLD_LAZY | RTLD_NOW_REPORT_ERROR);
	PTREQ(sgidladd(NULL, RTLD_LAZY), 0);
	CHECK(dlerror());
	PTREQ(sgidladd("libnone.so", RTLD_LAZY), 0);
	HAS(dlerror(), "libnone.so");
	EQ(objects(), before);
	/* REPORT_ERROR: nothing may be missing, and nothing stays. */
	PTREQ(sgidladd("liba.so", RTLD_NOW_REPORT_ERROR), 0);
	HAS(rld_error(), "liba.so");
	HAS(dlerror(), "nowhere");
	EQ(objects(), before);
	PTREQ(dlsym(RTLD_DEFAULT, "b"), 0);
	/* Private first: no other object sees it. */
	OPEN(p, "liba.so", RTLD_LAZY | RTLD_LOCAL);
	PTREQ(dlsym(RTLD_DEFAULT, "a"), 0);
	PTREQ(dlsym(RTLD_DEFAULT, "b"), 0);
	/* sgidladd promotes it and all it needs; NOW means what LAZY means. */
	void *h = sgidladd("liba.so", RTLD_NOW);
	if (!h)
		return CHECK_FAIL("%s", dlerror()), 1;
	PTREQ(h, p);
	SYM(fn *, a, RTLD_DEFAULT, "a");
	SYM(fn *, b, RTLD_DEFAULT, "b");
	EQ(a(), 11);
	EQ(b(), 10);
	/* The function that was missing waits for a library that has it. */
	SYM(fn *, dangling, h, "dangling");
	void *n = sgidladd("libnowhere.so", RTLD_NOW_REPORT_ERROR);
	if (!n)
		return CHECK_FAIL("%s", dlerror()), 1;
	EQ(dangling(), 99);
	EQ(dlclose(n), 0);
	/* Opened twice, closed twice. */
	EQ(dlclose(h), 0);
	EQ(a(), 11);
	EQ(dlclose(p), 0);
	EQ(objects(), before);
	PTREQ(dlsym(RTLD_DEFAULT, "a"), 0);
	dlerror();
	/* Now that nothing is missing, REPORT_ERROR has nothing to report. */
	n = sgidladd("libnowhere.so", RTLD_LAZY);
	h = sgidladd("liba.so", RTLD_NOW_REPORT_ERROR);
	CHECK(n && h);
	return DONE();
}
