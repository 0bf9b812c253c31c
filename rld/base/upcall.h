/* SPDX-License-Identifier: MIT */
/* The calls that run up: from the lock and from a thread's record to what stands
 * above them.  Written once, at the start, into sealed data.
 *
 * Beside them, five functions are called by nothing in rld/: arch/NAME/start.S
 * jumps to rld_start and rld_stage2, arch/NAME/resolve.S to rld_bind_slot,
 * rld_bind_got and rld_tls_slow.  scripts/layers knows these names,
 * those of the record at the end of this file, and no others. */
#ifndef RLD_UPCALL_H
#define RLD_UPCALL_H

#include "rld/base/state.h"

struct upcalls {
	/* There may be a second thread by now: life/fork.c. */
	void (*watch_threads)(struct rld *r);
	/* libc's key destructor, of a thread's record: tls/dtors.c. */
	void (*thread_exit)(void *record);
};

/* What the record (diag/record.c, which reads the objects' members and calls nothing
 * of theirs) is told from below.  Callers ask rld_recording first. */
#pragma GCC visibility push(hidden)

static inline int rld_recording(const struct rld *r)
{
	return __builtin_expect(r->trace & TR_RECORD, 0) != 0;
}

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
/* A message. */
void rld_record_error(struct rld *r, const char *text);
/* The last line. */
void rld_record_end(struct rld *r);

#pragma GCC visibility pop

#endif
