/* SPDX-License-Identifier: MIT */
/* What rld keeps of each thread: its pending error, its destructors, and the
 * lock of the tables that tls.c hangs on it. */
#include "rld/tls/tls.h"

/* A pending destructor of a thread_local object. */
struct dtor {
	struct dtor *next;  /* this thread's, newest first */
	void (*fn)(void *); /* NULL: it has run */
	void *obj;
	struct dso *dso; /* NULL: of one that never leaves, or of none */
	int queued;	 /* with libc, which calls run_dtor for it */
	unsigned order;	 /* among the thread's queued ones */
};

struct thread *rld_threads;
static uintptr_t lock; /* thread that has it, 0: none */
static unsigned depth; /* times that it has it besides: in signal handlers */
static unsigned key;
static int key_state; /* 0: not made, 1: made, -1: cannot be */
struct tls_words rld_early_words;

void rld_block_signals(struct sigs *was)
{
	struct sigs all;

	memset(&all, 0xff, sizeof all);
	sys_sigmask(SIG_SETMASK, &all, was);
}

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
static uintptr_t of_threads(struct rld *r, const char *name)
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

/* Thread exit, from the host libc's key destructors.  The last round frees:
 * destructors of others may still touch their variables. */
static void thread_gone(void *arg)
{
	struct thread *t = arg;
	int (*set)(unsigned, const void *);

	set = (int (*)(unsigned, const void *))of_threads(
		&rld_state, "pthread_setspecific");
	t->ending = 1;
	rld_thread_dtors();
	if (++t->rounds < 4 && set) {
		set(key, t);
		return;
	}
	rld_tls_lock();
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	tls_words()->thread = NULL;
	tls_words()->n = 0;
	tls_words()->table = NULL;
	rld_tls_unlock();
	rld_tls_free_blocks(t);
	rld_free(t->error);
	rld_free(t->last_error);
	rld_free(t);
}

static struct thread early;

/* The calling thread's entry, or NULL when it has none yet. */
static struct thread *thread_here(void)
{
	if (!rld_state.started || !rld_state.tls_size)
		return &early;
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

	create = (int (*)(unsigned *,
			  void (*)(void *)))of_threads(r, "pthread_key_create");
	set = (int (*)(unsigned,
		       const void *))of_threads(r, "pthread_setspecific");
	drop = (int (*)(unsigned))of_threads(r, "pthread_key_delete");
	if (!create || !set || !drop)
		return;
	if (!__atomic_load_n(&key_state, __ATOMIC_ACQUIRE)) {
		int made = !create(&mine, thread_gone), late;

		rld_tls_hold();
		late = key_state;
		if (!late) {
			key = mine;
			__atomic_store_n(&key_state, made ? 1 : -1,
					 __ATOMIC_RELEASE);
		}
		rld_tls_let_go();
		if (late && made)
			drop(mine);
	}
	if (key_state > 0)
		set(key, t);
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
	struct thread *t = thread_here();

	if (t)
		return t;
	rld_watch_threads(r);
	t = rld_alloc(sizeof *t);
	if (!t) /* whoever needs it can only end the process: once more */
		t = rld_alloc(sizeof *t);
	if (!t)
		return NULL;
	if (!enlist(t)) {
		rld_free(t);
		return thread_here();
	}
	if (r->host.libc)
		watch_end(r, t);
	return t;
}

/* The entry whose list is this thread's own; NULL: it has none, or memory was
 * too short for one. */
static struct thread *own_list(void)
{
	struct thread *t = thread_here();

	return t == &early && rld_state.started && rld_state.tls_size ? NULL :
									t;
}

int rld_thread_is_ending(void)
{
	const struct thread *t = own_list();

	return t && t->ending;
}

/* Lock held. */
static void take_out(struct dtor *d)
{
	struct thread *t = own_list();

	for (struct dtor **p = t ? &t->dtors : NULL; p && *p; p = &(*p)->next)
		if (*p == d) {
			*p = d->next;
			break;
		}
}

/* Lock held, given up meanwhile.  What may leave for it is collected in another
 * thread: this one may be ending, and a destructor may wait for its end. */
static void run(struct rld *r, struct dtor *d)
{
	void (*fn)(void *) = d->fn;
	struct dso *dso = d->dso;

	d->fn = NULL; /* what runs may want the entry for the next one */
	d->dso = NULL;
	if (!fn)
		return;
	rld_unlock(r);
	fn(d->obj);
	rld_lock(r);
	if (dso && --dso->tls_dtors == 0 && !dso->opens)
		r->lapsed = 1;
}

/* Called by libc, when the thread ends. */
static void run_dtor(void *arg)
{
	struct rld *r = &rld_state;
	struct dtor *d = arg;
	struct thread *t = own_list();

	if (t)
		t->ending = 1;
	rld_lock(r);
	take_out(d);
	run(r, d);
	rld_unlock(r);
	rld_tls_free_waiting();
	rld_free(d);
}

static struct dtor *next_unqueued(struct thread *t)
{
	struct dtor *d = t ? t->dtors : NULL;

	while (d && d->queued)
		d = d->next;
	return d;
}

void rld_thread_dtors(void)
{
	struct rld *r = &rld_state;
	struct dtor *d;

	while ((d = next_unqueued(thread_here()))) {
		rld_lock(r);
		take_out(d);
		run(r, d);
		rld_unlock(r);
		rld_free(d);
	}
}

unsigned rld_dtors_here(const struct dso *d)
{
	const struct thread *t = own_list();
	unsigned n = 0;

	for (const struct dtor *x = t ? t->dtors : NULL; x; x = x->next)
		n += x->fn && x->dso == d;
	return n;
}

void rld_dtors_each(struct rld *r, const struct dso *d,
		    void (*fn)(struct rld *, const struct dso *, unsigned, int))
{
	rld_tls_lock();
	for (const struct thread *t = rld_threads; t; t = t->next) {
		unsigned n = 0;

		for (const struct dtor *x = t->dtors; x; x = x->next)
			n += x->fn && x->dso == d;
		if (n)
			fn(r, d, n, t->tid);
	}
	rld_tls_unlock();
}

int rld_dtors_run_due(struct rld *r)
{
	struct thread *t = own_list();
	struct dtor *d = t ? t->dtors : NULL;

	while (d && !(d->fn && d->dso && d->dso->keep == KEEP_DUE))
		d = d->next;
	if (!d)
		return 0;
	if (!d->queued)
		take_out(d);
	run(r, d);
	if (!d->queued)
		rld_free(d);
	return 1;
}

static void forget(struct thread *t, const struct dso *gone)
{
	for (struct dtor *d = t->dtors; d; d = d->next)
		if (d->dso == gone) {
			d->dso = NULL;
			d->fn = NULL;
		}
}

void rld_dtors_forget(struct rld *r, const struct dso *gone)
{
	(void)r;
	rld_tls_lock();
	for (struct thread *t = rld_threads; t; t = t->next)
		forget(t, gone);
	forget(&early, gone);
	rld_tls_unlock();
}

/* An entry that has run and that libc would call next serves again: a library
 * that is opened and closed for ever leaves no more than it needs at once. */
static struct dtor *used_one(struct thread *t)
{
	struct dtor *best = NULL;
	unsigned order = t->queued;

	for (struct dtor *d = t->dtors;
	     d && !d->fn && d->queued && d->order == order;
	     d = d->next, order--)
		best = d;
	return best;
}

typedef int queue_fn(void (*)(void *), void *, void *);

/* A new entry, given to libc if it has a queue.  Without a list of its own the
 * thread's are known to libc alone. */
static int new_dtor(struct dtor what, queue_fn *queue)
{
	struct thread *t = own_list();
	struct dtor *d = rld_alloc(sizeof *d);

	if (!d)
		return -1;
	*d = what;
	/* libc counts them for the object that this address is in: none that
	 * it knows */
	if (queue && queue(run_dtor, d, &rld_state)) {
		rld_free(d);
		return -1;
	}
	if (!t && !queue)
		t = &early;
	if (!t)
		return 0;
	rld_lock(&rld_state);
	d->order = queue ? ++t->queued : 0;
	d->next = t->dtors;
	t->dtors = d;
	rld_unlock(&rld_state);
	return 0;
}

static int reuse_dtor(struct dtor what)
{
	struct thread *t = own_list();
	struct dtor *d;

	rld_lock(&rld_state);
	d = t ? used_one(t) : NULL;
	if (d) {
		what.next = d->next;
		what.order = d->order;
		*d = what;
	}
	rld_unlock(&rld_state);
	return d != NULL;
}

/* An object that has destructors to come keeps its memory until they have run.
 * They are queued with libc where it has such a queue, so that the order with
 * the program's own stays right. */
API int __cxa_thread_atexit_impl(void (*fn)(void *), void *obj, void *dso);
int __cxa_thread_atexit_impl(void (*fn)(void *), void *obj, void *dso)
{
	struct rld *r = &rld_state;
	struct dtor d = { .fn = fn, .obj = obj };
	queue_fn *queue = (queue_fn *)rld_host_symbol(
		r, r->host.libc, "__cxa_thread_atexit_impl");
	struct thread *t;
	int ret;

	d.queued = queue != NULL;
	rld_lock(r);
	d.dso = rld_find_addr(r, (uintptr_t)dso);
	if (d.dso && d.dso->flags & D_STARTUP)
		d.dso = NULL; /* it never leaves */
	if (d.dso)
		d.dso->tls_dtors++;
	rld_unlock(r);
	t = d.dso || !queue ? rld_thread() : own_list();
	if (t && !t->tid)
		t->tid = sys_gettid();
	if (!t && !d.dso) /* no other order to keep than libc's own */
		return queue(fn, obj, &rld_state);
	if (queue && reuse_dtor(d))
		return 0;
	ret = new_dtor(d, queue);
	if (ret && d.dso) {
		rld_lock(r);
		d.dso->tls_dtors--;
		rld_unlock(r);
	}
	return ret;
}

void rld_forget_error(void)
{
	struct thread *t = thread_here();

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
