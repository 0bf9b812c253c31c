/* SPDX-License-Identifier: MIT */
/* AArch64: what needs C: the arguments of IFUNC resolvers, the thread pointer
 * of a program without a libc, and the GOT words that PLT0 reads. */
#include "arch.h"

/* Second argument of a resolver: <sys/ifunc.h>'s __ifunc_arg_t. */
static struct {
	unsigned long size, hwcap, hwcap2;
} ifunc_arg;

__attribute__((visibility("hidden"))) void
arch_note_hwcaps(const uintptr_t *sp);

/* From _start, with the kernel's stack.  Nothing is relocated yet: no
 * pointers in data, no calls. */
void arch_note_hwcaps(const uintptr_t *sp)
{
	const uintptr_t *at = sp + 1 + *sp + 1; /* argc, argv, NULL */

	while (*at++) /* envp */
		;
	ifunc_arg.size = sizeof ifunc_arg;
	for (; at[0] != AT_NULL; at += 2) {
		if (at[0] == AT_HWCAP)
			ifunc_arg.hwcap = at[1];
		else if (at[0] == AT_HWCAP2)
			ifunc_arg.hwcap2 = at[1];
	}
}

uintptr_t arch_call_ifunc(uintptr_t resolver)
{
	const unsigned long has_arg = 1UL << 62; /* _IFUNC_ARG_HWCAP */

	return ((uintptr_t(*)(unsigned long, const void *))resolver)(
		ifunc_arg.hwcap | has_arg, &ifunc_arg);
}

/* AAELF64: the property is one of a note GNU, NT_GNU_PROPERTY_TYPE_0, and says
 * BTI by its bit 0. */
int arch_exec_prot(const uint32_t *note, size_t size)
{
	enum { HAS_BTI = 1 << 17, PROT_BTI = 0x10, HEAD = 4, GNU = 0x554e47 };
	const uint32_t feature = 0xc0000000;
	size_t end = size / sizeof *note;

	if (!(ifunc_arg.hwcap2 & HAS_BTI) || end < HEAD || note[0] != 4 ||
	    note[2] != 5 || note[3] != GNU)
		return 0;
	if (note[1] / sizeof *note < end - HEAD)
		end = HEAD + note[1] / sizeof *note;
	/* type, size, and data rounded up to 8 bytes */
	for (size_t at = HEAD; at + 2 < end;) {
		if (note[at] == feature)
			return note[at + 2] & 1 ? PROT_BTI : 0;
		if (note[at + 1] > size)
			break;
		at += 2 + (note[at + 1] + 7) / 8 * 2;
	}
	return 0;
}

/* AAELF64 "Dynamic section": such a PLT authenticates what it finds in its slots,
 * for a linker that signs them.  No linker for glibc or musl does; a processor
 * without pointer authentication takes the instruction for a hint. */
const char *arch_refuses_tag(uintptr_t tag)
{
	enum { PACA = 1 << 30, PAC_PLT = 0x70000003 };

	return tag == PAC_PLT && ifunc_arg.hwcap & PACA ?
		       "its PLT wants signed addresses (DT_AARCH64_PAC_PLT), "
		       "which none are: link it without -z pac-plt" :
		       NULL;
}

int arch_set_tp(uintptr_t tp)
{
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(tp) : "memory");
	return 0;
}

/* The two words at tp belong to the run-time system: zero.  The stack guard
 * is a variable of libc's loader here, not a field. */
void arch_init_tcb(uintptr_t tp, const unsigned char random[16])
{
	(void)tp;
	(void)random;
}

unsigned arch_hwcap_level(const char *list, size_t len)
{
	(void)list;
	(void)len;
	return 0;
}

const char *arch_hwcap_name(unsigned level)
{
	(void)level;
	return "";
}

/* PLT0 leaves &got[2] in x16: arch_resolve finds the object below it. */
void arch_lazy_got(uintptr_t *got, struct dso *d)
{
	got[1] = (uintptr_t)d;
	got[2] = (uintptr_t)arch_resolve;
}

/* Distance of a literal or an address from the instruction that names it. */
static uint32_t away(const uint32_t *at, const uintptr_t *word)
{
	return (uint32_t)((uintptr_t)word - (uintptr_t)at);
}

static uint32_t adr(const uint32_t *at, const uintptr_t *word, uint32_t reg)
{
	uint32_t d = away(at, word);

	return 0x10000000 | (d & 3) << 29 | (d >> 2 & 0x7ffff) << 5 | reg;
}

static uint32_t ldr(const uint32_t *at, const uintptr_t *word, uint32_t reg)
{
	return 0x58000000 | (away(at, word) >> 2 & 0x7ffff) << 5 | reg;
}

uintptr_t arch_entry_code(unsigned char *code, const uintptr_t *got, unsigned i)
{
	const uint32_t bti_c = 0xd503245f, udf = 0;
	uint32_t *at = (uint32_t *)(void *)code, *lazy = at + 4;

	for (unsigned k = 0; k < ARCH_ENTRY_SIZE / 4; k++)
		at[k] = udf;
	at[0] = bti_c;
	at[1] = ldr(&at[1], &got[3 + i], 16);
	at[2] = 0xd61f0200; /* br x16 */
	lazy[0] = bti_c;
	lazy[1] = adr(&lazy[1], &got[3 + i], 16);
	lazy[2] = 0xa9bf7bf0; /* stp x16, x30, [sp, #-16]! */
	lazy[3] = adr(&lazy[3], &got[2], 16);
	lazy[4] = ldr(&lazy[4], &got[2], 17);
	lazy[5] = 0xd61f0220; /* br x17 */
	return (uintptr_t)lazy;
}

/* Arm ARM B2.4 "Caches and memory hierarchy": clean the data lines to where
 * instructions are fetched from, then forget the old instructions. */
void arch_sync_code(uintptr_t lo, uintptr_t hi)
{
	uintptr_t ctr, dline, iline;

	__asm__ volatile("mrs %0, ctr_el0" : "=r"(ctr));
	dline = 4UL << (ctr >> 16 & 15);
	iline = 4UL << (ctr & 15);
	for (uintptr_t a = lo & ~(dline - 1); a < hi; a += dline)
		__asm__ volatile("dc cvau, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb ish" : : : "memory");
	for (uintptr_t a = lo & ~(iline - 1); a < hi; a += iline)
		__asm__ volatile("ic ivau, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
}
