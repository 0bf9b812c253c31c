/* The one writer lock, a futex; and the grace that readers get. */
#include "rld/internal.h"

void rld_lock(struct rld *r)
{
	uintptr_t self = rld_self_id();

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
	__atomic_store_n(&r->lock_owner, (uintptr_t)0, __ATOMIC_RELAXED);
	/* not a store: qemu 7.2 lets aarch64's pass the load that follows */
	__atomic_exchange_n(&r->lock, 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->lock_waiters, __ATOMIC_SEQ_CST))
		sys_futex_wake(&r->lock, 1);
}

/* Bounded: a reader may be a signal handler's victim in this very thread. */
void rld_wait_readers(struct rld *r)
{
	for (int i = 0; i < 3000; i++) {
		if (__atomic_load_n(&r->readers, __ATOMIC_SEQ_CST) == 0)
			return;
		if (i < 1000)
			arch_pause();
		else /* one that was interrupted gets a processor */
			sys1(__NR_sched_yield, 0);
	}
}

/* fork: the child finds every lock free and the list whole. */
static void before_fork(void)
{
	rld_lock(&rld_state);
	rld_tls_lock();
	rld_heap_lock();
}

static void after_fork(void)
{
	rld_heap_unlock();
	rld_tls_unlock();
	rld_unlock(&rld_state);
}

static void in_child(void)
{
	rld_state.readers = 0;
	rld_state.lock_waiters = 0;
	after_fork();
}

/* Asked of libc once, before the first lock that matters. */
void rld_watch_fork(struct rld *r)
{
	static int done;
	int (*glibc)(void (*)(void), void (*)(void), void (*)(void), void *);
	int (*posix)(void (*)(void), void (*)(void), void (*)(void));

	if (done || !r->host.libc)
		return;
	done = 1;
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
