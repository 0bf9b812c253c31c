/* SPDX-License-Identifier: MIT */
/* The dlopen family. */
#include "rld/api/api.h"
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/image/image.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

#define CALLER() ((uintptr_t)__builtin_return_address(0))

struct request {
	const char *file, *want; /* want: interface version or NULL */
	unsigned flags;		 /* LL_* */
	struct dso *from;
	struct space *space; /* the namespace to open it in */
};

/* RTLD_NOLOAD, and no object has that name: the file that it leads to may be
 * loaded under another one.  That it is not is no error; that there is none is
 * one. */
static struct dso *find_file(struct rld *r, const struct request *q,
			     struct rld_err *e)
{
	struct dso *d = NULL;
	struct statx st;
	int searched, fd;
	char *path;

	fd = rld_search(r, q->file, q->from, &path, &searched, e);
	if (fd < 0)
		return NULL;
	rld_load_into(r, q->space);
	if (!sys_statx(fd, "", AT_EMPTY_PATH, &st))
		d = rld_same_file(r, &st, path, 1, fd);
	rld_load_into(r, NULL);
	if (d && !rld_serves(r, d, q->file, q->want, q->flags))
		d = NULL;
	rld_first_bytes_forget();
	sys_close(fd);
	rld_free(path);
	return d;
}

/* -z nodlopen holds for what comes with the object, too. */
static int may_be_opened(struct rld *r, struct dso *first, struct rld_err *e)
{
	for (struct dso *n = first; n; n = dso_next(n))
		if (n->flags & D_NEW && n->dyn.flags_1 & DF_1_NOOPEN)
			return rld_fail(e,
					"%s: shared object cannot be "
					"dlopen()ed",
					dso_name(r, n));
	return 0;
}

/* Bring in what d needs, if it came after serial `last`, and hand it out. */
static struct dso *open_found(struct rld *r, struct dso *d, unsigned last,
			      int mode, struct rld_err *e)
{
	struct dso *first = rld_after(r, last);
	unsigned since;

	if (first &&
	    (may_be_opened(r, first, e) || rld_bring_in(r, first, mode, e) ||
	     may_be_opened(r, first, e))) {
		rld_undo(r, last);
		return NULL;
	}
	if (rld_join_group(r, d, e)) {
		rld_undo(r, last);
		return NULL;
	}
	if (first && rld_audits(r))
		rld_audit_consistent(r);
	/* the first one is to its namespace what the program is to its own */
	if (d->dyn.flags_1 & DF_1_GLOBAL || (d->space && d->space->is_new))
		mode |= RTLD_GLOBAL;
	/* a program that opens often is served by the index */
	if (first && ++r->loads >= 4 && !r->index)
		rld_index_build(r);
	if (first && rld_bind_new(r, first, e)) {
		rld_undo(r, last);
		return NULL;
	}
	since = r->global_serial;
	if (mode & RTLD_GLOBAL)
		rld_make_global(r, d);
	for (struct dso *n = first; n; n = dso_next(n))
		n->flags &= ~(unsigned)D_NEW;
	rld_revive_done(r);
	if (mode & RTLD_NODELETE)
		d->flags |= D_NODELETE;
	if (d->space)
		d->space->is_new = 0;
	d->opens++;
	d->mode = mode;
	if (mode & RTLD_GLOBAL) {
		rld_mend(r);
		rld_weak_arrivals(r, since);
	}
	if (first) {
		rld_debug_state(r, RT_ADD);
		rld_debug_state(r, RT_CONSISTENT);
	}
	return d;
}

static struct dso *open_new(struct rld *r, const struct request *q, int mode,
			    struct rld_err *e)
{
	unsigned last = r->serial;
	struct dso *d;

	if (rld_unseal(r)) {
		rld_fail(e, "%s: out of memory", q->file);
		return NULL;
	}
	rld_guard(r, 1);
	rld_load_into(r, q->space);
	d = q->want ? rld_load_version(r, q->file, q->want, q->flags, q->from,
				       e) :
		      rld_load(r, q->file, q->from, e);
	rld_load_into(r, NULL);
	if (d)
		d = open_found(r, d, last, mode, e);
	else
		rld_undo(r, last);
	rld_guard(r, 0);
	rld_seal(r);
	return d;
}

/* The namespace that dlmopen names; NULL with *e: there is none. */
static struct space *named_space(struct rld *r, Lmid_t ns, const char *file,
				 struct rld_err *e)
{
	struct space *s = ns == LM_ID_NEWLM ? rld_space_new(r) :
					      rld_space_find(r, ns);

	if (!s)
		rld_fail(e,
			 ns == LM_ID_NEWLM ?
				 "%s: out of memory" :
				 "%s: invalid target namespace in dlmopen(): "
				 "%d is none that has an object",
			 file, (int)ns);
	return s;
}

struct dso *rld_open_auditor(struct rld *r, const char *file, struct rld_err *e)
{
	struct request q = { .file = file, .from = r->program };
	struct dso *d = NULL;

	rld_lock(r);
	q.space = rld_space_new(r);
	if (q.space) {
		q.space->audits = 1;
		rld_space_hold(q.space);
		r->loads = 0; /* the index waits for the program's list */
		d = open_new(r, &q, RTLD_LAZY, e);
		rld_space_let_go(r, q.space);
	} else {
		rld_fail(e, "out of memory");
	}
	rld_search_done(r);
	rld_unlock(r);
	if (d)
		rld_run_init(r, d);
	return d;
}

/* Auditors are called while something is loaded or unloaded. */
static int is_busy(const struct rld *r, const char *what, struct rld_err *e)
{
	return r->asking ? rld_fail(e,
				    "%s: not while an auditor is called about "
				    "a load or an unloading",
				    what) :
			   0;
}

/* In the namespace *ns, the caller's for NULL; with opened as a module. */
static void *open_in(const char *file, int mode, const char *want,
		     unsigned flags, uintptr_t pc, const Lmid_t *ns,
		     struct dso **opened)
{
	struct rld *r = &rld_state;
	struct request q = { .file = file, .want = want, .flags = flags };
	struct rld_err e = { 0 };
	struct dso *d = NULL;

	if (!file || !*file) {
		__atomic_fetch_add(&r->program->opens, 1, __ATOMIC_RELAXED);
		rld_forget_error();
		return r->program;
	}
	rld_watch_fork(r);
	rld_lock(r);
	if (r->lapsed && !rld_thread_is_ending() && !r->asking)
		rld_collect(r);
	is_busy(r, file, &e);
	/* to musl, it is the program that needs what is opened */
	q.from = r->host.kind == HOST_MUSL ? r->program : rld_caller(r, pc);
	if (ns && *ns != LM_ID_BASE && !e.set)
		q.space = named_space(r, *ns, file, &e);
	else if (!ns && r->spaces)
		q.space = rld_caller(r, pc)->space;
	rld_space_hold(q.space);
	if (!e.set)
		d = rld_find_version(r, q.space, q.file, q.want, q.flags);
	if (!d && mode & RTLD_NOLOAD && !e.set)
		d = find_file(r, &q, &e);
	if (d)
		d = open_found(r, d, r->serial, mode, &e);
	else if (!(mode & RTLD_NOLOAD) && !e.set)
		d = open_new(r, &q, mode, &e);
	rld_space_let_go(r, q.space);
	rld_search_done(r);
	if (d && opened) {
		rld_module_mark(r, d);
		*opened = d;
	}
	if (rld_recording(r))
		rld_record_open(r, file, q.from, mode, d, e.text);
	rld_unlock(r);
	if (e.set)
		rld_keep_error(&e);
	else
		rld_forget_error();
	if (!d)
		return NULL;
	rld_run_init(r, d);
	rld_delay_init(r);
	rld_tell_loaded(r);
	return rld_handle(d);
}

void *rld_open(const char *file, int mode, const char *want, unsigned flags,
	       uintptr_t pc)
{
	return open_in(file, mode, want, flags, pc, NULL, NULL);
}

void *rld_open_module(const char *file, int mode, uintptr_t pc,
		      struct dso **opened)
{
	return open_in(file, mode, NULL, 0, pc, NULL, opened);
}

/* A libc numbers the modes as it likes, and on MIPS musl not as glibc; LAZY and
 * NOW are 1 and 2 everywhere. */
enum { BOTH = RTLD_LAZY | RTLD_NOW };
enum {
	MUSL_NOLOAD = 4,
	MUSL_DEEPBIND = 8, /* not in its header: as glibc has it elsewhere */
	MUSL_GLOBAL = 0x100,
	MUSL_NODELETE = 0x1000
};

static int from_musl(int mode)
{
	return (mode & BOTH) | (mode & MUSL_NOLOAD ? RTLD_NOLOAD : 0) |
	       (mode & MUSL_DEEPBIND ? RTLD_DEEPBIND : 0) |
	       (mode & MUSL_GLOBAL ? RTLD_GLOBAL : 0) |
	       (mode & MUSL_NODELETE ? RTLD_NODELETE : 0);
}

/* What is wrong with a mode, in *e. */
static int check_mode(struct rld *r, const char *file, int mode,
		      struct rld_err *e)
{
	const int known = r->host.kind == HOST_MUSL ?
				  BOTH | MUSL_NOLOAD | MUSL_DEEPBIND |
					  MUSL_GLOBAL | MUSL_NODELETE :
				  BOTH | RTLD_NOLOAD | RTLD_DEEPBIND |
					  RTLD_GLOBAL | RTLD_NODELETE;

	if (mode & ~known)
		return rld_fail(e,
				"%s: invalid mode for dlopen(): 0x%x: 0x%x is "
				"not part of any RTLD_ constant",
				file, (unsigned)mode,
				(unsigned)(mode & ~known));
	if (!(mode & BOTH))
		return rld_fail(e,
				"%s: invalid mode for dlopen(): 0x%x: neither "
				"RTLD_LAZY nor RTLD_NOW is set: add one",
				file, (unsigned)mode);
	if ((mode & BOTH) == BOTH && r->strict)
		return rld_fail(e,
				"%s: invalid mode for dlopen(): 0x%x: "
				"RTLD_LAZY and RTLD_NOW are both set, which "
				"--strict refuses: drop one",
				file, (unsigned)mode);
	return 0;
}

int rld_own_mode(const char *file, int *mode)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };

	if (!file)
		file = "(program)";
	if (check_mode(r, file, *mode, &e)) {
		rld_keep_error(&e);
		return -1;
	}
	/* that breaks the rule of dlopen(3), and is met in the field */
	if ((*mode & BOTH) == BOTH) {
		TRACE(r, TR_ALL & ~TR_QUICK,
		      "%s: dlopen mode 0x%x has RTLD_LAZY and RTLD_NOW: "
		      "taken as RTLD_NOW\n",
		      file, (unsigned)*mode);
		*mode &= ~RTLD_LAZY;
	}
	if (r->host.kind == HOST_MUSL)
		*mode = from_musl(*mode);
	return 0;
}

API void *dlopen(const char *file, int mode)
{
	return rld_own_mode(file, &mode) ?
		       NULL :
		       rld_open(file, mode, NULL, 0, CALLER());
}

API void *dlmopen(Lmid_t ns, const char *file, int mode)
{
	struct rld_err e = { 0 };

	if (!file && ns != LM_ID_BASE) {
		rld_fail(&e, "dlmopen: invalid namespace: the program is in "
			     "LM_ID_BASE only");
		rld_keep_error(&e);
		return NULL;
	}
	return rld_own_mode(file, &mode) ?
		       NULL :
		       open_in(file, mode, NULL, 0, CALLER(), &ns, NULL);
}

/* For tombstones: the last caller of dlclose. */
void rld_closed_from(struct rld *r, uintptr_t pc)
{
	if (!r->tombstone)
		return;
	rld_free(r->closer);
	r->closer = pc ? rld_describe((void *)pc) : NULL;
}

int rld_close(void *handle, uintptr_t pc)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct dso *d;
	unsigned closed = 0;

	rld_lock(r);
	d = is_busy(r, "dlclose", &e) ? NULL : rld_valid(r, handle, &e);
	if (d && !d->opens) {
		rld_fail(&e, "%s: is not open", dso_name(r, d));
		d = NULL;
	}
	if (d && pc && d->as_module && d->opens == 1) {
		rld_fail(&e,
			 "%s: its last handle is that of an open module: "
			 "rld_module_close closes it",
			 dso_name(r, d));
		d = NULL;
	}
	rld_closed_from(r, pc);
	if (d && rld_recording(r))
		closed = rld_record_close(r, d, pc ? rld_caller(r, pc) : NULL);
	/* dlopen(NULL) counts without the lock */
	if (d && ((__atomic_sub_fetch(&d->opens, 1, __ATOMIC_RELAXED) == 0 &&
		   !(d->flags & D_STARTUP)) ||
		  (r->lapsed && !rld_thread_is_ending())))
		rld_collect(r);
	if (closed)
		rld_record_held(r, closed);
	rld_unlock(r);
	rld_tls_free_waiting();
	if (d)
		return 0;
	rld_keep_error(&e);
	return -1;
}

API int dlclose(void *handle)
{
	int ret = rld_close(handle, CALLER());

	if (!ret)
		rld_forget_error();
	return ret;
}

API char *dlerror(void)
{
	char **now = rld_thread_error(), **last = rld_thread_last_error();

	if (!now || !last)
		return (char *)(uintptr_t)rld_no_memory;
	rld_free(*last);
	*last = *now;
	*now = NULL;
	return *last;
}

/* What a definition was when it was found. */
struct meaning {
	struct dso *dso;
	const ElfW(Sym) *sym;
	uintptr_t value; /* st_value */
	uintptr_t at;
	unsigned type;
};

static struct meaning meaning(const struct def *def)
{
	return (struct meaning){ def->dso, def->sym, def->sym->st_value,
				 rld_sym_addr(def->dso, def->sym),
				 ELF64_ST_TYPE(def->sym->st_info) };
}

/* Its run-time value: IFUNCs called, TLS for this thread. */
static void *value(struct rld *r, const struct meaning *m)
{
	if (m->type == STT_TLS) {
		char *b = rld_tls_addr(r, m->dso, 1);

		return b ? b + m->value : NULL;
	}
	return (void *)(m->type == STT_GNU_IFUNC ? arch_call_ifunc(m->at) :
						   m->at);
}

/* Members of list from the i-th on; what lingers is for its like. */
static int in_members(const struct dso *from, struct dso *const *list,
		      unsigned i, unsigned n, const struct ref *ref,
		      struct def *out)
{
	unsigned hidden = D_VDSO | D_DYING | D_RETIRED |
			  (is_gone(from) ? 0 : D_LINGERS);

	for (; i < n; i++)
		if (!(list[i]->flags & hidden) &&
		    rld_lookup_in(list[i], ref, out))
			return 1;
	return 0;
}

/* What an object that was opened finds behind itself: the rest of its groups,
 * breadth-first, which hold what was there before it, libc among it.  libc may
 * not be behind it there: it is named first, or the object waited for its first
 * use and is the last of its group or in none.  So what it needs of the start's
 * objects comes next. */
static int behind_in_groups(struct rld *r, struct dso *from,
			    const struct ref *ref, struct def *out)
{
	struct dso **needs;
	unsigned n;
	int hit = 0;

	for (unsigned g = 0; g < from->ngroup; g++) {
		const struct group *x = from->group[g];
		unsigned i = 0;

		while (i < x->n && x->member[i] != from)
			i++;
		if (in_members(from, x->member, i + 1, x->n, ref, out))
			return 1;
	}
	needs = rld_closure(r, from, &n);
	for (unsigned i = 1; needs && i < n && !hit; i++)
		hit = needs[i]->flags & (D_STARTUP | D_HOST) &&
		      in_members(from, needs, i, i + 1, ref, out);
	rld_free(needs);
	return hit;
}

/* RTLD_NEXT: the definition behind the caller's.  For an object of the start
 * that is along the list; for an opened one the list is the last resort, because
 * what it interposes on may stand before it, and an object that came later may
 * have the name, too.  Lock held. */
static int next_after(struct rld *r, struct dso *from, const struct ref *ref,
		      struct def *out, struct rld_err *e)
{
	int hit = !(from->flags & D_STARTUP) &&
		  behind_in_groups(r, from, ref, out);

	for (struct dso *d = dso_next(from); d && !hit; d = dso_next(d))
		if (d->flags & D_GLOBAL && !(d->flags & D_RETIRED) &&
		    in_space(d, from->space))
			hit = in_members(from, &d, 0, 1, ref, out);
	if (hit)
		rld_prefer_own(r, ref, out);
	if (hit && is_unique(out))
		rld_unify(r, ref, out, 1);
	/* a library that waits will come after the caller */
	if (!hit && r->ndelay) {
		hit = rld_supply(r, ref, from, out, e) &&
		      out->dso->serial > from->serial;
		rld_search_done(r);
	}
	return hit;
}

/* Lock held: the objects that are named may leave with it. */
static void undefined(struct rld *r, const void *handle, const struct dso *from,
		      const char *name, const char *version, uintptr_t pc,
		      struct rld_err *e)
{
	rld_fail(e, "%s: undefined symbol: %s%s%s",
		 from	? dso_name(r, from) :
		 handle ? r->prog :
			  dso_name(r, rld_caller(r, pc)),
		 name, version ? ", version " : "", version ? version : "");
}

/* The object that a failure is told of; NULL: the program or the caller. */
static struct dso *from_of(struct rld *r, void *handle, uintptr_t pc)
{
	struct rld_err e = { 0 };
	struct dso *d = NULL;

	if (handle == RTLD_NEXT)
		d = rld_caller(r, pc);
	else if (handle != RTLD_DEFAULT && handle != r->program)
		d = rld_valid(r, handle, &e);
	rld_err_clear(&e);
	return d;
}

/* Lock held: what readers missed may have been in motion. */
static int look_locked(struct rld *r, void *handle, struct ref *ref,
		       struct def *def, uintptr_t pc, struct rld_err *e)
{
	struct dso *d;

	if (handle == RTLD_DEFAULT)
		ref->from = rld_caller(r, pc);
	if (handle == RTLD_DEFAULT || handle == r->program)
		return rld_lookup(r, ref, def) ||
		       (r->ndelay && rld_supply(r, ref, ref->from, def, e));
	if (handle == RTLD_NEXT)
		return next_after(r, rld_caller(r, pc), ref, def, e);
	d = rld_valid(r, handle, e);
	return d && rld_in_handle(r, d, ref, def, e);
}

/* Is more to be asked of the object than m has, so that it must stay? */
static int is_to_be_asked(const struct meaning *m)
{
	return !(m->dso->flags & D_STARTUP) &&
	       (m->type == STT_TLS || m->type == STT_GNU_IFUNC ||
		rld_audits(&rld_state) || dso_init(m->dso) == INIT_BINDING);
}

/* Lock held.  1: the object stays until let_go; 0: it need not; -1: it is leaving
 * in another thread, which does not wait. */
static int hold(const struct meaning *m)
{
	if (!is_to_be_asked(m))
		return 0;
	if (m->dso->flags & D_GONE && m->dso->init_owner != rld_self_id())
		return -1;
	dso_hold(m->dso);
	return 1;
}

static void let_go(struct rld *r, struct dso *d)
{
	rld_lock(r);
	if (dso_let_go(d) == 0 && !d->opens)
		rld_collect(r); /* another thread has closed it meanwhile */
	rld_unlock(r);
}

static __attribute__((cold, noinline)) void
tell(struct rld *r, const void *handle, uintptr_t pc, const struct ref *ref,
     const struct def *def)
{
	const struct binding b = { .from = rld_caller(r, pc),
				   .ref = ref,
				   .def = def,
				   .when = "dlsym",
				   .by = handle == RTLD_NEXT ? "next" :
							       "handle" };

	rld_tell_binding(r, &b);
}

/* What auditors say to that.  The symbol's object stays: see is_to_be_asked. */
static __attribute__((cold, noinline)) void *
audited(struct rld *r, uintptr_t pc, const struct meaning *m, void *p)
{
	const struct def def = { m->dso, m->sym };
	int k = rld_read_begin(r);
	struct dso *from = rld_caller(r, pc);

	rld_read_end(r, k);
	return (void *)rld_audit_dlsym(r, from, &def, (uintptr_t)p);
}

void *rld_symbol(void *handle, const char *name, const char *version,
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
	struct meaning m = { 0 };
	void *ret = NULL;
	int hit = 0, held = 0;

	if (!name) {
		rld_fail(&e, "dlsym: no symbol name given");
		rld_keep_error(&e);
		return NULL;
	}
	ref.hash = elf_gnu_hash(name);
	if (rld_counts(r))
		__atomic_fetch_add(&r->stat.dlsyms, 1, __ATOMIC_RELAXED);
	/* in another namespace than the program's the caller counts */
	if ((handle == RTLD_DEFAULT && !r->spaces) || handle == r->program) {
		int k = rld_read_begin(r);

		hit = rld_lookup(r, &ref, &def) &&
		      rld_own_version(r, &ref, &def);
		if (hit)
			m = meaning(&def);
		if (hit && is_to_be_asked(&m))
			hit = 0; /* asked below, where it is held */
		if (hit && rld_tells_bindings(r))
			tell(r, handle, pc, &ref, &def);
		rld_read_end(r, k);
	}
	if (!hit) {
		rld_lock(r);
		hit = look_locked(r, handle, &ref, &def, pc, &e) &&
		      rld_own_version(r, &ref, &def);
		if (hit) {
			m = meaning(&def);
			held = hold(&m);
			hit = held >= 0;
			if (rld_tells_bindings(r))
				tell(r, handle, pc, &ref, &def);
		}
		if (!hit && !e.set)
			undefined(r, handle, from_of(r, handle, pc), name,
				  version, pc, &e);
		rld_search_done(r);
		rld_unlock(r);
	}
	rld_delay_init(r);
	if (hit && dso_init(m.dso) == INIT_BINDING)
		rld_run_init(r, m.dso);
	if (hit)
		ret = value(r, &m);
	if (hit && rld_audits(r))
		ret = audited(r, pc, &m, ret);
	if (held > 0)
		let_go(r, m.dso);
	if (e.set)
		rld_keep_error(&e);
	else
		rld_forget_error();
	return ret;
}

API void *dlsym(void *restrict handle, const char *restrict name)
{
	return rld_symbol(handle, name, NULL, CALLER());
}

#if __SIZEOF_POINTER__ == 4
/* What musl's <dlfcn.h> makes of dlsym where time_t once had 32 bits: a name
 * of libc's own means the variant for 64, which libc alone knows. */
API void *__dlsym_time64(void *restrict handle, const char *restrict name);
void *__dlsym_time64(void *restrict handle, const char *restrict name)
{
	struct rld *r = &rld_state;
	void *p = rld_symbol(handle, name, NULL, CALLER()), *q = NULL;
	void *(*inner)(void *, const char *);

	if (!p || r->host.kind != HOST_MUSL ||
	    rld_find_addr(r, (uintptr_t)p) != r->host.libc)
		return p;
	inner = (void *(*)(void *, const char *))rld_host_symbol(
		r, r->host.libc, "__dlsym_time64");
	if (inner)
		q = inner(RTLD_DEFAULT, name);
	return q ? q : p;
}
#endif

API void *dlvsym(void *restrict handle, const char *restrict name,
		 const char *restrict version)
{
	return rld_symbol(handle, name, version, CALLER());
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

enum { DI_PHDR = 11 }; /* RTLD_DI_PHDR, which <dlfcn.h> has since glibc 2.35 */

API int dlinfo(void *restrict handle, int request, void *restrict arg)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct ser s = { 0 };
	struct dso *d;
	int ret = 0;

	rld_lock(r);
	d = rld_valid(r, handle, &e);
	if (!d) {
		rld_unlock(r);
		rld_keep_error(&e);
		return -1;
	}
	switch (request) {
	case RTLD_DI_LMID:
		*(Lmid_t *)arg = d->space ? d->space->id : LM_ID_BASE;
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
		rld_search_done(r);
		break;
	case DI_PHDR: /* the result is their number */
		*(const ElfW(Phdr) **)arg = d->ph;
		ret = (int)d->phnum;
		break;
	case RTLD_DI_TLS_MODID:
		*(size_t *)arg = d->tls_mod;
		break;
	case RTLD_DI_TLS_DATA:
		*(void **)arg = rld_tls_addr(r, d, 0);
		break;
	default:
		ret = rld_fail(&e, "dlinfo: unsupported request %d", request);
		break;
	}
	rld_unlock(r);
	if (ret < 0)
		rld_keep_error(&e);
	else
		rld_forget_error();
	return ret;
}
