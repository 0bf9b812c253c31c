/* SPDX-License-Identifier: MIT */
/* Objects arrive and wait. */
#ifndef RLD_LOAD_H
#define RLD_LOAD_H

#include "rld/base/base.h"
#include "rld/list/list.h"
#include "rld.h"

#pragma GCC visibility push(hidden)

/* ---- discard.c */
void rld_free_dso(struct rld *r, struct dso *d);
void rld_delay_forget(struct rld *r, struct dso *d);
/* What came after serial `last`, to which nothing is bound yet, goes again. */
void rld_discard(struct rld *r, unsigned last);
void rld_remove(struct rld *r, struct dso *d);

/* ---- load.c */
/* Say in *e whose liblist it was. */
void rld_needed_by(struct rld *r, const struct dso *d, struct rld_err *e);
/* Fill d's liblist and its marks; filters are loaded at once. */
int rld_read_liblist(struct rld *r, struct dso *d, struct rld_err *e);
/* Load name for from; the object enters the list (D_NEW) unless it is there.
 * NULL with *e. */
struct dso *rld_load(struct rld *r, const char *name, struct dso *from,
		     struct rld_err *e);
/* As above, though an object of that name is loaded: another may be meant. */
struct dso *rld_load_new(struct rld *r, const char *name, struct dso *from,
			 struct rld_err *e);

/* ---- needed.c */
/* Load the liblists of every object from first on, breadth-first. */
int rld_load_needed(struct rld *r, struct dso *first, struct rld_err *e);
int rld_check_versions(struct rld *r, struct dso *d, struct rld_err *e);
/* Liblists, TLS and versions of what came, first and after; mode as dlopen. */
int rld_bring_in(struct rld *r, struct dso *first, int mode, struct rld_err *e);

/* ---- version.c: interface versions */
/* Does d, asked for by name, serve a user of version `want`?  flags are those of the
 * liblist entry. */
int rld_serves(struct rld *r, const struct dso *d, const char *name,
	       const char *want, unsigned flags);
/* The loaded object of that name that serves users of `want` (NULL: any). */
struct dso *rld_find_version(struct rld *r, const struct space *s,
			     const char *name, const char *want,
			     unsigned flags);
/* rld_load with a version; entry i of o's liblist. */
struct dso *rld_load_version(struct rld *r, const char *name, const char *want,
			     unsigned flags, struct dso *from,
			     struct rld_err *e);
struct dso *rld_load_entry(struct rld *r, struct dso *o, unsigned i,
			   struct rld_err *e);

/* ---- marks.c */
/* A file's note; -1 when it is malformed. */
int rld_read_note(struct rld *r, struct dso *d, struct rld_err *e);
/* What is said of entry i of d's liblist; -1: no memory. */
int rld_mark_entry(struct rld *r, struct dso *d, unsigned i, uintptr_t posflag);
/* A warning for each name of --delay-load that is in no liblist. */
void rld_tell_unneeded(struct rld *r);

/* ---- delay.c */
/* Has d an entry that waits for x, which another's has brought by now? */
int rld_delay_due(const struct dso *d, const struct dso *x);
/* Those entries wait no longer: x stays as long as d does, and is constructed
 * before it is called.  0: *e. */
int rld_delay_keep(struct rld *r, struct dso *d, struct dso *x,
		   struct rld_err *e);
/* No loaded object defines ref: load the library that would, for `from`.
 * Lock held.  1: *out is set, and rld_delay_init is due, and what came
 * is yet to be bound; 0: none; *e tells of a library that was wanted and cannot
 * be loaded. */
int rld_delay_lookup(struct rld *r, const struct ref *ref, struct dso *from,
		     struct def *out, struct rld_err *e);
/* The same for dlsym: only through the liblists of what root reaches. */
int rld_delay_in(struct rld *r, const struct ref *ref, struct dso *root,
		 struct def *out, struct rld_err *e);
/* Would it, or can it not be known?  Loads nothing. */
int rld_delay_would(struct rld *r, const struct ref *ref, struct dso *from);
/* Look into the file of entry i; NULL with *e when it cannot be found. */
const char *rld_delay_path(struct rld *r, struct dso *d, unsigned i,
			   struct rld_err *e);

/* ---- adopt.c */
/* The name in that family of d, a file that is mapped; NULL: it is not of it. */
const char *rld_host_file(struct rld *r, struct dso *d);
/* What libc's own loader has mapped under this name, entered nowhere. */
struct dso *rld_inner_object(struct rld *r, const char *name);
/* name is the family's, path a heap string that is taken over. */
struct dso *rld_host_note(struct rld *r, const char *name, char *path);
struct dso *rld_host_late(struct rld *r, const char *name, const char *path);
void rld_host_adopt(struct rld *r);

/* ---- revive.c */
/* The object that lingers and is this very file, unchanged: it is loaded again,
 * with all that it needs.  NULL: none. */
struct dso *rld_revive(struct rld *r, const struct statx *st, const char *path,
		       int searched);
/* The dlopen in progress failed, or is done. */
void rld_revive_undo(struct rld *r);
void rld_revive_done(struct rld *r);
void rld_set_life(struct dso *d, enum life life);
struct stamp rld_stamp(const struct statx *st);

/* ---- delay.c, peek.c: libraries that wait, and looking into files that are not
 * loaded */
struct delay_news {
	struct delay_news *next;
	char *owner, *library, *symbol;
	unsigned serial;  /* of the object */
	uintptr_t thread; /* that loaded it, and tells */
};

void rld_free_news(struct delay_news *n);
/* This thread's first news, taken off the list. */
struct delay_news *rld_delay_news(struct rld *r);

/* The file that name means to from; NULL with *e. */
struct peek *rld_look_into(struct rld *r, const char *name, struct dso *from,
			   struct rld_err *e);
/* The same for a user that wants an interface version (NULL: any). */
struct peek *rld_look_version(struct rld *r, const char *name, const char *want,
			      unsigned flags, struct dso *from,
			      struct rld_err *e);
/* Its tables: symbols, versions, note. */
const struct dso *rld_look_tables(const struct peek *p);
const char *rld_look_path(const struct peek *p);
/* Its build-id. */
const struct rld_gone *rld_look_id(const struct peek *p);
void rld_look_away(struct peek *p);
/* marks.c: d's note, read through v, which holds d's tables; -1 with *why. */
int rld_notes_of(const struct elf_view *v, struct dso *d, const char **why);
/* The user's handler: an address that serves the call, or NULL. */
void *rld_delay_failed(struct rld *r, const struct dso *from,
		       const char *symbol, const char *error);

/* ---- what others set */
static inline void dso_drop_needs(struct dso *d)
{
	d->nneed = 0;
}

/* The file that it is of. */
static inline void dso_set_stamp(struct dso *d, const struct statx *st)
{
	d->stamp = rld_stamp(st);
}

static inline void dso_set_note(struct dso *d, const struct rldnote *note)
{
	d->note = (struct rldnote *)(uintptr_t)note;
}

static inline void dso_set_module(struct dso *d, enum module_state state)
{
	d->module = state;
}

/* What others bound to d has been taken back, or is there again. */
static inline void dso_set_retracted(struct dso *d, unsigned char on)
{
	d->retracted = on;
}

static inline void dso_set_why_it_lingers(struct dso *d, enum life life)
{
	d->life = life;
}

static inline void rld_count_linger(struct rld *r)
{
	r->nlinger++;
}

/* d keeps t. */
static inline void dso_add_tlsdesc(struct dso *d, struct tlsdesc *t)
{
	t->next = d->tlsdesc;
	d->tlsdesc = t;
}

/* Load the next file though it is loaded already; map private copies. */
static inline void rld_set_fresh(struct rld *r, int on)
{
	r->fresh = on;
}

static inline void rld_set_snapshot(struct rld *r, int on)
{
	r->snapshot = on;
}

static inline void rld_delay_done(struct rld *r)
{
	r->delay_pending = 0;
}

static inline void rld_mend_done(struct rld *r)
{
	r->mend_due = 0;
}

#pragma GCC visibility pop

#endif
