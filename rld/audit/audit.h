/* SPDX-License-Identifier: MIT */
/* What auditors (<link.h>, rtld-audit(7)) are told and asked.  Whoever calls one
 * of these looks first whether there is one: rld_audits. */
#ifndef RLD_AUDIT_H
#define RLD_AUDIT_H

#include "rld/base/base.h"

#pragma GCC visibility push(hidden)

struct def;

/* The version of the interface: LAV_CURRENT of glibc since 2.35. */
#define RLD_LAV 2

/* An auditor's functions, NULL where it has none. */
struct auditor {
	struct dso *dso;
	unsigned version; /* what its la_version gave */
	void (*activity)(uintptr_t *, unsigned);
	char *(*objsearch)(const char *, uintptr_t *, unsigned);
	unsigned (*objopen)(struct link_map *, Lmid_t, uintptr_t *);
	void (*preinit)(uintptr_t *);
	uintptr_t (*symbind)(ElfW(Sym) *, unsigned, uintptr_t *, uintptr_t *,
			     unsigned *, const char *);
	unsigned (*objclose)(uintptr_t *);
};

/* All of them, in sealed pages of their own. */
struct auditing {
	struct piece piece;
	int *(*errno_at)(void); /* libc's __errno_location */
	unsigned n;
	struct auditor of[];
};

/* A function slot that holds what an auditor gave in the place of value. */
struct alt {
	struct alt *next;
	const uintptr_t *slot;
	uintptr_t value, given;
};

/* Of one object; heap, with as many elements as there are auditors. */
struct audited {
	int any;    /* one of them wants to know of its bindings */
	int closed; /* la_objclose has been called, or need not be */
	struct alt *alts;
	struct {
		uintptr_t cookie;
		unsigned flags; /* LA_FLG_* */
	} of[];
};

static inline int rld_audits(const struct rld *r)
{
	return __builtin_expect(r->audits, 0) != 0;
}

/* Lock held, or the start. */

/* The file to look for in the place of name, for `from` (NULL: the program), by
 * the rule that flag (LA_SER_*) tells; NULL: none. */
const char *rld_audit_search(struct rld *r, const char *name,
			     const struct dso *from, unsigned flag);
/* The program's list is about to grow. */
void rld_audit_adding(struct rld *r);
/* d is in the list. */
void rld_audit_opened(struct rld *r, struct dso *d);
/* The same for what was there before anything was added. */
void rld_audit_first(struct rld *r, struct dso *d);
/* What was added or removed is so by now. */
void rld_audit_consistent(struct rld *r);
/* d's destructors have run.  Once an object. */
void rld_audit_closed(struct rld *r, struct dso *d);
/* d will be removed. */
void rld_audit_removing(struct rld *r, const struct dso *d);
void rld_audit_forget(struct rld *r, struct dso *d);

/* What a function slot of `from` that is about to be bound to def, at value, is
 * to hold; flags: LA_SYMB_*. */
uintptr_t rld_audit_bind(struct rld *r, struct dso *from, const struct def *def,
			 uintptr_t value, unsigned flags);
/* The same at a first call: all registers of the call are kept, and no lock is
 * held. */
uintptr_t rld_audit_call(struct rld *r, struct dso *from, const struct def *def,
			 uintptr_t value);
/* The same for dlsym, which any thread may call.  No lock is held. */
uintptr_t rld_audit_dlsym(struct rld *r, struct dso *from,
			  const struct def *def, uintptr_t value);
/* slot of `from` is about to hold given in the place of value: -1: no memory. */
int rld_audit_note(struct dso *from, const uintptr_t *slot, uintptr_t value,
		   uintptr_t given);
/* What slot of `from` holds, or what it would hold if no auditor had changed
 * it. */
uintptr_t rld_audit_value(const struct dso *from, const uintptr_t *slot);

/* Without the lock. */
void rld_audit_preinit(struct rld *r);
/* At exit: before the first destructor, and after the last one but those of
 * auditors. */
void rld_audit_exit_begins(struct rld *r);
void rld_audit_exit_ends(struct rld *r);

/* d is an auditor or what one needs. */
static inline int is_auditors(const struct dso *d)
{
	return d->space && d->space->audits;
}

static inline void rld_set_audits(struct rld *r, int on)
{
	r->audits = on;
}

#pragma GCC visibility pop

#endif
