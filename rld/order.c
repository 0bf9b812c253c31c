/* In which order constructors and destructors run.  What an object needs is
 * constructed before it, and destroyed after it; among those that do not need
 * one another each libc has an order of its own, which programs rely on. */
#include "rld/internal.h"

struct order {
	struct dso **at; /* what is needed stands before what needs it */
	unsigned n;
};

static void visit(struct order *o, struct dso *d)
{
	if (d->flags & D_MARK)
		return;
	d->flags |= D_MARK;
	for (unsigned i = 0; i < d->nneed; i++)
		/* a program that is needed, by its soname, is still the last */
		if (d->need[i] && !(d->need[i]->flags & D_PROGRAM))
			visit(o, d->need[i]);
	for (unsigned i = 0; i < d->nfilter; i++)
		visit(o, d->filtee[i]);
	for (const struct edge *e = d->uses; e; e = e->next)
		visit(o, e->from);
	o->at[o->n++] = d;
}

/* Those that are constructed already count as visited. */
static void unmark(struct rld *r)
{
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		d->flags &= ~(unsigned)D_MARK;
		if (dso_init(d) > INIT_RUNNING)
			d->flags |= D_MARK;
	}
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
	for (struct dso *d = r->tail; d; d = (struct dso *)d->lm.l_prev)
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
	unmark(r);
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
	struct order o = { rld_alloc((r->nobj + 1) * sizeof *o.at), 0 };

	*n = 0;
	if (!o.at)
		return NULL;
	if (root) {
		reached(r, &o, root);
	} else {
		unmark(r);
		all(r, &o);
	}
	*n = o.n;
	return o.at;
}

/* Each object's list of those that it took something from without needing them;
 * what holds the lists, NULL when memory is short. */
static struct edge *turn_edges(struct rld *r)
{
	struct edge *pool, *at;
	size_t n = 0;

	for (const struct dso *d = r->head; d; d = dso_next(d))
		for (const struct edge *e = d->users; e; e = e->next)
			n++;
	pool = at = n ? rld_alloc(n * sizeof *pool) : NULL;
	for (struct dso *d = r->head; d && pool; d = dso_next(d))
		for (const struct edge *e = d->users; e; e = e->next) {
			*at = (struct edge){ .from = d,
						.next = e->from->uses };
			e->from->uses = at++;
		}
	return pool;
}

/* As glibc sorts them at exit, twice: once with regard to what was bound as
 * well, and then what results once more by needs alone. */
static void sort_at_exit(struct rld *r, struct order *o, struct order *first)
{
	struct edge *pool = turn_edges(r);

	for (struct dso *d = r->head; d; d = dso_next(d))
		d->flags &= ~(unsigned)D_MARK;
	for (struct dso *d = r->tail; d; d = (struct dso *)d->lm.l_prev)
		visit(first, d);
	for (unsigned i = 0; i < first->n; i++) {
		first->at[i]->flags &= ~(unsigned)D_MARK;
		first->at[i]->uses = NULL;
	}
	rld_free(pool);
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
	struct order o = { rld_alloc((r->nobj + 1) * sizeof *o.at), 0 };
	struct order first = { rld_alloc((r->nobj + 1) * sizeof *o.at), 0 };
	struct dso *p = r->program;
	int due = 0;

	if (o.at && first.at)
		sort_at_exit(r, &o, &first);
	for (unsigned i = 0; i < o.n; i++)
		o.at[i]->flags &= ~(unsigned)D_MARK;
	for (struct dso *d = r->fini_list; d && o.n; d = d->fini_next)
		d->flags |= D_MARK;
	if (o.n)
		r->fini_list = NULL;
	for (unsigned i = 0; i < o.n; i++)
		if (o.at[i] == p) {
			due = p->flags & D_MARK;
		} else if (o.at[i]->flags & D_MARK) {
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
