/* SPDX-License-Identifier: MIT */
/* Pools of stable entry points: one page of code each, written once, and the words
 * that its jumps read. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/sym/sym.h"

struct pool *rld_pools;

struct pool *rld_new_pool(struct rld *r)
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
	p->next = rld_pools;
	__atomic_store_n(&rld_pools, p, __ATOMIC_RELEASE);
	return p;
}

int rld_entry_set(struct rld *r, struct pool *p, unsigned i, uintptr_t v)
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
	for (struct pool *p = rld_pools; p; p = p->next)
		for (unsigned i = 0; i < POOL; i++)
			if (p->entry[i].provider == gone &&
			    !rld_entry_set(r, p, i, 0))
				p->entry[i].provider = NULL;
}

void rld_entries_would_miss(struct rld *r, const struct dso *gone,
			    struct dso *next,
			    void (*fn)(void *, const char *, const char *),
			    void *arg)
{
	for (struct pool *p = rld_pools; p; p = p->next)
		for (unsigned i = 0; i < POOL; i++) {
			const struct entry *n = &p->entry[i];
			struct ref ref = {
				.name = n->name,
				.newest = 1,
				.is_call = 1,
				.skip = (struct dso *)(uintptr_t)gone
			};
			struct def def;

			if (!n->name || n->provider != gone || n->is_stub)
				continue;
			ref.hash = elf_gnu_hash(n->name);
			if (!rld_lookup_in(next, &ref, &def) &&
			    (n->scope || !rld_lookup(r, &ref, &def)))
				fn(arg, "an entry point", n->name);
		}
}

struct dso *rld_stub_user(struct rld *r, const struct entry *n)
{
	struct dso *d = r->head;

	while (d && d->born != n->born)
		d = dso_next(d);
	return d;
}

/* Is n the stub for this slot, or was it one for an earlier life of its object? */
static int serves(struct rld *r, const struct entry *n, const struct dso *user,
		  uint32_t sym, const char *name)
{
	if (!n->is_stub || strcmp(n->name, name) != 0)
		return 0;
	return n->born == user->born ? n->sym == sym :
				       !strcmp(n->scope, user->lm.l_name) &&
					       !rld_stub_user(r, n);
}

uintptr_t rld_stub(struct rld *r, struct dso *user, uint32_t sym,
		   const char *name, const struct dso *gone)
{
	struct pool *at = NULL;
	struct entry *n = NULL;
	unsigned i = 0;
	char *was = rld_strdup(gone->lm.l_name);

	for (struct pool *p = rld_pools; p && !n; p = p->next)
		for (unsigned k = 0; k < POOL && !n; k++) {
			if (p->entry[k].name &&
			    !serves(r, &p->entry[k], user, sym, name))
				continue;
			at = p;
			i = k;
			if (p->entry[k].name)
				n = &p->entry[k];
		}
	if (!at)
		at = rld_new_pool(r);
	if (!n && at) {
		n = &at->entry[i];
		n->scope = rld_strdup(user->lm.l_name);
		n->soname = rld_strdup("");
		n->name = rld_strdup(name);
		if (!n->scope || !n->soname || !n->name) {
			rld_free(n->scope);
			rld_free(n->soname);
			rld_free(n->name);
			*n = (struct entry){ 0 };
			n = NULL;
		}
	}
	if (!n) {
		rld_free(was);
		return 0;
	}
	n->born = user->born;
	n->sym = sym;
	rld_free_later(r, n->gone);
	n->gone = was;
	n->count = 1;
	__atomic_store_n(&n->is_stub, 1, __ATOMIC_RELEASE);
	return (uintptr_t)at->code + i * ARCH_ENTRY_SIZE;
}

const struct entry *rld_stub_at(uintptr_t at)
{
	for (struct pool *p = __atomic_load_n(&rld_pools, __ATOMIC_ACQUIRE); p;
	     p = p->next) {
		uintptr_t off = at - (uintptr_t)p->code;

		if (off < POOL * ARCH_ENTRY_SIZE &&
		    p->entry[off / ARCH_ENTRY_SIZE].is_stub)
			return &p->entry[off / ARCH_ENTRY_SIZE];
	}
	return NULL;
}
