/* SPDX-License-Identifier: MIT */
/* The first call through a slot. */
#ifndef RLD_CALL_H
#define RLD_CALL_H

#include "rld/base/base.h"
#include "rld/sym/sym.h"

#pragma GCC visibility push(hidden)

/* ---- slot.c */
uintptr_t rld_bind_slot(struct dso *d, uintptr_t index);
uintptr_t rld_bind_got(uintptr_t *got, uintptr_t index);

/* ---- lazy.c */
uintptr_t rld_bind_call(struct rld *r, struct dso *d, struct reloc rel);
/* hint: added to the message; NULL: nothing. */
_Noreturn void rld_unresolvable(struct rld *r, const char *object,
				const char *name, const char *hint);

/* ---- entry.c */
uintptr_t rld_entry_bind(struct dso *face, uintptr_t index);

#pragma GCC visibility pop

#endif
