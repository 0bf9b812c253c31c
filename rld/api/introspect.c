/* SPDX-License-Identifier: MIT */
/* Questions about addresses and objects, for unwinders, backtraces and
 * debuggers.  They take no lock: they may be asked in signal handlers. */
#include "rld/api/api.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

struct nearest {
	uintptr_t addr, best;
	const ElfW(Sym) *sym;
};

static void consider(void *arg, const struct dso *d, uint32_t i, uint32_t hash)
{
	struct nearest *n = arg;
	const ElfW(Sym) *s = &d->dyn.symtab[i];
	uintptr_t at;

	(void)hash;
	if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS ||
	    ELF64_ST_TYPE(s->st_info) == STT_TLS)
		return;
	at = d->lm.l_addr + s->st_value;
	if (at > n->addr || (n->sym && at < n->best))
		return;
	if (s->st_size ? n->addr - at >= s->st_size : n->addr != at)
		return;
	if (n->sym && at == n->best &&
	    ELF64_ST_BIND(n->sym->st_info) == STB_GLOBAL)
		return;
	n->best = at;
	n->sym = s;
}

static int address(const void *addr, Dl_info *info, struct dso **dso,
		   const ElfW(Sym) **sym)
{
	struct rld *r = &rld_state;
	struct nearest n = { .addr = (uintptr_t)addr };
	struct dso *d;
	int k;

	k = rld_read_begin(r);
	d = rld_find_addr(r, n.addr);
	if (d) {
		rld_each_symbol(d, consider, &n);
		info->dli_fname = d->flags & D_PROGRAM ? r->argv[0] :
							 d->lm.l_name;
		info->dli_fbase = (void *)d->lo;
		info->dli_sname = n.sym ? elf_str(&d->dyn, n.sym->st_name) :
					  NULL;
		info->dli_saddr = n.sym ? (void *)n.best : NULL;
		*dso = d;
		*sym = n.sym;
	}
	rld_read_end(r, k);
	return d != NULL;
}

/* Objects that libc loaded by itself (NSS, gconv, libgcc_s at thread exit)
 * stand on its own list alone. */
struct inner {
	int (*fn)(struct dl_phdr_info *, size_t, void *);
	void *arg;
};

static int from_inner(struct dl_phdr_info *i, size_t size, void *arg)
{
	struct inner *in = arg;
	struct rld *r = &rld_state;
	struct dl_phdr_info own = *i;
	int k, ours;

	if (i->dlpi_phnum == 0 || i->dlpi_phdr == r->host.inner_ph ||
	    i->dlpi_phdr[0].p_paddr == RLD_CARRIER)
		return 0;
	k = rld_read_begin(r);
	ours = rld_find_addr(r, i->dlpi_addr + i->dlpi_phdr[0].p_vaddr) != NULL;
	rld_read_end(r, k);
	if (ours)
		return 0;
	(void)size;
	own.dlpi_adds = r->adds;
	own.dlpi_subs = r->subs;
	own.dlpi_tls_modid = 0; /* theirs are other numbers than ours */
	return in->fn(&own, sizeof own, in->arg);
}

static int inner_objects(struct rld *r,
			 int (*fn)(struct dl_phdr_info *, size_t, void *),
			 void *arg)
{
	struct inner in = { fn, arg };
	int (*iterate)(int (*)(struct dl_phdr_info *, size_t, void *), void *);

	iterate = (int (*)(int (*)(struct dl_phdr_info *, size_t, void *),
			   void *))rld_host_symbol(r, r->host.libc,
						   "dl_iterate_phdr");
	return iterate ? iterate(from_inner, &in) : 0;
}

struct wanted {
	uintptr_t pc;
	struct dl_find_object *out;
};

static int holds(struct dl_phdr_info *i, size_t size, void *arg)
{
	uintptr_t lo = UINTPTR_MAX, hi = 0, frames = 0;
	const struct wanted *w = arg;
	bool found = false;

	(void)size;
	for (unsigned k = 0; k < i->dlpi_phnum; k++) {
		const ElfW(Phdr) *p = &i->dlpi_phdr[k];
		uintptr_t at = i->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_GNU_EH_FRAME)
			frames = at;
		if (p->p_type != PT_LOAD)
			continue;
		found |= w->pc - at < p->p_memsz;
		lo = at < lo ? at : lo;
		hi = at + p->p_memsz > hi ? at + p->p_memsz : hi;
	}
	if (!found)
		return 0;
	*w->out = (struct dl_find_object){
		.dlfo_map_start = (void *)page_down(&rld_state, lo),
		.dlfo_map_end = (void *)hi,
		.dlfo_eh_frame = (void *)frames,
	};
	for (struct link_map *l = rld_inner_debug(&rld_state)->r_map; l;
	     l = l->l_next)
		if (l->l_addr == i->dlpi_addr && *l->l_name)
			w->out->dlfo_link_map = l;
	return frames ? 1 : -1;
}

/* An address of an object that libc has loaded by itself.  The function is in
 * libc or in its loader, by release; before 2.35 there is none. */
static int inner_find(struct rld *r, void *pc, struct dl_find_object *out)
{
	static const char name[] = "_dl_find_object";
	uintptr_t f = rld_host_symbol(r, r->host.libc, name);
	struct wanted w = { (uintptr_t)pc, out };

	if (!f)
		f = rld_host_symbol(r, r->host.loader, name);
	if (f)
		return ((int (*)(void *, struct dl_find_object *))f)(pc, out);
	return r->host.kind == HOST_GLIBC && r->started &&
			       inner_objects(r, holds, &w) > 0 ?
		       0 :
		       -1;
}

/* A reader for as long as its callback runs.  Whoever leaves that by an
 * exception, or by the end of the thread, comes by rld_leave_walk. */
struct walk {
	struct walk *outer;
	int k;
};

static struct walk **innermost(struct rld *r)
{
	return &rld_own_words(r)->walk;
}

/* The personality routine of walk(), whose frame an unwinder goes through. */
int rld_leave_walk(int version, int actions, uint64_t class, void *exception,
		   void *context)
{
	struct walk **w = innermost(&rld_state);

	(void)version;
	(void)class;
	(void)exception;
	(void)context;
	if (actions & UNWIND_CLEANUP_PHASE && *w) {
		int k = (*w)->k;

		*w = (*w)->outer;
		rld_read_end(&rld_state, k);
	}
	return UNWIND_CONTINUE;
}

static __attribute__((noinline)) int
walk(struct rld *r, int (*fn)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	struct walk **in = innermost(r);
	struct walk here = { *in, rld_read_begin(r) };
	int ret = 0;

	LEFT_BY(rld_leave_walk);
	for (struct dso *d = r->head; d && !ret; d = dso_next(d)) {
		struct dl_phdr_info i = { 0 };

		if (d->flags & D_NEW && r->started && !d->ph)
			continue;
		i.dlpi_addr = d->lm.l_addr;
		i.dlpi_name = d->lm.l_name;
		i.dlpi_phdr = d->ph;
		i.dlpi_phnum = (ElfW(Half))d->phnum;
		i.dlpi_adds = r->adds;
		i.dlpi_subs = r->subs;
		i.dlpi_tls_modid = d->tls_mod;
		i.dlpi_tls_data = rld_tls_addr(r, d, 0);
		*in = &here;
		ret = fn(&i, sizeof i, arg);
	}
	*in = here.outer;
	rld_read_end(r, here.k);
	return ret;
}

API int dl_iterate_phdr(int (*fn)(struct dl_phdr_info *, size_t, void *),
			void *arg)
{
	struct rld *r = &rld_state;
	int ret;

	rld_host_tls(r);
	ret = walk(r, fn, arg);
	if (!ret && r->host.kind == HOST_GLIBC && r->host.libc)
		ret = inner_objects(r, fn, arg);
	return ret;
}

/* libc's own linker about an address in an object that libc has loaded by itself.
 * It is asked only if it has one: it takes a lock. */
static int inner_address(const void *addr, Dl_info *info, void **extra,
			 int flags)
{
	struct rld *r = &rld_state;
	struct dl_find_object where = { 0 };
	uintptr_t f;

	if (r->host.kind != HOST_GLIBC || !r->host.libc || !r->started ||
	    inner_find(r, (void *)(uintptr_t)addr, &where))
		return 0;
	f = rld_host_symbol(r, r->host.libc, "dladdr1");
	if (f)
		return ((int (*)(const void *, Dl_info *, void **, int))f)(
			addr, info, extra, flags);
	/* before 2.34 it is in libdl, which asks libc in turn */
	f = rld_host_symbol(r, r->host.libc, "_dl_addr");
	return f ? ((int (*)(const void *, Dl_info *, void **, void **))f)(
			   addr, info, flags == RTLD_DL_LINKMAP ? extra : NULL,
			   flags == RTLD_DL_SYMENT ? extra : NULL) :
		   0;
}

API int dladdr(const void *addr, Dl_info *info)
{
	struct dso *d;
	const ElfW(Sym) *s;

	return address(addr, info, &d, &s) ||
	       inner_address(addr, info, NULL, 0);
}

API int dladdr1(const void *addr, Dl_info *info, void **extra, int flags)
{
	struct dso *d;
	const ElfW(Sym) *s;

	if (!address(addr, info, &d, &s))
		return inner_address(addr, info, extra, flags);
	if (flags == RTLD_DL_SYMENT)
		*extra = (void *)(uintptr_t)s;
	else if (flags == RTLD_DL_LINKMAP)
		*extra = &d->lm;
	return 1;
}

API int _dl_find_object(void *pc, struct dl_find_object *out)
{
	struct rld *r = &rld_state;
	int ret = rld_find_range(r, (uintptr_t)pc, out), k;
	struct dso *d;

	if (ret)
		return ret > 0 ? 0 : -1;
	k = rld_read_begin(r);
	d = rld_find_addr(r, (uintptr_t)pc);
	if (!d) {
		rld_read_end(r, k);
		return inner_find(r, pc, out);
	}
	out->dlfo_flags = 0;
	out->dlfo_map_start = (void *)d->lo;
	out->dlfo_map_end = (void *)d->hi;
	out->dlfo_link_map = &d->lm;
	out->dlfo_eh_frame = NULL;
	for (unsigned i = 0; i < d->phnum; i++)
		if (d->ph[i].p_type == PT_GNU_EH_FRAME)
			out->dlfo_eh_frame =
				(void *)(d->lm.l_addr + d->ph[i].p_vaddr);
	ret = out->dlfo_eh_frame ? 0 : -1;
	rld_read_end(r, k);
	return ret;
}

/* glibc's own cannot name what its private loader does not know. */
char *rld_describe(void *pc)
{
	Dl_info i;

	if (!dladdr(pc, &i) || !i.dli_fname)
		return rld_format("[%p]", pc);
	if (i.dli_sname)
		return rld_format(
			"%s(%s+0x%lx) [0x%lx]", i.dli_fname, i.dli_sname,
			(unsigned long)((char *)pc - (char *)i.dli_saddr),
			(unsigned long)pc);
	return rld_format("%s(+0x%lx) [0x%lx]", i.dli_fname,
			  (unsigned long)((char *)pc - (char *)i.dli_fbase),
			  (unsigned long)pc);
}

API char **backtrace_symbols(void *const *pc, int n);
char **backtrace_symbols(void *const *pc, int n)
{
	struct ref ref = { .newest = 1, .is_call = 1 };
	size_t size = 0, count = n > 0 ? (size_t)n : 0;
	void *(*alloc)(size_t) = NULL;
	char **text, **out, *at;
	struct def def;

	ref.name = "malloc"; /* not above: clang 19 makes data of it */
	ref.hash = elf_gnu_hash(ref.name);
	text = rld_alloc((count + 1) * sizeof *text);
	for (size_t i = 0; text && i < count; i++) {
		text[i] = rld_describe(pc[i]);
		size += sizeof *out + (text[i] ? strlen(text[i]) : 0) + 1;
	}
	/* the caller frees it with the program's free */
	if (text) {
		int k = rld_read_begin(&rld_state);

		if (rld_lookup(&rld_state, &ref, &def))
			alloc = (void *(*)(size_t))rld_sym_addr(def.dso,
								def.sym);
		rld_read_end(&rld_state, k);
	}
	out = alloc ? alloc(size + 1) : NULL;
	at = out ? (char *)(out + count) : NULL;
	for (size_t i = 0; text && i < count; i++) {
		size_t len = text[i] ? strlen(text[i]) : 0;

		if (out) {
			memcpy(at, text[i], len);
			at[len] = 0;
			out[i] = at;
			at += len + 1;
		}
		rld_free(text[i]);
	}
	rld_free(text);
	return out;
}

API void backtrace_symbols_fd(void *const *pc, int n, int fd);
void backtrace_symbols_fd(void *const *pc, int n, int fd)
{
	for (int i = 0; i < n; i++) {
		char *s = rld_describe(pc[i]);

		if (s)
			rld_print(&rld_state, fd, "%s\n", s);
		rld_free(s);
	}
}

/* Version 0.2's structure, whatever members follow later. */
enum {
	FIRST_WAS = offsetof(struct rld_was, order) + sizeof(unsigned long long)
};

/* In the range of what was unloaded. */
static int was_in(uintptr_t at, struct rld_was *out)
{
	const struct rld_gone *g = rld_journal_at(at);

	if (!g)
		return 0;
	*out = (struct rld_was){ .object = g->name,
				 .offset = at - g->lo,
				 .order = g->order };
	out->symbol = rld_tomb_symbol(at, &out->offset);
	return 1;
}

/* Where calls of a function go that has gone. */
static int was_stub(uintptr_t at, struct rld_was *out)
{
	const struct entry *n = rld_stub_at(at);

	if (!n)
		return 0;
	*out = (struct rld_was){ .object = n->gone,
				 .symbol = n->name,
				 .user = *n->scope ? n->scope :
						     rld_state.prog };
	return 1;
}

API int rld_was_sized(const void *addr, struct rld_was *out, size_t size)
{
	struct rld *r = &rld_state;
	uintptr_t at = (uintptr_t)addr;
	struct rld_was was;
	const struct dso *now;
	int k;

	if (size < FIRST_WAS)
		return -1;
	k = rld_read_begin(r);
	now = rld_find_addr(r, at);
	rld_read_end(r, k);
	if (now || (!rld_trap_was(at, &was) && !was_stub(at, &was) &&
		    !was_in(at, &was)))
		return -1;
	rld_copy_sized(out, size, &was, sizeof was);
	return 0;
}
