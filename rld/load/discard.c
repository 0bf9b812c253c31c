/* SPDX-License-Identifier: MIT */
/* An object leaves the list, the groups and every table, and its memory is freed,
 * while no binding leads to it. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/image/image.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

void rld_free_dso(struct rld *r, struct dso *d)
{
	rld_code_free(r, d);
	if (d->audited)
		rld_audit_forget(r, d);
	rld_forget_names(r, d);
	rld_edges_forget(d);
	while (d->pairs) {
		struct pair *p = d->pairs;

		d->pairs = p->next;
		rld_free_later(r, p);
	}
	rld_free_later(r, d->addend);
	while (d->tlsdesc) {
		struct tlsdesc *t = d->tlsdesc;

		d->tlsdesc = t->next;
		rld_free_later(r, t);
	}
	rld_free_later(r, (void *)(uintptr_t)d->name);
	rld_free_later(r, d->lm.l_name);
	rld_free_later(r, d->ph_copy);
	rld_free_later(r, d->ver);
	rld_delay_forget(r, d);
	rld_free_later(r, d->note);
	rld_free_later(r, d->origin);
	rld_free_later(r, d->module_path);
	rld_free_later(r, d->need);
	rld_free_later(r, d->need_name);
	rld_free_later(r, d->filtee);
	rld_free_later(r, d->group);
	if (d->face && d->face->flags == D_FACE_ALONE)
		rld_free_later(r, d->face);
	else if (d->face) /* an older version, which is still there */
		d->face->flags &= ~(unsigned)D_FACE;
	if (d->flags & D_FACE) { /* its address is still a handle */
		/* and a reader that did not leave may stand on it: what it
		 * reads is freed later, too */
		d->flags = D_FACE_ALONE;
		d->serial = 0;
		for (struct dso *x = r->head; x; x = dso_next(x))
			rld_show_on_face(x->face == d ? x : NULL);
		return;
	}
	rld_free_later(r, d);
}

void rld_delay_forget(struct rld *r, struct dso *d)
{
	for (unsigned i = 0; d->mark && i < d->nneed; i++) {
		rld_look_away(d->mark[i].peek);
		if (rld_is_delayed(d, i) && !d->need[i])
			r->ndelay--;
	}
	rld_free(d->mark);
	d->mark = NULL;
}

/* One that leaves before the root of a group it is in. */
static void leave_members(struct dso *gone)
{
	for (unsigned i = 0; i < gone->ngroup; i++) {
		struct group *g = gone->group[i];
		unsigned k = 0;

		if (g->member[0] == gone) /* the group ends with its root */
			continue;
		for (unsigned j = 0; j < g->n; j++)
			if (g->member[j] != gone)
				g->member[k++] = g->member[j];
		if (k)
			g->n = k;
	}
}

/* Entries that waited, and got gone, wait again. */
static void leave_liblists(struct rld *r, struct dso *gone)
{
	for (struct dso *d = r->nhooked ? r->head : NULL; d; d = dso_next(d))
		for (unsigned i = 0; d->mark && i < d->nneed; i++)
			if (d->need[i] == gone && rld_is_delayed(d, i)) {
				d->need[i] = NULL;
				r->ndelay++;
				r->nhooked--;
			}
}

/* What is left is the root's group, for the caller to free. */
static void leave_group(struct dso *d, const struct group *g)
{
	for (unsigned i = 0; i < d->ngroup;)
		if (d->group[i] == g)
			d->group[i] = d->group[--d->ngroup];
		else
			i++;
}

static void leave_groups(struct rld *r, struct dso *gone)
{
	const struct group *g = gone->own;

	if (!g)
		return;
	leave_group(gone, g); /* by now it may not be among its own members */
	for (unsigned i = 0; i < g->n; i++)
		leave_group(g->member[i], g);
	/* what was swapped out is no member any longer, and still knows it */
	for (struct dso *d = r->swapped ? r->head : NULL; d; d = dso_next(d))
		leave_group(d, g);
}

/* The last step for one object, shared with a failed dlopen. */
void rld_remove(struct rld *r, struct dso *d)
{
	struct space *s = d->space;

	rld_index_remove(r, d);
	rld_unlink(r, d);
	leave_members(d);
	leave_liblists(r, d);
	leave_groups(r, d);
	rld_uses_forget(d);
	rld_tls_release(r, d);
	if (d->tls_dtors)
		rld_dtors_forget(r, d);
	if (lingers(d))
		r->nlinger--;
	rld_pairs_forget(r, d);
	rld_wait_readers(r);
	if (d->own) {
		rld_free_later(r, d->own->member);
		rld_free_later(r, d->own);
		d->own = NULL;
	}
	rld_unmap(r, d);
	rld_free_dso(r, d);
	rld_space_let_go(r, s);
	r->stuck = 0;
}

void rld_discard(struct rld *r, unsigned last)
{
	struct dso *first = NULL, **end = &first;

	for (struct dso *d = r->tail; d && d->serial > last; d = d->prev)
		if (d->flags & D_NEW) {
			d->flags |= D_DYING;
			d->fini_next = NULL;
			*end = d;
			end = &d->fini_next;
		}
	for (struct dso *d = first; d && rld_audits(r); d = d->fini_next) {
		rld_audit_closed(r, d);
		rld_audit_removing(r, d);
	}
	for (struct dso *d = first, *next; d; d = next) {
		next = d->fini_next;
		rld_remove(r, d);
		r->adds--;
		r->subs--;
	}
	rld_revive_undo(r);
	if (rld_audits(r))
		rld_audit_consistent(r);
}
