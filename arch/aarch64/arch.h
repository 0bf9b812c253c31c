/* SPDX-License-Identifier: MIT */
/* AArch64: AAPCS64, AAELF64, TLS as in "ELF for the Arm 64-bit Architecture".
 * The names, in this order, are what every machine offers to rld/; see
 * arch/README.md for what each must mean. */
#ifndef ARCH_H
#define ARCH_H

#include <asm/unistd.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/kinds.h"

/* Declarations, too: an address of our own needs no GOT, so no relocation. */
#pragma GCC visibility push(hidden)

#define ARCH_NAME	  "aarch64"
#define ARCH_MACHINE	  EM_AARCH64
#define ARCH_CLASS	  ELFCLASS64
#define ARCH_DATA	  ELFDATA2LSB
#define ARCH_PLATFORM	  "aarch64"
#define ARCH_LIB	  "lib/aarch64-linux-gnu"
#define ARCH_MULTIARCH	  "aarch64-linux-gnu"
#define ARCH_LDSO	  "ld-linux-aarch64.so.1"
#define ARCH_LDSO_PATH	  "/lib/ld-linux-aarch64.so.1"
#define ARCH_MUSL_NAME	  "aarch64"
#define ARCH_LIBRARY_PATH "LD_LIBRARY64_PATH"
#define ARCH_LIST_VAR	  "_RLD64_LIST"
#define ARCH_ROOT_VAR	  "_RLD64_ROOT"
#define ARCH_PATH_VAR	  "_RLD64_PATH"
#define ARCH_DEFAULT_DIRS                                           \
	"/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:/lib64:" \
	"/usr/lib64:/lib:/usr/lib"
/* flags word of an ld.so.cache entry: ELF libc6, AArch64 */
#define ARCH_CACHE_FLAGS 0x0a03
#define ARCH_CACHE_OTHER 0x0a03

#define ARCH_PAGE_SIZE 4096UL /* used only until AT_PAGESZ is known */

/* TLS variant I: two words at the thread pointer, blocks above them. */
#define ARCH_TLS_BELOW_TP 0
#define ARCH_TLS_TCB_SIZE 16
#define ARCH_TLS_TP_BIAS  0
#define ARCH_TLS_DTP_BIAS 0
#define ARCH_TCB_ALLOC	  16

/* The oldest la_version of an auditor that is taken (<link.h>). */
#define ARCH_LAV_OLDEST 2

#define ARCH_IMPLICIT_GOT 0 /* MIPS alone relocates its GOT without entries */

#define ARCH_R_SYM(info)  ((uint32_t)((info) >> 32))
#define ARCH_R_TYPE(info) ((uint32_t)(info))
/* r_info of: the offset from tp of the object's own block. */
#define ARCH_R_TPOFF_SELF ELF64_R_INFO(0, R_AARCH64_TLS_TPREL)

static inline enum rkind arch_reloc_kind(uint32_t type)
{
	switch (type) {
	case R_AARCH64_NONE:
	case 256: /* R_AARCH64_NONE as it was numbered once */
		return RK_NONE;
	case R_AARCH64_RELATIVE:
		return RK_RELATIVE;
	case R_AARCH64_ABS64:
		return RK_ABS;
	case R_AARCH64_GLOB_DAT:
		return RK_GLOB_DAT;
	case R_AARCH64_JUMP_SLOT:
		return RK_JUMP_SLOT;
	case R_AARCH64_COPY:
		return RK_COPY;
	case R_AARCH64_IRELATIVE:
		return RK_IRELATIVE;
	case R_AARCH64_TLS_DTPMOD:
		return RK_DTPMOD;
	case R_AARCH64_TLS_DTPREL:
		return RK_DTPOFF;
	case R_AARCH64_TLS_TPREL:
		return RK_TPOFF;
	case R_AARCH64_TLSDESC:
		return RK_TLSDESC;
	case R_AARCH64_ABS32:
		return RK_ABS32;
	case R_AARCH64_ABS16:
		return RK_ABS16;
	case R_AARCH64_PREL64:
		return RK_PC64;
	case R_AARCH64_PREL32:
		return RK_PC32;
	default:
		return RK_UNKNOWN;
	}
}

/* STO_AARCH64_VARIANT_PCS: the function's own convention passes registers
 * that arch_resolve need not keep (SVE's z and p), so no lazy stub may stand
 * in the way (AAELF64 "st_other Values"). */
static inline int arch_must_bind_now(unsigned char st_other)
{
	return (st_other & 0x80) != 0;
}

/* An undefined function whose st_value is its address for all: the PLT entry
 * of a non-PIC program (gABI ch. 5 "Function Addresses"). */
static inline int arch_canonical_plt(const Elf64_Sym *s)
{
	return s->st_value != 0 && (s->st_info & 15) == STT_FUNC;
}

static inline uintptr_t arch_tp(void)
{
	uintptr_t tp;

	__asm__("mrs %0, tpidr_el0" : "=r"(tp));
	return tp;
}

static inline long arch_syscall6(long n, long a, long b, long c, long d, long e,
				 long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
}

static inline long arch_mmap(void *addr, size_t len, int prot, int flags,
			     int fd, uint64_t off)
{
	return arch_syscall6(__NR_mmap, (long)addr, (long)len, prot, flags, fd,
			     (long)off);
}

static inline void arch_pause(void)
{
	__asm__ volatile("yield");
}

/* What an atomic operation wrote is visible before anything that follows is
 * read.  A store-exclusive may be passed by later loads, with release, too. */
static inline void arch_barrier(void)
{
	__asm__ volatile("dmb ish" ::: "memory");
}

/* Have the page of p made writable, by a fault if need be. */
static inline void arch_touch(char *p)
{
	*(volatile char *)p = *(volatile char *)p;
}

/* What else mprotect(2) is to be told of executable pages of an object with
 * this note (PT_GNU_PROPERTY): PROT_BTI, if it is marked and the processor can. */
#define ARCH_HAS_EXEC_PROT 1
int arch_exec_prot(const uint32_t *note, size_t size);

/* Why an object with this dynamic tag cannot run on this processor: a text, or
 * NULL. */
#define ARCH_HAS_REFUSED_TAGS 1
const char *arch_refuses_tag(uintptr_t tag);

/* Resolvers get hwcap | 1 << 62 and a pointer to { size, hwcap, hwcap2 }. */
uintptr_t arch_call_ifunc(uintptr_t resolver);

/* Install tp for a program that brings no libc; 0 or -errno. */
int arch_set_tp(uintptr_t tp);

/* Fill in the machine's part of a fresh thread control block at tp. */
void arch_init_tcb(uintptr_t tp, const unsigned char random[16]);

/* No glibc-hwcaps levels on this machine. */
/* list (len bytes): glibc.cpu.hwcaps, or NULL. */
unsigned arch_hwcap_level(const char *list, size_t len);
const char *arch_hwcap_name(unsigned level);

/* Write GOT words for lazy binding: got is DT_PLTGOT at run time. */
struct dso;
void arch_lazy_got(uintptr_t *got, struct dso *d);

/* A stable entry point: bytes of code each takes. */
#define ARCH_ENTRY_SIZE 48
/* Write the code of entry i: a jump through got[3 + i], and the half that leads
 * (got[1], i) to arch_resolve, whose address is returned. */
uintptr_t arch_entry_code(unsigned char *code, const uintptr_t *got,
			  unsigned i);
/* Code was written to [lo, hi): let the processor see it. */
void arch_sync_code(uintptr_t lo, uintptr_t hi);

#define ARCH_PAGE_MAX 65536 /* bytes; pages are not larger */

/* The kernel's struct sigaction; handlers return through the vdso. */
struct arch_sigaction {
	uintptr_t handler;
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};
#define ARCH_SA_FLAGS	   0
#define ARCH_SA_RESTORE(a) ((void)(a))

/* start.S, resolve.S */
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
