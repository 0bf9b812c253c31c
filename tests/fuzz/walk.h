/* SPDX-License-Identifier: MIT */
/* Everything the loader asks of an object whose dynamic section was accepted. */
#ifndef FUZZ_WALK_H
#define FUZZ_WALK_H

#include "elf/elf_file.h"
#include "elf/symbol.h"
#include "elf/version.h"
#include "tests/fuzz/fuzz.h"

static inline uint32_t walk_step(const struct elf_dyn *d, const char *name,
				 struct elf_walk *w)
{
	if (!elf_needs_sysv(d))
		return elf_walk_gnu(d, elf_gnu_hash(name), w);
	if (d->sysv.nbucket)
		return elf_walk_sysv(d, elf_sysv_hash(name), w);
	return 0;
}

static inline void walk_bytes(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		__asm__ volatile("" ::"r"(((const unsigned char *)p)[i]));
}

static inline void walk_symbol(const struct elf_dyn *d, uint32_t i)
{
	const ElfW(Sym) *s = &d->symtab[i];
	const char *name = elf_str(d, s->st_name);
	struct elf_walk w = { 0 };
	size_t steps = 0;
	uint32_t j;

	touch(name);
	if (d->versym)
		walk_bytes(&d->versym[i], sizeof d->versym[i]);
	if (!name)
		return;
	while ((j = walk_step(d, name, &w))) {
		if (j >= d->nsym || ++steps > d->nsym + d->gnu.nchain + 1)
			abort();
		touch(elf_str(d, d->symtab[j].st_name));
	}
}

static inline void walk_versions(const struct elf_dyn *d)
{
	const char *why = NULL;
	long n = elf_version_count(d, &why);
	struct elf_version *v;

	if (n < 0) {
		refused(why);
		return;
	}
	if (n > 0x8000)
		abort();
	v = malloc((size_t)n * sizeof *v + 1);
	if (!v)
		abort();
	elf_version_fill(d, v, (size_t)n);
	for (long i = 0; i < n && i < 64; i++) {
		touch(v[i].name);
		touch(v[i].file);
		if (v[i].name)
			(void)elf_version_defined(d, v[i].hash, v[i].name);
	}
	free(v);
}

static inline void walk_all(const struct elf_dyn *d)
{
	uintptr_t tag, flag;
	size_t pos = 0, needed = 0, filters = 0;
	const char *s;

	while ((s = elf_next_needed(d, &pos, &tag, &flag))) {
		touch(s);
		needed += tag == DT_NEEDED;
		filters += tag != DT_NEEDED;
	}
	if (needed != d->nneeded || filters != d->nfilter)
		abort();
	touch(d->soname);
	touch(d->rpath);
	touch(d->runpath);
	touch(d->mips_iversion);
	walk_bytes(d->rela, d->nrela * sizeof *d->rela);
	walk_bytes(d->rel, d->nrel * sizeof *d->rel);
	walk_bytes(d->relr, d->nrelr * sizeof *d->relr);
	walk_bytes(d->jmprel,
		   d->njmprel * (d->jmprel_is_rela ? sizeof(ElfW(Rela)) :
						     sizeof(ElfW(Rel))));
	if (d->nrelative > (d->nrela ? d->nrela : d->nrel))
		abort();
	for (size_t i = 0; i < d->nsym && i < 64; i++)
		walk_symbol(d, (uint32_t)i);
	if (d->nsym)
		walk_symbol(d, (uint32_t)d->nsym - 1);
	walk_versions(d);
}

#endif
