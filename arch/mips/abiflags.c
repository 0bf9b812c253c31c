/* SPDX-License-Identifier: MIT */
/* Which MIPS objects can be in one process, and on which processor. */
#include "arch/mips/abiflags.h"

#ifndef EF_MIPS_ARCH_32R6
#define EF_MIPS_ARCH_32R6 0x90000000
#define EF_MIPS_ARCH_64R6 0xa0000000
#endif
#define HWCAP_R6 1 /* <asm/hwcap.h> HWCAP_MIPS_R6 */

enum { ANY, DOUBLE, SINGLE, SOFT, OLD_64, XX, FP64, FP64A, FP_COUNT };

/* By floating-point ABI.  Within a kind, values are passed the same way; kind 0
 * goes with all.  Old tools wrote no such flags, for programs of 32-bit
 * registers and of none. */
static const struct fp {
	char kind;
	unsigned char modes;
	const char *has;
} unknown = { 0, MIPS_FR0 | MIPS_FRE, "has no floating-point ABI flags" },
  fp_abi[FP_COUNT] = {
	  [ANY] = { 0, MIPS_FR_ANY, "goes with all" },
	  [DOUBLE] = { 'H', MIPS_FR0 | MIPS_FRE,
		       "has the floating-point ABI of -mdouble-float" },
	  [SINGLE] = { 'S', MIPS_FR_ANY,
		       "has the floating-point ABI of -msingle-float" },
	  [SOFT] = { 's', MIPS_FR_ANY,
		     "has the floating-point ABI of -msoft-float" },
	  [OLD_64] = { 'O', MIPS_FR1,
		       "has the floating-point ABI of old -mips32r2 -mfp64" },
	  [XX] = { 'H', MIPS_FR_ANY, "has the floating-point ABI of -mfpxx" },
	  [FP64] = { 'H', MIPS_FR1, "has the floating-point ABI of -mfp64" },
	  [FP64A] = { 'H', MIPS_FR1 | MIPS_FRE,
		      "has the floating-point ABI of -mfp64 -mno-odd-spreg" },
  };

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* The segment that begins with the ELF header, as it does in linked files. */
static const ElfW(Ehdr) *header(const struct elf_view *v)
{
	for (size_t i = 0; i < v->phnum; i++) {
		size_t left;
		const ElfW(Ehdr) *e;

		if (v->ph[i].p_type != PT_LOAD || v->ph[i].p_offset != 0)
			continue;
		e = elf_at(v, v->ph[i].p_vaddr, &left);
		return e && left >= sizeof *e &&
				       v->ph[i].p_vaddr % sizeof e->e_entry ==
					       0 ?
			       e :
			       NULL;
	}
	return NULL;
}

static void from_header(const ElfW(Ehdr) *e, struct arch_abi *a)
{
	uint32_t arch = e->e_flags & (uint32_t)EF_MIPS_ARCH;

	a->fp = e->e_flags & EF_MIPS_FP64 ? OLD_64 : MIPS_FP_UNKNOWN;
	a->nan = (e->e_flags & EF_MIPS_NAN2008) != 0;
	a->is_r6 = arch == EF_MIPS_ARCH_32R6 || arch == EF_MIPS_ARCH_64R6;
	a->is64 = arch == EF_MIPS_ARCH_64R6 || arch == EF_MIPS_ARCH_64R2 ||
		  arch == EF_MIPS_ARCH_64 ||
		  (arch >= EF_MIPS_ARCH_3 && arch <= EF_MIPS_ARCH_5);
}

int arch_abi_read(const struct elf_view *v, struct arch_abi *a,
		  const char **why)
{
	const ElfW(Ehdr) *e = header(v);
	const ElfW(Phdr) *p = NULL;
	const Elf_MIPS_ABIFlags_v0 *f;
	size_t left;

	*a = (struct arch_abi){ 0 };
	for (size_t i = 0; i < v->phnum; i++)
		if (v->ph[i].p_type == PT_MIPS_ABIFLAGS)
			p = &v->ph[i];
	if (e) {
		a->said = 1;
		from_header(e, a);
	}
	if (!p)
		return 0;
	f = elf_at(v, p->p_vaddr, &left);
	if (!f || left < sizeof *f || p->p_filesz < sizeof *f ||
	    p->p_vaddr % sizeof(Elf32_Word))
		return refuse(why, "has ABI flags outside its segments");
	if (f->version != 0)
		return refuse(why, "has ABI flags of an unknown version");
	if (f->fp_abi >= FP_COUNT)
		return refuse(why, "has an unknown floating-point ABI");
	a->said = 1;
	a->fp = f->fp_abi;
	a->is_r6 = f->isa_rev >= 6;
	a->is64 = f->isa_level == 64 ||
		  (f->isa_level >= 3 && f->isa_level <= 5);
	return 0;
}

/* "mips2", "mips32r2", "mips64", ... */
static int is_64bit(const char *platform)
{
	const char *s = platform + 4;

	return (s[0] == '6' && s[1] == '4') ||
	       (s[0] >= '3' && s[0] <= '5' && s[1] == '\0');
}

static int is_mips(const char *s)
{
	return s && s[0] == 'm' && s[1] == 'i' && s[2] == 'p' && s[3] == 's';
}

/* Revisions below 6 are not compared: processors have most of one without
 * claiming it. */
const char *arch_abi_lacks(const struct arch_abi *a, uintptr_t hwcap,
			   const char *platform)
{
	if (a->is_r6 && !(hwcap & HWCAP_R6))
		return "needs a processor of MIPS release 6";
	if (a->is64 && is_mips(platform) && !is_64bit(platform))
		return "needs a 64-bit MIPS processor";
	return NULL;
}

static const struct fp *fp_of(const struct arch_abi *a)
{
	return !a->said			? &fp_abi[ANY] :
	       a->fp == MIPS_FP_UNKNOWN ? &unknown :
					  &fp_abi[a->fp];
}

static const char *nan_of(const struct arch_abi *a)
{
	return a->nan ? "has NaNs as IEEE 754-2008 encodes them" :
			"has NaNs of the encoding before IEEE 754-2008";
}

const char *arch_abi_clash(const struct arch_abi *a, const struct arch_abi *b,
			   const char **b_has)
{
	const struct fp *x = fp_of(a), *y = fp_of(b);

	/* no floating point passes through these, nor NaNs */
	if (x == &fp_abi[ANY] || y == &fp_abi[ANY])
		return NULL;
	if (a->nan != b->nan) {
		*b_has = nan_of(b);
		return nan_of(a);
	}
	if ((x->kind == y->kind || !x->kind || !y->kind) &&
	    (x->modes & y->modes))
		return NULL;
	*b_has = y->has;
	return x->has;
}

const char *arch_abi_text(const struct arch_abi *a)
{
	return fp_of(a)->has;
}

unsigned arch_abi_modes(const struct arch_abi *a)
{
	return fp_of(a)->modes;
}
