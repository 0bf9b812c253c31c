/* SPDX-License-Identifier: MIT */
/* System calls of n32 and n64: six arguments in 64-bit registers; $7 tells
 * whether $2 is an errno. */
static inline long mips_syscall(long n, long a, long b, long c, long d, long e,
				long long f)
{
	register long v0 __asm__("$2") = n;
	register long a0 __asm__("$4") = a;
	register long a1 __asm__("$5") = b;
	register long a2 __asm__("$6") = c;
	register long a3 __asm__("$7") = d;
	register long a4 __asm__("$8") = e;
	register long long a5 __asm__("$9") = f;

	__asm__ volatile("syscall"
			 : "+r"(v0), "+r"(a3), "+r"(a4), "+r"(a5)
			 : "r"(a0), "r"(a1), "r"(a2)
			 : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15",
			   "$24", "$25", "hi", "lo", "memory");
	return a3 ? -v0 : v0;
}

static inline long arch_syscall6(long n, long a, long b, long c, long d, long e,
				 long f)
{
	return mips_syscall(n, a, b, c, d, e, f);
}

static inline long arch_mmap(void *addr, size_t len, int prot, int flags,
			     int fd, uint64_t off)
{
	return mips_syscall(__NR_mmap, (long)addr, (long)len, prot, flags, fd,
			    (long long)off);
}

/* A file offset has 64 bits in n32, too, and goes in one register. */
#define ARCH_HAS_PREAD 1
static inline long arch_pread(int fd, void *buf, size_t n, uint64_t off)
{
	register long v0 __asm__("$2") = __NR_pread64;
	register long a0 __asm__("$4") = fd;
	register void *a1 __asm__("$5") = buf;
	register long a2 __asm__("$6") = (long)n;
	register uint64_t a3 __asm__("$7") = off;

	__asm__ volatile("syscall"
			 : "+r"(v0), "+r"(a3)
			 : "r"(a0), "r"(a1), "r"(a2)
			 : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13",
			   "$14", "$15", "$24", "$25", "hi", "lo", "memory");
	return a3 ? -v0 : v0;
}
