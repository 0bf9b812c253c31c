/* The dlopen family. */
#include "rld/bind.h"

#define CALLER() ((uintptr_t)__builtin_return_address(0))

static struct dso *caller_of(struct rld *r, uintptr_t pc)
{
	struct dso *d = rld_find_addr(r, pc);

	return d ? d : r->program;
}

/* Keep the error for this thread's dlerror. */
static void keep(struct rld_err *e)
{
	char **slot = rld_thread_error();

	rld_free(*slot);
	*slot = e->text ? e->text : rld_no_memory;
	e->text = NULL;
	e->set = 0;
}

static struct dso *valid(struct rld *r, void *handle, struct rld_err *e)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d == handle)
			return d;
	rld_fail(e, "%p: is not a handle of an open object", handle);
	return NULL;
}

/* Start-up objects, which have no group, are global already. */
static void make_global(struct rld *r, struct dso *root)
{
	const struct group *g = root->own;

	for (unsigned i = 0; g && i < g->n; i++)
		if (!(g->member[i]->flags & D_GLOBAL)) {
			g->member[i]->flags |= D_GLOBAL;
			g->member[i]->global_serial = ++r->global_serial;
		}
}

static int join_group(struct rld *r, struct dso *root, struct rld_err *e)
{
	struct group *g;

	if (root->own || root->flags & D_STARTUP)
		return 0;
	g = rld_alloc(sizeof *g);
	if (!g || !(g->member = rld_closure(r, root, &g->n))) {
		rld_free(g);
		return rld_fail(e, "out of memory");
	}
	g->id = ++r->group_id;
	/* room for all before the first one joins */
	for (unsigned i = 0; i < g->n; i++) {
		struct dso *d = g->member[i];
		struct group **all;

		if (d->flags & D_STARTUP)
			continue;
		all = rld_realloc(d->group, (d->ngroup + 1) * sizeof *all);
		if (!all) {
			rld_free(g->member);
			rld_free(g);
			return rld_fail(e, "out of memory");
		}
		d->group = all;
	}
	root->own = g;
	for (unsigned i = 0; i < g->n; i++)
		if (!(g->member[i]->flags & D_STARTUP))
			g->member[i]->group[g->member[i]->ngroup++] = g;
	return 0;
}

static void undo(struct rld *r, struct dso *first)
{
	/* all, before the first one's bindings are taken back: the others'
	 * relocations may not even have been looked at */
	for (struct dso *d = r->tail; d; d = (struct dso *)d->lm.l_prev)
		if (d->flags & D_NEW)
			d->flags |= D_DYING;
	for (struct dso *d = r->tail, *prev; d; d = prev) {
		prev = (struct dso *)d->lm.l_prev;
		if (d->flags & D_NEW) {
			rld_unbind(r, d);
			rld_remove(r, d);
			r->adds--;
			r->subs--;
		}
	}
	(void)first;
}

static int bring_in(struct rld *r, struct dso *first, int mode,
		    struct rld_err *e)
{
	if (rld_load_needed(r, first, e))
		return -1;
	for (struct dso *d = first; d; d = dso_next(d)) {
		if (!(d->flags & D_NEW))
			continue;
		d->flags |= D_READY;
		if (mode & RTLD_NOW)
			d->flags |= D_NOW;
		if (mode & RTLD_DEEPBIND)
			d->flags |= D_DEEPBIND;
		if (rld_tls_register(r, d, e) ||
		    (d->dyn.flags & DF_STATIC_TLS && d->tls_memsz &&
		     rld_tls_make_static(r, d, e)))
			return -1;
	}
	for (struct dso *d = first; d; d = dso_next(d))
		if (d->flags & D_NEW && rld_check_versions(r, d, e))
			return -1;
	return 0;
}

/* The object that file names, if it is there; RTLD_NOLOAD looks closer. */
static struct dso *find_open(struct rld *r, const char *file, int mode)
{
	struct dso *d = rld_find_name(r, file);
	struct statx st;

	if (d || !(mode & RTLD_NOLOAD) || !strchr(file, '/') ||
	    sys_statx(AT_FDCWD, file, 0, &st))
		return d;
	for (d = r->head; d; d = dso_next(d))
		if (d->ino == st.stx_ino &&
		    d->dev == ((uint64_t)st.stx_dev_major << 32 |
			       st.stx_dev_minor))
			break;
	return d;
}

/* The constructors that a dlopen owes. */
struct owed {
	struct dso **list;
	unsigned n;
};

/* Bring in what d needs, if it came after tail, and hand it out. */
static struct dso *open_found(struct rld *r, struct dso *d, struct dso *tail,
			      int mode, struct owed *owed, struct rld_err *e)
{
	struct dso *first;

	first = dso_next(tail);
	if (d->flags & D_NEW && d->dyn.flags_1 & DF_1_NOOPEN)
		rld_fail(e, "%s: shared object cannot be dlopen()ed",
			 dso_name(r, d));
	if (e->set || (first && bring_in(r, first, mode, e)) ||
	    join_group(r, d, e)) {
		undo(r, tail);
		return NULL;
	}
	if (d->dyn.flags_1 & DF_1_GLOBAL)
		mode |= RTLD_GLOBAL;
	/* who opens often is served by the index */
	if (first && ++r->loads >= 4 && !r->index)
		rld_index_build(r);
	for (struct dso *n = first; n; n = dso_next(n))
		rld_index_add(r, n);
	if (first) {
		if (rld_relocate_new(r, first, e)) {
			undo(r, tail);
			return NULL;
		}
		for (struct dso *n = first; n; n = dso_next(n))
			if (n->tls_static && n->tls_memsz &&
			    !(n->flags & D_HOST))
				rld_tls_late_image(r, n);
		if (r->torn) {
			rld_fail(e, "%s: was cut short while it was loaded",
				 r->torn);
			undo(r, tail);
			return NULL;
		}
	}
	owed->list = rld_init_order(r, d, &owed->n);
	if (!owed->list) {
		rld_fail(e, "%s: out of memory", dso_name(r, d));
		undo(r, tail);
		return NULL;
	}
	if (mode & RTLD_GLOBAL)
		make_global(r, d);
	for (struct dso *n = first; n; n = dso_next(n))
		n->flags &= ~(unsigned)D_NEW;
	if (mode & RTLD_NODELETE)
		d->flags |= D_NODELETE;
	d->opens++;
	if (mode & RTLD_GLOBAL)
		rld_mend(r);
	if (first) {
		rld_debug_state(r, RT_ADD);
		rld_debug_state(r, RT_CONSISTENT);
	}
	return d;
}

static struct dso *open_new(struct rld *r, const char *file, int mode,
			    struct dso *from, struct owed *owed,
			    struct rld_err *e)
{
	struct dso *tail = r->tail, *d;

	rld_guard(r, 1);
	d = rld_load(r, file, from, e);
	if (d)
		d = open_found(r, d, tail, mode, owed, e);
	else
		undo(r, tail);
	rld_guard(r, 0);
	return d;
}

static void *do_open(const char *file, int mode, uintptr_t pc)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct owed owed = { NULL, 0 };
	struct dso *d = NULL;
	int both = RTLD_LAZY | RTLD_NOW;

	if ((mode & both) == 0 || (mode & both) == both ||
	    mode & ~(both | RTLD_GLOBAL | RTLD_NOLOAD | RTLD_NODELETE |
		     RTLD_DEEPBIND)) {
		rld_fail(&e,
			 "%s: invalid mode for dlopen(): 0x%x: one of "
			 "RTLD_LAZY and RTLD_NOW is required",
			 file ? file : "(program)", (unsigned)mode);
		keep(&e);
		return NULL;
	}
	if (!file || !*file) {
		__atomic_fetch_add(&r->program->opens, 1, __ATOMIC_RELAXED);
		return r->program;
	}
	rld_watch_fork(r);
	rld_lock(r);
	d = find_open(r, file, mode);
	if (d)
		d = open_found(r, d, r->tail, mode, &owed, &e);
	else if (!(mode & RTLD_NOLOAD))
		d = open_new(r, file, mode, caller_of(r, pc), &owed, &e);
	rld_search_done(r);
	rld_unlock(r);
	if (!d) {
		if (e.set)
			keep(&e);
		return NULL;
	}
	rld_run_init(r, owed.list, owed.n);
	return d;
}

API void *dlopen(const char *file, int mode)
{
	return do_open(file, mode, CALLER());
}

API void *dlmopen(Lmid_t ns, const char *file, int mode)
{
	struct rld_err e = { 0 };

	if (ns == LM_ID_BASE)
		return do_open(file, mode, CALLER());
	rld_fail(&e, "%s: dlmopen: rld has one namespace only",
		 file ? file : "(program)");
	keep(&e);
	return NULL;
}

/* IRIX: as if path had been linked into the program (reference 1.9). */
API void *sgidladd(const char *path, int mode);
void *sgidladd(const char *path, int mode)
{
	return do_open(path, mode | RTLD_GLOBAL, CALLER());
}

API int dlclose(void *handle)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct dso *d;

	rld_lock(r);
	d = valid(r, handle, &e);
	if (d && !d->opens) {
		rld_fail(&e, "%s: is not open", dso_name(r, d));
		d = NULL;
	}
	if (d && --d->opens == 0 && !(d->flags & D_STARTUP))
		rld_collect(r);
	rld_unlock(r);
	if (d)
		return 0;
	keep(&e);
	return -1;
}

API char *dlerror(void)
{
	char **now = rld_thread_error(), **last = rld_thread_last_error();

	rld_free(*last);
	*last = *now;
	*now = NULL;
	return *last;
}

/* A definition's run-time value: IFUNCs called, TLS for this thread. */
static void *value(struct rld *r, const struct def *def)
{
	uintptr_t v;

	if (ELF64_ST_TYPE(def->sym->st_info) == STT_TLS) {
		char *b = rld_tls_addr(r, def->dso, 1);

		return b ? b + def->sym->st_value : NULL;
	}
	v = rld_sym_addr(def->dso, def->sym);
	if (ELF64_ST_TYPE(def->sym->st_info) == STT_GNU_IFUNC)
		v = arch_call_ifunc(v);
	return (void *)v;
}

/* In the members of a handle: breadth-first for a private one, in the order
 * in which they became global for a global one. */
static int in_handle(struct rld *r, struct dso *d, struct ref *ref,
		     struct def *out)
{
	struct dso **list;
	unsigned n;
	struct def one;
	unsigned best = UINT32_MAX;
	int hit = 0, own = 0;

	if (d->own) {
		list = d->own->member;
		n = d->own->n;
	} else {
		list = rld_closure(r, d, &n);
		own = 1;
	}
	for (unsigned i = 0; list && i < n; i++) {
		if (!rld_lookup_in(list[i], ref, &one))
			continue;
		if (!(d->flags & D_GLOBAL)) {
			*out = one;
			hit = 1;
			break;
		}
		if (list[i]->global_serial < best) {
			best = list[i]->global_serial;
			*out = one;
			hit = 1;
		}
	}
	if (own)
		rld_free(list);
	return hit;
}

static void *do_sym(void *handle, const char *name, const char *version,
		    uintptr_t pc)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct elf_version v = { .hash = version ? elf_sysv_hash(version) : 0,
				 .name = version };
	struct ref ref = { .name = name,
			   .newest = 1,
			   .ver = version ? &v : NULL };
	struct def def;
	struct dso *from = NULL;
	void *ret = NULL;
	int hit = 0;

	if (!name) {
		rld_fail(&e, "dlsym: no symbol name given");
		keep(&e);
		return NULL;
	}
	ref.hash = elf_gnu_hash(name);
	if (handle == RTLD_DEFAULT || handle == r->program) {
		rld_read_begin(r);
		hit = rld_lookup(r, &ref, &def);
		rld_read_end(r);
		if (!hit && handle == RTLD_DEFAULT) {
			ref.from = caller_of(r, pc);
			hit = rld_lookup(r, &ref, &def);
		}
	} else {
		rld_lock(r);
		if (handle == RTLD_NEXT) {
			from = caller_of(r, pc);
			for (struct dso *d = dso_next(from); d && !hit;
			     d = dso_next(d))
				if (rld_visible(d, from) &&
				    !(d->flags & (D_VDSO | D_DYING)))
					hit = rld_lookup_in(d, &ref, &def);
		} else {
			from = valid(r, handle, &e);
			if (from)
				hit = in_handle(r, from, &ref, &def);
		}
		rld_unlock(r);
	}
	if (hit)
		ret = value(r, &def);
	else if (!e.set)
		rld_fail(&e, "%s: undefined symbol: %s%s%s",
			 from	? dso_name(r, from) :
			 handle ? r->prog :
				  dso_name(r, caller_of(r, pc)),
			 name, version ? ", version " : "",
			 version ? version : "");
	if (e.set)
		keep(&e);
	return ret;
}

API void *dlsym(void *restrict handle, const char *restrict name)
{
	return do_sym(handle, name, NULL, CALLER());
}

API void *dlvsym(void *restrict handle, const char *restrict name,
		 const char *restrict version)
{
	return do_sym(handle, name, version, CALLER());
}

struct ser {
	Dl_serinfo *info;
	size_t size;
	unsigned n;
	char *at;
};

static void ser_count(void *arg, const char *dir, size_t len, unsigned flags)
{
	struct ser *s = arg;

	(void)dir;
	(void)flags;
	s->n++;
	s->size += len + 1;
}

static void ser_fill(void *arg, const char *dir, size_t len, unsigned flags)
{
	struct ser *s = arg;

	if (s->n >= s->info->dls_cnt)
		return;
	memcpy(s->at, dir, len);
	s->at[len] = 0;
	s->info->dls_serpath[s->n].dls_name = s->at;
	s->info->dls_serpath[s->n].dls_flags = flags;
	s->at += len + 1;
	s->n++;
}

API int dlinfo(void *restrict handle, int request, void *restrict arg)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct ser s = { 0 };
	struct dso *d;
	int ret = 0;

	rld_lock(r);
	d = valid(r, handle, &e);
	switch (d ? request : -1) {
	case RTLD_DI_LMID:
		*(Lmid_t *)arg = LM_ID_BASE;
		break;
	case RTLD_DI_LINKMAP:
		*(struct link_map **)arg = &d->lm;
		break;
	case RTLD_DI_ORIGIN: {
		const char *o = rld_origin(r, d);

		memcpy(arg, o, strlen(o) + 1);
		break;
	}
	case RTLD_DI_SERINFOSIZE:
	case RTLD_DI_SERINFO:
		rld_search_dirs(r, d, ser_count, &s);
		s.size += sizeof(Dl_serinfo) + s.n * sizeof(Dl_serpath);
		s.info = arg;
		if (request == RTLD_DI_SERINFOSIZE) {
			s.info->dls_size = s.size;
			s.info->dls_cnt = s.n;
			break;
		}
		if (s.info->dls_size < s.size || s.info->dls_cnt < s.n) {
			ret = rld_fail(&e, "dlinfo: the buffer is too small");
			break;
		}
		s.at = (char *)&s.info->dls_serpath[s.info->dls_cnt];
		s.n = 0;
		rld_search_dirs(r, d, ser_fill, &s);
		break;
	case RTLD_DI_TLS_MODID:
		*(size_t *)arg = d->tls_memsz ? d->serial : 0;
		break;
	case RTLD_DI_TLS_DATA:
		*(void **)arg = rld_tls_addr(r, d, 0);
		break;
	case -1:
		ret = -1;
		break;
	default:
		ret = rld_fail(&e, "dlinfo: unsupported request %d", request);
		break;
	}
	rld_unlock(r);
	if (ret)
		keep(&e);
	return ret;
}
