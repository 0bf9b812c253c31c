/* SPDX-License-Identifier: MIT */
/* The rld-list: objects in search order, found by name or by file, and the
 * walk along liblists that brings them in. */
#include "rld/base/sealed.h"

struct dso *rld_new_dso(struct rld *r, const char *name, char *path)
{
	struct dso *d = rld_alloc(sizeof *d);

	(void)r;
	if (!d || !path || !(d->name = rld_strdup(name))) {
		rld_free(d);
		return NULL;
	}
	d->lm.l_name = path;
	d->stack_flags = -1;
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

static void forget_names(struct rld *r, struct dso *d)
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

void rld_free_dso(struct rld *r, struct dso *d)
{
	rld_code_free(r, d);
	forget_names(r, d);
	leave_inodes(r, d);
	rld_edges_forget(d);
	while (d->pairs) {
		struct pair *p = d->pairs;

		d->pairs = p->next;
		rld_free_later(r, p);
	}
	rld_free_later(r, d->addend);
	while (d->tlsdesc) {
		struct tlsdesc *t = d->tlsdesc;

		d->tlsdesc = t->next;
		rld_free_later(r, t);
	}
	rld_free_later(r, (void *)(uintptr_t)d->name);
	rld_free_later(r, d->lm.l_name);
	rld_free_later(r, d->ph_copy);
	rld_free_later(r, d->ver);
	rld_delay_forget(r, d);
	rld_free_later(r, d->note);
	rld_free_later(r, d->origin);
	rld_free_later(r, d->need);
	rld_free_later(r, d->need_name);
	rld_free_later(r, d->filtee);
	rld_free_later(r, d->group);
	if (d->face && d->face->flags == D_FACE_ALONE)
		rld_free_later(r, d->face);
	else if (d->face) /* an older version, which is still there */
		d->face->flags &= ~(unsigned)D_FACE;
	if (d->flags & D_FACE) { /* its address is still a handle */
		/* and a reader that did not leave may stand on it: what it
		 * reads is freed later, too */
		d->flags = D_FACE_ALONE;
		d->serial = 0;
		for (struct dso *x = r->head; x; x = dso_next(x))
			rld_show_on_face(x->face == d ? x : NULL);
		return;
	}
	rld_free_later(r, d);
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

struct dso *rld_find_name(struct rld *r, const char *name)
{
	uint32_t h = elf_gnu_hash(name);
	struct dso *best = NULL;

	for (struct alias *a = rld_name_chain(r, h); a; a = a->next)
		if (a->hash == h && !strcmp(a->name, name) &&
		    !is_gone(a->dso) &&
		    (!best || a->dso->serial < best->serial))
			best = a->dso;
	return best;
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

/* The program and rld.  A relative path may be seen from a folder that is no
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

static void put_last(struct rld *r, struct dso *d)
{
	__atomic_store_n(&r->changed, r->changed + 1, __ATOMIC_SEQ_CST);
	d->serial = ++r->serial;
	d->lm.l_next = NULL;
	d->lm.l_prev = (struct link_map *)r->tail;
	if (r->tail)
		__atomic_store_n(&r->tail->lm.l_next, &d->lm, __ATOMIC_RELEASE);
	else
		r->head = d;
	rld_show_on_face(r->tail);
	r->tail = d;
	rld_show_on_face(d);
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

	for (; d && d->serial > last; d = (struct dso *)d->lm.l_prev)
		first = d;
	return first;
}

/* d keeps its own pointers: a reader that stands on it still finds its way. */
void rld_unlink(struct rld *r, struct dso *d)
{
	struct dso *prev = (struct dso *)d->lm.l_prev, *next = dso_next(d);

	__atomic_store_n(&r->changed, r->changed + 1, __ATOMIC_SEQ_CST);
	if (prev)
		__atomic_store_n(&prev->lm.l_next, d->lm.l_next,
				 __ATOMIC_RELEASE);
	else
		r->head = next;
	if (next)
		next->lm.l_prev = d->lm.l_prev;
	else
		r->tail = prev;
	rld_show_on_face(prev);
	rld_show_on_face(next);
	r->nobj--;
	r->subs++;
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
			if (!strcmp(d->lm.l_name, path) && !is_gone(d))
				return d;
		return NULL;
	}
	know_kernels(r, fd);
	know_hosts(r);
	for (struct dso *d =
		     r->inodes ? r->inodes[st->stx_ino & r->inodes_mask] : NULL;
	     d; d = d->by_ino) {
		if (d->ino != st->stx_ino || d->dev != dev || is_gone(d))
			continue;
		if (r->identity == ID_INODE || searched ||
		    (d->flags & (D_SEARCHED | D_HOST | D_PROGRAM | D_SELF)) ||
		    !strcmp(d->lm.l_name, path))
			return d;
	}
	return NULL;
}

/* Does d stand among the filtees of x, or theirs?  None of them is its own. */
static int filters(const struct dso *x, const struct dso *d)
{
	for (unsigned i = 0; i < x->nfilter; i++)
		if (filters(x->filtee[i], d))
			return 1;
	return x == d;
}

void rld_needed_by(struct rld *r, const struct dso *d, struct rld_err *e)
{
	char *t = e->text ? rld_format("%s (needed by %s)", e->text,
				       dso_name(r, d)) :
			    NULL;

	if (!t)
		return;
	rld_free(e->text);
	e->text = t;
}

int rld_read_liblist(struct rld *r, struct dso *d, struct rld_err *e)
{
	size_t pos = 0, i = 0, f = 0;
	uintptr_t tag, posflag;
	const char *s;

	if (rld_read_note(r, d, e))
		return -1;
	if (d->dyn.nneeded) {
		d->need = rld_alloc(d->dyn.nneeded * sizeof *d->need);
		d->need_name = rld_alloc(d->dyn.nneeded * sizeof *d->need_name);
		if (!d->need || !d->need_name)
			return rld_fail(e, "%s: out of memory", dso_name(r, d));
	}
	if (d->dyn.nfilter) {
		d->filtee = rld_alloc(d->dyn.nfilter * sizeof *d->filtee);
		if (!d->filtee)
			return rld_fail(e, "%s: out of memory", dso_name(r, d));
	}
	while ((s = elf_next_needed(&d->dyn, &pos, &tag, &posflag))) {
		if (tag == DT_NEEDED) {
			if (i == d->dyn.nneeded)
				continue;
			d->need_name[i++] = s;
			d->nneed = (unsigned)i;
			if (rld_mark_entry(r, d, d->nneed - 1, posflag))
				return rld_fail(e, "%s: out of memory",
						dso_name(r, d));
			continue;
		}
		if (f < d->dyn.nfilter) {
			struct rld_err mine = { 0 };
			struct dso *x = rld_load(r, s, d, &mine);

			if (!x)
				rld_needed_by(r, d, &mine);

			if (x && filters(x, d)) {
				rld_fail(&mine, "%s: filters itself",
					 dso_name(r, d));
				x = NULL;
			}
			if (!x && tag == DT_FILTER) {
				rld_fail(e, "%s",
					 mine.text ? mine.text :
						     "out of memory");
				rld_err_clear(&mine);
				return -1;
			}
			rld_err_clear(&mine);
			if (x)
				d->filtee[f++] = x;
		}
	}
	d->nfilter = (unsigned)f;
	return 0;
}

/* d, a file that was mapped under whatever name, is of the host libc's family,
 * and called host there.  The family is one: libc's own loader maps it.  NULL:
 * d stays, to be looked at alone or because that loader cannot. */
static struct dso *family_member(struct rld *r, struct dso *d, const char *host)
{
	int libc = strcmp(host, "libgcc_s.so.1") != 0;
	struct dso *x;

	if (r->mode != MODE_RUN) {
		if (libc && !r->self->serial)
			rld_append(r, r->self);
		if (libc && !rld_is_loader(host))
			r->host.libc = d;
		return NULL;
	}
	x = rld_find_name(r, host);
	if (!x)
		x = r->started ?
			    rld_host_late(r, host, d->lm.l_name) :
			    rld_host_note(r, host, rld_strdup(d->lm.l_name));
	if (x)
		rld_add_name(r, x, d->name);
	return x;
}

static struct dso *load_file(struct rld *r, const char *name, struct dso *from,
			     int fd, char *path, int searched,
			     struct rld_err *e)
{
	struct statx st;
	struct dso *d, *x = NULL;
	long err = sys_statx(fd, "", AT_EMPTY_PATH, &st);
	const char *wrong, *host = NULL;
	int copy = -1;

	wrong = err ? sys_strerror(err) : sys_not_regular(&st);
	if (wrong) {
		rld_fail(e, "%s: %s", path, wrong);
		rld_free(path);
		return NULL;
	}
	/* objects whose filtees are being loaded are not in the list yet */
	for (d = from; d; d = d->loader)
		if (!d->serial && d->ino == st.stx_ino &&
		    d->dev == sys_dev(&st)) {
			rld_fail(e, "%s: filters itself", path);
			rld_free(path);
			return NULL;
		}
	d = r->fresh ? NULL : rld_same_file(r, &st, path, searched, fd);
	if (!d && !r->fresh)
		d = rld_revive(r, &st, path, searched);
	r->fresh = 0;
	if (d) {
		rld_free(path);
		rld_add_name(r, d, name);
		return d;
	}
	d = rld_new_dso(r, name, path);
	if (!d) {
		rld_free(path);
		rld_fail(e, "%s: out of memory", name);
		return NULL;
	}
	d->dev = sys_dev(&st);
	d->ino = st.stx_ino;
	d->stamp = rld_stamp(&st);
	d->loader = from;
	if (searched)
		d->flags |= D_SEARCHED;
	if (path[0] != '/')
		rld_origin(r, d); /* the current folder may change */
	if (r->snapshot)
		copy = rld_snapshot(fd, st.stx_size);
	if (r->snapshot && copy < 0)
		rld_fail(e, "%s: cannot be copied: %s", path,
			 sys_strerror(copy));
	if (!e->set && !rld_map(r, d, copy < 0 ? fd : copy, &st, e))
		host = rld_host_file(r, d);
	if (host)
		x = family_member(r, d, host);
	if (e->set || x || rld_read_liblist(r, d, e)) {
		if (copy >= 0)
			sys_close(copy);
		rld_unmap(r, d);
		rld_free_dso(r, d);
		return x;
	}
	if (copy >= 0)
		sys_close(copy);
	d->flags |= D_NEW | (r->started ? 0u : D_STARTUP | D_GLOBAL);
	/* rld stands before all of libc's */
	if (!r->started && !r->self->serial && r->host.kind == HOST_GLIBC &&
	    d->soname && rld_is_libcs(d->soname))
		rld_append(r, r->self);
	rld_append(r, d);
	rld_add_name(r, d, name);
	if (d->soname && *d->soname)
		rld_add_name(r, d, d->soname);
	return d;
}

struct dso *rld_load(struct rld *r, const char *name, struct dso *from,
		     struct rld_err *e)
{
	struct dso *d = rld_find_name(r, name);

	return d ? d : rld_load_new(r, name, from, e);
}

struct dso *rld_load_new(struct rld *r, const char *name, struct dso *from,
			 struct rld_err *e)
{
	int fd, searched, host;
	char *path;
	struct dso *d;

	/* a path is a file's, and the file tells what it is */
	host = rld_is_host(r, name) && !strchr(name, '/');
	if (host && r->host.kind == HOST_MUSL && r->host.libc)
		return r->host.libc;
	path = host ? rld_host_path(r, name, from) : NULL;
	if (path && r->mode == MODE_RUN && !r->started)
		return rld_host_note(r, name, path);
	if (path) {
		searched = 1;
		fd = sys_open(path, O_RDONLY);
		if (fd < 0) {
			rld_fail(e, "%s: cannot be opened: %s", path,
				 sys_strerror(fd));
			rld_free(path);
		}
	} else {
		fd = rld_search(r, name, from, &path, &searched, e);
	}
	if (fd < 0)
		return NULL;
	if (host && r->mode == MODE_RUN && !r->started)
		d = rld_host_note(r, name, path);
	else
		d = load_file(r, name, from, fd, path, searched, e);
	rld_first_bytes_forget();
	sys_close(fd);
	return d;
}

int rld_load_needed(struct rld *r, struct dso *first, struct rld_err *e)
{
	for (struct dso *d = first; d; d = dso_next(d))
		for (unsigned i = 0; i < d->nneed; i++) {
			if (d->need[i] || rld_is_delayed(d, i))
				continue;
			d->need[i] = rld_load_entry(r, d, i, e);
			if (!d->need[i]) {
				if (r->mode == MODE_RUN)
					return -1;
				rld_print(r, r->mode == MODE_LIST ? 1 : 2,
					  r->mode == MODE_LIST ?
						  "\t%s => not found\n" :
						  "rld: %s: %s\n",
					  r->mode == MODE_LIST ?
						  d->need_name[i] :
						  r->prog,
					  e->text);
				r->problems++;
				rld_err_clear(e);
			}
		}
	return 0;
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
