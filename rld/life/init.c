/* SPDX-License-Identifier: MIT */
/* Constructors and destructors: dependencies first, and last. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"

typedef void init_fn(int, char **, char **, ElfW(auxv_t) *);

static void call_init(struct rld *r, uintptr_t f)
{
	((init_fn *)f)(r->argc, r->argv, r->envp, r->auxv);
}

static void run_array(struct rld *r, uintptr_t at, size_t n)
{
	const uintptr_t *a = (const uintptr_t *)at;

	for (size_t i = 0; i < n; i++)
		if (a[i] && a[i] != (uintptr_t)-1)
			call_init(r, a[i]);
}

static void run_inits(struct rld *r, const struct code *c)
{
	if (c && c->init)
		call_init(r, c->init);
	if (c)
		run_array(r, c->init_array, c->ninit);
}

/* A thread that waits for another one's constructors. */
struct wait {
	struct wait *next;
	uintptr_t who;
	struct dso *what;
};

static int is_busy_state(enum init_state s)
{
	return s == INIT_BINDING || s == INIT_RUNNING;
}

static int is_busy(const struct dso *d)
{
	return is_busy_state(dso_init(d));
}

/* Does the thread that constructs d wait, in the end, for this one? */
static int waits_for_us(const struct rld *r, const struct dso *d)
{
	while (is_busy(d) && d->init_owner != rld_self_id()) {
		const struct wait *w = r->waits;

		while (w && w->who != d->init_owner)
			w = w->next;
		if (!w)
			return 0;
		d = w->what;
	}
	return is_busy(d);
}

/* Lock held, and given up meanwhile.  In a cycle the thread that closes it
 * goes on with what is half constructed, as one thread alone does: 0. */
static int wait_constructed(struct rld *r, struct dso *d)
{
	struct wait w = { r->waits, rld_self_id(), d }, **p = &r->waits;

	if (waits_for_us(r, d))
		return 0;
	__atomic_store_n(&r->waits, &w, __ATOMIC_SEQ_CST);
	for (;;) {
		/* read once: what is waited on is a state that will change */
		enum init_state state = dso_init(d);

		if (!is_busy_state(state) || d->init_owner == w.who)
			break;
		rld_unlock(r);
		sys_futex_wait((int *)&d->init, (int)state);
		rld_lock(r);
	}
	while (*p && *p != &w)
		p = &(*p)->next;
	if (*p)
		*p = w.next;
	return 1;
}

/* Lock held, and given up meanwhile: what d's IFUNCs mean is asked for.  0: it
 * is being asked. */
static int bind_late(struct rld *r, struct dso *d)
{
	enum late_result done = rld_late_run(r, d);

	if (done == LATE_LOOSE) { /* another thread may have closed it */
		dso_hold(d);
		rld_collect(r);
		dso_let_go(d);
	}
	return done != LATE_BUSY;
}

/* Is it constructed, and its initialiser still to be called? */
static int is_new_module(const struct dso *d)
{
	return d->module == MODULE_NEW && dso_init(d) == INIT_DONE;
}

/* Lock held, and given up meanwhile.  1: d is for this thread to construct. */
static int is_mine(struct rld *r, struct dso *d)
{
	while (dso_init(d) != INIT_NONE) {
		if (!is_busy(d))
			return is_new_module(d);
		if (d->init_owner != rld_self_id() ? !wait_constructed(r, d) :
						     !bind_late(r, d))
			return 0;
	}
	return 1;
}

/* An exception leaves a constructor: its object counts as constructed, as under
 * glibc.  It is the newest that this thread has begun with. */
int rld_leave_constructors(int version, int actions, uint64_t class,
			   void *exception, void *context)
{
	struct rld *r = &rld_state;
	struct dso *d;

	(void)version;
	(void)class;
	(void)exception;
	(void)context;
	if (!(actions & UNWIND_CLEANUP_PHASE))
		return UNWIND_CONTINUE;
	rld_lock(r);
	for (d = r->fini_list; d; d = d->fini_next)
		if (d->init == INIT_RUNNING && d->init_owner == rld_self_id())
			break;
	if (d)
		rld_constructed(r, d);
	rld_unlock(r);
	return UNWIND_CONTINUE;
}

/* 0: it is a module, and refuses. */
static __attribute__((noinline)) int
run_constructors(struct rld *r, struct dso *d, const struct code *c)
{
	int ok = 1;

	LEFT_BY(rld_leave_constructors);
	run_inits(r, c);
	if (__builtin_expect(d->module == MODULE_NEW, 0))
		ok = rld_module_init(r, d, 0);
	rld_constructed(r, d);
	return ok;
}

static __attribute__((cold, noinline)) int
construct_told(struct rld *r, struct dso *d, const struct code *c)
{
	unsigned long long began = rld_recording(r) ? rld_record_time() : 0;
	int ok;

	TRACE(r, TR_INIT, "init: %s\n", dso_name(r, d));
	ok = run_constructors(r, d, c);
	if (rld_recording(r))
		rld_record_ran(r, "init", d, began);
	return ok;
}

/* d's own constructors, once; another thread's turn is waited for.  0: d is a
 * module, and refuses. */
static int construct(struct rld *r, struct dso *d)
{
	const struct code *c;
	int again;

	rld_lock(r);
	if (!is_mine(r, d)) {
		rld_unlock(r);
		return 1;
	}
	again = d->init == INIT_DONE;
	dso_set_init(d, INIT_RUNNING);
	dso_own_init(d);
	if (__builtin_expect(again, 0)) {
		rld_unlock(r);
		return rld_module_init(r, d, 1);
	}
	d->fini_next = r->fini_list;
	r->fini_list = d;
	c = rld_code(d);
	rld_unlock(r);
	if (c && (c->init || c->ninit) &&
	    __builtin_expect(r->trace & (TR_INIT | TR_RECORD), 0))
		return construct_told(r, d, c);
	return run_constructors(r, d, c);
}

static int runs_itself(const struct dso *d)
{
	return (d->flags & (D_HOST | D_SELF | D_VDSO)) != 0;
}

/* What is to be constructed first of what d reaches. */
static struct dso *first_due(const struct rld *r, struct dso *d)
{
	struct dso *x = NULL;

	if (!rld_first_visit(r, d))
		return NULL;
	for (unsigned i = 0; i < d->nneed && !x; i++)
		if (d->need[i] && !(d->need[i]->flags & D_PROGRAM))
			x = first_due(r, d->need[i]);
	for (unsigned i = 0; i < d->nfilter && !x; i++)
		x = first_due(r, d->filtee[i]);
	if (!x && (d->init <= INIT_BINDING || is_new_module(d)) &&
	    !runs_itself(d) && !(d->flags & D_PROGRAM))
		x = d;
	return x;
}

/* Memory is too short for a list of them all. */
static void one_by_one(struct rld *r, struct dso *root)
{
	for (struct dso *x;;) {
		rld_lock(r);
		rld_walk_begin(r);
		x = first_due(r, root);
		rld_unlock(r);
		if (!x || !construct(r, x))
			return;
	}
}

/* Objects in the order of their constructors. */
struct row {
	struct dso **at;
	unsigned n;
};

/* What needs a module that refuses is not constructed: it leaves again. */
static void construct_all(struct rld *r, void *arg)
{
	const struct row *row = arg;

	for (unsigned i = 0; i < row->n; i++)
		if (!runs_itself(row->at[i]) &&
		    !(row->at[i]->flags & D_PROGRAM) &&
		    !construct(r, row->at[i]))
			return;
}

/* Is there anything to run in it? */
static int wants_turn(const struct row *row)
{
	for (unsigned i = 0; i < row->n; i++) {
		const struct dso *d = row->at[i];
		const struct code *c = d->init < INIT_RUNNING ? rld_code(d) :
								NULL;

		if (c && (c->init || c->ninit) && !(d->flags & D_PROGRAM))
			return 1;
		if (d->module == MODULE_NEW)
			return 1;
	}
	return 0;
}

/* Every object not yet initialised that root reaches (all, for NULL). */
void rld_run_init(struct rld *r, struct dso *root)
{
	struct dso **at;
	struct row row;
	unsigned n;
	int turn;

	rld_lock(r);
	at = rld_order_of_init(r, root, &n);
	if (!at) {
		rld_unlock(r);
		if (!root)
			rld_die(r, "out of memory");
		one_by_one(r, root);
		return;
	}
	/* others may wait for these, while this thread waits for theirs */
	for (unsigned i = 0; i < n; i++)
		if (rld_late_is_mine(at[i]))
			bind_late(r, at[i]);
	/* what others are at is waited for before the turn is taken: they may
	 * need one */
	for (unsigned i = 0; i < n; i++)
		if (is_busy(at[i]) && at[i]->init_owner != rld_self_id())
			wait_constructed(r, at[i]);
	row = (struct row){ at, n };
	turn = root && wants_turn(&row);
	rld_unlock(r);
	if (turn)
		rld_in_turn(r, root, construct_all, &row);
	else
		construct_all(r, &row);
	rld_free(at);
}

/* Lock held once, and given up meanwhile.  Another thread may have brought root
 * and may close it, so it is held until its constructors have run. */
void rld_run_init_held(struct rld *r, struct dso *root)
{
	if (root->flags & D_GONE && root->init_owner != rld_self_id())
		return; /* another thread's, which does not wait */
	dso_hold(root);
	rld_unlock(r);
	rld_run_init(r, root);
	rld_lock(r);
	if (dso_let_go(root) == 0 && !root->opens && !(root->flags & D_STARTUP))
		rld_collect(r);
}

static void at_exit(void *unused)
{
	(void)unused;
	rld_fini_all();
}

/* musl runs destructors from the moment on when rld's constructor, in which all
 * of a start's run, is done.  Its exit is to run them before that, too. */
static void watch_exit(struct rld *r)
{
	int (*ask)(void (*)(void *), void *, void *);

	ask = (int (*)(void (*)(void *), void *,
		       void *))rld_host_symbol(r, r->host.libc, "__cxa_atexit");
	if (ask)
		ask(at_exit, NULL, NULL);
}

/* Start-up: the program's preinit array, the DSOs, and the program's own
 * constructors where no libc runs them (musl's list holds our runner). */
void rld_init_program(struct rld *r)
{
	struct dso *p = r->program;

	if (r->host.kind != HOST_MUSL) /* musl never runs it */
		run_array(r, p->lm.l_addr + p->dyn.preinit_array,
			  p->dyn.npreinit);
	if (r->host.kind == HOST_MUSL)
		watch_exit(r);
	rld_run_init(r, NULL);
	dso_set_init(p, INIT_DONE);
	p->fini_next = r->fini_list;
	r->fini_list = p;
	if (r->host.kind == HOST_MUSL) {
		dso_set_init(p, INIT_RUNNING);
		run_inits(r, rld_code(p));
		dso_set_init(p, INIT_DONE);
	}
}
