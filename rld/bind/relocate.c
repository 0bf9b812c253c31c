/* SPDX-License-Identifier: MIT */
/* Relocation: writing what references mean when an object arrives. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/image/image.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/quick/quick.h"
#include "rld/sym/sym.h"

/* Link editors sort references by symbol, so that few entries will do; with
 * very many references, sorted or not, there may be more. */
enum { MEMO = 64, LARGE_MEMO = 1024, MANY = 8192, AHEAD = 16 };

/* By symbol index. */
struct memo {
	struct dso *from, *dso;
	const ElfW(Sym) *sym;
	uintptr_t value;
	uint32_t index, plain; /* plain: value is what it means */
};

/* The next few references, by symbol index. */
struct ahead {
	size_t at, n; /* the one that is due, of so many */
	uint32_t sym[AHEAD];
	struct ref ref[AHEAD];
};

/* Bytes that a relocation writes; COPY's are checked against its symbol. */
static size_t width(enum rkind kind)
{
	switch (kind) {
	case RK_ABS8:
	case RK_COPY:
		return 1;
	case RK_ABS16:
		return 2;
	case RK_ABS32U:
	case RK_ABS32S:
	case RK_ABS32:
	case RK_PC32:
	case RK_SIZE32:
		return 4;
	case RK_PC64:
	case RK_SIZE64:
		return 8;
	case RK_TLSDESC:
		return 2 * WORD;
	default:
		return WORD;
	}
}

static int undefined(struct pass *p, struct dso *d, const struct ref *ref)
{
	struct rld *r = p->r;

	char *hint;

	if (r->ignore_unresolved && r->mode != MODE_CHECK)
		return 0;
	hint = rld_hint_undefined(r, ref);
	if (r->mode == MODE_CHECK)
		rld_problem(r, "%s: undefined symbol: %s%s%s%s", dso_name(r, d),
			    ref->name, ref->ver ? "@" : "",
			    ref->ver ? ref->ver->name : "", hint);
	else
		rld_fail(p->e,
			 "%s: undefined symbol: %s%s%s (searched %u objects%s)",
			 dso_name(r, d), ref->name,
			 ref->ver ? ", version " : "",
			 ref->ver ? ref->ver->name : "", r->nobj, hint);
	rld_free(hint);
	return r->mode == MODE_CHECK ? 0 : -1;
}

static int is_tls(enum rkind kind)
{
	return kind == RK_TPOFF || kind == RK_DTPMOD || kind == RK_DTPOFF ||
	       kind == RK_TLSDESC;
}

/* -ignore_unresolved: a call fails when it is made. */
static int may_stay(const struct pass *p, enum rkind kind)
{
	return p->r->ignore_unresolved && kind == RK_JUMP_SLOT && p->lazy &&
	       p->r->mode == MODE_RUN;
}

/* What a reference means.  -1: error. */
enum meaning { NOBODY, FOUND, MAY_WAIT };

/* No loaded object defines it: a library that waits may, and a call can wait
 * with it. */
static int delayed(struct pass *p, struct dso *d, const struct ref *ref,
		   enum rkind kind, struct def *def)
{
	struct rld_err why = { 0 };
	int ret;

	if ((kind == RK_JUMP_SLOT && p->lazy) || p->r->mode != MODE_RUN)
		return rld_delay_would(p->r, ref, d) ? MAY_WAIT : NOBODY;
	if (rld_delay_lookup(p->r, ref, d, def, &why))
		return FOUND;
	ret = why.set ? rld_fail(p->e, "%s: undefined symbol: %s: %s",
				 dso_name(p->r, d), ref->name, why.text) :
			NOBODY;
	rld_err_clear(&why);
	return ret;
}

/* An entry of d's liblist that waits for what def is in waits no longer; if that
 * is on its way out, def becomes what comes in its place.  0: nothing does. */
static int keep_supplier(struct pass *p, struct dso *d, const struct ref *ref,
			 struct def *def)
{
	struct ref other = *ref;

	if (!rld_delay_due(d, def->dso))
		return 1;
	other.staying = 1;
	if (def->dso->flags &
	    D_GONE) /* another thread closes it: the next one */
		return rld_lookup(p->r, &other, def) ||
		       rld_delay_lookup(p->r, &other, d, def, p->e);
	return rld_delay_keep(p->r, d, def->dso, p->e);
}

/* A lookup in the index reads an entry, a symbol and a name, each from memory
 * that the one before it points to and that was not read lately.  The waits
 * of a few lookups overlap when all of them are asked for first. */
static size_t look_ahead(const struct pass *p, const struct dso *d,
			 const ElfW(Rela) *a, size_t n)
{
	struct ahead *w = p->ahead;
	uint32_t sym, last = 0;
	size_t i = 0, k = 0;

	/* entries of one symbol stand together */
	for (; i < n && k < AHEAD; i++) {
		const struct memo *m;

		sym = ARCH_R_SYM(a[i].r_info);
		m = p->memo ? &p->memo[sym & p->memo_mask] : NULL;
		if (!sym || sym == last || sym >= d->dyn.nsym ||
		    d->dyn.symtab[sym].st_shndx != SHN_UNDEF ||
		    (m && m->from == d && m->index == sym) ||
		    rld_ref(d, sym, &w->ref[k]))
			continue;
		last = w->sym[k] = sym;
		rld_index_ahead(p->r->index, w->ref[k++].hash, 0);
	}
	w->at = 0;
	w->n = k;
	for (int step = 1; step < 3; step++)
		for (size_t j = 0; j < k; j++)
			rld_index_ahead(p->r->index, w->ref[j].hash, step);
	return i;
}

/* The reference of symbol sym, if it was looked at ahead: the one that is due as
 * a rule, or one behind it. */
static const struct ref *looked_at(const struct pass *p, uint32_t sym)
{
	struct ahead *w = p->ahead;

	for (size_t i = w ? w->at : 0; w && i < w->n; i++)
		if (w->sym[i] == sym) {
			w->at = i + 1;
			return &w->ref[i];
		}
	return NULL;
}

static __attribute__((cold, noinline)) void
tell(const struct pass *p, const struct reloc *rel, const struct ref *ref,
     const struct def *def, const char *reason)
{
	const struct dso *d = ref->from;
	struct binding b = { .from = ref->from,
			     .ref = ref,
			     .def = def,
			     .rel = rel,
			     .reason = reason };

	b.is_weak = ELF64_ST_BIND(d->dyn.symtab[rel->sym].st_info) == STB_WEAK;
	rld_tell_binding(p->r, &b);
}

static void remember(struct memo *m, struct dso *d, uint32_t sym,
		     const struct def *def)
{
	m->from = d;
	m->index = sym;
	m->dso = def->dso;
	m->sym = def->sym;
	m->value = rld_sym_addr(def->dso, def->sym);
	m->plain = !is_ifunc(def);
}

/* Find what rel means; NOBODY: it is weak. */
static int resolve(struct pass *p, struct dso *d, const struct reloc *rel,
		   enum rkind kind, struct def *def)
{
	const ElfW(Sym) *s;
	struct memo *m = NULL;
	const struct ref *known_ref;
	struct ref ref;
	int known;

	if (rel->sym >= d->dyn.nsym)
		return rld_bad_reloc(p, d, rel,
				     "names a symbol outside its table");
	s = &d->dyn.symtab[rel->sym];
	if (rel->sym == 0 || ELF64_ST_BIND(s->st_info) == STB_LOCAL ||
	    is_own(d, s)) {
		def->dso = d;
		def->sym = s;
		return FOUND;
	}
	if (kind != RK_JUMP_SLOT && kind != RK_COPY && p->memo) {
		m = &p->memo[rel->sym & p->memo_mask];
		if (m->from == d && m->index == rel->sym) {
			def->dso = m->dso;
			def->sym = m->sym;
			return FOUND;
		}
	}
	if (d->answers && kind != RK_COPY) {
		unsigned answer = rld_quick_answer(p->r, d, rel->sym, def);

		if (answer == QUICK_OWN) {
			if (m)
				remember(m, d, rel->sym, def);
			return FOUND;
		}
		if (answer == QUICK_MISSING)
			d->flags |= D_MISSING;
		if (answer != QUICK_ASK)
			return NOBODY;
	}
	known_ref = s->st_shndx == SHN_UNDEF ? looked_at(p, rel->sym) : NULL;
	if (known_ref)
		ref = *known_ref;
	else if (rld_ref(d, rel->sym, &ref))
		return rld_bad_reloc(p, d, rel,
				     "names a symbol without a name");
	if (kind == RK_COPY)
		ref.skip = d;
	ref.is_call = kind == RK_JUMP_SLOT;
	p->r->stat.lookups++;
	if (!rld_lookup(p->r, &ref, def)) {
		if (ELF64_ST_BIND(s->st_info) == STB_WEAK) {
			if (!rld_weak_noise(ref.name))
				d->flags |= D_MISSING;
			if (rld_recording(p->r))
				tell(p, rel, &ref, NULL, "weak");
			return NOBODY;
		}
		known = p->r->ndelay ? delayed(p, d, &ref, kind, def) : NOBODY;
		if (known != FOUND && rld_recording(p->r))
			tell(p, rel, &ref, NULL,
			     known == MAY_WAIT ? "lazy" : "undefined");
		if (known == NOBODY)
			return may_stay(p, kind) ? MAY_WAIT :
						   undefined(p, d, &ref);
		if (known != FOUND)
			return known;
	}
	if (rld_tells_bindings(p->r))
		tell(p, rel, &ref, def, NULL);
	if (p->r->ndelay && p->r->mode == MODE_RUN && d->mark) {
		if (kind == RK_JUMP_SLOT && p->lazy &&
		    rld_delay_due(d, def->dso))
			return MAY_WAIT;
		if (!keep_supplier(p, d, &ref, def))
			return p->e->set ? -1 : undefined(p, d, &ref);
	}
	if (rld_use(d, def))
		return rld_fail(p->e, "%s: out of memory", dso_name(p->r, d));
	if (m)
		remember(m, d, rel->sym, def);
	return FOUND;
}

/* Only a GOT holds these: other threads read them while they are written
 * again.  All others may lie at any address. */
static int is_slot(enum rkind kind)
{
	return kind == RK_GLOB_DAT || kind == RK_JUMP_SLOT ||
	       kind == RK_DTPMOD || kind == RK_TLSDESC;
}

static int one(struct pass *p, struct dso *d, const struct reloc *rel)
{
	enum rkind kind = arch_reloc_kind(rel->type);
	uintptr_t at = d->lm.l_addr + rel->off;
	struct def def = { 0 };
	int known;

	if (kind == RK_NONE)
		return 0;
	if (!place_ok(d, at, width(kind)))
		return rld_bad_reloc(p, d, rel,
				     "has a relocation outside its segments");
	if (is_slot(kind) && rel->off % WORD)
		return rld_bad_reloc(p, d, rel, "has a misaligned relocation");
	if (kind == RK_RELATIVE) {
		((struct word *)at)->v = d->lm.l_addr + (uintptr_t)rel->addend;
		return 0;
	}
	if (kind == RK_UNKNOWN)
		return rld_bad_reloc(p, d, rel,
				     "has a relocation of an unknown type");
	if (kind == RK_IRELATIVE)
		return rld_defer(p, d, rel, NULL);
	known = resolve(p, d, rel, kind, &def);
	if (known < 0)
		return -1;
	if (known == MAY_WAIT) {
		if (p->lazy)
			((struct word *)at)->v = p->lazy;
		return 0;
	}
	if (known == NOBODY && kind == RK_COPY)
		return 0;
	if (known == FOUND && def.dso && is_tls(kind) && !def.dso->tls_memsz)
		return rld_bad_reloc(
			p, d, rel,
			"names a thread-local variable of an object that "
			"has none");
	if (kind == RK_COPY)
		return rld_defer(p, d, rel, &def);
	if (known == FOUND && def.sym && rel->sym && is_ifunc(&def) &&
	    kind != RK_SIZE64 && kind != RK_SIZE32) {
		if (p->r->mode != MODE_RUN)
			return 0;
		if (def.dso->flags & D_HOST)
			return rld_apply(p, d, rel, kind, &def,
					 arch_call_ifunc(rld_sym_addr(
						 def.dso, def.sym)));
		return rld_defer(p, d, rel, &def);
	}
	return rld_apply(p, d, rel, kind, &def, 0);
}

static int relr(struct pass *p, struct dso *d)
{
	uintptr_t bias = d->lm.l_addr;
	struct word *at = NULL; /* lld packs what is even */

	for (size_t i = 0; i < d->dyn.nrelr; i++) {
		uintptr_t w = d->dyn.relr[i];

		if (!(w & 1)) {
			at = (struct word *)(bias + w);
			if (!place_ok(d, (uintptr_t)at, WORD))
				goto outside;
			at++->v += bias;
			continue;
		}
		if (!at)
			goto outside;
		for (unsigned b = 0; (w >>= 1) != 0; b++) {
			if (!(w & 1))
				continue;
			if (!place_ok(d, (uintptr_t)(at + b), WORD))
				goto outside;
			at[b].v += bias;
		}
		at += WORD * 8 - 1;
	}
	return 0;
outside:
	return rld_fail(p->e, "%s: has a relocation outside its segments",
			dso_name(p->r, d));
}

/* The same symbol again, by far the commonest case: 1 done. */
static inline int repeated(const struct pass *p, const struct dso *d,
			   const ElfW(Rela) *a)
{
	enum rkind kind = arch_reloc_kind(ARCH_R_TYPE(a->r_info));
	uint32_t sym = ARCH_R_SYM(a->r_info);
	uintptr_t at = d->lm.l_addr + a->r_offset;
	const struct memo *m;

	if (!p->memo || (kind != RK_ABS && kind != RK_GLOB_DAT))
		return 0;
	m = &p->memo[sym & p->memo_mask];
	if (m->from != d || m->index != sym || !m->plain ||
	    (kind == RK_GLOB_DAT && at % WORD) || !place_ok(d, at, WORD))
		return 0;
	((struct word *)at)->v = m->value + (uintptr_t)a->r_addend;
	return 1;
}

/* Pages in which entries are dense are made ours in one call in place of a fault
 * for each, which is the quicker from some thirty pages on. */
#define MANY_PAGES 32

/* Relative entries are looked at so many at a time; they are dense where there
 * are no more bytes an entry. */
enum { BATCH = 16384, DENSE = 64 };

/* The entries a..end, which are in the order of their places as a rule: the
 * pages between the first and the last place, below hi. */
static void bring_in(const struct rld *r, const ElfW(Rela) *a,
		     const ElfW(Rela) *end, uintptr_t bias, uintptr_t hi)
{
	uintptr_t from = page_down(r, bias + a->r_offset);
	uintptr_t to = bias + end[-1].r_offset;

	if (end[-1].r_info != a->r_info || to <= from || to > hi - WORD ||
	    to - from < MANY_PAGES * r->page ||
	    to - from > (size_t)(end - a) * DENSE)
		return;
	sys3(__NR_madvise, (long)from, (long)(page_up(r, to) - from),
	     MADV_POPULATE_WRITE);
}

/* The relative entries that the table begins with; returns the first that is
 * none.  Apart, so that the loop keeps to registers: big libraries have
 * hundreds of thousands. */
__attribute__((noinline)) static const ElfW(Rela) *
relatives(const struct rld *r, const struct dso *d)
{
	const ElfW(Rela) *a = d->dyn.rela, *end = a + d->dyn.nrelative;
	uintptr_t bias = d->lm.l_addr, lo = d->window_lo, hi = d->window_hi;
	uintptr_t info;

	if (a == end || arch_reloc_kind(ARCH_R_TYPE(a->r_info)) != RK_RELATIVE)
		return a;
	for (info = a->r_info; a < end && a->r_info == info;) {
		uintptr_t at = bias + a->r_offset, skew, room;

		if ((at - lo >= hi - lo || hi - at < WORD) &&
		    (!rld_window(d, at, d->dyn.textrel, &lo, &hi) ||
		     hi - at < WORD))
			break;
		/* as long as they stay in this window; lo itself has its
		 * address taken, and would be read again each time */
		const uintptr_t first = lo;
		const ElfW(Rela) *stop = end - a > BATCH ? a + BATCH : end;

		bring_in(r, a, stop, bias, hi);
		skew = bias - first;
		room = hi - first - WORD;
		do {
			at = a->r_offset + skew;
			if (at > room || a->r_info != info)
				break;
			((struct word *)(first + at))->v =
				bias + (uintptr_t)a->r_addend;
		} while (++a < stop);
	}
	return a;
}

/* A later look at entry i of DT_REL cannot read the addend from its place. */
static int keep_addend(struct pass *p, struct dso *d, size_t i,
		       const struct reloc *rel)
{
	unsigned n = d->naddend;

	if (!(n & (n - 1))) {
		struct rel_addend *a;

		a = rld_realloc(d->addend, (n ? n * 2 : 1) * sizeof *a);
		if (!a)
			return rld_fail(p->e, "%s: out of memory",
					dso_name(p->r, d));
		d->addend = a;
	}
	d->addend[n].i = i;
	d->addend[n].addend = rel->addend;
	d->naddend = n + 1;
	return 0;
}

struct reloc rld_rel_done(const struct dso *d, size_t i, unsigned *next)
{
	const ElfW(Rel) *a = &d->dyn.rel[i];
	struct reloc rel = { a->r_offset, 0, ARCH_R_SYM(a->r_info),
			     ARCH_R_TYPE(a->r_info) };

	while (*next < d->naddend && d->addend[*next].i < i)
		++*next;
	if (*next < d->naddend && d->addend[*next].i == i)
		rel.addend = d->addend[*next].addend;
	return rel;
}

static int relas(struct pass *p, struct dso *d)
{
	const ElfW(Rela) *a = relatives(p->r, d),
			 *end = d->dyn.rela + d->dyn.nrela;
	const ElfW(Rela) *seen = a;

	for (; a < end; a++) {
		struct reloc rel;

		if (repeated(p, d, a))
			continue;
		if (p->ahead && a >= seen)
			seen = a + look_ahead(p, d, a, (size_t)(end - a));
		rel = (struct reloc){ a->r_offset, (uintptr_t)a->r_addend,
				      ARCH_R_SYM(a->r_info),
				      ARCH_R_TYPE(a->r_info) };
		if (one(p, d, &rel))
			return -1;
	}
	return 0;
}

static int rels(struct pass *p, struct dso *d)
{
	for (size_t i = 0; i < d->dyn.nrel; i++) {
		struct reloc rel = rld_rel(d, &d->dyn.rel[i]);

		if ((rel.sym && rel.addend && keep_addend(p, d, i, &rel)) ||
		    one(p, d, &rel))
			return -1;
	}
	return 0;
}

struct reloc rld_rel(const struct dso *d, const ElfW(Rel) *a)
{
	struct reloc rel = { a->r_offset, 0, ARCH_R_SYM(a->r_info),
			     ARCH_R_TYPE(a->r_info) };
	uintptr_t at = d->lm.l_addr + a->r_offset;

	if (place_ok(d, at, WORD))
		rel.addend = ((const struct word *)at)->v;
	return rel;
}

struct reloc rld_jmprel(const struct dso *d, size_t i)
{
	if (d->dyn.jmprel_is_rela) {
		const ElfW(Rela) *a = (const ElfW(Rela) *)d->dyn.jmprel + i;

		return (struct reloc){ a->r_offset, (uintptr_t)a->r_addend,
				       ARCH_R_SYM(a->r_info),
				       ARCH_R_TYPE(a->r_info) };
	}
	return rld_rel(d, (const ElfW(Rel) *)d->dyn.jmprel + i);
}

/* PLT slots.  Their first contents lead into the resolver; they nearly always
 * form a row with one stride, so two numbers keep them for later. */
static int plt(struct pass *p, struct dso *d)
{
	int now = p->r->bind_now || d->flags & D_NOW ||
		  p->r->mode != MODE_RUN || !d->lazy_ok;
	const ElfW(Rela) *rela = (const ElfW(Rela) *)d->dyn.jmprel;
	uintptr_t bias = d->lm.l_addr, first = 0, stride = 0;
	size_t seen = 0;
	int odd = 0;

	for (size_t i = 0; i < d->dyn.njmprel; i++) {
		struct reloc rel = rld_jmprel(d, i);
		enum rkind kind = arch_reloc_kind(rel.type);
		uintptr_t *slot = (uintptr_t *)(bias + rel.off), was;

		if (kind != RK_JUMP_SLOT) {
			if (one(p, d, &rel))
				return -1;
			continue;
		}
		if (!place_ok(d, (uintptr_t)slot, WORD) || rel.off % WORD)
			return rld_bad_reloc(p, d, &rel,
					     "has a relocation outside its "
					     "segments");
		was = *slot ? *slot + bias : 0;
		if (i == 0)
			first = was;
		else if (i == 1)
			stride = was - first;
		if (was != first + i * stride || !was)
			odd = 1;
		if (now || !was || must_bind_now(d, rel.sym)) {
			rel.addend = 0;
			if (p->ahead && d->dyn.jmprel_is_rela && i >= seen) {
				seen = i + look_ahead(p, d, rela + i,
						      d->dyn.njmprel - i);
			}
			p->lazy = d->lazy_ok && !must_bind_now(d, rel.sym) ?
					  was :
					  0;
			if (one(p, d, &rel))
				return -1;
			p->lazy = 0;
		} else {
			*slot = was;
		}
	}
	if (!d->dyn.njmprel || !d->code)
		return 0;
	if (rld_unseal(p->r))
		return rld_fail(p->e, "%s: out of memory", dso_name(p->r, d));
	d->code->plt_first = first;
	d->code->plt_stride = stride;
	d->code->plt_known = !odd && d->lazy_ok;
	rld_seal(p->r);
	return 0;
}

/* The GOT's own slots, where it has some without a relocation. */
static int got(struct pass *p, struct dso *d)
{
	int now = p->r->bind_now || d->flags & D_NOW || p->r->mode != MODE_RUN;

	if (rld_got_open(p, d))
		return -1;
	for (size_t i = 0, n = rld_ngot(d); i < n; i++) {
		struct reloc rel = rld_got(d, i);
		uintptr_t lazy = rld_got_lazy(d, i);

		if (lazy && !now) {
			*(uintptr_t *)(d->lm.l_addr + rel.off) = lazy;
			continue;
		}
		p->lazy = lazy;
		if (one(p, d, &rel))
			return -1;
		p->lazy = 0;
	}
	return 0;
}

uintptr_t rld_lazy_value(const struct dso *d, size_t i)
{
	const struct code *c = rld_code(d);

	return c && c->plt_known ? c->plt_first + i * c->plt_stride : 0;
}

/* RELRO holds what is relocated and little else. */
static void populate(struct rld *r, const struct dso *d)
{
	size_t pages = d->relro_size / r->page;

	if (pages >= MANY_PAGES &&
	    d->dyn.nrela + d->dyn.nrel + d->dyn.nrelr >= pages)
		sys3(__NR_madvise, (long)d->relro, (long)d->relro_size,
		     MADV_POPULATE_WRITE);
}

/* Programs of glibc that read a link_map's l_ld find addresses there, as its
 * own linker leaves them; not on MIPS, nor under musl. */
static void absolute_dynamic(const struct rld *r, const struct dso *d)
{
	ElfW(Dyn) *e = (ElfW(Dyn) *)d->lm.l_ld;

	if (ARCH_IMPLICIT_GOT || r->mode != MODE_RUN || !r->host.libc ||
	    r->host.kind != HOST_GLIBC)
		return;
	for (size_t i = 0; i < d->dyn.ndyn; i++)
		switch (e[i].d_tag) {
		case DT_HASH:
		case DT_PLTGOT:
		case DT_STRTAB:
		case DT_SYMTAB:
		case DT_RELA:
		case DT_REL:
		case DT_JMPREL:
		case DT_VERSYM:
		case DT_GNU_HASH:
			if (place_ok(d, (uintptr_t)&e[i].d_un, WORD))
				e[i].d_un.d_ptr += d->lm.l_addr;
			break;
		default:
			break;
		}
}

static __attribute__((cold, noinline)) void tell_begun(struct rld *r,
						       struct dso *d)
{
	rld_stat_relocs(r, d);
	if (rld_recording(r))
		rld_record_relocates(r, d);
}

static int relocate(struct pass *p, struct dso *d)
{
	uintptr_t pltgot = ARCH_IMPLICIT_GOT ? d->dyn.mips_pltgot :
					       d->dyn.pltgot;
	struct rld *r = p->r;
	int ret;

	if (d->dyn.textrel && r->strict)
		return rld_fail(p->e,
				"%s: has text relocations, which "
				"--strict refuses: compile it with -fPIC",
				dso_name(r, d));
	if (d->dyn.textrel && rld_text_writable(r, d, 1))
		return rld_fail(p->e,
				"%s: its text cannot be made writable for its "
				"text relocations: compile it with -fPIC",
				dso_name(r, d));
	if (rld_counts(r))
		tell_begun(r, d);
	populate(r, d);
	absolute_dynamic(r, d);
	if (p->ahead)
		p->ahead->n = 0;
	ret = relr(p, d);
	if (!ret)
		ret = d->dyn.nrela ? relas(p, d) : 0;
	if (!ret)
		ret = rels(p, d);
	if (!ret)
		ret = got(p, d);
	if (!ret && pltgot && d->dyn.njmprel && pltgot % WORD == 0 &&
	    place_ok(d, d->lm.l_addr + pltgot, 3 * WORD)) {
		arch_lazy_got((uintptr_t *)(d->lm.l_addr + pltgot), d);
		d->lazy_ok = 1;
	}
	if (!ret)
		ret = plt(p, d);
	if (d->dyn.textrel && rld_text_writable(r, d, 0) && !ret)
		ret = rld_fail(p->e, "%s: its text cannot be made executable",
			       dso_name(r, d));
	d->flags |= D_RELOCATED;
	return ret;
}

/* Relocations of d that name symbols, its function slots apart. */
static size_t symbolic(const struct dso *d)
{
	size_t n = d->dyn.nrela + d->dyn.nrel;

	return (n > d->dyn.nrelative ? n - d->dyn.nrelative : 0) + rld_ngot(d);
}

/* Where there is enough to remember.  Without memory it goes on without. */
static void make_memo(struct pass *p, const struct dso *first)
{
	size_t most = 0, n;

	for (const struct dso *d = first; d; d = dso_next(d))
		if (d->flags & D_NEW && !(d->flags & D_HOST) &&
		    symbolic(d) > most)
			most = symbolic(d);
	n = most > MANY ? LARGE_MEMO : MEMO;
	/* what is remembered is not told */
	if (most > 256 && !(p->r->trace & TR_REFS))
		p->memo = rld_alloc(n * sizeof *p->memo);
	p->memo_mask = (uint32_t)n - 1;
}

int rld_relocate_new(struct rld *r, struct dso *first, struct rld_err *e)
{
	struct ahead ahead = { 0 };
	struct pass p = { .r = r, .e = e, .ahead = r->index ? &ahead : NULL };
	struct dso *last;
	int ret = 0;

	make_memo(&p, first);
	do { /* again when data of a library that waited was needed */
		last = r->tail;
		for (struct dso *d = last; d && !ret;
		     d = d == first ? NULL : d->prev) {
			if (!(d->flags & D_NEW) ||
			    d->flags & (D_HOST | D_SELF | D_VDSO | D_RELOCATED))
				continue;
			ret = relocate(&p, d);
		}
	} while (!ret && r->tail != last);
	if (!ret)
		ret = rld_run_late(&p, first);
	for (struct dso *d = first; d && !ret; d = dso_next(d))
		if (d->flags & D_NEW && !d->batch &&
		    !(d->flags & (D_HOST | D_SELF | D_VDSO)) &&
		    rld_relro_close(r, d))
			ret = rld_fail(e, "%s: its RELRO cannot be closed",
				       dso_name(r, d));
	rld_free(p.memo);
	rld_free(p.late);
	return ret;
}
