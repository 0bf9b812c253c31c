/* The synthetic program: what the host libc's own loader is shown in place of
 * the program (design section 4). */
#include "rld/internal.h"

#define MAX_EXPORTS 4096
#define STRINGS	    (256 * 1024)

/* The synthetic program.  It lies page-aligned in memory of its own with load
 * bias 0: every vaddr is an address. */
struct synth {
	ElfW(Phdr) ph[6];
	size_t nph;
	ElfW(Dyn) dyn[28];
	uintptr_t pltgot[4];
	uint32_t stdio; /* _IO_stdin_used: present-day streams */
	uintptr_t init[2], fini[2];
	char interp[1024];
	uint32_t hash[2 + 1 + MAX_EXPORTS]; /* nbucket, nchain, bucket, chain */
	ElfW(Sym) sym[MAX_EXPORTS];
	char str[STRINGS];
};

static uint32_t nexport = 1, nstr = 1;
static uintptr_t rld_map_word;

static uint32_t intern(struct synth *s, const char *text)
{
	size_t n = strlen(text) + 1;
	uint32_t at = nstr;

	if (n > STRINGS - nstr)
		return 0;
	memcpy(s->str + at, text, n);
	nstr += (uint32_t)n;
	return at;
}

void rld_synth_export(struct synth *s, const char *name, uintptr_t value,
		      size_t size, unsigned char info)
{
	ElfW(Sym) * y;

	if (nexport >= MAX_EXPORTS)
		return;
	y = &s->sym[nexport];
	y->st_name = intern(s, name);
	if (!y->st_name)
		return;
	y->st_value = value;
	y->st_size = size;
	y->st_info = info;
	y->st_shndx = SHN_ABS;
	s->hash[3 + nexport] = s->hash[2];
	s->hash[2] = nexport++;
}

int rld_synth_exported(const struct synth *s, const char *name)
{
	for (uint32_t i = 1; i < nexport; i++)
		if (!strcmp(s->str + s->sym[i].st_name, name))
			return 1;
	return 0;
}

static void dyn(ElfW(Dyn) * *at, ElfW(Sxword) tag, uintptr_t val)
{
	(*at)->d_tag = (__typeof__((*at)->d_tag))tag;
	(*at)->d_un.d_val = val;
	(*at)++;
}

static void musl_runner(void)
{
	rld_init_program(&rld_state);
}

static void fill_dynamic(struct rld *r, struct synth *s)
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
	dyn(&at, DT_STRTAB, (uintptr_t)s->str);
	dyn(&at, DT_STRSZ, STRINGS);
	dyn(&at, DT_SYMTAB, (uintptr_t)s->sym);
	dyn(&at, DT_SYMENT, sizeof s->sym[0]);
	dyn(&at, DT_HASH, (uintptr_t)s->hash);
	if (r->library_path || r->root) {
		char *path = rld_format("%s%s%s/lib/" ARCH_MULTIARCH
					":%s/usr/lib/" ARCH_MULTIARCH,
					r->library_path ? r->library_path : "",
					r->library_path ? ":" : "",
					r->root ? r->root : "",
					r->root ? r->root : "");

		if (path)
			dyn(&at, DT_RPATH, intern(s, path));
		rld_free(path);
	}
	s->fini[0] = (uintptr_t)rld_fini_all;
	dyn(&at, DT_FINI_ARRAY, (uintptr_t)s->fini);
	dyn(&at, DT_FINI_ARRAYSZ, WORD);
	if (r->host.kind == HOST_MUSL) {
		s->init[0] = (uintptr_t)musl_runner;
		dyn(&at, DT_INIT_ARRAY, (uintptr_t)s->init);
		dyn(&at, DT_INIT_ARRAYSZ, WORD);
	} else {
		if (p->dyn.init)
			dyn(&at, DT_INIT, p->lm.l_addr + p->dyn.init);
		if (p->dyn.ninit) {
			dyn(&at, DT_INIT_ARRAY,
			    p->lm.l_addr + p->dyn.init_array);
			dyn(&at, DT_INIT_ARRAYSZ, p->dyn.ninit * WORD);
		}
	}
#if ARCH_IMPLICIT_GOT
	dyn(&at, DT_PLTGOT, (uintptr_t)s->pltgot);
	dyn(&at, DT_MIPS_LOCAL_GOTNO, 2);
	dyn(&at, DT_MIPS_SYMTABNO, 1);
	dyn(&at, DT_MIPS_GOTSYM, 1);
	dyn(&at, DT_MIPS_RLD_MAP, (uintptr_t)&rld_map_word);
	dyn(&at, DT_MIPS_RLD_MAP_REL, (uintptr_t)&rld_map_word - (uintptr_t)at);
#else
	dyn(&at, DT_DEBUG, 0);
	(void)rld_map_word;
#endif
	dyn(&at, DT_NULL, 0);
}

static void phdr(ElfW(Phdr) * p, uint32_t type, uint32_t flags, uintptr_t at,
		 size_t size, size_t align)
{
	p->p_type = type;
	p->p_flags = flags;
	p->p_offset = 0;
	p->p_vaddr = p->p_paddr = at;
	p->p_filesz = p->p_memsz = size;
	p->p_align = align;
}

int rld_synth_build(struct rld *r, struct rld_err *e)
{
	size_t size = page_up(r, sizeof(struct synth)), tls, total;
	struct synth *s;
	struct statx st;
	unsigned n = 0;
	unsigned char *image;
	int fd, stack = r->program->stack_flags;

	rld_tls_layout(r);
	tls = page_up(r, r->tls_size + r->tls_align);
	total = size + tls;
	{
		uintptr_t at = sys_mmap(NULL, total, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (SYS_ERR(at))
			return rld_fail(e, "out of memory");
		s = r->host.synth = (struct synth *)at;
	}
	image = (unsigned char *)(((uintptr_t)s + size + r->tls_align - 1) &
				  ~(r->tls_align - 1));
	r->tls_image = image;
	s->hash[0] = 1;
	s->hash[1] = MAX_EXPORTS;
	fd = r->host.loader_fd;
	if (fd < 0 || sys_statx(fd, "", AT_EMPTY_PATH, &st))
		return rld_fail(e, "%s: cannot be opened: %s",
				r->host.loader->lm.l_name,
				sys_strerror(fd < 0 ? fd : -5));
	if (rld_map(r, r->host.loader, fd, &st, e))
		return -1;
	sys_close(fd);
	r->host.entry = r->host.loader->entry;
	r->host.base = r->host.loader->lm.l_addr;
	rld_synth_export(s, "_IO_stdin_used", (uintptr_t)&s->stdio, 4,
			 ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT));
	s->stdio = 0x20001;
	if (r->host.kind == HOST_GLIBC) {
		rld_synth_export(s, "_dl_find_object",
				 (uintptr_t)_dl_find_object, 0,
				 ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
		rld_synth_export(s, "dl_iterate_phdr",
				 (uintptr_t)dl_iterate_phdr, 0,
				 ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
	}
	fill_dynamic(r, s);
	{
		const char *l = r->host.loader->lm.l_name;
		size_t len = strlen(l) + 1;

		if (len > sizeof s->interp)
			return rld_fail(e, "%s: name too long", l);
		memcpy(s->interp, l, len);
		phdr(&s->ph[n++], PT_PHDR, PF_R, (uintptr_t)s->ph, sizeof s->ph,
		     WORD);
		phdr(&s->ph[n++], PT_INTERP, PF_R, (uintptr_t)s->interp, len,
		     1);
	}
	phdr(&s->ph[n++], PT_LOAD, PF_R | PF_W, (uintptr_t)s, total, r->page);
	phdr(&s->ph[n++], PT_DYNAMIC, PF_R | PF_W, (uintptr_t)s->dyn,
	     sizeof s->dyn, WORD);
	phdr(&s->ph[n++], PT_TLS, PF_R, (uintptr_t)image, r->tls_size,
	     r->tls_align);
	phdr(&s->ph[n++], PT_GNU_STACK,
	     stack < 0 ? (uint32_t)(PF_R | PF_W) : (uint32_t)stack, 0, 0, 16);
	s->ph[0].p_filesz = s->ph[0].p_memsz = n * sizeof s->ph[0];
	s->nph = n;
	return 0;
}

struct r_debug *rld_synth_debug(struct rld *r)
{
#if ARCH_IMPLICIT_GOT
	(void)r;
	return (struct r_debug *)rld_map_word;
#else
	for (ElfW(Dyn) *d = r->host.synth->dyn; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_DEBUG)
			return (struct r_debug *)d->d_un.d_ptr;
	return NULL;
#endif
}

void rld_synth_headers(const struct synth *s, uintptr_t *at, size_t *n)
{
	*at = (uintptr_t)s->ph;
	*n = s->nph;
}
