/* SPDX-License-Identifier: MIT */
/* GNU symbol versions: the two chained tables, walked with every step checked
 * against the bytes that are left. */
#include "elf/version.h"
#include "elf/symbol.h"

#define MAX_INDEX 0x7fff

/* Calls fn for each entry of verdef and verneed until it returns non-zero. */
typedef int visit(void *arg, unsigned index, const struct elf_version *v);

static const char bad_def[] = "has malformed version definitions";
static const char bad_need[] = "has malformed version needs";

/* Offsets have 64 bits: their sums cannot wrap, so every chain ends. */
static const void *entry(const void *table, size_t size, uint64_t off,
			 size_t need)
{
	if (off > size || need > size - off || off % 4)
		return NULL;
	return (const char *)table + off;
}

static int walk_defs(const struct elf_dyn *d, visit *fn, void *arg,
		     const char **why)
{
	uint64_t off = 0;

	for (size_t i = 0; d->verdef && i < d->nverdef; i++) {
		const ElfW(Verdef) *def =
			entry(d->verdef, d->verdef_left, off, sizeof *def);
		const ElfW(Verdaux) *aux;
		struct elf_version v = { .is_def = 1 };
		int done;

		if (!def)
			return *why = bad_def, -1;
		aux = entry(d->verdef, d->verdef_left, off + def->vd_aux,
			    sizeof *aux);
		v.name = aux ? elf_str(d, aux->vda_name) : NULL;
		if (!v.name || def->vd_version != VER_DEF_CURRENT)
			return *why = bad_def, -1;
		v.hash = def->vd_flags & VER_FLG_BASE ? 0 : def->vd_hash;
		done = fn(arg, def->vd_ndx & MAX_INDEX, &v);
		if (done)
			return done;
		if (def->vd_next == 0)
			break;
		off += def->vd_next;
	}
	return 0;
}

static int walk_needs(const struct elf_dyn *d, visit *fn, void *arg,
		      const char **why)
{
	uint64_t off = 0;
	/* entries may overlap: without this a file could have n * n */
	size_t most = d->verneed_left / sizeof(ElfW(Vernaux));

	for (size_t i = 0; d->verneed && i < d->nverneed; i++) {
		const ElfW(Verneed) *n =
			entry(d->verneed, d->verneed_left, off, sizeof *n);
		struct elf_version v = { 0 };
		uint64_t aoff;

		if (!n)
			return *why = bad_need, -1;
		v.file = elf_str(d, n->vn_file);
		if (!v.file || n->vn_version != VER_NEED_CURRENT)
			return *why = bad_need, -1;
		aoff = off + n->vn_aux;
		for (unsigned j = 0; j < n->vn_cnt; j++) {
			const ElfW(Vernaux) *a = entry(
				d->verneed, d->verneed_left, aoff, sizeof *a);
			int done;

			v.name = a ? elf_str(d, a->vna_name) : NULL;
			if (!v.name || most-- == 0)
				return *why = bad_need, -1;
			v.hash = a->vna_hash;
			v.is_weak = (a->vna_flags & VER_FLG_WEAK) != 0;
			done = fn(arg, a->vna_other & MAX_INDEX, &v);
			if (done)
				return done;
			if (a->vna_next == 0)
				break;
			aoff += a->vna_next;
		}
		if (n->vn_next == 0)
			break;
		off += n->vn_next;
	}
	return 0;
}

struct fill {
	struct elf_version *v;
	size_t n, max;
};

static int fill_one(void *arg, unsigned index, const struct elf_version *v)
{
	struct fill *f = arg;

	if (index >= f->max) {
		for (size_t i = f->max; i < index && i < f->n; i++)
			f->v[i] = (struct elf_version){ 0 };
		f->max = (size_t)index + 1;
	}
	if (index < f->n)
		f->v[index] = *v;
	return 0;
}

long elf_version_read(const struct elf_dyn *d, struct elf_version *v, size_t n,
		      const char **why)
{
	struct fill f = { v, n, 0 };

	if (walk_defs(d, fill_one, &f, why) || walk_needs(d, fill_one, &f, why))
		return -1;
	return (long)f.max;
}

long elf_version_count(const struct elf_dyn *d, const char **why)
{
	return elf_version_read(d, NULL, 0, why);
}

void elf_version_fill(const struct elf_dyn *d, struct elf_version *v, size_t n)
{
	const char *why;

	for (size_t i = 0; i < n; i++)
		v[i] = (struct elf_version){ 0 };
	(void)elf_version_read(d, v, n, &why);
}

struct find {
	uint32_t hash;
	const char *name;
};

static int find_one(void *arg, unsigned index, const struct elf_version *v)
{
	const struct find *f = arg;

	(void)index;
	return (v->hash == f->hash || v->hash == 0) &&
	       elf_streq(v->name, f->name);
}

int elf_version_defined(const struct elf_dyn *d, uint32_t hash,
			const char *name)
{
	struct find f = { hash, name };
	const char *why;

	return walk_defs(d, find_one, &f, &why) == 1;
}
