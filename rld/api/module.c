/* SPDX-License-Identifier: MIT */
/* Modules: a library with an initialiser, used by several clients, each with a
 * count of its own (the contracts of Smalltalk/X and Tcl). */
#include "rld/api/api.h"
#include "rld/base/base.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

struct client {
	struct client *next;
	void *who;
	rld_module_hook *hook;
	void *arg;
	unsigned uses;
};

struct rld_module {
	struct rld_module *next;
	void *handle;
	char *name; /* as C names have it, for __NAME__Init */
	struct client *clients;
	int keep;
	enum { NEW, STARTING, READY, STOPPING, GONE } state;
	uintptr_t busy; /* the thread that opens or closes it now */
	unsigned depth; /* how often: its initialiser and hooks may, too */
};

/* A call of this page that has a module in hand, in its caller's frame. */
struct visit {
	struct visit *outer; /* begun before it, by any thread */
	struct rld_module *m;
	struct client *hooked; /* whose hook runs */
};

/* The list, each module's clients and the visits are changed under the writer
 * lock. */
static struct rld_module *modules;
static struct visit *visits;
static int turn; /* grows when a module is no longer busy */

API const char *rld_module_extension(void)
{
	return ".so";
}

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

/* __NAME__Init or __NAME__deInit in this module's own file. */
static int call(struct rld_module *m, const char *what)
{
	struct rld *r = &rld_state;
	uintptr_t f = 0;

	for (int lib = 0; lib < 2 && !f; lib++) {
		const char *base = m->name;
		struct rld_err e = { 0 };
		struct dso *d;
		char *name;

		if (lib && !str_starts(base, "lib"))
			break;
		name = rld_format("__%s__%s", base + 3 * lib, what);
		if (!name)
			return -1;
		rld_lock(r);
		d = rld_valid(r, m->handle, &e);
		f = d ? rld_host_symbol(r, d, name) : 0;
		rld_unlock(r);
		rld_err_clear(&e);
		rld_free(name);
	}
	return f ? ((int (*)(void))f)() : 0;
}

/* Only one thread at a time opens or closes a module; what it calls may, too.
 * 0: another thread is at it: lock given up meanwhile, so look for the module
 * again. */
static int begin(struct rld *r, struct rld_module *m, struct visit *v)
{
	int now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE);
	uintptr_t busy = __atomic_load_n(&m->busy, __ATOMIC_ACQUIRE);

	if (busy && busy != rld_self_id()) {
		rld_unlock(r);
		sys_futex_wait(&turn, now);
		rld_lock(r);
		return 0;
	}
	m->busy = rld_self_id();
	m->depth++;
	*v = (struct visit){ visits, m, NULL };
	visits = v;
	return 1;
}

static void free_module(struct rld_module *m)
{
	while (m->clients) {
		struct client *c = m->clients;

		m->clients = c->next;
		rld_free(c);
	}
	rld_free(m->name);
	rld_free(m);
}

/* Lock held. */
static void end(struct visit *v)
{
	struct rld_module *m = v->m;

	for (struct visit **p = &visits; *p; p = &(*p)->outer)
		if (*p == v) {
			*p = v->outer;
			break;
		}
	if (--m->depth)
		return;
	if (m->state == GONE)
		free_module(m);
	else
		__atomic_store_n(&m->busy, (uintptr_t)0, __ATOMIC_RELEASE);
	__atomic_fetch_add(&turn, 1, __ATOMIC_RELEASE);
	sys_futex_wake(&turn, INT32_MAX);
}

static void leave(struct visit *v)
{
	rld_lock(&rld_state);
	end(v);
	rld_unlock(&rld_state);
}

static const char *variable(struct rld *r, const char *name)
{
	char *(*get)(const char *);

	if (r->secure)
		return NULL;
	get = (char *(*)(const char *))rld_host_symbol(r, r->host.libc,
						       "getenv");
	return get ? get(name) : rld_getenv(r, name);
}

/* name with the platform's extension, along search; heap. */
static char *find(struct rld *r, const char *name, const char *search)
{
	const char *ext = strchr(str_base(name), '.') ? "" :
							rld_module_extension();
	struct statx st;

	if (search && *search == '$')
		search = variable(r, search + 1);
	while (search && !strchr(name, '/')) {
		size_t n = 0;
		char *dir, *p;

		while (search[n] && search[n] != ':')
			n++;
		dir = rld_strdup(search);
		if (!dir)
			return NULL;
		dir[n] = 0;
		p = rld_format("%s/%s%s", n ? dir : ".", name, ext);
		rld_free(dir);
		if (p && !sys_statx(AT_FDCWD, p, 0, &st))
			return p;
		rld_free(p);
		if (!search[n])
			break;
		search += n + 1;
	}
	return rld_format("%s%s", name, ext);
}

static struct client *client_of(struct rld_module *m, const void *who)
{
	struct client *c = m->clients;

	while (c && c->who != who)
		c = c->next;
	return c;
}

/* Lock held. */
static void drop(struct rld_module *m, struct client *gone)
{
	for (struct client **p = &m->clients; *p; p = &(*p)->next)
		if (*p == gone) {
			*p = gone->next;
			rld_free(gone);
			break;
		}
}

static void drop_client(struct rld *r, struct rld_module *m,
			struct client *gone)
{
	rld_lock(r);
	drop(m, gone);
	rld_unlock(r);
}

/* Lock held: no open finds it any longer. */
static void forget(struct rld_module *gone)
{
	for (struct rld_module **p = &modules; *p; p = &(*p)->next)
		if (*p == gone) {
			*p = gone->next;
			break;
		}
	gone->state = GONE;
}

/* An exception leaves an initialiser or a hook: the call that this thread began
 * last ends without success.  A module whose initialiser did not end is as one
 * that was never initialised; one whose deinitialiser did not is forgotten, and
 * its library stays, for the exception may lie in it. */
int rld_leave_module(int version, int actions, uint64_t class, void *exception,
		     void *context)
{
	struct rld *r = &rld_state;
	struct visit *v;

	(void)version;
	(void)class;
	(void)exception;
	(void)context;
	if (!(actions & UNWIND_CLEANUP_PHASE))
		return UNWIND_CONTINUE;
	rld_lock(r);
	for (v = visits; v && v->m->busy != rld_self_id(); v = v->outer)
		;
	if (v) {
		if (v->m->state == STARTING)
			v->m->state = NEW;
		if (v->m->state == STOPPING)
			forget(v->m);
		if (v->hooked)
			drop(v->m, v->hooked);
		end(v);
	}
	rld_unlock(r);
	return UNWIND_CONTINUE;
}

static struct rld_module *of_handle(void *handle)
{
	struct rld_module *m = modules;

	while (m && m->handle != handle)
		m = m->next;
	return m;
}

static int refuse(const char *name, const char *why)
{
	struct rld_err e = { 0 };

	rld_fail(&e, "%s: %s", name, why);
	rld_keep_error(&e);
	return -1;
}

/* A module record for a handle just opened: a new one, or the one that has it
 * (which then keeps one handle only).  Busy when it is returned. */
static struct rld_module *enter(struct rld *r, void *handle, const char *path,
				struct visit *v)
{
	struct rld_module *m;

	rld_lock(r);
	do
		m = of_handle(handle);
	while (m && !begin(r, m, v));
	if (m) {
		rld_unlock(r);
		rld_close(handle, 0);
		return m;
	}
	m = rld_alloc(sizeof *m);
	if (m && !(m->name = c_name(path))) {
		rld_free(m);
		m = NULL;
	}
	if (m) {
		m->handle = handle;
		m->next = modules;
		modules = m;
		begin(r, m, v);
	}
	rld_unlock(r);
	if (!m)
		refuse(path, "out of memory");
	return m;
}

/* __NAME__Init said no, or the last client left. */
static int finish(struct rld *r, struct visit *v)
{
	struct rld_module *m = v->m;
	void *handle = m->handle;

	m->state = STOPPING;
	call(m, "deInit");
	rld_lock(r);
	forget(m);
	end(v);
	rld_unlock(r);
	return rld_close(handle, 0);
}

/* The end of a call.  What it calls on the way may use the module last, but it
 * is finished here, when none of that runs any longer. */
static int done(struct rld *r, struct visit *v)
{
	struct rld_module *m = v->m;

	if (m->depth == 1 && m->state == READY && !m->clients && !m->keep)
		return finish(r, v);
	leave(v);
	return 0;
}

/* The initialiser runs once; what it opens itself is the module as it is.  -1:
 * it refused, and the module is finished, or another call is finishing it. */
static int start(struct rld *r, struct visit *v, const char *name)
{
	struct rld_module *m = v->m;

	if (m->state == STOPPING) {
		leave(v);
		return refuse(name, "is being closed: its deinitialiser runs");
	}
	if (m->state != NEW)
		return 0;
	m->state = STARTING;
	if (call(m, "Init") < 0) {
		refuse(name, "its initialiser refused: it is unloaded again");
		finish(r, v);
		return -1;
	}
	m->state = READY;
	return 0;
}

int rld_module_ready(struct rld *r, void *handle, const char *path)
{
	struct visit v;

	LEFT_BY(rld_leave_module);
	if (!enter(r, handle, path, &v) || start(r, &v, path))
		return -1;
	leave(&v);
	return 0;
}

int rld_module_is(void *handle)
{
	return of_handle(handle) != NULL;
}

/* One use more by client; its hook is asked the first time, and may use the
 * module itself meanwhile. */
static int attach(struct rld *r, struct visit *v, const char *name,
		  void *client, rld_module_hook *hook, void *arg)
{
	struct rld_module *m = v->m;
	struct client *c = client_of(m, client);
	int no;

	if (c) {
		rld_lock(r);
		c->uses++;
		rld_unlock(r);
		return 0;
	}
	c = rld_alloc(sizeof *c);
	if (!c)
		return refuse(name, "out of memory");
	rld_lock(r);
	*c = (struct client){ m->clients, client, hook, arg, 1 };
	m->clients = c;
	rld_unlock(r);
	if (!hook)
		return 0;
	v->hooked = c;
	no = hook(m, client, RLD_MODULE_ATTACH, arg) < 0;
	v->hooked = NULL;
	if (client_of(m, client) != c)
		return refuse(name, "closed by its hook");
	if (!no)
		return 0;
	drop_client(r, m, c);
	return refuse(name, "refused by its hook");
}

static __attribute__((noinline)) struct rld_module *
open_module(struct rld *r, void *handle, const char *path, const char *name,
	    void *client, rld_module_hook *hook, void *arg)
{
	struct visit v;
	struct rld_module *m;

	LEFT_BY(rld_leave_module);
	m = enter(r, handle, path, &v);
	if (!m) {
		rld_close(handle, 0);
		return NULL;
	}
	if (start(r, &v, name))
		return NULL;
	if (attach(r, &v, name, client, hook, arg))
		m = NULL;
	done(r, &v);
	return m;
}

API struct rld_module *rld_module_open(const char *name, const char *search,
				       int mode, void *client,
				       rld_module_hook *hook, void *arg)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	struct rld *r = &rld_state;
	struct rld_module *m;
	char *path;
	void *handle;

	if (!name || !*name)
		return refuse("rld_module_open", "no name given"), NULL;
	path = find(r, name, search);
	handle = path ? rld_open(path, mode, NULL, 0, pc) : NULL;
	/* else dlopen's text stands */
	m = handle ? open_module(r, handle, path, name, client, hook, arg) :
		     NULL;
	rld_free(path);
	return m;
}

static struct rld_module *known(struct rld *r, struct rld_module *m,
				struct visit *v)
{
	struct rld_module *x;

	rld_lock(r);
	do
		for (x = modules; x && x != m; x = x->next)
			;
	while (x && !begin(r, x, v));
	rld_unlock(r);
	return x;
}

/* One use of c's less: its last one, if its hook agrees. */
static int detach(struct rld *r, struct visit *v, struct client *c)
{
	struct rld_module *m = v->m;
	int last = m->clients == c && !c->next && !m->keep, no = 0;
	void *client = c->who;

	rld_lock(r);
	c->uses--;
	rld_unlock(r);
	if (c->uses)
		return 0;
	if (c->hook) {
		v->hooked = c;
		no = c->hook(m, client,
			     last ? RLD_MODULE_DETACH_PROCESS :
				    RLD_MODULE_DETACH_CLIENT,
			     c->arg) < 0;
		v->hooked = NULL;
	}
	if (client_of(m, client) != c)
		return 0; /* the hook has opened and closed it */
	if (no) {
		rld_lock(r);
		c->uses++;
		rld_unlock(r);
		return refuse(m->name, "refused by its hook");
	}
	if (!c->uses) /* the hook may have opened it again */
		drop_client(r, m, c);
	return 0;
}

API int rld_module_close(struct rld_module *module, void *client,
			 unsigned flags)
{
	struct rld *r = &rld_state;
	struct visit v;
	struct rld_module *m;
	struct client *c;
	int ret;

	LEFT_BY(rld_leave_module);
	m = known(r, module, &v);
	c = m ? client_of(m, client) : NULL;
	if (!c || !c->uses || flags & ~(unsigned)RLD_MODULE_KEEP) {
		if (m)
			leave(&v);
		return refuse("rld_module_close",
			      !m	     ? "not an open module" :
			      !c || !c->uses ? "this client does not use it" :
					       "unknown flags");
	}
	if (flags & RLD_MODULE_KEEP)
		m->keep = 1;
	ret = detach(r, &v, c);
	return done(r, &v) || ret ? -1 : 0;
}

API void *rld_module_handle(const struct rld_module *module)
{
	return module ? module->handle : NULL;
}

API unsigned rld_module_uses(const struct rld_module *module,
			     const void *client, int any)
{
	const struct rld_module *m;
	unsigned n = 0;

	rld_lock(&rld_state);
	for (m = modules; m && m != module; m = m->next)
		;
	for (const struct client *c = m ? m->clients : NULL; c; c = c->next)
		if (any || c->who == client)
			n += c->uses;
	rld_unlock(&rld_state);
	return n;
}
