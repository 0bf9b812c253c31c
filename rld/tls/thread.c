/* SPDX-License-Identifier: MIT */
/* What rld keeps of each thread: its record, its pending error, and the lock of
 * the tables that tls.c hangs on it. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

struct thread *rld_threads;
static uintptr_t lock; /* thread that has it, 0: none */
static unsigned depth; /* times that it has it besides: in signal handlers */
unsigned rld_thread_key;
static int key_state; /* 0: not made, 1: made, -1: cannot be */

/* Without a system call: a handler in the thread that has it has it, too, and
 * finds the list of threads whole. */
void rld_tls_hold(void)
{
	uintptr_t self = rld_self_id();

	for (unsigned spin = 0;; spin++) {
		uintptr_t owner = 0;

		if (__atomic_compare_exchange_n(&lock, &owner, self, 0,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		if (owner == self) {
			depth++;
			return;
		}
		if (spin < 100)
			arch_pause();
		else
			sys1(__NR_sched_yield, 0);
	}
}

void rld_tls_let_go(void)
{
	if (depth)
		depth--;
	else
		__atomic_store_n(&lock, (uintptr_t)0, __ATOMIC_RELEASE);
}

/* For changes that a handler must not meet: none runs in the thread that has it
 * in this way.  What may run in there are the program's own handlers of fork: the
 * fork keeps no mask for itself, and has the tables in order. */
static struct sigs masks[4]; /* one a depth; fork may be called in handlers */

static struct sigs *mask_here(void)
{
	return &masks[depth < 3 ? depth : 3];
}

void rld_tls_lock(void)
{
	struct sigs was;

	rld_block_signals(&was);
	rld_tls_hold();
	*mask_here() = was;
}

void rld_tls_unlock(void)
{
	struct sigs was = *mask_here();

	rld_tls_let_go();
	sys_sigmask(SIG_SETMASK, &was, NULL);
}

/* A function of libc's that has to do with threads.  Before glibc 2.34 it is in
 * libpthread, which may come later than the first call of rld; 0: nowhere. */
uintptr_t rld_of_threads(struct rld *r, const char *name)
{
	uintptr_t f = rld_host_symbol(r, r->host.libc, name);
	int k;

	if (f || r->host.kind != HOST_GLIBC)
		return f;
	k = rld_read_begin(r);
	for (struct dso *d = r->head; d && !f; d = dso_next(d))
		if (d->soname && rld_is_libcs(d->soname))
			f = rld_host_symbol(r, d, name);
	rld_read_end(r, k);
	return f;
}

struct thread rld_early_thread;

/* The calling thread's entry, or NULL when it has none yet. */
struct thread *rld_thread_here(void)
{
	if (!rld_state.started || !rld_state.tls_size)
		return &rld_early_thread;
	return tls_words()->thread;
}

/* Have libc tell of this thread's end.  The key is made once; libc is called
 * without a lock, so two threads may make one at a time. */
static void watch_end(struct rld *r, struct thread *t)
{
	int (*create)(unsigned *, void (*)(void *));
	int (*set)(unsigned, const void *);
	int (*drop)(unsigned);
	unsigned mine;

	create = (int (*)(unsigned *, void (*)(void *)))rld_of_threads(
		r, "pthread_key_create");
	set = (int (*)(unsigned,
		       const void *))rld_of_threads(r, "pthread_setspecific");
	drop = (int (*)(unsigned))rld_of_threads(r, "pthread_key_delete");
	if (!create || !set || !drop)
		return;
	if (!__atomic_load_n(&key_state, __ATOMIC_ACQUIRE)) {
		int made = !create(&mine, VAULT->up.thread_exit), late;

		rld_tls_hold();
		late = key_state;
		if (!late) {
			rld_thread_key = mine;
			__atomic_store_n(&key_state, made ? 1 : -1,
					 __ATOMIC_RELEASE);
		}
		rld_tls_let_go();
		if (late && made)
			drop(mine);
	}
	if (key_state > 0)
		set(rld_thread_key, t);
}

/* t becomes this thread's record, unless a signal handler has made one by now.
 * 0: it has. */
static int enlist(struct thread *t)
{
	struct thread *none = NULL;
	int mine;

	rld_tls_hold();
	mine = __atomic_compare_exchange_n(&tls_words()->thread, &none, t, 0,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	if (mine) {
		t->next = rld_threads;
		t->prev = &rld_threads;
		if (rld_threads)
			rld_threads->prev = &t->next;
		rld_threads = t;
	}
	rld_tls_let_go();
	return mine;
}

struct thread *rld_thread(void)
{
	struct rld *r = &rld_state;
	struct thread *t = rld_thread_here();

	if (t)
		return t;
	VAULT->up.watch_threads(r);
	t = rld_alloc(sizeof *t);
	if (!t) /* the caller can only end the process: once more */
		t = rld_alloc(sizeof *t);
	if (!t)
		return NULL;
	if (!enlist(t)) {
		rld_free(t);
		return rld_thread_here();
	}
	if (r->host.libc)
		watch_end(r, t);
	return t;
}

void rld_forget_error(void)
{
	struct thread *t = rld_thread_here();

	if (t && t->error) {
		rld_free(t->error);
		t->error = NULL;
	}
}

char **rld_thread_error(void)
{
	struct thread *t = rld_thread();

	return t ? &t->error : NULL;
}

char **rld_thread_last_error(void)
{
	struct thread *t = rld_thread();

	return t ? &t->last_error : NULL;
}

/* Keep the error for this thread's dlerror. */
void rld_keep_error(struct rld_err *e)
{
	char **slot = rld_thread_error();

	if (!slot) { /* dlerror finds none either, and says why */
		rld_err_clear(e);
		return;
	}
	rld_free(*slot);
	*slot = e->text ? e->text : (char *)(uintptr_t)rld_no_memory;
	e->text = NULL;
	e->set = 0;
}
