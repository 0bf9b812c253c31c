/* Libraries with static TLS, opened and closed far more often than there is
 * space for: the space serves again, and none finds what another has left. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include "check.h"
static int (*look[3])(void);
static void (*spoil[3])(void);
static const char *const name[3] = { "liba.so", "libb.so", "libc1.so" };
static void *open_one(int k)
{
	void *h = dlopen(name[k], RTLD_NOW);
	if (!h)
		return NULL;
	look[k] = (int (*)(void))dlsym(h, "look");
	spoil[k] = (void (*)(void))dlsym(h, "spoil");
	return h;
}
static void *thread(void *arg)
{
	for (int k = 0; k < (int)(long)arg; k++) {
		EQ(look[k](), k == 2 ? 0 : k + 1);
		spoil[k]();
	}
	return 0;
}
static pthread_barrier_t gate;
static void *stays(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		pthread_barrier_wait(&gate);
		EQ(look[2](), 0);
		spoil[2]();
		pthread_barrier_wait(&gate);
	}
	pthread_barrier_wait(&gate);
	return 0;
}
int main(void)
{
	void *h[3];
	pthread_t t;
	for (int i = 0; i < 200; i++) {
		int n = i % 2 + 1;
		for (int k = 0; k < n; k++)
			if (!(h[k] = open_one(k)))
				return CHECK_FAIL("round %d: %s", i, dlerror()),
				       1;
		thread((void *)(long)n);
		pthread_create(&t, 0, thread, (void *)(long)n);
		pthread_join(t, 0);
		for (int k = 0; k < n; k++)
			EQ(dlclose(h[(k + i) % n]), 0);
		if (check_failures)
			return CHECK_FAIL("in round %d", i), 1;
	}
	/* More than there is at once: refused, and clean. */
	if (dlopen("libbig.so", RTLD_NOW))
		return CHECK_FAIL("5000 bytes were found"), 1;
	HAS(dlerror(), "static TLS");
	/* Another thread keeps what it has written: it is never shown to a new
	 * library.  glibc gives all threads new values; under musl, where only
	 * a thread alone can be given them, the library is refused. */
	pthread_barrier_init(&gate, 0, 2);
	pthread_create(&t, 0, stays, 0);
	for (int i = 0; i < 2; i++) {
		h[2] = open_one(2);
		if (!h[2])
			return CHECK_FAIL("%s", dlerror()), 1;
		pthread_barrier_wait(&gate);
		pthread_barrier_wait(&gate);
		EQ(look[2](), 0);
		spoil[2]();
		EQ(dlclose(h[2]), 0);
	}
	int refused = 0;
	for (int i = 0; i < 20 && !refused; i++) {
		h[2] = open_one(2);
		if (!h[2] && MAY_REFUSE) {
			HAS(dlerror(), "while other threads run");
			refused = 1;
			break;
		}
		if (!h[2])
			return CHECK_FAIL("among threads: %s", dlerror()), 1;
		EQ(look[2](), 0);
		spoil[2]();
		EQ(dlclose(h[2]), 0);
	}
	EQ(refused, MAY_REFUSE);
	pthread_barrier_wait(&gate);
	pthread_join(t, 0);
	/* Alone again: all of it serves. */
	for (int i = 0; i < 50; i++) {
		h[2] = open_one(2);
		if (!h[2])
			return CHECK_FAIL("alone: %s", dlerror()), 1;
		EQ(look[2](), 0);
		spoil[2]();
		EQ(dlclose(h[2]), 0);
	}
	return DONE();
}
