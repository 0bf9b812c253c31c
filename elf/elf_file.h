/* SPDX-License-Identifier: MIT */
/* Readers for ELF files and mapped objects.  Nothing here makes a system call
 * or trusts a number it has not compared with the bytes it was given.
 * Every function that can refuse returns 0 or -1 and sets *why to a static
 * English phrase that fits after "FILE: ". */
#ifndef ELF_FILE_H
#define ELF_FILE_H

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#ifndef DT_RELR
#define DT_RELRSZ  35
#define DT_RELR	   36
#define DT_RELRENT 37
#endif
#ifndef DF_1_PIE
#define DF_1_PIE 0x08000000
#endif
#ifndef DF_P1_LAZYLOAD
#define DF_P1_LAZYLOAD 1
#endif
#ifndef DT_MIPS_XHASH
#define DT_MIPS_XHASH 0x70000036
#endif
#ifndef DT_MIPS_RLD_MAP_REL
#define DT_MIPS_RLD_MAP_REL 0x70000035
#endif
#ifndef DT_AARCH64_VARIANT_PCS
#define DT_AARCH64_VARIANT_PCS 0x70000005
#endif

/* gABI ch. 4 "ELF Header", ch. 5 "Program Header". */
struct elf_head {
	uint16_t type; /* ET_EXEC or ET_DYN */
	uint16_t phnum;
	size_t phoff;	      /* file offset of the table */
	const ElfW(Phdr) *ph; /* inside the caller's buffer */
	uintptr_t entry;      /* vaddr */
	uintptr_t lo, hi;     /* vaddrs spanned by PT_LOAD, not rounded */
	uintptr_t align;      /* largest PT_LOAD alignment, at least 1 */
	const ElfW(Phdr) *dynamic, *interp, *tls, *relro, *stack;
};

/* The machine's name as people write it, for messages; static. */
const char *elf_machine_name(unsigned machine);

/* What this loader accepts: one machine. */
struct elf_want {
	unsigned char class, data;
	uint16_t machine;
	size_t page;		      /* bytes */
	uint32_t eflags_mask, eflags; /* these bits of e_flags must be so */
};

/* Check the first len bytes of a file of filesize bytes.  When the program
 * headers reach past len, returns 1: the caller reads h->phnum of them at
 * h->phoff and gives them to elf_phdrs with this h. */
int elf_head(const void *buf, size_t len, uint64_t filesize,
	     const struct elf_want *want, struct elf_head *h, const char **why);

/* Check a program header table alone, as the kernel hands it over. */
int elf_phdrs(const ElfW(Phdr) *ph, size_t phnum, uint64_t filesize,
	      size_t page, struct elf_head *h, const char **why);

/* Bytes of a file that can be read one behind the other: the vaddrs [lo, hi),
 * which lie at address `at`. */
struct elf_run {
	uintptr_t lo, hi, at;
};

/* How to turn a vaddr into readable memory: either the object is mapped with
 * load bias `bias`, or (flat != NULL) the whole file lies at flat. */
struct elf_view {
	const ElfW(Phdr) *ph;
	size_t phnum;
	uintptr_t bias;
	const unsigned char *flat;
	size_t flat_size;
	/* The dynamic section's pointers may have had the load bias added
	 * already (glibc's loader does so in place). */
	int adjusted;
	/* Bytes of a page, which is mapped whole; 0: segments end where p_filesz
	 * says. */
	size_t page;
	struct elf_run
		*last; /* where elf_at keeps what it found; may be NULL */
};

/* The memory behind vaddr, and in *left the bytes of the file that can be read
 * from there on: to the end of the segment's last page, and on over segments
 * that adjoin it.  NULL when no readable PT_LOAD holds vaddr; zeros that p_memsz
 * adds do not count, for no table lies in them. */
const void *elf_at(const struct elf_view *v, uintptr_t vaddr, size_t *left);

struct elf_gnu_hash {
	uint32_t nbuckets, symndx, maskwords, shift;
	const ElfW(Addr) *bloom;
	const uint32_t *buckets, *chain;
	/* DT_MIPS_XHASH: chain place -> symbol index.  Its symbols are in the
	 * GOT's order; the table is as if they were sorted by hash. */
	const uint32_t *xlat;
	size_t nchain; /* entries that may be read */
};

struct elf_sysv_hash {
	uint32_t nbucket, nchain;
	const uint32_t *bucket, *chain;
};

/* The dynamic section (gABI ch. 5 "Dynamic Section"), every pointer turned
 * into memory and every size checked.  Absent tables are NULL and 0. */
struct elf_dyn {
	const ElfW(Dyn) *dyn;
	size_t ndyn; /* entries, DT_NULL not counted */

	const char *strtab; /* strtab[strsz - 1] is 0 */
	size_t strsz;
	const ElfW(Sym) *symtab;
	size_t nsym; /* symbols that may be read, an upper bound */
	struct elf_gnu_hash gnu;
	struct elf_sysv_hash sysv;

	const ElfW(Half) *versym; /* nsym entries may be read */
	const void *verdef, *verneed;
	size_t verdef_left, verneed_left; /* bytes */
	size_t nverdef, nverneed;

	const ElfW(Rela) *rela;
	const ElfW(Rel) *rel;
	const ElfW(Addr) *relr;
	const void *jmprel;
	size_t nrela, nrel, nrelr, njmprel; /* entries */
	size_t nrelative; /* DT_RELACOUNT or DT_RELCOUNT, clipped */
	uintptr_t pltgot; /* vaddr, 0 if none */

	uintptr_t init, fini;				 /* vaddrs, 0 if none */
	uintptr_t preinit_array, init_array, fini_array; /* vaddrs */
	size_t npreinit, ninit, nfini;			 /* entries */

	const char *soname, *rpath, *runpath; /* in strtab or NULL */
	size_t nneeded, nfilter;
	size_t audit, depaudit; /* offsets in strtab, 0: none */
	uintptr_t flags, flags_1;
	unsigned char symbolic, textrel, bind_now, jmprel_is_rela;
	unsigned char aarch64_variant_pcs; /* AAELF64 */
	/* Of the word that debuggers read: the DT_DEBUG entry's value, on MIPS
	 * what DT_MIPS_RLD_MAP names.  0 if none. */
	uintptr_t debug_vaddr;

	/* MIPS psABI supplement and its extensions */
	uintptr_t mips_local_gotno, mips_symtabno, mips_gotsym, mips_flags;
	uintptr_t mips_pltgot;
	uintptr_t mips_liblist;
	size_t mips_liblistno;
	const char *mips_iversion;
};

/* Read the dynamic section at vaddr dyn_vaddr of dyn_size bytes. */
int elf_dynamic(const struct elf_view *v, uint16_t machine, uintptr_t dyn_vaddr,
		size_t dyn_size, struct elf_dyn *d, const char **why);

/* A string of d's string table, or NULL when off is out of range. */
static inline const char *elf_str(const struct elf_dyn *d, size_t off)
{
	return off < d->strsz ? d->strtab + off : NULL;
}

/* The next DT_NEEDED (or DT_FILTER, DT_AUXILIARY) after *pos, in order.
 * *pos starts at 0.  *posflag receives the DT_POSFLAG_1 value that stands
 * just before the entry.  NULL at the end. */
const char *elf_next_needed(const struct elf_dyn *d, size_t *pos,
			    uintptr_t *tag, uintptr_t *posflag);

/* What DT_MIPS_LIBLIST says about the needed library `name` (IRIX elf.h,
 * Elf32_Lib, the same in both classes).  1: *flags (LL_*) and *version (NULL:
 * any) are set; 0: nothing, or the list lies outside v's segments. */
int elf_mips_liblist(const struct elf_view *v, const struct elf_dyn *d,
		     const char *name, uint32_t *flags, const char **version);

#endif
