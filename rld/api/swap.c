/* SPDX-License-Identifier: MIT */
/* A new file in the place of a library in use: it is mapped beside the old one
 * and bound without seeing it, checked for all that is bound to the old one,
 * initialised, and then takes its place in the list, in groups, in liblists
 * and in every slot; the old one leaves as by dlclose. */
#include "rld/api/api.h"
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/image/image.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

struct missing {
	struct rld *r;
	char *text;
	unsigned n;
};

static void miss(void *arg, const char *from, const char *name)
{
	struct missing *m = arg;
	char *item = rld_format("%s (used by %s)", name, from), *all;
	const char *at = m->text && item ? m->text : "";

	/* once for each user */
	for (size_t n = item ? strlen(item) : 0; n && *at;) {
		size_t k = 0;

		while (at[k] && strncmp(at + k, "; ", 2) != 0)
			k++;
		if (k == n && !strncmp(at, item, n)) {
			rld_free(item);
			return;
		}
		at += k;
		at += *at ? 2 : 0;
	}
	m->n++;
	all = m->text ? rld_format("%s; %s", m->text, item ? item : name) :
			rld_strdup(item ? item : name);
	rld_free(item);
	if (!all)
		return;
	rld_free(m->text);
	m->text = all;
}

/* Would anybody miss old, with fresh in its place? */
static int complete(struct rld *r, struct dso *old, struct dso *fresh,
		    struct rld_err *e)
{
	struct missing m = { r, NULL, 0 };

	rld_would_miss(r, old, miss, &m);
	rld_entries_would_miss(r, old, fresh, miss, &m);
	if (m.n)
		rld_fail(e, "%s: does not define what is in use of %s: %s",
			 dso_name(r, fresh), dso_name(r, old),
			 m.text ? m.text : "(out of memory)");
	rld_free(m.text);
	return m.n ? -1 : 0;
}

static struct dso *swappable(struct rld *r, void *handle, struct rld_err *e)
{
	struct dso *d = rld_valid(r, handle, e);

	if (!d)
		return NULL;
	if (d->flags & (D_STARTUP | D_HOST | D_SELF | D_VDSO))
		rld_fail(e, "%s: came with the program: cannot be swapped",
			 dso_name(r, d));
	else if (!d->opens)
		rld_fail(e, "%s: is not open", dso_name(r, d));
	else if (d->flags & D_NODELETE)
		rld_fail(e,
			 "%s: was opened with RTLD_NODELETE or linked "
			 "-z nodelete: cannot be swapped",
			 dso_name(r, d));
	else if (d->flags & (D_SWAPPING | D_LEAVING | D_NEW) ||
		 d->init != INIT_DONE)
		rld_fail(e, "%s: is being loaded, swapped or unloaded",
			 dso_name(r, d));
	return e->set ? NULL : d;
}

/* fresh is seen by the objects that see old. */
static int join(struct rld *r, struct dso *old, struct dso *fresh,
		struct rld_err *e)
{
	for (unsigned i = 0; i < old->ngroup; i++)
		if (rld_extend_group(r, old->group[i], fresh))
			return rld_fail(e, "%s: out of memory",
					dso_name(r, fresh));
	if (old->flags & D_GLOBAL) {
		rld_make_global(r, fresh);
		dso_set_global(fresh, old->global_serial);
	}
	return 0;
}

/* Map, bind and check.  The new objects stay D_NEW: an undo is possible. */
static struct dso *prepare(struct rld *r, struct dso *old, const char *path,
			   unsigned flags, struct rld_err *e)
{
	unsigned last = r->serial;
	struct dso *fresh;
	int was = r->snapshot;

	rld_set_fresh(r, 1);
	if (flags & RLD_SWAP_SNAPSHOT)
		rld_set_snapshot(r, 1);
	rld_load_into(r, old->space);
	fresh = rld_load_new(r, path ? path : old->lm.l_name, NULL, e);
	rld_load_into(r, NULL);
	rld_set_fresh(r, 0);
	if (fresh && fresh != rld_after(r, last))
		rld_fail(e, "%s: cannot be loaded a second time",
			 dso_name(r, fresh));
	if (!e->set)
		rld_bring_in(r, fresh,
			     flags & RLD_SWAP_NOW ? RTLD_NOW : RTLD_LAZY, e);
	rld_set_snapshot(r, was);
	for (struct dso *n = rld_after(r, last); n; n = dso_next(n)) {
		n->replaces = old;
		if (old->module)
			dso_set_module(n, MODULE_NEW);
	}
	if (rld_audits(r))
		rld_audit_consistent(r);
	if (e->set || join(r, old, fresh, e) || rld_bind_new(r, fresh, e) ||
	    complete(r, old, fresh, e)) {
		rld_undo(r, last);
		return NULL;
	}
	rld_module_follow(fresh, old);
	return fresh;
}

static void replace_in_groups(struct dso *old, struct dso *fresh)
{
	for (unsigned i = 0; i < old->ngroup; i++) {
		struct group *g = old->group[i];
		unsigned k = 0;

		for (unsigned j = 0; j < g->n; j++) {
			struct dso *d = g->member[j];

			if (d == fresh)
				continue; /* it moves to old's place */
			g->member[k++] = d == old ? fresh : d;
		}
		__atomic_store_n(&g->n, k, __ATOMIC_RELEASE);
	}
	if (!fresh->own) {
		dso_set_own(fresh, old->own);
		dso_set_own(old, NULL);
	}
}

static void take_place(struct rld *r, struct dso *old, struct dso *fresh)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		for (unsigned i = 0; i < d->nneed + d->nfilter; i++) {
			struct dso **at = i < d->nneed ?
						  &d->need[i] :
						  &d->filtee[i - d->nneed];

			if (*at == old)
				*at = fresh;
		}
	for (struct alias *a = old->alias; a; a = a->more)
		rld_add_name(r, fresh, a->name);
	replace_in_groups(old, fresh);
	rld_move_before(r, fresh, old);
	fresh->opens = old->opens;
	fresh->mode = old->mode;
	fresh->as_module = old->as_module;
	old->as_module = 0;
	old->opens = 0;
	r->swapped = 1;
	old->replaces = fresh; /* its destructors call what is its own */
	old->flags |= D_RETIRED;
	fresh->face = old->face ? old->face : old;
	old->was_face = old->face;
	fresh->face->flags |= D_FACE;
	old->face = NULL;
	rld_show_on_face(fresh);
	if (r->index)
		rld_index_build(r);
	if (r->overrides)
		rld_weak_forget(r, old);
	rld_unbind(r, old);
}

static void settled(struct rld *r, struct dso *old)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->replaces == old)
			d->replaces = NULL;
}

static void hold_both(struct dso *old, struct dso *fresh)
{
	old->flags |= D_SWAPPING;
	dso_own_init(old);
	dso_hold(old);
	dso_hold(fresh);
}

static void let_go(struct dso *old, struct dso *fresh)
{
	old->flags &= ~(unsigned)D_SWAPPING;
	dso_let_go(old);
	dso_let_go(fresh);
}

/* Of those that are swapped in for old, it is the first in the list. */
static struct dso *newcomer(struct rld *r, const struct dso *old)
{
	struct dso *d = r->head;

	while (d && d->replaces != old)
		d = dso_next(d);
	return d;
}

/* An exception leaves a constructor of the new file: the swap that this thread
 * began last has failed.  The new objects leave with the next dlopen or dlclose,
 * for the exception may lie in them. */
int rld_leave_swap(int version, int actions, uint64_t class, void *exception,
		   void *context)
{
	struct rld *r = &rld_state;
	struct dso *last = NULL, *fresh = NULL;

	(void)version;
	(void)class;
	(void)exception;
	(void)context;
	if (!(actions & UNWIND_CLEANUP_PHASE))
		return UNWIND_CONTINUE;
	rld_lock(r);
	for (struct dso *old = r->head; old; old = dso_next(old)) {
		struct dso *d = old->flags & D_SWAPPING &&
						old->init_owner ==
							rld_self_id() ?
					newcomer(r, old) :
					NULL;

		if (d && (!fresh || d->born > fresh->born)) {
			fresh = d;
			last = old;
		}
	}
	if (fresh) {
		let_go(last, fresh);
		settled(r, last);
		rld_set_lapsed(r, 1);
	}
	rld_unlock(r);
	return UNWIND_CONTINUE;
}

/* No lock is held. */
static __attribute__((noinline)) void initialise(struct rld *r, struct dso *old,
						 struct dso *fresh)
{
	LEFT_BY(rld_leave_swap);
	rld_run_init(r, fresh);
	rld_delay_init(r);
	rld_lock(r);
	let_go(old, fresh);
}

/* Has the initialiser of what comes for old refused, or that of what it needs? */
static void refused(struct rld *r, const struct dso *old, struct rld_err *e)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->replaces == old && d->module == MODULE_REFUSED)
			rld_fail(e, "%s: its initialiser refused: %s stays",
				 dso_name(r, d), dso_name(r, old));
}

API int rld_swap(void *handle, const char *path, unsigned flags)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct dso *old, *fresh = NULL;
	int shut;

	rld_watch_fork(r);
	rld_lock(r);
	if (flags & ~(unsigned)(RLD_SWAP_NOW | RLD_SWAP_SNAPSHOT))
		rld_fail(&e, "rld_swap: unknown flags 0x%x", flags);
	if (r->asking)
		rld_fail(&e, "rld_swap: not while an auditor is called about a "
			     "load or an unloading");
	old = e.set ? NULL : swappable(r, handle, &e);
	rld_guard(r, 1);
	if (old && rld_unseal(r)) {
		rld_fail(&e, "rld_swap: out of memory");
	} else if (old) {
		fresh = prepare(r, old, path, flags, &e);
		rld_seal(r);
	}
	rld_guard(r, 0);
	rld_search_done(r);
	if (!fresh) {
		rld_unlock(r);
		rld_keep_error(&e);
		return -1;
	}
	for (struct dso *n = fresh; n; n = dso_next(n))
		n->flags &= ~(unsigned)D_NEW;
	rld_revive_done(r);
	hold_both(old, fresh);
	rld_unlock(r);
	initialise(r, old, fresh);
	shut = rld_unseal(r);
	if (shut)
		rld_fail(&e, "rld_swap: out of memory");
	else
		refused(r, old, &e);
	if (e.set)
		;			  /* the new one leaves */
	else if (old->flags & D_NODELETE) /* by its constructors */
		rld_fail(&e, "%s: has been opened with RTLD_NODELETE meanwhile",
			 dso_name(r, old));
	else if (rld_open_users(r, old))
		rld_fail(&e,
			 "%s: cannot be swapped: the RELRO of an object that "
			 "uses it cannot be made writable",
			 dso_name(r, old));
	else if (!complete(r, old, fresh, &e))
		take_place(r, old, fresh);
	rld_close_users(r, old);
	if (!shut)
		rld_seal(r);
	settled(r, old);
	TRACE(r, TR_MAP | TR_UNLOAD, "swap: %s: %s\n", dso_name(r, fresh),
	      e.set ? e.text : "in place");
	rld_debug_state(r, RT_ADD);
	rld_debug_state(r, RT_CONSISTENT);
	if (!e.set)
		fresh->flags |= D_TOLD, dso_hold(fresh);
	rld_closed_from(r, (uintptr_t)__builtin_return_address(0));
	rld_collect(r); /* the old one, or the new one with its destructors */
	rld_unlock(r);
	if (e.set) {
		rld_keep_error(&e);
		return -1;
	}
	rld_tell(r, fresh, RLD_EVENT_SWAPPED);
	rld_lock(r);
	if (dso_let_go(fresh) == 0 && !fresh->opens)
		rld_collect(r);
	rld_unlock(r);
	rld_tell_loaded(r);
	return 0;
}
