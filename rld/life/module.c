/* SPDX-License-Identifier: MIT */
/* A module's own initialiser and deinitialiser, __NAME__Init and __NAME__deInit.  They
 * belong to the object, whoever brings it in or takes it away: the one runs after its
 * constructors, the other before its destructors. */
#include "rld/base/base.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"

/* An initialiser that runs, in its caller's frame. */
struct call {
	struct call *outer; /* begun before it, by any thread */
	uintptr_t thread;
	struct dso *d;
	int again;
};

static struct call *calls; /* changed under the writer lock */

/* NAME: what a path or a soname says, without directory and extension, as C names
 * have it; heap. */
static char *c_name(const char *path)
{
	char *s = rld_strdup(str_base(path)), *dot = s ? strchr(s, '.') : NULL;

	if (dot && dot != s)
		*dot = 0;
	for (char *c = s; c && *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9')))
			*c = '_';
	return s;
}

/* Lock held.  d's own function of that name, with or without a leading "lib". */
static uintptr_t named(struct rld *r, struct dso *d, const char *path,
		       const char *what)
{
	char *base = c_name(path);
	uintptr_t f = 0;

	for (int lib = 0; base && lib < 2 && !f; lib++) {
		char *name;

		if (lib && !str_starts(base, "lib"))
			break;
		name = rld_format("__%s__%s", base + 3 * lib, what);
		f = name ? rld_host_symbol(r, d, name) : 0;
		rld_free(name);
	}
	rld_free(base);
	return f;
}

/* By the file's name, else by that of the file in whose place it came, its soname or
 * another name that leads to it. */
static uintptr_t find(struct rld *r, struct dso *d, const char *what)
{
	uintptr_t f = named(r, d, dso_name(r, d), what);

	if (!f && d->module_path)
		f = named(r, d, d->module_path, what);
	if (!f && d->soname)
		f = named(r, d, d->soname, what);
	for (const struct alias *a = d->alias; a && !f; a = a->more)
		f = named(r, d, a->name, what);
	return f;
}

static int has_none(const struct dso *d)
{
	return (d->flags & (D_HOST | D_SELF | D_VDSO | D_PROGRAM)) != 0;
}

void rld_module_mark(struct rld *r, struct dso *d)
{
	unsigned n;
	struct dso **list;

	/* what it needs was marked with it */
	if (d->module != MODULE_NOT && d->module != MODULE_ENDED)
		return;
	list = rld_closure(r, d, &n);
	for (unsigned i = 0; list && i < n; i++) {
		struct dso *x = list[i];

		if (x->module == MODULE_NOT || x->module == MODULE_ENDED)
			dso_set_module(x,
				       has_none(x) ? MODULE_READY : MODULE_NEW);
	}
	rld_free(list);
}

void rld_module_follow(struct dso *fresh, const struct dso *old)
{
	if (old->module)
		fresh->module_path = rld_strdup(
			old->module_path ? old->module_path : old->lm.l_name);
}

void rld_module_unmark(struct rld *r, struct dso *d)
{
	unsigned n;
	struct dso **list = rld_closure(r, d, &n);

	for (unsigned i = 0; list && i < n; i++)
		if (list[i]->module == MODULE_NEW ||
		    list[i]->module == MODULE_REFUSED)
			dso_set_module(list[i], MODULE_NOT);
	rld_free(list);
}

/* Lock held. */
static void end(struct rld *r, struct call *c, enum module_state state)
{
	for (struct call **p = &calls; *p; p = &(*p)->outer)
		if (*p == c) {
			*p = c->outer;
			break;
		}
	dso_set_module(c->d, state);
	if (c->again)
		rld_constructed(r, c->d);
}

/* An exception leaves an initialiser: it is to be called by the next open. */
int rld_leave_initialiser(int version, int actions, uint64_t class,
			  void *exception, void *context)
{
	struct rld *r = &rld_state;
	struct call *c;

	(void)version;
	(void)class;
	(void)exception;
	(void)context;
	if (!(actions & UNWIND_CLEANUP_PHASE))
		return UNWIND_CONTINUE;
	rld_lock(r);
	for (c = calls; c && c->thread != rld_self_id(); c = c->outer)
		;
	if (c)
		end(r, c, MODULE_NEW);
	rld_unlock(r);
	return UNWIND_CONTINUE;
}

__attribute__((noinline)) int rld_module_init(struct rld *r, struct dso *d,
					      int again)
{
	struct call c = { NULL, rld_self_id(), d, again };
	uintptr_t f;
	int ok;

	LEFT_BY(rld_leave_initialiser);
	rld_lock(r);
	dso_set_module(d, MODULE_STARTING);
	c.outer = calls;
	calls = &c;
	f = find(r, d, "Init");
	rld_unlock(r);
	if (f)
		TRACE(r, TR_INIT, "init: %s: its initialiser\n",
		      dso_name(r, d));
	ok = !f || ((int (*)(void))f)() >= 0;
	if (!ok)
		TRACE(r, TR_INIT, "init: %s: its initialiser refused\n",
		      dso_name(r, d));
	rld_lock(r);
	end(r, &c, ok ? MODULE_READY : MODULE_REFUSED);
	rld_unlock(r);
	return ok;
}

void rld_module_deinit(struct rld *r, struct dso *d)
{
	uintptr_t f;

	if (d->module != MODULE_READY && d->module != MODULE_REFUSED)
		return;
	rld_lock(r);
	dso_set_module(d, MODULE_STOPPING);
	f = find(r, d, "deInit");
	rld_unlock(r);
	if (f) {
		TRACE(r, TR_INIT, "fini: %s: its deinitialiser\n",
		      dso_name(r, d));
		((void (*)(void))f)();
	}
	dso_set_module(d, MODULE_ENDED);
}

/* Of what d needs, the one that has refused. */
static const struct dso *refusing(struct rld *r, struct dso *d)
{
	const struct dso *x = NULL;
	unsigned n;
	struct dso **list = rld_closure(r, d, &n);

	for (unsigned i = 0; list && i < n && !x; i++)
		if (list[i]->module == MODULE_REFUSED)
			x = list[i];
	rld_free(list);
	return x;
}

int rld_module_check(struct rld *r, struct dso *d, struct rld_err *e)
{
	const struct dso *x;

	if (d->module == MODULE_READY ||
	    (d->module == MODULE_STARTING && d->init_owner == rld_self_id()))
		return 0;
	if (d->module == MODULE_STOPPING)
		return rld_fail(e,
				"%s: is being closed: its deinitialiser runs",
				dso_name(r, d));
	x = refusing(r, d);
	if (x && x != d)
		return rld_fail(e,
				"%s: the initialiser of %s refused: it is "
				"unloaded again",
				dso_name(r, d), dso_name(r, x));
	return rld_fail(e, "%s: its initialiser refused: it is unloaded again",
			dso_name(r, d));
}

int rld_module_is_stopping(struct rld *r, const char *path)
{
	struct statx st;
	int known = !sys_look(path, &st);

	for (const struct dso *d = r->head; d; d = dso_next(d))
		if (d->module == MODULE_STOPPING &&
		    d->init_owner == rld_self_id() &&
		    ((known && d->ino == st.stx_ino &&
		      d->dev == sys_dev(&st)) ||
		     !strcmp(d->lm.l_name, path) || !strcmp(d->name, path)))
			return 1;
	return 0;
}
