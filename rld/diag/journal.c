/* SPDX-License-Identifier: MIT */
/* What was unloaded: a bounded journal. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/diag/journal.h"
#include "rld/diag/layout.h"
#include "rld/tls/tls.h"

enum { KEPT = JOURNAL_KEPT };

static struct journal journal LARGE;
extern API struct journal _rld_journal __attribute__((alias("journal")));
static struct { /* which file each of them was */
	uint64_t dev, ino;
	struct stamp stamp;
} file[KEPT] LARGE;

const char *rld_journal_add(struct rld *r, const struct dso *d)
{
	struct rld_gone *g = &journal.kept[journal.unloaded % KEPT];

	rld_free((void *)(uintptr_t)g->name);
	*g = (struct rld_gone){ .name = rld_strdup(d->lm.l_name),
				.lo = d->lo,
				.hi = d->hi };
	rld_build_id(d, g);
	file[journal.unloaded % KEPT].dev = d->dev;
	file[journal.unloaded % KEPT].ino = d->ino;
	file[journal.unloaded % KEPT].stamp = d->stamp;
	g->order = ++journal.unloaded;
	(void)r;
	return g->name ? g->name : "";
}

unsigned long long rld_journal_count(void)
{
	return journal.unloaded;
}

uintptr_t rld_journal_place(const struct dso *d)
{
	for (unsigned i = 0; i < KEPT && i < journal.unloaded; i++) {
		unsigned at = (unsigned)((journal.unloaded - 1 - i) % KEPT);

		if (d->ino && file[at].ino == d->ino &&
		    file[at].dev == d->dev &&
		    !memcmp(&file[at].stamp, &d->stamp, sizeof d->stamp))
			return journal.kept[at].lo;
	}
	return 0;
}

/* Version 0.1's element, whatever members follow later. */
enum {
	FIRST_GONE =
		offsetof(struct rld_gone, order) + sizeof(unsigned long long)
};

API int rld_journal_sized(struct rld_gone *out, size_t size, size_t max)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	int n = 0;

	if (size < FIRST_GONE) {
		rld_fail(
			&e,
			"rld_journal: an element of %zu bytes: struct rld_gone "
			"has had %zu or more: give sizeof *out",
			size, (size_t)FIRST_GONE);
		rld_keep_error(&e);
		return -1;
	}
	rld_lock(r);
	for (; n < KEPT && (unsigned)n < journal.unloaded; n++)
		if ((size_t)n < max)
			rld_copy_sized((char *)out + (size_t)n * size, size,
				       &journal.kept[(journal.unloaded - 1 -
						      (unsigned)n) %
						     KEPT],
				       sizeof journal.kept[0]);
	rld_unlock(r);
	return n;
}

/* What programs built with the header of version 0.1 call. */
API int rld_journal_0_1(struct rld_gone *out,
			size_t max) __asm__("rld_journal");

int rld_journal_0_1(struct rld_gone *out, size_t max)
{
	return rld_journal_sized(out, FIRST_GONE, max);
}

const struct rld_gone *rld_journal_at(uintptr_t at)
{
	for (unsigned i = 0; i < KEPT; i++)
		if (journal.kept[i].order &&
		    at - journal.kept[i].lo <
			    journal.kept[i].hi - journal.kept[i].lo)
			return &journal.kept[i];
	return NULL;
}
