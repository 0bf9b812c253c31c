/* SPDX-License-Identifier: MIT */
/* Delay-load (doc/binding.md): libraries of a liblist that wait until
 * something in them is needed. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/image/image.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"

static struct peek *peek_at(struct rld *r, struct dso *o, unsigned i,
			    struct rld_err *e)
{
	struct lib_mark *m = &o->mark[i];

	if (!m->peek)
		m->peek = rld_look_version(r, o->need_name[i], m->want,
					   m->flags, o, e);
	return m->peek;
}

const char *rld_delay_path(struct rld *r, struct dso *d, unsigned i,
			   struct rld_err *e)
{
	struct peek *p = peek_at(r, d, i, e);

	return p ? rld_look_path(p) : NULL;
}

/* x, with what it needs, is seen by each object that sees o, and belongs to the
 * handles that o belongs to. */
static int share(struct rld *r, struct dso *o, struct dso *x)
{
	for (unsigned g = 0; g < o->ngroup; g++)
		if (rld_extend_group(r, o->group[g], x))
			return -1;
	if (o->flags & D_GLOBAL)
		rld_make_global(r, x);
	return 0;
}

static int hook_up(struct rld *r, struct dso *o, unsigned i, struct dso *x)
{
	rld_look_away(o->mark[i].peek);
	o->mark[i].peek = NULL;
	o->need[i] = x;
	r->ndelay--;
	r->nhooked++;
	return share(r, o, x);
}

int rld_delay_due(const struct dso *d, const struct dso *x)
{
	if (!(x->flags &
	      D_DELAYED)) /* a handle keeps it, as long as it likes */
		return 0;
	for (unsigned i = 0; d->mark && i < d->nneed; i++)
		if (rld_is_delayed(d, i) &&
		    !__atomic_load_n(&d->need[i], __ATOMIC_RELAXED) &&
		    ((x->soname && !strcmp(d->need_name[i], x->soname)) ||
		     !strcmp(str_base(d->need_name[i]),
			     str_base(x->lm.l_name))))
			return 1;
	return 0;
}

void rld_free_news(struct delay_news *n)
{
	rld_free(n->owner);
	rld_free(n->library);
	rld_free(n->symbol);
	rld_free(n);
}

static void tell(struct rld *r, struct dso *o, struct dso *x, const char *name)
{
	struct delay_news *n = rld_alloc(sizeof *n);

	x->flags |= D_DELAYED;
	r->stat.delays++;
	r->delay_pending = 1;
	if (!n)
		return;
	n->owner = rld_strdup(dso_name(r, o));
	n->library = rld_strdup(dso_name(r, x));
	n->symbol = rld_strdup(name);
	if (!n->owner || !n->library || !n->symbol) {
		rld_free_news(n);
		return;
	}
	n->serial = x->serial;
	n->thread = rld_self_id();
	n->next = r->delay_news;
	r->delay_news = n;
}

/* Load entry i of o.  The new objects stay D_NEW: the caller binds them. */
static struct dso *bring(struct rld *r, struct dso *o, unsigned i,
			 const char *symbol, struct rld_err *e)
{
	struct dso *first, *x;
	unsigned last = r->serial;

	TRACE(r, TR_MAP, "map: %s needs %s: loading %s\n", dso_name(r, o),
	      symbol, o->need_name[i]);
	x = rld_load_entry(r, o, i, e);
	if (rld_recording(r))
		rld_record_delay(r, o, o->need_name[i], symbol, x, e->text);
	first = rld_after(r, last);
	for (struct dso *n = first; n; n = dso_next(n)) {
		n->flags |= D_DELAYED;
		if (o->module)
			n->module = MODULE_NEW;
	}
	if (!x || (first && rld_bring_in(r, first, RTLD_LAZY, e)) ||
	    hook_up(r, o, i, x) || rld_check_versions(r, o, e)) {
		rld_discard(r, last);
		return NULL;
	}
	for (struct dso *n = first; n; n = dso_next(n))
		rld_index_add(r, n);
	tell(r, o, x, symbol);
	if (lingers(o)) /* so does x: the next walk sees to it */
		rld_set_lapsed(r, 1);
	if (o->flags & D_GLOBAL)
		r->mend_due = 1;
	return x;
}

/* A reference that names a version of this very library, which has none such,
 * is told about in those words. */
static void lacks_version(const struct ref *ref, const char *library,
			  const struct dso *tables, const char *owner,
			  struct rld_err *e)
{
	const struct elf_version *v = ref->ver;

	if (v && v->file && !strcmp(v->file, library) && tables->dyn.verdef &&
	    !elf_version_defined(&tables->dyn, v->hash, v->name))
		rld_fail(e, "%s: version `%s' not found (required by %s)",
			 library, v->name, owner);
}

enum { ASK, LOAD };

/* An entry that cannot be looked into, or lacks the version, is passed over:
 * *lost tells of it, if no other defines the name.  -1: *e, the library that
 * defines it cannot be loaded. */
static int from_owner(struct rld *r, const struct ref *ref, struct dso *o,
		      int what, struct def *out, struct rld_err *lost,
		      struct rld_err *e)
{
	for (unsigned i = 0; o->mark && i < o->nneed; i++) {
		const struct dso *tables;
		struct dso *x;

		if (!rld_is_delayed(o, i) || o->need[i])
			continue;
		x = rld_find_version(r, o->space, o->need_name[i],
				     o->mark[i].want, o->mark[i].flags);
		if (x && !(x->flags & D_READY))
			continue;
		if (x) {
			tables = x;
		} else {
			struct peek *p = peek_at(r, o, i, lost);

			if (!p)
				continue;
			tables = rld_look_tables(p);
		}
		if (!rld_lookup_in(tables, ref, out)) {
			lacks_version(ref, o->need_name[i], tables,
				      dso_name(r, o), lost);
			continue;
		}
		if (what == ASK)
			return 1;
		if (x && hook_up(r, o, i, x))
			return -1;
		if (!x)
			x = bring(r, o, i, ref->name, e);
		if (!x)
			return -1;
		if (rld_lookup_in(x, ref, out))
			return 1;
	}
	return 0;
}

/* What was passed over matters only where nothing else was found. */
static void settle_lost(int hit, struct rld_err *lost, struct rld_err *e)
{
	if (!hit && lost->set && !e->set)
		*e = *lost;
	else
		rld_err_clear(lost);
}

/* The referrer's own liblist first, then those of everybody it sees. */
static int delay(struct rld *r, const struct ref *ref, struct dso *from,
		 int what, struct def *out, struct rld_err *e)
{
	struct rld_err lost = { 0 };
	int hit;

	if (!r->ndelay)
		return 0;
	rld_guard(r, 1);
	hit = from ? from_owner(r, ref, from, what, out, &lost, e) : 0;
	for (struct dso *d = r->head; d && !hit; d = dso_next(d))
		if (d != from && d->mark && !(d->flags & D_DYING) &&
		    (!lingers(d) || (from && is_gone(from))) &&
		    rld_visible(d, from))
			hit = from_owner(r, ref, d, what, out, &lost, e);
	rld_guard(r, 0);
	settle_lost(hit, &lost, e);
	return hit;
}

int rld_delay_lookup(struct rld *r, const struct ref *ref, struct dso *from,
		     struct def *out, struct rld_err *e)
{
	return delay(r, ref, from, LOAD, out, e) > 0;
}

int rld_delay_keep(struct rld *r, struct dso *d, struct dso *x,
		   struct rld_err *e)
{
	for (unsigned i = 0; i < d->nneed; i++)
		if (rld_is_delayed(d, i) && !d->need[i] &&
		    rld_find_version(r, d->space, d->need_name[i],
				     d->mark[i].want, d->mark[i].flags) == x &&
		    hook_up(r, d, i, x)) {
			rld_fail(e, "out of memory");
			return 0;
		}
	return 1;
}

int rld_delay_would(struct rld *r, const struct ref *ref, struct dso *from)
{
	struct rld_err e = { 0 };
	struct def def;
	int hit = delay(r, ref, from, ASK, &def, &e);

	hit = hit > 0 || e.set; /* in a missing library is anything */
	rld_err_clear(&e);
	return hit;
}

int rld_delay_in(struct rld *r, const struct ref *ref, struct dso *root,
		 struct def *out, struct rld_err *e)
{
	struct rld_err lost = { 0 };
	struct dso **list;
	unsigned n;
	int hit = 0;

	if (!r->ndelay)
		return 0;
	list = rld_closure(r, root, &n);
	for (unsigned i = 0; list && i < n && !hit; i++)
		hit = from_owner(r, ref, list[i], LOAD, out, &lost, e);
	rld_free(list);
	settle_lost(hit, &lost, e);
	return hit > 0;
}

struct delay_news *rld_delay_news(struct rld *r)
{
	struct delay_news **best = NULL, *n;

	for (struct delay_news **p = &r->delay_news; *p; p = &(*p)->next)
		if ((*p)->thread == rld_self_id())
			best = p; /* the last in the list is the oldest */
	if (!best)
		return NULL;
	n = *best;
	*best = n->next;
	return n;
}
