/* SPDX-License-Identifier: MIT */
/* n32: 32-bit words in 64-bit registers, arguments in $4-$11 and $f12-$f19. */
#define ARCH_NAME	  "mipsn32" MIPS_EL
#define ARCH_CLASS	  ELFCLASS32
#define ARCH_EFLAGS	  EF_MIPS_ABI2
#define ARCH_LIB	  "lib32"
#define ARCH_MULTIARCH	  "mips64" MIPS_EL "-linux-gnuabin32"
#define ARCH_LDSO	  "ld.so.1"
#define ARCH_LDSO_PATH	  "/lib32/ld.so.1"
#define ARCH_MUSL_NAME	  "mipsn32" MIPS_EL
#define ARCH_LIBRARY_PATH "LD_LIBRARYN32_PATH"
#define ARCH_LIST_VAR	  "_RLDN32_LIST"
#define ARCH_ROOT_VAR	  "_RLDN32_ROOT"
#define ARCH_PATH_VAR	  "_RLDN32_PATH"
#define ARCH_DEFAULT_DIRS                                      \
	"/lib/" ARCH_MULTIARCH ":/usr/lib/" ARCH_MULTIARCH ":" \
	"/usr/lib32:/lib32:/usr/mips64" MIPS_EL "-linux-gnuabi64/lib32"
/* flags words of ld.so.cache: ELF libc6, MIPS n32, and with 2008 NaNs */
#define ARCH_CACHE_FLAGS 0x0603
#define ARCH_CACHE_OTHER 0x0d03

typedef Elf32_Sym arch_sym;
typedef Elf32_Word mips_info;

#define MIPS_R_REL    R_MIPS_REL32
#define MIPS_R_WORD   R_MIPS_32
#define MIPS_R_DTPMOD R_MIPS_TLS_DTPMOD32
#define MIPS_R_DTPREL R_MIPS_TLS_DTPREL32
#define MIPS_R_TPREL  R_MIPS_TLS_TPREL32

static inline uint32_t mips_r_sym(mips_info info)
{
	return info >> 8;
}

static inline uint32_t mips_r_types(mips_info info)
{
	return info & 0xff;
}

/* Of a relocation without a symbol. */
#define mips_info_of(type) ELF32_R_INFO(0, type)

#include "syscall64.h"
