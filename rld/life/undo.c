/* SPDX-License-Identifier: MIT */
/* An arrival that failed is taken back. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"

/* What came after serial `last`, newest first, chained by fini_next: none of it
 * has been constructed.  All is on its way out before the first one's bindings are
 * taken back: the others' relocations may not even have been looked at. */
static struct dso *arrivals(struct rld *r, unsigned last)
{
	struct dso *first = NULL, **end = &first, *d = r->tail;

	for (; d && d->serial > last; d = d->prev)
		if (d->flags & D_NEW) {
			d->flags |= D_DYING;
			rld_late_drop(r, d);
			d->fini_next = NULL;
			*end = d;
			end = &d->fini_next;
		}
	return first;
}

static __attribute__((cold, noinline)) void tell_auditors(struct rld *r,
							  struct dso *first)
{
	rld_audit_consistent(r);
	for (struct dso *d = first; d; d = d->fini_next)
		rld_audit_closed(r, d);
	for (struct dso *d = first; d; d = d->fini_next)
		rld_audit_removing(r, d);
}

/* A failure leaves nothing behind.  Only arrivals have been bound to arrivals yet, and
 * what is dying is not bound anew: no IFUNC resolver runs, and the lock, which keeps
 * other threads from finding what is half taken back, is not given up. */
void rld_undo(struct rld *r, unsigned last)
{
	struct dso *first = arrivals(r, last);

	if (first && rld_audits(r))
		tell_auditors(r, first);
	for (struct dso *d = first, *next; d; d = next) {
		next = d->fini_next;
		rld_unbind(r, d);
		rld_remove(r, d);
		rld_count_undone(r);
	}
	rld_revive_undo(r);
	if (rld_audits(r))
		rld_audit_consistent(r);
}
