/* SPDX-License-Identifier: MIT */
/* The lazy resolver's C half: the first call through a function slot. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/call/call.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/image/image.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"

static uintptr_t guarded_ifunc(void *resolver, void *unused)
{
	(void)unused;
	return arch_call_ifunc((uintptr_t)resolver);
}

_Noreturn void rld_unresolvable(struct rld *r, const char *object,
				const char *name, const char *hint)
{
	rld_print(r, RLD_FATAL,
		  "%d:%s: rld: Fatal Error: attempted access to unresolvable "
		  "symbol in %s: %s%s\n",
		  sys_getpid(), str_base(r->prog), object, name, hint);
	if (rld_recording(r)) {
		rld_record_error(r, name);
		rld_record_end(r);
	}
	sys_exit(127);
}

struct miss {
	const struct ref *ref;
	struct def *def;
};

/* No loaded object defines it, or one does that is arriving just now: a library
 * that was delayed is in the list before its constructors have run, and one
 * that another thread opens before it is relocated.  Or d waits for it, and
 * nothing keeps it here for d yet.  Here constructors and the
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
	      rld_supply(r, m->ref, d, m->def, &e);
	hit = hit && rld_supply_kept(r, m->ref, m->def, &e);
	rld_search_done(r);
	if (hit && (m->def->dso->flags & D_DELAYED ||
		    m->def->dso->init == INIT_BINDING))
		rld_run_init_held(r, m->def->dso);
	rld_unlock(r);
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
	rld_unresolvable(r, dso_name(r, d), m->ref->name,
			 rld_hint_undefined(r, m->ref));
}

/* Code of such an object must not run yet. */
static int is_arriving(const struct dso *d)
{
	return d->flags & D_NEW || dso_init(d) == INIT_BINDING ||
	       (d->flags & D_DELAYED && dso_init(d) < INIT_DONE);
}

static int in_relro(const struct dso *d, const uintptr_t *slot)
{
	return d->flags & D_NOW && d->relro_size &&
	       (uintptr_t)slot - d->relro < d->relro_size;
}

/* A slot's value, and what it is to hold. */
struct meant {
	uintptr_t value, given;
};

/* The slot gets its value under the lock, when what was found may leave:
 * unloading finds it then.  The lock is not waited for: a signal handler may
 * run in the thread that holds it, or one for whose heap its holder waits.
 * Then, and when def means something else by now, or the slot's page cannot be
 * made writable, the slot stays lazy. */
static void settle(struct rld *r, const struct ref *ref, const struct def *def,
		   unsigned changes, uintptr_t *slot, struct meant v)
{
	struct dso *d = ref->from;
	struct def now;

	if (!rld_trylock(r))
		return;
	if (def->dso == d || r->changes == changes ||
	    (rld_lookup(r, ref, &now) && now.dso == def->dso &&
	     now.sym == def->sym)) {
		if (!(def->dso->flags & D_GONE) && !rld_edge(d, def->dso) &&
		    (v.given == v.value ||
		     !rld_audit_note(d, slot, v.value, v.given))) {
			int shut = in_relro(d, slot);

			if (!shut || !rld_relro_open(r, d)) {
				__atomic_store_n(slot, v.given,
						 __ATOMIC_RELEASE);
				if (shut)
					rld_relro_close(r, d);
			}
		}
	}
	rld_unlock(r);
}

static __attribute__((cold, noinline)) void tell(struct rld *r,
						 const struct ref *ref,
						 const struct def *def,
						 const struct reloc *rel)
{
	const struct binding b = { .from = ref->from,
				   .ref = ref,
				   .def = def,
				   .rel = rel,
				   .when = "first call" };

	rld_tell_binding(r, &b);
}

uintptr_t rld_bind_call(struct rld *r, struct dso *d, struct reloc rel)
{
	struct def def;
	struct ref ref;
	struct meant m = { 0 };
	uintptr_t v = 0, *slot = (uintptr_t *)(d->lm.l_addr + rel.off);
	unsigned changes;
	const ElfW(Sym) *s;
	int hit = 1, indirect, stays, k;

	if (rld_ref(d, rel.sym, &ref))
		rld_unresolvable(r, dso_name(r, d), "?", NULL);
	ref.is_call = 1;
	if (rld_counts(r))
		__atomic_fetch_add(&r->stat.lazy, 1, __ATOMIC_RELAXED);
	s = &d->dyn.symtab[rel.sym];
	k = rld_read_begin(r);
	changes = __atomic_load_n(&r->changes, __ATOMIC_SEQ_CST);
	if (is_own(d, s)) {
		def.dso = d;
		def.sym = s;
	} else {
		hit = rld_lookup(r, &ref, &def);
	}
	if (!hit || (def.dso != d &&
		     (is_arriving(def.dso) || rld_delay_due(d, def.dso)))) {
		struct miss miss = { &ref, &def };

		rld_read_end(r, k);
		v = arch_call_guarded(missed, &miss, NULL);
		if (v)
			return v;
		k = rld_read_begin(r);
	}
	/* from here on def is there as long as the caller may call it */
	v = rld_sym_addr(def.dso, def.sym);
	stays = def.dso == d || def.dso->flags & D_STARTUP;
	if (rld_tells_bindings(r))
		tell(r, &ref, &def, &rel);
	indirect = is_ifunc(&def);
	rld_read_end(r, k);
	if (indirect)
		v = arch_call_guarded(guarded_ifunc, (void *)v, NULL);
	m = (struct meant){ v, v };
	if (rld_audits(r))
		m.given = rld_audit_call(r, d, &def, v);
	if (stays && !in_relro(d, slot))
		__atomic_store_n(slot, m.given, __ATOMIC_RELEASE);
	else
		settle(r, &ref, &def, changes, slot, m);
	return m.given;
}
