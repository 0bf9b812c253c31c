/* SPDX-License-Identifier: MIT */
/* Threads and their thread-local storage: thread.c, tls.c and statictls.c. */
#ifndef RLD_TLS_H
#define RLD_TLS_H

#include "rld/internal.h"

/* A thread's blocks of dynamic modules, by number.  A table that is too small
 * gets a newer one before it, which begins empty, and stays: what the newer one
 * lacks is looked for in the older ones.  So no moment of this is one at which
 * a signal handler could not touch a variable. */
struct table {
	struct table *older;
	size_t n; /* slots */
	void *slot[];
};

/* What rld keeps of a thread: made when it is first needed. */
struct thread {
	struct thread *next, **prev;
	struct table *table; /* the newest */
	char *error;	     /* pending dlerror text */
	char *last_error;    /* handed out by dlerror */
	int rounds;
	int tid;	    /* known when it has destructors */
	int ending;	    /* its destructors have begun to run */
	struct dtor *dtors; /* owned by thread.c; under the writer lock */
	unsigned queued;    /* so many of them were given to libc */
};

/* The calling thread's record, or NULL when it has none yet. */
struct thread *rld_thread_here(void);
/* Of the start's one thread. */
extern struct thread rld_early_thread __attribute__((visibility("hidden")));
/* libc's key whose value is the thread's record. */
extern unsigned rld_thread_key __attribute__((visibility("hidden")));
/* A function of libc's that has to do with threads; 0: it has none. */
uintptr_t rld_of_threads(struct rld *r, const char *name);
/* This thread's; one for all before there is a libc.  NULL: memory is short. */
struct thread *rld_thread(void);
/* All that were made; under the TLS lock. */
extern struct thread *rld_threads;

/* tlsblock.c: a block of d's variables with their initial values, or NULL. */
void *rld_tls_new_block(struct rld *r, const struct dso *d);
/* Foreign code may run: without a lock, or later. */
void rld_tls_free_block(void *block);
/* Under the TLS lock. */
void rld_tls_free_block_later(void *block);

/* All that a thread has had, which touches nothing any more. */
void rld_tls_free_blocks(struct thread *t);
/* d's number is free again, and its blocks with it. */
void rld_tls_unregister(struct dso *d);
/* alone.c: is this the only thread?  When that is not known: no.  patient: one
 * that has been joined and is not buried yet is waited for. */
int rld_tls_alone(int patient);
/* At the start: an emulator's own threads do not count. */
void rld_tls_count_emulator(void);

/* carrier.c: a place for d, which has come late, in libc's static block, with
 * the initial values of its file; and, once what arrives is relocated, those
 * that it has by then, in all threads. */
int rld_carrier_open(struct rld *r, struct dso *d, struct rld_err *e);
int rld_carrier_finish(struct rld *r, struct rld_err *e);
void rld_carrier_close(struct rld *r, const struct dso *d);
/* p_paddr of a carrier's first program header. */
#define RLD_CARRIER 0x72646c54

#endif
