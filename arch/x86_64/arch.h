/* SPDX-License-Identifier: MIT */
/* x86-64: psABI AMD64 1.0.  The names below, in this order, are what every
 * machine offers to rld/; see arch/README.md for what each must mean. */
#ifndef ARCH_H
#define ARCH_H

#include <asm/unistd.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/kinds.h"

/* Declarations, too: an address of our own needs no GOT, so no relocation. */
#pragma GCC visibility push(hidden)

#define ARCH_NAME	  "x86_64"
#define ARCH_MACHINE	  EM_X86_64
#define ARCH_CLASS	  ELFCLASS64
#define ARCH_DATA	  ELFDATA2LSB
#define ARCH_PLATFORM	  "x86_64"
#define ARCH_LIB	  "lib/x86_64-linux-gnu"
#define ARCH_MULTIARCH	  "x86_64-linux-gnu"
#define ARCH_LDSO	  "ld-linux-x86-64.so.2"
#define ARCH_LDSO_PATH	  "/lib64/ld-linux-x86-64.so.2"
#define ARCH_MUSL_NAME	  "x86_64"
#define ARCH_LIBRARY_PATH "LD_LIBRARY64_PATH"
#define ARCH_LIST_VAR	  "_RLD64_LIST"
#define ARCH_ROOT_VAR	  "_RLD64_ROOT"
#define ARCH_PATH_VAR	  "_RLD64_PATH"
#define ARCH_DEFAULT_DIRS                                                    \
	"/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:" \
	"/lib:/usr/lib"
/* flags word of an ld.so.cache entry: ELF libc6, 64-bit x86 */
#define ARCH_CACHE_FLAGS 0x0303
#define ARCH_CACHE_OTHER 0x0303

#define ARCH_PAGE_SIZE 4096UL /* used only until AT_PAGESZ is known */

/* TLS variant II: blocks end at the thread pointer (psABI 3.4.6). */
#define ARCH_TLS_BELOW_TP 1
#define ARCH_TLS_TCB_SIZE 0
#define ARCH_TLS_TP_BIAS  0
#define ARCH_TLS_DTP_BIAS 0
/* What a program without a libc needs above its thread pointer. */
#define ARCH_TCB_ALLOC 256

/* The oldest la_version of an auditor that is taken (<link.h>). */
#define ARCH_LAV_OLDEST 1

#define ARCH_IMPLICIT_GOT 0 /* MIPS alone relocates its GOT without entries */

#define ARCH_R_SYM(info)  ((uint32_t)((info) >> 32))
#define ARCH_R_TYPE(info) ((uint32_t)(info))
/* r_info of: the offset from tp of the object's own block. */
#define ARCH_R_TPOFF_SELF ELF64_R_INFO(0, R_X86_64_TPOFF64)

static inline enum rkind arch_reloc_kind(uint32_t type)
{
	switch (type) {
	case R_X86_64_NONE:
		return RK_NONE;
	case R_X86_64_RELATIVE:
	case R_X86_64_RELATIVE64:
		return RK_RELATIVE;
	case R_X86_64_64:
		return RK_ABS;
	case R_X86_64_GLOB_DAT:
		return RK_GLOB_DAT;
	case R_X86_64_JUMP_SLOT:
		return RK_JUMP_SLOT;
	case R_X86_64_COPY:
		return RK_COPY;
	case R_X86_64_IRELATIVE:
		return RK_IRELATIVE;
	case R_X86_64_DTPMOD64:
		return RK_DTPMOD;
	case R_X86_64_DTPOFF64:
		return RK_DTPOFF;
	case R_X86_64_TPOFF64:
		return RK_TPOFF;
	case R_X86_64_TLSDESC:
		return RK_TLSDESC;
	case R_X86_64_32:
		return RK_ABS32U;
	case R_X86_64_32S:
		return RK_ABS32S;
	case R_X86_64_16:
		return RK_ABS16;
	case R_X86_64_8:
		return RK_ABS8;
	case R_X86_64_PC64:
		return RK_PC64;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return RK_PC32;
	case R_X86_64_SIZE64:
		return RK_SIZE64;
	case R_X86_64_SIZE32:
		return RK_SIZE32;
	default:
		return RK_UNKNOWN;
	}
}

/* STO_* bits that make a function unfit for lazy binding: none here. */
static inline int arch_must_bind_now(unsigned char st_other)
{
	(void)st_other;
	return 0;
}

/* An undefined function whose st_value is its address for all: the PLT entry
 * of a non-PIC program (psABI 4.4.5 "Function Addresses"). */
static inline int arch_canonical_plt(const Elf64_Sym *s)
{
	return s->st_value != 0 && (s->st_info & 15) == STT_FUNC;
}

static inline uintptr_t arch_tp(void)
{
	uintptr_t tp;

	/* volatile: not before a question whether there is a thread yet */
	__asm__ volatile("mov %%fs:0, %0" : "=r"(tp));
	return tp;
}

static inline long arch_syscall6(long n, long a, long b, long c, long d, long e,
				 long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long arch_mmap(void *addr, size_t len, int prot, int flags,
			     int fd, uint64_t off)
{
	return arch_syscall6(__NR_mmap, (long)addr, (long)len, prot, flags, fd,
			     (long)off);
}

#define ARCH_HAS_EXEC_PROT 0
static inline int arch_exec_prot(const uint32_t *note, size_t size)
{
	(void)note;
	(void)size;
	return 0;
}

static inline void arch_pause(void)
{
	__asm__ volatile("pause");
}

/* What an atomic operation wrote is visible before anything that follows is
 * read: a locked instruction sees to that by itself. */
static inline void arch_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

/* Have the page of p made writable, by a fault if need be.  It is written
 * without having been read, and keeps what it has. */
static inline void arch_touch(char *p)
{
	__asm__ volatile("lock orb $0, %0" : "+m"(*p));
}

/* The argument that IFUNC resolvers are called with: none on x86-64. */
uintptr_t arch_call_ifunc(uintptr_t resolver);

/* Install tp for a program that brings no libc; 0 or -errno. */
int arch_set_tp(uintptr_t tp);

/* Fill in the machine's part of a fresh thread control block at tp. */
void arch_init_tcb(uintptr_t tp, const unsigned char random[16]);

/* Highest glibc-hwcaps level that this processor has, 0 for none, and the
 * directory name of a level. */
/* list (len bytes): glibc.cpu.hwcaps, or NULL. */
unsigned arch_hwcap_level(const char *list, size_t len);
const char *arch_hwcap_name(unsigned level);

/* Write GOT words for lazy binding: got is DT_PLTGOT at run time. */
struct dso;
void arch_lazy_got(uintptr_t *got, struct dso *d);

/* A stable entry point: bytes of code each takes. */
#define ARCH_ENTRY_SIZE 64
/* Write the code of entry i: a jump through got[3 + i], and the half that leads
 * (got[1], i) to arch_resolve, whose address is returned. */
uintptr_t arch_entry_code(unsigned char *code, const uintptr_t *got,
			  unsigned i);
/* Code was written to [lo, hi): let the processor see it. */
static inline void arch_sync_code(uintptr_t lo, uintptr_t hi)
{
	(void)lo;
	(void)hi;
}

/* int3, which a debugger has put there */
#define ARCH_IS_BREAKPOINT(p) (*(const volatile unsigned char *)(p) == 0xcc)
#define ARCH_PAGE_MAX	      4096 /* bytes; pages are not larger */

/* The kernel's struct sigaction; it wants to be told how a handler returns. */
struct arch_sigaction {
	uintptr_t handler;
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};
#define ARCH_SA_FLAGS	   0x04000000 /* SA_RESTORER */
#define ARCH_SA_RESTORE(a) ((a)->restorer = arch_sigreturn)

/* start.S, resolve.S */
void arch_sigreturn(void);
void arch_stage2(void);
void arch_resolve(void);
void arch_tlsdesc_static(void);
void arch_tlsdesc_dynamic(void);
void arch_tlsdesc_undef(void);
_Noreturn void arch_enter(uintptr_t pc, uintptr_t *sp, uintptr_t fini);

/* Calls fn(a, b) with all vector and floating-point state saved around it. */
uintptr_t arch_call_guarded(uintptr_t (*fn)(void *, void *), void *a, void *b);

#pragma GCC visibility pop

#endif
