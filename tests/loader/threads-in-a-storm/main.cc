// Eight threads and their children, each with a part of its own, on sets of
// plug-ins that overlap.  Usage: p SECONDS, or p SECONDS swap
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <stdexcept>
#include "check.h"
#ifdef SWAP
#include "rld.h"
#endif

enum { LIBS = 4 };
static const char *const name[LIBS] = { "liba.so", "libb.so", "libc1.so",
					"libd.so" };
static volatile int stop;
static unsigned long rounds[8];

static int each(dl_phdr_info *i, size_t, void *p)
{
	for (int k = 0; k < i->dlpi_phnum; k++)
		*(unsigned long *)p += i->dlpi_phdr[k].p_memsz;
	return 0;
}

static void *open_one(unsigned k, int mode)
{
	void *h = dlopen(name[k % LIBS], mode);

	if (!h)
		CHECK_FAIL("%s: %s", name[k % LIBS], dlerror());
	return h;
}

// A function of a DSO, called through it.
template <class F> static F *sym(void *h, const char *s)
{
	F *f = (F *)dlsym(h, s);

	if (!f)
		CHECK_FAIL("%s", dlerror());
	return f;
}

static void opens(unsigned long i)
{
	void *a = open_one((unsigned)i, i & 1 ? RTLD_NOW : RTLD_LAZY);
	void *b = open_one((unsigned)(i / 3), RTLD_LAZY);

	if (a)
		EQ(sym<int()>(a, "version")(), 1);
	if (a)
		EQ(dlclose(a), 0);
	if (b)
		EQ(sym<int()>(b, "version")(), 1);
	if (b)
		EQ(dlclose(b), 0);
}

static void throws(unsigned long i)
{
	void *h = open_one((unsigned)i, RTLD_LAZY);
	int caught = 0;

	if (!h)
		return;
	try {
		sym<void(int)>(h, "raise_it")(7);
	} catch (const std::runtime_error &e) {
		caught = !strcmp(e.what(), "thrown");
	}
	EQ(caught, 1);
	EQ(dlclose(h), 0);
}

static void *born(void *h)
{
	int (*f)() = sym<int()>(h, "touch");
	int first = f();

	EQ(first, 41);
	EQ(f(), first + 1);
	return nullptr;
}

static void touches(unsigned long i)
{
	void *h = open_one((unsigned)i, RTLD_LAZY);
	pthread_t t;

	if (!h)
		return;
	EQ(pthread_create(&t, nullptr, born, h), 0);
	EQ(sym<int()>(h, "touch")() > 40, 1);
	pthread_join(t, nullptr);
	EQ(dlclose(h), 0);
}

// Questions, and each answer is one that was true at some moment.
static void asks(unsigned long i)
{
	unsigned long n = 0;
	Dl_info info;
	void *h;

	dl_iterate_phdr(each, &n);
	CHECK(n > 0);
	CHECK(dladdr((void *)asks, &info) != 0);
	if (!(h = open_one((unsigned)i, RTLD_LAZY)))
		return;
	void *f = dlsym(h, "version");
	CHECK(dladdr(f, &info) != 0);
	STREQ(info.dli_sname, "version");
	HAS(info.dli_fname, name[i % LIBS]);
	PTREQ(dlsym(h, "no_such_name"), nullptr);
	HAS(dlerror(), "no_such_name");
	PTREQ(dlsym(RTLD_DEFAULT, "no_such_name"), nullptr);
	HAS(dlerror(), "no_such_name");
#ifdef DLFO_STRUCT_HAS_EH_DBASE
	dl_find_object o;
	EQ(_dl_find_object(f, &o), 0);
	CHECK(o.dlfo_map_start <= f && f < o.dlfo_map_end);
#endif
	EQ(dlclose(h), 0);
}

// The same question of addresses that come and go under it.
static void peeks(unsigned long)
{
	static void *seen[64];
	static unsigned at;
	Dl_info info;

	for (unsigned k = 0; k < 64; k++)
		if (void *p = __atomic_load_n(&seen[k], __ATOMIC_ACQUIRE))
			dladdr(p, &info);
	if (void *h = open_one(at, RTLD_LAZY)) {
		__atomic_store_n(&seen[at++ % 64], dlsym(h, "version"),
				 __ATOMIC_RELEASE);
		EQ(dlclose(h), 0);
	}
}

// Fresh functions of the program, called for the first time by many at once:
// their providers are global, and one more opens and closes beside them.
extern "C" int base_value(int);
static void calls(unsigned long i)
{
	void *h = open_one((unsigned)i, RTLD_NOW | RTLD_GLOBAL);

	EQ(base_value((int)i & 7), ((int)i & 7) + 100);
	if (h)
		EQ(dlclose(h), 0);
}

#ifdef SWAP
static void *swapped;
static int (*entry)();
static pthread_rwlock_t inside = PTHREAD_RWLOCK_INITIALIZER;
static volatile int current = 1;

static void swaps(unsigned long i)
{
	int v = 1 + (int)(i % 3);
	char file[8];

	snprintf(file, sizeof file, "./s%d.so", v);
	pthread_rwlock_wrlock(&inside);
	if (rld_swap(swapped, file, i & 1 ? RLD_SWAP_NOW : 0))
		CHECK_FAIL("%s: %s", file, dlerror());
	current = v;
	EQ(entry(), v);
	pthread_rwlock_unlock(&inside);
}

static void enters(unsigned long)
{
	pthread_rwlock_rdlock(&inside);
	EQ(entry(), current);
	pthread_rwlock_unlock(&inside);
}
#endif

static void (*const part[8])(unsigned long) = {
	opens, opens, throws, touches, asks, peeks,
#ifdef SWAP
	swaps, enters
#else
	calls, calls
#endif
};

static void *thread(void *p)
{
	unsigned long k = (unsigned long)p;

	while (!stop && !check_failures)
		part[k](rounds[k]++ + k);
	return nullptr;
}

int main(int, char **argv)
{
	pthread_t t[8];
	timespec pause = { atoi(argv[1]), 0 };

#ifdef SWAP
	if (!(swapped = dlopen("./s1.so", RTLD_LAZY)) ||
	    !(entry = (int (*)())rld_entry(swapped, "version")))
		return CHECK_FAIL("%s", dlerror());
	EQ(entry(), 1);
#endif
	for (unsigned long i = 0; i < 8; i++)
		EQ(pthread_create(&t[i], nullptr, thread, (void *)i), 0);
	nanosleep(&pause, nullptr);
	stop = 1;
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], nullptr);
		CHECK(rounds[i] > 0);
		fprintf(stderr, "%d: %lu rounds\n", i, rounds[i]);
	}
	return DONE();
}
