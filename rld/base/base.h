/* SPDX-License-Identifier: MIT */
/* What rld is built on: bytes, system calls, the heap, messages, locks. */
#ifndef RLD_BASE_H
#define RLD_BASE_H

#include "rld/base/compat.h"
#include "rld/base/dso.h"
#include "rld/base/sealed.h"
#include "rld/base/state.h"
#include "rld/base/str.h"
#include "rld/base/sys.h"
#include "rld/base/upcall.h"

/* Declarations, too: an address of our own needs no GOT, so no relocation. */
#pragma GCC visibility push(hidden)

/* ---- heap.c: the loader's heap.  Blocks are zeroed. */
void *rld_alloc(size_t size);
void *rld_realloc(void *p, size_t size);
void rld_free(void *p);
char *rld_strdup(const char *s);
extern const char rld_no_memory[]; /* a text; rld_free takes it */

#ifdef RLD_FAULTS
extern API unsigned rld_fail_alloc;
#endif

/* For fork.  -1: this thread was interrupted in the heap, and has it. */
int rld_heap_hold(void);
void rld_heap_let_go(void);

/* ---- msg.c: errors and traces.  What leads to them is compiled out of the
 * way of the rest. */
/* Why something failed; text is a heap block of the holder, NULL when memory
 * was short.  The first failure is kept. */
struct rld_err {
	char *text;
	int set;
};

/* Record a failure; always -1.  Formats: %s %d %u %x %p %zu %c %%. */
int rld_fail(struct rld_err *e, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));
void rld_err_clear(struct rld_err *e);
/* A file's name with %p replaced by the process's number; heap. */
char *rld_with_pid(const char *name);
/* A heap string. */
char *rld_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* To fd as it is; what ends the process goes to stderr and to the log. */
#define RLD_FATAL (-1)
void rld_print(struct rld *r, int fd, const char *fmt, ...)
	__attribute__((cold, format(printf, 3, 4)));
/* "rld: TEXT" to stderr: what --check has found. */
void rld_problem(struct rld *r, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));
/* One more, which has been told. */
static inline void rld_count_problem(struct rld *r)
{
	r->problems++;
}

/* "rld: PROG: TEXT", exit status 127; with --list and --check 1. */
_Noreturn void rld_die(struct rld *r, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));

/* "rld[PID]: ", and that, to the log. */
void rld_trace(struct rld *r, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));
#define TRACE(r, what, ...)                                   \
	do {                                                  \
		if (__builtin_expect((r)->trace & (what), 0)) \
			rld_trace((r), __VA_ARGS__);          \
	} while (0)

/* ---- lock.c */
void rld_lock(struct rld *r);
void rld_unlock(struct rld *r);
int rld_holds_lock(const struct rld *r); /* this thread */
/* The half of an owner's word, whose lowest bit is set, to wait on. */
int *rld_futex_half(uintptr_t *owner);
/* Without waiting; 1: it is held.  Only a thread that does not hold it yet. */
int rld_trylock(struct rld *r);
/* Gives back what was kept for readers, if none is left. */
void rld_free_deferred(struct rld *r);

/* Between the two, nothing that a reader can come by is unmapped or freed.
 * Both may be called in signal handlers.  No foreign code in between but the
 * callback of dl_iterate_phdr.  The thread's own count is what remains of the
 * common one in the child of a fork: it is never the smaller of the two. */
static inline int rld_read_begin(struct rld *r)
{
	int k = (int)(__atomic_load_n(&r->epoch, __ATOMIC_RELAXED) & 1);

	rld_own_words(r)->reading[k]++;
	__atomic_fetch_add(&r->readers[k], 1, __ATOMIC_RELEASE);
	arch_barrier(); /* counted before anything is read */
	return k;
}

static inline void rld_read_end(struct rld *r, int k)
{
	__atomic_fetch_sub(&r->readers[k], 1, __ATOMIC_SEQ_CST);
	rld_own_words(r)->reading[k]--;
	if (__builtin_expect(
		    __atomic_load_n(&r->limbo, __ATOMIC_SEQ_CST) != NULL, 0))
		rld_free_deferred(r);
}

/* Lock held.  What was made unreachable before may go once readers have left:
 * waits a moment for them; one that stays (it may be this very thread, under a
 * signal handler) makes the next two keep their argument for later, until
 * the caller says rld_waited. */
void rld_wait_readers(struct rld *r);
void rld_free_later(struct rld *r, void *p);
void rld_unmap_later(struct rld *r, uintptr_t lo, uintptr_t hi);

/* After the last of them. */
static inline void rld_waited(struct rld *r)
{
	r->stuck = 0;
}

/* In the child of fork: no thread but this one waits or reads. */
static inline void rld_lock_in_child(struct rld *r)
{
	const struct tls_words *own = rld_own_words(r);

	r->readers[0] = own->reading[0];
	r->readers[1] = own->reading[1];
	r->lock_waiters = 0;
}

/* ---- process.c */
/* Value of an environment variable or NULL. */
const char *rld_getenv(struct rld *r, const char *name);
/* An entry of the aux vector, 0 if it is not there. */
uintptr_t rld_aux(const struct rld *r, uintptr_t type);
/* Take the first n arguments away; argc lies 16-aligned again. */
void rld_shift_args(struct rld *r, int n);
/* sp: where argc lies. */
void rld_read_stack(struct rld *r, uintptr_t *sp);
/* AT_SECURE: variables that steer loading vanish for the program, too. */
void rld_drop_variables(struct rld *r);

#pragma GCC visibility pop

#endif
