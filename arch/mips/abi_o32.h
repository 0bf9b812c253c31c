/* SPDX-License-Identifier: MIT */
/* o32: 32-bit words, arguments in $4-$7, $f12 and $f14, then on the stack. */
#define ARCH_NAME      "mips" MIPS_EL
#define ARCH_CLASS     ELFCLASS32
#define ARCH_EFLAGS    0
#define ARCH_LIB       "lib/mips" MIPS_EL "-linux-gnu"
#define ARCH_MULTIARCH "mips" MIPS_EL "-linux-gnu"
#define ARCH_LDSO      "ld.so.1"
#define ARCH_LDSO_PATH "/lib/ld.so.1"
#define ARCH_MUSL_NAME "mips" MIPS_EL
/* IRIX's o32 rld has the names without a number. */
#define ARCH_LIBRARY_PATH "LD_LIBRARY_PATH"
#define ARCH_LIST_VAR	  "_RLD_LIST"
#define ARCH_ROOT_VAR	  "_RLD_ROOT"
#define ARCH_PATH_VAR	  "_RLD_PATH"
#define ARCH_DEFAULT_DIRS                                      \
	"/lib/" ARCH_MULTIARCH ":/usr/lib/" ARCH_MULTIARCH ":" \
	"/usr/lib:/lib:/usr/" ARCH_MULTIARCH "/lib"
/* flags words of ld.so.cache: ELF libc6, and the same with 2008 NaNs */
#define ARCH_CACHE_FLAGS 0x0003
#define ARCH_CACHE_OTHER 0x0c03

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

/* syscall.S */
long mips_syscall(long a, long b, long c, long d, long e, long f, long n)
	__attribute__((visibility("hidden")));

static inline long arch_syscall6(long n, long a, long b, long c, long d, long e,
				 long f)
{
	return mips_syscall(a, b, c, d, e, f, n);
}

/* mmap2 counts in units of 4096 bytes, whatever the page size. */
static inline long arch_mmap(void *addr, size_t len, int prot, int flags,
			     int fd, uint64_t off)
{
	return arch_syscall6(__NR_mmap2, (long)addr, (long)len, prot, flags, fd,
			     (long)(off >> 12));
}

/* A 64-bit argument takes an aligned register pair: here the fifth and sixth,
 * on the stack, in memory's order. */
#define ARCH_HAS_PREAD 1
static inline long arch_pread(int fd, void *buf, size_t n, uint64_t off)
{
	long hi = (long)(off >> 32), lo = (long)(uint32_t)off;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return arch_syscall6(__NR_pread64, fd, (long)buf, (long)n, 0, hi, lo);
#else
	return arch_syscall6(__NR_pread64, fd, (long)buf, (long)n, 0, lo, hi);
#endif
}
