/* SPDX-License-Identifier: MIT */
/* Stable entry points: a jump through a slot that is bound on the first call
 * and goes back to lazy whenever its provider leaves, as a PLT's does.  A pool
 * is one page of code, written once, and the words its jumps read, which are
 * sealed with the vault. */
#include "rld/bind/bind.h"
#include "rld/load/delay.h"
#include "rld/diag/event.h"
#include "rld/base/sealed.h"

enum { POOL = 64 };

struct entry {
	char *name;  /* NULL: free */
	char *scope; /* path of the handle's object; NULL: global */
	char *soname;
	struct dso *provider; /* NULL: not bound */
	unsigned count;
};

struct words {
	uintptr_t got[3]; /* as in a PLT's GOT */
	uintptr_t slot[POOL], lazy[POOL];
	struct piece piece;
};

struct pool {
	struct pool *next;
	struct dso face; /* what the stubs give the resolver */
	unsigned char *code;
	struct words *words;
	struct entry entry[POOL];
};

static struct pool *pools;

static struct pool *new_pool(struct rld *r)
{
	size_t code = page_up(r, POOL * ARCH_ENTRY_SIZE);
	size_t data = page_up(r, sizeof(struct words));
	struct pool *p = rld_alloc(sizeof *p);
	struct words *w;
	uintptr_t at;

	if (!p)
		return NULL;
	at = sys_mmap(NULL, code + data, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (SYS_ERR(at)) {
		rld_free(p);
		return NULL;
	}
	p->code = (unsigned char *)at;
	p->words = w = (struct words *)(at + code);
	p->face.flags = D_ENTRIES;
	arch_lazy_got(w->got, &p->face);
	for (unsigned i = 0; i < POOL; i++)
		w->slot[i] = w->lazy[i] = arch_entry_code(
			p->code + i * ARCH_ENTRY_SIZE, w->got, i);
	arch_sync_code(at, at + code);
	if (sys_mprotect(at, code, PROT_READ | PROT_EXEC) || rld_unseal(r)) {
		sys_munmap(at, code + data);
		rld_free(p);
		return NULL;
	}
	rld_vault_add(&w->piece, (uintptr_t)w, data);
	rld_seal(r);
	p->next = pools;
	__atomic_store_n(&pools, p, __ATOMIC_RELEASE);
	return p;
}

/* v 0: lazy again.  -1: it cannot be written now. */
static int put(struct rld *r, struct pool *p, unsigned i, uintptr_t v)
{
	if (rld_unseal(r))
		return -1;
	__atomic_store_n(&p->words->slot[i], v ? v : p->words->lazy[i],
			 __ATOMIC_RELEASE);
	rld_seal(r);
	return 0;
}

void rld_entries_unbind(struct rld *r, const struct dso *gone)
{
	for (struct pool *p = pools; p; p = p->next)
		for (unsigned i = 0; i < POOL; i++)
			if (p->entry[i].provider == gone && !put(r, p, i, 0))
				p->entry[i].provider = NULL;
}

void rld_entries_would_miss(struct rld *r, const struct dso *gone,
			    struct dso *next,
			    void (*fn)(void *, const char *, const char *),
			    void *arg)
{
	for (struct pool *p = pools; p; p = p->next)
		for (unsigned i = 0; i < POOL; i++) {
			const struct entry *n = &p->entry[i];
			struct ref ref = {
				.name = n->name,
				.newest = 1,
				.is_call = 1,
				.skip = (struct dso *)(uintptr_t)gone
			};
			struct def def;

			if (!n->name || n->provider != gone)
				continue;
			ref.hash = elf_gnu_hash(n->name);
			if (!rld_lookup_in(next, &ref, &def) &&
			    (n->scope || !rld_lookup(r, &ref, &def)))
				fn(arg, "an entry point", n->name);
		}
}

/* What the entry means now; *e tells of a library that cannot be loaded. */
static int look(struct rld *r, const struct entry *n, struct def *def,
		struct rld_err *e)
{
	struct ref ref = { .name = n->name, .newest = 1, .is_call = 1 };
	struct dso *d;

	ref.hash = elf_gnu_hash(n->name);
	if (!n->scope)
		return rld_lookup(r, &ref, def) ||
		       rld_delay_lookup(r, &ref, NULL, def, e);
	d = rld_find_name(r, n->scope);
	if (!d && *n->soname)
		d = rld_find_name(r, n->soname);
	for (struct dso *o = r->head; o && !d; o = dso_next(o))
		if (!strcmp(o->lm.l_name, n->scope) && !is_gone(o))
			d = o;
	if (!d || !(d->flags & D_READY))
		return 0;
	return rld_in_handle(r, d, &ref, def, e);
}

/* Under the lock, given up for constructors and resolvers. */
static int settle_entry(struct rld *r, struct pool *p, unsigned i, uintptr_t *v,
			struct rld_err *e)
{
	struct entry *n = &p->entry[i];
	struct def def, now;
	int hit = n->name && look(r, n, &def, e);

	rld_search_done(r);
	if (hit && def.dso->init != INIT_DONE) {
		rld_unlock(r); /* its constructors come first */
		rld_run_init(r, def.dso);
		rld_delay_init(r);
		rld_lock(r);
		hit = n->name && look(r, n, &def, e);
	}
	if (!hit)
		return 0;
	TRACE_BIND(r, n->name, "rld: bind: entry %s -> %s\n", n->name,
		   dso_name(r, def.dso));
	*v = is_ifunc(&def) ? rld_ifunc_unlocked(r, r->program, &def) :
			      rld_sym_addr(def.dso, def.sym);
	/* another may mean something else by now */
	if ((!is_ifunc(&def) ||
	     (n->name && look(r, n, &now, e) && now.sym == def.sym)) &&
	    !put(r, p, i, *v))
		n->provider = def.dso;
	return 1;
}

static uintptr_t bind(void *pool, void *number)
{
	struct rld *r = &rld_state;
	struct pool *p = pool;
	unsigned i = (unsigned)(uintptr_t)number;
	struct entry *n = &p->entry[i];
	const char *object = dso_name(r, r->program);
	struct rld_err e = { 0 };
	char *name, *scope;
	uintptr_t v = 0;
	void *instead = NULL;

	rld_lock(r);
	if (settle_entry(r, p, i, &v, &e)) {
		rld_unlock(r);
		rld_err_clear(&e);
		return v;
	}
	/* another thread may give it back meanwhile */
	name = n->name ? rld_strdup(n->name) : NULL;
	scope = n->scope ? rld_strdup(n->scope) : NULL;
	rld_unlock(r);
	if (name)
		instead = rld_delay_failed(r, r->program, name, e.text);
	if (name && !instead)
		instead = rld_ask_unresolved(r->program, name);
	if (!instead)
		rld_unresolvable(r, scope ? scope : object,
				 name ? name : "(an entry point given back)");
	rld_err_clear(&e);
	rld_free(name);
	rld_free(scope);
	return (uintptr_t)instead;
}

uintptr_t rld_entry_bind(struct dso *face, uintptr_t index)
{
	struct pool *p =
		(struct pool *)((uintptr_t)face - offsetof(struct pool, face));

	return arch_call_guarded(bind, p, (void *)index);
}

static int same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

API void *rld_entry(void *handle, const char *name)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct pool *at = NULL;
	unsigned slot = 0;
	struct dso *d = NULL;
	void *ret = NULL;

	rld_lock(r);
	if (!name || !*name)
		rld_fail(&e, "rld_entry: no symbol name given");
	else if (handle && handle != r->program)
		d = rld_valid(r, handle, &e);
	for (struct pool *p = pools; p && !e.set && !ret; p = p->next)
		for (unsigned i = 0; i < POOL && !ret; i++) {
			struct entry *n = &p->entry[i];

			if (!n->name) {
				at = p;
				slot = i;
			} else if (!strcmp(n->name, name) &&
				   same(n->scope, d ? d->lm.l_name : NULL)) {
				n->count++;
				ret = p->code + i * ARCH_ENTRY_SIZE;
			}
		}
	if (!e.set && !ret) {
		struct entry *n;

		if (!at) {
			at = new_pool(r);
			slot = 0;
		}
		n = at ? &at->entry[slot] : NULL;
		if (n) {
			n->scope = d ? rld_strdup(d->lm.l_name) : NULL;
			n->soname = rld_strdup(d && d->soname ? d->soname : "");
			n->name = rld_strdup(name);
			n->count = 1;
		}
		if (!n || !n->name || !n->soname || (d && !n->scope)) {
			rld_fail(&e, "rld_entry: %s: out of memory", name);
			if (n) {
				rld_free(n->scope);
				rld_free(n->soname);
				rld_free(n->name);
				*n = (struct entry){ 0 };
			}
		} else {
			ret = at->code + slot * ARCH_ENTRY_SIZE;
		}
	}
	rld_unlock(r);
	if (e.set)
		rld_keep_error(&e);
	return ret;
}

API int rld_entry_free(void *entry)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	uintptr_t at = (uintptr_t)entry;
	int found = 0;

	rld_lock(r);
	for (struct pool *p = pools; p; p = p->next) {
		uintptr_t off = at - (uintptr_t)p->code;
		struct entry *n;

		if (off >= POOL * ARCH_ENTRY_SIZE || off % ARCH_ENTRY_SIZE)
			continue;
		n = &p->entry[off / ARCH_ENTRY_SIZE];
		if (!n->name)
			continue;
		found = 1;
		if (--n->count)
			continue;
		if (put(r, p, (unsigned)(off / ARCH_ENTRY_SIZE), 0)) {
			n->count = 1;
			rld_fail(&e, "%p: out of memory", entry);
			break;
		}
		rld_free(n->name);
		rld_free(n->scope);
		rld_free(n->soname);
		*n = (struct entry){ 0 };
	}
	rld_unlock(r);
	if (found && !e.set)
		return 0;
	if (!found)
		rld_fail(&e, "%p: is not an entry point", entry);
	rld_keep_error(&e);
	return -1;
}
