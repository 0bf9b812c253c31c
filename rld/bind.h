/* Shared by the files that read relocations. */
#ifndef RLD_BIND_H
#define RLD_BIND_H

#include "rld/internal.h"

/* One entry, whatever table it came from; REL addends are read already. */
struct reloc {
	uintptr_t off, addend;
	uint32_t sym, type;
};

struct reloc rld_rel(const struct dso *d, const ElfW(Rel) * a);
struct reloc rld_jmprel(const struct dso *d, size_t i);
/* The reference that symbol sym of d makes; -1 when it is malformed. */
int rld_ref(const struct dso *d, uint32_t sym, struct ref *ref);
/* Where PLT slot i leads before it is bound, 0 when that is not known. */
uintptr_t rld_lazy_value(const struct dso *d, size_t i);
uintptr_t rld_trap_address(void);

#endif
