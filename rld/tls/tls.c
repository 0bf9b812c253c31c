/* SPDX-License-Identifier: MIT */
/* Thread-local storage.  Start-up objects lie in the synthetic program's
 * block at fixed offsets from the thread pointer.  Later ones get a block a
 * thread, on first touch, through a table that hangs on rld's own words in the
 * static block.
 *
 * Each object with thread-local variables has a number, small and dense, for
 * there are programs that keep tables by it (sanitizers): it is what code passes
 * to __tls_get_addr, and what dl_iterate_phdr and dlinfo tell. */
#include "rld/base/base.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

#define MAX_MODULES RLD_TLS_LOST

/* By number; 0 is no module, the last is for what is lost.  place: offset from tp
 * as __tls_get_addr wants it, which is 0 nowhere, for there the ABI has
 * something; 0: each thread has a block. */
static struct {
	struct dso *dso;
	uintptr_t place;
} module[MAX_MODULES + 1] __attribute__((section(".bss.modules")));
static unsigned nmodules; /* 0 is counted with the first */

static _Noreturn void no_memory(const struct dso *d)
{
	rld_die(&rld_state, "%s: out of memory for thread-local storage",
		dso_name(&rld_state, d));
}

/* What resolve.S reads.  A signal handler may be here, too, and be faster: then
 * its table stays, and n may be too small for a while, which costs a call. */
static void publish(const struct thread *t)
{
	struct tls_words *w = tls_words();
	void **was = w->table;
	struct tls_table *now = __atomic_load_n(&t->table, __ATOMIC_RELAXED);

	if (was != now->slot &&
	    !__atomic_compare_exchange_n(&w->table, &was, now->slot, 0,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&w->n, now->n, __ATOMIC_RELAXED);
}

/* A table with room for module m; 0: a handler has made one, or another. */
static void add_table(struct thread *t, const struct dso *d,
		      struct tls_table *was)
{
	size_t n = nmodules + 8;
	struct tls_table *more;

	if (was && n < 2 * was->n)
		n = 2 * was->n;
	more = rld_alloc(sizeof *more + n * sizeof more->slot[0]);
	if (!more)
		no_memory(d);
	more->older = was;
	more->n = n;
	/* release: rld_tls_unregister walks them */
	if (!__atomic_compare_exchange_n(&t->table, &was, more, 0,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		rld_free(more);
}

static void *find_block(const struct thread *t, unsigned m)
{
	const struct tls_table *x =
		__atomic_load_n(&t->table, __ATOMIC_RELAXED);

	for (; x; x = x->older)
		if (m < x->n && x->slot[m])
			return x->slot[m];
	return NULL;
}

/* The block of a dynamic module in this thread, made when it is absent, without
 * a system call where the heap has room: the thread may be forbidden any
 * (SECCOMP_MODE_STRICT).  A signal handler may touch the same module at any
 * point; both get the block that came into the newest table first. */
static void *block(unsigned m)
{
	struct thread *t = rld_thread();
	struct dso *d = m < nmodules ? module[m].dso : NULL;
	void *mine = NULL, *b;

	if (!d)
		rld_die(&rld_state, "access to the thread-local storage of an "
				    "object that is not loaded");
	if (!t)
		no_memory(d);
	for (;;) {
		struct tls_table *x =
			__atomic_load_n(&t->table, __ATOMIC_RELAXED);

		if (!x || m >= x->n) {
			add_table(t, d, x);
			continue;
		}
		b = find_block(t, m);
		if (!b && !mine && !(mine = rld_tls_new_block(&rld_state, d)))
			no_memory(d);
		if (!b)
			b = mine;
		if (!x->slot[m]) {
			void *none = NULL;

			__atomic_compare_exchange_n(&x->slot[m], &none, b, 0,
						    __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
		}
		/* a handler's newer table may have another one */
		b = find_block(t, m);
		if (x == __atomic_load_n(&t->table, __ATOMIC_RELAXED))
			break;
		if (b != mine && x->slot[m] == mine)
			x->slot[m] = b;
	}
	if (mine && b != mine)
		rld_tls_free_block(mine);
	publish(t);
	return b;
}

uintptr_t rld_tls_slow(void *pair, void *unused)
{
	const uintptr_t *p = pair;

	(void)unused;
	return (uintptr_t)block((unsigned)p[0]) + p[1];
}

/* Out of the way of what is there already. */
static __attribute__((noinline)) void *first_touch(const uintptr_t *ti)
{
	char *b = ti[0] ? block((unsigned)ti[0]) : NULL;

	return (void *)((uintptr_t)b + ti[1] + ARCH_TLS_DTP_BIAS);
}

API __attribute__((aligned(64))) void *__tls_get_addr(void *arg);
void *__tls_get_addr(void *arg)
{
	const uintptr_t *ti = arg;
	uintptr_t m = ti[0], at = module[m].place, tp = arch_tp();
	const struct tls_words *w;

	if (at)
		return (void *)(tp + at + ti[1]);
	w = (void *)(tp + (uintptr_t)rld_tls_slot);
	if (m < w->n && (at = (uintptr_t)w->table[m]))
		return (void *)(at + ti[1] + ARCH_TLS_DTP_BIAS);
	return first_touch(ti);
}

static void place(const struct dso *d)
{
	module[d->tls_mod].place = (uintptr_t)d->tls_offset + ARCH_TLS_DTP_BIAS;
}

static void is_at(struct dso *d, uintptr_t block)
{
	d->tls_offset = (intptr_t)(block - arch_tp());
	place(d);
	d->tls_static = 1;
}

static int find_tls(struct dl_phdr_info *i, size_t size, void *arg)
{
	struct rld *r = arg;

	(void)size;
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST && d->lm.l_addr == i->dlpi_addr &&
		    d->tls_mod && i->dlpi_tls_data)
			is_at(d, (uintptr_t)i->dlpi_tls_data);
	return 0;
}

/* Anybody may come here, at the same time: all write the same. */
void rld_host_tls(struct rld *r)
{
	static int known;
	int (*iterate)(int (*)(struct dl_phdr_info *, size_t, void *), void *);

	if (known || !r->started)
		return;
	iterate = (int (*)(int (*)(struct dl_phdr_info *, size_t, void *),
			   void *))rld_host_symbol(r, r->host.libc,
						   "dl_iterate_phdr");
	if (iterate)
		iterate(find_tls, r);
	known = 1;
}

/* d's block in the calling thread; NULL when there is none yet. */
void *rld_tls_addr(struct rld *r, struct dso *d, int allocate)
{
	const struct tls_words *w;
	void *b;

	if (!d->tls_memsz || !r->started)
		return NULL;
	if (d->flags & D_HOST)
		rld_host_tls(r);
	if (d->tls_static)
		return (void *)(arch_tp() + (uintptr_t)d->tls_offset);
	w = tls_words();
	b = d->tls_mod < w->n ? w->table[d->tls_mod] : NULL;
	if (!b && w->thread)
		b = find_block(w->thread, d->tls_mod);
	/* a mere question may meet an object that is leaving just now */
	return b || !allocate ? b : block(d->tls_mod);
}

int rld_tls_register(struct rld *r, struct dso *d, struct rld_err *e)
{
	unsigned m = 1;

	if (d->tls_memsz && !d->tls_mod) {
		while (m < nmodules && module[m].dso)
			m++;
		if (m == MAX_MODULES)
			return rld_fail(e,
					"%s: too many objects with "
					"thread-local storage",
					dso_name(r, d));
		module[m].dso = d;
		if (m >= nmodules)
			nmodules = m + 1;
		d->tls_mod = m;
		TRACE(r, TR_TLS, "tls: %s: module %u, %zu bytes\n",
		      dso_name(r, d), m, d->tls_memsz);
	}
	if (d->tls_static)
		place(d);
	return 0;
}

void rld_tls_unregister(struct dso *d)
{
	unsigned m = d->tls_mod;

	if (!m)
		return;
	rld_tls_lock();
	module[m].dso = NULL;
	module[m].place = 0;
	for (struct thread *t = rld_threads; t; t = t->next) {
		void *b = find_block(t, m);

		for (struct tls_table *x = t->table; x; x = x->older)
			if (m < x->n)
				x->slot[m] = NULL;
		if (b)
			rld_tls_free_block_later(b);
	}
	rld_tls_unlock();
	d->tls_mod = 0;
}

void rld_tls_free_blocks(struct thread *t)
{
	struct tls_table *x = t->table, *older;

	for (size_t m = 0; x && m < x->n; m++) {
		void *b = find_block(t, (unsigned)m);

		if (b)
			rld_tls_free_block(b);
	}
	for (; x; x = older) {
		older = x->older;
		rld_free(x);
	}
}
