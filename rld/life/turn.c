/* SPDX-License-Identifier: MIT */
/* Turns.  glibc holds one lock while constructors and destructors of dlopen and
 * dlclose run, so those of two libraries never run at once, and programs rely on
 * that: their hosts have lists without a lock.  rld holds no lock then, but in
 * glibc programs the threads take turns; those of the start and of exit do not.
 * A turn is no lock: a waiter goes ahead without it when the thread that has it
 * waits in turn for another thread, as it seems (doc/threads.md). */
#include "rld/base/base.h"
#include "rld/life/life.h"
#include <asm/errno.h>

enum {
	GLANCE = 100,	     /* ms, from one look to the next */
	GRACE = 2000,	     /* ms in one futex wait */
	BLIND_GRACE = 10000, /* ms, where nothing tells what a thread does */
	TEXT = 160
};

enum doing { SOMETHING, WAITING, GONE, UNKNOWN };

static uintptr_t turn_id(void)
{
	return rld_self_id() | 1;
}

/* What the kernel says that a thread is at: "NUMBER ARGUMENT... SP PC". */
static long syscall_of(int tid, char text[TEXT])
{
	char *path = rld_format("/proc/self/task/%d/syscall", tid);
	int fd = path ? sys_open(path, O_RDONLY) : -1;
	long n = fd < 0 ? fd : sys_read(fd, text, TEXT - 1);

	if (fd >= 0)
		sys_close(fd);
	rld_free(path);
	text[n > 0 ? n : 0] = 0;
	return n;
}

static long number_of(const char *text)
{
	long n = 0;

	if (*text < '0' || *text > '9')
		return -1;
	while (*text >= '0' && *text <= '9')
		n = n * 10 + *text++ - '0';
	return n;
}

/* Does it speak of this machine's system calls?  Under an emulator it speaks of
 * the host's.  This thread is in a read just then. */
static int is_readable(void)
{
	char text[TEXT];

	return syscall_of(sys_gettid(), text) > 0 &&
	       number_of(text) == __NR_read;
}

static enum doing look_at(int tid, char text[TEXT])
{
	long n = syscall_of(tid, text), number = number_of(text);

	if (n < 0)
		return is_readable() ? GONE : UNKNOWN;
#ifdef __NR_futex_time64
	if (number == __NR_futex_time64)
		return WAITING;
#endif
	if (number == __NR_futex)
		return is_readable() ? WAITING : UNKNOWN;
	return is_readable() ? SOMETHING : UNKNOWN;
}

static int take(struct rld *r, uintptr_t from)
{
	struct tls_words *own = rld_own_words(r);

	if (!__atomic_compare_exchange_n(&r->turn, &from, turn_id(), 0,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	if (!own->tid)
		own->tid = sys_gettid();
	__atomic_store_n(&r->turn_tid, own->tid, __ATOMIC_RELAXED);
	__atomic_store_n(&r->turns, r->turns + 1, __ATOMIC_RELAXED);
	return 1;
}

/* A look at the thread that has the turn. */
struct glance {
	uintptr_t holder;
	unsigned turn; /* its number */
	int tid;
	enum doing what;
	char text[TEXT];
	long since; /* ms */
};

/* Of the last thread that was passed; under the writer lock.  It need not be
 * waited for again as long as it is where it was. */
static struct glance passed;

static struct glance glance(struct rld *r, uintptr_t holder)
{
	struct glance g = {
		.holder = holder,
		.turn = __atomic_load_n(&r->turns, __ATOMIC_RELAXED),
		.tid = __atomic_load_n(&r->turn_tid, __ATOMIC_RELAXED),
		.since = sys_ms(),
	};

	g.what = look_at(g.tid, g.text);
	return g;
}

static int is_same(const struct glance *a, const struct glance *b)
{
	return a->holder == b->holder && a->turn == b->turn &&
	       a->tid == b->tid && a->what == b->what &&
	       (a->what == UNKNOWN || !strcmp(a->text, b->text));
}

/* Is it to be passed?  last: the first look since it has been where it is. */
static int is_stuck(struct rld *r, uintptr_t holder, struct glance *last)
{
	struct glance now = glance(r, holder);
	long ms = now.since - last->since;

	if (!is_same(&now, last)) {
		*last = now;
		return 0;
	}
	return now.what == GONE || (now.what == WAITING && ms >= GRACE) ||
	       (now.what == UNKNOWN && ms >= BLIND_GRACE);
}

static int was_passed(struct rld *r, uintptr_t holder)
{
	struct glance before, now;

	rld_lock(r);
	before = passed;
	rld_unlock(r);
	if (before.holder != holder ||
	    before.turn != __atomic_load_n(&r->turns, __ATOMIC_RELAXED))
		return 0;
	now = glance(r, holder);
	return is_same(&now, &before);
}

static void pass(struct rld *r, const struct dso *d, const struct glance *g)
{
	rld_lock(r);
	passed = *g;
	rld_unlock(r);
	TRACE(r, TR_INIT,
	      "init: %s: goes ahead of thread %d, which waits in a "
	      "constructor or destructor\n",
	      d ? dso_name(r, d) : "dlclose", g->tid);
}

static enum turn_state await(struct rld *r, const struct dso *d)
{
	uintptr_t holder = __atomic_load_n(&r->turn, __ATOMIC_SEQ_CST);
	int ahead = holder && was_passed(r, holder);
	struct glance last = { 0 };

	__atomic_fetch_add(&r->turn_waiters, 1, __ATOMIC_SEQ_CST);
	while (!ahead && !take(r, 0)) {
		holder = __atomic_load_n(&r->turn, __ATOMIC_SEQ_CST);
		if (!holder ||
		    sys_futex_wait_ms(rld_futex_half(&r->turn), (int)holder,
				      GLANCE) != -ETIMEDOUT ||
		    !is_stuck(r, holder, &last))
			continue;
		if (last.what == GONE) { /* by longjmp, and its end */
			if (take(r, holder))
				break;
			continue;
		}
		pass(r, d, &last);
		ahead = 1;
	}
	__atomic_fetch_sub(&r->turn_waiters, 1, __ATOMIC_SEQ_CST);
	rld_own_words(r)->ahead += ahead;
	return ahead ? TURN_PASSED : TURN_TAKEN;
}

enum turn_state rld_turn_try(struct rld *r)
{
	if (r->host.kind != HOST_GLIBC || r->exiting ||
	    rld_own_words(r)->ahead || r->turn == turn_id())
		return TURN_NEEDLESS;
	return take(r, 0) ? TURN_TAKEN : TURN_OTHERS;
}

enum turn_state rld_turn_begin(struct rld *r, const struct dso *d)
{
	enum turn_state t = rld_turn_try(r);

	/* within a fork the other thread may not get on */
	return t != TURN_OTHERS	 ? t :
	       rld_holds_lock(r) ? TURN_NEEDLESS :
				   await(r, d);
}

void rld_turn_end(struct rld *r, enum turn_state t)
{
	if (t == TURN_PASSED)
		rld_own_words(r)->ahead--;
	if (t != TURN_TAKEN)
		return;
	__atomic_exchange_n(&r->turn, (uintptr_t)0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->turn_waiters, __ATOMIC_SEQ_CST))
		sys_futex_wake(rld_futex_half(&r->turn), 1);
}

void rld_turn_in_child(struct rld *r)
{
	struct tls_words *own = rld_own_words(r);

	own->tid = 0;
	r->turn_waiters = 0;
	if (r->turn == turn_id())
		r->turn_tid = own->tid = sys_gettid();
	else
		r->turn = 0;
}

/* A turn whose constructor may be left by an exception or the thread's end. */
struct turn_frame {
	struct turn_frame *outer;
	enum turn_state turn;
};

static void leave(struct rld *r)
{
	struct turn_frame **in = &rld_own_words(r)->turns, *f = *in;

	*in = f->outer;
	rld_turn_end(r, f->turn);
}

/* The personality routine of rld_in_turn, whose frame an unwinder goes through. */
int rld_leave_turn(int version, int actions, uint64_t class, void *exception,
		   void *context);
int rld_leave_turn(int version, int actions, uint64_t class, void *exception,
		   void *context)
{
	(void)version;
	(void)class;
	(void)exception;
	(void)context;
	if (actions & UNWIND_CLEANUP_PHASE && rld_own_words(&rld_state)->turns)
		leave(&rld_state);
	return UNWIND_CONTINUE;
}

__attribute__((noinline)) void rld_in_turn(struct rld *r, const struct dso *d,
					   void (*fn)(struct rld *, void *),
					   void *arg)
{
	struct turn_frame **in = &rld_own_words(r)->turns;
	struct turn_frame here = { *in, rld_turn_begin(r, d) };

	LEFT_BY(rld_leave_turn);
	*in = &here;
	fn(r, arg);
	leave(r);
}
