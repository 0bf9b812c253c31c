/* SPDX-License-Identifier: MIT */
/* What was unloaded: a bounded journal. */
#include "rld/diag/event.h"

enum { KEPT = 64 };

static struct rld_gone kept[KEPT] LARGE;
static struct { /* which file each of them was */
	uint64_t dev, ino;
	struct stamp stamp;
} file[KEPT] LARGE;
static unsigned long long unloaded;

/* The build-id among the notes of one segment. */
static void id_in(const unsigned char *at, size_t left, struct rld_gone *g)
{
	while (left >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) n;
		size_t name, desc;

		memcpy(&n, at, sizeof n);
		at += sizeof n;
		left -= sizeof n;
		name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)n.n_descsz + 3) & ~(size_t)3;
		if (name > left || desc > left - name)
			return;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 &&
		    !memcmp(at, "GNU", 4)) {
			g->build_id_size = n.n_descsz < sizeof g->build_id ?
						   n.n_descsz :
						   sizeof g->build_id;
			memcpy(g->build_id, at + 4, g->build_id_size);
			return;
		}
		at += name + desc;
		left -= name + desc;
	}
}

void rld_build_id_in(const struct elf_view *v, struct rld_gone *g)
{
	for (size_t i = 0; i < v->phnum && !g->build_id_size; i++) {
		const void *at;
		size_t left;

		if (v->ph[i].p_type != PT_NOTE)
			continue;
		at = elf_at(v, v->ph[i].p_vaddr, &left);
		if (left > v->ph[i].p_filesz)
			left = v->ph[i].p_filesz;
		if (at)
			id_in(at, left, g);
	}
}

void rld_build_id(const struct dso *d, struct rld_gone *g)
{
	struct elf_view v = dso_view(&rld_state, d);

	rld_build_id_in(&v, g);
}

const char *rld_journal_add(struct rld *r, const struct dso *d)
{
	struct rld_gone *g = &kept[unloaded % KEPT];

	rld_free((void *)(uintptr_t)g->name);
	*g = (struct rld_gone){ .name = rld_strdup(d->lm.l_name),
				.lo = d->lo,
				.hi = d->hi };
	rld_build_id(d, g);
	file[unloaded % KEPT].dev = d->dev;
	file[unloaded % KEPT].ino = d->ino;
	file[unloaded % KEPT].stamp = d->stamp;
	g->order = ++unloaded;
	if (r->tombstone && d->dyn.symtab)
		rld_tomb_add(r, d, unloaded);
	if (unloaded == 1)
		rld_explain_faults();
	return g->name ? g->name : "";
}

uintptr_t rld_journal_place(const struct dso *d)
{
	for (unsigned i = 0; i < KEPT && i < unloaded; i++) {
		unsigned at = (unsigned)((unloaded - 1 - i) % KEPT);

		if (d->ino && file[at].ino == d->ino &&
		    file[at].dev == d->dev &&
		    !memcmp(&file[at].stamp, &d->stamp, sizeof d->stamp))
			return kept[at].lo;
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
	for (; n < KEPT && (unsigned)n < unloaded; n++)
		if ((size_t)n < max)
			rld_copy_sized(
				(char *)out + (size_t)n * size, size,
				&kept[(unloaded - 1 - (unsigned)n) % KEPT],
				sizeof kept[0]);
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
		if (kept[i].order && at - kept[i].lo < kept[i].hi - kept[i].lo)
			return &kept[i];
	return NULL;
}
