/* SPDX-License-Identifier: MIT */
/* What debuggers read: r_debug, and the function they break on.
 *
 * Thread-local variables gdb asks libthread_db for, and that reads two members
 * of glibc's own link_map and glibc's list of TLS modules; glibc publishes where
 * they lie, in _thread_db_*.  So while a debugger's breakpoint is in
 * _dl_debug_state, it is given copies of our link_maps that have those members,
 * and modules behind all of glibc's, which lead to blocks in the static TLS. */
#include "rld/internal.h"

API struct r_debug _r_debug;
static struct r_debug *copy; /* the program's, by a COPY relocation */
API void _dl_debug_state(void);

__attribute__((noinline)) void _dl_debug_state(void)
{
	__asm__ volatile("");
}

#ifdef ARCH_IS_BREAKPOINT

struct view {
	struct view *next;
	struct dso *dso;
	uintptr_t addr;
	struct link_map lm; /* and glibc's members behind it */
};

static struct view *views;
static char *modules; /* ours, in glibc's list */

/* Offset of a member, as libthread_db finds it: size in bits, number, offset. */
static size_t member(struct rld *r, const char *name)
{
	const uint32_t *desc =
		(const uint32_t *)rld_host_symbol(r, r->host.libc, name);

	return desc && desc[0] == WORD * 8 ? desc[2] : 0;
}

static struct view *view_of(struct dso *d, size_t size)
{
	struct view *v = views;

	while (v && (v->dso != d || v->addr != d->lm.l_addr))
		v = v->next;
	if (v)
		return v;
	v = rld_alloc(sizeof *v + size);
	if (!v)
		return NULL;
	memset(v, 0, sizeof *v + size);
	*v = (struct view){ views, d, d->lm.l_addr, d->lm };
	return views = v;
}

static void put(void *at, size_t off, uintptr_t v)
{
	*(uintptr_t *)((char *)at + off) = v;
}

/* Glibc's list is of nodes: length, next, then generation and map of each
 * module.  Ours is the last one, its generation newer than any thread knows. */
static int link_modules(struct rld *r, size_t *first, size_t n)
{
	size_t at = member(r, "_thread_db_rtld_global__dl_tls_dtv_slotinfo_"
			      "list"),
	       next = member(r, "_thread_db_dtv_slotinfo_list_next");
	uintptr_t global = rld_host_symbol(r, r->host.loader, "_rtld_global");
	char *last = NULL, *more;

	if (!at || !next || !global)
		return -1;
	*first = 0;
	for (char *p = *(char **)(global + at); p && p != modules;
	     p = *(char **)(p + next)) {
		*first += *(size_t *)p;
		last = p;
	}
	more = rld_alloc((2 + 2 * n) * WORD);
	if (!last || !more) {
		rld_free(more);
		return -1;
	}
	memset(more, 0, (2 + 2 * n) * WORD);
	put(more, 0, n);
	put(last, next, (uintptr_t)more);
	rld_free(modules);
	modules = more;
	return 0;
}

static struct link_map *for_debuggers(struct rld *r)
{
	size_t modid = member(r, "_thread_db_link_map_l_tls_modid"), first,
	       n = 0;
	size_t offset = member(r, "_thread_db_link_map_l_tls_offset");
	size_t size = (modid > offset ? modid : offset) + WORD;
	struct view *v, *before = NULL, *head = NULL;

	for (struct dso *d = r->head; d; d = dso_next(d))
		n++;
	if (!modid || !offset || size > 1 << 14 || link_modules(r, &first, n))
		return NULL;
	n = 0;
	for (struct dso *d = r->head; d; d = dso_next(d), n++) {
		v = view_of(d, size);
		if (!v)
			return NULL;
		v->lm = d->lm;
		v->lm.l_prev = before ? &before->lm : NULL;
		v->lm.l_next = NULL;
		if (before)
			before->lm.l_next = &v->lm;
		else
			head = v;
		before = v;
		if (!d->tls_memsz || !d->tls_static)
			continue;
		put(&v->lm, modid, first + n);
		put(&v->lm, offset, (uintptr_t)-d->tls_offset);
		put(modules, (2 + 2 * n) * WORD, UINTPTR_MAX);
		put(modules, (3 + 2 * n) * WORD, (uintptr_t)&v->lm);
	}
	return &head->lm;
}

static int is_watched(const struct rld *r)
{
	return r->started && r->host.kind == HOST_GLIBC &&
	       ARCH_IS_BREAKPOINT((const unsigned char *)_dl_debug_state);
}
#else
static struct link_map *for_debuggers(struct rld *r)
{
	(void)r;
	return NULL;
}

static int is_watched(const struct rld *r)
{
	(void)r;
	return 0;
}
#endif

void rld_debug_state(struct rld *r, int state)
{
	struct link_map *map = is_watched(r) ? for_debuggers(r) : NULL;

	_r_debug.r_version = 1;
	_r_debug.r_map = map ? map : &r->head->lm;
	_r_debug.r_brk = (ElfW(Addr))_dl_debug_state;
	_r_debug.r_ldbase = r->self->lm.l_addr;
	_r_debug.r_state = (__typeof__(_r_debug.r_state))state;
	if (copy)
		*copy = _r_debug;
	_dl_debug_state();
}

void rld_debug_copied(uintptr_t from, uintptr_t to, size_t n)
{
	if (from == (uintptr_t)&_r_debug && n == sizeof _r_debug)
		copy = (struct r_debug *)to;
}
