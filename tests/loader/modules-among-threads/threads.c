/* Threads that open and close one module: its initialiser runs once for each
 * time that it comes, and none waits for ever.  Hooks that close it. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include "check.h"
#include "rld.h"

static const char *directory;
static long rounds;
static int inside, most, inits, deinits;

/* The module's initialisers call this. */
void say(const char *what)
{
	int n = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);

	if (n > most)
		most = n;
	__atomic_add_fetch(strcmp(what, "Init") ? &deinits : &inits, 1,
			   __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
}

static void *user(void *who)
{
	for (long i = 0; i < rounds; i++) {
		struct rld_module *m = rld_module_open(
			"libthing", directory, RTLD_NOW, who, NULL, NULL);

		if (!m) {
			CHECK_FAIL("open: %s", rld_error());
			break;
		}
		EQ(rld_module_uses(m, who, 0), 1);
		EQ(rld_module_close(m, who, 0), 0);
	}
	return NULL;
}

/* Closes at once what it is told of. */
static int closer(struct rld_module *m, void *client, int what, void *arg)
{
	int *told = arg;

	if (what != RLD_MODULE_ATTACH)
		return 0;
	++*told;
	return rld_module_close(m, client, 0);
}

int main(int argc, char **argv)
{
	pthread_t t[4];
	char path[4096];
	int told = 0;

	(void)argc;
	directory = argv[1];
	rounds = atol(argv[2]);
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, user, (void *)(i + 1));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	EQ(most, 1);
	EQ(inits, deinits);
	CHECK(inits > 0);
	PTREQ(rld_module_open("libthing", directory, RTLD_NOW, &told, closer,
			      &told),
	      NULL);
	HAS(rld_error(), "closed by its hook");
	EQ(told, 1);
	EQ(inits, deinits);
	snprintf(path, sizeof path, "%s/libthing.so", directory);
	PTREQ(dlopen(path, RTLD_NOW | RTLD_NOLOAD), NULL);
	return DONE();
}
