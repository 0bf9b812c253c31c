/* SPDX-License-Identifier: MIT */
/* Tombstones (--tombstone): the addresses of what was unloaded stay reserved,
 * so that a stray pointer into it always faults, and what is known of it stays
 * to be told: which symbol lay there, which thread closed it and when. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"

struct tomb {
	struct tomb *next;
	uintptr_t lo, hi, bias;
	char *name, *closer;
	unsigned long long order;
	long when; /* milliseconds, CLOCK_MONOTONIC */
	int thread;
	ElfW(Sym) *sym;
	size_t nsym, strsz;
	char *str;
};

static struct tomb *tombs;

static long now(void)
{
	long t[2] = { 0, 0 }; /* struct timespec */

	sys3(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)t, 0);
	return t[0] * 1000 + t[1] / 1000000;
}

int rld_tomb_add(struct rld *r, const struct dso *d, unsigned long long order)
{
	struct tomb *t = rld_alloc(sizeof *t);

	if (!t)
		return -1;
	*t = (struct tomb){ .next = tombs,
			    .lo = d->lo,
			    .hi = d->hi,
			    .bias = d->lm.l_addr,
			    .name = rld_strdup(d->lm.l_name),
			    .closer = rld_strdup(r->closer ? r->closer : "rld"),
			    .order = order,
			    .when = now(),
			    .thread = sys_gettid() };
	/* the bound on nsym may reach past the symbols: to the strings at most */
	t->sym = rld_alloc(d->dyn.nsym * sizeof *t->sym);
	t->str = rld_alloc(d->dyn.strsz);
	if (t->sym && t->str) {
		memcpy(t->sym, d->dyn.symtab, d->dyn.nsym * sizeof *t->sym);
		memcpy(t->str, d->dyn.strtab, d->dyn.strsz);
		t->nsym = d->dyn.nsym;
		t->strsz = d->dyn.strsz;
	}
	__atomic_store_n(&tombs, t, __ATOMIC_RELEASE);
	return 0;
}

/* The symbol at or before the address. */
static const ElfW(Sym) *nearest(const struct tomb *t, uintptr_t at)
{
	const ElfW(Sym) *best = NULL;

	for (size_t i = 1; i < t->nsym; i++) {
		const ElfW(Sym) *s = &t->sym[i];
		unsigned type = ELF64_ST_TYPE(s->st_info);

		if (s->st_shndx == SHN_UNDEF || s->st_name >= t->strsz ||
		    (type != STT_FUNC && type != STT_OBJECT &&
		     type != STT_NOTYPE && type != STT_GNU_IFUNC) ||
		    t->bias + s->st_value > at)
			continue;
		if (!best || s->st_value > best->st_value)
			best = s;
	}
	return best;
}

const char *rld_tomb_symbol(uintptr_t at, size_t *offset)
{
	for (const struct tomb *t = __atomic_load_n(&tombs, __ATOMIC_ACQUIRE);
	     t; t = t->next) {
		const ElfW(Sym) *s =
			at - t->lo < t->hi - t->lo ? nearest(t, at) : NULL;

		if (!s)
			continue;
		*offset = at - t->bias - s->st_value;
		return t->str + s->st_name;
	}
	return NULL;
}

int rld_tomb_tell(struct rld *r, uintptr_t at)
{
	for (const struct tomb *t = __atomic_load_n(&tombs, __ATOMIC_ACQUIRE);
	     t; t = t->next) {
		const ElfW(Sym) *s;
		long ago = now() - t->when;

		if (at < t->lo || at >= t->hi)
			continue;
		s = nearest(t, at);
		rld_print(r, 2,
			  "%d:%s: rld: Fatal Error: access to %p, which is "
			  "%s+0x%zx in %s: it was unloaded (number %u) by "
			  "thread %d at %s, %d ms ago\n",
			  sys_getpid(), str_base(r->prog), (void *)at,
			  s ? t->str + s->st_name : "offset ",
			  s ? (size_t)(at - t->bias - s->st_value) :
			      (size_t)(at - t->lo),
			  t->name, (unsigned)t->order, t->thread,
			  t->closer ? t->closer : "?", (int)ago);
		return 1;
	}
	return 0;
}
