/* SPDX-License-Identifier: MIT */
/* Symbol hashing and the walk along one object's hash chains (gABI ch. 5
 * "Hash Table", and the GNU hash section as binutils writes it).  Inline:
 * these loops are the price of every lookup. */
#ifndef ELF_SYMBOL_H
#define ELF_SYMBOL_H

#include "elf/elf_file.h"

static inline uint32_t elf_gnu_hash(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	uint32_t h = 5381;

	/* four characters a step: the multiplications form one chain */
	for (; p[0] && p[1] && p[2] && p[3]; p += 4)
		h = h * (33 * 33 * 33 * 33) +
		    (p[0] * (33u * 33 * 33) + p[1] * (33u * 33)) +
		    (p[2] * 33u + p[3]);
	for (; *p; p++)
		h = h * 33 + *p;
	return h;
}

static inline uint32_t elf_sysv_hash(const char *name)
{
	uint32_t h = 0;

	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		h = (h << 4) + *p;
		h ^= (h >> 24) & 0xf0;
	}
	return h & 0x0fffffff;
}

static inline int elf_streq(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* 0: the filter shows that d defines nothing with this hash. */
static inline int elf_gnu_maybe(const struct elf_gnu_hash *g, uint32_t h)
{
	const unsigned bits = sizeof(ElfW(Addr)) * 8;
	ElfW(Addr) w;

	/* DT_MIPS_XHASH need not be aligned as its filter is */
	__builtin_memcpy(&w,
			 (const char *)g->bloom +
				 ((h / bits) & (g->maskwords - 1)) * sizeof w,
			 sizeof w);
	return ((w >> (h % bits)) & (w >> ((h >> g->shift) % bits)) & 1) != 0;
}

/* The same for two hashes at once, h | 1 and h & ~1: chains do not keep the
 * lowest bit. */
static inline int elf_gnu_maybe_either(const struct elf_gnu_hash *g, uint32_t h)
{
	const unsigned bits = sizeof(ElfW(Addr)) * 8;
	ElfW(Addr) w;

	if (g->shift == 0)
		return 1;
	__builtin_memcpy(&w,
			 (const char *)g->bloom +
				 ((h / bits) & (g->maskwords - 1)) * sizeof w,
			 sizeof w);
	return ((w >> (h % bits & ~1u)) & 3) != 0 &&
	       ((w >> ((h >> g->shift) % bits)) & 1) != 0;
}

/* How many places of the chain the table uses: up to the end of the chain that
 * begins last. */
static inline uint32_t elf_gnu_places(const struct elf_gnu_hash *g)
{
	uint32_t last = 0;
	size_t n;

	for (uint32_t b = 0; b < g->nbuckets; b++)
		last = g->buckets[b] > last ? g->buckets[b] : last;
	if (last < g->symndx)
		return 0;
	for (n = last - g->symndx; n < g->nchain; n++)
		if (g->chain[n] & 1)
			return (uint32_t)n + 1;
	return (uint32_t)g->nchain;
}

/* A walk over the symbols of one object that have one hash; begins with { 0 }.
 * Each call gives the next symbol's index, 0 at the end.  Malformed chains end
 * it: a GNU chain is read at most to its table's end, a DT_HASH chain for at
 * most nchain steps. */
struct elf_walk {
	uint32_t at;	/* place in the chain, or symbol index for DT_HASH */
	uint32_t steps; /* 0: not begun */
};

static inline int elf_needs_sysv(const struct elf_dyn *d)
{
	return !d->gnu.buckets;
}

static inline uint32_t elf_gnu_symbol(const struct elf_dyn *d, uint32_t place)
{
	uint32_t sym = d->gnu.xlat ? d->gnu.xlat[place] : place + d->gnu.symndx;

	return sym < d->nsym ? sym : 0;
}

static inline uint32_t elf_walk_gnu(const struct elf_dyn *d, uint32_t h,
				    struct elf_walk *w)
{
	const struct elf_gnu_hash *g = &d->gnu;

	if (!w->steps) {
		uint32_t first;

		w->steps = 1;
		if (!elf_gnu_maybe(g, h) || g->nbuckets == 0)
			return w->at = UINT32_MAX, 0;
		first = g->buckets[h % g->nbuckets];
		if (first < g->symndx)
			return w->at = UINT32_MAX, 0;
		w->at = first - g->symndx;
	}
	while (w->at < g->nchain) {
		uint32_t c = g->chain[w->at], place = w->at;

		w->at = (c & 1) ? UINT32_MAX : w->at + 1;
		if (((c ^ h) >> 1) == 0) {
			uint32_t sym = elf_gnu_symbol(d, place);

			if (sym)
				return sym;
		}
	}
	return 0;
}

/* The hash of symbol sym, whose name is name.  An object's own table keeps the
 * hashes of what it defines, but for the lowest bit; that one follows from the
 * bucket. */
static inline uint32_t elf_hash_of(const struct elf_dyn *d, uint32_t sym,
				   const char *name)
{
	const struct elf_gnu_hash *g = &d->gnu;

	if (!g->buckets || g->xlat || sym < g->symndx || g->nbuckets < 2 ||
	    sym - g->symndx >= g->nchain)
		return elf_gnu_hash(name);
	for (uint32_t bit = 0; bit < 2; bit++) {
		uint32_t h = (g->chain[sym - g->symndx] & ~1u) | bit;
		uint32_t at = g->buckets[h % g->nbuckets];

		if (at < g->symndx || at > sym)
			continue;
		while (at < sym && !(g->chain[at - g->symndx] & 1))
			at++;
		if (at == sym)
			return h;
	}
	return elf_gnu_hash(name);
}

static inline uint32_t elf_walk_sysv(const struct elf_dyn *d, uint32_t h,
				     struct elf_walk *w)
{
	const struct elf_sysv_hash *s = &d->sysv;

	if (s->nbucket == 0 || w->steps > s->nchain)
		return 0;
	w->at = w->steps++ == 0 ? s->bucket[h % s->nbucket] : s->chain[w->at];
	if (w->at >= s->nchain)
		w->at = 0;
	if (w->at == 0)
		w->steps = UINT32_MAX;
	return w->at;
}

#endif
