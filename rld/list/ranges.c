/* SPDX-License-Identifier: MIT */
/* The objects by address, for unwinders: _dl_find_object is asked once for each
 * frame of each exception, by many threads at once.  A sorted array that is read
 * without a lock and without being counted as a reader; it is made anew by the
 * first question after the list has changed.
 *
 * Its memory is never given back, so that a reader may read while it is
 * written, and looks afterwards whether it was. */
#include "rld/base/base.h"
#include "rld/list/list.h"

struct range {
	uintptr_t lo, hi; /* [lo, hi) */
	uintptr_t frames; /* PT_GNU_EH_FRAME, 0: none */
	struct dso *dso;
};

static struct {
	unsigned turn;	  /* odd while it is written */
	unsigned version; /* r->changed, when it was made */
	unsigned n, cap;
	int usable; /* no two objects overlap */
	struct range *at;
} ranges;

static struct range range_of(struct dso *d)
{
	struct range x = { d->lo, d->hi, 0, d };

	for (unsigned i = 0; i < d->phnum; i++)
		if (d->ph[i].p_type == PT_GNU_EH_FRAME)
			x.frames = d->lm.l_addr + d->ph[i].p_vaddr;
	return x;
}

/* Shell's sort: what comes out of the list is nearly in order, one way or the
 * other. */
static void sort(struct range *at, unsigned n)
{
	for (unsigned gap = n / 2; gap; gap /= 2)
		for (unsigned i = gap; i < n; i++) {
			struct range x = at[i];
			unsigned j = i;

			for (; j >= gap && at[j - gap].lo > x.lo; j -= gap)
				at[j] = at[j - gap];
			at[j] = x;
		}
}

/* The lock is held: no other thread writes. */
static void make(struct rld *r)
{
	struct range *at = ranges.at;
	unsigned n = 0, cap = ranges.cap;

	if (r->nobj > cap) {
		cap = r->nobj * 2;
		at = rld_alloc(cap * sizeof *at);
		if (!at)
			return;
	}
	__atomic_store_n(&ranges.turn, ranges.turn + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (struct dso *d = r->head; d && n < cap; d = dso_next(d))
		if (d->lo < d->hi)
			at[n++] = range_of(d);
	sort(at, n);
	ranges.usable = 1;
	for (unsigned i = 1; i < n; i++)
		if (at[i].lo < at[i - 1].hi)
			ranges.usable = 0;
	ranges.at = at; /* readers may still be in the old one: it stays */
	ranges.cap = cap;
	ranges.n = n;
	ranges.version = __atomic_load_n(&r->changed, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&ranges.turn, ranges.turn + 1, __ATOMIC_RELEASE);
}

static void renew(struct rld *r)
{
	if (rld_holds_lock(r) || !rld_trylock(r))
		return; /* the list will do, this time */
	if (ranges.version != r->changed || !ranges.at)
		make(r);
	rld_unlock(r);
}

/* Is what is read now still what the list says? */
static int is_current(const struct rld *r, unsigned turn)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(turn & 1) &&
	       turn == __atomic_load_n(&ranges.turn, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&ranges.version, __ATOMIC_RELAXED) ==
		       __atomic_load_n(&r->changed, __ATOMIC_RELAXED);
}

int rld_find_range(struct rld *r, uintptr_t addr, struct dl_find_object *out)
{
	unsigned turn = __atomic_load_n(&ranges.turn, __ATOMIC_ACQUIRE);
	const struct range *at;
	struct range x;
	unsigned lo = 0, hi;

	if (!is_current(r, turn) || !ranges.at) {
		renew(r);
		turn = __atomic_load_n(&ranges.turn, __ATOMIC_ACQUIRE);
	}
	at = __atomic_load_n(&ranges.at, __ATOMIC_RELAXED);
	hi = __atomic_load_n(&ranges.n, __ATOMIC_RELAXED);
	if (!is_current(r, turn) || !at || !ranges.usable)
		return 0;
	while (lo < hi) { /* the first that ends behind addr */
		unsigned mid = lo + (hi - lo) / 2;

		if (at[mid].hi > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (lo >= __atomic_load_n(&ranges.n, __ATOMIC_RELAXED))
		return 0;
	x = at[lo];
	if (!is_current(r, turn) || addr < x.lo || addr >= x.hi)
		return 0;
	out->dlfo_flags = 0;
	out->dlfo_map_start = (void *)x.lo;
	out->dlfo_map_end = (void *)x.hi;
	out->dlfo_link_map = &x.dso->lm;
	out->dlfo_eh_frame = (void *)x.frames;
	return x.frames ? 1 : -1;
}
