/* SPDX-License-Identifier: MIT */
/* Where the first call through a slot arrives. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/call/call.h"
#include "rld/list/list.h"

/* Called by the machine's stub: d is what GOT[1] holds, index the entry of
 * DT_JMPREL.  Returns where the call goes on. */
uintptr_t rld_bind_slot(struct dso *d, uintptr_t index)
{
	struct rld *r = &rld_state;

	if (d->flags & D_ENTRIES)
		return rld_entry_bind(d, index);
	if (index >= d->dyn.njmprel)
		rld_unresolvable(r, dso_name(r, d), "?", NULL);
	return rld_bind_call(r, d, rld_jmprel(d, index));
}
#if ARCH_IMPLICIT_GOT
/* The same through an implicit GOT: index is the symbol's. */
uintptr_t rld_bind_got(uintptr_t *got, uintptr_t index)
{
	struct rld *r = &rld_state;
	struct dso *d;
	int k;

	if (got[1] & ARCH_GOT_MARK) {
		d = (struct dso *)(got[1] & ~ARCH_GOT_MARK);
	} else {
		k = rld_read_begin(r);
		d = rld_find_addr(r, (uintptr_t)got);
		rld_read_end(r, k);
		if (!d)
			rld_die(r, "a lazy stub of an unknown object");
	}
	if (index < d->dyn.mips_gotsym || index >= d->dyn.mips_symtabno)
		rld_unresolvable(r, dso_name(r, d), "?", NULL);
	return rld_bind_call(r, d, rld_got(d, index - d->dyn.mips_gotsym));
}
#endif
