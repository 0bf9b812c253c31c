/* Modules: a library with an initialiser, used by several clients, each with a
 * count of its own (the contracts of Smalltalk/X and Tcl). */
#include "rld/path.h"
#include "rld.h"

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
	int keep, ready;
	int gone;	/* closed by a hook of its own, and in no list */
	uintptr_t busy; /* who opens or closes it now */
	unsigned depth; /* how often: its hooks may, too */
};

/* The list, and each module's clients, are changed under the writer lock. */
static struct rld_module *modules;
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

/* Only one thread at a time opens or closes a module; its hooks may.  0:
 * another thread is at it: lock given up meanwhile, so look for the module
 * again. */
static int begin(struct rld *r, struct rld_module *m)
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
	return 1;
}

static void leave(struct rld_module *m)
{
	if (--m->depth)
		return;
	if (m->gone) {
		rld_free(m->name);
		rld_free(m);
	} else {
		__atomic_store_n(&m->busy, (uintptr_t)0, __ATOMIC_RELEASE);
	}
	__atomic_fetch_add(&turn, 1, __ATOMIC_RELEASE);
	sys_futex_wake(&turn, INT32_MAX);
}

/* Under AT_SECURE no variable says where code is searched. */
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

static void drop_client(struct rld *r, struct rld_module *m,
			struct client *gone)
{
	rld_lock(r);
	for (struct client **p = &m->clients; *p; p = &(*p)->next)
		if (*p == gone) {
			*p = gone->next;
			break;
		}
	rld_unlock(r);
	rld_free(gone);
}

static struct rld_module *of_handle(void *handle)
{
	struct rld_module *m = modules;

	while (m && m->handle != handle)
		m = m->next;
	return m;
}

static void forget(struct rld *r, struct rld_module *gone)
{
	rld_lock(r);
	for (struct rld_module **p = &modules; *p; p = &(*p)->next)
		if (*p == gone) {
			*p = gone->next;
			break;
		}
	gone->gone = 1;
	rld_unlock(r);
	leave(gone);
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
static struct rld_module *enter(struct rld *r, void *handle, const char *path)
{
	struct rld_module *m;

	rld_lock(r);
	do
		m = of_handle(handle);
	while (m && !begin(r, m));
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
		m->busy = rld_self_id();
		m->depth = 1;
		m->next = modules;
		modules = m;
	}
	rld_unlock(r);
	if (!m)
		refuse(path, "out of memory");
	return m;
}

/* __NAME__Init said no, or the last client left. */
static int finish(struct rld *r, struct rld_module *m)
{
	void *handle = m->handle;

	call(m, "deInit");
	forget(r, m);
	return rld_close(handle, 0);
}

int rld_module_ready(struct rld *r, void *handle, const char *path)
{
	struct rld_module *m = enter(r, handle, path);

	if (!m)
		return -1;
	if (!m->ready && call(m, "Init") < 0) {
		finish(r, m);
		return -1;
	}
	m->ready = 1;
	leave(m);
	return 0;
}

int rld_module_is(void *handle)
{
	return of_handle(handle) != NULL;
}

/* One use more by client; its hook is asked the first time. */
static int attach(struct rld *r, struct rld_module *m, const char *name,
		  void *client, rld_module_hook *hook, void *arg)
{
	struct client *c = client_of(m, client);

	if (!c) {
		c = rld_alloc(sizeof *c);
		if (!c)
			return refuse(name, "out of memory");
		rld_lock(r);
		*c = (struct client){ m->clients, client, hook, arg, 0 };
		m->clients = c;
		rld_unlock(r);
		if (hook && hook(m, client, RLD_MODULE_ATTACH, arg) < 0) {
			if (client_of(m, client) == c)
				drop_client(r, m, c);
			return refuse(name, "refused by its hook");
		}
		if (client_of(m, client) != c)
			return refuse(name, "closed by its hook");
	}
	rld_lock(r);
	c->uses++;
	rld_unlock(r);
	return 0;
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
	if (rld_own_mode(name, &mode))
		return NULL;
	path = find(r, name, search);
	handle = path ? rld_open(path, mode, NULL, 0, pc) : NULL;
	m = handle ? enter(r, handle, path) : NULL;
	rld_free(path);
	if (!m) {
		if (handle)
			rld_close(handle, 0);
		return NULL; /* dlopen's text stands */
	}
	if (!m->ready && call(m, "Init") < 0) {
		refuse(name, "its initialiser refused: it is unloaded again");
		finish(r, m);
		return NULL;
	}
	m->ready = 1;
	if (attach(r, m, name, client, hook, arg)) {
		if (!m->clients && !m->keep && !m->gone)
			finish(r, m);
		else
			leave(m);
		return NULL;
	}
	leave(m);
	return m;
}

static struct rld_module *known(struct rld *r, struct rld_module *m)
{
	struct rld_module *x;

	rld_lock(r);
	do
		for (x = modules; x && x != m; x = x->next)
			;
	while (x && !begin(r, x));
	rld_unlock(r);
	return x;
}

API int rld_module_close(struct rld_module *module, void *client,
			 unsigned flags)
{
	struct rld *r = &rld_state;
	struct rld_module *m = known(r, module);
	struct client *c = m ? client_of(m, client) : NULL;
	int last;

	if (!c || flags & ~(unsigned)RLD_MODULE_KEEP) {
		if (m)
			leave(m);
		return refuse("rld_module_close",
			      !m ? "not an open module" :
			      !c ? "this client does not use it" :
				   "unknown flags");
	}
	if (flags & RLD_MODULE_KEEP)
		m->keep = 1;
	if (c->uses > 1) {
		rld_lock(r);
		c->uses--;
		rld_unlock(r);
		leave(m);
		return 0;
	}
	last = m->clients == c && !c->next && !m->keep;
	if (c->hook &&
	    c->hook(m, client,
		    last ? RLD_MODULE_DETACH_PROCESS : RLD_MODULE_DETACH_CLIENT,
		    c->arg) < 0) {
		refuse(m->name, "refused by its hook");
		leave(m);
		return -1;
	}
	if (client_of(m, client) == c)
		drop_client(r, m, c);
	if (!m->clients && !m->keep && !m->gone)
		return finish(r, m);
	leave(m);
	return 0;
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
