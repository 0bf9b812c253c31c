/* SPDX-License-Identifier: MIT */
/* From an open file to an object in memory. */
#ifndef RLD_IMAGE_H
#define RLD_IMAGE_H

#include "rld/base/base.h"

#pragma GCC visibility push(hidden)

/* ---- map.c */
int rld_map(struct rld *r, struct dso *d, int fd, const struct statx *st,
	    struct rld_err *e);
/* Take over an object that is mapped already, with its headers at ph. */
int rld_map_adopt(struct rld *r, struct dso *d, uintptr_t bias,
		  const ElfW(Phdr) *ph, size_t phnum, struct rld_err *e);
void rld_unmap(struct rld *r, struct dso *d);
/* d's dynamic section, which lies where dynamic says, and its versions, read through v;
 * -1 with *why. */
int rld_read_dynamic(const struct elf_view *v, const ElfW(Phdr) *dynamic,
		     struct dso *d, const char **why);
/* A descriptor of a private copy of fd's first size bytes, or -errno. */
int rld_snapshot(int fd, uint64_t size);
/* Make RELRO writable, or read-only again; nested.  -1: the kernel refuses:
 * nothing has changed. */
int rld_relro_open(struct rld *r, struct dso *d);
int rld_relro_close(struct rld *r, struct dso *d);
/* The memory around at that relocations of d may write: of one writable (text:
 * or any) segment, without what rld must find as it was checked, the program
 * headers and the zero that ends the string table.  0: at is none of it. */
int rld_window(const struct dso *d, uintptr_t at, int text, uintptr_t *lo,
	       uintptr_t *hi);
/* Do these bytes lie in pages of d's readable segments? */
int rld_readable(const struct rld *r, const struct dso *d, uintptr_t at,
		 size_t size);

/* ---- segments.c */
/* The program, which the kernel has put in place as for any linker: the rest. */
void rld_lay_kernels(struct rld *r, struct dso *d);
/* Put the segments of h, fd's header, in place for d. */
int rld_lay(struct rld *r, struct dso *d, int fd, const struct elf_head *h,
	    struct rld_err *e);

/* ---- abi.c */
/* abi.c: can d, which is mapped, be in this process?  Its floating-point mode
 * is entered if need be. */
#ifdef ARCH_HAS_ABI
int rld_check_abi(struct rld *r, struct dso *d, struct rld_err *e);
#else
static inline int rld_check_abi(struct rld *r, struct dso *d, struct rld_err *e)
{
	(void)r, (void)d, (void)e;
	return 0;
}
#endif

/* ---- stack.c */
/* All that starts with the program is mapped: make stacks executable if it has
 * to be; -1: that is not allowed. */
int rld_stack_decide(struct rld *r, struct rld_err *e);
/* Can d, which is mapped, live with the stacks as they are? */
int rld_stack_serves(const struct rld *r, const struct dso *d,
		     struct rld_err *e);

/* ---- guard.c */
/* on: from here a read past the end of a file that was cut short gives zeros,
 * and r->torn names the file; what is there already is checked at each use, so
 * zeros do no harm.  0: as before. */
void rld_guard(struct rld *r, int on);

/* ---- what others set */
static inline void dso_set_entry(struct dso *d, uintptr_t entry)
{
	d->entry = entry;
}

static inline void dso_set_soname(struct dso *d, const char *soname)
{
	d->soname = soname;
}

/* Other symbols, names and hash table than those of its file. */
static inline void dso_set_symbols(struct dso *d, const struct elf_dyn *of)
{
	d->dyn.symtab = of->symtab;
	d->dyn.nsym = of->nsym;
	d->dyn.strtab = of->strtab;
	d->dyn.strsz = of->strsz;
	d->dyn.gnu = of->gnu;
}

static inline void dso_set_stack_flags(struct dso *d, int flags)
{
	d->stack_flags = flags;
}

/* rld_guard was called; all that starts with the program is mapped. */
static inline void rld_set_guarded(struct rld *r, int on)
{
	r->guarded = on;
}

#pragma GCC visibility pop

#endif
