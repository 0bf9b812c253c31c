/* SPDX-License-Identifier: MIT */
/* What loads and delayed loads are told of, once their constructors have run. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/tls/tls.h"

static int is_untold(const struct dso *d)
{
	return !(d->flags &
		 (D_TOLD | D_STARTUP | D_NEW | D_DYING | D_LEAVING)) &&
	       d->init == INIT_DONE;
}

/* What was constructed first is told first: what an object needs comes before it. */
static struct dso *next_untold(struct rld *r)
{
	struct dso *first = NULL;

	for (struct dso *d = r->fini_list; d; d = d->fini_next)
		if (is_untold(d))
			first = d;
	/* objects of libc's own loader are not in that list */
	for (struct dso *d = r->head; d && !first; d = dso_next(d))
		if (is_untold(d))
			first = d;
	return first;
}

void rld_tell_loaded(struct rld *r)
{
	int any = 0;

	if (!rld_event_wanted(RLD_EVENT_LOADED | RLD_EVENT_DELAYED))
		return;
	for (;;) {
		struct rld_event ev;
		struct dso *d;

		rld_lock(r);
		d = next_untold(r);
		if (d) {
			d->flags |= D_TOLD;
			dso_hold(d);
			ev = rld_event_of(d->flags & D_DELAYED ?
						  RLD_EVENT_DELAYED :
						  RLD_EVENT_LOADED,
					  d);
			any = 1;
		}
		rld_unlock(r);
		if (!d)
			break;
		rld_emit(&ev);
		rld_lock(r);
		dso_let_go(d);
		rld_unlock(r);
	}
	if (any) { /* a listener may have closed what was held */
		rld_lock(r);
		rld_collect(r);
		rld_unlock(r);
	}
}

/* Both words of one, as a reader. */
static struct delay_handler handler(void)
{
	struct rld *r = &rld_state;
	int k = rld_read_begin(r);
	const struct delay_handler *h =
		__atomic_load_n(&VAULT->delay, __ATOMIC_ACQUIRE);
	struct delay_handler copy = { NULL, NULL };

	if (h)
		copy = *h;
	rld_read_end(r, k);
	return copy;
}

/* Vault open: in the place of the one that was the handler longest ago, if
 * each thread that was about to read it has done so.  -1: one has not. */
static int set_handler(struct rld *r, rld_delay_fn *fn, void *arg)
{
	struct delay_handler *h =
		&VAULT->delays[VAULT->ndelays % DELAY_HANDLERS];
	int stuck = 0;

	if (VAULT->ndelays >= DELAY_HANDLERS) {
		rld_wait_readers(r);
		stuck = r->stuck;
		rld_waited(r);
	}
	if (stuck)
		return -1;
	*h = (struct delay_handler){ fn, arg };
	VAULT->ndelays++;
	__atomic_store_n(&VAULT->delay, h, __ATOMIC_RELEASE);
	return 0;
}

static void *ask(int what, const char *owner, const char *library,
		 const char *symbol, const char *error)
{
	struct delay_handler h = handler();
	struct rld_delay news = { .size = sizeof news,
				  .what = what,
				  .caller = owner,
				  .library = library,
				  .symbol = symbol,
				  .error = error };

	return h.fn ? h.fn(&news, h.arg) : NULL;
}

void *rld_delay_failed(struct rld *r, const struct dso *from,
		       const char *symbol, const char *error)
{
	return ask(RLD_DELAY_FAILED, dso_name(r, from), NULL, symbol, error);
}

static struct dso *next_fresh(struct rld *r)
{
	for (struct dso *d = r->tail; d; d = d->prev)
		if (d->flags & D_DELAYED &&
		    (d->init == INIT_NONE || rld_late_is_mine(d)) &&
		    !(d->flags & (D_HOST | D_GONE | D_NEW)))
			return d;
	return NULL;
}

/* This thread's first news, and the object that it is of. */
static struct delay_news *next_news(struct rld *r, struct dso **x)
{
	struct delay_news *n = rld_delay_news(r);

	if (!n)
		return NULL;
	*x = r->head;
	while (*x && (*x)->serial != n->serial)
		*x = dso_next(*x);
	return n;
}

/* Constructors of what was loaded so, then the handler's news; no lock is
 * held. */
void rld_delay_init(struct rld *r)
{
	struct delay_news *n;
	struct dso *d;

	if (!__atomic_load_n(&r->delay_pending, __ATOMIC_ACQUIRE))
		return;
	for (;;) {
		rld_lock(r);
		d = next_fresh(r);
		n = d ? NULL : next_news(r, &d);
		if (!d && !n && !r->delay_news)
			rld_delay_done(r);
		if (d) /* or waits for the thread that runs them */
			rld_run_init_held(r, d);
		rld_unlock(r);
		if (!d && !n)
			break;
		if (!n)
			continue;
		if (d) /* else its load was undone */
			ask(RLD_DELAY_LOADED, n->owner, n->library, n->symbol,
			    NULL);
		rld_free_news(n);
	}
	rld_tell_loaded(r);
}

API rld_delay_fn *rld_delay_handler(rld_delay_fn *fn, void *arg)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	rld_delay_fn *was;

	rld_lock(r);
	was = VAULT->delay ? VAULT->delay->fn : NULL;
	if (rld_unseal(r)) {
		rld_fail(&e, "rld_delay_handler: out of memory");
	} else {
		if (set_handler(r, fn, arg))
			rld_fail(&e, "rld_delay_handler: too many changes "
				     "while a thread reads");
		rld_seal(r);
	}
	rld_unlock(r);
	if (e.set)
		rld_keep_error(&e);
	return was;
}
