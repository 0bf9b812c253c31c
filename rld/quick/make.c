/* SPDX-License-Identifier: MIT */
/* Kept answers, written: what --check has loaded and how that was found, and what
 * each reference means.  Nothing of the program is run.  What cannot be shown to
 * hold at a later start is not kept. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/quick/quick.h"
#include "rld/sym/sym.h"

/* A table that grows. */
struct table {
	void *at;
	uint32_t n, cap; /* entries */
};

struct maker {
	struct rld *r;
	struct dso **object;
	uint32_t nobject;
	uint32_t *number; /* of an object, by its serial, + 1 */
	struct dso *libc;
	struct table objects, places, targets, absent, exports, answers;
	struct table strings;
	struct table *missing; /* of each place: strings */
	uint32_t slots;	       /* hash table of targets: + 1 */
	uint32_t *slot;
	uint32_t level;
	int cached; /* the cache was asked */
};

/* The start-up of a program whose files are so young that a write may leave no
 * other time. */
enum { YOUNG = 2 /* seconds */ };

_Noreturn static __attribute__((cold)) void
not_kept(const struct maker *m, const char *what, const char *why)
{
	rld_print(m->r, 2, "rld: %s: no answers are kept: %s %s\n", m->r->prog,
		  what, why);
	sys_exit(1);
}

_Noreturn static __attribute__((cold)) void no_memory(const struct maker *m)
{
	not_kept(m, "out of", "memory");
}

/* n more entries of size bytes. */
static void *more(struct maker *m, struct table *t, uint32_t n, size_t size)
{
	void *at;

	if (n > QUICK_MOST / size || t->n > QUICK_MOST / size - n)
		not_kept(m, "they are too", "many");
	if (t->n + n > t->cap) {
		uint32_t cap = t->cap ? t->cap : 16;

		while (cap < t->n + n)
			cap *= 2;
		at = rld_realloc(t->at, cap * size);
		if (!at)
			no_memory(m);
		t->at = at;
		t->cap = cap;
	}
	at = (char *)t->at + t->n * size;
	memset(at, 0, n * size);
	t->n += n;
	return at;
}

static void number(struct maker *m, struct table *t, uint32_t v)
{
	*(uint32_t *)more(m, t, 1, sizeof v) = v;
}

static uint32_t string(struct maker *m, const char *s)
{
	size_t n = strlen(s) + 1;
	uint32_t at = m->strings.n;

	if (n > QUICK_MOST)
		no_memory(m);
	memcpy(more(m, &m->strings, (uint32_t)n, 1), s, n);
	return at;
}

static const char *text(const struct maker *m, uint32_t at)
{
	return (const char *)m->strings.at + at;
}

/* ---- how the objects were found */

/* The place at path, its number. */
static uint32_t place(struct maker *m, const char *path, int is_file)
{
	struct quick_place *p = m->places.at;
	struct statx st;
	uint32_t i;

	for (i = 0; i < m->places.n; i++)
		if (!strcmp(text(m, p[i].path), path))
			return i;
	if (*path != '/')
		not_kept(m, path, "is sought from the current directory");
	p = more(m, &m->places, 1, sizeof *p);
	p->path = string(m, path);
	if (!sys_statx(AT_FDCWD, path, 0, &st)) {
		p->kind = is_file ? QUICK_FILE : QUICK_DIRECTORY;
		p->stamp = quick_stamp_of(&st);
	} else {
		p->kind = QUICK_ABSENT;
	}
	m->missing = rld_realloc(m->missing, m->places.n * sizeof *m->missing);
	if (!m->missing)
		no_memory(m);
	m->missing[i] = (struct table){ 0 };
	return i;
}

/* There is nothing of that name in dir, now. */
static void is_absent(struct maker *m, const char *dir, const char *name)
{
	uint32_t i = place(m, dir, 0);
	const uint32_t *known = m->missing[i].at;
	struct statx st;
	char *path;

	for (uint32_t k = 0; k < m->missing[i].n; k++)
		if (!strcmp(text(m, known[k]), name))
			return;
	path = rld_format("%s/%s", dir, name);
	if (!path)
		no_memory(m);
	if (!sys_statx(AT_FDCWD, path, 0, &st))
		not_kept(m, path, "was passed over");
	rld_free(path);
	number(m, &m->missing[i], string(m, name));
}

/* The search for one object, in the order of its directories. */
struct sought {
	struct maker *m;
	const struct dso *d;
	const char *in_cache; /* what ld.so.cache says, or NULL */
	uint32_t flags;	      /* of the object */
	int found;
};

static int is_file(struct sought *s, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path = rld_format(n && dir[n - 1] == '/' ? "%s%s" : "%s/%s", dir,
				name);
	int yes = path && !strcmp(path, s->d->lm.l_name);

	rld_free(path);
	return yes;
}

/* The directories below dir for better processors. */
static void look_below(struct sought *s, const char *dir)
{
	struct maker *m = s->m;
	char *top = rld_format("%s/glibc-hwcaps", dir);
	struct statx st;

	if (!top)
		no_memory(m);
	if (sys_statx(AT_FDCWD, top, 0, &st)) {
		is_absent(m, dir, "glibc-hwcaps");
		rld_free(top);
		return;
	}
	m->level = rld_hwcap_level(m->r);
	for (unsigned l = m->level; l > 0 && !s->found; l--) {
		char *sub = rld_format("%s/%s", top, arch_hwcap_name(l));

		if (!sub)
			no_memory(m);
		if (is_file(s, sub, s->d->name))
			s->found = 1;
		else
			is_absent(m, sub, s->d->name);
		rld_free(sub);
	}
	rld_free(top);
}

static void seek_in(void *arg, const char *dir, size_t len, unsigned flags)
{
	struct sought *s = arg;

	(void)len;
	if (s->found)
		return;
	if (flags == LA_SER_DEFAULT) { /* behind ld.so.cache */
		s->m->cached = 1;
		s->flags = QUICK_PAST;
		if (s->in_cache && !strcmp(s->in_cache, s->d->lm.l_name)) {
			s->flags = QUICK_CACHED;
			s->found = 1;
			return;
		}
		if (s->in_cache)
			not_kept(s->m, s->in_cache,
				 "is named in ld.so.cache, but was not taken");
	}
	look_below(s, dir);
	if (s->found)
		return;
	if (is_file(s, dir, s->d->name))
		s->found = 1;
	else
		is_absent(s->m, dir, s->d->name);
}

/* libc's own loader is found by way of libc. */
static int is_loader(const struct dso *d)
{
	return rld_is_loader(str_base(d->name));
}

/* How d was found, as flags of the object. */
static uint32_t found_by(struct maker *m, struct dso *d)
{
	struct sought s = { .m = m, .d = d };

	if (strchr(d->name, '$'))
		not_kept(m, d->name, "is a name with a token");
	if (strchr(d->name, '/')) {
		if (*d->name != '/' || *d->lm.l_name != '/')
			not_kept(m, d->name,
				 "is sought from the current directory");
		return 0;
	}
	if (is_loader(d))
		return QUICK_SEARCHED;
	s.in_cache = path_cache_find(m->r, d->name);
	if (s.in_cache && path_cache_has_levels(m->r, d->name))
		m->level = rld_hwcap_level(m->r);
	rld_search_dirs(m->r, d->loader, seek_in, &s);
	if (!s.found && s.in_cache &&
	    !strcmp(s.in_cache, d->lm.l_name)) { /* no default directories */
		m->cached = 1;
		s.flags = QUICK_CACHED;
		s.found = 1;
	}
	if (!s.found)
		not_kept(m, d->lm.l_name, "was found in an unknown way");
	return QUICK_SEARCHED | s.flags;
}

/* Every entry of a liblist is known by the name or the soname of its object: what
 * was found a second time under a third name was searched for. */
static void check_needs(const struct maker *m, const struct dso *d)
{
	for (unsigned i = 0; i < d->nneed; i++) {
		const struct dso *x = d->need[i];

		if (!x)
			not_kept(m, d->need_name[i], "is missing");
		if (strcmp(d->need_name[i], x->name) != 0 &&
		    (!x->soname || strcmp(d->need_name[i], x->soname) != 0))
			not_kept(m, d->need_name[i],
				 "is needed under a third name");
	}
}

/* Will libc's own loader map it? */
static int is_family(const struct maker *m, const struct dso *d)
{
	return !strchr(d->name, '/') && rld_is_host(m->r, d->name);
}

/* A secure program must not follow them. */
static int has_tokens(const struct dso *d)
{
	return (d->dyn.rpath && strchr(d->dyn.rpath, '$')) ||
	       (d->dyn.runpath && strchr(d->dyn.runpath, '$'));
}

static void put_object(struct maker *m, struct dso *d)
{
	struct quick_object o = { .nsym = (uint32_t)d->dyn.nsym };
	int program = d == m->r->program;
	char *path = program ? path_absolute(m->r->prog) : NULL;

	if (program && !path)
		no_memory(m);
	if (d->mark)
		not_kept(m, d->name,
			 "has libraries that are loaded when needed");
	if (d->nfilter)
		not_kept(m, d->name, "is a filter");
	check_needs(m, d);
	o.stamp = rld_quick_stamp(d);
	if (!program)
		o.flags = found_by(m, d);
	if (!program && is_family(m, d))
		o.flags |= QUICK_HOST;
	o.name = string(m, program ? "" : d->name);
	o.path = string(m, program ? path : d->lm.l_name);
	rld_free(path);
	memcpy(more(m, &m->objects, 1, sizeof o), &o, sizeof o);
}

/* ---- what references mean */

static int is_offered(const char *name)
{
#define NAME(x) #x "\0"
	static const char names[] = OFFERED(NAME);
#undef NAME

	for (const char *n = names; *n; n += strlen(n) + 1)
		if (!strcmp(n, name))
			return 1;
	return 0;
}

/* Twice as many slots, at least half of which are free. */
static void grow_slots(struct maker *m)
{
	uint32_t n = m->slots ? m->slots * 2 : 1024;

	rld_free(m->slot);
	m->slot = rld_alloc(n * sizeof *m->slot);
	if (!m->slot)
		no_memory(m);
	m->slots = n;
	for (uint32_t i = 0; i < m->targets.n; i++) {
		const struct quick_target *t = m->targets.at;
		uint32_t at = (t[i].sym * 31 + t[i].object) * 0x9e3779b1u;

		while (m->slot[at &= n - 1])
			at++;
		m->slot[at] = i + 1;
	}
}

static uint32_t target(struct maker *m, uint32_t object, uint32_t sym)
{
	uint32_t at = (sym * 31 + object) * 0x9e3779b1u;
	struct quick_target *t = m->targets.at;

	if (m->targets.n * 2 >= m->slots) {
		grow_slots(m);
	}
	for (; m->slot[at &= m->slots - 1]; at++)
		if (t[m->slot[at] - 1].object == object &&
		    t[m->slot[at] - 1].sym == sym)
			return m->slot[at] - 1;
	t = more(m, &m->targets, 1, sizeof *t);
	*t = (struct quick_target){ object, sym };
	m->slot[at] = m->targets.n;
	return m->targets.n - 1;
}

/* What symbol i of d means, as a call and as data alike. */
static uint32_t answer(struct maker *m, struct dso *d, uint32_t i)
{
	const ElfW(Sym) *s = &d->dyn.symtab[i];
	struct ref ref;
	struct def a, b, own;
	int hit;

	if (ELF64_ST_BIND(s->st_info) == STB_LOCAL || is_own(d, s) ||
	    rld_ref(d, i, &ref))
		return QUICK_ASK;
	hit = rld_lookup(m->r, &ref, &a);
	ref.is_call = 1;
	if (rld_lookup(m->r, &ref, &b) != hit ||
	    (hit && (a.dso != b.dso || a.sym != b.sym)) ||
	    rld_lookup_in(m->r->self, &ref, &own))
		return QUICK_ASK;
	if (!hit)
		return ELF64_ST_BIND(s->st_info) != STB_WEAK ? QUICK_ASK :
		       rld_weak_noise(ref.name)		     ? QUICK_UNDEFINED :
							       QUICK_MISSING;
	if (a.dso == d && a.sym == s)
		return QUICK_OWN;
	if (a.dso == m->r->self || a.dso == m->r->vdso || is_loader(a.dso))
		return QUICK_ASK;
	return QUICK_TARGET +
	       target(m,
		      (m->number[a.dso->serial] - 1) |
			      (is_family(m, a.dso) && is_offered(ref.name) ?
				       QUICK_OFFERED :
				       0),
		      (uint32_t)(a.sym - a.dso->dyn.symtab));
}

static void put_answers(struct maker *m, uint32_t number)
{
	struct dso *d = m->object[number];
	struct quick_object *o;
	uint32_t n = (uint32_t)d->dyn.nsym, first = m->answers.n;

	if (is_family(m, d) || !n)
		return;
	more(m, &m->answers, n, sizeof(uint32_t));
	for (uint32_t i = 1; i < n; i++) {
		uint32_t v = answer(m, d, i);

		((uint32_t *)m->answers.at)[first + i] = v;
	}
	o = (struct quick_object *)m->objects.at + number;
	o->answers = first;
	o->nanswer = n;
}

/* ---- libc's family */

/* An object in front of libc that defines what ref names; NULL: none does. */
static struct dso *stands_before(struct maker *m, const struct ref *ref)
{
	struct def def;

	if (!rld_lookup(m->r, ref, &def) || def.dso == m->r->self ||
	    is_family(m, def.dso) || def.sym->st_shndx == SHN_UNDEF)
		return NULL;
	return def.dso;
}

static void put_exports(struct maker *m)
{
	struct dso *libc = m->libc;

	for (uint32_t i = 1; i < libc->dyn.nsym; i++) {
		const ElfW(Sym) *s = &libc->dyn.symtab[i];
		struct ref ref = { .from = libc };

		if (s->st_shndx == SHN_UNDEF ||
		    ELF64_ST_TYPE(s->st_info) == STT_TLS ||
		    !(ref.name = elf_str(&libc->dyn, s->st_name)))
			continue;
		ref.hash = elf_gnu_hash(ref.name);
		if (stands_before(m, &ref))
			number(m, &m->exports, i);
	}
}

/* Is a slot of symbol i of d one that another object may take? */
static int is_taken(struct maker *m, const struct dso *d, uint32_t i)
{
	struct ref ref;

	return i && !rld_ref(d, i, &ref) && stands_before(m, &ref);
}

static int any_taken(struct maker *m, const struct dso *d)
{
	const struct elf_dyn *y = &d->dyn;

	for (size_t i = 0; i < y->nrela; i++)
		if (is_taken(m, d, ARCH_R_SYM(y->rela[i].r_info)))
			return 1;
	for (size_t i = 0; i < y->nrel; i++)
		if (is_taken(m, d, ARCH_R_SYM(y->rel[i].r_info)))
			return 1;
	for (size_t i = 0; i < y->njmprel; i++) {
		const ElfW(Rela) *rela = (const ElfW(Rela) *)y->jmprel;
		const ElfW(Rel) *rel = (const ElfW(Rel) *)y->jmprel;

		if (is_taken(m, d,
			     ARCH_R_SYM(y->jmprel_is_rela ? rela[i].r_info :
							    rel[i].r_info)))
			return 1;
	}
	for (uint32_t i = 1; ARCH_IMPLICIT_GOT && i < y->nsym; i++)
		if (is_taken(m, d, i))
			return 1;
	return 0;
}

/* ---- the file */

static void put_out(struct maker *m, const void *at, size_t n)
{
	const char *c = at;
	long k;

	for (; n; c += k, n -= (size_t)k) {
		k = sys_write(m->r->quick_fd - 1, c, n);
		if (k <= 0)
			not_kept(m, "they cannot be written:",
				 sys_strerror(k ? k : -EIO));
	}
}

static void copy(char **to, const void *from, uint32_t n, size_t size)
{
	if (n)
		memcpy(*to, from, n * size);
	*to += quick_room(n, size);
}

static int has_changed(const char *path, const struct quick_stamp *was)
{
	struct statx st;
	struct quick_stamp now;

	if (sys_statx(AT_FDCWD, path, 0, &st))
		return was->ino != 0;
	now = quick_stamp_of(&st);
	return !quick_same(&now, was);
}

static int64_t now(void)
{
	long time[2] = { 0, 0 };

	sys3(__NR_clock_gettime, 0 /* CLOCK_REALTIME */, (long)time, 0);
	return time[0];
}

/* What was written to a moment ago may be written to once more in the same tick of
 * the file system's clock: then wait, and look again. */
static void settle(struct maker *m)
{
	const struct quick_object *o = m->objects.at;
	const struct quick_place *p = m->places.at;
	int64_t newest = 0;
	int word = 0;

	for (uint32_t i = 0; i < m->objects.n; i++)
		newest = o[i].stamp.ctime > newest ? o[i].stamp.ctime : newest;
	for (uint32_t i = 0; i < m->places.n; i++)
		newest = p[i].stamp.ctime > newest ? p[i].stamp.ctime : newest;
	if (newest + YOUNG >= now())
		sys_futex_wait_ms(&word, 0, (YOUNG + 1) * 1000L);
	for (uint32_t i = 0; i < m->objects.n; i++)
		if (has_changed(text(m, o[i].path), &o[i].stamp))
			not_kept(m, text(m, o[i].path), "is being changed");
	for (uint32_t i = 0; i < m->places.n; i++)
		if (has_changed(text(m, p[i].path), &p[i].stamp))
			not_kept(m, text(m, p[i].path), "is being changed");
}

static void write_file(struct maker *m, uint32_t flags)
{
	struct quick_head h = { .version = QUICK_VERSION };
	struct rld_gone g = { 0 };
	uint64_t size = sizeof h;
	char *at, *to;

	h.machine = ARCH_MACHINE | (uint32_t)WORD << 16;
	memcpy(h.magic, QUICK_MAGIC, sizeof h.magic);
	rld_build_id(m->r->self, &g);
	memcpy(h.build_id, g.build_id, g.build_id_size);
	h.build_id_size = g.build_id_size;
	h.level = m->level;
	h.flags = flags;
	h.origin = string(m, rld_origin(m->r, m->r->program));
	h.nobject = m->objects.n;
	h.nplace = m->places.n;
	h.ntarget = m->targets.n;
	h.nabsent = m->absent.n;
	h.nexport = m->exports.n;
	h.nanswer = m->answers.n;
	h.nstring = m->strings.n;
	size += quick_room(h.nobject, sizeof(struct quick_object)) +
		quick_room(h.nplace, sizeof(struct quick_place)) +
		quick_room(h.ntarget, sizeof(struct quick_target)) +
		quick_room(h.nabsent, sizeof(uint32_t)) +
		quick_room(h.nexport, sizeof(uint32_t)) +
		quick_room(h.nanswer, sizeof(uint32_t)) +
		quick_room(h.nstring, 1);
	if (size > QUICK_MOST)
		not_kept(m, "they are too", "many");
	h.size = size;
	at = to = rld_alloc((size_t)size);
	if (!at)
		no_memory(m);
	to += sizeof h;
	copy(&to, m->objects.at, h.nobject, sizeof(struct quick_object));
	copy(&to, m->places.at, h.nplace, sizeof(struct quick_place));
	copy(&to, m->targets.at, h.ntarget, sizeof(struct quick_target));
	copy(&to, m->absent.at, h.nabsent, sizeof(uint32_t));
	copy(&to, m->exports.at, h.nexport, sizeof(uint32_t));
	copy(&to, m->answers.at, h.nanswer, sizeof(uint32_t));
	copy(&to, m->strings.at, h.nstring, 1);
	memcpy(at, &h, sizeof h);
	h.sum = quick_sum(at, (size_t)size);
	memcpy(at, &h, sizeof h);
	put_out(m, at, (size_t)size);
}

/* The names that are not there, place by place. */
static void put_absent(struct maker *m)
{
	for (uint32_t i = 0; i < m->places.n; i++) {
		struct quick_place *p = (struct quick_place *)m->places.at + i;
		const uint32_t *name = m->missing[i].at;

		p->absent = m->absent.n;
		p->nabsent = m->missing[i].n;
		for (uint32_t k = 0; k < p->nabsent; k++)
			number(m, &m->absent, name[k]);
	}
}

static void number_objects(struct maker *m)
{
	struct rld *r = m->r;

	m->object = rld_alloc((r->nobj + 2) * sizeof(struct dso *));
	m->number = rld_alloc((r->serial + 2) * sizeof *m->number);
	if (!m->object || !m->number)
		no_memory(m);
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (!(d->flags & (D_SELF | D_VDSO)) && m->nobject <= r->nobj) {
			m->number[d->serial] = m->nobject + 1;
			m->object[m->nobject++] = d;
		}
}

void rld_quick_write(struct rld *r)
{
	struct maker m = { .r = r,
			   .libc = r->host.libc,
			   .level = QUICK_NO_LEVEL };
	uint32_t flags = 0;

	if (r->problems)
		sys_exit(1);
	if (r->host.kind != HOST_GLIBC || !m.libc)
		not_kept(&m, r->prog, "has no GNU C library");
	if (r->preload_file)
		not_kept(&m, rld_preload_file, "names objects");
	if (r->library_path || r->preload || r->preload_env || r->list ||
	    r->root || r->inhibit_cache || r->delay_list || r->delay_all ||
	    r->shared || r->overrides || r->identity != ID_RULE ||
	    r->ignore_version || r->ignore_all_versions)
		not_kept(&m, "an option or variable", "changes the answers");
	number_objects(&m);
	for (uint32_t i = 0; i < m.nobject; i++) {
		put_object(&m, m.object[i]);
		if (has_tokens(m.object[i]))
			flags = QUICK_TOKENS;
	}
	if (m.cached)
		place(&m, "/etc/ld.so.cache", 1);
	if (m.cached && !path_cache_exists(r))
		not_kept(&m, "there is no", "ld.so.cache");
	put_absent(&m);
	for (uint32_t i = 0; i < m.nobject; i++)
		put_answers(&m, i);
	put_exports(&m);
	for (uint32_t i = 0; i < m.nobject && !(flags & QUICK_SLOTS); i++)
		if (is_family(&m, m.object[i]) && any_taken(&m, m.object[i]))
			flags |= QUICK_SLOTS;
	settle(&m);
	write_file(&m, flags);
}
