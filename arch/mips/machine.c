/* SPDX-License-Identifier: MIT */
/* MIPS: the part of self-relocation that is C, and the GOT words that lead
 * into the resolver. */
#include "arch.h"

#include <link.h>

/* Called by _start, before anything else: no globals, no calls, for both go
 * through the GOT that is being relocated.  rld was linked to address 0, so
 * its load bias is where it lies (psABI ch. 5 "Global Offset Table"). */
__attribute__((visibility("hidden"))) void
mips_relocate_self(uintptr_t base, const ElfW(Dyn) *dyn);

void mips_relocate_self(uintptr_t base, const ElfW(Dyn) *dyn)
{
	uintptr_t *got = NULL;
	const ElfW(Sym) *sym = NULL;
	const ElfW(Rel) *rel = NULL;
	uintptr_t local = 0, first = 0, nsym = 0, size = 0;

	for (; dyn->d_tag != DT_NULL; dyn++) {
		uintptr_t v = dyn->d_un.d_val;

		/* no switch: its table would need the GOT */
		if (dyn->d_tag == DT_PLTGOT)
			got = (uintptr_t *)(base + v);
		else if (dyn->d_tag == DT_SYMTAB)
			sym = (const ElfW(Sym) *)(base + v);
		else if (dyn->d_tag == DT_REL)
			rel = (const ElfW(Rel) *)(base + v);
		else if (dyn->d_tag == DT_RELSZ)
			size = v;
		else if (dyn->d_tag == DT_MIPS_LOCAL_GOTNO)
			local = v;
		else if (dyn->d_tag == DT_MIPS_GOTSYM)
			first = v;
		else if (dyn->d_tag == DT_MIPS_SYMTABNO)
			nsym = v;
	}
	for (uintptr_t i = got[1] & ARCH_GOT_MARK ? 2 : 1; i < local; i++)
		got[i] += base;
	for (uintptr_t i = first; i < nsym; i++)
		if (sym[i].st_shndx != SHN_UNDEF)
			got[local + i - first] = sym[i].st_value + base;
	for (; size >= sizeof *rel; size -= sizeof *rel, rel++)
		if (ARCH_R_TYPE(rel->r_info) == MIPS_R_RELATIVE)
			*(uintptr_t *)(base + rel->r_offset) += base;
}

void arch_lazy_got(uintptr_t *got, struct dso *d)
{
	got[0] = (uintptr_t)arch_resolve;
	got[1] = (uintptr_t)d;
}

void arch_lazy_stubs(uintptr_t *got, struct dso *d)
{
	got[0] = (uintptr_t)arch_resolve_stub;
	if (got[1] & ARCH_GOT_MARK)
		got[1] = (uintptr_t)d | ARCH_GOT_MARK;
}

/* Code for entry points, put together by hand: opcodes of the MIPS
 * architecture, volume II. */
enum { T6 = 14, T7 = 15, T8 = 24, T9 = 25, GP = 28, RA = 31 };

static uint32_t *immediate(uint32_t *at, uint32_t op, unsigned base,
			   unsigned to, uintptr_t value)
{
	*at++ = op << 26 | base << 21 | to << 16 | (uint32_t)(value & 0xffff);
	return at;
}

/* to = value, but for its low 16 bits; a displacement of those, signed, gives
 * the rest. */
static uint32_t *load_high(uint32_t *at, unsigned to, uintptr_t value)
{
	uintptr_t high = value + 0x8000;
#if __SIZEOF_POINTER__ == 8
	const uint32_t daddiu = 0x19, shift = (uint32_t)to << 16 |
					      (uint32_t)to << 11 | 16 << 6 |
					      0x38;

	/* lui sign-extends; what a later half borrows, an earlier one lends */
	at = immediate(at, 0x0f, 0, to, (value + 0x800080008000) >> 48);
	at = immediate(at, daddiu, to, to, (value + 0x80008000) >> 32);
	*at++ = shift; /* dsll to, to, 16 */
	at = immediate(at, daddiu, to, to, high >> 16);
	*at++ = shift;
#else
	at = immediate(at, 0x0f, 0, to, high >> 16); /* lui */
#endif
	return at;
}

static uint32_t *jump(uint32_t *at, unsigned reg, uint32_t delay)
{
	*at++ = reg << 21 | 0x08; /* jr */
	*at++ = delay;
	return at;
}

uintptr_t arch_entry_code(unsigned char *code, const uintptr_t *got, unsigned i)
{
	const uint32_t word = __SIZEOF_POINTER__ == 8 ? 0x37 :
							0x23; /* ld, lw */
	const uint32_t add = __SIZEOF_POINTER__ == 8 ? 0x19 : 0x09;
	/* where arch_resolve expects the GOT's address */
	const unsigned table = _MIPS_SIM == _ABIO32 ? GP : T6;
	uintptr_t slot = (uintptr_t)&got[3 + i];
	uint32_t *at = (uint32_t *)(void *)code;
	uint32_t *lazy;

	for (unsigned k = 0; k < ARCH_ENTRY_SIZE / 4; k++)
		at[k] = 0x0d; /* break */
	at = load_high(at, T9, slot);
	at = immediate(at, word, T9, T9, slot);
	lazy = at = jump(at, T9, 0);
	at = load_high(at, table, (uintptr_t)got);
	at = immediate(at, add, table, table, (uintptr_t)got);
	at = immediate(at, word, table, T9, 0);
	at = immediate(at, 0x0d, 0, T8, i);			      /* ori */
	jump(at, T9, (uint32_t)RA << 21 | (uint32_t)T7 << 11 | 0x25); /* or */
	return (uintptr_t)lazy;
}

/* Only o32 has more than one mode; its old kernels have FR0 alone, and do not
 * know these calls (Linux 4.0). */
long arch_abi_enter(unsigned modes)
{
#if _MIPS_SIM == _ABIO32
	const long set = 45, get = 46; /* PR_SET_FP_MODE, PR_GET_FP_MODE */
	static const struct {
		unsigned mode;
		long value; /* PR_FP_MODE_FR 1, PR_FP_MODE_FRE 2 */
	} known[] = { { MIPS_FR0, 0 }, { MIPS_FR1, 1 }, { MIPS_FRE, 3 } };
	long now = arch_syscall6(__NR_prctl, get, 0, 0, 0, 0, 0), err = 0;

	if (now < 0 && modes & MIPS_FR0)
		return 0;
	if (now < 0)
		return now;
	for (unsigned i = 0; i < 3; i++)
		if (modes & known[i].mode && now == known[i].value)
			return 0;
	for (unsigned i = 0; i < 3; i++) {
		if (!(modes & known[i].mode))
			continue;
		err = arch_syscall6(__NR_prctl, set, known[i].value, 0, 0, 0,
				    0);
		if (!err)
			return 0;
	}
	return err;
#else
	(void)modes;
	return 0;
#endif
}
