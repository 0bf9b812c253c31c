/* SPDX-License-Identifier: MIT */
/* A definition that may have to be loaded first, for first calls, entry points and
 * dlsym. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"

/* What came after serial `last` is bound and told of; -1: it is gone again. */
static int bind_supplied(struct rld *r, unsigned last, struct rld_err *e)
{
	struct dso *first = rld_after(r, last);
	int mend = r->mend_due;

	if (rld_audits(r))
		rld_audit_consistent(r);
	rld_mend_done(r);
	if (first && rld_bind_new(r, first, e)) {
		rld_undo(r, last);
		return -1;
	}
	for (struct dso *n = first; n; n = dso_next(n))
		n->flags &= ~(unsigned)D_NEW;
	rld_revive_done(r);
	if (mend)
		rld_mend(r);
	rld_debug_state(r, RT_ADD);
	rld_debug_state(r, RT_CONSISTENT);
	return 0;
}

int rld_supply(struct rld *r, const struct ref *ref, struct dso *from,
	       struct def *out, struct rld_err *e)
{
	unsigned last = r->serial;
	unsigned long delays = r->stat.delays;
	int hit = rld_delay_lookup(r, ref, from, out, e);

	if (r->stat.delays != delays && bind_supplied(r, last, e))
		return 0;
	return hit;
}

/* The same for dlsym: only through the liblists of what root reaches. */
static int supply_in(struct rld *r, const struct ref *ref, struct dso *root,
		     struct def *out, struct rld_err *e)
{
	unsigned last = r->serial;
	unsigned long delays = r->stat.delays;
	int hit = rld_delay_in(r, ref, root, out, e);

	if (r->stat.delays != delays && bind_supplied(r, last, e))
		return 0;
	return hit;
}

int rld_supply_kept(struct rld *r, const struct ref *ref, struct def *def,
		    struct rld_err *e)
{
	struct ref other = *ref;

	if (!rld_delay_due(ref->from, def->dso))
		return 1;
	other.staying = 1;
	if (def->dso->flags &
	    D_GONE) /* another thread closes it: the next one */
		return rld_lookup(r, &other, def) ||
		       rld_supply(r, &other, ref->from, def, e);
	return rld_delay_keep(r, ref->from, def->dso, e);
}

/* In the members of a handle: breadth-first for a private one, in the order
 * in which they became global for a global one. */
int rld_in_handle(struct rld *r, struct dso *d, struct ref *ref,
		  struct def *out, struct rld_err *e)
{
	struct dso **list;
	unsigned n;
	struct def one;
	unsigned best = UINT32_MAX;
	int hit = 0, own = 0;

	if (d->own) {
		list = d->own->member;
		n = d->own->n;
	} else {
		list = rld_closure(r, d, &n);
		own = 1;
	}
	for (unsigned i = 0; list && i < n; i++) {
		if (!rld_lookup_in(list[i], ref, &one))
			continue;
		if (!(d->flags & D_GLOBAL) || d->space) {
			*out = one;
			hit = 1;
			break;
		}
		if (list[i]->global_serial < best) {
			best = list[i]->global_serial;
			*out = one;
			hit = 1;
		}
	}
	if (own)
		rld_free(list);
	if (hit)
		rld_prefer_own(r, ref, out);
	if (hit && is_unique(out))
		rld_unify(r, ref, out, 1);
	if (!hit && r->ndelay) {
		hit = supply_in(r, ref, d, out, e);
		rld_search_done(r);
	}
	return hit;
}
