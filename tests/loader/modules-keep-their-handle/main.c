#include <dlfcn.h>
#include <rld.h>
#include "check.h"

static int told, inits, deinits;
static void *handle;

void say(const char *what)
{
	*(strcmp(what, "Init") ? &deinits : &inits) += 1;
}

static int value_of(void *h)
{
	int (*value)(void) = (int (*)(void))dlsym(h, "value");

	return value ? value() : -1;
}

/* The code is there whenever a hook is told. */
static int hook(struct rld_module *m, void *client, int what, void *arg)
{
	(void)client;
	(void)what;
	(void)arg;
	told++;
	PTREQ(rld_module_handle(m), handle ? handle : rld_module_handle(m));
	EQ(value_of(rld_module_handle(m)), 7);
	return 0;
}

int main(void)
{
	char a[] = "a";
	struct rld_module *m =
		rld_module_open("./thing", 0, RTLD_NOW, a, hook, 0);
	void *other;

	if (!m)
		return CHECK_FAIL("%s", dlerror());
	handle = rld_module_handle(m);
	EQ(dlclose(handle), -1);
	HAS(dlerror(), "thing.so: its last handle is that of an open module");
	/* one of dlopen's is another matter, in whatever order */
	PTREQ(dlopen("./thing.so", RTLD_NOW), handle);
	EQ(dlclose(handle), 0);
	EQ(dlclose(handle), -1);
	EQ(value_of(handle), 7);
	EQ(deinits, 0);
	/* nor does a swap lose it */
	EQ(rld_module_reload(m, 0, 0), 0);
	EQ(inits, 2);
	EQ(dlclose(handle), -1);
	HAS(dlerror(), "its last handle is that of an open module");
	other = dlopen("./other.so", RTLD_NOW);
	EQ(rld_module_close(m, a, 0), 0);
	EQ(told, 2);
	EQ(deinits, 2);
	EQ(dlclose(handle), -1);
	EQ(rld_module_close(m, a, 0), -1);
	EQ(told, 2);
	EQ(value_of(other), 8);
	EQ(dlclose(other), 0);
	/* opened without a hook, and kept: the handle stays its own */
	handle = 0;
	m = rld_module_open("./thing", 0, RTLD_NOW, a, hook, 0);
	handle = rld_module_handle(m);
	EQ(rld_module_close(m, a, RLD_MODULE_KEEP), 0);
	EQ(dlclose(handle), -1);
	EQ(value_of(handle), 7);
	return DONE();
}
