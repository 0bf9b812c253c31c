/* SPDX-License-Identifier: MIT */
/* n64: 64-bit words, arguments in $4-$11 and $f12-$f19. */
#define ARCH_NAME	  "mips64" MIPS_EL
#define ARCH_CLASS	  ELFCLASS64
#define ARCH_EFLAGS	  0
#define ARCH_LIB	  "lib/mips64" MIPS_EL "-linux-gnuabi64"
#define ARCH_MULTIARCH	  "mips64" MIPS_EL "-linux-gnuabi64"
#define ARCH_LDSO	  "ld.so.1"
#define ARCH_LDSO_PATH	  "/lib64/ld.so.1"
#define ARCH_MUSL_NAME	  "mips64" MIPS_EL
#define ARCH_LIBRARY_PATH "LD_LIBRARY64_PATH"
#define ARCH_LIST_VAR	  "_RLD64_LIST"
#define ARCH_ROOT_VAR	  "_RLD64_ROOT"
#define ARCH_PATH_VAR	  "_RLD64_PATH"
#define ARCH_DEFAULT_DIRS                                                \
	"/lib/" ARCH_MULTIARCH ":/usr/lib/" ARCH_MULTIARCH ":"           \
	"/usr/lib64:/lib64:/usr/lib:/lib:/usr/" ARCH_MULTIARCH "/lib64:" \
	"/usr/" ARCH_MULTIARCH "/lib"
/* flags words of ld.so.cache: ELF libc6, MIPS n64, and with 2008 NaNs */
#define ARCH_CACHE_FLAGS 0x0703
#define ARCH_CACHE_OTHER 0x0e03

typedef Elf64_Sym arch_sym;
typedef Elf64_Xword mips_info;

/* r_info is not one number but { u32 sym; u8 ssym, type3, type2, type; } in
 * either byte order (64-bit ELF, "Relocation").  The three types act one upon
 * the other; what link editors emit is REL32 then 64: a 64-bit word. */
#define MIPS_R_REL    (R_MIPS_REL32 | R_MIPS_64 << 8)
#define MIPS_R_WORD   R_MIPS_64
#define MIPS_R_DTPMOD R_MIPS_TLS_DTPMOD64
#define MIPS_R_DTPREL R_MIPS_TLS_DTPREL64
#define MIPS_R_TPREL  R_MIPS_TLS_TPREL64

static inline uint32_t mips_r_sym(mips_info info)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return (uint32_t)(info >> 32);
#else
	return (uint32_t)info;
#endif
}

/* type in the low byte, then type2, type3, ssym. */
static inline uint32_t mips_r_types(mips_info info)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return (uint32_t)info;
#else
	return __builtin_bswap32((uint32_t)(info >> 32));
#endif
}

/* Of a relocation without a symbol, whose type is the last byte. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define mips_info_of(type) ((mips_info)(type))
#else
#define mips_info_of(type) ((mips_info)(type) << 56)
#endif

#include "syscall64.h"
