/* SPDX-License-Identifier: MIT */
/* The groups of objects that one dlopen brought together, and which are global. */
#include "rld/base/base.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"

void rld_make_global(struct rld *r, struct dso *root)
{
	unsigned n;
	struct dso **heap = rld_closure(r, root, &n), **list = heap;

	if (!heap && root->own) { /* memory is short: they came together */
		list = root->own->member;
		n = root->own->n;
	}
	for (unsigned i = 0; list && i < n; i++)
		if (!(list[i]->flags & D_GLOBAL) &&
		    list[i]->space == root->space) {
			list[i]->flags |= D_GLOBAL;
			rld_next_global(r, list[i]);
			rld_index_add(r, list[i]);
		}
	rld_free(heap);
}

/* The array has room for the next power of two of groups.  Readers walk the old
 * one until they have left. */
static int add_group(struct rld *r, struct dso *d, struct group *g)
{
	struct group **was = d->group, **all = was;
	unsigned n = d->ngroup;

	if ((n & (n - 1)) == 0) {
		all = rld_alloc((n ? n * 2 : 1) * sizeof *all);
		if (!all)
			return -1;
		if (was)
			memcpy(all, was, n * sizeof *all);
	}
	all[n] = g;
	__atomic_store_n(&d->group, all, __ATOMIC_RELEASE);
	__atomic_store_n(&d->ngroup, n + 1, __ATOMIC_RELEASE);
	if (all == was)
		return 0;
	if (was)
		rld_wait_readers(r);
	rld_free_later(r, was);
	rld_waited(r);
	return 0;
}

/* Memory ran short: the objects that joined leave again. */
static void part_group(struct group *g)
{
	for (unsigned i = 0; i < g->n; i++) {
		struct dso *d = g->member[i];

		if (d->ngroup && d->group[d->ngroup - 1] == g)
			d->ngroup--;
	}
	g->member[0]->own = NULL;
	rld_free(g->member);
	rld_free(g);
}

int rld_join_group(struct rld *r, struct dso *root, struct rld_err *e)
{
	struct group *g;

	if (root->own || root->flags & D_STARTUP)
		return 0;
	g = rld_alloc(sizeof *g);
	if (!g || !(g->member = rld_closure(r, root, &g->n))) {
		rld_free(g);
		return rld_fail(e, "out of memory");
	}
	root->own = g;
	for (unsigned i = 0; i < g->n; i++) {
		struct dso *d = g->member[i];
		if (!(d->flags & D_STARTUP) && add_group(r, d, g)) {
			part_group(g);
			return rld_fail(e, "out of memory");
		}
	}
	return 0;
}

/* x and all that it needs join the group g.  On -1 some may have joined, and
 * are members like others: taking x away takes it out of g. */
int rld_extend_group(struct rld *r, struct group *g, struct dso *x)
{
	struct dso **more, **member, **was = g->member;
	unsigned n, at = g->n;
	int ret = 0;

	more = rld_closure(r, x, &n);
	member = more ? rld_alloc((g->n + n) * sizeof *member) : NULL;
	if (!member) {
		rld_free(more);
		return -1;
	}
	memcpy(member, was, g->n * sizeof *member);
	for (unsigned i = 0; i < n; i++) {
		struct dso *d = more[i];
		unsigned j = 0;

		while (j < d->ngroup && d->group[j] != g)
			j++;
		if (d->flags & D_STARTUP || j < d->ngroup)
			continue;
		ret = add_group(r, d, g);
		if (ret)
			break;
		member[at++] = d;
	}
	rld_free(more);
	__atomic_store_n(&g->member, member, __ATOMIC_RELEASE);
	__atomic_store_n(&g->n, at, __ATOMIC_RELEASE);
	rld_wait_readers(r);
	rld_free_later(r, was);
	rld_waited(r);
	return ret;
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

void rld_leave_groups(struct rld *r, struct dso *gone)
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
