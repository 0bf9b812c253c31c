/* SPDX-License-Identifier: MIT */
/* GNU symbol versions (LSB "Symbol Versioning"). */
#ifndef ELF_VERSION_H
#define ELF_VERSION_H

#include "elf/elf_file.h"

/* What index i of the version table (versym & 0x7fff) stands for. */
struct elf_version {
	uint32_t hash;	 /* 0: local, global base, or not defined here */
	uint8_t is_def;	 /* from verdef; else from verneed */
	uint8_t is_weak; /* VER_FLG_WEAK need */
	uint16_t pad;
	const char *name; /* in the string table */
	const char *file; /* verneed: the soname that should define it */
};

/* One past the highest version index that d's tables mention, 0 if it has
 * none, -1 (with *why) if they are malformed. */
long elf_version_count(const struct elf_dyn *d, const char **why);

/* The same, filling v[0..n-1] on the way as far as it reaches. */
long elf_version_read(const struct elf_dyn *d, struct elf_version *v, size_t n,
		      const char **why);

/* Fill v[0..n-1], n as returned by elf_version_count on the same tables. */
void elf_version_fill(const struct elf_dyn *d, struct elf_version *v, size_t n);

/* Is version (hash, name) among d's definitions?  The base definition, which
 * names the object itself, counts. */
int elf_version_defined(const struct elf_dyn *d, uint32_t hash,
			const char *name);

#endif
