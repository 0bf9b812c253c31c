/* SPDX-License-Identifier: MIT */
/* fork: the child finds every lock free and the list whole, whatever thread,
 * handler or callback has called it (doc/threads.md). */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

enum { PATIENCE = 100 /* ms */ };

static int heap_held; /* 0: a signal handler forks, in the midst of the heap */

/* Fork concerns processes with several threads.  1: this one has not. */
static int is_alone(struct rld *r)
{
	static const char *single;
	struct ref ref = { .newest = 1 };
	struct def def;
	int k;

	if (!single) {
		/* not above: clang 19 makes initialised data of it */
		ref.name = "__libc_single_threaded";
		ref.hash = elf_gnu_hash(ref.name);
		k = rld_read_begin(r);
		if (rld_lookup(r, &ref, &def))
			single = (const char *)rld_sym_addr(def.dso, def.sym);
		rld_read_end(r, k);
	}
	return single && *(const volatile char *)single;
}

void rld_watch_threads(struct rld *r)
{
	if (!r->fork_watched && r->started && !is_alone(r))
		rld_watch_fork(r);
}

/* Has this thread, which lets forks go first, let them for long enough?  Where
 * rld's own fork has counted them, the program's handlers of fork are yet to come,
 * and one of them may wait for this thread. */
static bool is_late(struct rld *r, long *end)
{
	long now = sys_ms();

	if (!*end)
		*end = now + PATIENCE;
	return now >= *end && rld_fork_is_ours(r);
}

/* glibc's list of what runs at exit has a lock that fork does not free in the
 * child, whose exit or dlclose would wait for it for ever.  A call that is about
 * to take it in another thread ends before a fork, and no more begin: the
 * destructors of a dlclose (__cxa_finalize), and __cxa_atexit.  A fork within
 * them does not wait for itself. */
void rld_exit_begin(struct rld *r)
{
	struct tls_words *own = rld_own_words(r);
	long end = 0;
	int forks;

	for (;;) {
		own->finishing++;
		__atomic_fetch_add(&r->finishing, 1, __ATOMIC_SEQ_CST);
		forks = __atomic_load_n(&r->forks, __ATOMIC_SEQ_CST);
		if (!forks || own->finishing > 1 || rld_holds_lock(r) ||
		    r->host.kind != HOST_GLIBC || is_late(r, &end))
			return;
		rld_exit_end(r);
		__atomic_fetch_add(&r->fork_waiters, 1, __ATOMIC_SEQ_CST);
		sys_futex_wait_ms(&r->forks, forks, PATIENCE);
		__atomic_fetch_sub(&r->fork_waiters, 1, __ATOMIC_SEQ_CST);
	}
}

void rld_exit_end(struct rld *r)
{
	__atomic_fetch_sub(&r->finishing, 1, __ATOMIC_SEQ_CST);
	rld_own_words(r)->finishing--;
	if (__atomic_load_n(&r->forks, __ATOMIC_SEQ_CST))
		sys_futex_wake(&r->finishing, INT32_MAX);
}

/* Do other threads run destructors that are worth a wait?  Only for a while: one
 * may wait for this thread.  *n: how many there are, *end: when patience does. */
static bool others_finish(struct rld *r, int *n, long *end)
{
	long now;

	*n = __atomic_load_n(&r->finishing, __ATOMIC_SEQ_CST);
	if (*n <= rld_own_words(r)->finishing || r->host.kind != HOST_GLIBC)
		return false;
	now = sys_ms();
	if (!*end)
		*end = now + PATIENCE;
	return now < *end;
}

static void await_destructors(struct rld *r)
{
	long end = 0;
	int n;

	while (others_finish(r, &n, &end))
		sys_futex_wait_ms(&r->finishing, n, end - sys_ms());
}

/* Lock held, and given up meanwhile. */
static void await_destructors_unlocked(struct rld *r)
{
	long end = 0;
	int n;

	while (others_finish(r, &n, &end)) {
		rld_unlock(r);
		sys_futex_wait_ms(&r->finishing, n, end - sys_ms());
		rld_lock(r);
	}
}

static void forks_begin(struct rld *r)
{
	__atomic_fetch_add(&r->forks, 1, __ATOMIC_SEQ_CST);
}

static void forks_end(struct rld *r)
{
	__atomic_fetch_sub(&r->forks, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->fork_waiters, __ATOMIC_SEQ_CST))
		sys_futex_wake(&r->forks, INT32_MAX);
}

/* Signals are blocked while the locks are taken or given back: a handler that
 * forks meets all of them or none.  In between, where the program's own handlers
 * of fork may run, they are not. */
static void before_fork(void)
{
	struct rld *r = &rld_state;
	struct sigs was;

	rld_block_signals(&was);
	rld_lock(r);
	if (!r->fork_depth) {
		forks_begin(r);
		await_destructors_unlocked(r);
		rld_tls_hold();
		heap_held = !rld_heap_hold();
	}
	r->fork_depth++;
	sys_sigmask(SIG_SETMASK, &was, NULL);
}

static void give_back(struct rld *r)
{
	if (!--r->fork_depth) {
		if (heap_held)
			rld_heap_let_go();
		rld_tls_let_go();
		forks_end(r);
	}
	rld_unlock(r);
}

static void after_fork(void)
{
	struct sigs was;

	rld_block_signals(&was);
	give_back(&rld_state);
	sys_sigmask(SIG_SETMASK, &was, NULL);
}

/* What is there of other threads only. */
static void forget_others(struct rld *r)
{
	const struct tls_words *own = rld_own_words(r);

	rld_lock_in_child(r);
	r->finishing = own->finishing;
	r->fork_watched = 1; /* a thread may have been about to say so */
	r->forks = own->forking + 1;
	r->fork_waiters = 0;
	r->waits = NULL;
	rld_turn_in_child(r);
	/* what threads that are not here had begun never ends */
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->init == INIT_BINDING || d->init == INIT_RUNNING) {
			dso_own_init(d);
			rld_late_in_child(d);
		}
}

static void in_child(void)
{
	struct rld *r = &rld_state;
	struct sigs was;

	rld_block_signals(&was);
	if (rld_recording(r))
		rld_record_in_child();
	forget_others(r);
	give_back(r);
	sys_sigmask(SIG_SETMASK, &was, NULL);
}

typedef void handler(void);
typedef int glibc_atfork(handler *, handler *, handler *, void *);
typedef int posix_atfork(handler *, handler *, handler *);

/* libc's own of either name; -1: it has neither. */
static int register_atfork(struct rld *r, handler *prepare, handler *parent,
			   handler *child, void *dso)
{
	glibc_atfork *glibc = (glibc_atfork *)rld_host_symbol(
		r, r->host.libc, "__register_atfork");
	posix_atfork *posix = (posix_atfork *)rld_host_symbol(r, r->host.libc,
							      "pthread_atfork");

	return glibc ? glibc(prepare, parent, child, dso) :
	       posix ? posix(prepare, parent, child) :
		       -1;
}

static void ask_libc(struct rld *r)
{
	register_atfork(r, before_fork, after_fork, in_child, NULL);
	__atomic_store_n(&r->fork_watched, 1, __ATOMIC_RELEASE);
}

/* Asked of libc once: before the first lock among threads, the first dlopen, or
 * the program's first handler.  A libc may allocate for it.  Other threads wait
 * until it is done.  In the child of a fork just then the asking thread is not
 * there, so the child asks again; handlers that are registered twice nest. */
void rld_watch_fork(struct rld *r)
{
	static uintptr_t asking; /* thread */
	static int process;	 /* its id */
	uintptr_t self = rld_self_id(), was = 0;

	if (!r->host.libc ||
	    __atomic_load_n(&r->fork_watched, __ATOMIC_ACQUIRE))
		return;
	if (!process)
		process = sys_getpid();
	while (!__atomic_compare_exchange_n(
		&asking, &was, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		if (was == self ||
		    __atomic_load_n(&r->fork_watched, __ATOMIC_ACQUIRE))
			return;
		if (process != sys_getpid()) {
			process = sys_getpid();
			__atomic_store_n(&asking, (uintptr_t)0,
					 __ATOMIC_RELEASE);
		}
		was = 0;
		sys1(__NR_sched_yield, 0);
	}
	ask_libc(r);
}

/* A libc that does not tell whether there are threads is asked at the start, if
 * it will not call a malloc of the program's for it, which is not to be called
 * yet. */
void rld_watch_fork_at_start(struct rld *r, int own_malloc)
{
	if (!own_malloc &&
	    !rld_host_symbol(r, r->host.libc, "__libc_single_threaded"))
		ask_libc(r);
}

/* What pthread_atfork calls.  The program's handlers are registered after
 * rld's.  So theirs run first before a fork, and after rld's when it is done:
 * one that takes a lock, which another thread has while it waits for rld's, does
 * not wait for ever. */
API int __register_atfork(handler *prepare, handler *parent, handler *child,
			  void *dso);
int __register_atfork(handler *prepare, handler *parent, handler *child,
		      void *dso)
{
	enum { NO_MEMORY = 12 };
	struct rld *r = &rld_state;
	int ret;

	rld_watch_fork(r);
	ret = register_atfork(r, prepare, parent, child, dso);
	return ret < 0 ? NO_MEMORY : ret;
}

/* So destructors come to their end, and no more begin, before libc's fork.  Of the
 * child's counts, what is still under way is that of the forks that this one has
 * interrupted. */
API int fork(void);
int fork(void)
{
	struct rld *r = &rld_state;
	struct tls_words *own = rld_own_words(r);
	int (*libcs)(void) =
		(int (*)(void))rld_host_symbol(r, r->host.libc, "fork");
	int child;

	if (!libcs) /* nothing is bound to this one then */
		return -1;
	own->forking++;
	forks_begin(r);
	await_destructors(r);
	child = libcs();
	own->forking--;
	if (child)
		forks_end(r);
	else
		r->forks = own->forking;
	return child;
}

void rld_find_atexit(struct rld *r)
{
	if (r->host.kind == HOST_GLIBC)
		VAULT->cxa_atexit =
			rld_host_symbol(r, r->host.libc, "__cxa_atexit");
}

/* libc's own; constructors call it, for which a fork does not wait. */
API int __cxa_atexit(void (*fn)(void *), void *arg, void *dso);
int __cxa_atexit(void (*fn)(void *), void *arg, void *dso)
{
	typedef int function(void (*)(void *), void *, void *);
	struct rld *r = &rld_state;
	uintptr_t f = VAULT->cxa_atexit;
	int ret;

	if (!f)
		f = rld_host_symbol(r, r->host.libc, "__cxa_atexit");
	if (!f)
		return -1;
	rld_exit_begin(r);
	ret = ((function *)f)(fn, arg, dso);
	rld_exit_end(r);
	return ret;
}
