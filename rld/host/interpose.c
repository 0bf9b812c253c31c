/* SPDX-License-Identifier: MIT */
/* libc's own calls reach the objects that stand before it. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/host/host.h"
#include "rld/load/load.h"
#include "rld/quick/quick.h"
#include "rld/sym/sym.h"

static void interpose_one(struct rld *r, uint32_t i)
{
	struct dso *libc = r->host.libc;
	const ElfW(Sym) *s = &libc->dyn.symtab[i];
	struct ref ref = { .from = libc };
	struct def def;

	if (s->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(s->st_info) == STT_TLS)
		return;
	ref.name = elf_str(&libc->dyn, s->st_name);
	if (!ref.name)
		return;
	ref.hash = elf_gnu_hash(ref.name);
	if (!rld_lookup(r, &ref, &def) || def.dso->flags & (D_HOST | D_SELF) ||
	    def.sym->st_shndx == SHN_UNDEF ||
	    rld_synth_exported(r->host.synth, ref.name))
		return;
	rld_synth_export(
		r->host.synth, ref.name,
		ELF64_ST_TYPE(def.sym->st_info) == STT_GNU_IFUNC ?
			arch_call_ifunc(rld_sym_addr(def.dso, def.sym)) :
			rld_sym_addr(def.dso, def.sym),
		def.sym->st_size,
		ELF64_ST_INFO(STB_GLOBAL,
			      ELF64_ST_TYPE(def.sym->st_info) == STT_GNU_IFUNC ?
				      STT_FUNC :
				      ELF64_ST_TYPE(def.sym->st_info)));
}

static void interpose_any(void *arg, const struct dso *libc, uint32_t i,
			  uint32_t hash)
{
	(void)libc;
	(void)hash;
	interpose_one(arg, i);
}

/* Symbol i of d, whose hash is known but for its lowest bit: has the other
 * object a namesake? */
__attribute__((noinline)) static void pair_one(struct rld *r,
					       const struct dso *d, uint32_t i,
					       uint32_t hash,
					       const struct dso *other)
{
	for (uint32_t bit = 0; bit < 2; bit++) {
		struct elf_walk w = { 0 };
		uint32_t j;

		while ((j = elf_walk_gnu(&other->dyn, (hash & ~1u) | bit,
					 &w))) {
			const char *a, *b;

			a = elf_str(&d->dyn, d->dyn.symtab[i].st_name);
			b = elf_str(&other->dyn, other->dyn.symtab[j].st_name);
			if (!a || !b || !str_same(a, b))
				continue;
			interpose_one(r, d == r->host.libc ? i : j);
			return;
		}
	}
}

/* Names that d and other, one of them libc, both define.  Programs export
 * thousands: no string or symbol is touched until the hashes agree, and few get
 * past the filter. */
static void pair(struct rld *r, const struct dso *d, const struct dso *other)
{
	const struct elf_gnu_hash filter = other->dyn.gnu;
	const uint32_t *chain = d->dyn.gnu.chain;
	uint32_t n = elf_gnu_places(&d->dyn.gnu), sym;

	for (uint32_t at = 0; at < n; at++)
		if (elf_gnu_maybe_either(&filter, chain[at]) &&
		    (sym = elf_gnu_symbol(&d->dyn, at)))
			pair_one(r, d, sym, chain[at], other);
}

static void interpose_from(struct rld *r, struct dso *d)
{
	struct dso *libc = r->host.libc;

	if (!d->dyn.gnu.buckets || !libc->dyn.gnu.buckets)
		rld_each_symbol(libc, interpose_any, r);
	else if (d->dyn.nsym > libc->dyn.nsym)
		pair(r, libc, d);
	else
		pair(r, d, libc);
}

/* Where libc itself has an unwinder's registry (MIPS and other old ports),
 * libgcc_s asks it for the frame description of an address, and it asks the
 * inner loader, which does not know our objects.  libgcc_s's own asks
 * _dl_find_object, and that is ours. */
static const void *find_fde(void *pc, void *bases)
{
	static const char name[] = "_Unwind_Find_FDE";
	static struct dso
		*inner; /* libgcc_s as libc has loaded it for itself */
	typedef const void *find_fn(void *, void *);
	struct rld *r = &rld_state;
	struct dso *gcc = r->host.gcc_s ? r->host.gcc_s : inner;
	const void *fde = NULL;
	uintptr_t f;

	if (!gcc)
		gcc = inner = rld_inner_object(r, "libgcc_s.so.1");
	f = rld_host_symbol(r, gcc, name);
	if (f)
		fde = ((find_fn *)f)(pc, bases);
	f = rld_host_symbol(r, r->host.libc, name);
	return fde || !f ? fde : ((find_fn *)f)(pc, bases);
}

/* Slots of libc's family lead to whoever stands before it. */
static void rebind_family(struct rld *r)
{
	rld_rebind_host(r, r->host.libc, NULL, 0);
	/* glibc's loader before 2.32 calls malloc and its like by slots of its
	 * own, and libc frees what it has allocated */
	if (r->host.kind == HOST_GLIBC &&
	    !rld_host_symbol(r, r->host.libc,
			     "__libc_single_threaded")) /* of 2.32 */
		rld_rebind_host(r, r->host.loader, NULL, 0);
	if (r->host.gcc_s)
		rld_rebind_host(r, r->host.gcc_s, NULL, 0);
}

void rld_host_interpose(struct rld *r)
{
	static const char name[] = "_Unwind_Find_FDE";
	const struct quick_file *kept = rld_quick_file(r);

	for (uint32_t i = 0; kept && i < kept->head->nexport; i++)
		if (kept->export[i] < r -> host.libc->dyn.nsym)
			interpose_one(r, kept->export[i]);
	if (!kept && !rld_index_echoes(r, interpose_one))
		for (struct dso *d = r->head; d && d != r->self;
		     d = dso_next(d))
			if (d->flags & D_READY && !(d->flags & D_VDSO))
				interpose_from(r, d);
	if (!kept || kept->head->flags & QUICK_SLOTS)
		rebind_family(r);
	if (!rld_host_symbol(r, r->host.libc, name))
		return;
	rld_synth_export(r->host.synth, name, (uintptr_t)find_fde, 0,
			 ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
	if (r->host.gcc_s)
		rld_rebind_host(r, r->host.gcc_s, name, (uintptr_t)find_fde);
}
