/* SPDX-License-Identifier: MIT */
/* An object that lingers is loaded again, if its file is what it was. */
#include "rld/base/base.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"

void rld_set_life(struct dso *d, enum life life)
{
	d->life = life;
	if (life == LIFE_SHARES || life == LIFE_WAITS)
		d->flags |= D_LINGERS;
	else
		d->flags &= ~(unsigned)D_LINGERS;
}

struct stamp rld_stamp(const struct statx *st)
{
	return (struct stamp){ st->stx_size, st->stx_mtime, st->stx_ctime };
}

static int same_time(const struct statx_timestamp *a,
		     const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Is this the file of d, as it was when it was mapped? */
static int is_unchanged(const struct dso *d, const struct statx *st)
{
	return d->ino == st->stx_ino && d->dev == sys_dev(st) &&
	       d->stamp.size == st->stx_size &&
	       same_time(&d->stamp.mtime, &st->stx_mtime) &&
	       same_time(&d->stamp.ctime, &st->stx_ctime);
}

static int is_asked_for(const struct rld *r, const struct dso *d,
			const char *path, int searched)
{
	if (r->identity == ID_INODE ||
	    (r->identity == ID_RULE && (searched || d->flags & D_SEARCHED)))
		return 1;
	return !strcmp(d->lm.l_name, path);
}

static int may_revive(const struct dso *d)
{
	struct statx st;

	return !(d->flags & D_GONE) && !sys_look(d->lm.l_name, &st) &&
	       is_unchanged(d, &st);
}

static int revive(struct rld *r, struct dso *root)
{
	unsigned n;
	struct dso **list = rld_closure(r, root, &n);
	int ok = list != NULL;

	for (unsigned i = 0; ok && i < n; i++)
		ok = !lingers(list[i]) || may_revive(list[i]);
	for (unsigned i = 0; ok && i < n; i++) {
		struct dso *d = list[i];

		if (!lingers(d))
			continue;
		rld_set_life(d, LIFE_REVIVED);
		r->nrevived++;
		r->nlinger--;
		rld_index_remove(r, d);
		rld_move_last(r, d);
		TRACE(r, TR_MAP | TR_UNLOAD, "map: %s: is still there\n",
		      dso_name(r, d));
	}
	rld_free(list);
	return ok;
}

struct dso *rld_revive(struct rld *r, const struct statx *st, const char *path,
		       int searched)
{
	for (struct dso *d = r->nlinger ? r->tail : NULL; d; d = d->prev)
		if (lingers(d) && !(d->flags & D_GONE) && is_unchanged(d, st) &&
		    d->space == r->space && is_asked_for(r, d, path, searched))
			return revive(r, d) ? d : NULL;
	return NULL;
}

void rld_revive_undo(struct rld *r)
{
	if (!r->nrevived)
		return;
	r->nrevived = 0;
	for (struct dso *d = r->tail; d && !(d->flags & D_STARTUP); d = d->prev)
		if (d->life == LIFE_REVIVED) {
			rld_set_life(
				d,
				LIFE_WAITS); /* or more: the next walk tells */
			d->flags &= ~(unsigned)D_GLOBAL;
			d->retracted = 0;
			r->nlinger++;
			rld_set_lapsed(r, 1);
		}
}

void rld_revive_done(struct rld *r)
{
	if (!r->nrevived)
		return;
	r->nrevived = 0;
	for (struct dso *d = r->tail; d && !(d->flags & D_STARTUP); d = d->prev)
		if (d->life == LIFE_REVIVED)
			d->life = LIFE_LOADED;
}
