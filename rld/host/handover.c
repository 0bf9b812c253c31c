/* SPDX-License-Identifier: MIT */
/* The host libc: which names belong to its family, the jump to its own
 * loader, and, when that is done, adopting what it mapped and giving its slots
 * to whoever stands before it. */
#include "rld/base/sealed.h"
#include "rld/file/path.h"

int rld_is_loader(const char *base)
{
	return str_starts(base, "ld-linux") || str_starts(base, "ld-musl-") ||
	       !strcmp(base, "ld.so.1") || !strcmp(base, "ld64.so.1");
}

int rld_is_host(struct rld *r, const char *name)
{
	const char *b = str_base(name);

	if (r->host.kind == HOST_MUSL) {
		static const char own[][9] = { "c.",  "pthread.", "rt.",  "m.",
					       "dl.", "util.",	  "xnet." };

		if (str_starts(b, "ld-musl-"))
			return 1;
		if (!str_starts(b, "lib"))
			return 0;
		for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
			if (str_starts(b + 3, own[i]))
				return 1;
		return 0;
	}
	if (r->host.kind != HOST_GLIBC)
		return 0;
	return !strcmp(b, "libc.so.6") || !strcmp(b, "libgcc_s.so.1") ||
	       (rld_is_loader(b) && !str_starts(b, "ld-musl-"));
}

static int defines(struct dso *d, const char *name)
{
	struct ref ref = { .name = name, .hash = elf_gnu_hash(name) };
	unsigned flags = d->flags;
	struct def def;
	int yes;

	d->flags |= D_READY;
	yes = rld_lookup_in(d, &ref, &def);
	d->flags = flags;
	return yes;
}

const char *rld_host_file(struct rld *r, struct dso *d)
{
	if (r->host.kind == HOST_GLIBC)
		return d->soname && !strchr(d->soname, '/') &&
				       rld_is_host(r, d->soname) ?
			       d->soname :
			       NULL;
	/* musl's own test: a library that interposes has not got both */
	return r->host.kind == HOST_MUSL && defines(d, "__libc_start_main") &&
			       defines(d, "stdin") ?
		       "libc.so" :
		       NULL;
}

static const char default_musl[] = "/lib/ld-musl-" ARCH_MUSL_NAME ".so.1";

/* The loader that a musl program names, if it is there. */
static const char *name_musl(struct rld *r, const char *interp)
{
	char *path = rld_format("%s%s", r->root ? r->root : "", interp);
	int there = path &&
		    (!strcmp(interp, default_musl) || !sys_access(path));

	rld_free(path);
	return there ? interp : NULL;
}

const char *rld_host_musl(const struct rld *r)
{
	return r->host.musl ? r->host.musl : default_musl;
}

/* The name that rld-install gives to a loader whose own name rld takes: found
 * there, the loader is known as the one and has the other.  Heap. */
static inline __attribute__((always_inline)) char *diverted(const char *path)
{
	static const char prefix[] = "host-";
	size_t n = (size_t)(str_base(path) - path), size = strlen(path) + 1;
	char *p = rld_alloc(size + sizeof prefix - 1);

	if (p) {
		memcpy(p, path, n);
		memcpy(p + n, prefix, sizeof prefix - 1);
		memcpy(p + n + sizeof prefix - 1, path + n, size - n);
	}
	return p;
}

/* musl is its own loader.  A name that the kernel has followed leads to rld. */
static char *musl_path(struct rld *r)
{
	char *path =
		rld_format("%s%s", r->root ? r->root : "",
			   r->as_command ? rld_host_musl(r) : default_musl);
	char *other = path ? diverted(path) : NULL;

	if (!other || sys_access(other)) {
		rld_free(other);
		return path;
	}
	rld_free(path);
	return other;
}

/* Which C library.  The program's interpreter tells; where that is rld, or
 * there is none, its needs do, and libc.so.6 before libc.so: a library of a
 * glibc program may be called so. */
void rld_host_kind(struct rld *r, const char *interp)
{
	struct dso *p = r->program;
	const char *b = interp ? str_base(interp) : "";
	uintptr_t tag, flag;
	size_t pos = 0;
	const char *s;

	r->host.loader_fd = -1;
	r->host.kind = str_starts(b, "ld-musl-") ? HOST_MUSL : HOST_GLIBC;
	if (r->host.kind == HOST_MUSL)
		r->host.musl = name_musl(r, interp);
	if (rld_is_loader(b))
		return;
	while (p->dyn.dyn &&
	       (s = elf_next_needed(&p->dyn, &pos, &tag, &flag))) {
		s = str_base(s);
		if (!strcmp(s, "libc.so.6")) {
			r->host.kind = HOST_GLIBC;
			return;
		}
		if (!strcmp(s, "libc.so") || str_starts(s, "libc.musl-"))
			r->host.kind = HOST_MUSL;
	}
}

/* A descriptor of the file at path if it is for this ABI, where several share a
 * name; or -1. */
static inline __attribute__((always_inline)) int open_fitting(const char *path)
{
	int fd = path ? sys_open(path, O_RDONLY) : -1;

	if (!ARCH_LDSO_SHARED || fd < 0 || rld_fits(fd))
		return fd;
	rld_first_bytes_forget();
	sys_close(fd);
	return -1;
}

/* A descriptor of the loader at *path, or -1; *path (heap, or NULL) becomes the
 * name that it is diverted to, if it is. */
static inline __attribute__((always_inline)) int open_loader(char **path)
{
	char *p = *path ? diverted(*path) : NULL;
	int fd = open_fitting(p);

	if (fd < 0) {
		rld_free(p);
		return open_fitting(*path);
	}
	rld_free(*path);
	*path = p;
	return fd;
}

/* Room for the path of a loader near libc, the one beside it filled in. */
static char *beside(const char *libc, size_t n)
{
	char *p = rld_alloc(n + sizeof ".." ARCH_LDSO_PATH);

	if (!p)
		return NULL;
	memcpy(p, libc, n);
	memcpy(p + n, ARCH_LDSO, sizeof ARCH_LDSO);
	return p;
}

/* Is this file of libc's family where the cache says?  Libc's loader, which is
 * opened in any case, lies beside libc then. */
int rld_host_is_there(struct rld *r, const char *libc)
{
	char *p;

	if (strcmp(str_base(libc), "libc.so.6") != 0)
		return !sys_access(libc);
	p = beside(libc, (size_t)(str_base(libc) - libc));
	if (r->host.loader_fd < 0 && !r->host.libc) {
		r->host.loader_fd = open_loader(&p);
		r->host.beside = r->host.loader_fd >= 0;
		r->host.diverted = r->host.beside &&
				   str_starts(str_base(p), "host-");
	}
	rld_free(p);
	return r->host.beside || !sys_access(libc);
}

/* The path of libc's own loader; heap.  It lies beside libc, or where programs
 * name it, seen from the root or, as a cross glibc has it, from the folder
 * above libc's. */
static char *loader_path(struct rld *r)
{
	const char *libc = r->host.libc->lm.l_name;
	size_t n = (size_t)(str_base(libc) - libc);
	char *p = beside(libc, n), *name;
	int fd;

	if (!p || r->host.beside) {
		if (!p || !r->host.diverted)
			return p;
		name = diverted(p);
		rld_free(p);
		return name;
	}
	fd = open_loader(&p);
	if (ARCH_LDSO_SHARED && fd < 0) {
		memcpy(p + n, ".." ARCH_LDSO_PATH, sizeof ".." ARCH_LDSO_PATH);
		fd = open_loader(&p);
	}
	if (fd >= 0 && r->mode == MODE_RUN && !r->started &&
	    r->host.loader_fd < 0)
		r->host.loader_fd = fd;
	else if (fd >= 0)
		sys_close(fd);
	if (fd >= 0)
		return p;
	rld_free(p);
	return rld_format("%s%s", r->root ? r->root : "", ARCH_LDSO_PATH);
}

static struct dso *note(struct rld *r, const char *name, char *path,
			unsigned flags)
{
	struct dso *d = rld_new_dso(r, name, path);

	if (!d)
		rld_die(r, "out of memory");
	d->flags |= flags | D_HOST | D_SEARCHED | D_NEW | D_STARTUP | D_GLOBAL;
	r->new_hosts = 1;
	rld_append(r, d);
	/* it is known by nothing else */
	if (rld_add_name(r, d, name))
		rld_die(r, "out of memory");
	return d;
}

/* What is known of d's liblist before libc's own loader has mapped it. */
static void note_need(struct rld *r, struct dso *d, const char *name)
{
	d->need = rld_alloc(sizeof *d->need);
	d->need_name = rld_alloc(sizeof *d->need_name);
	if (!d->need || !d->need_name)
		rld_die(r, "out of memory");
	d->need_name[0] = name;
	d->nneed = 1;
}

/* libc is run by the loader that belongs to it, whatever file was asked for
 * when libc was not known yet. */
static void refit_loader(struct rld *r)
{
	struct dso *d = r->host.loader;

	if (r->host.loader_fd >= 0)
		sys_close(r->host.loader_fd);
	r->host.loader_fd = -1;
	rld_free(d->lm.l_name);
	d->lm.l_name = loader_path(r);
	if (!d->lm.l_name)
		rld_die(r, "out of memory");
	if (r->host.loader_fd < 0)
		r->host.loader_fd = open_loader(&d->lm.l_name);
}

/* An object of libc's family was asked for: note it; it is adopted later. */
struct dso *rld_host_note(struct rld *r, const char *name, char *path)
{
	struct dso *d;

	if (!strcmp(name, "libgcc_s.so.1")) {
		d = r->host.gcc_s = note(r, name, path, 0);
		note_need(r, d, "libc.so.6");
		return d;
	}
	if (!r->self->serial)
		rld_append(r, r->self);
	if (r->host.kind == HOST_MUSL) {
		r->host.libc = r->host.loader =
			note(r, "libc.so", path, D_LIBC | D_LOADER);
		r->host.loader_fd = sys_open(path, O_RDONLY);
		return r->host.libc;
	}
	if (!strcmp(name, "libc.so.6")) {
		d = r->host.libc = note(r, name, path, D_LIBC);
		note_need(r, d, ARCH_LDSO);
		if (r->host.loader)
			refit_loader(r);
		return d;
	}
	r->host.loader = note(r, name, path, D_LOADER);
	if (r->host.loader_fd < 0)
		r->host.loader_fd = open_loader(&r->host.loader->lm.l_name);
	return r->host.loader;
}

/* Where the host libc's loader lies, for a name of the family that needs no
 * search; NULL: search as usual. */
char *rld_host_path(struct rld *r, const char *name, const struct dso *from)
{
	if (r->host.kind == HOST_MUSL)
		return musl_path(r);
	if (r->host.libc && !strcmp(name, ARCH_LDSO))
		return loader_path(r);
	if (r->mode == MODE_RUN && !r->started &&
	    (!strcmp(name, "libc.so.6") || !strcmp(name, "libgcc_s.so.1")))
		return rld_search_cache(r, name,
					from); /* libc's loader opens it */
	return NULL;
}

/* Is this a variable that would steer libc's own loader? */
static int steers_loader(const char *variable)
{
	return str_starts(variable, "LD_");
}

/* libc's loader is not given a copy of the whole stack: the variables that
 * would steer it get another first letter until stage two.  Which ones did is
 * written down, for the user may have variables that begin with that letter.
 * Under AT_SECURE there are none to hide: they were removed. */
static void hide_variables(struct rld *r)
{
	size_t n = 0, i = 0;

	for (char **v = r->envp; *v; v++)
		n += (size_t)steers_loader(*v);
	if (!n)
		return;
	r->host.hidden = rld_alloc((n + 1) * sizeof *r->host.hidden);
	if (!r->host.hidden)
		rld_die(r, "out of memory");
	for (char **v = r->envp; *v; v++)
		if (steers_loader(*v)) {
			r->host.hidden[i++] = *v;
			**v = '\1';
		}
}

static void show_variables(struct rld *r)
{
	for (char **v = r->host.hidden; v && *v; v++)
		**v = 'L';
	rld_free(r->host.hidden);
	r->host.hidden = NULL;
}

static void set_aux(struct rld *r, uintptr_t phdr_at, size_t phnum,
		    uintptr_t entry, uintptr_t base)
{
	for (ElfW(auxv_t) *a = r->auxv; a->a_type != AT_NULL; a++)
		switch (a->a_type) {
		case AT_PHDR:
			a->a_un.a_val = phdr_at;
			break;
		case AT_PHNUM:
			a->a_un.a_val = phnum;
			break;
		case AT_ENTRY:
			a->a_un.a_val = entry;
			break;
		case AT_BASE:
			a->a_un.a_val = base;
			break;
		case AT_EXECFN:
			if (r->as_command)
				a->a_un.a_val = (uintptr_t)r->prog;
			break;
		default:
			break;
		}
}

void rld_program_aux(struct rld *r)
{
	set_aux(r, (uintptr_t)r->program->ph, r->program->phnum,
		r->program->entry, r->self->lm.l_addr);
}

const char rld_preload_file[] = "/etc/ld.so.preload";

/* Make *at, in segment p of libc's loader, the empty string. */
static void blank(struct rld *r, const ElfW(Phdr) *p, char *at)
{
	const struct dso *d = r->host.loader;
	uintptr_t page = page_down(r, (uintptr_t)at);
	int prot = PROT_READ | (p->p_flags & PF_W ? PROT_WRITE : 0) |
		   (p->p_flags & PF_X ? PROT_EXEC | d->exec_prot : 0);
	long err = sys_mprotect(page, r->page, PROT_READ | PROT_WRITE);

	if (!err) {
		*at = 0;
		err = sys_mprotect(page, r->page, prot);
		if (err)
			rld_die(r, "%s: cannot be mapped: %s", d->lm.l_name,
				sys_strerror(err));
		return;
	}
	rld_print(r, 2,
		  "rld: %s: %s: %s: libraries named there are loaded twice\n",
		  r->prog, rld_preload_file, sys_strerror(err));
}

/* rld has loaded what /etc/ld.so.preload names, by its own rules.  libc's
 * loader would do so again, bind it to libc alone and run its constructors
 * before the environment is what it was: in the copy of the loader that this
 * process has, the name of the file is empty. */
static void hide_preload_file(struct rld *r)
{
	const struct dso *d = r->host.loader;
	const size_t size = sizeof rld_preload_file;

	for (unsigned i = 0; i < d->phnum; i++) {
		const ElfW(Phdr) *p = &d->ph[i];
		char *at = (char *)(d->lm.l_addr + p->p_vaddr);
		char *end = at + p->p_filesz;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_R))
			continue;
		for (; (size_t)(end - at) >= size; at++)
			if (*at == '/' && !memcmp(at, rld_preload_file, size))
				blank(r, p, at);
	}
}

_Noreturn void rld_host_start(struct rld *r)
{
	uintptr_t ph;
	size_t n;

	rld_synth_headers(r->host.synth, &ph, &n);
	set_aux(r, ph, n, (uintptr_t)arch_stage2, r->host.base);
	hide_variables(r);
	if (r->preload_file)
		hide_preload_file(r);
	arch_enter(r->host.entry, r->stack, 0);
}

static int find_tls(struct dl_phdr_info *i, size_t size, void *arg)
{
	struct rld *r = arg;

	(void)size;
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST && d->lm.l_addr == i->dlpi_addr &&
		    d->tls_mod && i->dlpi_tls_data)
			rld_tls_is_at(d, (uintptr_t)i->dlpi_tls_data);
	return 0;
}

/* Anybody may come here, at the same time: all write the same. */
void rld_host_tls(struct rld *r)
{
	static int known;
	int (*iterate)(int (*)(struct dl_phdr_info *, size_t, void *), void *);

	if (known || !r->started)
		return;
	iterate = (int (*)(int (*)(struct dl_phdr_info *, size_t, void *),
			   void *))rld_host_symbol(r, r->host.libc,
						   "dl_iterate_phdr");
	if (iterate)
		iterate(find_tls, r);
	known = 1;
}

static void learn(struct rld *r, struct dso *d, uintptr_t base)
{
	const ElfW(Ehdr) *eh = (const void *)base;
	struct rld_err e = { 0 };

	if (rld_map_adopt(r, d, base, (const void *)(base + eh->e_phoff),
			  eh->e_phnum, &e) ||
	    rld_tls_register(r, d, &e))
		rld_die(r, "%s", e.text ? e.text : "");
	d->flags |= D_READY | D_RELOCATED;
	d->init = INIT_DONE;
}

static void adopt(struct rld *r, struct dso *d, uintptr_t base)
{
	learn(r, d, base);
	if (d->soname)
		rld_add_name(r, d, d->soname);
	TRACE(r, TR_MAP, "rld: map: %s adopted at %p\n", dso_name(r, d),
	      (void *)d->lo);
}

/* What libc's own loader has mapped under this name, entered nowhere. */
static struct dso *inner_object(struct rld *r, const char *name)
{
	struct r_debug *dbg = rld_synth_debug(r);

	for (struct link_map *l = dbg ? dbg->r_map : NULL; l; l = l->l_next)
		if (l->l_name && !strcmp(str_base(l->l_name), name)) {
			struct dso *d;

			d = rld_new_dso(r, name, rld_strdup(l->l_name));
			if (d) {
				d->flags |= D_HOST;
				r->new_hosts = 1;
				learn(r, d, l->l_addr);
			}
			return d;
		}
	return NULL;
}

static struct dso *host_named(struct rld *r, const struct link_map *l)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST &&
		    (!strcmp(d->lm.l_name, l->l_name) ||
		     !strcmp(str_base(d->lm.l_name), str_base(l->l_name))))
			return d;
	return NULL;
}

uintptr_t rld_host_symbol(struct rld *r, struct dso *d, const char *name)
{
	struct ref ref = { .name = name, .from = d, .newest = 1, .is_call = 1 };
	struct def def;

	(void)r;
	ref.hash = elf_gnu_hash(name);
	return d && rld_lookup_in(d, &ref, &def) ?
		       rld_sym_addr(def.dso, def.sym) :
		       0;
}

static struct dso *arrived(struct rld *r, const char *name,
			   const struct link_map *l);

/* The object of that name, which libc's own loader has mapped. */
static struct dso *mapped_by_libc(struct rld *r, const char *name)
{
	struct dso *d = rld_find_name(r, name);
	struct r_debug *dbg = d ? NULL : rld_synth_debug(r);

	for (struct link_map *l = dbg ? dbg->r_map : NULL; l && !d;
	     l = l->l_next)
		if (l->l_name && !strcmp(str_base(l->l_name), name))
			d = arrived(r, name, l);
	return d;
}

/* The liblist of an adopted object: all of it is there. */
static void adopt_needs(struct rld *r, struct dso *d)
{
	uintptr_t tag, flag;
	const char *name;
	size_t pos = 0;

	if (d->need || !d->dyn.nneeded)
		return;
	d->need = rld_alloc(d->dyn.nneeded * sizeof *d->need);
	d->need_name = rld_alloc(d->dyn.nneeded * sizeof *d->need_name);
	if (!d->need || !d->need_name)
		return;
	while ((name = elf_next_needed(&d->dyn, &pos, &tag, &flag))) {
		struct dso *x = tag == DT_NEEDED ? mapped_by_libc(r, name) :
						   NULL;

		if (!x || d->nneed == d->dyn.nneeded)
			continue;
		d->need_name[d->nneed] = name;
		d->need[d->nneed++] = x;
	}
}

/* libc's own loader has mapped it since the start. */
static struct dso *arrived(struct rld *r, const char *name,
			   const struct link_map *l)
{
	char *path = rld_strdup(l->l_name);
	struct dso *d = rld_new_dso(r, name, path);

	if (!d) {
		rld_free(path);
		return NULL;
	}
	d->flags |= D_HOST | D_SEARCHED | D_GLOBAL | D_NODELETE;
	r->new_hosts = 1;
	rld_append(r, d);
	rld_add_name(r, d, name);
	adopt(r, d, l->l_addr);
	rld_index_add(r, d);
	adopt_needs(r, d);
	return d;
}

/* One of libc's family, asked for after the start: one copy, that of libc's own
 * loader, which may have loaded it by now and from another place. */
struct dso *rld_host_late(struct rld *r, const char *name, const char *path)
{
	void *(*open)(const char *, int);
	struct link_map *l;
	struct dso *d;

	open = (void *(*)(const char *, int))rld_host_symbol(r, r->host.libc,
							     "dlopen");
	if (!open || r->host.kind != HOST_GLIBC)
		return NULL;
	l = open(name, RTLD_NOW | RTLD_NOLOAD);
	if (!l)
		l = open(path, RTLD_NOW);
	d = l ? arrived(r, name, l) : NULL;
	if (d && !strcmp(name, "libgcc_s.so.1"))
		r->host.gcc_s = d;
	return d;
}

void rld_host_adopt(struct rld *r)
{
	struct r_debug *dbg = rld_synth_debug(r);

	if (!dbg)
		rld_die(r, "%s: left no list of its objects",
			r->host.loader->lm.l_name);
	for (struct link_map *l = dbg->r_map; l; l = l->l_next) {
		struct dso *d;

		if (l == dbg->r_map ||
		    (r->vdso && l->l_addr == r->vdso->lm.l_addr) ||
		    !l->l_name || !*l->l_name)
			continue;
		if (r->host.kind == HOST_MUSL)
			d = l->l_addr == r->host.base ? r->host.libc : NULL;
		else
			d = host_named(r, l);
		if (!d && r->host.kind == HOST_GLIBC)
			d = note(r, l->l_name, rld_strdup(l->l_name), 0);
		if (d && !(d->flags & D_READY))
			adopt(r, d, l->l_addr);
	}
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST && !(d->flags & D_READY))
			rld_die(r, "%s: was not loaded by %s", d->lm.l_name,
				r->host.loader->lm.l_name);
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST)
			adopt_needs(r, d);
	r->started = 1;
}

static void interpose_one(struct rld *r, uint32_t i)
{
	struct dso *libc = r->host.libc;
	const ElfW(Sym) *s = &libc->dyn.symtab[i];
	struct ref ref = { .from = libc };
	struct def def;

	if (s->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(s->st_info) == STT_TLS)
		return;
	ref.name = elf_str(&libc->dyn, s->st_name);
	if (!ref.name)
		return;
	ref.hash = elf_gnu_hash(ref.name);
	if (!rld_lookup(r, &ref, &def) || def.dso->flags & (D_HOST | D_SELF) ||
	    def.sym->st_shndx == SHN_UNDEF ||
	    rld_synth_exported(r->host.synth, ref.name))
		return;
	rld_synth_export(
		r->host.synth, ref.name,
		ELF64_ST_TYPE(def.sym->st_info) == STT_GNU_IFUNC ?
			arch_call_ifunc(rld_sym_addr(def.dso, def.sym)) :
			rld_sym_addr(def.dso, def.sym),
		def.sym->st_size,
		ELF64_ST_INFO(STB_GLOBAL,
			      ELF64_ST_TYPE(def.sym->st_info) == STT_GNU_IFUNC ?
				      STT_FUNC :
				      ELF64_ST_TYPE(def.sym->st_info)));
}

static void interpose_any(void *arg, const struct dso *libc, uint32_t i,
			  uint32_t hash)
{
	(void)libc;
	(void)hash;
	interpose_one(arg, i);
}

/* Symbol i of d, whose hash is known but for its lowest bit: has the other
 * object a namesake? */
__attribute__((noinline)) static void pair_one(struct rld *r,
					       const struct dso *d, uint32_t i,
					       uint32_t hash,
					       const struct dso *other)
{
	for (uint32_t bit = 0; bit < 2; bit++) {
		struct elf_walk w = { 0 };
		uint32_t j;

		while ((j = elf_walk_gnu(&other->dyn, (hash & ~1u) | bit,
					 &w))) {
			const char *a, *b;

			a = elf_str(&d->dyn, d->dyn.symtab[i].st_name);
			b = elf_str(&other->dyn, other->dyn.symtab[j].st_name);
			if (!a || !b || !str_same(a, b))
				continue;
			interpose_one(r, d == r->host.libc ? i : j);
			return;
		}
	}
}

/* Names that d and other, one of them libc, both define.  Programs export
 * thousands: no string or symbol is touched until the hashes agree, and few get
 * past the filter. */
static void pair(struct rld *r, const struct dso *d, const struct dso *other)
{
	const struct elf_gnu_hash filter = other->dyn.gnu;
	const uint32_t *chain = d->dyn.gnu.chain;
	uint32_t n = elf_gnu_places(&d->dyn.gnu), sym;

	for (uint32_t at = 0; at < n; at++)
		if (elf_gnu_maybe_either(&filter, chain[at]) &&
		    (sym = elf_gnu_symbol(&d->dyn, at)))
			pair_one(r, d, sym, chain[at], other);
}

static void interpose_from(struct rld *r, struct dso *d)
{
	struct dso *libc = r->host.libc;

	if (!d->dyn.gnu.buckets || !libc->dyn.gnu.buckets)
		rld_each_symbol(libc, interpose_any, r);
	else if (d->dyn.nsym > libc->dyn.nsym)
		pair(r, libc, d);
	else
		pair(r, d, libc);
}

/* Where libc itself has an unwinder's registry (MIPS and other old ports),
 * libgcc_s asks it for the frame description of an address, and it asks the
 * inner loader, which does not know our objects.  libgcc_s's own asks
 * _dl_find_object, and that is ours. */
static const void *find_fde(void *pc, void *bases)
{
	static const char name[] = "_Unwind_Find_FDE";
	static struct dso
		*inner; /* libgcc_s as libc has loaded it for itself */
	typedef const void *find_fn(void *, void *);
	struct rld *r = &rld_state;
	struct dso *gcc = r->host.gcc_s ? r->host.gcc_s : inner;
	const void *fde = NULL;
	uintptr_t f;

	if (!gcc)
		gcc = inner = inner_object(r, "libgcc_s.so.1");
	f = rld_host_symbol(r, gcc, name);
	if (f)
		fde = ((find_fn *)f)(pc, bases);
	f = rld_host_symbol(r, r->host.libc, name);
	return fde || !f ? fde : ((find_fn *)f)(pc, bases);
}

void rld_host_interpose(struct rld *r)
{
	static const char name[] = "_Unwind_Find_FDE";

	if (!rld_index_echoes(r, interpose_one))
		for (struct dso *d = r->head; d && d != r->self;
		     d = dso_next(d))
			if (d->flags & D_READY && !(d->flags & D_VDSO))
				interpose_from(r, d);
	rld_rebind_host(r, r->host.libc, NULL, 0);
	if (r->host.gcc_s)
		rld_rebind_host(r, r->host.gcc_s, NULL, 0);
	if (!rld_host_symbol(r, r->host.libc, name))
		return;
	rld_synth_export(r->host.synth, name, (uintptr_t)find_fde, 0,
			 ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
	if (r->host.gcc_s)
		rld_rebind_host(r, r->host.gcc_s, name, (uintptr_t)find_fde);
}

/* After all is relocated: initial values into the static TLS block, the
 * environment and the aux vector as the program should see them. */
void rld_host_finish(struct rld *r)
{
	rld_tls_install(r, r->tls_image);
	show_variables(r);
	rld_program_aux(r);
}
