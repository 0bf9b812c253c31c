/* Relocation: writing what references mean when an object arrives. */
#include "rld/bind.h"

enum { MAX_DEFER = 1 << 20, MEMO = 1024 };

struct late {
	struct dso *dso;
	struct reloc rel;
	struct def def; /* def.sym NULL: IRELATIVE */
};

/* By symbol index. */
struct memo {
	struct dso *from, *dso;
	const ElfW(Sym) * sym;
	uintptr_t value;
	uint32_t index, plain; /* plain: value is what it means */
};

int rld_ref(const struct dso *d, uint32_t sym, struct ref *ref)
{
	const ElfW(Sym) * s;

	if (sym >= d->dyn.nsym)
		return -1;
	s = &d->dyn.symtab[sym];
	*ref = (struct ref){ .from = (struct dso *)(uintptr_t)d };
	ref->name = elf_str(&d->dyn, s->st_name);
	if (!ref->name)
		return -1;
	if (s->st_shndx != SHN_UNDEF) {
		ref->own = sym;
		ref->hash = elf_hash_of(&d->dyn, sym, ref->name);
	} else {
		ref->hash = elf_gnu_hash(ref->name);
	}
	if (d->dyn.versym && d->nver) {
		unsigned v = d->dyn.versym[sym] & 0x7fff;

		if (v < d->nver && d->ver[v].hash)
			ref->ver = &d->ver[v];
	}
	return 0;
}

int rld_edge(struct dso *from, struct dso *to)
{
	struct edge *e;

	if (from == to || to->flags & (D_STARTUP | D_SELF))
		return 0;
	for (e = to->users; e; e = e->next)
		if (e->from == from)
			return 0;
	e = rld_alloc(sizeof *e);
	if (!e)
		return -1;
	e->from = from;
	e->next = to->users;
	to->users = e;
	return 0;
}

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

/* Only a GOT holds these: other threads read them while they are written
 * again.  All others may lie at any address. */
static int is_slot(enum rkind kind)
{
	return kind == RK_GLOB_DAT || kind == RK_JUMP_SLOT ||
	       kind == RK_DTPMOD || kind == RK_TLSDESC;
}

static int bad(struct pass *p, struct dso *d, const struct reloc *rel,
	       const char *what)
{
	return rld_fail(p->e, "%s: %s (relocation type %u at offset 0x%lx)",
			dso_name(p->r, d), what, rel->type,
			(unsigned long)rel->off);
}

static int defer(struct pass *p, struct dso *d, const struct reloc *rel,
		 const struct def *def)
{
	if (p->nlate == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 32;
		struct late *l = rld_realloc(p->late, cap * sizeof *l);

		if (!l || cap > MAX_DEFER)
			return rld_fail(p->e, "%s: out of memory",
					dso_name(p->r, d));
		p->late = l;
		p->cap = cap;
	}
	p->late[p->nlate].dso = d;
	p->late[p->nlate].rel = *rel;
	p->late[p->nlate].def = def ? *def : (struct def){ 0 };
	p->nlate++;
	return 0;
}

static int undefined(struct pass *p, struct dso *d, const struct ref *ref)
{
	struct rld *r = p->r;

	if (r->mode == MODE_CHECK) {
		rld_print(r, 2, "rld: %s: undefined symbol: %s%s%s\n",
			  dso_name(r, d), ref->name, ref->ver ? "@" : "",
			  ref->ver ? ref->ver->name : "");
		r->problems++;
		return 0;
	}
	if (r->ignore_unresolved)
		return 0;
	return rld_fail(p->e,
			"%s: undefined symbol: %s%s%s (searched %u objects)",
			dso_name(r, d), ref->name, ref->ver ? ", version " : "",
			ref->ver ? ref->ver->name : "", r->nobj);
}

static int weak_noise(const char *name)
{
	return str_starts(name, "_ITM_") || str_starts(name, "__gmon_start") ||
	       str_starts(name, "__cxa_finalize");
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

/* Nobody who is loaded defines it: a library that waits may.  1 found, 2 a
 * call that can wait with it, 0 nobody, -1 error. */
static int delayed(struct pass *p, struct dso *d, const struct ref *ref,
		   enum rkind kind, struct def *def)
{
	struct rld_err why = { 0 };
	int ret;

	if ((kind == RK_JUMP_SLOT && p->lazy) || p->r->mode != MODE_RUN)
		return rld_delay_would(p->r, ref, d) ? 2 : 0;
	if (rld_delay_lookup(p->r, ref, d, def, &why))
		return 1;
	ret = why.set ? rld_fail(p->e, "%s: undefined symbol: %s: %s",
				 dso_name(p->r, d), ref->name, why.text) :
			0;
	rld_err_clear(&why);
	return ret;
}

/* Find what rel means: 1 found, 2 it may wait, 0 weak and undefined, -1 error. */
static int resolve(struct pass *p, struct dso *d, const struct reloc *rel,
		   enum rkind kind, struct def *def)
{
	const ElfW(Sym) * s;
	struct memo *m = NULL;
	struct ref ref;
	int known;

	if (rel->sym >= d->dyn.nsym)
		return bad(p, d, rel, "names a symbol outside its table");
	s = &d->dyn.symtab[rel->sym];
	if (rel->sym == 0 || ELF64_ST_BIND(s->st_info) == STB_LOCAL ||
	    is_own(d, s)) {
		def->dso = d;
		def->sym = s;
		return 1;
	}
	if (kind != RK_JUMP_SLOT && kind != RK_COPY && p->memo) {
		m = &p->memo[rel->sym % MEMO];
		if (m->from == d && m->index == rel->sym) {
			def->dso = m->dso;
			def->sym = m->sym;
			return 1;
		}
	}
	if (rld_ref(d, rel->sym, &ref))
		return bad(p, d, rel, "names a symbol without a name");
	if (kind == RK_COPY)
		ref.skip = d;
	ref.is_call = kind == RK_JUMP_SLOT;
	p->r->stat.lookups++;
	if (!rld_lookup(p->r, &ref, def)) {
		if (ELF64_ST_BIND(s->st_info) == STB_WEAK) {
			if (!weak_noise(ref.name))
				d->flags |= D_MISSING;
			return 0;
		}
		known = p->r->ndelay ? delayed(p, d, &ref, kind, def) : 0;
		if (known != 1)
			return known		 ? known :
			       may_stay(p, kind) ? 2 :
						   undefined(p, d, &ref);
	}
	TRACE_BIND(p->r, ref.name, "rld: bind: %s: %s -> %s\n",
		   dso_name(p->r, d), ref.name, dso_name(p->r, def->dso));
	if (rld_edge(d, def->dso))
		return rld_fail(p->e, "%s: out of memory", dso_name(p->r, d));
	if (m) {
		m->from = d;
		m->index = rel->sym;
		m->dso = def->dso;
		m->sym = def->sym;
		m->value = rld_sym_addr(def->dso, def->sym);
		m->plain = !is_ifunc(def);
	}
	return 1;
}

static int tpoff(struct pass *p, struct dso *d, const struct reloc *rel,
		 const struct def *def, uintptr_t *value)
{
	struct dso *o = def->dso;

	if (!o->tls_static) {
		if (p->r->mode != MODE_RUN)
			return *value = 0, 0;
		if (rld_tls_make_static(p->r, o, p->e))
			return -1;
	}
	(void)d;
	*value = (uintptr_t)o->tls_offset + def->sym->st_value +
		 (uintptr_t)rel->addend;
	return 0;
}

/* What a dynamic descriptor points to; goes with d. */
static uintptr_t *new_pair(struct dso *d)
{
	struct tlsdesc *t = rld_alloc(sizeof *t);

	if (!t)
		return NULL;
	t->next = d->tlsdesc;
	d->tlsdesc = t;
	return t->pair;
}

static int tlsdesc(struct pass *p, struct dso *d, const struct reloc *rel,
		   const struct def *def, uintptr_t *at)
{
	struct dso *o = def->dso;

	if (!o) {
		at[0] = (uintptr_t)arch_tlsdesc_undef;
		at[1] = (uintptr_t)rel->addend;
	} else if (o->tls_static) {
		at[0] = (uintptr_t)arch_tlsdesc_static;
		at[1] = (uintptr_t)o->tls_offset + def->sym->st_value +
			(uintptr_t)rel->addend;
	} else {
		uintptr_t *pair = (uintptr_t *)at[1];

		/* bound anew: its pair serves again, unless it is `lost` */
		if (at[0] != (uintptr_t)arch_tlsdesc_dynamic ||
		    !(d->flags & D_RELOCATED) || rld_tlsdesc_is_lost(at))
			pair = new_pair(d);
		if (!pair)
			return rld_fail(p->e, "%s: out of memory",
					dso_name(p->r, d));
		pair[0] = rld_tls_module_word(o);
		pair[1] = def->sym->st_value + (uintptr_t)rel->addend;
		at[0] = (uintptr_t)arch_tlsdesc_dynamic;
		at[1] = (uintptr_t)pair;
	}
	return 0;
}

/* The pair of descriptors whose variable is gone: module 0 is nobody's. */
static const uintptr_t lost[2];

void rld_tlsdesc_lost(uintptr_t *at)
{
	at[0] = (uintptr_t)arch_tlsdesc_dynamic;
	at[1] = (uintptr_t)lost;
}

int rld_tlsdesc_is_lost(const uintptr_t *at)
{
	return at[0] == (uintptr_t)arch_tlsdesc_undef ||
	       at[1] == (uintptr_t)lost;
}

static int narrow(struct pass *p, struct dso *d, const struct reloc *rel,
		  enum rkind kind, uintptr_t s, uintptr_t size, uintptr_t at)
{
	int64_t v = (int64_t)(s + (uintptr_t)rel->addend);
	int fits = 1;

	switch (kind) {
	case RK_ABS32U:
		fits = (uint64_t)v <= UINT32_MAX;
		break;
	case RK_ABS32S:
		fits = v >= INT32_MIN && v <= INT32_MAX;
		break;
	case RK_ABS32:
		fits = v >= INT32_MIN && v <= (int64_t)UINT32_MAX;
		break;
	case RK_PC32:
		v -= (int64_t)at;
		fits = v >= INT32_MIN && v <= INT32_MAX;
		break;
	case RK_PC64:
		v -= (int64_t)at;
		break;
	case RK_SIZE64:
	case RK_SIZE32:
		v = (int64_t)(size + (uintptr_t)rel->addend);
		break;
	default:
		break;
	}
	if (!fits)
		return bad(p, d, rel, "has a reference out of range");
	if (kind == RK_ABS16)
		memcpy((void *)at, &(uint16_t){ (uint16_t)v }, 2);
	else if (kind == RK_ABS8)
		*(uint8_t *)at = (uint8_t)v;
	else if (kind == RK_PC64 || kind == RK_SIZE64)
		memcpy((void *)at, &v, 8);
	else
		memcpy((void *)at, &(uint32_t){ (uint32_t)v }, 4);
	return 0;
}

int rld_apply(struct pass *p, struct dso *d, const struct reloc *rel,
	      enum rkind kind, const struct def *def, uintptr_t ifunc)
{
	uintptr_t at = d->lm.l_addr + rel->off, s = 0, v;
	struct word *word = (struct word *)at;

	if (def->sym)
		s = ifunc	  ? ifunc :
		    rel->sym == 0 ? 0 :
				    rld_sym_addr(def->dso, def->sym);
	switch (kind) {
	case RK_ABS:
		word->v = s + (uintptr_t)rel->addend;
		return 0;
	case RK_GLOB_DAT:
	case RK_JUMP_SLOT:
		word->v =
			s + (kind == RK_GLOB_DAT ? (uintptr_t)rel->addend : 0);
		return 0;
	case RK_DTPMOD:
		word->v = def->dso ? rld_tls_module_word(def->dso) : 0;
		return 0;
	case RK_DTPOFF:
		word->v = (def->sym ? def->sym->st_value : 0) +
			  (uintptr_t)rel->addend - ARCH_TLS_DTP_BIAS;
		return 0;
	case RK_TPOFF:
		if (!def->sym)
			return word->v = 0, 0;
		if (tpoff(p, d, rel, def, &v))
			return -1;
		word->v = v;
		return 0;
	case RK_TLSDESC:
		return tlsdesc(p, d, rel, def, (uintptr_t *)at);
	default:
		return narrow(p, d, rel, kind, s,
			      def->sym ? def->sym->st_size : 0, at);
	}
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
		return bad(p, d, rel, "has a relocation outside its segments");
	if (is_slot(kind) && rel->off % WORD)
		return bad(p, d, rel, "has a misaligned relocation");
	if (kind == RK_RELATIVE) {
		((struct word *)at)->v = d->lm.l_addr + (uintptr_t)rel->addend;
		return 0;
	}
	if (kind == RK_UNKNOWN)
		return bad(p, d, rel, "has a relocation of an unknown type");
	if (kind == RK_IRELATIVE)
		return defer(p, d, rel, NULL);
	known = resolve(p, d, rel, kind, &def);
	if (known < 0)
		return -1;
	if (known == 2) {
		if (p->lazy)
			((struct word *)at)->v = p->lazy;
		return 0;
	}
	if (!known && kind == RK_COPY)
		return 0;
	if (known && def.dso && is_tls(kind) && !def.dso->tls_memsz)
		return bad(p, d, rel,
			   "names a thread-local variable of an object that "
			   "has none");
	if (kind == RK_COPY)
		return defer(p, d, rel, &def);
	if (known && def.sym && rel->sym && is_ifunc(&def) &&
	    kind != RK_SIZE64 && kind != RK_SIZE32) {
		if (p->r->mode != MODE_RUN)
			return 0;
		if (def.dso->flags & D_HOST)
			return rld_apply(p, d, rel, kind, &def,
					 arch_call_ifunc(rld_sym_addr(
						 def.dso, def.sym)));
		return defer(p, d, rel, &def);
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
			   const ElfW(Rela) * a)
{
	enum rkind kind = arch_reloc_kind(ARCH_R_TYPE(a->r_info));
	uint32_t sym = ARCH_R_SYM(a->r_info);
	uintptr_t at = d->lm.l_addr + a->r_offset;
	const struct memo *m;

	if (!p->memo || (kind != RK_ABS && kind != RK_GLOB_DAT))
		return 0;
	m = &p->memo[sym % MEMO];
	if (m->from != d || m->index != sym || !m->plain ||
	    !place_ok(d, at, WORD))
		return 0;
	((struct word *)at)->v = m->value + (uintptr_t)a->r_addend;
	return 1;
}

/* The relative entries that the table begins with; returns the first that is
 * none.  Apart, so that the loop keeps to registers: big libraries have
 * hundreds of thousands. */
__attribute__((noinline)) static const ElfW(Rela) *
	relatives(const struct dso *d)
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
		/* as long as they stay in this window */
		skew = bias - lo;
		room = hi - lo - WORD;
		do {
			at = a->r_offset + skew;
			if (at > room || a->r_info != info)
				break;
			((struct word *)(lo + at))->v =
				bias + (uintptr_t)a->r_addend;
		} while (++a < end);
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
	const ElfW(Rela) *a = relatives(d), *end = d->dyn.rela + d->dyn.nrela;

	for (; a < end; a++) {
		struct reloc rel;

		if (repeated(p, d, a))
			continue;
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

struct reloc rld_rel(const struct dso *d, const ElfW(Rel) * a)
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
	uintptr_t bias = d->lm.l_addr, first = 0;

	d->plt_stride = 0;
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
			return bad(p, d, &rel,
				   "has a relocation outside its "
				   "segments");
		was = *slot ? *slot + bias : 0;
		if (i == 0)
			first = was;
		else if (i == 1)
			d->plt_stride = was - first;
		if (was != first + i * d->plt_stride || !was)
			d->plt_odd = 1;
		if (now || !was ||
		    arch_must_bind_now(rel.sym < d->dyn.nsym ?
					       d->dyn.symtab[rel.sym].st_other :
					       0)) {
			rel.addend = 0;
			p->lazy = d->lazy_ok ? was : 0;
			if (one(p, d, &rel))
				return -1;
			p->lazy = 0;
		} else {
			*slot = was;
		}
	}
	d->plt_first = first;
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
	return d->plt_odd || !d->lazy_ok ? 0 : d->plt_first + i * d->plt_stride;
}

static int text_writable(struct rld *r, struct dso *d, int on)
{
	for (unsigned i = 0; i < d->phnum; i++) {
		const ElfW(Phdr) *ph = &d->ph[i];
		uintptr_t at = page_down(r, d->lm.l_addr + ph->p_vaddr);

		if (ph->p_type != PT_LOAD || ph->p_flags & PF_W)
			continue;
		if (sys_mprotect(at,
				 page_up(r, d->lm.l_addr + ph->p_vaddr +
						    ph->p_memsz) -
					 at,
				 on ? PROT_READ | PROT_WRITE :
				      PROT_READ | (ph->p_flags & PF_X ?
							   PROT_EXEC :
							   0)))
			return -1;
	}
	return 0;
}

/* RELRO holds what is relocated and little else.  Where entries are as dense as
 * that, its pages are made ours in one call in place of a fault for each. */
static void populate(struct rld *r, const struct dso *d)
{
	size_t pages = d->relro_size / r->page;

	if (pages >= FEW_PAGES &&
	    d->dyn.nrela + d->dyn.nrel + d->dyn.nrelr >= pages)
		sys3(__NR_madvise, (long)d->relro, (long)d->relro_size,
		     MADV_POPULATE_WRITE);
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
				"--strict refuses",
				dso_name(r, d));
	if (d->dyn.textrel && text_writable(r, d, 1))
		return rld_fail(p->e, "%s: its text cannot be made writable",
				dso_name(r, d));
	rld_stat_relocs(r, d);
	populate(r, d);
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
	if (d->dyn.textrel && text_writable(r, d, 0) && !ret)
		ret = rld_fail(p->e, "%s: its text cannot be made executable",
			       dso_name(r, d));
	d->flags |= D_RELOCATED;
	return ret;
}

static int late_copy(struct pass *p, struct late *l)
{
	const ElfW(Sym) *s = &l->dso->dyn.symtab[l->rel.sym];
	uintptr_t at = l->dso->lm.l_addr + l->rel.off;
	uintptr_t from = rld_sym_addr(l->def.dso, l->def.sym);
	size_t n = s->st_size < l->def.sym->st_size ? s->st_size :
						      l->def.sym->st_size;

	if (!n)
		return 0;
	if (!place_ok(l->dso, at, n) || !rld_readable(l->def.dso, from, n))
		return bad(p, l->dso, &l->rel,
			   "has a relocation outside its segments");
	memcpy((void *)at, (void *)from, n);
	return 0;
}

static int late_one(struct pass *p, struct late *l, enum rkind kind)
{
	uintptr_t at = l->dso->lm.l_addr + l->rel.off, f;
	int text = l->dso->dyn.textrel, ret = 0;

	if (kind == RK_COPY)
		f = 0;
	else if (p->r->mode != MODE_RUN)
		return 0;
	else
		f = arch_call_ifunc(
			kind == RK_IRELATIVE ?
				l->dso->lm.l_addr + (uintptr_t)l->rel.addend :
				rld_sym_addr(l->def.dso, l->def.sym));
	if (text && text_writable(p->r, l->dso, 1))
		return bad(p, l->dso, &l->rel,
			   "has text that cannot be made writable");
	if (kind == RK_COPY)
		ret = late_copy(p, l);
	else if (kind == RK_IRELATIVE)
		*(uintptr_t *)at = f;
	else
		ret = rld_apply(p, l->dso, &l->rel, kind, &l->def, f);
	if (text && text_writable(p->r, l->dso, 0) && !ret)
		ret = bad(p, l->dso, &l->rel,
			  "has text that cannot be made executable");
	return ret;
}

/* COPY, then IFUNCs by symbol, then IRELATIVE: resolvers may use anything
 * that ordinary relocations have made ready.  COPY once more at the end: what
 * was copied may hold what an IFUNC means. */
static int run_late(struct pass *p)
{
	for (int round = 0; round < 4; round++)
		for (size_t i = 0; i < p->nlate; i++) {
			struct late *l = &p->late[i];
			enum rkind kind = arch_reloc_kind(l->rel.type);

			if (round % 3 == (kind == RK_COPY      ? 0 :
					  kind != RK_IRELATIVE ? 1 :
								 2) &&
			    late_one(p, l, kind))
				return -1;
		}
	return 0;
}

int rld_relocate_new(struct rld *r, struct dso *first, struct rld_err *e)
{
	struct pass p = { .r = r, .e = e };
	struct dso *last;
	int ret = 0;

	for (struct dso *d = first; d && !p.memo; d = dso_next(d))
		if (d->flags & D_NEW &&
		    d->dyn.nrela + d->dyn.nrel + rld_ngot(d) > 256)
			p.memo = rld_alloc(MEMO * sizeof *p.memo);
	r->relocating++;
	do { /* again when data of a library that waited was needed */
		last = r->tail;
		for (struct dso *d = last; d && !ret;
		     d = d == first ? NULL : (struct dso *)d->lm.l_prev) {
			if (!(d->flags & D_NEW) ||
			    d->flags & (D_HOST | D_SELF | D_VDSO | D_RELOCATED))
				continue;
			ret = relocate(&p, d);
		}
	} while (!ret && r->tail != last);
	r->relocating--;
	if (!ret)
		ret = run_late(&p);
	for (struct dso *d = first; d && !ret; d = dso_next(d))
		if (d->flags & D_NEW &&
		    !(d->flags & (D_HOST | D_SELF | D_VDSO)) &&
		    rld_relro(r, d, 0))
			ret = rld_fail(e, "%s: its RELRO cannot be closed",
				       dso_name(r, d));
	rld_free(p.memo);
	rld_free(p.late);
	return ret;
}
