/* SPDX-License-Identifier: MIT */
/* Shared by the files that read relocations. */
#ifndef RLD_BIND_H
#define RLD_BIND_H

#include "rld/internal.h"

/* A place need not be aligned. */
struct __attribute__((packed)) word {
	uintptr_t v;
};

/* One entry, whatever table it came from; REL addends are read already. */
struct reloc {
	uintptr_t off, addend;
	uint32_t sym, type;
};

/* What the place of DT_REL entry i held. */
struct rel_addend {
	size_t i;
	uintptr_t addend;
};

/* One walk that relocates; memo and ahead belong to bind.c, late to late.c. */
struct pass {
	struct rld *r;
	struct rld_err *e;
	struct late *late;
	size_t nlate, cap;
	uintptr_t lazy;	   /* of the slot in hand, when it may stay unbound */
	struct memo *memo; /* answers for the object in hand */
	uint32_t memo_mask;
	struct ahead *ahead;
};

/* May relocations of d write here?  Text relocations have been made writable
 * by then. */
static inline int place_ok(const struct dso *d, uintptr_t at, size_t size)
{
	uintptr_t lo, hi;

	if (at >= d->window_lo && at < d->window_hi &&
	    size <= d->window_hi - at)
		return 1;
	return rld_window(d, at, d->dyn.textrel, &lo, &hi) && size <= hi - at;
}

static inline int is_ifunc(const struct def *def)
{
	return ELF64_ST_TYPE(def->sym->st_info) == STT_GNU_IFUNC &&
	       def->sym->st_shndx != SHN_UNDEF;
}

/* d's own definition, whichever other objects have the name: protected or hidden, by
 * st_other or by d's note. */
static inline int is_own(const struct dso *d, const ElfW(Sym) *s)
{
	const char *name;

	if (s->st_shndx == SHN_UNDEF)
		return 0;
	if ((s->st_other & 3) != STV_DEFAULT)
		return 1;
	if (!d->note || !d->note->nhidden)
		return 0;
	name = elf_str(&d->dyn, s->st_name);
	return name && rldnote_hides(d->note, name);
}

/* Functions that a lazy stub would not serve: it keeps too few registers. */
static inline int must_bind_now(const struct dso *d, uint32_t sym)
{
	return sym < d->dyn.nsym &&
	       arch_must_bind_now(d->dyn.symtab[sym].st_other);
}

struct reloc rld_rel(const struct dso *d, const ElfW(Rel) *a);
struct reloc rld_jmprel(const struct dso *d, size_t i);
/* Entry i of d's DT_REL at *next in its addends, once it has been applied. */
struct reloc rld_rel_done(const struct dso *d, size_t i, unsigned *next);
/* The reference that symbol sym of d makes; -1 when it is malformed. */
int rld_ref(const struct dso *d, uint32_t sym, struct ref *ref);
/* Where PLT slot i leads before it is bound, 0 when that is not known. */
uintptr_t rld_lazy_value(const struct dso *d, size_t i);

/* got.c: the implicit GOT of MIPS, its global entries as relocations. */
#if ARCH_IMPLICIT_GOT
/* Local entries, and the words that lead lazy stubs here. */
int rld_got_open(struct pass *p, struct dso *d);
struct reloc rld_got(const struct dso *d, size_t i);
/* Where entry i leads before it is bound, 0 when it is no lazy one. */
uintptr_t rld_got_lazy(const struct dso *d, size_t i);
#else
static inline int rld_got_open(struct pass *p, struct dso *d)
{
	(void)p;
	(void)d;
	return 0;
}
static inline struct reloc rld_got(const struct dso *d, size_t i)
{
	(void)d;
	(void)i;
	return (struct reloc){ 0 };
}
static inline uintptr_t rld_got_lazy(const struct dso *d, size_t i)
{
	(void)d;
	(void)i;
	return 0;
}
#endif

/* ---- apply.c, late.c */
/* The variable of the TLS descriptor (two words) at `at` is gone: a thread that asks for
 * it is told; or, for a weak reference, it means 0 + addend. */
void rld_tlsdesc_lost(uintptr_t *at, int weak, uintptr_t addend);
/* 1: the descriptor means no variable, or none any longer. */
int rld_tlsdesc_is_lost(const uintptr_t *at);
/* apply.c: say what is wrong with a relocation; -1. */
int rld_bad_reloc(struct pass *p, struct dso *d, const struct reloc *rel,
		  const char *what);
/* late.c: what is written when all else is; def NULL: IRELATIVE. */
int rld_defer(struct pass *p, struct dso *d, const struct reloc *rel,
	      const struct def *def);
int rld_run_late(struct pass *p, struct dso *first);
int rld_text_writable(struct rld *r, struct dso *d, int on);
/* The meaning of an IFUNC; the lock is given up while its resolver runs, and
 * `from`, which asks, and the object that defines it stay. */
uintptr_t rld_ifunc_unlocked(struct rld *r, struct dso *from,
			     const struct def *def);
/* Write one relocation whose meaning is known; value of an IFUNC is final. */
int rld_apply(struct pass *p, struct dso *d, const struct reloc *rel,
	      enum rkind kind, const struct def *def, uintptr_t ifunc);

#endif
