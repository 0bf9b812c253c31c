/* SPDX-License-Identifier: MIT */
/* The rld-list: objects in search order, found by name or by file, and the
 * walk along liblists that brings them in. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/image/image.h"
#include "rld/list/list.h"

struct dso *rld_new_dso(struct rld *r, const char *name, char *path)
{
	struct dso *d = rld_alloc(sizeof *d);

	(void)r;
	if (!d || !path || !(d->name = rld_strdup(name))) {
		rld_free(d);
		return NULL;
	}
	d->lm.l_name = path;
	dso_set_stack_flags(d, -1);
	return d;
}

/* A handle begins with a link_map.  That of an object that was swapped is the
 * first version's, whose memory, when it has left, shows what the newest one's
 * says.  d may be NULL. */
void rld_show_on_face(struct dso *d)
{
	if (d && d->face && d->face->flags == D_FACE_ALONE)
		d->face->lm = d->lm;
}

struct alias *rld_name_chain(const struct rld *r, uint32_t hash)
{
	return r->names ? r->names[hash & r->names_mask] : NULL;
}

/* Twice as many chains, or the first ones.  Where memory is short, the chains grow
 * longer instead. */
static void grow_names(struct rld *r)
{
	unsigned was = r->names ? r->names_mask + 1 : 0;
	unsigned chains = was ? was * 2 : FIRST_CHAINS;
	struct alias **to = was ? rld_alloc(chains * sizeof *to) :
				  r->first_names;

	if (!to)
		return;
	for (unsigned i = 0; i < was; i++)
		for (struct alias *a = r->names[i], *next; a; a = next) {
			next = a->next;
			a->next = to[a->hash & (chains - 1)];
			to[a->hash & (chains - 1)] = a;
		}
	if (r->names != r->first_names)
		rld_free(r->names);
	r->names = to;
	r->names_mask = chains - 1;
}

static void grow_inodes(struct rld *r)
{
	unsigned was = r->inodes ? r->inodes_mask + 1 : 0;
	unsigned chains = was ? was * 2 : FIRST_CHAINS;
	struct dso **to = was ? rld_alloc(chains * sizeof *to) :
				r->first_inodes;

	if (!to)
		return;
	for (unsigned i = 0; i < was; i++)
		for (struct dso *d = r->inodes[i], *next; d; d = next) {
			next = d->by_ino;
			d->by_ino = to[d->ino & (chains - 1)];
			to[d->ino & (chains - 1)] = d;
		}
	if (r->inodes != r->first_inodes)
		rld_free(r->inodes);
	r->inodes = to;
	r->inodes_mask = chains - 1;
}

static void leave_inodes(struct rld *r, struct dso *d)
{
	struct dso **p = r->inodes ? &r->inodes[d->ino & r->inodes_mask] : NULL;

	while (p && *p && *p != d)
		p = &(*p)->by_ino;
	if (p && *p) {
		*p = d->by_ino;
		r->ninode--;
	}
}

void rld_forget_names(struct rld *r, struct dso *d)
{
	while (d->alias) {
		struct alias *gone = d->alias;
		struct alias **a = &r->names[gone->hash & r->names_mask];

		while (*a != gone)
			a = &(*a)->next;
		*a = gone->next;
		d->alias = gone->more;
		rld_free(gone);
		r->nalias--;
	}
	leave_inodes(r, d);
}

int rld_add_name(struct rld *r, struct dso *d, const char *name)
{
	uint32_t h = elf_gnu_hash(name);
	struct alias *a, **chain;

	for (a = d->alias; a; a = a->more)
		if (a->hash == h && !strcmp(a->name, name))
			return 0;
	a = rld_alloc(sizeof *a + strlen(name) + 1);
	if (!a)
		return -1;
	if (++r->nalias > r->names_mask)
		grow_names(r);
	a->hash = h;
	memcpy(a->name, name, strlen(name) + 1);
	a->dso = d;
	chain = &r->names[h & r->names_mask];
	a->next = *chain;
	*chain = a;
	a->more = d->alias;
	d->alias = a;
	return 0;
}

struct dso *rld_find_name_in(struct rld *r, const struct space *s,
			     const char *name)
{
	uint32_t h = elf_gnu_hash(name);
	struct dso *best = NULL;

	for (struct alias *a = rld_name_chain(r, h); a; a = a->next)
		if (a->hash == h && !strcmp(a->name, name) &&
		    !is_gone(a->dso) && in_space(a->dso, s) &&
		    (!best || a->dso->serial < best->serial))
			best = a->dso;
	return best;
}

struct dso *rld_find_name(struct rld *r, const char *name)
{
	return rld_find_name_in(r, r->space, name);
}

struct dso *rld_find_addr(struct rld *r, uintptr_t addr)
{
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		if (addr < d->lo || addr >= d->hi)
			continue;
		for (unsigned i = 0; i < d->phnum; i++) {
			const ElfW(Phdr) *p = &d->ph[i];

			if (p->p_type == PT_LOAD &&
			    addr - d->lm.l_addr - p->p_vaddr < p->p_memsz)
				return d;
		}
	}
	return NULL;
}

static void enter_inode(struct rld *r, struct dso *d)
{
	struct dso **chain;

	if (++r->ninode > r->inodes_mask)
		grow_inodes(r);
	chain = &r->inodes[d->ino & r->inodes_mask];
	d->by_ino = *chain;
	*chain = d;
}

/* Could fd, a file whose first bytes are at hand, be d, which the kernel has
 * mapped?  Its header is in memory, too. */
static int is_like(const struct dso *d, int fd)
{
	const void *head;
	long n;

	if (!d || fd < 0 ||
	    !rld_readable(&rld_state, d, d->lo, sizeof(ElfW(Ehdr))))
		return 1;
	head = rld_first_bytes(fd, &n);
	return n >= (long)sizeof(ElfW(Ehdr)) &&
	       !memcmp(head, (const void *)d->lo, sizeof(ElfW(Ehdr)));
}

/* Which file d is, which the kernel has mapped.  That is asked for when it
 * matters: few programs pay for the walk through /proc. */
static void know_file(struct dso *d, const char *path)
{
	struct statx st;

	if (!d || d->ino || sys_statx(AT_FDCWD, path, 0, &st))
		return;
	d->dev = sys_dev(&st);
	d->ino = st.stx_ino;
	enter_inode(&rld_state, d);
}

/* The program and rld.  A relative path may be seen from a directory that is no
 * longer the current one; when rld is the command, /proc/self/exe is rld. */
static void know_kernels(struct rld *r, int fd)
{
	static const char exe[] = "/proc/self/exe";
	const char *self = r->self->lm.l_name;

	if (!r->as_command && is_like(r->program, fd))
		know_file(r->program, exe);
	if (is_like(r->self, fd))
		know_file(r->self, r->as_command && *self != '/' ? exe : self);
}

static struct space *list_of(struct rld *r, const struct dso *d)
{
	return d->space ? d->space : &r->base;
}

/* The link_maps of one namespace: prev and next become neighbours of d, or of
 * each other where d is NULL. */
static void show_between(struct dso *prev, struct dso *d, struct dso *next,
			 struct space *s)
{
	struct dso *first = d ? d : next, *last = d ? d : prev;

	if (d) {
		d->lm.l_prev = prev ? &prev->lm : NULL;
		d->lm.l_next = next ? &next->lm : NULL;
	}
	if (prev)
		__atomic_store_n(&prev->lm.l_next, first ? &first->lm : NULL,
				 __ATOMIC_RELEASE);
	else
		__atomic_store_n(&s->head, first, __ATOMIC_RELEASE);
	if (next)
		next->lm.l_prev = last ? &last->lm : NULL;
	else
		s->tail = last;
	rld_show_on_face(prev);
	rld_show_on_face(d);
	rld_show_on_face(next);
}

static void put_last(struct rld *r, struct dso *d)
{
	__atomic_store_n(&r->changed, r->changed + 1, __ATOMIC_SEQ_CST);
	d->serial = ++r->serial;
	d->next = NULL;
	d->prev = r->tail;
	if (r->tail)
		__atomic_store_n(&r->tail->next, d, __ATOMIC_RELEASE);
	else
		r->head = d;
	r->tail = d;
	show_between(list_of(r, d)->tail, d, NULL, list_of(r, d));
	r->nobj++;
	r->adds++;
}

void rld_append(struct rld *r, struct dso *d)
{
	put_last(r, d);
	d->born = ++r->born;
	if (d->ino)
		enter_inode(r, d);
}

void rld_move_last(struct rld *r, struct dso *d)
{
	rld_unlink(r, d);
	put_last(r, d);
}

struct dso *rld_after(struct rld *r, unsigned last)
{
	struct dso *d = r->tail, *first = NULL;

	for (; d && d->serial > last; d = d->prev)
		first = d;
	return first;
}

/* d keeps its own pointers: a reader that stands on it still finds its way. */
void rld_unlink(struct rld *r, struct dso *d)
{
	struct dso *prev = d->prev, *next = dso_next(d);

	__atomic_store_n(&r->changed, r->changed + 1, __ATOMIC_SEQ_CST);
	if (prev)
		__atomic_store_n(&prev->next, next, __ATOMIC_RELEASE);
	else
		r->head = next;
	if (next)
		next->prev = prev;
	else
		r->tail = prev;
	show_between((struct dso *)d->lm.l_prev, NULL,
		     (struct dso *)d->lm.l_next, list_of(r, d));
	r->nobj--;
	r->subs++;
}

void rld_move_before(struct rld *r, struct dso *d, struct dso *next)
{
	struct dso *prev;

	rld_unlink(r, d);
	prev = next->prev;
	d->next = next;
	d->prev = prev;
	d->serial = next->serial;
	next->prev = d;
	if (prev)
		__atomic_store_n(&prev->next, d, __ATOMIC_RELEASE);
	else
		r->head = d;
	show_between((struct dso *)next->lm.l_prev, d, next, list_of(r, d));
	r->nobj++;
	r->subs--;
}

/* Nor is it for the files that libc's own loader has mapped. */
static void know_hosts(struct rld *r)
{
	struct statx st;

	if (!r->new_hosts || !r->started)
		return;
	r->new_hosts = 0;
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST && !d->ino && strchr(d->lm.l_name, '/') &&
		    !sys_look(d->lm.l_name, &st)) {
			d->dev = sys_dev(&st);
			d->ino = st.stx_ino;
			enter_inode(r, d);
		}
}

struct dso *rld_same_file(struct rld *r, const struct statx *st,
			  const char *path, int searched, int fd)
{
	uint64_t dev = sys_dev(st);

	if (r->identity == ID_PATH) {
		for (struct dso *d = r->head; d; d = dso_next(d))
			if (!strcmp(d->lm.l_name, path) && !is_gone(d) &&
			    in_space(d, r->space))
				return d;
		return NULL;
	}
	know_kernels(r, fd);
	know_hosts(r);
	for (struct dso *d =
		     r->inodes ? r->inodes[st->stx_ino & r->inodes_mask] : NULL;
	     d; d = d->by_ino) {
		if (d->ino != st->stx_ino || d->dev != dev || is_gone(d) ||
		    !in_space(d, r->space))
			continue;
		if (r->identity == ID_INODE || searched ||
		    (d->flags & (D_SEARCHED | D_HOST | D_PROGRAM | D_SELF)) ||
		    !strcmp(d->lm.l_name, path))
			return d;
	}
	return NULL;
}

struct dso **rld_closure(struct rld *r, struct dso *root, unsigned *n)
{
	unsigned cap = 8;
	struct dso **list = rld_alloc(cap * sizeof *list), **more;

	*n = 0;
	if (!list)
		return NULL;
	rld_walk_begin(r);
	rld_first_visit(r, root);
	list[(*n)++] = root;
	for (unsigned at = 0; at < *n; at++) {
		const struct dso *d = list[at];

		for (unsigned i = 0; i < d->nneed + d->nfilter; i++) {
			struct dso *x = i < d->nneed ? d->need[i] :
						       d->filtee[i - d->nneed];

			if (!x || !rld_first_visit(r, x))
				continue;
			if (*n == cap) {
				more = rld_realloc(list,
						   (cap *= 2) * sizeof *list);
				if (!more) {
					rld_free(list);
					return NULL;
				}
				list = more;
			}
			list[(*n)++] = x;
		}
	}
	return list;
}

struct dso *rld_caller(struct rld *r, uintptr_t pc)
{
	struct dso *d = rld_find_addr(r, pc);

	return d ? d : r->program;
}

/* What was swapped out, while this thread tells listeners that it leaves: to them,
 * its handle still means the old file. */
static struct dso *told_of(const struct rld *r, const void *handle)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_RETIRED && d->unloading == rld_self_id() &&
		    (d->was_face ? d->was_face : d) == handle)
			return d;
	return NULL;
}

struct dso *rld_valid(struct rld *r, void *handle, struct rld_err *e)
{
	struct dso *leaving = r->swapped ? told_of(r, handle) : NULL;

	if (leaving)
		return leaving;
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (rld_handle(d) == handle && !(d->flags & D_RETIRED) &&
		    !lingers(d))
			return d;
	rld_fail(e, "%p: is not a handle of an open object", handle);
	return NULL;
}

/* What came with the start stands before all others and never leaves. */
struct dso *rld_first_dynamic(struct rld *r)
{
	struct dso *d = r->tail;

	if (r->last_of_start)
		return dso_next(r->last_of_start);
	while (d && !(d->flags & D_STARTUP))
		d = d->prev;
	if (r->started)
		r->last_of_start = d;
	return d ? dso_next(d) : r->head;
}

/* d has left, and its address is still a handle.  A reader that did not leave may stand on
 * it: what it reads is freed later, too. */
void rld_leave_handle(struct rld *r, struct dso *d)
{
	d->flags = D_FACE_ALONE;
	d->serial = 0;
	for (struct dso *x = r->head; x; x = dso_next(x))
		rld_show_on_face(x->face == d ? x : NULL);
}
