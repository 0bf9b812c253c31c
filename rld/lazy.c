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

/* Called by the machine's stub: d is what GOT[1] holds, index the entry of
 * DT_JMPREL.  Returns where the call goes on. */
uintptr_t rld_bind_slot(struct dso *d, uintptr_t index)
{
	struct rld *r = &rld_state;
	struct reloc rel;
	struct def def;
	struct ref ref;
	uintptr_t v, *slot;
	const ElfW(Sym) * s;

	if (index >= d->dyn.njmprel)
		unresolvable(r, d, "?");
	rel = rld_jmprel(d, index);
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
		int noted;

		rld_lock(r);
		noted = rld_edge(d, def.dso);
		rld_unlock(r);
		if (noted) { /* no memory: the slot stays lazy */
			rld_read_end(r);
			return v;
		}
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
