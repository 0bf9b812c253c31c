#include <dlfcn.h>
#include <rld.h>
#include <stdlib.h>
#include "check.h"

static char order[400];
void say(const char *what)
{
	strcat(strcat(order, what), ";");
}

#define SAID(text)                  \
	do {                        \
		STREQ(order, text); \
		*order = 0;         \
	} while (0)

static int hook(struct rld_module *m, void *client, int what, void *arg)
{
	static const char *const word[] = { "attach ", "client ", "process " };
	int (*value)(void) = (int (*)(void))dlsym(rld_module_handle(m), "value");

	(void)arg;
	EQ(value(), 7);
	if (what == RLD_MODULE_ATTACH)
		return 0;
	strcat(order, word[what]);
	say(client);
	return -1; /* does not count */
}

static struct rld_module *open_for(const char *name, char *client)
{
	return rld_module_open(name, NULL, RTLD_NOW, client, hook, NULL);
}

static int list(struct rld_module *m, const char *path, void *arg)
{
	CHECK(rld_module_handle(m) != NULL);
	say(path);
	return arg && strstr(path, arg) ? 5 : 0;
}

static int take_away(struct rld_module *m, const char *path, void *arg)
{
	(void)path;
	(void)arg;
	return rld_module_unload(m, 0);
}

int main(void)
{
	char a[] = "a", b[] = "b", two[] = "two";
	struct rld_module *m;
	void *h;

	EQ(rld_module_each(list, NULL), 0);
	SAID("");
	m = open_for("./one", a);
	open_for("./one", a);
	open_for("./two", b);
	open_for("./three", a);
	open_for("./three", b);
	*order = 0;
	EQ(rld_module_each(list, NULL), 0);
	SAID("./one.so;./two.so;./three.so;");
	EQ(rld_module_each(list, two), 5);
	SAID("./one.so;./two.so;");
	EQ(rld_module_unload(m, 1), -1);
	HAS(rld_error(), "rld_module_unload: unknown flags");
	EQ(rld_module_uses(m, NULL, 1), 2);
	/* whatever its count, and though it is to be kept */
	m = open_for("./one", b);
	*order = 0;
	EQ(rld_module_close(m, a, RLD_MODULE_KEEP), 0);
	EQ(rld_module_unload(m, 0), 0);
	SAID("client b;process a;deInit;");
	PTREQ(dlopen("./one.so", RTLD_NOW | RTLD_NOLOAD), NULL);
	EQ(rld_module_unload(m, 0), -1);
	HAS(rld_error(), "not an open module");
	/* others use it: it stays as a library */
	h = dlopen("./two.so", RTLD_NOW);
	EQ(rld_module_each(take_away, NULL), 0);
	SAID("process b;client b;process a;deInit;");
	EQ(rld_module_each(list, NULL), 0);
	SAID("");
	EQ(dlclose(h), 0);
	SAID("deInit;");
	return DONE();
}
