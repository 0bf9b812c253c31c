/* Threads, constructors and destructors that wait for one another.  Usage:
 * p CASE...; a case that hangs is ended by SIGALRM. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "check.h"

static void (*constructing)(const char *), (*destroying)(const char *);

void in_constructor(const char *name)
{
	if (constructing)
		constructing(name);
}

void in_destructor(const char *name)
{
	if (destroying)
		destroying(name);
}

static void *open_it(void *name)
{
	void *h = dlopen(name, RTLD_NOW);

	if (!h)
		return CHECK_FAIL("%s", dlerror()), NULL;
	EQ(((int (*)(void))dlsym(h, "value"))(), 7);
	return h;
}

static void *in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	void *ret = NULL;

	EQ(pthread_create(&t, NULL, fn, arg), 0);
	pthread_join(t, &ret);
	return ret;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
}

/* Flags that threads wait for as programs do: it is seen that they wait. */
static int flag[8];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static void set(int i)
{
	pthread_mutex_lock(&mutex);
	flag[i] = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}
static int is_set(int i)
{
	int ret;

	pthread_mutex_lock(&mutex);
	ret = flag[i];
	pthread_mutex_unlock(&mutex);
	return ret;
}
static void await(int i)
{
	pthread_mutex_lock(&mutex);
	while (!flag[i])
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
}

/* A constructor that waits for a thread which opens another library, closes
 * it, and asks. */
static void *open_close(void *name)
{
	void *h = open_it(name);

	EQ(dlclose(h), 0);
	return h;
}
static void wait_for_thread(const char *name)
{
	if (!strcmp(name, "a"))
		CHECK(in_thread(open_close, "libwb.so") != NULL);
}
static void constructor_waits(void)
{
	constructing = wait_for_thread;
	EQ(dlclose(open_it("libwa.so")), 0);
}

/* The same of a destructor. */
static void destructor_waits(void)
{
	destroying = wait_for_thread;
	EQ(dlclose(open_it("libwa.so")), 0);
}

/* The second thread that opens a library waits until it is constructed. */
static void slow(const char *name)
{
	if (strcmp(name, "a"))
		return;
	set(0);
	for (int i = 0; i < 10; i++)
		nap();
	set(1);
}
static void *second(void *name)
{
	void *h;

	await(0);
	h = open_it(name);
	EQ(is_set(1), 1);
	return h;
}
static void two_open(void)
{
	pthread_t t;
	void *a, *b;

	constructing = slow;
	EQ(pthread_create(&t, NULL, second, "libwa.so"), 0);
	a = open_it("libwa.so");
	pthread_join(t, &b);
	PTREQ(a, b);
	EQ(dlclose(a), 0);
	EQ(dlclose(b), 0);
	PTREQ(dlopen("libwa.so", RTLD_NOW | RTLD_NOLOAD), NULL);
}

/* Each constructor opens what the other thread is constructing. */
static void cross(const char *name)
{
	int a = !strcmp(name, "a");

	set(a);
	await(!a);
	if (a)
		nap();
	open_it(a ? "libwb.so" : "libwa.so");
}
static void cycle(void)
{
	pthread_t t;

	constructing = cross;
	EQ(pthread_create(&t, NULL, open_it, "libwb.so"), 0);
	open_it("libwa.so");
	pthread_join(t, NULL);
}

/* A cycle of three. */
static void cross3(const char *name)
{
	int n = *name - 'a';
	char next[] = "libwX.so";

	if (n > 2)
		return;
	next[4] = (char)('a' + (n + 1) % 3);
	set(n);
	await(0);
	await(1);
	await(2);
	open_it(next);
}
static void cycle_of_three(void)
{
	pthread_t t[2];

	constructing = cross3;
	EQ(pthread_create(&t[0], NULL, open_it, "libwb.so"), 0);
	EQ(pthread_create(&t[1], NULL, open_it, "libwc.so"), 0);
	open_it("libwa.so");
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
}

/* While a thread is in the destructors of what it closes, another closes a
 * library of its own: each runs its own destructors, to their end. */
static pthread_t closer;
static void *close_it(void *h)
{
	EQ(dlclose(h), 0);
	return NULL;
}
static void *other;
static void close_other(const char *name)
{
	if (!strcmp(name, "top")) {
		in_thread(close_it, other);
		EQ(is_set(0), 0);
	} else if (!strcmp(name, "a")) {
		CHECK(pthread_equal(pthread_self(), closer));
		set(0);
	}
}
static void two_close(void)
{
	void *top = open_it("libwtop.so"); /* needs libwa.so */

	other = open_it("libwb.so");
	closer = pthread_self();
	destroying = close_other;
	EQ(dlclose(top), 0);
	EQ(is_set(0), 1);
	PTREQ(dlopen("libwa.so", RTLD_NOW | RTLD_NOLOAD), NULL);
	PTREQ(dlopen("libwb.so", RTLD_NOW | RTLD_NOLOAD), NULL);
}

/* At the end of a thread, from the destructor of a key. */
static pthread_key_t key;
static void at_end(void *name)
{
	open_close(name);
	set(2);
}
static void *ends(void *name)
{
	pthread_setspecific(key, name);
	return NULL;
}
static void thread_exit(void)
{
	EQ(pthread_key_create(&key, at_end), 0);
	in_thread(ends, "libwa.so");
	EQ(is_set(2), 1);
}

/* dlclose in a destructor. */
static void close_in_destructor(const char *name)
{
	if (!strcmp(name, "a"))
		EQ(dlclose(other), 0);
}
static void destructor_closes(void)
{
	void *a = open_it("libwa.so");

	other = open_it("libwb.so");
	destroying = close_in_destructor;
	EQ(dlclose(a), 0);
	PTREQ(dlopen("libwb.so", RTLD_NOW | RTLD_NOLOAD), NULL);
}

/* A library that opens itself, in its constructor. */
static void open_self(const char *name)
{
	if (!strcmp(name, "a"))
		other = open_it("libwa.so");
}
static void opens_itself(void)
{
	void *h;

	constructing = open_self;
	h = open_it("libwa.so");
	PTREQ(h, other);
	EQ(dlclose(h), 0);
	EQ(dlclose(h), 0);
	PTREQ(dlopen("libwa.so", RTLD_NOW | RTLD_NOLOAD), NULL);
}

static void last_words(void)
{
	if (open_close("libwb.so") && !check_failures)
		puts("opened at exit");
}
static void at_exit(void)
{
	EQ(atexit(last_words), 0);
}

static const struct {
	const char *name;
	void (*fn)(void);
} all[] = {
	{ "constructor-waits", constructor_waits },
	{ "destructor-waits", destructor_waits },
	{ "two-open", two_open },
	{ "cycle", cycle },
	{ "cycle-of-three", cycle_of_three },
	{ "two-close", two_close },
	{ "thread-exit", thread_exit },
	{ "destructor-closes", destructor_closes },
	{ "opens-itself", opens_itself },
	{ "atexit", at_exit },
};

int main(int argc, char **argv)
{
	unsigned n = sizeof all / sizeof all[0];

	(void)argc;
	alarm(100);
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(all[i].name, argv[1])) {
			all[i].fn();
			constructing = destroying = NULL;
			return DONE();
		}
	return 2;
}
