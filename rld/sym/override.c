/* SPDX-License-Identifier: MIT */
/* Weak definitions that a strong one has taken over (sgidladd(3)): a global
 * arrival that defines strongly what was defined weakly before it in the list
 * gets the references.  Libc's weak names stay its own: they are weak only to
 * keep ISO C's name space free. */
#include "rld/internal.h"

struct override {
	struct override *next;
	const ElfW(Sym) *weak;
	struct dso *weak_dso;
	struct def strong;
};

static struct override *all;  /* oldest arrival first */
static struct override **end; /* NULL: none yet, a relocation saved */

void rld_weak_follow(struct def *d)
{
	for (const struct override *o = __atomic_load_n(&all, __ATOMIC_ACQUIRE);
	     o; o = o->next)
		if (o->weak == d->sym && o->weak_dso == d->dso) {
			*d = o->strong;
			return;
		}
}

struct arrival {
	struct rld *r;
	struct dso *d;
};

static void consider(void *arg, const struct dso *d, uint32_t i, uint32_t hash)
{
	struct arrival *a = arg;
	const ElfW(Sym) *s = &d->dyn.symtab[i];
	struct ref ref = { .newest = 1 };
	struct override *o;
	struct def def;

	(void)hash;
	if (ELF64_ST_BIND(s->st_info) != STB_GLOBAL ||
	    s->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(s->st_info) == STT_TLS)
		return;
	ref.name = elf_str(&d->dyn, s->st_name);
	if (!ref.name)
		return;
	ref.hash = elf_gnu_hash(ref.name);
	if (!rld_lookup(a->r, &ref, &def) || def.dso == d ||
	    ELF64_ST_BIND(def.sym->st_info) != STB_WEAK ||
	    def.dso->flags & (D_HOST | D_SELF | D_VDSO))
		return;
	o = rld_alloc(sizeof *o);
	if (!o)
		return;
	o->weak = def.sym;
	o->weak_dso = def.dso;
	o->strong.dso = a->d;
	o->strong.sym = s;
	if (!end)
		end = &all;
	__atomic_store_n(end, o, __ATOMIC_RELEASE);
	end = &o->next;
	__atomic_store_n(&a->r->overrides, 1, __ATOMIC_RELEASE);
	def.dso->flags |= D_OVERRIDDEN;
}

void rld_weak_arrivals(struct rld *r, unsigned since)
{
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		struct arrival a = { r, d };

		if (d->flags & D_GLOBAL && d->global_serial > since &&
		    !(d->flags & (D_HOST | D_STARTUP)))
			rld_each_symbol(d, consider, &a);
	}
	for (struct dso *d = r->head; r->overrides && d; d = dso_next(d))
		if (d->flags & D_OVERRIDDEN) {
			d->flags &= ~(unsigned)D_OVERRIDDEN;
			rld_rebind_from(r, d);
		}
}

void rld_weak_forget(struct rld *r, const struct dso *gone)
{
	struct override *dead = NULL;

	for (struct override **p = &all; *p;) {
		struct override *o = *p;

		if (o->weak_dso != gone && o->strong.dso != gone) {
			p = &o->next;
			continue;
		}
		if (end == &o->next)
			end = p;
		__atomic_store_n(p, o->next, __ATOMIC_RELEASE);
		rld_wait_readers(r);
		o->next = dead;
		dead = o;
	}
	r->overrides = all != NULL;
	while (dead) {
		struct override *o = dead;

		dead = o->next;
		rld_free_later(r, o);
	}
	r->stuck = 0;
}
