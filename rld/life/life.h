/* SPDX-License-Identifier: MIT */
/* Constructors and destructors, unloading, fork and exit. */
#ifndef RLD_LIFE_H
#define RLD_LIFE_H

#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/load/load.h"

#pragma GCC visibility push(hidden)

/* ---- fork.c */
/* Have libc tell of fork; if there is a second thread; at the start. */
void rld_watch_fork(struct rld *r);
void rld_watch_threads(struct rld *r);
/* own_malloc: the program has a malloc of its own. */
void rld_watch_fork_at_start(struct rld *r, int own_malloc);
/* Around what takes the lock of libc's list of functions for exit; not under
 * rld's own lock.  May be nested. */
void rld_exit_begin(struct rld *r);
void rld_exit_end(struct rld *r);
/* At the start, with the vault open. */
void rld_find_atexit(struct rld *r);

/* ---- undo.c */
/* What came after serial `last` goes again. */
void rld_undo(struct rld *r, unsigned last);

/* ---- news.c */
/* Constructors of what was loaded so, and the handler's news; no lock held. */
void rld_delay_init(struct rld *r);

/* ---- supply.c: as rld_delay_lookup, and what came is bound. */
int rld_supply(struct rld *r, const struct ref *ref, struct dso *from,
	       struct def *out, struct rld_err *e);
/* def, if ref's object waits for what it is in, stays as long as that object; if
 * it is on its way out, def becomes what comes in its place.  0: nothing does, or
 * *e. */
int rld_supply_kept(struct rld *r, const struct ref *ref, struct def *def,
		    struct rld_err *e);
/* In the members of a handle, delayed ones included. */
int rld_in_handle(struct rld *r, struct dso *d, struct ref *ref,
		  struct def *out, struct rld_err *e);

/* ---- turn.c */
enum turn_state {
	TURN_NEEDLESS, /* within another one of this thread, or none is due */
	TURN_TAKEN,
	TURN_PASSED, /* another thread's, which does not get on */
	TURN_OTHERS  /* not now */
};

/* Wait for this thread's turn to run constructors (d's, for messages) or
 * destructors; without the lock.  The first one does not wait. */
enum turn_state rld_turn_try(struct rld *r);
enum turn_state rld_turn_begin(struct rld *r, const struct dso *d);
void rld_turn_end(struct rld *r, enum turn_state t);
void rld_turn_in_child(struct rld *r);
/* fn in a turn, which ends however fn is left. */
void rld_in_turn(struct rld *r, const struct dso *d,
		 void (*fn)(struct rld *, void *), void *arg);

/* Personality routines, of frames that an exception of foreign code, or the end
 * of its thread, may go through: what was begun there is ended. */
enum { UNWIND_CLEANUP_PHASE = 2, UNWIND_CONTINUE = 8 };

typedef int rld_personality(int version, int actions, uint64_t class,
			    void *exception, void *context);
rld_personality rld_leave_walk, rld_leave_constructors, rld_leave_swap,
	rld_leave_module, rld_leave_initialiser, rld_leave_collect;
/* In the frame's function, which is not to be inlined. */
#define LEFT_BY(routine) \
	__asm__(".cfi_personality 0x1b, " #routine) /* pcrel, 4 bytes */

/* ---- module.c: __NAME__Init and __NAME__deInit */
/* d, and what it needs, are modules: those who are not yet will be asked when d is
 * initialised.  Lock held. */
void rld_module_mark(struct rld *r, struct dso *d);
/* fresh is to take the place of old, and its functions may be named so. */
void rld_module_follow(struct dso *fresh, const struct dso *old);
/* It could not be opened as one: what was not asked is no module. */
void rld_module_unmark(struct rld *r, struct dso *d);
/* d's initialiser.  0: it refuses.  again: its constructors ran before, and d->init is
 * to be put back. */
int rld_module_init(struct rld *r, struct dso *d, int again);
/* Before d's destructors. */
void rld_module_deinit(struct rld *r, struct dso *d);
/* Is d initialised as a module?  -1: *e, why not.  Lock held. */
int rld_module_check(struct rld *r, struct dso *d, struct rld_err *e);
/* Does this thread run the deinitialiser of what was loaded from this path? */
int rld_module_is_stopping(struct rld *r, const char *path);

/* Those who wait for d look again. */
static inline void rld_constructed(struct rld *r, struct dso *d)
{
	dso_exchange_init(d, INIT_DONE);
	/* whoever waits has said so before the kernel looks at d->init */
	if (__atomic_load_n(&r->waits, __ATOMIC_SEQ_CST))
		sys_futex_wake((int *)&d->init, INT32_MAX);
}

/* ---- order.c: lock held */
/* What root reaches (all, for NULL) and is not constructed, in that order; heap,
 * NULL when memory is short. */
struct dso **rld_order_of_init(struct rld *r, struct dso *root, unsigned *n);
/* The list of what is to be destroyed, as glibc has it at exit. */
void rld_order_at_exit(struct rld *r);

/* ---- init.c */
void rld_init_program(struct rld *r);
void rld_run_init(struct rld *r, struct dso *root);
void rld_run_init_held(struct rld *r, struct dso *root);

/* ---- fini.c */
void rld_run_fini(struct rld *r, struct dso *d);
void rld_fini_all(void);

/* ---- linger.c */
/* Set each object's `keep`. */
void rld_keep(struct rld *r);
/* Is there a closed object that stays, and has not been told so? */
int rld_linger_due(struct rld *r);
/* Those linger from now on: what others bound to them is taken back, but for
 * unique definitions. */
void rld_linger(struct rld *r);

/* ---- unload.c */
void rld_collect(struct rld *r);

#pragma GCC visibility pop

#endif
