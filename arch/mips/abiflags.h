/* SPDX-License-Identifier: MIT */
/* What a MIPS object says of the processor and of floating point:
 * .MIPS.abiflags ("MIPS O32 ABI - FR0 and FR1 Interlinking", section 9) and
 * e_flags.  No system calls here, and nothing of the machine rld runs on: tests
 * feed it bytes. */
#ifndef MIPS_ABIFLAGS_H
#define MIPS_ABIFLAGS_H

#include "elf/elf_file.h"

/* Of an object without .MIPS.abiflags. */
#define MIPS_FP_UNKNOWN 0xff

struct arch_abi {
	unsigned char said;  /* 0: nothing, and what follows is 0 */
	unsigned char fp;    /* Val_GNU_MIPS_ABI_FP_* or MIPS_FP_UNKNOWN */
	unsigned char nan;   /* 1: as IEEE 754-2008 has it, 0: the other way */
	unsigned char is64;  /* needs a 64-bit processor */
	unsigned char is_r6; /* needs release 6 */
};

/* Modes of the floating-point registers: Status.FR, Config5.FRE. */
enum {
	MIPS_FR0 = 1, /* 32 bits */
	MIPS_FR1 = 2, /* 64 bits */
	MIPS_FRE = 4, /* 64 bits, odd singles emulated as halves of doubles */
	MIPS_FR_ANY = 7
};

/* Read what v says.  -1: it says it in a way that is not known here. */
int arch_abi_read(const struct elf_view *v, struct arch_abi *a,
		  const char **why);
/* NULL, or why no processor with these AT_HWCAP and AT_BASE_PLATFORM (NULL: not
 * told) runs it: a phrase that fits after "FILE: ". */
const char *arch_abi_lacks(const struct arch_abi *a, uintptr_t hwcap,
			   const char *platform);
/* NULL if objects that say a and b can be in one process; otherwise what each
 * has: phrases that fit after "FILE ". */
const char *arch_abi_clash(const struct arch_abi *a, const struct arch_abi *b,
			   const char **b_has);
/* Its floating-point ABI, in such a phrase. */
const char *arch_abi_text(const struct arch_abi *a);
/* o32: modes in which such an object can run, a mask. */
unsigned arch_abi_modes(const struct arch_abi *a);

#endif
