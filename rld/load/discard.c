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
	rld_pairs_free(r, d);
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
	if (d->flags & D_FACE) {
		rld_leave_handle(r, d);
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

/* The last step for one object, shared with a failed dlopen. */
void rld_remove(struct rld *r, struct dso *d)
{
	struct space *s = d->space;

	rld_index_remove(r, d);
	rld_unlink(r, d);
	leave_members(d);
	leave_liblists(r, d);
	rld_leave_groups(r, d);
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
		dso_set_own(d, NULL);
	}
	rld_unmap(r, d);
	rld_free_dso(r, d);
	rld_space_let_go(r, s);
	rld_waited(r);
}

void rld_discard(struct rld *r, unsigned last)
{
	struct dso *d, *before;

	for (d = r->tail; d && d->serial > last; d = d->prev)
		if (d->flags & D_NEW)
			d->flags |= D_DYING;
	for (d = rld_audits(r) ? r->tail : NULL; d && d->serial > last;
	     d = d->prev)
		if (d->flags & D_NEW) {
			rld_audit_closed(r, d);
			rld_audit_removing(r, d);
		}
	for (d = r->tail; d && d->serial > last; d = before) {
		before = d->prev;
		if (!(d->flags & D_NEW))
			continue;
		rld_remove(r, d);
		rld_count_undone(r);
	}
	rld_revive_undo(r);
	if (rld_audits(r))
		rld_audit_consistent(r);
}
