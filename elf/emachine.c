/* SPDX-License-Identifier: MIT */
/* e_machine in words. */
#include "elf/elf_file.h"

#ifndef EM_RISCV
#define EM_RISCV 243
#endif
#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

const char *elf_machine_name(unsigned machine)
{
	switch (machine) {
	case EM_386:
		return "i386";
	case EM_X86_64:
		return "x86_64";
	case EM_ARM:
		return "arm";
	case EM_AARCH64:
		return "aarch64";
	case EM_MIPS:
		return "mips";
	case EM_PPC:
		return "powerpc";
	case EM_PPC64:
		return "powerpc64";
	case EM_S390:
		return "s390";
	case EM_SPARC:
		return "sparc";
	case EM_SPARCV9:
		return "sparc64";
	case EM_IA_64:
		return "ia64";
	case EM_RISCV:
		return "riscv";
	case EM_LOONGARCH:
		return "loongarch";
	default:
		return "an unknown machine";
	}
}
