/* SPDX-License-Identifier: MIT */
/* What cannot be written when an object arrives and its relocations are read:
 * COPY, whose source must be ready, and what an IFUNC means, which is for its
 * resolver to say.  At start-up that ends the relocation.  Later, no lock may
 * be held while resolvers run: they run once the load has succeeded, before
 * the first constructor, by the thread that loads.  Until then the objects of
 * that load are INIT_BINDING, and others who need one wait for it. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/image/image.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"

enum { MAX_DEFER = 1 << 18 }; /* entries; a hostile file has no end */

struct late {
	struct dso *dso;
	struct reloc rel;
	struct def def; /* def.sym NULL: IRELATIVE */
};

/* Of one load, for its objects. */
struct batch {
	struct late *late;
	size_t n;
	int running;
};

int rld_defer(struct pass *p, struct dso *d, const struct reloc *rel,
	      const struct def *def)
{
	if (p->nlate == MAX_DEFER)
		return rld_fail(p->e,
				"%s: has too many IFUNC and COPY relocations",
				dso_name(p->r, d));
	if (p->nlate == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 32;
		struct late *l = rld_realloc(p->late, cap * sizeof *l);

		if (!l)
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

int rld_text_writable(struct rld *r, struct dso *d, int on)
{
	for (unsigned i = 0; i < d->phnum; i++) {
		const ElfW(Phdr) *ph = &d->ph[i];
		uintptr_t at = page_down(r, d->lm.l_addr + ph->p_vaddr);

		if (ph->p_type != PT_LOAD || ph->p_flags & PF_W)
			continue;
		if (sys_mprotect(
			    at,
			    page_up(r,
				    d->lm.l_addr + ph->p_vaddr + ph->p_memsz) -
				    at,
			    on ? PROT_READ | PROT_WRITE :
				 PROT_READ | (ph->p_flags & PF_X ?
						      PROT_EXEC | d->exec_prot :
						      0)))
			return -1;
	}
	return 0;
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
	if (!place_ok(l->dso, at, n) ||
	    !rld_readable(p->r, l->def.dso, from, n))
		return rld_bad_reloc(p, l->dso, &l->rel,
				     "has a relocation outside its segments");
	memcpy((void *)at, (void *)from, n);
	rld_debug_copied(from, at, n);
	return 0;
}

/* What rld's own data decides is not for foreign code to change. */
static uintptr_t call_sealed(struct rld *r, uintptr_t f)
{
	int was = rld_seal_aside(r);

	f = arch_call_ifunc(f);
	rld_seal_back(r, was);
	return f;
}

static uintptr_t resolver(const struct late *l)
{
	return l->def.sym ? rld_sym_addr(l->def.dso, l->def.sym) :
			    l->dso->lm.l_addr + (uintptr_t)l->rel.addend;
}

static int write_late(struct pass *p, struct late *l, enum rkind kind,
		      uintptr_t f)
{
	uintptr_t *at = (uintptr_t *)(l->dso->lm.l_addr + l->rel.off);
	int text = l->dso->dyn.textrel, ret = 0;

	if (text && rld_text_writable(p->r, l->dso, 1))
		return rld_bad_reloc(p, l->dso, &l->rel,
				     "has text that cannot be made writable");
	if (kind == RK_COPY)
		ret = late_copy(p, l);
	else if (kind == RK_IRELATIVE)
		*at = f;
	else
		ret = rld_apply(p, l->dso, &l->rel, kind, &l->def, f);
	if (text && rld_text_writable(p->r, l->dso, 0) && !ret)
		ret = rld_bad_reloc(p, l->dso, &l->rel,
				    "has text that cannot be made executable");
	return ret;
}

/* For the batch: writing it cannot fail. */
static int may_wait(const struct late *l, enum rkind kind)
{
	return !l->dso->dyn.textrel &&
	       (kind == RK_IRELATIVE || kind == RK_ABS || kind == RK_GLOB_DAT ||
		kind == RK_JUMP_SLOT);
}

/* Is it an initial value of a thread-local variable at a fixed place?  All
 * threads get those as soon as the object is relocated. */
static int is_static_value(const struct late *l)
{
	const struct dso *d = l->dso;
	uintptr_t at = d->lm.l_addr + l->rel.off;

	return d->tls_static && at - (uintptr_t)d->tls_image < d->tls_filesz;
}

/* The n entries that wait become the batch of what came with first. */
static int put_off(struct pass *p, struct dso *first, size_t n)
{
	struct batch *b = rld_alloc(sizeof *b);

	if (!b)
		return rld_fail(p->e, "out of memory");
	*b = (struct batch){ .late = p->late, .n = n };
	p->late = NULL;
	for (size_t i = 0; i < n; i++)
		if (b->late[i].def.sym)
			dso_hold(b->late[i].def.dso);
	for (struct dso *d = first; d; d = dso_next(d))
		if (d->flags & D_NEW && d->init == INIT_NONE &&
		    !(d->flags & (D_HOST | D_SELF | D_VDSO))) {
			d->batch = b;
			dso_own_init(d);
			dso_publish_init(d, INIT_BINDING);
		}
	return 0;
}

enum turn { COPIES, BY_SYMBOL, IRELATIVES };

static enum turn turn_of(enum rkind kind)
{
	return kind == RK_COPY	    ? COPIES :
	       kind == RK_IRELATIVE ? IRELATIVES :
				      BY_SYMBOL;
}

/* The entries of one turn; those that may go to waiting, if there is such. */
static int take_turn(struct pass *p, enum turn turn, struct late *waiting,
		     size_t *n)
{
	for (size_t i = 0; i < p->nlate; i++) {
		struct late *l = &p->late[i];
		enum rkind kind = arch_reloc_kind(l->rel.type);
		uintptr_t f = 0;

		if (turn_of(kind) != turn)
			continue;
		if (waiting && may_wait(l, kind) && !is_static_value(l)) {
			waiting[(*n)++] = *l;
			continue;
		}
		if (kind != RK_COPY)
			f = call_sealed(p->r, resolver(l));
		if (write_late(p, l, kind, f))
			return -1;
	}
	return 0;
}

/* IFUNCs by symbol before IRELATIVE; resolvers may use anything that ordinary
 * relocations, COPY among them, have made ready.  COPY once more at the end:
 * what was copied may hold what an IFUNC means. */
int rld_run_late(struct pass *p, struct dso *first)
{
	int starting = (p->r->program->flags & D_NEW) != 0;
	int run = p->r->mode == MODE_RUN;
	struct late *waiting = NULL;
	size_t n = 0;

	if (p->nlate && !starting && run) {
		waiting = rld_alloc(p->nlate * sizeof *waiting);
		if (!waiting)
			return rld_fail(p->e, "out of memory");
	}
	if (take_turn(p, COPIES, waiting, &n) ||
	    (run && (take_turn(p, BY_SYMBOL, waiting, &n) ||
		     take_turn(p, IRELATIVES, waiting, &n))) ||
	    take_turn(p, COPIES, waiting, &n)) {
		rld_free(waiting);
		return -1;
	}
	if (waiting) {
		rld_free(p->late);
		p->late = waiting;
	}
	return n ? put_off(p, first, n) : 0;
}

/* Its objects are as any that was bound at once, if nothing went wrong.  1: the
 * objects that were held for it may leave now. */
static int end(struct rld *r, struct batch *b, int done)
{
	int loose = 0;

	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->batch == b) {
			d->batch = NULL;
			if (done)
				rld_relro_close(r, d);
			dso_exchange_init(d, INIT_NONE);
			if (__atomic_load_n(&r->waits, __ATOMIC_SEQ_CST))
				sys_futex_wake((int *)&d->init, INT32_MAX);
		}
	for (size_t i = 0; i < b->n; i++) {
		struct dso *o = b->late[i].def.dso;

		if (o && dso_let_go(o) == 0 && !o->opens &&
		    !(o->flags & D_STARTUP))
			loose = 1;
	}
	rld_free(b->late);
	rld_free(b);
	return loose;
}

int rld_late_is_mine(const struct dso *d)
{
	return d->init == INIT_BINDING && d->init_owner == rld_self_id() &&
	       d->batch && !d->batch->running;
}

enum late_result rld_late_run(struct rld *r, struct dso *d)
{
	struct batch *b = d->batch;
	struct rld_err e = { 0 };
	struct pass p = { .r = r, .e = &e };

	if (!b || b->running)
		return LATE_BUSY;
	b->running = 1;
	for (size_t i = 0; i < b->n; i++) {
		struct late *l = &b->late[i];
		uintptr_t f;

		rld_unlock(r);
		f = arch_call_ifunc(resolver(l));
		rld_lock(r);
		write_late(&p, l, arch_reloc_kind(l->rel.type), f);
	}
	rld_err_clear(&e);
	return end(r, b, 1) ? LATE_LOOSE : LATE_DONE;
}

void rld_late_drop(struct rld *r, struct dso *d)
{
	if (d->batch)
		end(r, d->batch, 0);
}

void rld_late_in_child(struct dso *d)
{
	if (d->batch)
		d->batch->running = 0;
}

uintptr_t rld_ifunc_unlocked(struct rld *r, struct dso *from,
			     const struct def *def)
{
	uintptr_t f = rld_sym_addr(def->dso, def->sym);
	int was;

	/* holds do not keep what another thread unloads */
	if ((from->flags | def->dso->flags) & D_GONE)
		return call_sealed(r, f);
	dso_hold(from);
	dso_hold(def->dso);
	was = rld_seal_aside(r);
	rld_unlock(r);
	f = arch_call_ifunc(f);
	rld_lock(r);
	rld_seal_back(r, was);
	dso_let_go(def->dso);
	dso_let_go(from);
	return f;
}
