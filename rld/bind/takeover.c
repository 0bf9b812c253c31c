/* SPDX-License-Identifier: MIT */
/* Strong definitions take over from weak ones (sgidladd(3)). */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/sym/sym.h"

struct arrival {
	struct rld *r;
	struct dso *d;
};

static void consider(void *arg, const struct dso *d, uint32_t i, uint32_t hash)
{
	struct arrival *a = arg;
	const ElfW(Sym) *s = &d->dyn.symtab[i];
	struct ref ref = { .newest = 1 };
	struct def def, strong;

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
	strong = (struct def){ a->d, s };
	if (rld_override_add(a->r, &def, &strong))
		return;
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
