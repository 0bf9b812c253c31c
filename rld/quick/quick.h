/* SPDX-License-Identifier: MIT */
/* Quickstart: the answers of an earlier start (doc/quickstart.md).  Where each is
 * shown to hold still, nothing is searched for and no symbol is looked up. */
#ifndef RLD_QUICK_H
#define RLD_QUICK_H

#include "elf/quickfile.h"
#include "rld/base/base.h"
#include "rld/sym/sym.h"

#pragma GCC visibility push(hidden)

/* While the start uses kept answers; heap. */
struct quick {
	struct quick_file f;
	uintptr_t at; /* where the file is mapped */
	size_t size;
	uint32_t next;	  /* the object that is loaded next */
	int bound;	  /* the bindings are used, not the paths alone */
	struct dso *by[]; /* the object of each number; NULL: not yet */
};

/* ---- use.c */
/* Before the program's liblist is read: r->quick, if there are answers for this
 * program that hold. */
void rld_quick_begin(struct rld *r);
/* No more of them is used, for this reason. */
void rld_quick_drop(struct rld *r, const char *what, const char *why)
	__attribute__((cold));
/* The object that was loaded next under that name, and is of libc's family or
 * not; NULL: it has to be searched for. */
const struct quick_object *rld_quick_next(struct rld *r, const char *name,
					  int host);
/* The path of o, which is of libc's family; heap.  NULL: search as usual. */
char *rld_quick_host(struct rld *r, const struct quick_object *o,
		     const char *name);
/* A descriptor of the file at o's path; or -1. */
int rld_quick_open(struct rld *r, const struct quick_object *o, char **path);
/* The file at o's path, open as fd, has become d, which may be NULL: was it as it
 * was, when it was opened and now that it is mapped? */
void rld_quick_loaded(struct rld *r, const struct quick_object *o,
		      struct dso *d, int fd);
void rld_quick_noted(struct rld *r, struct dso *d);
/* All objects are there.  1: from here on references need not be looked up. */
int rld_quick_complete(struct rld *r);
/* The start has bound all that it binds. */
void rld_quick_end(struct rld *r);

static inline const struct quick_file *rld_quick_file(const struct rld *r)
{
	return r->quick && r->quick->bound ? &r->quick->f : NULL;
}

/* d's file as it was when it was opened. */
static inline struct quick_stamp rld_quick_stamp(const struct dso *d)
{
	return (struct quick_stamp){ .dev = d->dev,
				     .ino = d->ino,
				     .size = d->stamp.size,
				     .mtime = d->stamp.mtime.tv_sec,
				     .ctime = d->stamp.ctime.tv_sec,
				     .mtime_nsec = d->stamp.mtime.tv_nsec,
				     .ctime_nsec = d->stamp.ctime.tv_nsec };
}

static inline const char *rld_quick_string(const struct rld *r, uint32_t at)
{
	return r->quick->f.string + at;
}

/* What symbol sym of d means: QUICK_ASK, _NOBODY, _MISSING, or _OWN with *def. */
static inline unsigned rld_quick_answer(const struct rld *r, struct dso *d,
					uint32_t sym, struct def *def)
{
	uint32_t a = d->answers && r->quick ? d->answers[sym] : QUICK_ASK;

	if (a < QUICK_OWN)
		return a;
	def->dso = d;
	if (a != QUICK_OWN) {
		const struct quick *q = r->quick;
		const struct quick_target *t = &q->f.target[a - QUICK_TARGET];

		if (t->object & QUICK_OFFERED && r->as_command)
			return QUICK_ASK;
		def->dso = q->by[t->object & ~QUICK_OFFERED];
		sym = t->sym;
	}
	def->sym = &def->dso->dyn.symtab[sym];
	return QUICK_OWN;
}

/* ---- make.c */
/* --check has bound the program: its answers to r->quick_fd.  Ends the process
 * where they cannot be kept. */
void rld_quick_write(struct rld *r) __attribute__((cold));

/* What tells a file from what it was. */
static inline struct quick_stamp quick_stamp_of(const struct statx *st)
{
	return (struct quick_stamp){ .dev = sys_dev(st),
				     .ino = st->stx_ino,
				     .size = st->stx_size,
				     .mtime = st->stx_mtime.tv_sec,
				     .ctime = st->stx_ctime.tv_sec,
				     .mtime_nsec = st->stx_mtime.tv_nsec,
				     .ctime_nsec = st->stx_ctime.tv_nsec };
}

#pragma GCC visibility pop

#endif
