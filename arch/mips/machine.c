/* MIPS: the part of self-relocation that is C, and the GOT words that lead
 * into the resolver. */
#include "arch.h"

#include <link.h>

/* Called by _start, before anything else: no globals, no calls, for both go
 * through the GOT that is being relocated.  rld was linked to address 0, so
 * its load bias is where it lies (psABI ch. 5 "Global Offset Table"). */
__attribute__((visibility("hidden"))) void
mips_relocate_self(uintptr_t base, const ElfW(Dyn) * dyn);

void mips_relocate_self(uintptr_t base, const ElfW(Dyn) * dyn)
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
