#include <dlfcn.h>
#include <rld.h>
#include <stdlib.h>
#include "check.h"

static const char *names[] = { "object.so", "shape.so", "color.so",
			       "square.so" };
static int loaded[4], leaving[4], when;

static void *told(const struct rld_event *e, void *arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++)
		if (strstr(e->name, names[i]))
			(e->what == RLD_EVENT_LOADED ? loaded : leaving)[i] =
				++when;
	return NULL;
}

/* The classes that the first of a row needs are its others. */
static void before(const int *at, int sup, int sub)
{
	CHECK(at[sup] && at[sub]);
	if (at[sup] >= at[sub])
		CHECK_FAIL("%s is not told before %s", names[sup], names[sub]);
}

int main(void)
{
	void *h;

	EQ(rld_notify(told, NULL, RLD_EVENT_LOADED | RLD_EVENT_UNLOADING), 0);
	for (int round = 0; round < 2; round++) {
		h = dlopen("./square.so", RTLD_NOW);
		if (!h)
			return CHECK_FAIL("%s", dlerror());
		before(loaded, 0, 1);
		before(loaded, 0, 2);
		before(loaded, 1, 3);
		before(loaded, 2, 3);
		EQ(dlclose(h), 0);
		before(leaving, 3, 1);
		before(leaving, 3, 2);
		before(leaving, 1, 0);
		before(leaving, 2, 0);
		EQ(when, 8 * (round + 1));
	}
	return DONE();
}
