/* The lazy resolver's C half: the first call through a function slot. */
#include "rld/bind.h"

static uintptr_t guarded_ifunc(void *resolver, void *unused)
{
	(void)unused;
	return arch_call_ifunc((uintptr_t)resolver);
}

_Noreturn static void unresolvable(struct rld *r, struct dso *d,
				   const char *name)
{
	rld_print(r, 2,
		  "%d:%s: rld: Fatal Error: attempted access to unresolvable "
		  "symbol in %s: %s\n",
		  sys_getpid(), str_base(r->prog), dso_name(r, d), name);
	sys_exit(127);
}

static uintptr_t bind_call(struct rld *r, struct dso *d, struct reloc rel)
{
	struct def def;
	struct ref ref;
	uintptr_t v, *slot;
	const ElfW(Sym) * s;

	slot = (uintptr_t *)(d->lm.l_addr + rel.off);
	if (rld_ref(d, rel.sym, &ref))
		unresolvable(r, d, "?");
	ref.is_call = 1;
	s = &d->dyn.symtab[rel.sym];
	rld_read_begin(r);
	if ((s->st_other & 3) != STV_DEFAULT && s->st_shndx != SHN_UNDEF) {
		def.dso = d;
		def.sym = s;
	} else if (!rld_lookup(r, &ref, &def)) {
		rld_read_end(r);
		unresolvable(r, d, ref.name);
	}
	v = rld_sym_addr(def.dso, def.sym);
	if (is_ifunc(&def))
		v = arch_call_guarded(guarded_ifunc, (void *)v, NULL);
	TRACE(r, TR_BIND, "rld: bind: %s: %s -> %s (lazy)\n", dso_name(r, d),
	      ref.name, dso_name(r, def.dso));
	if (!(def.dso->flags & D_STARTUP) && def.dso != d) {
		rld_lock(r);
		rld_edge(d, def.dso);
		rld_unlock(r);
	}
	if (d->flags & D_NOW && d->relro_size &&
	    (uintptr_t)slot - d->relro < d->relro_size) {
		rld_lock(r);
		rld_relro(r, d, 1);
		__atomic_store_n(slot, v, __ATOMIC_RELEASE);
		rld_relro(r, d, 0);
		rld_unlock(r);
	} else {
		__atomic_store_n(slot, v, __ATOMIC_RELEASE);
	}
	rld_read_end(r);
	return v;
}

/* Called by the machine's stub: d is what GOT[1] holds, index the entry of
 * DT_JMPREL.  Returns where the call goes on. */
uintptr_t rld_bind_slot(struct dso *d, uintptr_t index)
{
	struct rld *r = &rld_state;

	if (index >= d->dyn.njmprel)
		unresolvable(r, d, "?");
	return bind_call(r, d, rld_jmprel(d, index));
}

#if ARCH_IMPLICIT_GOT
/* The same through an implicit GOT: index is the symbol's. */
uintptr_t rld_bind_got(uintptr_t *got, uintptr_t index)
{
	struct rld *r = &rld_state;
	struct dso *d;

	if (got[1] & ARCH_GOT_MARK) {
		d = (struct dso *)(got[1] & ~ARCH_GOT_MARK);
	} else {
		rld_read_begin(r);
		d = rld_find_addr(r, (uintptr_t)got);
		rld_read_end(r);
		if (!d)
			rld_die(r, "a lazy stub of an unknown object");
	}
	if (index < d->dyn.mips_gotsym || index >= d->dyn.mips_symtabno)
		unresolvable(r, d, "?");
	return bind_call(r, d, rld_got(d, index - d->dyn.mips_gotsym));
}
#endif
