/* SPDX-License-Identifier: MIT */
/* The loader's list of objects, as debuggers read it: r_debug is named by
 * DT_DEBUG of the program, or is the symbol _r_debug of the loader; it leads to
 * the link_maps (System V gABI, <link.h>). */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tools/show/image.h"
#include "tools/show/space.h"
#include "tools/show/util.h"

enum { MOST_OBJECTS = 100000 };

static uint64_t word_in(struct space *s, uint64_t addr, unsigned i, bool *bad)
{
	return space_word(s, addr + i * space_size(s), bad);
}

/* The program's PT_DYNAMIC by AT_PHDR, and there DT_DEBUG. */
static uint64_t by_dynamic(struct space *s)
{
	bool wide = s->class == ELFCLASS64, bad = false;
	unsigned size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint64_t dynamic = 0, bias = 0, vaddr, type;

	for (uint64_t i = 0; i < s->phnum && i < 256 && !bad; i++) {
		uint64_t ph = s->phdr + i * size;
		unsigned char b[4];

		if (space_read(s, ph, b, 4))
			return 0;
		type = 0;
		for (unsigned k = 0; k < 4; k++)
			type = type << 8 |
			       b[s->data == ELFDATA2MSB ? k : 3 - k];
		vaddr = space_word(s, ph + (wide ? 16 : 8), &bad);
		if (type == PT_PHDR)
			bias = s->phdr - vaddr;
		else if (type == PT_DYNAMIC)
			dynamic = vaddr;
	}
	for (unsigned i = 0; dynamic && i < 2000 && !bad; i += 2) {
		uint64_t tag = word_in(s, bias + dynamic, i, &bad);
		uint64_t v = word_in(s, bias + dynamic, i + 1, &bad);

		if (tag == DT_NULL)
			break;
		if (tag == DT_DEBUG)
			return v;
		if (tag == DT_MIPS_RLD_MAP)
			return space_word(s, v, &bad);
		if (tag == DT_MIPS_RLD_MAP_REL)
			return space_word(
				s, bias + dynamic + i * space_size(s) + v,
				&bad);
	}
	return 0;
}

static bool is_rld(const char *path)
{
	return strcmp(base_name(path), "rld") == 0;
}

static bool is_systems(const char *path)
{
	return strncmp(base_name(path), "ld-", 3) == 0;
}

/* A symbol of the loader that is mapped here; 0: it has none. */
static uint64_t symbol_of(struct space *s, const struct mapping *m,
			  const char *name)
{
	struct object *o = NULL;
	struct name *n;

	for (size_t i = 0; i < s->facts->objects.n; i++)
		if (s->facts->objects.v[i]->path == m->path)
			o = s->facts->objects.v[i];
	if (!o)
		o = facts_object(s->facts, m->path, m->path);
	facts_read_image(s->facts, o);
	n = facts_find_name(s->facts, name);
	for (size_t k = 0; n && k < o->image.symbols.n; k++) {
		const struct symbol *y = &o->image.symbols.v[k];

		if (y->name == n && y->defined)
			return m->lo - o->image.lo + y->value;
	}
	return 0;
}

/* rld's list comes first: libc's own loader, which it has started, lists libc
 * alone. */
static uint64_t by_symbol(struct space *s)
{
	for (int rld = 1; rld >= 0; rld--)
		for (size_t i = 0; i < s->maps.n; i++) {
			const struct mapping *m = &s->maps.v[i];
			bool bad = false;
			uint64_t at;

			if (!m->path || m->offset ||
			    (rld ? !is_rld(m->path) : !is_systems(m->path)))
				continue;
			at = symbol_of(s, m, "_r_debug");
			if (at && word_in(s, at, 1, &bad) && !bad)
				return at;
		}
	return 0;
}

uint64_t space_symbol(struct space *s, const char *name)
{
	for (size_t i = 0; i < s->maps.n; i++) {
		const struct mapping *m = &s->maps.v[i];
		uint64_t at = 0;

		/* rld may have the name of the system's loader */
		if (m->path && !m->offset &&
		    (is_rld(m->path) || is_systems(m->path)))
			at = symbol_of(s, m, name);
		if (at)
			return at;
	}
	return 0;
}

const char *space_string(struct space *s, uint64_t addr)
{
	char b[4096];
	size_t n = 0;

	while (addr && n + 1 < sizeof b &&
	       space_read(s, addr + n, b + n, 1) == 0 && b[n])
		n++;
	return text_copy(b, n);
}

static void one_map(struct space *s, uint64_t at, bool *bad)
{
	struct loaded l = { .at = at };
	const struct mapping *m;

	l.addr = word_in(s, at, 0, bad);
	l.name = space_string(s, word_in(s, at, 1, bad));
	l.dynamic = word_in(s, at, 2, bad);
	if (*bad)
		return;
	m = space_mapping(s, l.dynamic);
	l.path = m && m->path ? m->path : l.name;
	if (m && m->deleted)
		l.state = "deleted";
	*LIST_ADD(&s->list) = l;
}

void space_objects(struct space *s)
{
	uint64_t debug, at;
	bool bad = false;

	for (size_t i = 0; i < s->maps.n; i++)
		s->under_rld |= s->maps.v[i].path && is_rld(s->maps.v[i].path);
	debug = by_dynamic(s);
	if (!debug)
		debug = by_symbol(s);
	if (!debug) {
		s->why = s->base || s->under_rld ?
				 "its loader has not published a list yet, or "
				 "its memory may not be read" :
				 "it is statically linked, or has no r_debug";
		return;
	}
	at = word_in(s, debug, 1, &bad); /* behind r_version and padding */
	while (at && !bad && s->list.n < MOST_OBJECTS) {
		one_map(s, at, &bad);
		at = word_in(s, at, 3, &bad);
	}
	if (bad)
		s->why = s->pid ? "the list could not be read to its end: the "
				  "process ended or changed it" :
				  "the list leads to memory that the core does "
				  "not hold";
}

/* ---- what is bound ---- */

static size_t index_at(const struct space *s, const uint64_t *lo,
		       const uint64_t *hi, uint64_t addr)
{
	for (size_t i = 0; i < s->list.n; i++)
		if (addr >= lo[i] && addr < hi[i])
			return i;
	return s->list.n;
}

/* Read the slots of o: each that holds an address is bound to what lies
 * there.  A lazy slot points back into its own object until it is called. */
static void slots_of(struct space *s, size_t me, const uint64_t *lo,
		     const uint64_t *hi)
{
	struct loaded *l = &s->list.v[me];
	const struct image *im = &l->object->image;

	l->bound = need_memory(s->list.n * sizeof *l->bound);
	for (size_t i = 0; i < im->slots.n; i++) {
		bool bad = false;
		uint64_t v;
		size_t to;

		if (im->slots.v[i].how & (REF_COPY | REF_TLS))
			continue;
		v = space_word(s, l->addr + im->slots.v[i].addr, &bad);
		if (bad)
			continue;
		to = index_at(s, lo, hi, v);
		if (to < s->list.n && to != me)
			l->bound[to]++;
	}
}

void space_bound(struct space *s)
{
	uint64_t *lo = need_memory((s->list.n + 1) * sizeof *lo);
	uint64_t *hi = need_memory((s->list.n + 1) * sizeof *hi);

	for (size_t i = 0; i < s->list.n; i++) {
		struct loaded *l = &s->list.v[i];
		/* a file that was replaced does not tell of what is mapped */
		struct object *o =
			l->path && *l->path == '/' && !l->state ?
				facts_object(s->facts, l->name, l->path) :
				NULL;

		if (!o)
			continue;
		facts_read_image(s->facts, o);
		if (!o->image_read)
			continue;
		l->object = o;
		lo[i] = l->addr + o->image.lo;
		hi[i] = l->addr + o->image.hi;
	}
	for (size_t i = 0; i < s->list.n; i++)
		if (s->list.v[i].object)
			slots_of(s, i, lo, hi);
}
