/* SPDX-License-Identifier: MIT */
/* MIPS: the SVR4 psABI supplement (o32), the MIPSpro N32 and 64-bit ELF
 * documents (n32, n64), and what binutils and glibc added since.  The names
 * are those of arch/README.md, in the order of arch/x86_64/arch.h; what
 * differs among the three ABIs comes from one abi_*.h, the byte order from
 * the compiler. */
#ifndef ARCH_H
#define ARCH_H

#include <asm/unistd.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/kinds.h"
#include "arch/mips/abiflags.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define MIPS_EL	  ""
#define ARCH_DATA ELFDATA2MSB
#else
#define MIPS_EL	  "el"
#define ARCH_DATA ELFDATA2LSB
#endif

#if _MIPS_SIM == _ABIO32
#include "abi_o32.h"
#elif _MIPS_SIM == _ABIN32
#include "abi_n32.h"
#else
#include "abi_n64.h"
#endif

#define ARCH_MACHINE  EM_MIPS
#define ARCH_PLATFORM "mips" MIPS_EL
/* o32 and n32 differ in e_flags alone. */
#define ARCH_EFLAGS_MASK EF_MIPS_ABI2
#define ARCH_LDSO_SHARED 1 /* the three ABIs' loaders have one name */

/* Linux has 4, 16 and 64 KiB pages here; used only until AT_PAGESZ is known. */
#define ARCH_PAGE_SIZE 4096UL

/* TLS variant I ("Thread-local storage", MIPS): blocks begin 0x7000 below what
 * rdhwr $29 gives, and words for __tls_get_addr are 0x8000 less than the
 * offset, for the sake of 16-bit displacements. */
#define ARCH_TLS_BELOW_TP 0
#define ARCH_TLS_TCB_SIZE 0
#define ARCH_TLS_TP_BIAS  0x7000
#define ARCH_TLS_DTP_BIAS 0x8000
/* libc's own loader keeps two words below the block; nothing else reads them. */
#define ARCH_TCB_ALLOC 0

/* The oldest la_version of an auditor that is taken (<link.h>). */
#define ARCH_LAV_OLDEST 1

#define ARCH_IMPLICIT_GOT 1

/* Relocations.  The real numbers end at 255 (127 in use for dynamic linking);
 * those from 0x100 are ours: a REL32 without a symbol is relative (psABI ch. 5
 * "Relocation"), and the GOT's entries are read as if each had a relocation. */
enum {
	MIPS_R_RELATIVE = 0x100,
	ARCH_R_GOT_DATA = 0x101,
	ARCH_R_GOT_CALL = 0x102
};
#define MIPS_R_GLOB_DAT	 51
#define MIPS_R_COPY	 126
#define MIPS_R_JUMP_SLOT 127

#define ARCH_R_SYM(info)  mips_r_sym(info)
#define ARCH_R_TYPE(info) mips_r_type(info)
/* r_info of: the offset from tp of the object's own block. */
#define ARCH_R_TPOFF_SELF mips_info_of(MIPS_R_TPREL)

static inline uint32_t mips_r_type(mips_info info)
{
	uint32_t type = mips_r_types(info);

	return type == MIPS_R_REL && mips_r_sym(info) == 0 ? MIPS_R_RELATIVE :
							     type;
}

static inline enum rkind arch_reloc_kind(uint32_t type)
{
	switch (type) {
	case R_MIPS_NONE:
		return RK_NONE;
	case MIPS_R_RELATIVE:
		return RK_RELATIVE;
	case MIPS_R_REL:
	case MIPS_R_WORD:
		return RK_ABS;
	case MIPS_R_GLOB_DAT:
	case ARCH_R_GOT_DATA:
		return RK_GLOB_DAT;
	case MIPS_R_JUMP_SLOT:
	case ARCH_R_GOT_CALL:
		return RK_JUMP_SLOT;
	case MIPS_R_COPY:
		return RK_COPY;
	case MIPS_R_DTPMOD:
		return RK_DTPMOD;
	case MIPS_R_DTPREL:
		return RK_DTPOFF;
	case MIPS_R_TPREL:
		return RK_TPOFF;
	default:
		return RK_UNKNOWN;
	}
}

static inline int arch_must_bind_now(unsigned char st_other)
{
	(void)st_other;
	return 0;
}

/* An undefined function with a value is one of two things: STO_MIPS_PLT says
 * that the value is its address for all (the PLT entry of a non-PIC program),
 * anything else that a lazy stub lies there, which defines nothing. */
static inline int mips_is_plt(const arch_sym *s)
{
	return (s->st_other & 0x08) != 0; /* STO_MIPS_PLT */
}

static inline int arch_canonical_plt(const arch_sym *s)
{
	return s->st_value != 0 && (s->st_info & 15) == STT_FUNC &&
	       mips_is_plt(s);
}

/* Does this global GOT entry hold a lazy stub's address until it is bound?
 * entry: its link-time value (psABI ch. 5 "Global Offset Table"). */
static inline int arch_got_is_lazy(const arch_sym *s)
{
	return s->st_shndx == SHN_UNDEF && s->st_value != 0 &&
	       (s->st_info & 15) == STT_FUNC && !mips_is_plt(s);
}

static inline uintptr_t arch_tp(void)
{
	register uintptr_t tp __asm__("$3");

	/* $3 is the register for which the kernel's emulation is fast */
	__asm__(".set push\n\t.set mips32r2\n\trdhwr $3,$29\n\t.set pop"
		: "=r"(tp));
	return tp;
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
	__asm__ volatile(".set push\n\t.set mips32r2\n\tpause\n\t.set pop");
}

/* What an atomic operation wrote is visible before anything that follows is
 * read. */
static inline void arch_barrier(void)
{
	__asm__ volatile("sync" ::: "memory");
}

/* Have the page of p made writable, by a fault if need be. */
static inline void arch_touch(char *p)
{
	*(volatile char *)p = *(volatile char *)p;
}

static inline uintptr_t arch_call_ifunc(uintptr_t resolver)
{
	return ((uintptr_t(*)(void))resolver)();
}

static inline int arch_set_tp(uintptr_t tp)
{
	return (int)arch_syscall6(__NR_set_thread_area, (long)tp, 0, 0, 0, 0,
				  0);
}

/* Compiled code expects nothing of the control block. */
static inline void arch_init_tcb(uintptr_t tp, const unsigned char random[16])
{
	(void)tp;
	(void)random;
}

static inline unsigned arch_hwcap_level(const char *list, size_t len)
{
	(void)list;
	(void)len;
	return 0;
}

static inline const char *arch_hwcap_name(unsigned level)
{
	(void)level;
	return "";
}

/* GNU's mark in GOT[1]: the word is free for the module's pointer.  The top
 * bit of a user address is clear in all three ABIs. */
#define ARCH_GOT_MARK ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))

/* Write the two words that lead into the resolver: of DT_MIPS_PLTGOT, for the
 * PLT, and of DT_PLTGOT, for the stubs. */
struct dso;
void arch_lazy_got(uintptr_t *got, struct dso *d);
void arch_lazy_stubs(uintptr_t *got, struct dso *d);

/* A stable entry point: bytes of code each takes. */
#define ARCH_ENTRY_SIZE (sizeof(uintptr_t) == 8 ? 96 : 64)
/* Write the code of entry i: a jump through got[3 + i], and the half that leads
 * (got[1], i) to arch_resolve, whose address is returned. */
uintptr_t arch_entry_code(unsigned char *code, const uintptr_t *got,
			  unsigned i);
/* Code was written to [lo, hi): let the processor see it. */
static inline void arch_sync_code(uintptr_t lo, uintptr_t hi)
{
	const long both = 3; /* BCACHE */

	arch_syscall6(__NR_cacheflush, (long)lo, (long)(hi - lo), both, 0, 0,
		      0);
}

#define ARCH_PAGE_MAX 65536 /* bytes; pages are not larger */

/* The kernel's struct sigaction; it brings its own way back. */
struct arch_sigaction {
	unsigned flags;
	uintptr_t handler;
	unsigned char mask[16];
	uintptr_t reserved; /* not the kernel's; qemu keeps a restorer here */
};
#define ARCH_SA_FLAGS	   0
#define ARCH_SA_RESTORE(a) ((void)(a))

/* What objects say of processor and floating point is compared (abiflags.h). */
#define ARCH_HAS_ABI	      1
#define ARCH_ABI_MODES	      MIPS_FR_ANY
#define ARCH_AT_BASE_PLATFORM 24 /* the kernel's AT_BASE_PLATFORM */
/* Put the process into one of these modes of floating-point registers, unless
 * it is in one; -errno: it cannot be. */
long arch_abi_enter(unsigned modes);

/* start.S, resolve.S */
void arch_stage2(void);
void arch_resolve(void);
void arch_resolve_stub(void);
_Noreturn void arch_enter(uintptr_t pc, uintptr_t *sp, uintptr_t fini);
uintptr_t arch_call_guarded(uintptr_t (*fn)(void *, void *), void *a, void *b);

/* There are no TLS descriptors on MIPS: no number maps to RK_TLSDESC. */
#define arch_tlsdesc_static  0
#define arch_tlsdesc_dynamic 0
#define arch_tlsdesc_undef   0

#endif
