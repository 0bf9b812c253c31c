/* Thread-local storage.  Start-up objects lie in the synthetic program's
 * block at fixed offsets from the thread pointer.  Later ones get a block a
 * thread, on first touch, through a table that hangs on rld's own slot in the
 * static block: {table, length, thread}.
 *
 * The module word that code passes to __tls_get_addr is ours to choose:
 * offset * 2 + 1 for a static module, so that no table is read; number * 2
 * for one with blocks of its own. */
#include "rld/internal.h"

#define MAX_MODULES 4096
#define SURPLUS	    4096

intptr_t rld_tls_slot;

struct thread {
	struct thread *next, **prev;
	void **table;
	size_t n;
	char *error;	  /* pending dlerror text */
	char *last_error; /* handed out by dlerror */
	int rounds;
	struct dtor *dtors;
};

/* A pending destructor of a thread_local object. */
struct dtor {
	struct dtor *next;
	void (*fn)(void *);
	void *obj;
	struct dso *dso;
};

static struct dso *module[MAX_MODULES] LARGE;
static unsigned nmodules; /* 0 is nobody, and counted with the first */
static int lock;
static struct thread *threads;
static unsigned key;
static int key_state;
static int emulator_tasks;

size_t rld_tls_slot_size(void)
{
	return 4 * WORD;
}

static struct sigs holders_mask;

static void block_signals(struct sigs *was)
{
	struct sigs all;

	memset(&all, 0xff, sizeof all);
	sys_sigmask(SIG_SETMASK, &all, was);
}

/* A handler that touches a variable takes the lock, too: none runs in the
 * thread that has it. */
void rld_tls_lock(void)
{
	struct sigs was;

	block_signals(&was);
	for (unsigned spin = 0; __atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE);
	     spin++)
		if (spin < 100)
			arch_pause();
		else
			sys1(__NR_sched_yield, 0);
	holders_mask = was;
}

void rld_tls_unlock(void)
{
	struct sigs was = holders_mask;

	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	sys_sigmask(SIG_SETMASK, &was, NULL);
}

static uintptr_t *slot(void)
{
	return (uintptr_t *)(arch_tp() + (uintptr_t)rld_tls_slot);
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
	slot()[0] = slot()[1] = slot()[2] = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->table[i])
			rld_free(((void **)t->table[i])[-1]);
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
	return (struct thread *)slot()[2];
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
	t = rld_alloc(sizeof *t);
	if (!t)
		return &early;
	rld_tls_lock();
	t->next = threads;
	t->prev = &threads;
	if (threads)
		threads->prev = &t->next;
	threads = t;
	rld_tls_unlock();
	slot()[2] = (uintptr_t)t;
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

char **rld_thread_error(void)
{
	return &rld_thread()->error;
}

char **rld_thread_last_error(void)
{
	return &rld_thread()->last_error;
}

static void give_back(struct rld *r, const struct dso *d);

static void *new_block(const struct dso *d)
{
	size_t align = d->tls_align < 16 ? 16 : d->tls_align;
	char *raw = rld_alloc(d->tls_memsz + align * 2 + 16);
	uintptr_t at;

	if (!raw)
		return NULL;
	at = ((uintptr_t)raw + 8 + align - 1) & ~(align - 1);
	at += d->tls_misalign;
	((void **)at)[-1] = raw;
	memcpy((void *)at, d->tls_image, d->tls_filesz);
	memset((char *)at + d->tls_filesz, 0, d->tls_memsz - d->tls_filesz);
	return (void *)at;
}

static void *make_block(unsigned m)
{
	struct thread *t = rld_thread();
	struct dso *d = m < nmodules ? module[m] : NULL;

	if (!d)
		rld_die(&rld_state, "access to the thread-local storage of an "
				    "object that is not loaded");
	if (m >= t->n) {
		size_t n = nmodules + 8;
		void **table = rld_alloc(n * sizeof *table), **old;

		if (!table)
			rld_die(&rld_state,
				"%s: out of memory for "
				"thread-local storage",
				dso_name(&rld_state, d));
		rld_tls_lock();
		if (t->n)
			memcpy(table, t->table, t->n * sizeof *table);
		old = t->table;
		t->table = table;
		t->n = n;
		slot()[0] = (uintptr_t)table;
		slot()[1] = n;
		rld_tls_unlock();
		rld_free(old);
	}
	if (!t->table[m]) {
		void *b = new_block(d);

		if (!b)
			rld_die(&rld_state,
				"%s: out of memory for "
				"thread-local storage",
				dso_name(&rld_state, d));
		t->table[m] = b;
	}
	return t->table[m];
}

/* The block of a dynamic module in this thread, made when it is absent.  A
 * signal handler that touches the same module waits until it is there. */
static void *block(unsigned m)
{
	struct sigs was;
	void *b;

	block_signals(&was);
	b = make_block(m);
	sys_sigmask(SIG_SETMASK, &was, NULL);
	return b;
}

uintptr_t rld_tls_slow(void *pair, void *unused)
{
	const uintptr_t *p = pair;

	(void)unused;
	return (uintptr_t)block((unsigned)(p[0] >> 1)) + p[1];
}

API void *__tls_get_addr(void *arg);
void *__tls_get_addr(void *arg)
{
	const uintptr_t *ti = arg;
	uintptr_t m = ti[0], *s;

	if (m & 1)
		return (void *)(arch_tp() + (uintptr_t)((intptr_t)m >> 1) +
				ti[1] + ARCH_TLS_DTP_BIAS);
	m >>= 1;
	s = slot();
	if (m < s[1]) {
		void *b = ((void **)s[0])[m];

		if (b)
			return (char *)b + ti[1] + ARCH_TLS_DTP_BIAS;
	}
	return (char *)block((unsigned)m) + ti[1] + ARCH_TLS_DTP_BIAS;
}

uintptr_t rld_tls_module_word(const struct dso *d)
{
	return d->tls_static ? (uintptr_t)(d->tls_offset * 2) | 1 :
			       (uintptr_t)d->tls_mod << 1;
}

/* d's block in the calling thread; NULL when there is none yet. */
void *rld_tls_addr(struct rld *r, struct dso *d, int allocate)
{
	uintptr_t *s;
	void *b;

	if (!d->tls_memsz || !r->started)
		return NULL;
	if (d->tls_static)
		return (void *)(arch_tp() + (uintptr_t)d->tls_offset);
	s = slot();
	b = d->tls_mod < s[1] ? ((void **)s[0])[d->tls_mod] : NULL;
	/* a mere question may meet an object that is leaving just now */
	return b || !allocate ? b : block(d->tls_mod);
}

int rld_tls_register(struct rld *r, struct dso *d, struct rld_err *e)
{
	unsigned m;

	if (!d->tls_memsz || d->tls_static || d->tls_mod)
		return 0;
	for (m = 1; m < nmodules && module[m]; m++)
		;
	if (m == MAX_MODULES)
		return rld_fail(e,
				"%s: too many objects with thread-local "
				"storage",
				dso_name(r, d));
	module[m] = d;
	if (m >= nmodules)
		nmodules = m + 1;
	d->tls_mod = m;
	TRACE(r, TR_TLS, "rld: tls: %s: module %u, %zu bytes\n", dso_name(r, d),
	      m, d->tls_memsz);
	return 0;
}

void rld_tls_release(struct rld *r, struct dso *d)
{
	unsigned m = d->tls_mod;

	if (d->tls_static && !(d->flags & (D_HOST | D_STARTUP)))
		give_back(r, d);
	d->tls_static = 0;
	if (!m)
		return;
	rld_tls_lock();
	module[m] = NULL;
	for (struct thread *t = threads; t; t = t->next)
		if (m < t->n && t->table[m]) {
			void *raw = ((void **)t->table[m])[-1];

			t->table[m] = NULL;
			rld_free(raw);
		}
	rld_tls_unlock();
	d->tls_mod = 0;
}

/* The surplus, as offsets from the thread pointer, and the parts of it that
 * hold what an object left in threads which still run. */
struct room {
	intptr_t lo, hi;
};
static struct room surplus;
static struct room used[32] LARGE;
static unsigned nused;

static size_t up(size_t v, size_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* Offsets of all start-up objects.  The program's own comes first (nearest
 * the thread pointer): the link editor has fixed it already. */
static void place(struct rld *r, struct dso *d)
{
	if (!d->tls_memsz || d->flags & D_HOST || d->tls_static)
		return;
#if ARCH_TLS_BELOW_TP
	{
		size_t at = r->tls_used + d->tls_memsz;

		at = up(at + d->tls_misalign, d->tls_align) - d->tls_misalign;
		if (at < r->tls_used + d->tls_memsz)
			at += d->tls_align;
		r->tls_used = at;
		d->tls_offset = -(intptr_t)at;
	}
#else
	{
		size_t at = r->tls_used;

		at = up(at - d->tls_misalign, d->tls_align) + d->tls_misalign;
		d->tls_offset = (intptr_t)at - ARCH_TLS_TP_BIAS;
		r->tls_used = at + d->tls_memsz;
	}
#endif
	d->tls_static = 1;
	TRACE(r, TR_TLS, "rld: tls: %s: static, %zu bytes, aligned %zu\n",
	      dso_name(r, d), d->tls_memsz, d->tls_align);
}

/* Threads of this process, those of an emulator included. */
static int tasks(void)
{
	struct statx st;

	if (sys_statx(AT_FDCWD, "/proc/self/task", 0, &st))
		return 2;
	return (int)st.stx_nlink - 2;
}

void rld_tls_layout(struct rld *r)
{
	size_t slot_size = rld_tls_slot_size();

	r->tls_align = 64;
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->tls_memsz && !(d->flags & D_HOST) &&
		    d->tls_align > r->tls_align)
			r->tls_align = d->tls_align;
#if !ARCH_TLS_BELOW_TP
	r->tls_used = ARCH_TLS_TCB_SIZE;
#endif
	/* Where there is no vdso, an emulator may have threads of its own. */
	if (!r->vdso)
		emulator_tasks = tasks() - 1;
	place(r, r->program);
	for (struct dso *d = r->head; d; d = dso_next(d))
		place(r, d);
#if ARCH_TLS_BELOW_TP
	r->tls_used = up(r->tls_used + slot_size, 16);
	rld_tls_slot = -(intptr_t)r->tls_used;
	r->tls_size = up(r->tls_used + SURPLUS, r->tls_align);
	surplus.lo = -(intptr_t)r->tls_size;
	surplus.hi = -(intptr_t)r->tls_used;
#else
	r->tls_used = up(r->tls_used, 16);
	rld_tls_slot = (intptr_t)r->tls_used - ARCH_TLS_TP_BIAS;
	r->tls_used += slot_size;
	r->tls_size = up(r->tls_used + SURPLUS, r->tls_align);
	surplus.lo = (intptr_t)r->tls_used - ARCH_TLS_TP_BIAS;
	surplus.hi = (intptr_t)r->tls_size - ARCH_TLS_TP_BIAS;
	r->tls_size -= ARCH_TLS_TCB_SIZE;
#endif
}

/* Where offset lies in an image of the whole static block. */
static unsigned char *in_image(struct rld *r, unsigned char *image,
			       intptr_t offset)
{
#if ARCH_TLS_BELOW_TP
	return image + (intptr_t)r->tls_size + offset;
#else
	(void)r;
	return image + offset + ARCH_TLS_TP_BIAS - ARCH_TLS_TCB_SIZE;
#endif
}

/* Copy relocated images into the synthetic image, for threads to come, and
 * into the running thread's block. */
void rld_tls_install(struct rld *r, unsigned char *image)
{
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		if (!d->tls_memsz || !d->tls_static || d->flags & D_HOST)
			continue;
		if (image)
			memcpy(in_image(r, image, d->tls_offset), d->tls_image,
			       d->tls_filesz);
		memcpy((void *)(arch_tp() + (uintptr_t)d->tls_offset),
		       d->tls_image, d->tls_filesz);
	}
}

/* A thread that has been joined stays in the list until the kernel, or an
 * emulator on a busy machine, has buried it.  Who would have to refuse
 * something for its sake is patient. */
static int alone(int patient)
{
	long ms[2] = { 0, 1000000 };
	int sleeps = !patient ? 0 : rld_state.vdso ? 50 : 1000;

	for (int i = 0; tasks() - emulator_tasks > 1; i++)
		if (i < 64)
			sys1(__NR_sched_yield, 0);
		else if (i < 64 + sleeps)
			sys3(__NR_nanosleep, (long)ms, 0, 0);
		else
			return 0;
	return 1;
}

static int overlap(const struct room *a, intptr_t lo, intptr_t hi)
{
	return lo < a->hi && a->lo < hi;
}

/* Is lo..hi somebody's?  *end is the end of that. */
static int taken(const struct rld *r, intptr_t lo, intptr_t hi, intptr_t *end)
{
	for (unsigned i = 0; i < nused; i++)
		if (overlap(&used[i], lo, hi))
			return *end = used[i].hi, 1;
	for (const struct dso *d = r->tail; d && !(d->flags & D_STARTUP);
	     d = (const struct dso *)d->lm.l_prev) {
		const struct room own = {
			d->tls_offset, d->tls_offset + (intptr_t)d->tls_memsz
		};

		if (d->tls_static && !(d->flags & D_HOST) &&
		    overlap(&own, lo, hi))
			return *end = own.hi, 1;
	}
	return 0;
}

static int find_room(const struct rld *r, const struct dso *d, intptr_t *at)
{
	intptr_t align = (intptr_t)d->tls_align, lo = surplus.lo, hi;

	for (;;) {
		intptr_t off =
			(lo + ARCH_TLS_TP_BIAS - (intptr_t)d->tls_misalign) %
			align;

		if (off)
			lo += off > 0 ? align - off : -off;
		if ((size_t)(surplus.hi - lo) < d->tls_memsz || lo > surplus.hi)
			return -1;
		if (!taken(r, lo, lo + (intptr_t)d->tls_memsz, &hi))
			return *at = lo, 0;
		lo = hi;
	}
}

static size_t room_left(const struct rld *r)
{
	size_t left = 0;
	intptr_t end;

	for (intptr_t at = surplus.lo; at < surplus.hi; at += 16)
		left += taken(r, at, at + 16, &end) ? 0 : 16;
	return left;
}

static void clear(struct rld *r, const struct room *m)
{
	size_t n = (size_t)(m->hi - m->lo);

	if (r->tls_image)
		memset(in_image(r, r->tls_image, m->lo), 0, n);
	memset((void *)(arch_tp() + (uintptr_t)m->lo), 0, n);
}

/* d's static room is free again.  Other threads keep what is in theirs, so it
 * waits until this one is alone. */
static void give_back(struct rld *r, const struct dso *d)
{
	const struct room m = { d->tls_offset,
				d->tls_offset + (intptr_t)d->tls_memsz };

	clear(r, &m);
	if (alone(0))
		return;
	if (nused < sizeof used / sizeof used[0]) {
		used[nused++] = m;
		return;
	}
	if (m.lo < used[0].lo)
		used[0].lo = m.lo;
	if (m.hi > used[0].hi)
		used[0].hi = m.hi;
}

/* A later object wants a fixed offset: from the surplus, if there is room. */
int rld_tls_make_static(struct rld *r, struct dso *d, struct rld_err *e)
{
	int image = 0, single = 0, room = 0;
	intptr_t at = 0;

	if (d->tls_static)
		return 0;
	if (d->flags & D_HOST)
		return rld_fail(e, "%s: has no static thread-local storage",
				dso_name(r, d));
	if (!(d->flags & D_NEW))
		return rld_fail(e,
				"%s: cannot get static thread-local storage: "
				"its blocks are in use",
				dso_name(r, d));
	for (size_t i = 0; i < d->tls_filesz; i++)
		image |= ((const char *)d->tls_image)[i];
	for (int patient = 0; patient < 2 && !(room && (single || !image));
	     patient++) {
		single = alone(patient);
		for (; single && nused; nused--)
			clear(r, &used[nused - 1]);
		room = d->tls_align <= r->tls_align && !find_room(r, d, &at);
		if (single || !(image || nused))
			break; /* to wait would not help */
	}
	if (!room)
		return rld_fail(e,
				"%s: cannot allocate memory in static TLS "
				"block: needs %zu bytes aligned to %zu, %zu "
				"are left%s",
				dso_name(r, d), d->tls_memsz, d->tls_align,
				room_left(r),
				nused ? " while other threads run" : "");
	if (image && !single)
		return rld_fail(e,
				"%s: cannot allocate memory in static TLS "
				"block: its initial values cannot reach the "
				"threads that run already",
				dso_name(r, d));
	d->tls_offset = at;
	rld_tls_release(r, d);
	d->tls_static = 1;
	return 0;
}

/* A later object that was given static storage: its initial values, for this
 * thread and those to come. */
void rld_tls_late_image(struct rld *r, struct dso *d)
{
	if (r->tls_image)
		memcpy(in_image(r, r->tls_image, d->tls_offset), d->tls_image,
		       d->tls_filesz);
	memcpy((void *)(arch_tp() + (uintptr_t)d->tls_offset), d->tls_image,
	       d->tls_filesz);
}
