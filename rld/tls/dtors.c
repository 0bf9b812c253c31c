/* SPDX-License-Identifier: MIT */
/* Destructors of thread_local objects, and the end of a thread. */
#include "rld/base/base.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"
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

/* The entry whose list is this thread's own; NULL: it has none, or memory was
 * too short for one. */
static struct thread *own_list(void)
{
	struct thread *t = rld_thread_here();

	return t == &rld_early_thread && rld_state.started &&
			       rld_state.tls_size ?
		       NULL :
		       t;
}

/* Thread exit, from the host libc's key destructors.  The last round frees:
 * destructors of others may still touch their variables. */
void rld_thread_exit(void *arg)
{
	struct thread *t = arg;
	int (*set)(unsigned, const void *);

	set = (int (*)(unsigned, const void *))rld_of_threads(
		&rld_state, "pthread_setspecific");
	t->ending = 1;
	rld_thread_dtors();
	if (++t->rounds < 4 && set) {
		set(rld_thread_key, t);
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
		rld_set_lapsed(r, 1);
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

	while ((d = next_unqueued(rld_thread_here()))) {
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
	forget(&rld_early_thread, gone);
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
		t = &rld_early_thread;
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
