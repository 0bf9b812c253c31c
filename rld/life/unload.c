/* SPDX-License-Identifier: MIT */
/* dlclose's second half: an object that nothing holds leaves, and what others
 * bound to it is taken back.  linger.c tells what stays. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/image/image.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

/* Of this thread's: another's destructors must have ended before it unmaps. */
static struct dso *next_to_finish(struct rld *r)
{
	for (struct dso **p = &r->fini_list; *p; p = &(*p)->fini_next)
		if ((*p)->flags & D_FINISHING &&
		    (*p)->init_owner == rld_self_id()) {
			struct dso *d = *p;

			*p = d->fini_next;
			d->flags &= ~(unsigned)D_FINISHING;
			return d;
		}
	return NULL;
}

/* What leaves with one dlclose. */
struct leaving {
	struct dso **at;
	struct rld_event *news; /* of each, for afterwards */
	unsigned n;
};

/* A call of rld_collect, in its frame. */
struct collection {
	struct collection *outer; /* begun before it, by any thread */
	uintptr_t thread;
	enum turn_state turn;
	struct leaving what;
	struct dso *finishing; /* its destructors run */
};

static struct collection *collections; /* changed under the writer lock */

/* Not host objects: libc's own loader has them. */
static int leaves(const struct dso *d)
{
	if (d->keep || d->flags & D_HOST)
		return 0;
	return d->stays || !(d->flags & D_LEAVING);
}

/* What leaves now; none where memory is short for a list of them. */
static void choose(struct rld *r, struct leaving *l)
{
	struct dso *first = rld_first_dynamic(r);
	unsigned n = 0;

	for (struct dso *d = first; d; d = dso_next(d))
		n += (unsigned)leaves(d);
	if (!n)
		return;
	l->at = rld_alloc(n * sizeof *l->at);
	l->news = rld_alloc(n * sizeof *l->news);
	if (!l->at || !l->news)
		return;
	for (struct dso *d = first; d && l->n < n; d = dso_next(d))
		if (leaves(d))
			l->at[l->n++] = d;
}

static void not_ready(struct rld *r, const struct leaving *l, unsigned opened)
{
	while (opened-- > 0)
		rld_close_users(r, l->at[opened]);
	rld_seal(r);
}

/* All that must be written to when they leave becomes writable; -1: the kernel
 * refuses some of it, and nothing has changed. */
static int make_ready(struct rld *r, const struct leaving *l)
{
	if (rld_unseal(r))
		return -1;
	for (unsigned i = 0; i < l->n; i++)
		if (rld_open_users(r, l->at[i])) {
			not_ready(r, l, i);
			return -1;
		}
	return 0;
}

/* Before anything has changed, where foreign code comes first. */
static int could_leave(struct rld *r, const struct leaving *l)
{
	if (make_ready(r, l))
		return 0;
	not_ready(r, l, l->n);
	return 1;
}

/* The kernel has changed its mind while destructors ran: they are kept as they
 * are, out of sight, until a later dlclose. */
static void keep(struct rld *r, const struct leaving *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		l->at[i]->stays = 1;
		TRACE(r, TR_UNLOAD,
		      "unload: %s stays: its users cannot be "
		      "made writable\n",
		      dso_name(r, l->at[i]));
	}
}

static void tell_unloading(struct rld *r, struct dso *d)
{
	rld_unlock(r);
	rld_tell(r, d, RLD_EVENT_UNLOADING);
	rld_lock(r);
}

static int is_in(const struct leaving *l, const struct dso *d)
{
	unsigned i = 0;

	while (i < l->n && l->at[i] != d)
		i++;
	return i < l->n;
}

/* Listeners are told in the reverse order of construction, as destructors run: first
 * of the object, then of what it needs.  Lock held, and given up meanwhile. */
static void tell_all_unloading(struct rld *r, const struct leaving *l)
{
	struct dso **row = rld_alloc(l->n * sizeof *row);
	unsigned n = 0;

	for (struct dso *d = row ? r->fini_list : NULL; d && n < l->n;
	     d = d->fini_next)
		if (d->flags & D_FINISHING && is_in(l, d))
			row[n++] = d;
	for (unsigned i = 0; i < n; i++)
		tell_unloading(r, row[i]);
	for (unsigned i = 0; i < l->n; i++) { /* what was never constructed */
		unsigned k = 0;

		while (k < n && row[k] != l->at[i])
			k++;
		if (k == n && !l->at[i]->stays)
			tell_unloading(r, l->at[i]);
	}
	rld_free(row);
}

/* Listeners and destructors, without the lock. */
static void finish(struct rld *r, struct collection *c)
{
	const struct leaving *l = &c->what;
	struct dso *d;

	if (rld_event_wanted(RLD_EVENT_UNLOADING))
		tell_all_unloading(r, l);
	while ((d = next_to_finish(r))) {
		rld_unlock(r);
		rld_exit_begin(r);
		c->finishing = d;
		rld_run_fini(r, d);
		c->finishing = NULL;
		rld_exit_end(r);
		rld_lock(r);
		if (rld_audits(r))
			rld_audit_closed(r, d);
	}
}

/* Where libstdc++ is never unloaded it need not free what it has allocated
 * for exceptions (72 KiB), and its destructors do not; but it has a function
 * that does, for programs that count blocks.  Called as destructors are.  The guard
 * is for tables of files that were cut short since they were loaded. */
static int free_resources(struct rld *r, const struct leaving *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		uintptr_t fn =
			l->at[i]->init != INIT_FINISHED || l->at[i]->stays ?
				0 :
				rld_host_symbol(r, l->at[i],
						"_ZN9__gnu_cxx9__freeresEv");

		if (!fn)
			continue;
		rld_guard(r, 0);
		not_ready(r, l, l->n);
		rld_unlock(r);
		((void (*)(void))fn)();
		rld_lock(r);
		if (make_ready(r, l))
			return -1;
		rld_guard(r, 1);
	}
	return 0;
}

static __attribute__((cold, noinline)) void
tell_auditors(struct rld *r, const struct leaving *l)
{
	for (unsigned i = 0; i < l->n; i++)
		rld_audit_closed(r, l->at[i]);
	for (unsigned i = 0; i < l->n; i++)
		rld_audit_removing(r, l->at[i]);
}

/* Taken back and unmapped; all is writable for it. */
static void leave(struct rld *r, struct leaving *l)
{
	if (rld_audits(r))
		tell_auditors(r, l);
	for (unsigned i = 0; i < l->n; i++)
		l->at[i]->flags |= D_DYING;
	for (unsigned i = 0; i < l->n; i++) {
		rld_entries_unbind(r, l->at[i]);
		rld_code_free(r, l->at[i]);
	}
	for (unsigned i = 0; i < l->n; i++) {
		struct dso *d = l->at[i];

		TRACE(r, TR_UNLOAD, "unload: %s\n", dso_name(r, d));
		if (r->overrides)
			rld_weak_forget(r, d);
		rld_index_remove(r, d);
		rld_unbind(r, d);
		rld_close_users(r, d);
	}
	rld_debug_state(r, RT_DELETE);
	for (unsigned i = 0; i < l->n; i++) {
		struct rld_event ev =
			rld_event_of(RLD_EVENT_UNLOADED, l->at[i]);

		ev.name = rld_journal_add(r, l->at[i]);
		if (r->tombstone && l->at[i]->dyn.symtab)
			rld_tomb_add(r, l->at[i], rld_journal_count());
		if (rld_journal_count() == 1)
			rld_explain_faults();
		ev.handle = NULL;
		if (rld_event_wanted(RLD_EVENT_UNLOADED)) {
			ev.name = rld_strdup(ev.name);
			l->news[i] = ev;
		}
		rld_remove(r, l->at[i]);
	}
}

/* Lock held, and given up meanwhile. */
static void tell_unloaded(struct rld *r, struct leaving *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		char *name = (char *)(uintptr_t)l->news[i].name;

		if (!l->news[i].what)
			continue;
		if (!name)
			l->news[i].name = "";
		rld_unlock(r);
		rld_emit(&l->news[i]);
		rld_lock(r);
		rld_free(name);
	}
}

/* For those that are not finished yet. */
static void mark_leaving(const struct leaving *l, unsigned flags)
{
	for (unsigned i = 0; i < l->n; i++) {
		struct dso *d = l->at[i];

		if (d->stays)
			continue;
		d->flags &= ~(unsigned)(D_FINISHING | D_LEAVING);
		d->flags |= flags;
		dso_own_init(d);
	}
}

/* -1: what would have to be written when something leaves cannot be. */
static int run_due(struct rld *r)
{
	struct dso *d = rld_first_dynamic(r);

	rld_keep(r);
	while (d && r->keeps_more && d->keep != KEEP_DUE)
		d = dso_next(d);
	if (!d || !r->keeps_more)
		return 0;
	if (rld_unseal(r))
		return -1;
	rld_seal(r);
	while (rld_dtors_run_due(r))
		rld_keep(r);
	return 0;
}

/* What is to leave, marked; none if it cannot. */
static void begin_to_leave(struct rld *r, struct leaving *l)
{
	choose(r, l);
	if (!l->n)
		return;
	mark_leaving(l, D_FINISHING | D_LEAVING);
	if (could_leave(r, l))
		return;
	TRACE(r, TR_UNLOAD,
	      "unload: %s stays: what its leaving would change cannot be "
	      "made writable\n",
	      dso_name(r, l->at[0]));
	mark_leaving(l, 0);
	l->n = 0;
}

/* 0: they stay after all. */
static int unload(struct rld *r, struct leaving *l)
{
	if (make_ready(r, l)) {
		keep(r, l);
		return 0;
	}
	rld_guard(r, 1);
	if (free_resources(r, l)) {
		keep(r, l);
		return 0;
	}
	leave(r, l);
	rld_free(l->at);
	l->at = NULL;
	rld_guard(r, 0);
	rld_seal(r);
	rld_debug_state(r, RT_CONSISTENT);
	if (rld_audits(r))
		rld_audit_consistent(r);
	tell_unloaded(r, l);
	return 1;
}

static void free_leaving(struct leaving *l)
{
	rld_free(l->at);
	rld_free(l->news);
	*l = (struct leaving){ 0 };
}

/* 1: what lingers may have lost its reason. */
static int collect(struct rld *r, struct collection *c)
{
	struct leaving *l = &c->what;
	int stays, more = 0;

	if (run_due(r))
		return 0;
	stays = rld_linger_due(r);
	begin_to_leave(r, l);
	if (l->n)
		finish(r, c);
	if (stays) {
		if (l->n) /* destructors may have opened and closed */
			rld_keep(r);
		rld_linger(r);
	}
	if (l->n && unload(r, l))
		more = r->nlinger > 0;
	free_leaving(l);
	return more;
}

/* Lock held. */
static void end(struct rld *r, struct collection *c)
{
	for (struct collection **p = &collections; *p; p = &(*p)->outer)
		if (*p == c) {
			*p = c->outer;
			break;
		}
	rld_turn_end(r, c->turn);
}

/* An exception leaves a destructor, a deinitialiser or a listener.  What has not been
 * finished is as it was; all leaves with the next dlopen or dlclose, for the exception
 * may lie in it. */
int rld_leave_collect(int version, int actions, uint64_t class, void *exception,
		      void *context)
{
	struct rld *r = &rld_state;
	struct collection *c;
	struct dso *d;

	(void)version;
	(void)class;
	(void)exception;
	(void)context;
	if (!(actions & UNWIND_CLEANUP_PHASE))
		return UNWIND_CONTINUE;
	rld_lock(r);
	for (c = collections; c && c->thread != rld_self_id(); c = c->outer)
		;
	if (c) {
		d = c->finishing;
		if (d)
			rld_exit_end(r);
		if (d && d->module == MODULE_STOPPING)
			dso_set_module(d, MODULE_ENDED);
		if (d && d->init != INIT_FINISHED) {
			d->fini_next = r->fini_list;
			r->fini_list = d;
		}
		if (c->what.at)
			mark_leaving(&c->what, 0);
		free_leaving(&c->what);
		rld_set_lapsed(r, 1);
		end(r, c);
	}
	rld_unlock(r);
	return UNWIND_CONTINUE;
}

static int any_leaves(struct rld *r)
{
	rld_keep(r);
	for (const struct dso *d = rld_first_dynamic(r); d; d = dso_next(d))
		if (leaves(d) || d->keep == KEEP_DUE)
			return 1;
	return 0;
}

/* Called with the lock held once; destructors run without it, and in turn. */
__attribute__((noinline)) void rld_collect(struct rld *r)
{
	struct collection c = { .thread = rld_self_id() };

	LEFT_BY(rld_leave_collect);
	if (r->exiting)
		return;
	c.turn = rld_turn_try(r);
	if (c.turn == TURN_OTHERS && any_leaves(r)) {
		rld_unlock(r);
		c.turn = rld_turn_begin(r, NULL);
		rld_lock(r);
	}
	c.outer = collections;
	collections = &c;
	do
		rld_set_lapsed(r, 0);
	while (collect(r, &c));
	end(r, &c);
}

/* The object that lingers since its last handle, this one, was closed. */
static struct dso *closed(struct rld *r, const void *handle)
{
	for (struct dso *d = r->nlinger ? r->head : NULL; d; d = dso_next(d))
		if (lingers(d) && !(d->flags & D_RETIRED) &&
		    rld_handle(d) == handle)
			return d;
	return NULL;
}

/* An array of a caller's, and how long its elements are there. */
struct holders {
	char *out;
	size_t size, max, n;
};

static void add_holder(struct holders *l, int why, unsigned count,
		       const char *name)
{
	const struct rld_holder h = { why, count, name };

	if (l->n < l->max)
		rld_copy_sized(l->out + l->n * l->size, l->size, &h, sizeof h);
	l->n++;
}

static void list_holders(struct rld *r, const struct dso *d, struct holders *l)
{
	if (d->flags & D_STARTUP)
		add_holder(l, RLD_HELD_STARTUP, 1, NULL);
	if (d->opens)
		add_holder(l, RLD_HELD_HANDLE, d->opens, NULL);
	for (struct dso *o = r->head; o; o = dso_next(o))
		for (unsigned i = 0; i < o->nneed + o->nfilter; i++)
			if ((i < o->nneed ? o->need[i] :
					    o->filtee[i - o->nneed]) == d &&
			    o != d) {
				add_holder(l, RLD_HELD_DEPENDENT, 1,
					   dso_name(r, o));
				break;
			}
	if (d->flags & D_NODELETE)
		add_holder(l, RLD_HELD_NODELETE, 1, NULL);
	if (d->tls_dtors)
		add_holder(l, RLD_HELD_THREADS, d->tls_dtors, NULL);
	if (d->init == INIT_RUNNING || d->init == INIT_BINDING)
		add_holder(l, RLD_HELD_RUNNING, 1, NULL);
	for (struct edge *x = d->users; x; x = x->next)
		if (x->unique && !(x->from->flags & D_DYING))
			add_holder(l, RLD_HELD_UNIQUE, 1, dso_name(r, x->from));
}

/* Version 0.1's element, whatever members follow later. */
enum { FIRST_HOLDER = offsetof(struct rld_holder, name) + sizeof(char *) };

API int rld_holders_sized(void *handle, struct rld_holder *out, size_t size,
			  size_t max)
{
	struct rld *r = &rld_state;
	struct holders l = { (char *)out, size, max, 0 };
	struct rld_err e = { 0 };
	struct dso *d = NULL;

	if (size < FIRST_HOLDER) {
		rld_fail(&e,
			 "rld_holders: an element of %zu bytes: struct "
			 "rld_holder has had %zu or more: give sizeof *out",
			 size, (size_t)FIRST_HOLDER);
	} else {
		rld_lock(r);
		d = closed(r, handle);
		if (!d)
			d = rld_valid(r, handle, &e);
		if (d)
			list_holders(r, d, &l);
		rld_unlock(r);
	}
	if (d)
		return (int)l.n;
	rld_keep_error(&e);
	return -1;
}

/* What programs built with the header of version 0.1 call. */
API int rld_holders_0_1(void *handle, struct rld_holder *out,
			size_t max) __asm__("rld_holders");

int rld_holders_0_1(void *handle, struct rld_holder *out, size_t max)
{
	return rld_holders_sized(handle, out, FIRST_HOLDER, max);
}
