/* SPDX-License-Identifier: MIT */
/* Static thread-local storage of objects that come later, where libc is glibc.
 * Only its own loader can give initial values to every thread, with those that
 * begin or end meanwhile: it knows its threads and holds their lock.  So it is
 * given a carrier: a small object made in memory that has nothing but the same
 * PT_TLS and one relocation, whose result is the offset from the thread
 * pointer.  The place comes from libc's own surplus, as natively, and
 * GLIBC_TUNABLES=glibc.rtld.optional_static_tls makes it larger. */
#include "rld/base/base.h"
#include "rld/tls/tls.h"

#include <errno.h>

enum { PHDRS = 4, DYNS = 16 };

#if ARCH_IMPLICIT_GOT
typedef ElfW(Rel) carrier_rel;
#else
typedef ElfW(Rela) carrier_rel;
#endif

/* The file, up to its TLS image.  Offsets in it are its addresses as well. */
struct file {
	ElfW(Ehdr) eh;
	ElfW(Phdr) ph[PHDRS];
	ElfW(Dyn) dyn[DYNS];
	ElfW(Sym) null;
	uint32_t hash[4]; /* one bucket, one symbol: the null symbol */
	/* the first of MIPS is R_MIPS_NONE (psABI ch. 5 "Relocation") */
	carrier_rel rel[2];
	uintptr_t got[2];
	uintptr_t offset; /* what the relocation writes */
	char str[8];
};

/* What is put into one: d's PT_TLS, behind `before` bytes; or one to try. */
struct block {
	const void *image;
	size_t before, filesz, memsz, align;
};

/* libc leaves gaps where sizes are no multiples of alignments, and takes nothing
 * back that lies below one.  With the coarse grain there are none; the fine one
 * is for when there is not so much. */
enum { FINE = 16, COARSE = 64 };

static struct block block_of(const struct dso *d, size_t grain)
{
	size_t align = d->tls_align < grain ? grain : d->tls_align;
	size_t all = d->tls_misalign + d->tls_memsz;

	return (struct block){ d->tls_image, d->tls_misalign, d->tls_filesz,
			       (all + align - 1) & ~(align - 1), align };
}

/* libc takes places back from the last one on: carriers are a stack. */
struct carrier {
	struct carrier *below;
	const struct dso *dso; /* NULL: it has left, those above have not */
	const struct link_map *map; /* NULL: libc has taken the place back */
	struct block block;
	size_t image;	 /* vaddr of d's part of the TLS image */
	intptr_t offset; /* of d's part of the block, from tp */
};

static struct carrier *top;

struct inner {
	struct inner_loader libcs;
	/* of the last carrier that could not be opened */
	const char *why; /* libc's, valid until the next call; or NULL */
	bool no_file;	 /* not even its file could be made */
};

static bool find_inner(struct rld *r, struct inner *in)
{
	*in = (struct inner){ .why = NULL };
	return !rld_host_loader(r, &in->libcs);
}

/* glibc 2.32 has the tunable; its loader has the name of each that it knows. */
static bool has_tunable(const struct rld *r)
{
	static const char name[] = "glibc.rtld.optional_static_tls";

	return rld_host_has_text(r, name, sizeof name);
}

static void set_phdr(ElfW(Phdr) *p, uint32_t type, size_t at, size_t filesz,
		     size_t memsz, size_t align)
{
	p->p_type = type;
	p->p_flags = PF_R | PF_W;
	p->p_offset = p->p_vaddr = p->p_paddr = at;
	p->p_filesz = filesz;
	p->p_memsz = memsz;
	p->p_align = align;
}

static ElfW(Dyn) *add_dyn(ElfW(Dyn) *at, ElfW(Sxword) tag, uintptr_t val)
{
	at->d_tag = (__typeof__(at->d_tag))tag;
	at->d_un.d_val = val;
	return at + 1;
}

static void fill_dyn(ElfW(Dyn) *at)
{
	at = add_dyn(at, DT_HASH, offsetof(struct file, hash));
	at = add_dyn(at, DT_STRTAB, offsetof(struct file, str));
	at = add_dyn(at, DT_STRSZ, sizeof((struct file *)0)->str);
	at = add_dyn(at, DT_SYMTAB, offsetof(struct file, null));
	at = add_dyn(at, DT_SYMENT, sizeof(ElfW(Sym)));
	at = add_dyn(at, DT_FLAGS, DF_STATIC_TLS);
#if ARCH_IMPLICIT_GOT
	at = add_dyn(at, DT_REL, offsetof(struct file, rel));
	at = add_dyn(at, DT_RELSZ, 2 * sizeof(carrier_rel));
	at = add_dyn(at, DT_RELENT, sizeof(carrier_rel));
	at = add_dyn(at, DT_PLTGOT, offsetof(struct file, got));
	at = add_dyn(at, DT_MIPS_LOCAL_GOTNO, 2);
	at = add_dyn(at, DT_MIPS_SYMTABNO, 1);
	at = add_dyn(at, DT_MIPS_GOTSYM, 1);
#else
	at = add_dyn(at, DT_RELA, offsetof(struct file, rel));
	at = add_dyn(at, DT_RELASZ, 2 * sizeof(carrier_rel));
	at = add_dyn(at, DT_RELAENT, sizeof(carrier_rel));
#endif
	add_dyn(at, DT_NULL, 0);
}

/* The whole file, with its image; size in *size, the image's offset behind what
 * is before it in *image.  Heap, or NULL. */
static struct file *make_file(struct rld *r, const struct block *b,
			      size_t *image, size_t *size)
{
	/* libc's header tells what fits to libc */
	const ElfW(Ehdr) *libc = (const void *)r->host.libc->lm.l_addr;
	size_t at = (sizeof(struct file) + b->align - 1) & ~(b->align - 1);
	struct file *f;

	*image = at + b->before;
	*size = *image + b->filesz;
	f = rld_alloc(*size);
	if (!f)
		return NULL;
	memcpy(f->eh.e_ident, libc->e_ident, EI_NIDENT);
	f->eh.e_type = ET_DYN;
	f->eh.e_machine = libc->e_machine;
	f->eh.e_version = EV_CURRENT;
	f->eh.e_flags = libc->e_flags;
	f->eh.e_phoff = offsetof(struct file, ph);
	f->eh.e_ehsize = sizeof f->eh;
	f->eh.e_phentsize = sizeof f->ph[0];
	f->eh.e_phnum = PHDRS;
	set_phdr(&f->ph[0], PT_LOAD, 0, *size, *size, r->page);
	f->ph[0].p_paddr = RLD_CARRIER;
	set_phdr(&f->ph[1], PT_DYNAMIC, offsetof(struct file, dyn),
		 sizeof f->dyn, sizeof f->dyn, WORD);
	set_phdr(&f->ph[2], PT_TLS, at, b->before + b->filesz, b->memsz,
		 b->align);
	set_phdr(&f->ph[3], PT_GNU_STACK, 0, 0, 0, 16);
	fill_dyn(f->dyn);
	f->hash[0] = f->hash[1] = 1;
	f->rel[1].r_offset = offsetof(struct file, offset);
	f->rel[1].r_info = ARCH_R_TPOFF_SELF;
	if (!ARCH_IMPLICIT_GOT)
		f->rel[0] = f->rel[1];
	memcpy((char *)f + *image, b->image, b->filesz);
	return f;
}

static bool write_all(int fd, const void *data, size_t n)
{
	const char *at = data;

	while (n) {
		long did = sys_write(fd, at, n);

		if (did <= 0)
			return false;
		at += did;
		n -= (size_t)did;
	}
	return true;
}

/* A path that libc's loader can open: of a descriptor.  libc takes a name that
 * it knows for the object that has it, so each is spelled differently. */
static char *descriptor_path(int fd)
{
	static unsigned serial;
	char spelling[33 * 2 + 1], *at = spelling;

	for (unsigned n = ++serial; n; n >>= 1) {
		*at++ = '/';
		*at++ = n & 1 ? '/' : '.';
	}
	*at = 0;
	return rld_format("/proc/self/fd%s/%d", spelling, fd);
}

/* Where there is no memfd or no /proc.  In a directory that all may write, no one
 * else may replace a file: it is sticky.  -errno. */
static int named_file(struct rld *r, char **path)
{
	static const char dirs[][9] = { "/dev/shm", "/tmp", "/var/tmp" };
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	static unsigned serial;
	struct statx st;
	int fd = -EACCES;

	for (unsigned i = 0; !r->secure && i < sizeof dirs / sizeof dirs[0];
	     i++) {
		if (sys_statx(AT_FDCWD, dirs[i], 0, &st) ||
		    (st.stx_mode & 0022 && !(st.stx_mode & 01000)))
			continue;
		*path = rld_format("%s/rld-tls-%d-%u", dirs[i], sys_getpid(),
				   ++serial);
		if (!*path)
			return -ENOMEM;
		fd = (int)arch_syscall6(__NR_openat, AT_FDCWD, (long)*path,
					flags, 0600, 0, 0);
		if (fd >= 0)
			return fd;
		rld_free(*path);
	}
	return fd;
}

/* A descriptor of an empty file and, in *path, a name by which it is opened;
 * *named: which is to be removed.  -errno. */
static int new_file(struct rld *r, char **path, bool *named)
{
	int fd = sys_memfd_create("rld-tls");

	*named = false;
	if (fd >= 0) {
		*path = descriptor_path(fd);
		if (*path && !sys_access(*path))
			return fd;
		rld_free(*path);
		sys_close(fd);
	}
	*named = true;
	return named_file(r, path);
}

/* Have libc's loader open a carrier for b; NULL: it cannot, and in says why. */
static const struct link_map *open_carrier(struct rld *r, struct inner *in,
					   const struct block *b, size_t *image)
{
	const struct link_map *map = NULL;
	struct file *f;
	size_t size;
	char *path;
	bool named;
	int fd;

	in->why = NULL;
	f = make_file(r, b, image, &size);
	fd = f ? new_file(r, &path, &named) : -ENOMEM;
	in->no_file = fd < 0;
	if (fd < 0) {
		in->why = sys_strerror(fd);
	} else {
		if (write_all(fd, f, size))
			map = in->libcs.open(path, in->libcs.mode);
		if (!map && in->libcs.error)
			in->why = in->libcs.error();
		if (named)
			sys_unlink(path);
		rld_free(path);
		sys_close(fd);
	}
	rld_free(f);
	return map;
}

static bool open_block(struct rld *r, struct inner *in, struct carrier *c)
{
	const intptr_t *offset;

	c->map = open_carrier(r, in, &c->block, &c->image);
	if (!c->map)
		return false;
	offset = (const intptr_t *)(c->map->l_addr +
				    offsetof(struct file, offset));
	c->offset = *offset + (intptr_t)c->block.before;
	return true;
}

/* The largest block of the fine grain that there is room for, by trying. */
static size_t room_left(struct rld *r, struct inner *in)
{
	size_t lo = 0, hi = (1 << 16) / FINE, image; /* in grains */

	while (hi - lo > 1) {
		size_t middle = (lo + hi) / 2;
		struct block b = { "", 0, 0, middle * FINE, FINE };
		const struct link_map *map = open_carrier(r, in, &b, &image);

		if (map) {
			in->libcs.close((void *)(uintptr_t)map);
			lo = middle;
		} else {
			hi = middle;
		}
	}
	return lo * FINE;
}

static int no_room(struct rld *r, struct inner *in, const struct dso *d,
		   struct rld_err *e)
{
	char *why = in->why ? rld_strdup(in->why) : NULL;
	size_t left;
	int ret;

	if (in->no_file) {
		ret = rld_fail(e,
			       "%s: cannot get static thread-local storage: "
			       "no file in memory, /dev/shm or /tmp to ask "
			       "libc by: %s",
			       dso_name(r, d), why ? why : "");
		rld_free(why);
		return ret;
	}
	left = room_left(r, in);
	ret = rld_fail(e,
		       "%s: cannot allocate memory in static TLS block: needs "
		       "%zu bytes aligned to %zu, %zu are left%s%s%s%s",
		       dso_name(r, d), d->tls_memsz, d->tls_align, left,
		       has_tunable(r) ? "; GLIBC_TUNABLES=glibc.rtld."
					"optional_static_tls=BYTES makes room" :
					"",
		       !left && why ? " (" : "", !left && why ? why : "",
		       !left && why ? ")" : "");
	rld_free(why);
	return ret;
}

/* Behind a block of the fine grain libc would leave a gap before one of the
 * coarse grain.  It becomes part of that: at its upper end, which is next to the
 * others below tp, or before it. */
static void fill_gap(struct block *b)
{
	uintptr_t end;
	size_t gap;

	if (!top || !top->map || b->align != COARSE)
		return;
	end = (uintptr_t)top->offset + ARCH_TLS_TP_BIAS - top->block.before;
	if (ARCH_TLS_BELOW_TP) {
		b->memsz += end % COARSE;
		return;
	}
	gap = -(end + top->block.memsz) % COARSE;
	b->before += gap;
	b->memsz += gap;
	if (gap)
		b->align = FINE;
}

/* Where values go that the only thread and those to come shall have. */
static void write_values(const struct carrier *c, const struct dso *d)
{
	char *image = (char *)(c->map->l_addr + c->image);

	memcpy(image, d->tls_image, d->tls_filesz);
	memset(image + d->tls_filesz, 0, c->block.filesz - d->tls_filesz);
	image = (char *)(arch_tp() + (uintptr_t)c->offset);
	memcpy(image, d->tls_image, d->tls_filesz);
	memset(image + d->tls_filesz, 0, d->tls_memsz - d->tls_filesz);
}

/* A place that another object has left and libc cannot have back yet.  What it
 * has left there in other threads would be found by d. */
static bool open_left_behind(struct dso *d)
{
	intptr_t align = (intptr_t)d->tls_align;
	struct carrier *c = top;

	while (c &&
	       (c->dso || !c->map ||
		c->block.memsz - c->block.before < d->tls_memsz ||
		c->block.filesz < d->tls_filesz ||
		(c->offset + ARCH_TLS_TP_BIAS - (intptr_t)d->tls_misalign) %
			align))
		c = c->below;
	if (!c || !rld_tls_alone(0))
		return false;
	write_values(c, d);
	c->dso = d;
	d->tls_offset = c->offset;
	return true;
}

int rld_carrier_open(struct rld *r, struct dso *d, struct rld_err *e)
{
	struct carrier *c;
	struct inner in;

	if (open_left_behind(d))
		return 0;
	if (!find_inner(r, &in))
		return rld_fail(e,
				"%s: cannot get static thread-local storage: "
				"libc's own dlopen was not found",
				dso_name(r, d));
	if (d->tls_align > r->tls_align)
		return no_room(r, &in, d, e);
	c = rld_alloc(sizeof *c);
	if (!c)
		return rld_fail(e, "%s: out of memory", dso_name(r, d));
	c->block = block_of(d, COARSE);
	fill_gap(&c->block);
	if (!open_block(r, &in, c)) {
		c->block = block_of(d, FINE);
		fill_gap(&c->block);
		if (!open_block(r, &in, c)) {
			rld_free(c);
			return no_room(r, &in, d, e);
		}
	}
	c->dso = d;
	c->below = top;
	top = c;
	d->tls_offset = c->offset;
	return 0;
}

/* Carriers have the values of the file; has relocation changed them? */
static bool is_changed(const struct carrier *c)
{
	const struct dso *d = c->dso;

	return d && d->flags & D_NEW &&
	       memcmp((char *)(c->map->l_addr + c->image), d->tls_image,
		      d->tls_filesz);
}

/* The carriers from c down to lowest anew, each in its place. */
static bool renew(struct rld *r, struct inner *in, struct carrier *c,
		  const struct carrier *lowest)
{
	const intptr_t offset = c->offset;

	in->libcs.close((void *)(uintptr_t)c->map);
	c->map = NULL;
	if (c != lowest && !renew(r, in, c->below, lowest))
		return false;
	return open_block(r, in, c) && c->offset == offset;
}

/* The objects that arrive are relocated.  With one thread their values are
 * written.  Other threads get them from libc, by carriers in place of the first
 * ones: libc takes those back from the last one on, so those above a changed one
 * are made again with it. */
int rld_carrier_finish(struct rld *r, struct rld_err *e)
{
	struct carrier *lowest = NULL;
	bool ours = true;
	struct inner in;

	for (struct carrier *c = top; c; c = c->below)
		if (is_changed(c))
			lowest = c;
	if (!lowest)
		return 0;
	if (rld_tls_alone(0)) {
		for (struct carrier *c = top; c; c = c->below)
			if (is_changed(c))
				write_values(c, c->dso);
		return 0;
	}
	for (struct carrier *c = top; c != lowest; c = c->below)
		ours &= c->dso && c->dso->flags & D_NEW;
	if (ours && find_inner(r, &in) && renew(r, &in, top, lowest))
		return 0;
	/* a place was given away in between, by libc to a module of its own */
	return rld_fail(e,
			"%s: cannot get static thread-local storage: another "
			"library with such storage was loaded at the same "
			"time; try again",
			dso_name(r, lowest->dso));
}

static struct carrier *carrier_of(const struct dso *d)
{
	struct carrier *c = top;

	while (c && c->dso != d)
		c = c->below;
	return c;
}

void rld_carrier_close(struct rld *r, const struct dso *d)
{
	struct carrier *c = carrier_of(d);
	struct inner in;

	if (!c || !find_inner(r, &in))
		return;
	c->dso = NULL;
	while ((c = top) && !c->dso) {
		top = c->below;
		if (c->map)
			in.libcs.close((void *)(uintptr_t)c->map);
		rld_free(c);
	}
}
