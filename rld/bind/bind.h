/* SPDX-License-Identifier: MIT */
/* References become addresses, and bindings are taken back. */
#ifndef RLD_BIND_H
#define RLD_BIND_H

#include "rld/base/base.h"
#include "rld/image/image.h"
#include "rld/sym/sym.h"
#include "rld/list/list.h"

#pragma GCC visibility push(hidden)

/* A place need not be aligned. */
struct __attribute__((packed)) word {
	uintptr_t v;
};

/* What the place of DT_REL entry i held. */
struct rel_addend {
	size_t i;
	uintptr_t addend;
};

/* One walk that relocates; memo and ahead belong to bind.c, late to late.c. */
struct pass {
	struct rld *r;
	struct rld_err *e;
	struct late *late;
	size_t nlate, cap;
	uintptr_t lazy;	   /* of the slot in hand, when it may stay unbound */
	struct memo *memo; /* answers for the object in hand */
	uint32_t memo_mask;
	struct ahead *ahead;
};

/* May relocations of d write here?  Text relocations have been made writable
 * by then. */
static inline int place_ok(const struct dso *d, uintptr_t at, size_t size)
{
	uintptr_t lo, hi;

	if (at >= d->window_lo && at < d->window_hi &&
	    size <= d->window_hi - at)
		return 1;
	return rld_window(d, at, d->dyn.textrel, &lo, &hi) && size <= hi - at;
}

static inline int is_ifunc(const struct def *def)
{
	return ELF64_ST_TYPE(def->sym->st_info) == STT_GNU_IFUNC &&
	       def->sym->st_shndx != SHN_UNDEF;
}

/* Functions that a lazy stub would not serve: it keeps too few registers. */
static inline int must_bind_now(const struct dso *d, uint32_t sym)
{
	return sym < d->dyn.nsym &&
	       arch_must_bind_now(d->dyn.symtab[sym].st_other);
}

struct reloc rld_rel(const struct dso *d, const ElfW(Rel) *a);
struct reloc rld_jmprel(const struct dso *d, size_t i);
/* Entry i of d's DT_REL at *next in its addends, once it has been applied. */
struct reloc rld_rel_done(const struct dso *d, size_t i, unsigned *next);
/* Where PLT slot i leads before it is bound, 0 when that is not known. */
uintptr_t rld_lazy_value(const struct dso *d, size_t i);

/* got.c: the implicit GOT of MIPS, its global entries as relocations. */
#if ARCH_IMPLICIT_GOT
/* Local entries, and the words that lead lazy stubs here. */
int rld_got_open(struct pass *p, struct dso *d);
struct reloc rld_got(const struct dso *d, size_t i);
/* Where entry i leads before it is bound, 0 when it is no lazy one. */
uintptr_t rld_got_lazy(const struct dso *d, size_t i);
#else
static inline int rld_got_open(struct pass *p, struct dso *d)
{
	(void)p;
	(void)d;
	return 0;
}
static inline struct reloc rld_got(const struct dso *d, size_t i)
{
	(void)d;
	(void)i;
	return (struct reloc){ 0 };
}
static inline uintptr_t rld_got_lazy(const struct dso *d, size_t i)
{
	(void)d;
	(void)i;
	return 0;
}
#endif

/* ---- apply.c, late.c */
/* The variable of the TLS descriptor (two words) at `at` is gone: a thread that asks for
 * it is told; or, for a weak reference, it means 0 + addend. */
void rld_tlsdesc_lost(uintptr_t *at, int weak, uintptr_t addend);
/* 1: the descriptor means no variable, or none any longer. */
int rld_tlsdesc_is_lost(const uintptr_t *at);
/* apply.c: say what is wrong with a relocation; -1. */
int rld_bad_reloc(struct pass *p, struct dso *d, const struct reloc *rel,
		  const char *what);
/* late.c: what is written when all else is; def NULL: IRELATIVE. */
int rld_defer(struct pass *p, struct dso *d, const struct reloc *rel,
	      const struct def *def);
int rld_run_late(struct pass *p, struct dso *first);
int rld_text_writable(struct rld *r, struct dso *d, int on);
/* The meaning of an IFUNC; the lock is given up while its resolver runs, and
 * `from`, which asks, and the object that defines it stay. */
uintptr_t rld_ifunc_unlocked(struct rld *r, struct dso *from,
			     const struct def *def);
/* Write one relocation whose meaning is known; value of an IFUNC is final. */
int rld_apply(struct pass *p, struct dso *d, const struct reloc *rel,
	      enum rkind kind, const struct def *def, uintptr_t ifunc);

/* ---- relocate.c */
int rld_relocate_new(struct rld *r, struct dso *first, struct rld_err *e);

/* ---- got.c */
#if ARCH_IMPLICIT_GOT
size_t rld_ngot(const struct dso *d);
#else
static inline size_t rld_ngot(const struct dso *d)
{
	(void)d;
	return 0;
}
#endif

/* ---- rebind.c */
void rld_rebind_host(struct rld *r, struct dso *d, const char *name,
		     uintptr_t value);
/* Whatever rld_unbind will write to in others becomes writable; -1: something
 * cannot, and nothing has changed.  And back. */
int rld_open_users(struct rld *r, struct dso *gone);
void rld_close_users(struct rld *r, struct dso *gone);
/* d leaves: take back what others bound to it. */
void rld_unbind(struct rld *r, struct dso *gone);
/* Uses of names that gone defines and, without it, nothing would: fn for
 * each. */
void rld_would_miss(struct rld *r, struct dso *gone,
		    void (*fn)(void *, const char *from, const char *name),
		    void *arg);
/* Global objects arrived: slots that were missing something try again. */
void rld_mend(struct rld *r);
/* Whatever is bound to d is looked up again. */
void rld_rebind_from(struct rld *r, struct dso *d);
/* What `from` has of `to` is looked up again. */
void rld_rebind_to(struct rld *r, struct dso *from, struct dso *to);
/* What d itself is bound to is looked up again. */
void rld_rebind_own(struct rld *r, struct dso *d);

/* ---- new.c */
/* Relocate them and let them be found; 0, or -1 with *e (then rld_undo). */
int rld_bind_new(struct rld *r, struct dso *first, struct rld_err *e);

/* ---- takeover.c */
/* Objects that became global after serial `since` take over. */
void rld_weak_arrivals(struct rld *r, unsigned since);

/* ---- late.c */
/* late.c: what the IFUNCs of d's load mean, if this thread is to ask them; the
 * lock is given up meanwhile. */
enum late_result {
	LATE_BUSY, /* they are being asked */
	LATE_DONE,
	LATE_LOOSE /* done, and what was held for it may leave now */
};

enum late_result rld_late_run(struct rld *r, struct dso *d);
int rld_late_is_mine(const struct dso *d); /* to ask, and not asked yet */
/* The load is undone. */
void rld_late_drop(struct rld *r, struct dso *d);
void rld_late_in_child(struct dso *d);

/* ---- entries.c */
void rld_entries_unbind(struct rld *r, const struct dso *gone);
/* As rld_would_miss, for the entry points; next takes gone's place. */
void rld_entries_would_miss(struct rld *r, const struct dso *gone,
			    struct dso *next,
			    void (*fn)(void *, const char *, const char *),
			    void *arg);

/* ---- entries.c: pools of stable entry points */
enum { POOL = 64 };

struct entry {
	char *name;  /* NULL: free */
	char *scope; /* path of the handle's object; NULL: global */
	char *soname;
	Lmid_t ns;	      /* number of its namespace */
	struct dso *provider; /* NULL: not bound */
	unsigned count;
	/* a stub: for a slot of the object `born` whose function has gone.  It stays for
	 * ever, since programs copy its address.  scope: the object's path */
	int is_stub;
	unsigned born;
	uint32_t sym;
	char *gone; /* path of what defined it; heap */
};

struct words {
	uintptr_t got[3]; /* as in a PLT's GOT */
	uintptr_t slot[POOL], lazy[POOL];
	struct piece piece;
};

struct pool {
	struct pool *next;
	struct dso face; /* what the stubs give the resolver */
	unsigned char *code;
	struct words *words;
	struct entry entry[POOL];
};

extern struct pool *rld_pools __attribute__((visibility("hidden")));
/* NULL: no memory. */
struct pool *rld_new_pool(struct rld *r);
/* An address for calls of the function that user's symbol sym names, and that nothing
 * defines since gone has left: a call looks again, and asks the handlers.  0: no
 * memory. */
uintptr_t rld_stub(struct rld *r, struct dso *user, uint32_t sym,
		   const char *name, const struct dso *gone);
/* The stub at this address; NULL: there is none.  In signal handlers, too. */
const struct entry *rld_stub_at(uintptr_t at);
/* Whose slot it is for; NULL: that object has left.  Lock held. */
struct dso *rld_stub_user(struct rld *r, const struct entry *n);
/* Entry i of p leads to v, 0: it is lazy again.  -1: it cannot be written now. */
int rld_entry_set(struct rld *r, struct pool *p, unsigned i, uintptr_t v);

#pragma GCC visibility pop

#endif
