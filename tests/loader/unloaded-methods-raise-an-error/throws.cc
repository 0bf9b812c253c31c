#include <dlfcn.h>
#include <rld.h>
#include <stdexcept>
#include "check.h"

static void *unresolved(const struct rld_event *e, void *)
{
	throw std::runtime_error(e->symbol);
}

int main()
{
	void *c = dlopen("./class.so", RTLD_NOW | RTLD_GLOBAL),
	     *u = dlopen("./noplt.so", RTLD_NOW);
	int caught = 0;
	if (!c || !u)
		return CHECK_FAIL("%s", dlerror());
	EQ(rld_notify(unresolved, 0, RLD_EVENT_UNRESOLVED), 0);
	int (*call[])(int) = { (int (*)(int))dlsym(u, "through_table"),
			       (int (*)(int))dlsym(u, "direct") };
	EQ(call[0](1), 1001);
	EQ(dlclose(c), 0);
	for (int i = 0; i < 4; i++)
		try {
			call[i % 2](1);
		} catch (const std::runtime_error &e) {
			STREQ(e.what(), "method");
			caught++;
		}
	EQ(caught, 4);
	return DONE();
}
