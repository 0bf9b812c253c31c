/* SPDX-License-Identifier: MIT */
/* Threads and thread-local storage. */
#ifndef RLD_TLS_H
#define RLD_TLS_H

#include "rld/base/base.h"

#pragma GCC visibility push(hidden)

/* A thread's blocks of dynamic modules, by number.  A table that is too small
 * gets a newer one before it, which begins empty, and stays: what the newer one
 * lacks is looked for in the older ones.  So no moment of this is one at which
 * a signal handler could not touch a variable. */
struct tls_table {
	struct tls_table *older;
	size_t n; /* slots */
	void *slot[];
};

/* What rld keeps of a thread: made when it is first needed. */
struct thread {
	struct thread *next, **prev;
	struct tls_table *table; /* the newest */
	char *error;		 /* pending dlerror text */
	char *last_error;	 /* handed out by dlerror */
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

/* ---- tls.c */
int rld_tls_register(struct rld *r, struct dso *d, struct rld_err *e);
/* What __tls_get_addr is given for a variable that is gone; 0 stands for one
 * that was never defined, a weak one. */
#define RLD_TLS_LOST 4096
void *rld_tls_addr(struct rld *r, struct dso *d, int allocate);
uintptr_t rld_tls_slow(void *pair, void *unused);
/* Where libc's own thread-local storage lies is asked for when it is wanted. */
void rld_host_tls(struct rld *r);

/* ---- static.c */
int rld_tls_make_static(struct rld *r, struct dso *d, struct rld_err *e);
void rld_tls_layout(struct rld *r);
int rld_tls_late_layout(struct rld *r, struct rld_err *e);
void rld_tls_install(struct rld *r, unsigned char *image);
/* Those from first on are relocated: their initial values into static blocks. */
int rld_tls_late_images(struct rld *r, struct dso *first, struct rld_err *e);
void rld_tls_release(struct rld *r, struct dso *d);

/* ---- block.c */
/* tlsblock.c: blocks that were let go under a lock. */
void rld_tls_free_waiting(void);

/* ---- thread.c */
void rld_tls_lock(void);
void rld_tls_unlock(void);
/* For fork, with all signals blocked by the caller. */
void rld_tls_hold(void);
void rld_tls_let_go(void);
char **rld_thread_error(void); /* NULL: no memory for this thread's */
/* A call of the dlopen family that succeeds takes back what an earlier one
 * said. */
void rld_forget_error(void);
char **rld_thread_last_error(void);
/* For this thread's dlerror; takes the text. */
void rld_keep_error(struct rld_err *e);

/* ---- dtors.c */
void rld_thread_dtors(void);
void rld_thread_exit(void *record);
/* Is the calling thread ending?  Others' destructors must not run in it. */
int rld_thread_is_ending(void);
/* Pending destructors of d's thread_local objects: in this thread; and a call
 * of fn for each thread that has some.  Lock held. */
unsigned rld_dtors_here(const struct dso *d);
void rld_dtors_each(struct rld *r, const struct dso *d,
		    void (*fn)(struct rld *, const struct dso *, unsigned n,
			       int tid));
/* The newest of this thread's whose object is KEEP_DUE runs; 0: there is none.
 * Lock held, and given up meanwhile. */
int rld_dtors_run_due(struct rld *r);
/* d leaves: what still waits for it never runs. */
void rld_dtors_forget(struct rld *r, const struct dso *d);

/* ---- inner.c */
/* The list of what libc's own loader has loaded. */
static inline struct r_debug *rld_inner_debug(const struct rld *r)
{
	return (struct r_debug *)*r->host.inner_debug;
}

/* What opens objects by libc's own loader; mode is a part of each call's. */
struct inner_loader {
	void *(*open)(const char *, int);
	int (*close)(void *);
	char *(*error)(void); /* or NULL */
	int mode;
};

/* -1: it was not found. */
int rld_host_loader(struct rld *r, struct inner_loader *in);
/* The first place of a text from at on, which is in segment p of d; or NULL. */
char *rld_find_text(const struct dso *d, const ElfW(Phdr) *p, char *at,
		    const char *text, size_t n);
/* Is there a text of n bytes in what libc's own loader is made of? */
bool rld_host_has_text(const struct rld *r, const char *text, size_t n);

#pragma GCC visibility pop

#endif
