/* SPDX-License-Identifier: MIT */
/* What rld tells others. */
#ifndef RLD_DIAG_H
#define RLD_DIAG_H

#include "rld/base/base.h"
#include "rld/sym/sym.h"
#include "rld.h"

#pragma GCC visibility push(hidden)

/* ---- debugger.c */
void rld_debug_state(struct rld *r, int state);
/* n bytes were copied by a COPY relocation: they may be _r_debug. */
void rld_debug_copied(uintptr_t from, uintptr_t to, size_t n);

/* ---- tombstone.c */
int rld_tomb_add(struct rld *r, const struct dso *d, unsigned long long order);
/* Say what lay at this address; 0: nothing is known. */
/* The symbol at or before the address, if its object is known; NULL.  In signal
 * handlers. */
const char *rld_tomb_symbol(uintptr_t at, size_t *offset);
int rld_tomb_tell(struct rld *r, uintptr_t at);

/* ---- journal.c */
/* Where an object of this very file, unchanged since, was mapped last; 0: nowhere
 * that is known.  Something that stays may have kept addresses of it. */
uintptr_t rld_journal_place(const struct dso *d);
/* How many were unloaded so far. */
unsigned long long rld_journal_count(void);
/* Its name stays valid for a while. */
const char *rld_journal_add(struct rld *r, const struct dso *d);

/* ---- fault.c */
/* An address that stands for what is defined no more; touching it ends
 * in a message that names symbol, user and the object that is gone (NULL:
 * as told before). */
uintptr_t rld_trap(struct rld *r, const char *symbol, const struct dso *user,
		   const struct dso *gone, int is_function);
int rld_is_trap(uintptr_t at);
/* What that stands for: symbol, user, object.  0: it is none.  In signal handlers. */
int rld_trap_was(uintptr_t at, struct rld_was *out);
/* From now on, unless the program has a handler of its own. */
void rld_explain_faults(void);

/* ---- stat.c */
void rld_stat_relocs(struct rld *r, const struct dso *d);
void rld_stat_print(struct rld *r);

/* Neither is counted nor told where that was not asked for. */
static inline int rld_counts(const struct rld *r)
{
	return __builtin_expect(r->trace & (TR_STAT | TR_RECORD), 0) != 0;
}

/* ---- record.c: the record (doc/record.md) and the trace of bindings.  Callers ask TR_RECORD of
 * r->trace first: all this lies apart from what each start runs. */
/* --record=FILE (%p: the process), --record-fd=N.  0, or -errno. */
int rld_record_file(struct rld *r, const char *file);
int rld_record_fd(struct rld *r, const char *number);

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
	return __builtin_expect(r->trace & (TR_BIND | TR_REFS | TR_FOLLOW),
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
/* A swap is refused: from uses this symbol of d, which its successor lacks. */
void rld_record_bound_by(struct rld *r, struct dso *d, struct dso *from,
			 const char *symbol);
void rld_record_delay(struct rld *r, struct dso *from, const char *name,
		      const char *symbol, struct dso *d, const char *error);
/* In the child of fork, where the kernel does not wipe what was the parent's. */
void rld_record_in_child(void);

/* ---- hint.c: what messages add.  Each answer is a heap string, "" where there is
 * nothing to add; NULL: no memory.  %s of a NULL prints nothing. */
/* ref was looked up, and nothing serves it.  Lock held, or at the start. */
char *rld_hint_undefined(struct rld *r, const struct ref *ref);
/* o lacks version v. */
char *rld_hint_version(const struct dso *o, const struct elf_version *v);
/* Program name, which is not there. */
char *rld_hint_path(struct rld *r, const char *name);
/* The word nearest to `word` of those in words that stand behind lead. */
char *rld_hint_word(const char *words, const char *lead, const char *word);

/* ---- event.c: telling listeners */
int rld_event_wanted(unsigned what);
/* Call the listeners that want it; the answer is that of RLD_EVENT_UNRESOLVED. */
void *rld_emit(const struct rld_event *ev);
struct rld_event rld_event_of(unsigned what, struct dso *d);
/* One object's event; no lock held. */
void rld_tell(struct rld *r, struct dso *d, unsigned what);
/* All that arrived and are initialised; no lock held. */
void rld_tell_loaded(struct rld *r);
/* `from` calls a function that no object defines. */
void *rld_ask_unresolved(const struct dso *from, const char *symbol);

/* ---- buildid.c, journal.c */
void rld_build_id_in(const struct elf_view *v, struct rld_gone *g);
void rld_build_id(const struct dso *d, struct rld_gone *g);
/* What lay at this address; NULL: nothing that is known. */
const struct rld_gone *rld_journal_at(uintptr_t at);

/* --record-times */
static inline void rld_record_no_bindings(struct rld *r)
{
	r->trace = (r->trace | TR_TIMES) & ~(unsigned)TR_REFS;
}

/* Tell this, too: TR_*. */
static inline void rld_trace_more(struct rld *r, unsigned what)
{
	r->trace |= what;
}

#pragma GCC visibility pop

#endif
