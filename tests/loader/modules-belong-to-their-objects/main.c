#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <rld.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"

static char order[1000];
static int aloud, heard;
int refusing;

void say(const char *what, const char *who)
{
	if (aloud) {
		printf("%s %s\n", what, who);
		fflush(stdout);
		return;
	}
	sprintf(order + strlen(order), "%s %s;", what, who);
}

#define SAID(text)                  \
	do {                        \
		STREQ(order, text); \
		*order = 0;         \
	} while (0)

static struct rld_module *open_for(const char *name, char *client)
{
	return rld_module_open(name, NULL, RTLD_NOW, client, NULL, NULL);
}

/* Look-ups of a watcher find what leaves. */
static void *seen(const struct rld_event *e, void *arg)
{
	int (*value)(void);

	(void)arg;
	say(e->what == RLD_EVENT_UNLOADING ? "unloading" :
	    e->what == RLD_EVENT_UNLOADED  ? "unloaded" :
	    e->what == RLD_EVENT_SWAPPED   ? "swapped" :
					     "loaded",
	    strrchr(e->name, '/') + 1);
	if (e->what != RLD_EVENT_UNLOADING || !strstr(e->name, "v"))
		return NULL;
	value = (int (*)(void))dlsym(e->handle, "v_value");
	heard = value ? value() : -1;
	CHECK(!value ||
	      ((uintptr_t)value >= e->lo && (uintptr_t)value < e->hi));
	return NULL;
}

static void listen(unsigned what)
{
	EQ(rld_notify(seen, NULL, what), 0);
}

/* Its superclass comes with it, and goes with it. */
static void needs(void)
{
	char a[] = "a";
	struct rld_module *m;

	listen(RLD_EVENT_UNLOADING | RLD_EVENT_UNLOADED);
	m = open_for("./sub", a);
	CHECK(m);
	SAID("constructor sup;Init sup;constructor sub;Init sub;");
	EQ(rld_module_close(m, a, 0), 0);
	CHECK(!strncmp(order, "unloading ", 10));
	HAS(order, "deInit sub;destructor sub;deInit sup;destructor sup;"
		   "unloaded ");
	CHECK(strstr(order, "unloading sup.so") < strstr(order, "deInit sub"));
	*order = 0;
	/* the other way round: the superclass is a module already */
	listen(0);
	m = open_for("./sup", a);
	SAID("constructor sup;Init sup;");
	CHECK(open_for("./sub", a));
	SAID("constructor sub;Init sub;");
	EQ(rld_module_close(m, a, 0), 0);
	SAID("");
}

/* dlopen makes no module of it; dlclose takes one away. */
static void plain(void)
{
	char a[] = "a";
	void *h = dlopen("./sub.so", RTLD_NOW);
	struct rld_module *m;

	SAID("constructor sup;constructor sub;");
	m = open_for("./sub", a);
	SAID("Init sup;Init sub;");
	PTREQ(rld_module_handle(m), h);
	PTREQ(dlopen("./sub.so", RTLD_NOW), h);
	EQ(dlclose(h), 0);
	EQ(rld_module_close(m, a, 0), 0);
	SAID("");
	m = open_for("./sub", a);
	SAID("");
	EQ(rld_module_close(m, a, 0), 0);
	SAID("");
	EQ(dlclose(h), 0);
	SAID("deInit sub;destructor sub;deInit sup;destructor sup;");
	h = dlopen("./sub.so", RTLD_NOW);
	EQ(dlclose(h), 0);
	SAID("constructor sup;constructor sub;destructor sub;destructor sup;");
}

/* Somebody else uses the superclass. */
static void shared(void)
{
	char a[] = "a";
	struct rld_module *m = open_for("./sub", a);
	void *h = dlopen("./sup.so", RTLD_NOW);

	*order = 0;
	EQ(rld_module_close(m, a, 0), 0);
	SAID("deInit sub;destructor sub;");
	EQ(dlclose(h), 0);
	SAID("deInit sup;destructor sup;");
}

static void refused(void)
{
	char a[] = "a";
	void *h;
	struct rld_module *m;

	refusing = 1;
	PTREQ(open_for("./child", a), NULL);
	HAS(rld_error(), "child.so: the initialiser of ");
	HAS(rld_error(), "no.so refused");
	SAID("constructor no;Init no;deInit no;destructor no;");
	PTREQ(dlopen("./child.so", RTLD_NOW | RTLD_NOLOAD), NULL);
	/* what others use stays, and is no module */
	h = dlopen("./child.so", RTLD_NOW);
	*order = 0;
	PTREQ(open_for("./child", a), NULL);
	SAID("Init no;");
	refusing = 0;
	m = open_for("./child", a);
	SAID("Init no;Init child;");
	EQ(rld_module_close(m, a, 0), 0);
	SAID("");
	EQ(dlclose(h), 0);
	SAID("deInit child;destructor child;deInit no;destructor no;");
}

/* A superclass that waits for its first use. */
static void delayed(void)
{
	char a[] = "a";
	struct rld_module *m = open_for("./late", a);
	int (*call)(void);

	SAID("constructor late;Init late;");
	call = (int (*)(void))dlsym(rld_module_handle(m), "call");
	EQ(call(), 0);
	SAID("constructor sup;Init sup;");
	EQ(rld_module_close(m, a, 0), 0);
	HAS(order, "deInit late;destructor late;");
	HAS(order, "deInit sup;destructor sup;");
}

static int value_of(struct rld_module *m)
{
	return ((int (*)(void))dlsym(rld_module_handle(m), "v_value"))();
}

static void swap(void)
{
	char a[] = "a", b[] = "b";
	struct rld_module *m;
	int (*entry)(void);

	EQ(rename("v/v1.so", "v.so"), 0);
	m = open_for("./v", a);
	PTREQ(open_for("./v", b), m);
	SAID("constructor v1;Init v1;");
	entry = (int (*)(void))rld_entry(rld_module_handle(m), "v_value");
	EQ(entry(), 1);
	listen(RLD_EVENT_UNLOADING | RLD_EVENT_UNLOADED | RLD_EVENT_SWAPPED);
	EQ(rld_swap(rld_module_handle(m), "v/v2.so", 0), 0);
	SAID("constructor v2;Init v2;unloading v.so;deInit v1;destructor v1;"
	     "unloaded v.so;swapped v2.so;");
	EQ(heard, 1);
	EQ(entry(), 2);
	EQ(rld_module_uses(m, NULL, 1), 2);
	/* one that refuses: nothing has changed */
	heard = 0;
	EQ(rld_module_reload(m, "v/bad.so", 0), -1);
	HAS(rld_error(), "bad.so: its initialiser refused: ");
	HAS(rld_error(), "v2.so stays");
	SAID("constructor v9;Init v9;unloading bad.so;deInit v9;destructor v9;"
	     "unloaded bad.so;");
	EQ(heard, 9);
	EQ(entry(), 2);
	EQ(value_of(m), 2);
	EQ(rld_module_reload(m, "v/v3.so", 0), 0);
	SAID("constructor v3;Init v3;unloading v2.so;deInit v2;destructor v2;"
	     "unloaded v2.so;swapped v3.so;");
	EQ(heard, 2);
	EQ(entry(), 3);
	EQ(value_of(m), 3);
	EQ(rld_module_close(m, a, 0), 0);
	SAID("");
	EQ(rld_module_close(m, b, 0), 0);
	SAID("unloading v3.so;deInit v3;destructor v3;unloaded v3.so;");
	EQ(heard, 3);
	EQ(rld_module_reload(m, NULL, 0), -1);
	HAS(rld_error(), "not an open module");
}

/* Another file under the path of one that is loaded. */
static void replaced(void)
{
	char a[] = "a", b[] = "b";
	struct rld_module *m;

	EQ(system("cp v/v2.so v.so"), 0);
	m = open_for("./v", a);
	EQ(value_of(m), 2);
	/* touched, or copied: it is the same still */
	EQ(utimensat(AT_FDCWD, "v.so", NULL, 0), 0);
	PTREQ(open_for("./v", a), m);
	EQ(system("cp v.so new.so && mv new.so v.so"), 0);
	PTREQ(open_for("./v", a), m);
	EQ(system("cp v/v3.so new.so && mv new.so v.so"), 0);
	PTREQ(open_for("./v", b), NULL);
	HAS(rld_error(), "v.so: is loaded from a file that was replaced since");
	PTREQ(rld_module_open("./v", NULL, RTLD_NOW | RTLD_NOLOAD, b, NULL,
			      NULL),
	      m);
	EQ(rld_module_close(m, b, 0), 0);
	EQ(rld_module_uses(m, a, 0), 3);
	*order = 0;
	EQ(rld_module_reload(m, NULL, 0), 0);
	SAID("constructor v3;Init v3;deInit v2;destructor v2;");
	EQ(value_of(m), 3);
	PTREQ(open_for("./v", b), m);
	EQ(rld_module_uses(m, NULL, 1), 4);
}

int main(int argc, char **argv)
{
	char a[] = "a";

	(void)argc;
	switch (argv[1][0] + argv[1][2]) {
	case 'n' + 'e':
		needs();
		break;
	case 'p' + 'a':
		plain();
		break;
	case 's' + 'a':
		argv[1][1] == 'h' ? shared() : swap();
		break;
	case 'd' + 'l':
		delayed();
		break;
	case 'r' + 'f':
		refused();
		break;
	case 'r' + 'p':
		replaced();
		break;
	case 'e' + 'i':
		aloud = 1;
		return open_for("./sub", a) ? 0 : 1;
	case 'r' + 's':
		CHECK(open_for("./sub", a));
		EQ(rld_save("saved"), 0);
		return _exit(check_failures), 0;
	case 'a' + 'a':
		aloud = 1;
		return rld_restore("saved", 0, NULL, NULL);
	}
	return DONE();
}
