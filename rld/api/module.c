/* SPDX-License-Identifier: MIT */
/* Modules: a library with an initialiser, used by several clients, each with a
 * count of its own (the contracts of Smalltalk/X and Tcl). */
#include "rld/api/api.h"
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
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
	struct client *clients;
	int keep;
	int ending;	/* it is to be closed, whoever uses it */
	int forgotten;	/* no open finds it: it is freed after the last visit */
	uintptr_t busy; /* the thread that opens or closes it now */
	unsigned depth; /* how often: its initialiser and hooks may, too */
};

/* A call of this page that has a module in hand, in its caller's frame. */
struct visit {
	struct visit *outer; /* begun before it, by any thread */
	uintptr_t thread;
	struct rld_module *m;  /* NULL: it is being loaded */
	struct dso *opened;    /* what was loaded, while no module has it */
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

/* Lock held. */
static void enter(struct visit *v)
{
	*v = (struct visit){ .outer = visits, .thread = rld_self_id() };
	visits = v;
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
	v->m = m;
	return 1;
}

static void free_module(struct rld_module *m)
{
	while (m->clients) {
		struct client *c = m->clients;

		m->clients = c->next;
		rld_free(c);
	}
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
	if (!m || --m->depth)
		return;
	if (m->forgotten)
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
	struct rld_err e = { 0 };
	struct dso *d;

	for (struct rld_module **p = &modules; *p; p = &(*p)->next)
		if (*p == gone) {
			*p = gone->next;
			break;
		}
	gone->forgotten = 1;
	d = rld_valid(&rld_state, gone->handle, &e);
	if (d)
		d->as_module = 0;
	rld_err_clear(&e);
}

/* An exception leaves an initialiser or a hook: the call that this thread began
 * last ends without success.  What it has loaded leaves with the next dlopen or
 * dlclose, for the exception may lie in it. */
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
	for (v = visits; v && v->thread != rld_self_id(); v = v->outer)
		;
	if (v) {
		if (v->opened) {
			v->opened->opens--;
			rld_set_lapsed(r, 1);
		}
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

/* Its initialiser, or that of what it needs, has refused.  Initialisers may have
 * opened the module themselves: that comes to nothing. */
static void give_back(struct rld *r, struct visit *v, void *handle)
{
	struct dso *d = v->opened;
	unsigned born = d->born;
	struct rld_module *m;

	v->opened = NULL;
	rld_lock(r);
	m = of_handle(handle);
	if (m && m->busy && m->busy != rld_self_id())
		m = NULL;
	if (m) {
		begin(r, m, v);
		forget(m);
	}
	rld_unlock(r);
	if (m)
		rld_close(handle, 0);
	rld_close(handle, 0);
	rld_lock(r);
	for (d = r->head; d && d->born != born; d = dso_next(d))
		;
	if (d && !(d->flags & D_GONE)) /* others use it */
		rld_module_unmark(r, d);
	rld_unlock(r);
}

/* Load it, and see to it that it is initialised. */
static void *load(struct rld *r, const char *path, int mode, uintptr_t pc,
		  struct visit *v)
{
	void *handle = rld_open_module(path, mode, pc, &v->opened);
	struct rld_err e = { 0 };

	if (!handle) /* dlopen's text stands */
		return NULL;
	rld_lock(r);
	rld_module_check(r, v->opened, &e);
	rld_unlock(r);
	if (!e.set)
		return handle;
	give_back(r, v, handle);
	rld_keep_error(&e);
	return NULL;
}

/* A module record for a handle just opened: a new one, or the one that has it
 * (which then keeps one handle only).  Busy when it is returned. */
static struct rld_module *take(struct rld *r, void *handle, const char *path,
			       struct visit *v)
{
	struct dso *d = v->opened;
	struct rld_module *m;

	rld_lock(r);
	v->opened = NULL;
	do
		m = of_handle(handle);
	while (m && !begin(r, m, v));
	if (m) {
		rld_unlock(r);
		rld_close(handle, 0);
		return m;
	}
	m = rld_alloc(sizeof *m);
	if (m) {
		m->handle = handle;
		d->as_module = 1;
		m->next = modules;
		modules = m;
		begin(r, m, v);
	}
	rld_unlock(r);
	if (m)
		return m;
	rld_close(handle, 0);
	refuse(path, "out of memory");
	return NULL;
}

/* The end of a call.  What it calls on the way may use the module last, but it
 * is closed here, when none of that runs any longer. */
static int done(struct rld *r, struct visit *v)
{
	struct rld_module *m = v->m;
	void *handle;

	if (m->depth > 1 || m->forgotten || m->clients || m->keep) {
		leave(v);
		return 0;
	}
	handle = m->handle;
	rld_lock(r);
	forget(m);
	end(v);
	rld_unlock(r);
	return rld_close(handle, 0);
}

/* Is what is loaded under this path another file than the one that is there? */
static int is_replaced(struct rld *r, const char *path)
{
	struct rld_err e = { 0 };
	struct rld_gone was = { 0 };
	const struct rld_gone *is;
	struct statx st;
	struct peek *p = NULL;
	struct dso *d = rld_find_name(r, path);
	int other = 0;

	if (!d || d->flags & (D_HOST | D_SELF | D_VDSO | D_PROGRAM) ||
	    sys_look(strchr(path, '/') ? path : d->lm.l_name, &st) ||
	    (d->ino == st.stx_ino && d->dev == sys_dev(&st) &&
	     d->stamp.size == st.stx_size &&
	     d->stamp.mtime.tv_sec == st.stx_mtime.tv_sec &&
	     d->stamp.mtime.tv_nsec == st.stx_mtime.tv_nsec))
		return 0;
	rld_build_id(d, &was);
	if (was.build_id_size) /* the same again, or a copy? */
		p = rld_look_into(r, strchr(path, '/') ? path : d->lm.l_name,
				  NULL, &e);
	is = p ? rld_look_id(p) : NULL;
	other = !is || is->build_id_size != was.build_id_size ||
		memcmp(is->build_id, was.build_id, was.build_id_size) != 0;
	rld_look_away(p);
	rld_err_clear(&e);
	rld_search_done(r);
	return other;
}

static int may_open(struct rld *r, const char *path, int mode)
{
	int stops, replaced;

	rld_lock(r);
	stops = rld_module_is_stopping(r, path);
	replaced = !stops && !(mode & RTLD_NOLOAD) && is_replaced(r, path);
	rld_unlock(r);
	if (stops)
		return refuse(path, "is being closed: its deinitialiser runs");
	if (replaced)
		return refuse(path,
			      "is loaded from a file that was replaced since: "
			      "rld_module_reload takes the new one, "
			      "RTLD_NOLOAD opens what is loaded");
	return 0;
}

void *rld_module_bring(struct rld *r, const char *path, int mode, uintptr_t pc)
{
	struct visit v;
	void *handle;

	LEFT_BY(rld_leave_module);
	rld_lock(r);
	enter(&v);
	rld_unlock(r);
	handle = load(r, path, mode, pc, &v);
	if (handle && !take(r, handle, path, &v))
		handle = NULL;
	leave(&v);
	return handle;
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
open_module(struct rld *r, const char *path, const char *name, int mode,
	    uintptr_t pc, void *client, rld_module_hook *hook, void *arg)
{
	struct visit v;
	struct rld_module *m = NULL;
	void *handle;

	LEFT_BY(rld_leave_module);
	rld_lock(r);
	enter(&v);
	rld_unlock(r);
	handle = load(r, path, mode, pc, &v);
	if (handle)
		m = take(r, handle, path, &v);
	if (!m) {
		leave(&v);
		return NULL;
	}
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
	struct rld_module *m = NULL;
	char *path;

	if (!name || !*name)
		return refuse("rld_module_open", "no name given"), NULL;
	if (rld_own_mode(name, &mode))
		return NULL;
	path = find(r, name, search);
	if (path && !may_open(r, path, mode))
		m = open_module(r, path, name, mode, pc, client, hook, arg);
	rld_free(path);
	return m;
}

static struct rld_module *known(struct rld *r, struct rld_module *m,
				struct visit *v)
{
	struct rld_module *x;

	rld_lock(r);
	enter(v);
	do
		for (x = modules; x && x != m; x = x->next)
			;
	while (x && !begin(r, x, v));
	if (!x)
		end(v);
	rld_unlock(r);
	return x;
}

/* For messages. */
static const char *module_name(struct rld *r, const struct rld_module *m)
{
	struct rld_err e = { 0 };
	const struct dso *d;

	rld_lock(r);
	d = rld_valid(r, m->handle, &e);
	rld_unlock(r);
	rld_err_clear(&e);
	return d ? dso_name(r, d) : "a module";
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
		return refuse(module_name(r, m), "refused by its hook");
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

/* A client whose hook has not been told yet that the module goes; it is none any
 * longer.  Lock held. */
static struct client *next_told(struct rld_module *m)
{
	struct client *c = m->clients;

	if (c)
		m->clients = c->next;
	return c;
}

/* Every client's hook is told; what they answer does not count. */
static void tell_clients(struct rld *r, struct rld_module *m)
{
	for (;;) {
		struct client *c, told;
		int last;

		rld_lock(r);
		c = next_told(m);
		last = !m->clients;
		rld_unlock(r);
		if (!c)
			return;
		told = *c;
		rld_free(c);
		if (told.hook)
			told.hook(m, told.who,
				  last ? RLD_MODULE_DETACH_PROCESS :
					 RLD_MODULE_DETACH_CLIENT,
				  told.arg);
	}
}

API int rld_module_unload(struct rld_module *module, unsigned flags)
{
	struct rld *r = &rld_state;
	struct visit v;
	struct rld_module *m;

	LEFT_BY(rld_leave_module);
	if (flags)
		return refuse("rld_module_unload", "unknown flags");
	m = known(r, module, &v);
	if (!m)
		return refuse("rld_module_unload", "not an open module");
	m->ending = 1;
	tell_clients(r, m);
	m->keep = 0;
	return done(r, &v) ? -1 : 0;
}

/* The n-th of those that are open, counted from the oldest. */
static struct rld_module *nth(unsigned n)
{
	unsigned all = 0;
	struct rld_module *m;

	for (m = modules; m; m = m->next)
		all++;
	for (m = n < all ? modules : NULL; m && n + 1 < all; m = m->next)
		n++;
	return m;
}

API int rld_module_each(int (*fn)(struct rld_module *module, const char *path,
				  void *arg),
			void *arg)
{
	struct rld *r = &rld_state;
	int ret = 0;

	LEFT_BY(rld_leave_module);
	for (unsigned n = 0; !ret; n++) {
		struct visit v;
		struct rld_module *m;
		int used;

		rld_lock(r);
		m = nth(n);
		rld_unlock(r);
		m = m ? known(r, m, &v) : NULL;
		if (!m)
			return ret;
		used = m->clients != NULL; /* what was restored has none yet */
		ret = fn(m, module_name(r, m), arg);
		if (m->ending || (used && !m->clients && !m->keep)) {
			n--; /* the next one comes to its place */
			done(r, &v);
		} else {
			leave(&v);
		}
	}
	return ret;
}

API int rld_module_reload(struct rld_module *module, const char *path,
			  unsigned flags)
{
	struct rld *r = &rld_state;
	struct visit v;
	struct rld_module *m;
	int ret;

	LEFT_BY(rld_leave_module);
	m = known(r, module, &v);
	if (!m)
		return refuse("rld_module_reload", "not an open module");
	ret = rld_swap(m->handle, path, flags);
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
