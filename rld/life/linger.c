/* SPDX-License-Identifier: MIT */
/* Objects that are closed and keep their memory.  Two things cannot be taken
 * back: the address of a unique variable that another object uses, and a
 * destructor of a thread_local object that waits in another thread.  An object
 * that is closed while one of these holds it lingers (doc/binding.md, section
 * 5): no name leads to it, bindings to it are taken back, and it leaves, or is
 * revived, later. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/image/image.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

/* For its own sake, not as a dependency; rld_holders tells of it. */
static int is_held(const struct dso *d)
{
	return d->opens || d->holds || d->flags & (D_NODELETE | D_NEW) ||
	       d->init == INIT_BINDING || d->init == INIT_RUNNING;
}

/* d and all that it needs; what is kept for a stronger reason stays so. */
static void keep(struct dso *d, enum keep why)
{
	if (!d || d->keep || d->flags & D_STARTUP)
		return;
	d->keep = why;
	for (unsigned i = 0; i < d->nneed; i++)
		keep(d->need[i], why);
	for (unsigned i = 0; i < d->nfilter; i++)
		keep(d->filtee[i], why);
}

static int is_user(const struct edge *e, enum keep least)
{
	const struct dso *from = e->from;

	return e->unique &&
	       (from->flags & D_STARTUP || (from->keep && from->keep <= least));
}

/* Whose unique definitions are used by what is kept for `least` or a stronger
 * reason is kept, too: for `why`. */
static void keep_used(struct dso *first, enum keep least, enum keep why)
{
	int more;

	do {
		more = 0;
		for (struct dso *d = first; d; d = dso_next(d)) {
			const struct edge *e = d->keep ? NULL : d->users;

			while (e && !is_user(e, least))
				e = e->next;
			if (e) {
				keep(d, why);
				more = 1;
			}
		}
	} while (more);
}

/* Do destructors of d's wait that this call must not run?  Its own thread's run
 * at the close, and only there: later, the thread may be in d's code. */
static int waits(const struct dso *d)
{
	return d->tls_dtors && (rld_dtors_here(d) < d->tls_dtors ||
				(lingers(d) && d->closed_by != rld_self_id()));
}

/* Destructors of d's have begun to run in another thread, or must not in this
 * one. */
static int is_others(const struct dso *d, int ending)
{
	return (d->flags & D_LEAVING && !d->stays &&
		d->init_owner != rld_self_id()) ||
	       (ending && lingers(d) && !(d->flags & D_LEAVING));
}

void rld_keep(struct rld *r)
{
	struct dso *first = rld_first_dynamic(r), *d;
	int ending = r->nlinger && rld_thread_is_ending();

	for (d = first; d; d = dso_next(d))
		d->keep = KEEP_NOT;
	for (d = r->head; d != first; d = dso_next(d))
		for (unsigned i = 0; d->mark && i < d->nneed; i++)
			keep(d->need[i], KEEP_LOADED);
	r->keeps_more = r->nunique > 0;
	for (d = first; d; d = dso_next(d)) {
		if (!(d->flags & D_LEAVING) && is_held(d))
			keep(d, KEEP_LOADED);
		r->keeps_more |= d->tls_dtors || d->flags & D_LEAVING ||
				 lingers(d);
	}
	if (!r->keeps_more)
		return;
	keep_used(first, KEEP_SHARES, KEEP_SHARES);
	for (d = first; d; d = dso_next(d)) {
		if (ending && lingers(d) && !d->keep)
			rld_set_lapsed(r, 1); /* for another thread */
		if (waits(d) || is_others(d, ending))
			keep(d, KEEP_WAITS);
	}
	keep_used(first, KEEP_WAITS, KEEP_WAITS);
	for (d = first; d; d = dso_next(d))
		if (d->tls_dtors && !(d->flags & D_LEAVING))
			keep(d, KEEP_DUE);
	keep_used(first, KEEP_DUE, KEEP_DUE);
}

/* What it will be, if it stays as it is kept. */
static enum life life_of(const struct dso *d)
{
	if (d->flags & (D_STARTUP | D_HOST | D_LEAVING | D_NEW) ||
	    (d->keep != KEEP_SHARES && d->keep != KEEP_WAITS))
		return d->life;
	return d->keep == KEEP_SHARES && !(d->flags & D_RETIRED) ? LIFE_SHARES :
								   LIFE_WAITS;
}

int rld_linger_due(struct rld *r)
{
	struct dso *d = r->keeps_more ? r->tail : NULL;

	for (; d && !(d->flags & D_STARTUP); d = d->prev)
		if (life_of(d) != d->life)
			return 1;
	return 0;
}

static void tell_thread(struct rld *r, const struct dso *d, unsigned n, int tid)
{
	rld_trace(r, "kept: %s: %u thread_local destructor%s, thread %d\n",
		  dso_name(r, d), n, n == 1 ? "" : "s", tid);
}

static void tell_why(struct rld *r, const struct dso *d)
{
	int told = 0;

	for (const struct edge *e = d->users; e; e = e->next)
		if (is_user(e, KEEP_WAITS)) {
			rld_trace(r,
				  "kept: %s: unique symbol %s is used by "
				  "%s\n",
				  dso_name(r, d), e->unique,
				  dso_name(r, e->from));
			told = 1;
		}
	if (d->tls_dtors) {
		rld_dtors_each(r, d, tell_thread);
		told = 1;
	}
	for (const struct dso *o = r->head; o && !told; o = dso_next(o))
		for (unsigned i = 0; i < o->nneed && !told; i++)
			if (o->need[i] == d && o->keep == d->keep) {
				rld_trace(r, "kept: %s: needed by %s\n",
					  dso_name(r, d), dso_name(r, o));
				told = 1;
			}
}

/* One that has begun to linger sees what lingers with it by a group of its own.
 * Without memory for that it sees itself and what is global. */
static void retract(struct rld *r, struct dso *d)
{
	struct rld_err e = { 0 };

	dso_set_retracted(d, 1);
	dso_hold(d);
	rld_join_group(r, d, &e);
	rld_err_clear(&e);
	if (r->overrides)
		rld_weak_forget(r, d);
	if (!(d->flags & D_RETIRED)) /* a swap has done so */
		rld_unbind(r, d);
	dso_let_go(d);
}

static struct dso *not_retracted(struct rld *r)
{
	for (struct dso *d = r->tail; d && !(d->flags & D_STARTUP); d = d->prev)
		if (lingers(d) && !d->retracted)
			return d;
	return NULL;
}

void rld_linger(struct rld *r)
{
	struct dso *d;
	int shut;

	for (d = r->tail; d && !(d->flags & D_STARTUP); d = d->prev) {
		enum life life = life_of(d);

		if (lingers(d) || life == d->life) {
			dso_set_why_it_lingers(d, life);
			continue;
		}
		rld_set_life(d, life);
		d->closed_by = rld_self_id();
		d->flags &= ~(unsigned)D_GLOBAL;
		dso_set_retracted(d, 0);
		rld_count_linger(r);
		if (r->trace & TR_UNLOAD)
			tell_why(r, d);
	}
	shut = rld_unseal(r); /* then entry points go on leading to it */
	rld_guard(r, 1);
	while ((d = not_retracted(r)))
		retract(r, d);
	rld_guard(r, 0);
	if (!shut)
		rld_seal(r);
}
