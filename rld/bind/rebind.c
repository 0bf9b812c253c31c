/* SPDX-License-Identifier: MIT */
/* Bindings that are taken back or mended: the host libc's slots once everybody
 * is there, slots into an object that leaves, slots that missed something. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/image/image.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

/* Whom a slot of the host libc should lead to instead of what its own loader
 * gave it (now): only objects before libc can have taken it away, and with few
 * of them a look at each one's filter is all. */
static int overridden(struct rld *r, const struct ref *ref, uintptr_t now,
		      struct def *def)
{
	if (r->index || !now)
		return rld_lookup(r, ref, def);
	for (struct dso *d = r->head; d && d != r->self; d = dso_next(d))
		if (!(d->flags & D_VDSO) && rld_lookup_in(d, ref, def))
			return 1;
	return 0;
}

/* Does an object before libc define anything at all?  A plain program does
 * not, though the link editor puts one symbol into its hash table. */
static int anyone_before(const struct rld *r)
{
	for (struct dso *d = r->head; d && d != r->self; d = dso_next(d)) {
		const struct elf_dyn *y = &d->dyn;

		if (!y->gnu.buckets || y->gnu.xlat) {
			if (y->sysv.nbucket || y->gnu.xlat)
				return 1;
			continue;
		}
		if (y->nsym > y->gnu.symndx + 8UL)
			return 1;
		for (size_t i = y->gnu.symndx; i < y->nsym; i++)
			if (y->symtab[i].st_shndx != SHN_UNDEF ||
			    y->symtab[i].st_value)
				return 1;
	}
	return 0;
}

/* Does an object follow libc that could define what its own loader did not find? */
static int anyone_else(const struct rld *r)
{
	for (const struct dso *d = r->head; d; d = dso_next(d))
		if (!(d->flags & (D_PROGRAM | D_HOST | D_SELF | D_VDSO)))
			return 1;
	return 0;
}

/* Is the word at slot, which is about to be written, writable?  A musl may have
 * left its own RELRO open, and then has given parts of it to malloc.  The kernel
 * is made to write there: it says -EFAULT where a store of ours would crash. */
static int is_open(uintptr_t *slot)
{
	enum { GRND_NONBLOCK = 1 };
	long ret = sys3(__NR_getcpu, (long)slot, 0, 0);

	if (sys_denied(ret))
		ret = sys3(__NR_getrandom, (long)slot, WORD, GRND_NONBLOCK);
	return ret >= 0;
}

static struct reloc rela(const ElfW(Rela) *a)
{
	return (struct reloc){ a->r_offset, (uintptr_t)a->r_addend,
			       ARCH_R_SYM(a->r_info), ARCH_R_TYPE(a->r_info) };
}

/* Does this function slot of d, bound lazily by libc's loader, lead to nothing?
 * Before glibc 2.34 threads are in libpthread, which rld maps and that loader
 * does not know: a weak name of it, as libgcc_s has some, is found nowhere at the
 * first call. */
static int leads_nowhere(struct rld *r, const struct dso *d, uint32_t sym,
			 const struct ref *ref)
{
	struct def def;

	return ELF64_ST_BIND(d->dyn.symtab[sym].st_info) == STB_WEAK &&
	       !rld_lookup_in(r->host.libc, ref, &def) &&
	       !rld_lookup_in(r->host.loader, ref, &def);
}

/* The slot of d is about to become v.  Where it lies in d's initial values of
 * thread-local storage, libc's own loader has copied them for this thread, the
 * only one so far: the copy follows, if it still holds what the slot does. */
static void follow_in_thread(struct rld *r, struct dso *d,
			     const uintptr_t *slot, uintptr_t v)
{
	uintptr_t in = (uintptr_t)slot - (uintptr_t)d->tls_image, *copy;
	char *block;

	if (!d->tls_image || d->tls_filesz < WORD || in > d->tls_filesz - WORD)
		return;
	block = rld_tls_addr(r, d, 0);
	if (!block)
		return;
	copy = (uintptr_t *)(void *)(block + in);
	if (*copy == *slot)
		*copy = v;
}

/* The host libc was bound by its own loader before the program's objects
 * were there: give its slots to the objects that stand before it, or those
 * of one name to value. */
void rld_rebind_host(struct rld *r, struct dso *d, const char *name,
		     uintptr_t value)
{
	size_t n[4] = { d->dyn.nrela, d->dyn.nrel, d->dyn.njmprel,
			rld_ngot(d) };
	int open = 0, anyone = name || anyone_before(r);
	int threads_apart = !name && r->host.kind == HOST_GLIBC &&
			    rld_find_name(r, "libpthread.so.0");

	if (!anyone && !anyone_else(r))
		return;
	for (int t = 0; t < 4; t++)
		for (size_t i = t || !n[0] ? 0 : d->dyn.nrelative; i < n[t];
		     i++) {
			struct reloc rel;
			struct def def;
			struct ref ref;
			enum rkind kind;
			uintptr_t *slot, now, v;

			if (t == 0) {
				rel = rela(&d->dyn.rela[i]);
			} else if (t == 1) {
				rel = rld_rel(d, &d->dyn.rel[i]);
			} else {
				rel = t == 2 ? rld_jmprel(d, i) : rld_got(d, i);
			}
			kind = arch_reloc_kind(rel.type);
			if (!rel.sym ||
			    (kind != RK_ABS && kind != RK_GLOB_DAT &&
			     kind != RK_JUMP_SLOT))
				continue;
			slot = (uintptr_t *)(d->lm.l_addr + rel.off);
			if (!place_ok(d, (uintptr_t)slot, WORD) ||
			    (*slot && !anyone && !threads_apart) ||
			    rld_ref(d, rel.sym, &ref))
				continue;
			now = *slot;
			if (threads_apart && kind == RK_JUMP_SLOT &&
			    leads_nowhere(r, d, rel.sym, &ref))
				now = 0;
			if (name ? strcmp(name, ref.name) :
				   !overridden(r, &ref, now, &def) ||
					    def.dso->flags &
						    (D_HOST | D_SELF) ||
					    is_ifunc(&def))
				continue;
			v = name ? value :
				   rld_sym_addr(def.dso, def.sym) +
					    (kind == RK_JUMP_SLOT || t ?
						     0 :
						     rel.addend);
			if (*slot == v)
				continue;
			if (!open &&
			    (uintptr_t)slot - d->relro < d->relro_size &&
			    !is_open(slot)) {
				if (!rld_relro_open(r, d))
					open = 1;
				else if (now)
					rld_die(r,
						"%s: is sealed (mseal), or "
						"mprotect is refused: %s of %s "
						"cannot take the place of its "
						"own",
						dso_name(r, d), ref.name,
						name ? "rld" :
						       dso_name(r, def.dso));
				else /* a weak name, without which it goes on */
					continue;
			}
			follow_in_thread(r, d, slot, v);
			*slot = v;
		}
	if (open)
		rld_relro_close(r, d);
}

/* A word of `from` that was copied into the program is patched there, too, as
 * long as it still holds what it held. */
static void patch_copy(struct rld *r, struct dso *from, uintptr_t at,
		       uintptr_t was)
{
	struct dso *p = r->program;
	uintptr_t now = *(uintptr_t *)at;

	for (size_t i = 0; p != from && i < p->dyn.nrela + p->dyn.nrel; i++) {
		unsigned none = 0;
		struct reloc a =
			i < p->dyn.nrela ?
				rela(&p->dyn.rela[i]) :
				rld_rel_done(p, i - p->dyn.nrela, &none);
		struct ref ref;
		struct def def;
		uintptr_t src, *word;

		if (arch_reloc_kind(a.type) != RK_COPY ||
		    rld_ref(p, a.sym, &ref))
			continue;
		ref.skip = p;
		if (!rld_lookup_in(from, &ref, &def))
			continue;
		src = rld_sym_addr(from, def.sym);
		if (at < src || at - src >= def.sym->st_size)
			continue;
		word = (uintptr_t *)(p->lm.l_addr + a.off + (at - src));
		if (*word != was)
			continue;
		if ((uintptr_t)word - p->relro >= p->relro_size) {
			*word = now;
		} else if (!rld_relro_open(r, p)) {
			*word = now;
			rld_relro_close(r, p);
		}
	}
}

/* One object's references to another, in a walk over its relocations. */
struct task {
	struct rld *r;
	struct dso *from, *gone;
	int open; /* from's RELRO is writable */
	/* only tell of references that nothing but gone satisfies */
	void (*miss)(void *, const char *from, const char *name);
	void *arg;
};

/* Is that the stub for a slot of d's whose function has gone? */
static int is_stub_of(const struct dso *d, uintptr_t at)
{
	const struct entry *n = rld_stub_at(at);

	return n && n->born == d->born;
}

/* Does this word of d's mean nothing at all? */
static int is_missing(const struct dso *d, enum rkind kind,
		      const uintptr_t *slot, uintptr_t addend)
{
	if (kind == RK_TLSDESC)
		return rld_tlsdesc_is_lost(slot);
	if (kind == RK_DTPMOD)
		return *slot == 0 || *slot == RLD_TLS_LOST;
	if (kind == RK_DTPOFF)
		return *slot == addend - ARCH_TLS_DTP_BIAS;
	return *slot == addend || rld_is_trap(*slot - addend) ||
	       is_stub_of(d, *slot - addend);
}

/* Nothing defines it any more: a weak reference is as if nothing ever had, and
 * the user of another one is told. */
static void lose(struct task *t, const struct reloc *rel, enum rkind kind,
		 uintptr_t *slot, const struct ref *ref, int was_function)
{
	const ElfW(Sym) *s = &t->from->dyn.symtab[rel->sym];
	int weak = ELF64_ST_BIND(s->st_info) == STB_WEAK;
	uintptr_t v = 0;

	switch (kind) {
	case RK_DTPMOD:
		*slot = weak ? 0 : RLD_TLS_LOST;
		break;
	case RK_DTPOFF:
		*slot = rel->addend - ARCH_TLS_DTP_BIAS;
		break;
	case RK_TLSDESC:
		rld_tlsdesc_lost(slot, weak, rel->addend);
		break;
	default:
		if (!weak && was_function)
			v = rld_stub(t->r, t->from, rel->sym, ref->name,
				     t->gone);
		if (!weak && !v)
			v = rld_trap(t->r, ref->name, t->from, t->gone,
				     was_function);
		*slot = v + rel->addend;
		break;
	}
}

/* The address of a unique definition is not taken back while its object is
 * there: it lingers as long as another one uses it. */
static int keeps_unique(const struct task *t)
{
	return t->miss || ((t->gone->flags & D_RETIRED || lingers(t->gone)) &&
			   !(t->gone->flags & D_DYING));
}

/* def NULL: nothing defines it any longer. */
static __attribute__((cold, noinline)) void tell_again(const struct task *t,
						       const struct reloc *rel,
						       const struct ref *ref,
						       const struct def *def)
{
	const ElfW(Sym) *s = &t->from->dyn.symtab[rel->sym];
	struct binding b = { .from = t->from,
			     .ref = ref,
			     .def = def,
			     .rel = rel,
			     .when = "again" };

	b.is_weak = ELF64_ST_BIND(s->st_info) == STB_WEAK;
	if (!def)
		b.reason = b.is_weak ? "weak" : "undefined";
	rld_tell_binding(t->r, &b);
}

/* One reference of `from` again: it meant something in `gone`, or (gone NULL)
 * nothing at all.  lazy: what a function slot goes back to, 0 for nothing. */
static void again(struct task *t, struct reloc *rel, uintptr_t lazy)
{
	struct rld *r = t->r;
	struct dso *from = t->from, *gone = t->gone;
	struct rld_err e = { 0 };
	struct pass p = { .r = r, .e = &e };
	enum rkind kind = arch_reloc_kind(rel->type);
	uintptr_t *slot = (uintptr_t *)(from->lm.l_addr + rel->off), v, was;
	const ElfW(Sym) *s;
	struct def def = { 0 };
	struct ref ref;
	int known, was_function;

	if (!rel->sym ||
	    (kind != RK_ABS && kind != RK_GLOB_DAT && kind != RK_JUMP_SLOT &&
	     kind != RK_DTPMOD && kind != RK_DTPOFF && kind != RK_TLSDESC) ||
	    rld_ref(from, rel->sym, &ref))
		return;
	s = &from->dyn.symtab[rel->sym];
	if (is_own(from, s))
		return; /* for ever */
	ref.is_call = kind == RK_JUMP_SLOT;
	if (gone && (!rld_lookup_in(gone, &ref, &def) ||
		     (is_unique(&def) && keeps_unique(t))))
		return;
	if (kind == RK_JUMP_SLOT || kind == RK_GLOB_DAT)
		rel->addend = 0;
	if (gone) {
		if (kind == RK_DTPMOD) {
			if (*slot != gone->tls_mod)
				return;
		} else if (kind == RK_ABS || kind == RK_GLOB_DAT ||
			   kind == RK_JUMP_SLOT) {
			uintptr_t now = rld_audits(r) ?
						rld_audit_value(from, slot) :
						*slot;

			if (is_ifunc(&def) ?
				    now < gone->lo || now >= gone->hi :
				    now != rld_sym_addr(gone, def.sym) +
						    rel->addend)
				return;
		}
	} else if (!is_missing(from, kind, slot, rel->addend)) {
		return;
	}
	if (t->miss) {
		ref.skip = gone;
		if (!rld_lookup(r, &ref, &def) &&
		    ELF64_ST_BIND(s->st_info) != STB_WEAK) {
			if (rld_recording(r))
				rld_record_bound_by(r, gone, from, ref.name);
			t->miss(t->arg, dso_name(r, from), ref.name);
		}
		return;
	}
	/* it is open where something leaves (rld_open_users), else it stays */
	if (!t->open && rld_relro_open(r, from))
		return;
	t->open = 1;
	if (kind == RK_JUMP_SLOT && lazy) {
		__atomic_store_n(slot, lazy, __ATOMIC_RELEASE);
		return;
	}
	was = *slot;
	was_function = gone && (ELF64_ST_TYPE(def.sym->st_info) == STT_FUNC ||
				is_ifunc(&def));
	/* what cannot be noted cannot be taken back: not bound, then */
	known = rld_lookup(r, &ref, &def) && !rld_use(from, &def);
	if (!known && !gone)
		return;
	if (!known) {
		from->flags |= D_MISSING;
		lose(t, rel, kind, slot, &ref, was_function);
		if (rld_recording(r))
			tell_again(t, rel, &ref, NULL);
		if (kind == RK_ABS)
			patch_copy(r, from, (uintptr_t)slot, was);
		return;
	}
	v = 0;
	if (is_ifunc(&def))
		v = rld_ifunc_unlocked(r, from, &def);
	if (rld_apply(&p, from, rel, kind, &def, v) && kind == RK_TLSDESC)
		rld_tlsdesc_lost(slot, 0, 0);
	if (rld_tells_bindings(r))
		tell_again(t, rel, &ref, &def);
	if (kind == RK_ABS)
		patch_copy(r, from, (uintptr_t)slot, was);
	rld_err_clear(&e);
}

static void walk(struct task *t)
{
	struct dso *from = t->from;
	unsigned next = 0;

	if (from->flags & (D_HOST | D_SELF | D_VDSO | D_DYING))
		return;
	for (size_t i = from->dyn.nrela ? from->dyn.nrelative : 0;
	     i < from->dyn.nrela; i++) {
		struct reloc rel = rela(&from->dyn.rela[i]);

		again(t, &rel, 0);
	}
	for (size_t i = 0; i < from->dyn.nrel; i++) {
		struct reloc rel = rld_rel_done(from, i, &next);

		again(t, &rel, 0);
	}
	for (size_t i = 0; i < from->dyn.njmprel; i++) {
		struct reloc rel = rld_jmprel(from, i);

		again(t, &rel,
		      must_bind_now(from, rel.sym) ? 0 :
						     rld_lazy_value(from, i));
	}
	for (size_t i = 0, n = rld_ngot(from); i < n; i++) {
		struct reloc rel = rld_got(from, i);

		again(t, &rel, rld_got_lazy(from, i));
	}
	if (t->open)
		rld_relro_close(t->r, from);
}

static void rescan(struct rld *r, struct dso *from, struct dso *gone)
{
	struct task t = { .r = r, .from = from, .gone = gone };

	walk(&t);
}

void rld_would_miss(struct rld *r, struct dso *gone,
		    void (*fn)(void *, const char *, const char *), void *arg)
{
	for (struct edge *e = gone->users; e; e = e->next) {
		struct task t = { .r = r,
				  .from = e->from,
				  .gone = gone,
				  .miss = fn,
				  .arg = arg };

		if (!(e->from->flags & (D_RETIRED | D_LEAVING)))
			walk(&t);
	}
}

/* What is closed itself, and stays with gone, keeps what it has of it. */
static int keeps_bindings(const struct dso *from, const struct dso *gone)
{
	return lingers(gone) && !(gone->flags & D_DYING) && is_gone(from);
}

/* Are there words in the program's RELRO that were copied from other objects?
 * patch_copy writes to them. */
static int copies_in_relro(const struct rld *r)
{
	static enum { UNKNOWN, NONE, SOME } known;
	const struct dso *p = r->program;

	if (known)
		return known == SOME;
	known = NONE;
	for (size_t i = 0; i < p->dyn.nrela + p->dyn.nrel; i++) {
		unsigned none = 0;
		struct reloc a =
			i < p->dyn.nrela ?
				rela(&p->dyn.rela[i]) :
				rld_rel_done(p, i - p->dyn.nrela, &none);

		if (arch_reloc_kind(a.type) == RK_COPY &&
		    p->lm.l_addr + a.off - p->relro < p->relro_size)
			known = SOME;
	}
	return known == SOME;
}

/* Not what leaves with it. */
static int is_rebound(const struct dso *from)
{
	return !(from->flags & (D_HOST | D_SELF | D_VDSO | D_DYING)) &&
	       !(from->flags & D_LEAVING &&
		 from->init_owner == rld_self_id()) &&
	       from->relro_size;
}

enum { USERS_OPEN = 1, PROGRAM_OPEN = 2 };

/* Those of the first users up to end, NULL for all. */
static void close_users(struct rld *r, struct dso *gone, const struct edge *end)
{
	if (gone->users_open & PROGRAM_OPEN)
		rld_relro_close(r, r->program);
	for (struct edge *e = gone->users; e != end; e = e->next)
		if (is_rebound(e->from))
			rld_relro_close(r, e->from);
	gone->users_open = 0;
}

int rld_open_users(struct rld *r, struct dso *gone)
{
	if (!gone->users)
		return 0;
	if (copies_in_relro(r)) {
		if (rld_relro_open(r, r->program))
			return -1;
		gone->users_open |= PROGRAM_OPEN;
	}
	for (struct edge *e = gone->users; e; e = e->next)
		if (is_rebound(e->from) && rld_relro_open(r, e->from)) {
			close_users(r, gone, e);
			return -1;
		}
	gone->users_open |= USERS_OPEN;
	return 0;
}

void rld_close_users(struct rld *r, struct dso *gone)
{
	if (gone->users_open)
		close_users(r, gone, NULL);
}

void rld_unbind(struct rld *r, struct dso *gone)
{
	rld_entries_unbind(r, gone);
	for (struct edge *e = gone->users; e; e = e->next)
		if (!keeps_bindings(e->from, gone))
			rescan(r, e->from, gone);
}

void rld_rebind_to(struct rld *r, struct dso *from, struct dso *to)
{
	rescan(r, from, to);
}

void rld_rebind_own(struct rld *r, struct dso *d)
{
	for (const struct edge *e = d->uses; e; e = e->next_use)
		if (!lingers(e->to))
			rescan(r, d, e->to);
	if (d->flags & D_MISSING)
		rescan(r, d, NULL);
}

void rld_rebind_from(struct rld *r, struct dso *d)
{
	for (struct dso *from = r->head; from; from = dso_next(from))
		rescan(r, from, d);
}

void rld_mend(struct rld *r)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_MISSING)
			rescan(r, d, NULL);
}
