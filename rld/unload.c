/* dlclose's second half: who is held by nobody leaves, and what others bound
 * to him is taken back. */
#include "rld/internal.h"

static void hold(struct dso *d)
{
	if (!d || d->flags & (D_MARK | D_STARTUP))
		return;
	d->flags |= D_MARK;
	for (unsigned i = 0; i < d->nneed; i++)
		hold(d->need[i]);
	for (unsigned i = 0; i < d->nfilter; i++)
		hold(d->filtee[i]);
}

static struct dso *first_dynamic(struct rld *r)
{
	struct dso *d = r->tail, *first = NULL;

	for (; d && !(d->flags & D_STARTUP); d = (struct dso *)d->lm.l_prev)
		first = d;
	return first;
}

static void leave_groups(struct rld *r, struct dso *gone)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		for (unsigned i = 0; i < d->ngroup;) {
			struct group *g = d->group[i];

			if (g->member[0] == gone)
				d->group[i] = d->group[--d->ngroup];
			else
				i++;
		}
	if (gone->own) {
		rld_free(gone->own->member);
		rld_free(gone->own);
		gone->own = NULL;
	}
}

static void leave_edges(struct rld *r, struct dso *gone)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		for (struct edge **e = &d->users; *e;) {
			struct edge *x = *e;

			if (x->from != gone) {
				e = &x->next;
				continue;
			}
			*e = x->next;
			rld_free(x);
		}
}

/* The last step for one object, shared with a failed dlopen. */
void rld_remove(struct rld *r, struct dso *d)
{
	rld_index_remove(r, d);
	rld_unlink(r, d);
	leave_groups(r, d);
	leave_edges(r, d);
	rld_tls_release(r, d);
	rld_tls_give_back(r, d);
	rld_wait_readers(r);
	rld_unmap(r, d);
	rld_free_dso(r, d);
}

static struct dso *next_to_finish(struct rld *r)
{
	for (struct dso **p = &r->fini_list; *p; p = &(*p)->fini_next)
		if ((*p)->flags & D_FINISHING) {
			struct dso *d = *p;

			*p = d->fini_next;
			d->flags &= ~(unsigned)D_FINISHING;
			return d;
		}
	return NULL;
}

/* Called with the lock held once; destructors run without it. */
void rld_collect(struct rld *r)
{
	struct dso *first = first_dynamic(r), *d;
	struct dso **gone;
	unsigned n = 0;

	for (d = first; d; d = dso_next(d))
		d->flags &= ~(unsigned)D_MARK;
	for (d = first; d; d = dso_next(d))
		if (!(d->flags & D_LEAVING) &&
		    (d->opens || d->tls_dtors ||
		     d->flags & (D_NODELETE | D_NEW) ||
		     d->init == INIT_RUNNING))
			hold(d);
	for (d = first; d; d = dso_next(d))
		n += !(d->flags & (D_MARK | D_LEAVING | D_HOST));
	if (!n)
		return;
	gone = rld_alloc(n * sizeof *gone);
	if (!gone)
		return;
	n = 0;
	for (d = first; d; d = dso_next(d))
		if (!(d->flags & (D_MARK | D_LEAVING | D_HOST))) {
			d->flags |= D_FINISHING | D_LEAVING;
			gone[n++] = d;
		}
	while ((d = next_to_finish(r))) {
		rld_unlock(r);
		rld_run_fini(r, d);
		rld_lock(r);
	}
	for (unsigned i = 0; i < n; i++)
		gone[i]->flags |= D_DYING;
	for (unsigned i = 0; i < n; i++) {
		TRACE(r, TR_UNLOAD, "rld: unload: %s\n", dso_name(r, gone[i]));
		rld_index_remove(r, gone[i]);
		rld_unbind(r, gone[i]);
	}
	rld_debug_state(r, RT_DELETE);
	for (unsigned i = 0; i < n; i++)
		rld_remove(r, gone[i]);
	rld_debug_state(r, RT_CONSISTENT);
	rld_free(gone);
}
