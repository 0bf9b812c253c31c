/* SPDX-License-Identifier: MIT */
/* The objects in search order, by name and by address; groups and namespaces. */
#ifndef RLD_LIST_H
#define RLD_LIST_H

#include "rld/base/base.h"
#include "rld/sym/sym.h"

#pragma GCC visibility push(hidden)

/* ---- list.c */
/* Takes over path, a heap string.  NULL: no memory; the caller keeps path. */
struct dso *rld_new_dso(struct rld *r, const char *name, char *path);
void rld_append(struct rld *r, struct dso *d);
/* d, which is in the list, becomes the last. */
void rld_move_last(struct rld *r, struct dso *d);
/* The first object behind all that were there when r->serial was `last`. */
struct dso *rld_after(struct rld *r, unsigned last);
/* The object that this file is already, by the identity rule (doc/binding.md);
 * searched: path was found by search; fd: the file, or -1.  NULL: none. */
struct dso *rld_same_file(struct rld *r, const struct statx *st,
			  const char *path, int searched, int fd);
void rld_unlink(struct rld *r, struct dso *d);
/* No name and no file leads to d any longer. */
void rld_forget_names(struct rld *r, struct dso *d);
/* d takes its place in the list before next, which is in its namespace. */
void rld_move_before(struct rld *r, struct dso *d, struct dso *next);
/* d's link_map has changed: its handle may be older than d.  d may be NULL. */
void rld_show_on_face(struct dso *d);
/* In the namespace s; rld_find_name: in the one of the load in progress, or the
 * program's. */
struct dso *rld_find_name_in(struct rld *r, const struct space *s,
			     const char *name);
struct dso *rld_find_name(struct rld *r, const char *name);
struct dso *rld_find_addr(struct rld *r, uintptr_t addr);
/* The chain of names in which one with this hash stands. */
struct alias *rld_name_chain(const struct rld *r, uint32_t hash);
/* -1: no memory.  An object that lacks a name is still known by its file. */
int rld_add_name(struct rld *r, struct dso *d, const char *name);
/* Everything reachable from root, breadth-first; heap array. */
struct dso **rld_closure(struct rld *r, struct dso *root, unsigned *n);
/* The first object that was not there at the start. */
struct dso *rld_first_dynamic(struct rld *r);
/* The object that handle is, or NULL with *e.  Lock held. */
struct dso *rld_valid(struct rld *r, void *handle, struct rld_err *e);
struct dso *rld_caller(struct rld *r, uintptr_t pc);

static inline void *rld_handle(struct dso *d)
{
	return d->face ? d->face : d;
}

/* ---- ranges.c */
/* ranges.c.  Fills *out for the object at addr: 1; -1: it has no table for
 * unwinders; 0: ask the list.  No lock, in signal handlers as well. */
int rld_find_range(struct rld *r, uintptr_t addr, struct dl_find_object *out);

/* ---- needs.c */
/* The object that should define v, a version that d needs; NULL: not loaded. */
struct dso *rld_version_owner(struct rld *r, const struct dso *d,
			      const struct elf_version *v);
int rld_defines_version(const struct dso *o, const struct elf_version *v);

/* ---- edges.c */
/* from uses something of to; -1: no memory. */
int rld_edge(struct dso *from, struct dso *to);
/* What d uses; that, and what uses d: the edges go. */
void rld_uses_forget(struct dso *d);
void rld_edges_forget(struct dso *d);
/* The same for a definition, which may be a unique one. */
int rld_use_dynamic(struct dso *from, const struct def *def);

static inline int rld_use(struct dso *from, const struct def *def)
{
	return def->dso->flags & (D_STARTUP | D_SELF) || def->dso == from ?
		       0 :
		       rld_use_dynamic(from, def);
}

/* ---- space.c: lock held */
struct space *rld_space_new(struct rld *r); /* held by nothing yet; or NULL */
struct space *rld_space_find(struct rld *r, Lmid_t id); /* or NULL */
/* s may be NULL.  It ends when nothing holds it any more. */
void rld_space_hold(struct space *s);
void rld_space_let_go(struct rld *r, struct space *s);

/* ---- group.c */
void rld_make_global(struct rld *r, struct dso *root);
int rld_join_group(struct rld *r, struct dso *root, struct rld_err *e);
/* x and all that it needs join g; -1: out of memory. */
int rld_extend_group(struct rld *r, struct group *g, struct dso *x);
/* gone is in no group any longer. */
void rld_leave_groups(struct rld *r, struct dso *gone);

/* d has left, and its address is still a handle. */
void rld_leave_handle(struct rld *r, struct dso *d);

/* ---- what others set */
/* rld keeps d for a moment; what remains when it lets go. */
static inline void dso_hold(struct dso *d)
{
	d->holds++;
}

static inline unsigned dso_let_go(struct dso *d)
{
	return --d->holds;
}

static inline void dso_set_file(struct dso *d, uint64_t dev, uint64_t ino)
{
	d->dev = dev;
	d->ino = ino;
}

static inline void dso_set_own(struct dso *d, struct group *g)
{
	d->own = g;
}

static inline void dso_set_global(struct dso *d, unsigned serial)
{
	d->global_serial = serial;
}

/* d is global from now on. */
static inline void rld_next_global(struct rld *r, struct dso *d)
{
	d->global_serial = ++r->global_serial;
}

static inline void dso_set_init(struct dso *d, enum init_state state)
{
	d->init = state;
}

/* For threads that look at it without the lock. */
static inline void dso_publish_init(struct dso *d, enum init_state state)
{
	__atomic_store_n(&d->init, state, __ATOMIC_RELEASE);
}

/* For threads that wait: not a store, see rld_unlock. */
static inline void dso_exchange_init(struct dso *d, enum init_state state)
{
	__atomic_exchange_n(&d->init, state, __ATOMIC_SEQ_CST);
}

/* Constructors or destructors of d are this thread's. */
static inline void dso_own_init(struct dso *d)
{
	d->init_owner = rld_self_id();
}

/* Objects that linger may leave by now, or have been asked. */
static inline void rld_set_lapsed(struct rld *r, int on)
{
	r->lapsed = on;
}

static inline void rld_set_new_hosts(struct rld *r)
{
	r->new_hosts = 1;
}

/* One that arrived and left again did neither, for dl_iterate_phdr. */
static inline void rld_count_undone(struct rld *r)
{
	r->adds--;
	r->subs--;
}

/* What is loaded from now on comes into s. */
static inline void rld_load_into(struct rld *r, struct space *s)
{
	r->space = s;
}

#pragma GCC visibility pop

#endif
