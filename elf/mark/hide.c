/* SPDX-License-Identifier: MIT */
/* Hiding symbols that stay in .dynsym.  What the gABI (ch. 4, "Symbol
 * Visibility") says a linker would do, remove them, is not tried: hash tables,
 * versions and relocations keep their indices. */
#include "hide.h"

#include <string.h>

#include "dynamic.h"

/* The dynamic symbol table. */
struct symtab {
	Elf_Data *data;
	size_t count;
	size_t off;    /* in buf */
	size_t strndx; /* section of its names */
};

static int open_dynsym(struct image *im, struct symtab *t)
{
	size_t s = mark_find_section(im, SHT_DYNSYM);
	const GElf_Dyn *d = mark_dyn_find(im, DT_SYMTAB);

	if (s == 0 || !d || d->d_un.d_ptr != im->sh[s].sh_addr)
		return mark_fail(
			im->err,
			"no section .dynsym that agrees with DT_SYMTAB");
	t->data = mark_section_data(im, s);
	if (!t->data)
		return -1;
	t->count = im->sh[s].sh_size / mark_fsize(im, ELF_T_SYM);
	t->off = im->sh[s].sh_offset;
	t->strndx = im->sh[s].sh_link;
	return 0;
}

/* Symbol i if it is a definition that others could see; its name, or NULL. */
static const char *exported(struct image *im, const struct symtab *t, size_t i,
			    GElf_Sym *sym)
{
	if (!gelf_getsym(t->data, (int)i, sym) || sym->st_shndx == SHN_UNDEF ||
	    GELF_ST_BIND(sym->st_info) == STB_LOCAL)
		return NULL;
	return elf_strptr(im->elf, t->strndx, sym->st_name);
}

/* st_other of symbol i as it is by now. */
static unsigned char *other(struct image *im, const struct symtab *t, size_t i)
{
	size_t field = im->eh.e_ident[EI_CLASS] == ELFCLASS64 ?
			       offsetof(Elf64_Sym, st_other) :
			       offsetof(Elf32_Sym, st_other);

	return im->buf + t->off + i * mark_fsize(im, ELF_T_SYM) + field;
}

static bool is_hidden(unsigned char st_other)
{
	unsigned v = GELF_ST_VISIBILITY(st_other);

	return v == STV_HIDDEN || v == STV_INTERNAL;
}

/* The upper bits of st_other belong to the machine and stay. */
static void set_visibility(unsigned char *st_other, unsigned visibility)
{
	*st_other = (unsigned char)((*st_other & ~3u) | visibility);
}

int mark_hide(struct image *im, const char *name)
{
	bool undefined = false, found = false;
	struct symtab t;

	if (open_dynsym(im, &t))
		return -1;
	for (size_t i = 1; i < t.count; i++) {
		GElf_Sym sym = { 0 };
		const char *s = exported(im, &t, i, &sym);

		if (s && strcmp(s, name) == 0) {
			found = true;
			if (!is_hidden(*other(im, &t, i)))
				set_visibility(other(im, &t, i), STV_HIDDEN);
		} else if (!s && sym.st_shndx == SHN_UNDEF) {
			s = elf_strptr(im->elf, t.strndx, sym.st_name);
			undefined |= s && strcmp(s, name) == 0;
		}
	}
	if (found)
		return 0;
	return mark_fail(im->err,
			 undefined ?
				 "symbol %s is not defined here, only used" :
				 "has no dynamic symbol %s",
			 name);
}

int mark_unhide(struct image *im, struct marks *m, const char *name)
{
	bool found = mark_hidden_drop(m, name);
	struct symtab t;

	if (open_dynsym(im, &t))
		return -1;
	for (size_t i = 1; i < t.count; i++) {
		GElf_Sym sym = { 0 };
		const char *s = exported(im, &t, i, &sym);

		if (!s || strcmp(s, name) != 0)
			continue;
		found = true;
		if (is_hidden(*other(im, &t, i)))
			set_visibility(other(im, &t, i), STV_DEFAULT);
	}
	return found ? 0 :
		       mark_fail(im->err,
				 "has no dynamic symbol %s defined here", name);
}

int mark_each_hidden(struct image *im, void (*fn)(const char *name, void *arg),
		     void *arg)
{
	struct symtab t;

	if (im->nsh == 0)
		return 0;
	if (open_dynsym(im, &t))
		return -1;
	for (size_t i = 1; i < t.count; i++) {
		GElf_Sym sym = { 0 };
		const char *s = exported(im, &t, i, &sym);

		if (s && is_hidden(*other(im, &t, i)))
			fn(s, arg);
	}
	return 0;
}
