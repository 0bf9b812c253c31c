/* SPDX-License-Identifier: MIT */
/* The record (doc/record.md) and the trace of bindings.  Callers ask TR_RECORD of
 * r->trace first: all this lies apart from what each start runs. */
#ifndef RLD_RECORD_H
#define RLD_RECORD_H

#include "rld/internal.h"

struct reloc;

static inline int rld_recording(const struct rld *r)
{
	return __builtin_expect(r->trace & TR_RECORD, 0) != 0;
}

/* --record=FILE (%p: the process), --record-fd=N.  0, or -errno. */
int rld_record_file(struct rld *r, const char *file);
int rld_record_fd(struct rld *r, const char *number);

/* A place where a file was looked for. */
struct tried {
	const char *path, *rule;
	const char *element;	 /* of a list; NULL: none */
	size_t len;		 /* of element, bytes */
	struct dso *of;		 /* whose RPATH or RUNPATH; NULL */
	const char *result, *is; /* is: what it is instead, or NULL */
};
/* Each place in turn, then the search as a whole.  Lock held, or at the start. */
void rld_record_tried(struct rld *r, const struct tried *t);
void rld_record_search(struct rld *r, const char *name, struct dso *from,
		       const char *found);
/* d, which may not be in the list yet, was mapped; goes. */
void rld_record_loaded(struct rld *r, struct dso *d);
void rld_record_unloaded(struct rld *r, struct dso *d);
/* What arrived from first on: objects, liblists, versions. */
void rld_record_arrived(struct rld *r, struct dso *first);

struct binding {
	struct dso *from; /* the referrer */
	const struct ref *ref;
	const struct def *def;	 /* NULL: nothing defines it */
	const struct reloc *rel; /* NULL: dlsym */
	const char *when;
	const char *reason; /* without def */
	int is_weak;	    /* the reference */
	const char *by;	    /* of dlsym: the rule, where it is not the list */
};
/* For the trace, and for the record where one is written.  May be called in a
 * signal handler. */
void rld_tell_binding(struct rld *r, const struct binding *b);
static inline int rld_tells_bindings(const struct rld *r)
{
	return __builtin_expect((r->trace & (TR_BIND | TR_RECORD)) || r->follow,
				0) != 0;
}

/* Nanoseconds since the record began. */
unsigned long long rld_record_time(void);
/* Constructors ("init") or destructors ("fini") of d ran from `began` until
 * now. */
void rld_record_ran(struct rld *r, const char *event, struct dso *d,
		    unsigned long long began);
/* A part of the start ends. */
void rld_record_phase(struct rld *r, const char *name);
/* The relocation of d begins, that of the one before it is done; NULL: all is
 * done.  Lock held, or at the start. */
void rld_record_relocates(struct rld *r, struct dso *d);
/* All that is there at the start is bound: from here on there are constructors,
 * threads, signals and forks.  The program is entered. */
void rld_record_bound(struct rld *r);
void rld_record_entered(struct rld *r);
void rld_record_open(struct rld *r, const char *name, struct dso *from,
		     int mode, struct dso *d, const char *error);
/* d loses a handle; its number, for the second, when what leaves has left. */
unsigned rld_record_close(struct rld *r, struct dso *d, struct dso *from);
void rld_record_held(struct rld *r, unsigned id);
void rld_record_delay(struct rld *r, struct dso *from, const char *name,
		      const char *symbol, struct dso *d, const char *error);
/* In the child of fork, where the kernel does not wipe what was the parent's. */
void rld_record_in_child(void);
/* A message. */
void rld_record_error(struct rld *r, const char *text);
/* The last line. */
void rld_record_end(struct rld *r);

#endif
