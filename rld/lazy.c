/* The lazy resolver's C half: the first call through a function slot. */
#include "rld/bind.h"
#include "rld/delay.h"
#include "rld/event.h"

static uintptr_t guarded_ifunc(void *resolver, void *unused)
{
	(void)unused;
	return arch_call_ifunc((uintptr_t)resolver);
}

_Noreturn void rld_unresolvable(struct rld *r, const char *object,
				const char *name)
{
	rld_print(r, 2,
		  "%d:%s: rld: Fatal Error: attempted access to unresolvable "
		  "symbol in %s: %s\n",
		  sys_getpid(), str_base(r->prog), object, name);
	sys_exit(127);
}

struct miss {
	const struct ref *ref;
	struct def *def;
};

/* Nobody who is loaded defines it, or who does is arriving just now: a library
 * that was delayed is in the list before its constructors have run, and one
 * that another thread opens before it is relocated.  Here constructors and the
 * user's handler run, so the caller's vector registers are safe elsewhere.
 * 0: *def is set; else the address that the handler gave for this once. */
static uintptr_t missed(void *arg, void *unused)
{
	struct rld *r = &rld_state;
	const struct miss *m = arg;
	struct dso *d = m->ref->from;
	struct rld_err e = { 0 };
	void *instead;
	int hit;

	(void)unused;
	rld_lock(r);
	hit = rld_lookup(r, m->ref, m->def) ||
	      rld_delay_lookup(r, m->ref, d, m->def, &e);
	rld_search_done(r);
	rld_unlock(r);
	if (hit && m->def->dso->flags & D_DELAYED)
		rld_run_init(r, m->def->dso);
	rld_delay_init(r);
	if (hit)
		return 0;
	instead = rld_delay_failed(r, d, m->ref->name, e.text);
	if (!instead)
		instead = rld_ask_unresolved(d, m->ref->name);
	if (instead) {
		rld_err_clear(&e);
		return (uintptr_t)instead;
	}
	if (e.set && e.text)
		rld_die(r, "%s: %s: %s", dso_name(r, d), m->ref->name, e.text);
	rld_unresolvable(r, dso_name(r, d), m->ref->name);
}

/* Code of such an object must not run yet. */
static int is_arriving(const struct dso *d)
{
	return d->flags & D_NEW ||
	       (d->flags & D_DELAYED &&
		__atomic_load_n(&d->init, __ATOMIC_ACQUIRE) < INIT_DONE);
}

static void store(struct rld *r, struct dso *d, uintptr_t *slot, uintptr_t v)
{
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
}

static uintptr_t bind_call(struct rld *r, struct dso *d, struct reloc rel)
{
	struct def def;
	struct ref ref;
	uintptr_t v;
	const ElfW(Sym) * s;
	int hit = 1;

	if (rld_ref(d, rel.sym, &ref))
		rld_unresolvable(r, dso_name(r, d), "?");
	ref.is_call = 1;
	if (r->statistics)
		__atomic_fetch_add(&r->stat.lazy, 1, __ATOMIC_RELAXED);
	s = &d->dyn.symtab[rel.sym];
	rld_read_begin(r);
	if (is_own(d, s)) {
		def.dso = d;
		def.sym = s;
	} else {
		hit = rld_lookup(r, &ref, &def);
	}
	if (!hit || (is_arriving(def.dso) && def.dso != d)) {
		struct miss m = { &ref, &def };

		rld_read_end(r);
		v = arch_call_guarded(missed, &m, NULL);
		if (v)
			return v;
		rld_read_begin(r);
	}
	v = rld_sym_addr(def.dso, def.sym);
	if (is_ifunc(&def))
		v = arch_call_guarded(guarded_ifunc, (void *)v, NULL);
	TRACE_BIND(r, ref.name, "rld: bind: %s: %s -> %s (lazy)\n",
		   dso_name(r, d), ref.name, dso_name(r, def.dso));
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
	store(r, d, (uintptr_t *)(d->lm.l_addr + rel.off), v);
	rld_read_end(r);
	return v;
}

/* Called by the machine's stub: d is what GOT[1] holds, index the entry of
 * DT_JMPREL.  Returns where the call goes on. */
uintptr_t rld_bind_slot(struct dso *d, uintptr_t index)
{
	struct rld *r = &rld_state;

	if (d->flags & D_ENTRIES)
		return rld_entry_bind(d, index);
	if (index >= d->dyn.njmprel)
		rld_unresolvable(r, dso_name(r, d), "?");
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
		rld_unresolvable(r, dso_name(r, d), "?");
	return bind_call(r, d, rld_got(d, index - d->dyn.mips_gotsym));
}
#endif
