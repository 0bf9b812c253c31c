/* Bindings that are taken back or mended: the host libc's slots once everybody
 * is there, slots into an object that leaves, slots that missed something. */
#include "rld/bind.h"

/* The host libc was bound by its own loader before the program's objects
 * were there: give its slots to whoever stands before it. */
void rld_rebind_host(struct rld *r, struct dso *d)
{
	size_t n[3] = { d->dyn.nrela, d->dyn.nrel, d->dyn.njmprel };
	int open = 0;

	for (int t = 0; t < 3; t++)
		for (size_t i = 0; i < n[t]; i++) {
			struct reloc rel;
			struct def def;
			struct ref ref;
			enum rkind kind;
			uintptr_t *slot, v;

			if (t == 0) {
				const ElfW(Rela) *a = &d->dyn.rela[i];

				rel = (struct reloc){ a->r_offset,
						      (uintptr_t)a->r_addend,
						      ARCH_R_SYM(a->r_info),
						      ARCH_R_TYPE(a->r_info) };
			} else if (t == 1) {
				rel = rld_rel(d, &d->dyn.rel[i]);
			} else {
				rel = rld_jmprel(d, i);
			}
			kind = arch_reloc_kind(rel.type);
			if (!rel.sym ||
			    (kind != RK_ABS && kind != RK_GLOB_DAT &&
			     kind != RK_JUMP_SLOT))
				continue;
			if (rld_ref(d, rel.sym, &ref) ||
			    !rld_lookup(r, &ref, &def) ||
			    def.dso->flags & (D_HOST | D_SELF) ||
			    is_ifunc(&def))
				continue;
			slot = (uintptr_t *)(d->lm.l_addr + rel.off);
			v = rld_sym_addr(def.dso, def.sym) +
			    (kind == RK_JUMP_SLOT || t ? 0 : rel.addend);
			if (*slot == v || !place_ok(d, (uintptr_t)slot, WORD))
				continue;
			if ((uintptr_t)slot - d->relro < d->relro_size &&
			    !open) {
				rld_relro(r, d, 1);
				open = 1;
			}
			*slot = v;
		}
	if (open)
		rld_relro(r, d, 0);
}

/* A word of `from` that was copied into the program is patched there, too, as
 * long as it still holds what it held. */
static void patch_copy(struct rld *r, struct dso *from, uintptr_t at,
		       uintptr_t was)
{
	struct dso *p = r->program;
	uintptr_t now = *(uintptr_t *)at;

	for (size_t i = 0; p != from && i < p->dyn.nrela; i++) {
		const ElfW(Rela) *a = &p->dyn.rela[i];
		struct ref ref;
		struct def def;
		uintptr_t src, *word;

		if (arch_reloc_kind(ARCH_R_TYPE(a->r_info)) != RK_COPY ||
		    rld_ref(p, ARCH_R_SYM(a->r_info), &ref))
			continue;
		ref.skip = p;
		if (!rld_lookup_in(from, &ref, &def))
			continue;
		src = rld_sym_addr(from, def.sym);
		if (at < src || at - src >= def.sym->st_size)
			continue;
		word = (uintptr_t *)(p->lm.l_addr + a->r_offset + (at - src));
		if (*word != was)
			continue;
		if ((uintptr_t)word - p->relro < p->relro_size) {
			rld_relro(r, p, 1);
			*word = now;
			rld_relro(r, p, 0);
		} else {
			*word = now;
		}
	}
}

/* One reference of `from` again: it meant something in `gone`, or (gone NULL)
 * nothing at all. */
static void again(struct rld *r, struct dso *from, struct reloc *rel,
		  struct dso *gone, size_t plt_index, int *open)
{
	struct rld_err e = { 0 };
	struct pass p = { .r = r, .e = &e };
	enum rkind kind = arch_reloc_kind(rel->type);
	uintptr_t *slot = (uintptr_t *)(from->lm.l_addr + rel->off), v, was;
	struct def def = { 0 };
	struct ref ref;
	int known;

	if (!rel->sym ||
	    (kind != RK_ABS && kind != RK_GLOB_DAT && kind != RK_JUMP_SLOT &&
	     kind != RK_DTPMOD && kind != RK_DTPOFF && kind != RK_TLSDESC) ||
	    rld_ref(from, rel->sym, &ref))
		return;
	ref.is_call = kind == RK_JUMP_SLOT;
	if (kind == RK_JUMP_SLOT || kind == RK_GLOB_DAT)
		rel->addend = 0;
	if (gone) {
		if (!rld_lookup_in(gone, &ref, &def))
			return;
		if (kind == RK_DTPMOD) {
			if (*slot != rld_tls_module_word(gone))
				return;
		} else if (kind == RK_ABS || kind == RK_GLOB_DAT ||
			   kind == RK_JUMP_SLOT) {
			if (is_ifunc(&def) ?
				    *slot < gone->lo || *slot >= gone->hi :
				    *slot != rld_sym_addr(gone, def.sym) +
						     rel->addend)
				return;
		}
	} else if (*slot != rel->addend && *slot != rld_trap_address()) {
		return;
	}
	if (!*open) {
		rld_relro(r, from, 1);
		*open = 1;
	}
	if (kind == RK_JUMP_SLOT && (v = rld_lazy_value(from, plt_index))) {
		__atomic_store_n(slot, v, __ATOMIC_RELEASE);
		return;
	}
	was = *slot;
	/* what cannot be noted cannot be taken back: not bound, then */
	known = rld_lookup(r, &ref, &def) && !rld_edge(from, def.dso);
	if (!known) {
		int weak = ELF64_ST_BIND(from->dyn.symtab[rel->sym].st_info) ==
			   STB_WEAK;

		from->flags |= D_MISSING;
		if (kind != RK_DTPMOD && kind != RK_DTPOFF &&
		    kind != RK_TLSDESC)
			*slot = weak ? 0 : rld_trap_address();
		if (kind == RK_ABS)
			patch_copy(r, from, (uintptr_t)slot, was);
		return;
	}
	rld_apply(&p, from, rel, kind, &def,
		  is_ifunc(&def) ?
			  arch_call_ifunc(rld_sym_addr(def.dso, def.sym)) :
			  0);
	if (kind == RK_ABS)
		patch_copy(r, from, (uintptr_t)slot, was);
	rld_err_clear(&e);
}

static void rescan(struct rld *r, struct dso *from, struct dso *gone)
{
	int open = 0;

	if (from->flags & (D_HOST | D_SELF | D_VDSO | D_DYING))
		return;
	for (size_t i = from->dyn.nrela ? from->dyn.nrelative : 0;
	     i < from->dyn.nrela; i++) {
		const ElfW(Rela) *a = &from->dyn.rela[i];
		struct reloc rel = { a->r_offset, (uintptr_t)a->r_addend,
				     ARCH_R_SYM(a->r_info),
				     ARCH_R_TYPE(a->r_info) };

		again(r, from, &rel, gone, 0, &open);
	}
	for (size_t i = 0; i < from->dyn.nrel; i++) {
		struct reloc rel = rld_rel(from, &from->dyn.rel[i]);

		rel.addend = 0;
		again(r, from, &rel, gone, 0, &open);
	}
	for (size_t i = 0; gone && i < from->dyn.njmprel; i++) {
		struct reloc rel = rld_jmprel(from, i);

		again(r, from, &rel, gone, i, &open);
	}
	if (open)
		rld_relro(r, from, 0);
}

void rld_unbind(struct rld *r, struct dso *gone)
{
	for (struct edge *e = gone->users; e; e = e->next)
		rescan(r, e->from, gone);
}

void rld_mend(struct rld *r)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_MISSING)
			rescan(r, d, NULL);
}

/* Data that nobody defines any more points here: into the first page of the
 * address space, which is never mapped. */
uintptr_t rld_trap_address(void)
{
	return 0x800;
}
