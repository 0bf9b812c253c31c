/* SPDX-License-Identifier: MIT */
/* The one writer lock, a futex; and the grace that readers get: doc/threads.md
 * says what orders what. */
#include "rld/base/base.h"

/* The lock is one word, which names its holder: a signal handler, and with it
 * the fork that it may call, never meets it half taken.  The lowest bit is set
 * so that the half that the kernel waits on is never 0. */
static uintptr_t holder_id(void)
{
	return rld_self_id() | 1;
}

/* The half of *owner that tells threads apart. */
int *rld_futex_half(uintptr_t *owner)
{
	return (int *)(void *)owner +
	       (ARCH_DATA == ELFDATA2MSB && sizeof *owner > sizeof(int));
}

static int lock_if_free(struct rld *r)
{
	uintptr_t free_word = 0;

	return __atomic_compare_exchange_n(&r->lock, &free_word, holder_id(), 0,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

int rld_holds_lock(const struct rld *r)
{
	return __atomic_load_n(&r->lock, __ATOMIC_RELAXED) == holder_id();
}

void rld_lock(struct rld *r)
{
	if (!r->fork_watched && VAULT->up.watch_threads)
		VAULT->up.watch_threads(r);
	if (rld_holds_lock(r)) {
		r->lock_depth++;
		return;
	}
	for (unsigned spin = 0; !lock_if_free(r); spin++) {
		uintptr_t owner;

		if (spin < 100) {
			arch_pause();
			continue;
		}
		__atomic_fetch_add(&r->lock_waiters, 1, __ATOMIC_SEQ_CST);
		owner = __atomic_load_n(&r->lock, __ATOMIC_SEQ_CST);
		if (owner)
			sys_futex_wait(rld_futex_half(&r->lock), (int)owner);
		__atomic_fetch_sub(&r->lock_waiters, 1, __ATOMIC_SEQ_CST);
	}
}

static void release(struct rld *r)
{
	/* not at the lock: a lookup in the midst of a change must know, too */
	__atomic_store_n(&r->changes, r->changes + 1, __ATOMIC_RELEASE);
	/* not a store: qemu 7.2 lets aarch64's pass the load that follows */
	__atomic_exchange_n(&r->lock, (uintptr_t)0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->lock_waiters, __ATOMIC_SEQ_CST))
		sys_futex_wake(rld_futex_half(&r->lock), 1);
}

void rld_unlock(struct rld *r)
{
	if (r->lock_depth) {
		r->lock_depth--;
		return;
	}
	release(r);
	if (__builtin_expect(
		    __atomic_load_n(&r->limbo, __ATOMIC_SEQ_CST) != NULL, 0))
		rld_free_deferred(r);
}

int rld_trylock(struct rld *r)
{
	return lock_if_free(r);
}

struct limbo {
	struct limbo *next;
	void *heap;	  /* or NULL */
	uintptr_t lo, hi; /* a mapping */
};

/* Those counted under k that are not this very thread, which would wait for
 * itself; a signal handler's thread is among them. */
static int others(const struct rld *r, unsigned k)
{
	return __atomic_load_n(&r->readers[k], __ATOMIC_SEQ_CST) -
	       rld_own_words(r)->reading[k];
}

/* Did all that counted themselves under k leave? */
static int left(const struct rld *r, unsigned k)
{
	for (int i = 0; i < 3000 && others(r, k) > 0; i++)
		if (i < 1000)
			arch_pause();
		else /* one that was interrupted gets a processor */
			sys1(__NR_sched_yield, 0);
	return !__atomic_load_n(&r->readers[k], __ATOMIC_SEQ_CST);
}

/* Twice: a reader may have read the epoch before the first turn and counted
 * itself after it. */
void rld_wait_readers(struct rld *r)
{
	struct limbo *l;

	r->stuck = 0;
	for (int turn = 0; turn < 2 && !r->stuck; turn++) {
		unsigned k = __atomic_fetch_add(&r->epoch, 1, __ATOMIC_SEQ_CST);

		r->stuck = !left(r, k & 1);
	}
	while (!r->stuck && (l = r->limbo)) {
		r->limbo = l->next;
		rld_free(l->heap);
		if (l->hi)
			sys_munmap(l->lo, l->hi - l->lo);
		rld_free(l);
	}
}

static int any_reader(const struct rld *r)
{
	return __atomic_load_n(&r->readers[0], __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&r->readers[1], __ATOMIC_SEQ_CST);
}

/* The last reader to leave, or the writer that kept something while it left,
 * gives back what was kept.  A thread that finds the lock taken leaves it to
 * the holder, which comes here after it has given the lock back. */
void rld_free_deferred(struct rld *r)
{
	while (__atomic_load_n(&r->limbo, __ATOMIC_SEQ_CST) && !any_reader(r) &&
	       rld_trylock(r)) {
		rld_wait_readers(r);
		r->stuck = 0;
		release(r);
	}
}

static void keep(struct rld *r, struct limbo what)
{
	struct limbo *l = rld_alloc(sizeof *l);

	if (!l)
		return; /* lost rather than pulled away */
	*l = what;
	l->next = r->limbo;
	__atomic_store_n(&r->limbo, l, __ATOMIC_SEQ_CST);
}

void rld_free_later(struct rld *r, void *p)
{
	if (p && r->stuck)
		keep(r, (struct limbo){ .heap = p });
	else
		rld_free(p);
}

void rld_unmap_later(struct rld *r, uintptr_t lo, uintptr_t hi)
{
	if (r->stuck)
		keep(r, (struct limbo){ .lo = lo, .hi = hi });
	else
		sys_munmap(lo, hi - lo);
}
