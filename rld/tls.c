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

static struct dso *module[MAX_MODULES];
static unsigned nmodules = 1;
static int lock;
static struct thread *threads;
static unsigned key;
static int key_state;

size_t rld_tls_slot_size(void)
{
	return 4 * WORD;
}

void rld_tls_lock(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		arch_pause();
}

void rld_tls_unlock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
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

struct thread *rld_thread(void)
{
	static struct thread early;
	struct rld *r = &rld_state;
	struct thread *t;

	if (!r->started || !rld_tls_slot)
		return &early;
	t = (struct thread *)slot()[2];
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
	if (r->host.libc) {
		int (*create)(unsigned *, void (*)(void *));
		int (*set)(unsigned, const void *);

		create = (int (*)(unsigned *, void (*)(void *)))rld_host_symbol(
			r, r->host.libc, "pthread_key_create");
		set = (int (*)(unsigned, const void *))rld_host_symbol(
			r, r->host.libc, "pthread_setspecific");
		if (!create)
			return t;
		rld_tls_lock();
		if (!key_state)
			key_state = create(&key, thread_gone) ? -1 : 1;
		rld_tls_unlock();
		if (key_state > 0 && set)
			set(key, t);
	}
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
	struct thread *t = rld_thread();
	struct dtor *d;

	while ((d = t->dtors)) {
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

/* The block of a dynamic module in this thread, made when it is absent. */
static void *block(unsigned m)
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

	if (!d->tls_memsz || !r->started)
		return NULL;
	if (d->tls_static)
		return (void *)(arch_tp() + (uintptr_t)d->tls_offset);
	s = slot();
	if (!allocate && (d->tls_mod >= s[1] || !((void **)s[0])[d->tls_mod]))
		return NULL;
	return block(d->tls_mod);
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
	if (m == nmodules)
		nmodules++;
	d->tls_mod = m;
	TRACE(r, TR_TLS, "rld: tls: %s: module %u, %zu bytes\n", dso_name(r, d),
	      m, d->tls_memsz);
	return 0;
}

void rld_tls_release(struct rld *r, struct dso *d)
{
	unsigned m = d->tls_mod;

	(void)r;
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
		size_t tcb = up(ARCH_TLS_TCB_SIZE, r->tls_align);
		size_t at = r->tls_used ? r->tls_used : tcb;

		if (!r->tls_used && d->flags & D_PROGRAM)
			at = up(ARCH_TLS_TCB_SIZE, d->tls_align);
		at = up(at - d->tls_misalign, d->tls_align) + d->tls_misalign;
		d->tls_offset = (intptr_t)at - ARCH_TLS_TP_BIAS;
		r->tls_used = at + d->tls_memsz;
	}
#endif
	d->tls_static = 1;
	TRACE(r, TR_TLS, "rld: tls: %s: static, %zu bytes, aligned %zu\n",
	      dso_name(r, d), d->tls_memsz, d->tls_align);
}

void rld_tls_layout(struct rld *r)
{
	size_t slot_size = rld_tls_slot_size();

	r->tls_align = 64;
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->tls_memsz && !(d->flags & D_HOST) &&
		    d->tls_align > r->tls_align)
			r->tls_align = d->tls_align;
	place(r, r->program);
	for (struct dso *d = r->head; d; d = dso_next(d))
		place(r, d);
	r->tls_surplus = SURPLUS;
#if ARCH_TLS_BELOW_TP
	r->tls_used = up(r->tls_used + slot_size, 16);
	rld_tls_slot = -(intptr_t)r->tls_used;
	r->tls_size = up(r->tls_used + SURPLUS, r->tls_align);
	r->tls_surplus = r->tls_size - r->tls_used;
#else
	if (!r->tls_used)
		r->tls_used = up(ARCH_TLS_TCB_SIZE, r->tls_align);
	r->tls_used = up(r->tls_used, 16);
	rld_tls_slot = (intptr_t)r->tls_used - ARCH_TLS_TP_BIAS;
	r->tls_used += slot_size;
	r->tls_size = up(r->tls_used + SURPLUS, r->tls_align);
	r->tls_surplus = r->tls_size - r->tls_used;
	r->tls_size -= up(ARCH_TLS_TCB_SIZE, r->tls_align);
#endif
	r->tls_start = r->tls_high = r->tls_used;
}

/* Where offset lies in an image of the whole static block. */
static unsigned char *in_image(struct rld *r, unsigned char *image,
			       intptr_t offset)
{
#if ARCH_TLS_BELOW_TP
	return image + (intptr_t)r->tls_size + offset;
#else
	return image + offset + ARCH_TLS_TP_BIAS -
	       (intptr_t)up(ARCH_TLS_TCB_SIZE, r->tls_align);
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

static int threads_alive(void)
{
	struct statx st;

	if (sys_statx(AT_FDCWD, "/proc/self/task", 0, &st))
		return 2;
	return (int)st.stx_nlink - 2;
}

/* A later object wants a fixed offset: from the surplus, if there is room. */
int rld_tls_make_static(struct rld *r, struct dso *d, struct rld_err *e)
{
	size_t at, used;
	int image = 0;

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
	/* what a library has left cannot be cleared in other threads */
	used = r->tls_used;
	if (used < r->tls_high && threads_alive() > 1)
		used = r->tls_high;
#if ARCH_TLS_BELOW_TP
	at = up(used + d->tls_memsz + d->tls_misalign, d->tls_align) -
	     d->tls_misalign;
	if (at > r->tls_size || d->tls_align > r->tls_align)
#else
	at = up(used - d->tls_misalign, d->tls_align) + d->tls_misalign;
	if (at + d->tls_memsz > r->tls_used + r->tls_surplus ||
	    d->tls_align > r->tls_align)
#endif
		return rld_fail(e,
				"%s: cannot allocate memory in static TLS "
				"block: needs %zu bytes aligned to %zu, %zu "
				"are left",
				dso_name(r, d), d->tls_memsz, d->tls_align,
				r->tls_surplus);
	if (image && threads_alive() > 1)
		return rld_fail(e,
				"%s: cannot allocate memory in static TLS "
				"block: its initial values cannot reach the "
				"threads that run already",
				dso_name(r, d));
#if ARCH_TLS_BELOW_TP
	r->tls_surplus -= at - r->tls_used;
	r->tls_used = at;
	d->tls_offset = -(intptr_t)at;
#else
	r->tls_surplus -= at + d->tls_memsz - r->tls_used;
	r->tls_used = at + d->tls_memsz;
	d->tls_offset = (intptr_t)at - ARCH_TLS_TP_BIAS;
#endif
	rld_tls_release(r, d);
	d->tls_static = 1;
	if (r->tls_high < r->tls_used)
		r->tls_high = r->tls_used;
	return 0;
}

/* d has left the list: the surplus ends behind the last one that stays. */
void rld_tls_give_back(struct rld *r, const struct dso *gone)
{
	size_t used = r->tls_start;

	if (!gone->tls_static)
		return;
	for (struct dso *d = r->head; d; d = dso_next(d)) {
#if ARCH_TLS_BELOW_TP
		size_t end = (size_t)-d->tls_offset;
#else
		size_t end = (size_t)(d->tls_offset + ARCH_TLS_TP_BIAS) +
			     d->tls_memsz;
#endif
		if (d->tls_static && !(d->flags & (D_HOST | D_STARTUP)) &&
		    end > used)
			used = end;
	}
	r->tls_surplus += r->tls_used - used;
	r->tls_used = used;
}

/* A later object that was given static storage: its initial values, for this
 * thread and those to come. */
static void fill(void *to, const struct dso *d)
{
	memcpy(to, d->tls_image, d->tls_filesz);
	memset((char *)to + d->tls_filesz, 0, d->tls_memsz - d->tls_filesz);
}

void rld_tls_late_image(struct rld *r, struct dso *d)
{
	if (r->tls_image)
		fill(in_image(r, r->tls_image, d->tls_offset), d);
	fill((void *)(arch_tp() + (uintptr_t)d->tls_offset), d);
}
