/* SPDX-License-Identifier: MIT */
/* The build-id among an object's notes. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"

/* The build-id among the notes of one segment. */
static void id_in(const unsigned char *at, size_t left, struct rld_gone *g)
{
	while (left >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) n;
		size_t name, desc;

		memcpy(&n, at, sizeof n);
		at += sizeof n;
		left -= sizeof n;
		name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)n.n_descsz + 3) & ~(size_t)3;
		if (name > left || desc > left - name)
			return;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 &&
		    !memcmp(at, "GNU", 4)) {
			g->build_id_size = n.n_descsz < sizeof g->build_id ?
						   n.n_descsz :
						   sizeof g->build_id;
			memcpy(g->build_id, at + 4, g->build_id_size);
			return;
		}
		at += name + desc;
		left -= name + desc;
	}
}

void rld_build_id_in(const struct elf_view *v, struct rld_gone *g)
{
	for (size_t i = 0; i < v->phnum && !g->build_id_size; i++) {
		const void *at;
		size_t left;

		if (v->ph[i].p_type != PT_NOTE)
			continue;
		at = elf_at(v, v->ph[i].p_vaddr, &left);
		if (left > v->ph[i].p_filesz)
			left = v->ph[i].p_filesz;
		if (at)
			id_in(at, left, g);
	}
}

void rld_build_id(const struct dso *d, struct rld_gone *g)
{
	struct elf_view v = dso_view(&rld_state, d);

	rld_build_id_in(&v, g);
}
