/* SPDX-License-Identifier: MIT */
/* Stable entry points: a jump through a slot that is bound on the first call
 * and goes back to lazy whenever its provider leaves, as a PLT's does.  A pool
 * is one page of code, written once, and the words its jumps read, which are
 * sealed with the vault. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/call/call.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

/* What the entry means now; *e tells of a library that cannot be loaded. */
static int look(struct rld *r, const struct entry *n, struct def *def,
		struct rld_err *e)
{
	struct ref ref = { .name = n->name, .newest = 1, .is_call = 1 };
	struct space *s;
	struct dso *d;

	if (n->is_stub) {
		d = rld_stub_user(r, n);
		if (!d || d->flags & D_DYING || rld_ref(d, n->sym, &ref))
			return 0;
		ref.is_call = 1;
		return rld_lookup(r, &ref, def) ||
		       rld_supply(r, &ref, d, def, e);
	}
	ref.hash = elf_gnu_hash(n->name);
	if (!n->scope)
		return rld_lookup(r, &ref, def) ||
		       rld_supply(r, &ref, NULL, def, e);
	s = rld_space_find(r, n->ns);
	if (!s && n->ns != LM_ID_BASE)
		return 0;
	d = rld_find_name_in(r, s, n->scope);
	if (!d && *n->soname)
		d = rld_find_name_in(r, s, n->soname);
	for (struct dso *o = r->head; o && !d; o = dso_next(o))
		if (!strcmp(o->lm.l_name, n->scope) && !is_gone(o) &&
		    in_space(o, s))
			d = o;
	if (!d || !(d->flags & D_READY))
		return 0;
	return rld_in_handle(r, d, &ref, def, e);
}

static __attribute__((cold, noinline)) void
tell(struct rld *r, const char *name, const struct def *def)
{
	const struct ref ref = { .name = name, .hash = elf_gnu_hash(name) };
	const struct binding b = { .from = r->self,
				   .ref = &ref,
				   .def = def,
				   .when = "entry",
				   .by = "handle" };

	rld_tell_binding(r, &b);
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
		rld_run_init_held(r, def.dso); /* they come first */
		rld_unlock(r);
		rld_delay_init(r);
		rld_lock(r);
		hit = n->name && look(r, n, &def, e);
	}
	if (!hit)
		return 0;
	if (rld_tells_bindings(r))
		tell(r, n->name, &def);
	*v = is_ifunc(&def) ? rld_ifunc_unlocked(r, r->program, &def) :
			      rld_sym_addr(def.dso, def.sym);
	/* another may mean something else by now */
	if ((!is_ifunc(&def) ||
	     (n->name && look(r, n, &now, e) && now.sym == def.sym)) &&
	    !rld_entry_set(r, p, i, *v))
		n->provider = def.dso;
	return 1;
}

static uintptr_t bind(void *pool, void *number)
{
	struct rld *r = &rld_state;
	struct pool *p = pool;
	unsigned i = (unsigned)(uintptr_t)number;
	struct entry *n = &p->entry[i];
	struct dso *from = NULL;
	struct rld_err e = { 0 };
	char *name, *of, *hint;
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
	of = n->scope && *n->scope ? rld_strdup(n->scope) : NULL;
	hint = n->gone ? rld_format(" (it was in %s, which has been unloaded)",
				    n->gone) :
			 NULL;
	if (n->is_stub)
		from = rld_stub_user(r, n);
	rld_unlock(r);
	if (!from)
		from = r->program;
	if (name)
		instead = rld_delay_failed(r, from, name, e.text);
	if (name && !instead)
		instead = rld_ask_unresolved(from, name);
	if (!instead)
		rld_unresolvable(r, of ? of : dso_name(r, from),
				 name ? name : "(an entry point given back)",
				 hint);
	rld_free(hint);
	rld_err_clear(&e);
	rld_free(name);
	rld_free(of);
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

static Lmid_t number_of(const struct dso *d)
{
	return d && d->space ? d->space->id : LM_ID_BASE;
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
	for (struct pool *p = rld_pools; p && !e.set && !ret; p = p->next)
		for (unsigned i = 0; i < POOL && !ret; i++) {
			struct entry *n = &p->entry[i];

			if (!n->name) {
				at = p;
				slot = i;
			} else if (!n->is_stub && !strcmp(n->name, name) &&
				   same(n->scope, d ? d->lm.l_name : NULL) &&
				   n->ns == number_of(d)) {
				n->count++;
				ret = p->code + i * ARCH_ENTRY_SIZE;
			}
		}
	if (!e.set && !ret) {
		struct entry *n;

		if (!at) {
			at = rld_new_pool(r);
			slot = 0;
		}
		n = at ? &at->entry[slot] : NULL;
		if (n) {
			n->scope = d ? rld_strdup(d->lm.l_name) : NULL;
			n->soname = rld_strdup(d && d->soname ? d->soname : "");
			n->name = rld_strdup(name);
			n->ns = number_of(d);
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
	for (struct pool *p = rld_pools; p; p = p->next) {
		uintptr_t off = at - (uintptr_t)p->code;
		struct entry *n;

		if (off >= POOL * ARCH_ENTRY_SIZE || off % ARCH_ENTRY_SIZE)
			continue;
		n = &p->entry[off / ARCH_ENTRY_SIZE];
		if (!n->name || n->is_stub)
			continue;
		found = 1;
		if (--n->count)
			continue;
		if (rld_entry_set(r, p, (unsigned)(off / ARCH_ENTRY_SIZE), 0)) {
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
