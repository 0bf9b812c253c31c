/* SPDX-License-Identifier: MIT */
/* What rld knows of a process's objects, read from its memory by the table that it
 * has for this (rld/diag/layout.h): handles, groups, who holds what, and the journal
 * of what was unloaded.  The process goes on meanwhile: what cannot be read, or leads
 * nowhere, is left out. */
#include <stdlib.h>
#include <string.h>

#include "rld/diag/layout.h"
#include "tools/show/space.h"
#include "tools/show/util.h"

enum { MOST = 10000 }; /* elements of a list that is followed */

struct reader {
	struct space *s;
	const struct rld_layout *l;
};

static uint64_t number(struct space *s, uint64_t addr, unsigned size, bool *bad)
{
	unsigned char b[8];
	uint64_t v = 0;

	if (size > sizeof b || space_read(s, addr, b, size)) {
		*bad = true;
		return 0;
	}
	for (unsigned i = 0; i < size; i++)
		v = v << 8 | b[space_big_endian(s) ? i : size - 1 - i];
	return v;
}

/* The table in the byte order of the process. */
static bool read_layout(struct space *s, struct rld_layout *l)
{
	uint64_t at = space_symbol(s, "_rld_layout");
	const size_t longs = offsetof(struct rld_layout, link_map) / 4;
	const size_t shorts = (sizeof *l - 4 * longs) / 2;
	uint32_t *wide = &l->magic;
	uint16_t *narrow = &l->link_map;
	bool bad = !at;

	for (size_t i = 0; i < longs && !bad; i++)
		wide[i] = (uint32_t)number(s, at + 4 * i, 4, &bad);
	for (size_t i = 0; i < shorts && !bad; i++)
		narrow[i] =
			(uint16_t)number(s, at + 4 * longs + 2 * i, 2, &bad);
	return !bad && l->magic == RLD_LAYOUT_MAGIC;
}

/* The place in the list of the object at an address; the list's length: none. */
static size_t which(const struct reader *r, uint64_t object)
{
	for (size_t i = 0; i < r->s->list.n; i++)
		if (r->s->list.v[i].at == object + r->l->link_map)
			return i;
	return r->s->list.n;
}

static void add_holder(const struct reader *r, struct inside *in, uint64_t by,
		       bool needs, const char *unique)
{
	size_t i = which(r, by);
	struct holder *h;

	if (i == r->s->list.n)
		return;
	for (size_t k = 0; k < in->holders.n; k++)
		if (in->holders.v[k].by == i) {
			in->holders.v[k].needs |= needs;
			if (unique)
				in->holders.v[k].unique = unique;
			return;
		}
	h = LIST_ADD(&in->holders);
	h->by = i;
	h->needs = needs;
	h->unique = unique;
}

/* The objects of an array of pointers: n, and where it lies, are members. */
static void each_pointer(const struct reader *r, uint64_t object,
			 unsigned array, unsigned count,
			 void (*fn)(const struct reader *r, size_t of,
				    uint64_t pointer),
			 size_t of)
{
	bool bad = false;
	uint64_t at = space_word(r->s, object + array, &bad);
	uint64_t n = number(r->s, object + count, 4, &bad);

	for (uint64_t i = 0; i < n && i < MOST && !bad; i++) {
		uint64_t p = space_word(r->s, at + i * space_size(r->s), &bad);

		if (p && !bad)
			fn(r, of, p);
	}
}

static void needed(const struct reader *r, size_t of, uint64_t pointer)
{
	size_t to = which(r, pointer);

	if (to < r->s->list.n && to != of && r->s->list.v[to].in)
		add_holder(r, r->s->list.v[to].in,
			   r->s->list.v[of].at - r->l->link_map, true, NULL);
}

static void grouped(const struct reader *r, size_t of, uint64_t group)
{
	bool bad = false;
	uint64_t members = space_word(r->s, group + r->l->group_member, &bad);
	uint64_t n = number(r->s, group + r->l->group_n, 4, &bad);
	size_t root = bad || !n ? r->s->list.n :
				  which(r, space_word(r->s, members, &bad));

	if (!bad && root < r->s->list.n)
		*LIST_ADD(&r->s->list.v[of].in->groups) = root;
}

static void users(const struct reader *r, size_t of, uint64_t object)
{
	struct inside *in = r->s->list.v[of].in;
	bool bad = false;
	uint64_t at = space_word(r->s, object + r->l->users, &bad);

	for (unsigned i = 0; at && i < MOST && !bad; i++) {
		uint64_t from = space_word(r->s, at + r->l->user_from, &bad);
		uint64_t unique =
			space_word(r->s, at + r->l->user_unique, &bad);

		if (!bad)
			add_holder(r, in, from, false,
				   unique ? space_string(r->s, unique) : NULL);
		at = space_word(r->s, at + r->l->user_next, &bad);
	}
}

static void read_object(const struct reader *r, size_t i)
{
	uint64_t object = r->s->list.v[i].at - r->l->link_map;
	struct inside *in = need_memory(sizeof *in);
	uint32_t flags;
	bool bad = false;

	flags = (uint32_t)number(r->s, object + r->l->flags, 4, &bad);
	in->opens = (unsigned)number(r->s, object + r->l->opens, 4, &bad);
	in->destructors = (unsigned)number(
		r->s, object + r->l->thread_destructors, 4, &bad);
	if (bad)
		return;
	in->startup = flags & r->l->startup;
	in->global = flags & r->l->global;
	in->nodelete = flags & r->l->nodelete;
	in->delayed = flags & r->l->delayed;
	in->missing = flags & r->l->missing;
	in->retired = flags & r->l->retired;
	in->lingers = flags & r->l->lingers;
	in->inner = flags & r->l->self;
	r->s->list.v[i].in = in;
}

static void read_gone(const struct reader *r, uint64_t at)
{
	struct gone g = { 0 };
	bool bad = false;
	uint64_t n = number(r->s, at + r->l->gone_build_id_size, 4, &bad);
	unsigned char id[20];

	g.name = space_string(r->s,
			      space_word(r->s, at + r->l->gone_name, &bad));
	g.lo = space_word(r->s, at + r->l->gone_lo, &bad);
	g.hi = space_word(r->s, at + r->l->gone_hi, &bad);
	g.order = number(r->s, at + r->l->gone_order, 8, &bad);
	if (bad || n > sizeof id ||
	    space_read(r->s, at + r->l->gone_build_id, id, sizeof id))
		return;
	g.build_id = need_memory(2 * sizeof id + 1);
	for (size_t i = 0; i < n; i++)
		snprintf(g.build_id + 2 * i, 3, "%02x", id[i]);
	*LIST_ADD(&r->s->gone) = g;
}

/* The oldest first. */
static void read_journal(const struct reader *r)
{
	uint64_t at = space_symbol(r->s, "_rld_journal"), count, i;
	unsigned kept = r->l->gone_kept;
	bool bad = !at;

	count = bad ? 0 : number(r->s, at, 8, &bad);
	if (bad || !kept)
		return;
	for (i = count > kept ? count - kept : 0; i < count; i++)
		read_gone(r,
			  at + r->l->gone_first + i % kept * r->l->gone_size);
	r->s->unloaded = count;
}

void space_inside(struct space *s)
{
	struct rld_layout layout = { 0 };
	struct reader r = { s, &layout };

	if (!read_layout(s, &layout))
		return;
	for (size_t i = 0; i < s->list.n; i++)
		read_object(&r, i);
	for (size_t i = 0; i < s->list.n; i++) {
		uint64_t object = s->list.v[i].at - layout.link_map;

		if (!s->list.v[i].in)
			continue;
		each_pointer(&r, object, layout.need, layout.nneed, needed, i);
		each_pointer(&r, object, layout.filtee, layout.nfilter, needed,
			     i);
		each_pointer(&r, object, layout.group, layout.ngroup, grouped,
			     i);
		users(&r, i, object);
	}
	read_journal(&r);
}
