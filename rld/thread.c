/* What rld keeps of each thread: its pending error, its destructors, and the
 * lock of the tables that tls.c hangs on it. */
#include "rld/tls.h"

/* A pending destructor of a thread_local object. */
struct dtor {
	struct dtor *next;
	void (*fn)(void *);
	void *obj;
	struct dso *dso;
};

struct thread *rld_threads;
static uintptr_t lock; /* names the thread that has it, 0: free */
static unsigned lock_depth;
static unsigned key;
static int key_state; /* 0: not made, 1: made, -1: cannot be */
static struct sigs holders_mask;
struct tls_words rld_early_words;

void rld_block_signals(struct sigs *was)
{
	struct sigs all;

	memset(&all, 0xff, sizeof all);
	sys_sigmask(SIG_SETMASK, &all, was);
}

void rld_tls_hold(void)
{
	for (unsigned spin = 0;; spin++) {
		uintptr_t nobody = 0;

		if (__atomic_compare_exchange_n(&lock, &nobody, rld_self_id(),
						0, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		if (spin < 100)
			arch_pause();
		else
			sys1(__NR_sched_yield, 0);
	}
}

void rld_tls_let_go(void)
{
	__atomic_store_n(&lock, (uintptr_t)0, __ATOMIC_RELEASE);
}

/* A handler that touches a variable takes the lock, too: none runs in the
 * thread that has it.  What may run in there are the program's own handlers of
 * fork: the fork keeps no mask for itself, and has the tables in order. */
void rld_tls_lock(void)
{
	struct sigs was;

	rld_block_signals(&was);
	if (__atomic_load_n(&lock, __ATOMIC_RELAXED) == rld_self_id())
		lock_depth++;
	else
		rld_tls_hold();
	holders_mask = was;
}

void rld_tls_unlock(void)
{
	struct sigs was = holders_mask;

	if (lock_depth)
		lock_depth--;
	else
		rld_tls_let_go();
	sys_sigmask(SIG_SETMASK, &was, NULL);
}

/* Thread exit, from the host libc's key destructors.  The last round frees:
 * destructors of others may still touch their variables. */
static void thread_gone(void *arg)
{
	struct thread *t = arg;
	int (*set)(unsigned, const void *);

	set = (int (*)(unsigned, const void *))rld_host_symbol(
		&rld_state, rld_state.host.libc, "pthread_setspecific");
	rld_thread_dtors();
	if (++t->rounds < 4 && set) {
		set(key, t);
		return;
	}
	rld_tls_lock();
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	rld_tls_unlock();
	*tls_words() = (struct tls_words){ 0 };
	for (size_t i = 0; i < t->n; i++)
		if (t->table[i])
			rld_tls_free_block(t->table[i]);
	rld_free(t->table);
	rld_free(t->error);
	rld_free(t->last_error);
	rld_free(t);
}

static struct thread early;

/* The calling thread's entry, or NULL when it has none yet. */
static struct thread *thread_here(void)
{
	if (!rld_state.started || !rld_state.tls_size)
		return &early;
	return tls_words()->thread;
}

/* Have libc tell of this thread's end.  The key is made once; libc is called
 * without a lock, so two threads may make one at a time. */
static void watch_end(struct rld *r, struct thread *t)
{
	int (*create)(unsigned *, void (*)(void *));
	int (*set)(unsigned, const void *);
	int (*drop)(unsigned);
	unsigned mine;

	create = (int (*)(unsigned *, void (*)(void *)))rld_host_symbol(
		r, r->host.libc, "pthread_key_create");
	set = (int (*)(unsigned, const void *))rld_host_symbol(
		r, r->host.libc, "pthread_setspecific");
	drop = (int (*)(unsigned))rld_host_symbol(r, r->host.libc,
						  "pthread_key_delete");
	if (!create || !set || !drop)
		return;
	if (!__atomic_load_n(&key_state, __ATOMIC_ACQUIRE)) {
		int made = !create(&mine, thread_gone), late;

		rld_tls_lock();
		late = key_state;
		if (!late) {
			key = mine;
			__atomic_store_n(&key_state, made ? 1 : -1,
					 __ATOMIC_RELEASE);
		}
		rld_tls_unlock();
		if (late && made)
			drop(mine);
	}
	if (key_state > 0)
		set(key, t);
}

struct thread *rld_thread(void)
{
	struct rld *r = &rld_state;
	struct thread *t = thread_here();

	if (t)
		return t;
	rld_watch_threads(r);
	t = rld_alloc(sizeof *t);
	if (!t)
		return &early;
	rld_tls_lock();
	t->next = rld_threads;
	t->prev = &rld_threads;
	if (rld_threads)
		rld_threads->prev = &t->next;
	rld_threads = t;
	rld_tls_unlock();
	tls_words()->thread = t;
	if (r->host.libc)
		watch_end(r, t);
	return t;
}

static void run_dtor(void *arg)
{
	struct rld *r = &rld_state;
	struct dtor *d = arg;

	d->fn(d->obj);
	rld_lock(r);
	if (d->dso && --d->dso->tls_dtors == 0 && !d->dso->opens)
		rld_collect(r);
	rld_unlock(r);
	rld_tls_free_waiting();
	rld_free(d);
}

void rld_thread_dtors(void)
{
	struct thread *t = thread_here();
	struct dtor *d;

	while (t && (d = t->dtors)) {
		t->dtors = d->next;
		run_dtor(d);
	}
}

/* An object with destructors to come is held until they have run.  They are
 * queued with libc where it has such a queue, so that the order with the
 * program's own stays right. */
API int __cxa_thread_atexit_impl(void (*fn)(void *), void *obj, void *dso);
int __cxa_thread_atexit_impl(void (*fn)(void *), void *obj, void *dso)
{
	struct rld *r = &rld_state;
	struct dtor *d = rld_alloc(sizeof *d);
	int (*queue)(void (*)(void *), void *, void *);

	if (!d)
		return -1;
	d->fn = fn;
	d->obj = obj;
	rld_lock(r);
	d->dso = rld_find_addr(r, (uintptr_t)dso);
	if (d->dso)
		d->dso->tls_dtors++;
	rld_unlock(r);
	queue = (int (*)(void (*)(void *), void *, void *))rld_host_symbol(
		r, r->host.libc, "__cxa_thread_atexit_impl");
	if (queue)
		/* libc counts them for the object that this address is in:
		 * none that it knows */
		return queue(run_dtor, d, &rld_state);
	d->next = rld_thread()->dtors;
	rld_thread()->dtors = d;
	return 0;
}

void rld_forget_error(void)
{
	struct thread *t = thread_here();

	if (t && t->error) {
		rld_free(t->error);
		t->error = NULL;
	}
}

char **rld_thread_error(void)
{
	return &rld_thread()->error;
}

char **rld_thread_last_error(void)
{
	return &rld_thread()->last_error;
}
