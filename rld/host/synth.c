/* SPDX-License-Identifier: MIT */
/* The synthetic program: what the host libc's own loader is shown in place of
 * the program. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/host/host.h"
#include "rld/image/image.h"
#include "rld/life/life.h"
#include "rld/tls/tls.h"

#include <errno.h>

/* glibc's loader compares the name of every symbol of a DT_HASH chain; behind
 * DT_GNU_HASH it passes us over by one look at the filter.  MIPS has no such
 * table in the old releases; musl is content with either. */
#define GNU_HASH (!ARCH_IMPLICIT_GOT)
#define BLOOM	 4 /* words of the filter */
#define SHIFT	 6

/* Names that may be exported.  glibc's loader asks the dynamic section anew
 * where symbols and strings are, each time: they begin small and may move.
 * musl's remembers, so there all have room. */
#define MAX_EXPORTS 4096
#define FEW	    25
#define NAME_ROOM   (GROWS ? 32 : 64) /* bytes a name, on the average */
#define GROWS	    (rld_state.host.kind == HOST_GLIBC)

/* The synthetic program.  Its load bias is the program's, which glibc asks for
 * in a profile of a PIE; for musl 0.  Its tables follow it, the chain of its
 * hash table last, which only grows; and all of that lies at the end of the
 * vault's page where it can: each page costs, and what libc calls at exit
 * stands in it. */
struct synth {
	uintptr_t bias;
	ElfW(Phdr) ph[6];
	size_t nph;
	ElfW(Dyn) dyn[28];
	uintptr_t pltgot[4];
	uint32_t stdio; /* _IO_stdin_used: present-day streams */
	uintptr_t init[2], fini[2];
	uint32_t nsym, max; /* of sym, the null symbol counted */
	uint32_t nstr, strsz;
	ElfW(Sym) *sym;
	char *str;
	struct {
		uint32_t nbuckets, symndx, maskwords, shift;
		ElfW(Addr) bloom[BLOOM];
		uint32_t bucket[1], chain[];
	} * gnu;
	struct {
		uint32_t nbucket, nchain, bucket[1], chain[];
	} * sysv;
	uintptr_t lo; /* the pages it is in, filled for musl */
	size_t size;
};

#if ARCH_IMPLICIT_GOT
static uintptr_t rld_map_word;
#endif

/* What glibc's loader may have relocated in place, or not. */
static void move_dyn(struct synth *s, ElfW(Sxword) tag, uintptr_t by)
{
	for (ElfW(Dyn) *d = s->dyn; d->d_tag != DT_NULL; d++)
		if (d->d_tag == tag)
			d->d_un.d_val += by;
}

/* Room for one more symbol, and for n bytes of strings. */
static int grow(struct synth *s, size_t n)
{
	size_t max = s->nsym < s->max ? s->max : s->max * 2;
	size_t strsz = s->strsz - s->nstr >= n ? s->strsz : s->strsz * 2 + n;
	ElfW(Sym) *sym;

	if (max == s->max && strsz == s->strsz)
		return 0;
	if (!GROWS || max > MAX_EXPORTS)
		return -1;
	sym = rld_alloc(max * sizeof *sym + strsz);
	if (!sym)
		return -1;
	memcpy(sym, s->sym, s->nsym * sizeof *sym);
	memcpy(sym + max, s->str, s->nstr);
	move_dyn(s, DT_SYMTAB, (uintptr_t)sym - (uintptr_t)s->sym);
	move_dyn(s, DT_STRTAB, (uintptr_t)(sym + max) - (uintptr_t)s->str);
	move_dyn(s, DT_STRSZ, strsz - s->strsz);
	s->sym = sym;
	s->str = (char *)(sym + max);
	s->max = (uint32_t)max;
	s->strsz = (uint32_t)strsz;
	return 0;
}

static uint32_t intern(struct synth *s, const char *text)
{
	size_t n = strlen(text) + 1;
	uint32_t at = s->nstr;

	if (n > s->strsz - at)
		return 0;
	memcpy(s->str + at, text, n);
	s->nstr += (uint32_t)n;
	return at;
}

/* One bucket; the chain's end moves with each arrival. */
static void put_gnu(struct synth *s, uint32_t i, uint32_t h)
{
	const unsigned bits = sizeof(ElfW(Addr)) * 8;
	ElfW(Addr) *w = &s->gnu->bloom[(h / bits) & (BLOOM - 1)];

	*w |= (ElfW(Addr))1 << (h % bits) | (ElfW(Addr))1
						    << ((h >> SHIFT) % bits);
	s->gnu->chain[i - 1] = h | 1;
	if (i > 1)
		s->gnu->chain[i - 2] &= ~1u;
	s->gnu->bucket[0] = 1;
}

void rld_synth_export(struct synth *s, const char *name, uintptr_t value,
		      size_t size, unsigned char info)
{
	ElfW(Sym) *y;

	if (grow(s, strlen(name) + 1))
		return;
	y = &s->sym[s->nsym];
	y->st_name = intern(s, name);
	if (!y->st_name)
		return;
	/* in some section: glibc adds the bias to these in all its releases, to
	 * absolute ones before 2.28 */
	y->st_value = value - s->bias;
	y->st_size = size;
	y->st_info = info;
	y->st_shndx = 1;
	if (s->gnu) {
		put_gnu(s, s->nsym, elf_gnu_hash(name));
	} else {
		s->sysv->chain[s->nsym] = s->sysv->bucket[0];
		s->sysv->bucket[0] = s->nsym;
		if (GROWS) /* a reader of the symbols up to there finds them */
			s->sysv->nchain = s->nsym + 1;
	}
	s->nsym++;
}

int rld_synth_exported(const struct synth *s, const char *name)
{
	for (uint32_t i = 1; i < s->nsym; i++)
		if (!strcmp(s->str + s->sym[i].st_name, name))
			return 1;
	return 0;
}

static void dyn(ElfW(Dyn) **at, ElfW(Sxword) tag, uintptr_t val)
{
	(*at)->d_tag = (__typeof__((*at)->d_tag))tag;
	(*at)->d_un.d_val = val;
	(*at)++;
}

static void musl_runner(void)
{
	rld_init_program(&rld_state);
	rld_delay_init(&rld_state);
}

static void add_dir(void *arg, const char *dir, size_t len, unsigned flags)
{
	char **list = arg, *was = *list;

	(void)len;
	if ((flags == LA_SER_DEFAULT && !rld_state.root) ||
	    (rld_state.secure && dir[0] != '/'))
		return; /* the inner loader's own defaults are the same */
	*list = rld_format("%s%s%s", was ? was : "", was ? ":" : "", dir);
	rld_free(was);
}

/* Where modules that libc loads itself are searched: as for the program's own
 * libraries.  Heap, or NULL. */
static char *search_path(struct rld *r)
{
	char *list = NULL;

	if (r->library_path || r->root || r->program->dyn.rpath ||
	    r->program->dyn.runpath)
		rld_search_dirs(r, r->program, add_dir, &list);
	return list;
}

static void fill_dynamic(struct rld *r, struct synth *s, const char *path)
{
	ElfW(Dyn) *at = s->dyn;
	struct dso *p = r->program;

	if (r->host.kind == HOST_MUSL) {
		dyn(&at, DT_NEEDED, intern(s, "libc.so"));
	} else {
		dyn(&at, DT_NEEDED, intern(s, r->host.libc->lm.l_name));
		if (r->host.gcc_s)
			dyn(&at, DT_NEEDED,
			    intern(s, r->host.gcc_s->lm.l_name));
	}
	dyn(&at, DT_STRTAB, (uintptr_t)s->str - s->bias);
	dyn(&at, DT_STRSZ, s->strsz);
	dyn(&at, DT_SYMTAB, (uintptr_t)s->sym - s->bias);
	dyn(&at, DT_SYMENT, sizeof s->sym[0]);
	if (s->gnu)
		dyn(&at, DT_GNU_HASH, (uintptr_t)s->gnu - s->bias);
	else
		dyn(&at, DT_HASH, (uintptr_t)s->sysv - s->bias);
	if (path)
		dyn(&at, DT_RPATH, intern(s, path));
	s->fini[0] = (uintptr_t)rld_fini_all;
	dyn(&at, DT_FINI_ARRAY, (uintptr_t)s->fini - s->bias);
	dyn(&at, DT_FINI_ARRAYSZ, WORD);
	if (r->host.kind == HOST_MUSL) {
		s->init[0] = (uintptr_t)musl_runner;
		dyn(&at, DT_INIT_ARRAY, (uintptr_t)s->init - s->bias);
		dyn(&at, DT_INIT_ARRAYSZ, WORD);
	} else {
		if (p->dyn.init)
			dyn(&at, DT_INIT, p->dyn.init);
		if (p->dyn.ninit) {
			dyn(&at, DT_INIT_ARRAY, p->dyn.init_array);
			dyn(&at, DT_INIT_ARRAYSZ, p->dyn.ninit * WORD);
		}
	}
#if ARCH_IMPLICIT_GOT
	dyn(&at, DT_PLTGOT, (uintptr_t)s->pltgot - s->bias);
	dyn(&at, DT_MIPS_LOCAL_GOTNO, 2);
	dyn(&at, DT_MIPS_SYMTABNO, 1);
	dyn(&at, DT_MIPS_GOTSYM, 1);
	r->host.inner_debug = &rld_map_word;
	dyn(&at, DT_MIPS_RLD_MAP, (uintptr_t)&rld_map_word);
	dyn(&at, DT_MIPS_RLD_MAP_REL, (uintptr_t)&rld_map_word - (uintptr_t)at);
#else
	r->host.inner_debug = (uintptr_t *)&at->d_un.d_ptr;
	dyn(&at, DT_DEBUG, 0);
#endif
	dyn(&at, DT_NULL, 0);
}

static void phdr(ElfW(Phdr) *p, uint32_t type, uint32_t flags, uintptr_t at,
		 size_t size, size_t align)
{
	p->p_type = type;
	p->p_flags = flags;
	p->p_offset = 0;
	p->p_vaddr = p->p_paddr = at;
	p->p_filesz = p->p_memsz = size;
	p->p_align = align;
}

static size_t align(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* Names that d defines, or more. */
static size_t defined(const struct dso *d)
{
	return d->dyn.gnu.buckets && d->dyn.gnu.symndx < d->dyn.nsym ?
		       d->dyn.nsym - d->dyn.gnu.symndx :
		       d->dyn.nsym;
}

/* Enough for a small program, without a mapping of its own.  Not aligned: the
 * other variables would move away from .data. */
static char room[16 * 1024] LARGE;

/* Size bytes, whole pages, aligned as thread-local storage is; 0: no memory. */
static uintptr_t pages(struct rld *r, size_t size)
{
	uintptr_t at = page_up(r, (uintptr_t)room);

	if (at + size <= (uintptr_t)room + sizeof room &&
	    !(at & (r->tls_align - 1)))
		return at;
	at = sys_mmap(NULL, page_up(r, size + r->tls_align),
		      PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (SYS_ERR(at))
		return 0;
	keep_above(r, at);
	return align(at, r->tls_align);
}

/* Sizes and places of the tables, from the beginning of the program. */
struct plan {
	size_t max, strsz, str, hash, end;
};

static struct plan plan(struct rld *r, size_t max, const char *path)
{
	struct plan p = { .max = max };
	size_t head = GNU_HASH && GROWS ? sizeof *((struct synth *)0)->gnu :
					  sizeof *((struct synth *)0)->sysv;

	for (const struct dso *d = r->head; d; d = dso_next(d))
		p.strsz += d->flags & D_HOST ? strlen(d->lm.l_name) + 1 : 0;
	p.strsz += 1 + (path ? strlen(path) + 1 : 0) + max * NAME_ROOM;
	p.str = align(sizeof(struct synth), WORD) + max * sizeof(ElfW(Sym));
	p.hash = align(p.str + p.strsz, WORD);
	p.end = align(p.hash + head + max * sizeof(uint32_t), 16);
	return p;
}

static void set_out(struct synth *s, const struct plan *p)
{
	uintptr_t at = (uintptr_t)s;

	s->sym = (void *)(at + align(sizeof *s, WORD));
	s->str = (void *)(at + p->str);
	s->nsym = s->nstr = 1;
	s->max = (uint32_t)p->max;
	s->strsz = (uint32_t)p->strsz;
	if (GNU_HASH && GROWS) {
		s->gnu = (void *)(at + p->hash);
		s->gnu->nbuckets = s->gnu->symndx = 1;
		s->gnu->maskwords = BLOOM;
		s->gnu->shift = SHIFT;
	} else {
		s->sysv = (void *)(at + p->hash);
		s->sysv->nbucket = 1;
		s->sysv->nchain = GROWS ? 1 : s->max;
	}
}

/* In the vault's page, for a program whose tables grow; it must be asked for
 * before many objects have their records there. */
#define RESERVED ((sizeof(struct synth) + FEW * 64 + 256 + 15) & ~(size_t)15)
static void *reserved;

void rld_synth_reserve(void)
{
	if (GROWS)
		reserved = rld_vault_take(RESERVED);
}

/* Memory for the program, its tables and the TLS image.  Only what objects
 * before libc define can come to be exported. */
static struct synth *make(struct rld *r, const char *path)
{
	size_t max = 8, before = 0, image;
	struct synth *s = NULL;
	struct plan p;
	uintptr_t at;

	for (struct dso *d = r->head;
	     !GROWS && d && d != r->self && max < MAX_EXPORTS; d = dso_next(d))
		max += defined(d);
	p = plan(r, GROWS ? FEW : max < MAX_EXPORTS ? max : MAX_EXPORTS, path);
	if (reserved && p.end <= RESERVED)
		s = reserved;
	else
		before = page_up(r, p.end + (GROWS ? VAULT_BEYOND : 0));
	/* libc puts the block at the next place above tp that lies as the image
	 * does: right behind the control block, whatever its alignment, where
	 * the program's own variables are */
	image = align(before, r->tls_align) + ARCH_TLS_TCB_SIZE;
	at = pages(r, image + r->tls_size);
	if (!at)
		return NULL;
	r->tls_image = (unsigned char *)at + image;
	if (s) {
		s->lo = (uintptr_t)&rld_vault_pages;
		s->size = sizeof rld_vault_pages.whole;
	} else {
		s = (struct synth *)at;
		s->lo = at;
		s->size = before;
	}
	set_out(s, &p);
	return s;
}

_Static_assert(VAULT_BEYOND >= MAX_EXPORTS * sizeof(uint32_t),
	       "the chain goes on there");

/* One of rld's own, which objects that libc loads by itself shall call. */
static void export_function(struct synth *s, const char *name, uintptr_t value)
{
	rld_synth_export(s, name, value, 0,
			 ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
}

/* Has anybody's thread-local storage initial values?  Where it has none, glibc's
 * loader need not copy the image; musl's copies it for libraries to come. */
static int any_initial(const struct rld *r)
{
	if (r->gather)
		return 1;
	for (const struct dso *d = r->head; d; d = dso_next(d))
		if (!(d->flags & D_HOST) && d->tls_memsz && d->tls_filesz)
			return 1;
	return 0;
}

int rld_synth_build(struct rld *r, struct rld_err *e)
{
	const char *interp = r->host.loader->lm.l_name;
	struct synth *s;
	struct statx st;
	unsigned n = 0;
	char *path = search_path(r);
	int fd;

	rld_tls_layout(r);
	s = r->host.synth = make(r, path);
	if (!s)
		return rld_fail(e, "out of memory");
	fd = r->host.loader_fd;
	if (fd < 0 || sys_statx(fd, "", AT_EMPTY_PATH, &st))
		return rld_fail(e, "%s: cannot be opened: %s",
				r->host.loader->lm.l_name,
				sys_strerror(fd < 0 ? fd : -EIO));
	if (rld_map(r, r->host.loader, fd, &st, e))
		return -1;
	sys_close(fd);
	r->host.entry = r->host.loader->entry;
	r->host.base = r->host.loader->lm.l_addr;
	s->bias = r->host.kind == HOST_GLIBC ? r->program->lm.l_addr : 0;
	rld_synth_export(s, "_IO_stdin_used", (uintptr_t)&s->stdio, 4,
			 ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT));
	s->stdio = 0x20001;
	if (r->host.kind == HOST_GLIBC) {
		export_function(s, "_dl_find_object",
				(uintptr_t)_dl_find_object);
		export_function(s, "dl_iterate_phdr",
				(uintptr_t)dl_iterate_phdr);
		export_function(s, "dladdr", (uintptr_t)dladdr);
		export_function(s, "dladdr1", (uintptr_t)dladdr1);
	}
	fill_dynamic(r, s, path);
	rld_free(path);
	phdr(&s->ph[n++], PT_PHDR, PF_R, (uintptr_t)s->ph - s->bias,
	     sizeof s->ph, WORD);
	phdr(&s->ph[n++], PT_INTERP, PF_R,
	     (uintptr_t)(s->str + intern(s, interp)) - s->bias,
	     strlen(interp) + 1, 1);
	phdr(&s->ph[n++], PT_LOAD, PF_R | PF_W, s->lo - s->bias, s->size,
	     r->page);
	phdr(&s->ph[n++], PT_DYNAMIC, PF_R | PF_W, (uintptr_t)s->dyn - s->bias,
	     sizeof s->dyn, WORD);
	phdr(&s->ph[n++], PT_TLS, PF_R, (uintptr_t)r->tls_image - s->bias,
	     r->tls_size, r->tls_align);
	if (r->host.kind == HOST_GLIBC && !any_initial(r))
		s->ph[n - 1].p_filesz = 0;
	phdr(&s->ph[n++], PT_GNU_STACK,
	     PF_R | PF_W | (r->exec_stack ? PF_X : 0u), 0, 0, 16);
	s->ph[0].p_filesz = s->ph[0].p_memsz = n * sizeof s->ph[0];
	s->nph = n;
	r->host.inner_ph = s->ph;
	return 0;
}

void rld_synth_headers(const struct synth *s, uintptr_t *at, size_t *n)
{
	*at = (uintptr_t)s->ph;
	*n = s->nph;
}
