/* The one writer lock, a futex; and the grace that readers get: doc/threads.md
 * says what orders what. */
#include "rld/internal.h"

static int watched; /* libc has been asked to tell of fork */

/* Fork concerns who has more than one thread.  1: this process has not. */
static int is_alone(struct rld *r)
{
	static const char *single;
	struct ref ref = { .name = "__libc_single_threaded", .newest = 1 };
	struct def def;
	int k;

	if (!single) {
		ref.hash = elf_gnu_hash(ref.name);
		k = rld_read_begin(r);
		if (rld_lookup(r, &ref, &def))
			single = (const char *)rld_sym_addr(def.dso, def.sym);
		rld_read_end(r, k);
	}
	return single && *(const volatile char *)single;
}

void rld_watch_threads(struct rld *r)
{
	if (!watched && r->started && !is_alone(r))
		rld_watch_fork(r);
}

void rld_lock(struct rld *r)
{
	uintptr_t self = rld_self_id();

	if (!watched)
		rld_watch_threads(r);
	if (__atomic_load_n(&r->lock_owner, __ATOMIC_RELAXED) == self) {
		r->lock_depth++;
		return;
	}
	for (unsigned spin = 0;; spin++) {
		int free = 0;

		if (__atomic_compare_exchange_n(&r->lock, &free, 1, 0,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			break;
		if (spin < 100) {
			arch_pause();
			continue;
		}
		__atomic_fetch_add(&r->lock_waiters, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&r->lock, __ATOMIC_SEQ_CST))
			sys_futex_wait(&r->lock, 1);
		__atomic_fetch_sub(&r->lock_waiters, 1, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&r->lock_owner, self, __ATOMIC_RELAXED);
	r->lock_depth = 1;
}

void rld_unlock(struct rld *r)
{
	if (--r->lock_depth)
		return;
	/* not at the lock: a lookup in the midst of a change must know, too */
	__atomic_store_n(&r->changes, r->changes + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&r->lock_owner, (uintptr_t)0, __ATOMIC_RELAXED);
	/* not a store: qemu 7.2 lets aarch64's pass the load that follows */
	__atomic_exchange_n(&r->lock, 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->lock_waiters, __ATOMIC_SEQ_CST))
		sys_futex_wake(&r->lock, 1);
}

int rld_trylock(struct rld *r)
{
	int free = 0;

	if (!__atomic_compare_exchange_n(&r->lock, &free, 1, 0,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	__atomic_store_n(&r->lock_owner, rld_self_id(), __ATOMIC_RELAXED);
	r->lock_depth = 1;
	return 1;
}

struct limbo {
	struct limbo *next;
	void *heap;	  /* or NULL */
	uintptr_t lo, hi; /* a mapping */
};

/* Did all that counted themselves under k leave? */
static int left(const struct rld *r, unsigned k)
{
	for (int i = 0; i < 3000; i++) {
		/* a child of fork may see its parent's reader leave */
		if (__atomic_load_n(&r->readers[k], __ATOMIC_SEQ_CST) <= 0)
			return 1;
		if (i < 1000)
			arch_pause();
		else /* one that was interrupted gets a processor */
			sys1(__NR_sched_yield, 0);
	}
	return 0;
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

static void keep(struct rld *r, struct limbo what)
{
	struct limbo *l = rld_alloc(sizeof *l);

	if (!l)
		return; /* lost rather than pulled away */
	*l = what;
	l->next = r->limbo;
	r->limbo = l;
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

/* fork: the child finds every lock free and the list whole. */
static int in_heap; /* a signal handler forks, in the midst of it */

static void before_fork(void)
{
	rld_lock(&rld_state);
	rld_tls_lock();
	in_heap = rld_heap_lock();
}

static void after_fork(void)
{
	if (!in_heap)
		rld_heap_unlock();
	rld_tls_unlock();
	rld_unlock(&rld_state);
}

static void in_child(void)
{
	struct rld *r = &rld_state;

	r->readers[0] = r->readers[1] = 0;
	r->lock_waiters = 0;
	r->waits = NULL;
	/* what threads that are not here had begun never ends */
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->init == INIT_BINDING || d->init == INIT_RUNNING) {
			d->init_owner = rld_self_id();
			rld_late_in_child(d);
		}
	after_fork();
}

static void ask_libc(struct rld *r)
{
	int (*glibc)(void (*)(void), void (*)(void), void (*)(void), void *);
	int (*posix)(void (*)(void), void (*)(void), void (*)(void));

	glibc = (int (*)(void (*)(void), void (*)(void), void (*)(void),
			 void *))rld_host_symbol(r, r->host.libc,
						 "__register_atfork");
	posix = (int (*)(void (*)(void), void (*)(void),
			 void (*)(void)))rld_host_symbol(r, r->host.libc,
							 "pthread_atfork");
	if (glibc)
		glibc(before_fork, after_fork, in_child, NULL);
	else if (posix)
		posix(before_fork, after_fork, in_child);
}

/* Asked of libc once: before the first lock among threads, or the first dlopen.
 * A libc may allocate for it.  Other threads wait until it is done; not for
 * ever: in the child of a fork just then nobody does it. */
void rld_watch_fork(struct rld *r)
{
	static uintptr_t asking; /* thread */
	uintptr_t self = rld_self_id(), was = 0;

	if (!r->host.libc || __atomic_load_n(&watched, __ATOMIC_ACQUIRE))
		return;
	if (__atomic_compare_exchange_n(&asking, &was, self, 0,
					__ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		ask_libc(r);
		__atomic_store_n(&watched, 1, __ATOMIC_RELEASE);
	}
	for (int i = 0; i < 10000 && was && was != self &&
			!__atomic_load_n(&watched, __ATOMIC_ACQUIRE);
	     i++)
		sys1(__NR_sched_yield, 0);
}

/* A libc that does not tell whether there are threads is asked at the start, if
 * it will not call a malloc of the program's for it, which is not to be called
 * yet. */
void rld_watch_fork_at_start(struct rld *r)
{
	if (!rld_host_symbol(r, r->host.libc, "__libc_single_threaded") &&
	    !rld_synth_exported(r->host.synth, "malloc"))
		rld_watch_fork(r);
}
