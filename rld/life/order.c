/* SPDX-License-Identifier: MIT */
/* In which order constructors and destructors run.  What an object needs is
 * constructed before it, and destroyed after it; among those that do not need
 * one another each libc has an order of its own, which programs rely on. */
#include "rld/base/base.h"
#include "rld/life/life.h"
#include "rld/list/list.h"

struct order {
	const struct rld *r;
	struct dso **at; /* what is needed stands before what needs it; heap */
	unsigned n, cap;
	int constructed; /* what is constructed stands in it, too */
	int bound;	 /* what was bound to counts as needed */
	int short_of_memory;
};

static void put(struct order *o, struct dso *d)
{
	if (o->n == o->cap) {
		unsigned cap = o->cap ? o->cap * 2 : 16;
		struct dso **more = rld_realloc(o->at, cap * sizeof *more);

		if (!more) {
			o->short_of_memory = 1;
			return;
		}
		o->at = more;
		o->cap = cap;
	}
	o->at[o->n++] = d;
}

static void visit(struct order *o, struct dso *d)
{
	if (!rld_first_visit(o->r, d) ||
	    (!o->constructed && dso_init(d) > INIT_RUNNING &&
	     d->module != MODULE_NEW))
		return;
	for (unsigned i = 0; i < d->nneed; i++)
		/* a program that is needed, by its soname, is still the last */
		if (d->need[i] && !(d->need[i]->flags & D_PROGRAM))
			visit(o, d->need[i]);
	for (unsigned i = 0; i < d->nfilter; i++)
		visit(o, d->filtee[i]);
	for (const struct edge *e = o->bound ? d->uses : NULL; e;
	     e = e->next_use)
		visit(o, e->to);
	put(o, d);
}

/* At the start: musl takes what the program needs from the first on, with what
 * is preloaded before that; glibc comes from the end of the list. */
static void all(struct rld *r, struct order *o)
{
	/* DF_1_INITFIRST: before all others */
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->dyn.flags_1 & DF_1_INITFIRST)
			visit(o, d);
	for (struct dso *d = r->head; d && r->host.kind == HOST_MUSL;
	     d = dso_next(d))
		if (d != r->program)
			visit(o, d);
	for (struct dso *d = r->tail; d; d = d->prev)
		visit(o, d);
}

/* What a dlopen reaches: as at the start, with root for the program. */
static void reached(struct rld *r, struct order *o, struct dso *root)
{
	struct dso **closure = NULL, **member = NULL;
	unsigned n = 0;

	if (r->host.kind != HOST_MUSL && root->own) {
		member = root->own->member;
		n = root->own->n;
	} else if (r->host.kind != HOST_MUSL && root->nneed + root->nfilter) {
		member = closure = rld_closure(r, root, &n);
	}
	rld_walk_begin(r);
	for (unsigned i = 0; member && i < n; i++)
		if (member[i]->dyn.flags_1 & DF_1_INITFIRST)
			visit(o, member[i]);
	for (unsigned i = member ? n : 0; i-- > 0;)
		visit(o, member[i]);
	visit(o, root);
	rld_free(closure);
}

struct dso **rld_order_of_init(struct rld *r, struct dso *root, unsigned *n)
{
	struct order o = { .r = r };

	if (root) {
		reached(r, &o, root);
	} else {
		rld_walk_begin(r);
		all(r, &o);
	}
	if (o.short_of_memory) {
		rld_free(o.at);
		o.at = NULL;
		o.n = 0;
	} else if (!o.at) {
		o.at = rld_alloc(1); /* none is due */
	}
	*n = o.n;
	return o.at;
}

/* As glibc sorts them at exit, twice: once with regard to what was bound as
 * well, and then what results once more by needs alone. */
static void sort_at_exit(struct rld *r, struct order *o, struct order *first)
{
	rld_walk_begin(r);
	for (struct dso *d = r->tail; d; d = d->prev)
		visit(first, d);
	rld_walk_begin(r);
	for (unsigned i = 0; i < first->n; i++)
		visit(o, first->at[i]);
}

/* Where all came with the program, the reverse of construction is that order. */
static int is_sorted(const struct rld *r)
{
	const struct dso *d = r->head;

	while (d && d->flags & D_STARTUP && !(d->dyn.flags_1 & DF_1_INITFIRST))
		d = dso_next(d);
	return !d;
}

static void sort_fini_list(struct rld *r)
{
	struct order o = { .r = r, .constructed = 1 };
	struct order first = { .r = r, .constructed = 1, .bound = 1 };
	struct dso *p = r->program;
	int due = 0;

	sort_at_exit(r, &o, &first);
	if (o.short_of_memory || first.short_of_memory)
		o.n = 0; /* the reverse of construction will do */
	rld_walk_begin(r);
	for (struct dso *d = r->fini_list; d && o.n; d = d->fini_next)
		rld_first_visit(r, d); /* those that are due bear the stamp */
	if (o.n)
		r->fini_list = NULL;
	for (unsigned i = 0; i < o.n; i++)
		if (o.at[i] == p) {
			due = !rld_first_visit(r, p);
		} else if (!rld_first_visit(r, o.at[i])) {
			o.at[i]->fini_next = r->fini_list;
			r->fini_list = o.at[i];
		}
	if (due) {
		p->fini_next = r->fini_list;
		r->fini_list = p;
	}
	rld_free(first.at);
	rld_free(o.at);
}

/* The program comes first, whatever needs it: in its destructors it closes
 * what it has opened. */
void rld_order_at_exit(struct rld *r)
{
	if (!is_sorted(r))
		sort_fini_list(r);
}
