/* SPDX-License-Identifier: MIT */
/* What debuggers read: r_debug, and the function they break on.
 *
 * Thread-local variables gdb asks libthread_db for, and that reads two members
 * of glibc's own link_map and glibc's list of TLS modules; glibc publishes where
 * they lie, in _thread_db_*.  So while a debugger's breakpoint is in
 * _dl_debug_state, it is given copies of our link_maps that have those members,
 * and modules behind all of glibc's, which lead to blocks in the static TLS. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/sym/sym.h"

static struct debug_list first_list;
extern API struct r_debug _r_debug __attribute__((alias("first_list")));
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

/* Members of glibc's link_map. */
struct members {
	size_t modid, offset;
	size_t first; /* number of the first module of ours, less one */
};

/* Copies of one namespace's link_maps; *n modules are there already.  NULL: no
 * memory. */
static struct link_map *views_of(const struct space *s, const struct members *m,
				 size_t *n)
{
	size_t size = (m->modid > m->offset ? m->modid : m->offset) + WORD;
	struct view *v, *before = NULL, *head = NULL;

	for (struct dso *d = s->head; d; d = (struct dso *)d->lm.l_next, ++*n) {
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
		put(&v->lm, m->modid, m->first + *n);
		put(&v->lm, m->offset, (uintptr_t)-d->tls_offset);
		put(modules, (2 + 2 * *n) * WORD, UINTPTR_MAX);
		put(modules, (3 + 2 * *n) * WORD, (uintptr_t)&v->lm);
	}
	return head ? &head->lm : NULL;
}

/* 0: libthread_db cannot be served. */
static int find_members(struct rld *r, struct members *m)
{
	size_t n = 0;

	m->modid = member(r, "_thread_db_link_map_l_tls_modid");
	m->offset = member(r, "_thread_db_link_map_l_tls_offset");
	for (struct dso *d = r->head; d; d = dso_next(d))
		n++;
	return m->modid && m->offset && m->modid < 1 << 14 &&
	       m->offset < 1 << 14 && !link_modules(r, &m->first, n);
}

static int is_watched(const struct rld *r)
{
	return r->started && r->host.kind == HOST_GLIBC &&
	       ARCH_IS_BREAKPOINT((const unsigned char *)_dl_debug_state);
}
#else
struct members {
	size_t first;
};

static struct link_map *views_of(const struct space *s, const struct members *m,
				 size_t *n)
{
	(void)s, (void)m, (void)n;
	return NULL;
}

static int find_members(struct rld *r, struct members *m)
{
	(void)r, (void)m;
	return 0;
}

static int is_watched(const struct rld *r)
{
	(void)r;
	return 0;
}
#endif

static void fill(const struct rld *r, struct r_debug *list,
		 const struct space *s, struct link_map *map, int state)
{
	/* 2: there may be another list behind it */
	list->r_version = r->spaces ? 2 : 1;
	list->r_map = map ? map : s->head ? &s->head->lm : NULL;
	list->r_brk = (ElfW(Addr))_dl_debug_state;
	list->r_ldbase = r->self->lm.l_addr;
	list->r_state = (__typeof__(list->r_state))state;
}

void rld_debug_state(struct rld *r, int state)
{
	struct debug_list *last = &first_list, *list;
	struct members m;
	size_t n = 0;
	int watched = is_watched(r) && find_members(r, &m);

	fill(r, &first_list.list, &r->base,
	     watched ? views_of(&r->base, &m, &n) : NULL, state);
	for (struct space *s = r->spaces; s; s = s->next) {
		list = &s->shown;
		fill(r, &list->list, s, watched ? views_of(s, &m, &n) : NULL,
		     state);
		last->next = list;
		last = list;
	}
	last->next = NULL;
	if (copy)
		*copy = first_list.list;
	_dl_debug_state();
}

void rld_debug_copied(uintptr_t from, uintptr_t to, size_t n)
{
	if (from == (uintptr_t)&first_list && n == sizeof _r_debug)
		copy = (struct r_debug *)to;
}
