/* SPDX-License-Identifier: MIT */
/* The implicit GOT of MIPS (psABI ch. 5 "Global Offset Table"): two reserved
 * words, then local entries, which move with the object, then one entry for
 * each dynamic symbol from DT_MIPS_GOTSYM on, in the symbols' order and without
 * a relocation.  To the rest of rld/ a global entry looks as if it had one:
 * a function slot where it holds a lazy stub's address, a data slot otherwise.
 * What a further GOT of the same object holds has real relocations. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"

#if ARCH_IMPLICIT_GOT

static uintptr_t *table(const struct dso *d)
{
	return (uintptr_t *)(d->lm.l_addr + d->dyn.pltgot);
}

/* Do both parts lie in the object, and the symbols in their table? */
static int sound(const struct dso *d)
{
	const struct elf_dyn *y = &d->dyn;
	size_t n = y->mips_symtabno - y->mips_gotsym;

	return y->pltgot % WORD == 0 && y->mips_gotsym <= y->mips_symtabno &&
	       y->mips_symtabno <= y->nsym &&
	       y->mips_local_gotno < (d->hi - d->lo) / WORD &&
	       n < (d->hi - d->lo) / WORD &&
	       place_ok(d, (uintptr_t)table(d),
			(y->mips_local_gotno + n) * WORD);
}

size_t rld_ngot(const struct dso *d)
{
	return d->dyn.pltgot && sound(d) ?
		       d->dyn.mips_symtabno - d->dyn.mips_gotsym :
		       0;
}

int rld_got_open(struct pass *p, struct dso *d)
{
	uintptr_t *got = table(d), bias = d->lm.l_addr;
	size_t reserved, n = d->dyn.mips_local_gotno;

	if (!d->dyn.pltgot)
		return 0;
	if (!sound(d))
		return rld_fail(p->e,
				"%s: has a global offset table outside its "
				"segments",
				dso_name(p->r, d));
	/* without GNU's mark the second word is an ordinary entry */
	reserved = n > 1 && got[1] & ARCH_GOT_MARK ? 2 : 1;
	for (size_t i = reserved; bias && i < n; i++)
		got[i] += bias;
	if (n)
		arch_lazy_stubs(got, d);
	return 0;
}

struct reloc rld_got(const struct dso *d, size_t i)
{
	size_t sym = d->dyn.mips_gotsym + i;
	uintptr_t off = d->dyn.pltgot + (d->dyn.mips_local_gotno + i) * WORD;

	return (struct reloc){ off, 0, (uint32_t)sym,
			       arch_got_is_lazy(&d->dyn.symtab[sym]) ?
				       ARCH_R_GOT_CALL :
				       ARCH_R_GOT_DATA };
}

uintptr_t rld_got_lazy(const struct dso *d, size_t i)
{
	const ElfW(Sym) *s = &d->dyn.symtab[d->dyn.mips_gotsym + i];

	return arch_got_is_lazy(s) ? d->lm.l_addr + s->st_value : 0;
}

#endif
