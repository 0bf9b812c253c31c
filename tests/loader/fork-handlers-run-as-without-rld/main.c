/* p HOW: registers handlers of fork, then opens a library, starts a thread, and
 * forks; in the handlers it does what HOW says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

enum { FORKS = 100 };

static const char *how;
static void *lib;
static int (*touch)(void);
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int stop;

static int is(const char *what)
{
	return !strcmp(how, what);
}

static int locks(void)
{
	return is("lock") || is("register");
}

static void use(void)
{
	if (is("touch")) {
		CHECK(touch() >= 7);
	} else if (is("ask")) {
		CHECK(!dlsym(lib, "there is no such name"));
		CHECK(dlerror() != NULL);
		CHECK(dlsym(lib, "touch") != NULL);
	} else if (is("open")) {
		void *h = dlopen("libu.so", RTLD_NOW);

		CHECK(h && ((int (*)(void))dlsym(h, "touch"))() >= 7);
		CHECK(h && !dlclose(h));
	}
}

static void prepare(void)
{
	if (locks())
		pthread_mutex_lock(&mutex);
	use();
}

static void in_parent(void)
{
	if (locks())
		pthread_mutex_unlock(&mutex);
	use();
}

static void in_child(void)
{
	sigset_t s;

	if (locks())
		pthread_mutex_unlock(&mutex);
	use();
	if (is("close"))
		EQ(dlclose(lib), 0);
	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	if (is("mask"))
		sigprocmask(SIG_BLOCK, &s, NULL);
}

static void at_exit(void *arg)
{
	(void)arg;
}

static void register_one(void)
{
	extern int __cxa_atexit(void (*)(void *), void *, void *);

	pthread_mutex_lock(&mutex);
	EQ(__cxa_atexit(at_exit, NULL, NULL), 0);
	pthread_mutex_unlock(&mutex);
}

/* Opens and closes, with the mutex that the handlers take, too; or registers what
 * runs at exit. */
static void *opener(void *arg)
{
	while (!stop) {
		void *h;

		if (is("register")) {
			register_one();
			continue;
		}
		if (is("lock"))
			pthread_mutex_lock(&mutex);
		h = dlopen("libu.so", RTLD_NOW);
		CHECK(h != NULL);
		if (h)
			dlclose(h);
		if (is("lock"))
			pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static int child(void)
{
	sigset_t s;

	alarm(20);
	sigprocmask(0, NULL, &s);
	EQ(sigismember(&s, SIGUSR1), is("mask"));
	EQ(sigismember(&s, SIGUSR2), 0);
	CHECK(is("close") || touch() >= 7);
	return DONE();
}

/* In a thread of its own, which has not touched a variable yet. */
static void *forker(void *arg)
{
	for (int i = 0; i < FORKS && !check_failures; i++) {
		int status = -1;
		pid_t p = fork();

		if (!p)
			_exit(child());
		EQ(waitpid(p, &status, 0), p);
		EQ(status, 0);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t, f;

	how = argc > 1 ? argv[1] : "";
	pthread_atfork(prepare, in_parent, in_child);
	lib = dlopen("libt.so", RTLD_NOW);
	CHECK(lib != NULL);
	touch = (int (*)(void))dlsym(lib, "touch");
	alarm(40); /* a lock that is never released */
	EQ(pthread_create(&t, NULL, opener, NULL), 0);
	EQ(pthread_create(&f, NULL, forker, NULL), 0);
	pthread_join(f, NULL);
	stop = 1;
	pthread_join(t, NULL);
	return DONE();
}
