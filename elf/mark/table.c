/* SPDX-License-Identifier: MIT */
/* The program header table and its neighbours in the file. */
#include "table.h"

#include <string.h>

#include "dynamic.h"

#ifndef DT_MIPS_XHASH
#define DT_MIPS_XHASH 0x70000036
#endif
#ifndef SHT_MIPS_ABIFLAGS
#define SHT_MIPS_ABIFLAGS 0x7000002a
#endif
#ifndef SHT_MIPS_XHASH
#define SHT_MIPS_XHASH 0x7000002b
#endif

static uint64_t table_end(const struct image *im)
{
	return im->eh.e_phoff + im->nph * mark_fsize(im, ELF_T_PHDR);
}

/* ---- what may move ---- */

/* Sections that a running program finds through one dynamic entry. */
static const struct {
	GElf_Word type;
	GElf_Sxword tag;
	GElf_Half machine; /* 0: any */
} by_tag[] = {
	{ SHT_GNU_HASH, DT_GNU_HASH, 0 },
	{ SHT_HASH, DT_HASH, 0 },
	{ SHT_DYNSYM, DT_SYMTAB, 0 },
	{ SHT_STRTAB, DT_STRTAB, 0 },
	{ SHT_GNU_versym, DT_VERSYM, 0 },
	{ SHT_GNU_verdef, DT_VERDEF, 0 },
	{ SHT_GNU_verneed, DT_VERNEED, 0 },
	{ SHT_MIPS_XHASH, DT_MIPS_XHASH, EM_MIPS },
	{ SHT_MIPS_LIBLIST, DT_MIPS_LIBLIST, EM_MIPS },
};

/* Notes of tools, which they find through a program header.  Other notes may be
 * data that the program itself refers to. */
static const char *const tool_notes[] = {
	".note.gnu.property", ".note.gnu.build-id", ".note.ABI-tag",
	".note.package",      ".note.dlopen",	    ".note.rld",
};

static GElf_Dyn *tag_of(const struct image *im, const GElf_Shdr *s)
{
	for (size_t i = 0; i < sizeof by_tag / sizeof by_tag[0]; i++)
		if (by_tag[i].type == s->sh_type &&
		    (!by_tag[i].machine ||
		     by_tag[i].machine == im->eh.e_machine)) {
			GElf_Dyn *d = mark_dyn_find(im, by_tag[i].tag);

			if (d && d->d_un.d_ptr == s->sh_addr)
				return d;
		}
	return NULL;
}

/* Is the section exactly the contents of a segment of that type? */
static bool is_segment(const struct image *im, const GElf_Shdr *s,
		       GElf_Word type)
{
	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == type &&
		    im->ph[i].p_offset == s->sh_offset &&
		    im->ph[i].p_filesz == s->sh_size)
			return true;
	return false;
}

static bool is_movable(const struct image *im, size_t i)
{
	const GElf_Shdr *s = &im->sh[i];
	const char *name = mark_section_name(im, i);

	if (!(s->sh_flags & SHF_ALLOC) || (s->sh_flags & SHF_WRITE))
		return false;
	if (s->sh_type == SHT_NOTE) {
		for (size_t k = 0; k < sizeof tool_notes / sizeof *tool_notes;
		     k++)
			if (strcmp(name, tool_notes[k]) == 0)
				return true;
		return false;
	}
	if (s->sh_type == SHT_PROGBITS)
		return is_segment(im, s, PT_INTERP);
	if (im->eh.e_machine == EM_MIPS && s->sh_type == SHT_MIPS_ABIFLAGS)
		return is_segment(im, s, PT_MIPS_ABIFLAGS);
	if (im->eh.e_machine == EM_MIPS && s->sh_type == SHT_MIPS_REGINFO)
		return is_segment(im, s, PT_MIPS_REGINFO);
	if (im->eh.e_machine == EM_MIPS && s->sh_type == SHT_MIPS_OPTIONS)
		return mark_dyn_find(im, DT_MIPS_OPTIONS) == NULL;
	return tag_of(im, s) != NULL;
}

static bool section_in(const GElf_Shdr *s, const struct table_growth *g)
{
	return mark_in_file(s) && s->sh_offset >= g->lo && s->sh_offset < g->hi;
}

/* Segments that tell where something is, other than PT_PHDR itself. */
static bool points(const GElf_Phdr *p)
{
	return p->p_type != PT_LOAD && p->p_type != PT_PHDR &&
	       p->p_type != PT_NULL && p->p_filesz != 0;
}

static bool segment_in(const GElf_Phdr *p, const struct table_growth *g)
{
	return points(p) && p->p_offset >= g->lo && p->p_offset < g->hi;
}

/* ---- planning ---- */

/* Add [off, off + size) to what moves. */
static void include(struct table_growth *g, uint64_t off, uint64_t size,
		    uint64_t align)
{
	if (off < g->lo)
		g->lo = off;
	if (off + size > g->hi)
		g->hi = off + size;
	if (align > g->align)
		g->align = align;
}

static bool touches(uint64_t off, uint64_t size, uint64_t from, uint64_t to)
{
	return size != 0 && off < to && off + size > from;
}

/* Everything that overlaps [from, to), and whatever overlaps that. */
static int collect(struct image *im, uint64_t from, uint64_t to,
		   struct table_growth *g)
{
	uint64_t before;

	*g = (struct table_growth){ .lo = to, .hi = from, .align = 1 };
	do {
		before = to;
		for (size_t i = 1; i < im->nsh; i++) {
			const GElf_Shdr *s = &im->sh[i];

			if (i == im->eh.e_shstrndx || !mark_in_file(s) ||
			    !touches(s->sh_offset, s->sh_size, from, to))
				continue;
			if (!is_movable(im, i))
				return mark_fail(
					im->err,
					"no room for another program "
					"header: section %s is in the way",
					mark_section_name(im, i));
			include(g, s->sh_offset, s->sh_size, s->sh_addralign);
		}
		for (size_t i = 0; i < im->nph; i++) {
			const GElf_Phdr *p = &im->ph[i];

			if (points(p) &&
			    touches(p->p_offset, p->p_filesz, from, to))
				include(g, p->p_offset, p->p_filesz,
					p->p_align);
		}
		if (g->hi > to)
			to = g->hi;
	} while (to != before);
	if (g->lo >= g->hi)
		g->lo = g->hi = from;
	if (g->lo < from || (g->align & (g->align - 1)) || g->align > 0x1000)
		return mark_fail(im->err, "no room for another program header");
	return 0;
}

int mark_table_plan(struct image *im, size_t slots, struct table_growth *g)
{
	uint64_t from = table_end(im), to = from;
	bool mapped = false;

	for (size_t i = 0; i < im->nph && slots; i++)
		slots -= im->ph[i].p_type == PT_NULL;
	to += slots * mark_fsize(im, ELF_T_PHDR);
	if (im->nph + slots >= PN_XNUM)
		return mark_fail(im->err, "too many program headers");
	if (slots == 0) {
		*g = (struct table_growth){ .lo = from,
					    .hi = from,
					    .align = 1 };
		return 0;
	}
	if (collect(im, from, to, g))
		return -1;

	/* The table and its neighbours lie in one PT_LOAD, or in none. */
	for (size_t i = 0; i < im->nph; i++) {
		const GElf_Phdr *p = &im->ph[i];

		if (p->p_type != PT_LOAD ||
		    !touches(p->p_offset, p->p_filesz, im->eh.e_phoff,
			     g->hi > to ? g->hi : to))
			continue;
		if (p->p_offset > im->eh.e_phoff ||
		    p->p_offset + p->p_filesz < to)
			return mark_fail(im->err,
					 "no room for another program header "
					 "in the segment that holds them");
		g->vaddr = p->p_vaddr + (g->lo - p->p_offset);
		mapped = true;
	}
	if (!mapped && g->lo != g->hi)
		return mark_fail(im->err, "no room for another program header");
	return 0;
}

/* ---- moving ---- */

/* Section symbols and the like: their values are addresses. */
static int move_symbols(struct image *im, const struct table_growth *g,
			uint64_t delta)
{
	size_t field = im->eh.e_ident[EI_CLASS] == ELFCLASS64 ?
			       offsetof(Elf64_Sym, st_value) :
			       offsetof(Elf32_Sym, st_value);
	size_t size = mark_fsize(im, ELF_T_SYM);

	for (size_t i = 1; i < im->nsh; i++) {
		Elf_Data *d;
		GElf_Sym sym;

		if (im->sh[i].sh_type != SHT_SYMTAB &&
		    im->sh[i].sh_type != SHT_DYNSYM)
			continue;
		d = mark_section_data(im, i);
		if (!d)
			return -1;
		for (size_t k = 1; k < im->sh[i].sh_size / size; k++)
			if (gelf_getsym(d, (int)k, &sym) &&
			    sym.st_shndx < im->nsh &&
			    section_in(&im->sh[sym.st_shndx], g))
				mark_put_addr(im,
					      im->sh[i].sh_offset + k * size +
						      field,
					      sym.st_value + delta);
	}
	return 0;
}

int mark_table_move(struct image *im, const struct table_growth *g,
		    uint64_t off, uint64_t vaddr)
{
	uint64_t delta = vaddr - g->vaddr;

	if (g->lo == g->hi)
		return 0;
	if (move_symbols(im, g, delta))
		return -1;
	memmove(im->buf + off, im->buf + g->lo, g->hi - g->lo);
	memset(im->buf + g->lo, 0, g->hi - g->lo);
	for (size_t i = 1; i < im->nsh; i++) {
		GElf_Shdr *s = &im->sh[i];
		GElf_Dyn *d = tag_of(im, s);

		if (!section_in(s, g) || i == im->eh.e_shstrndx)
			continue;
		if (d)
			d->d_un.d_ptr += delta;
		s->sh_addr += delta;
		s->sh_offset += off - g->lo;
	}
	for (size_t i = 0; i < im->nph; i++)
		if (segment_in(&im->ph[i], g)) {
			im->ph[i].p_offset += off - g->lo;
			im->ph[i].p_vaddr += delta;
			im->ph[i].p_paddr += delta;
		}
	return 0;
}

int mark_table_add(struct image *im, size_t at, const GElf_Phdr *ph)
{
	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_NULL) {
			mark_image_drop_phdr(im, i);
			if (i < at)
				at--;
			break;
		}
	return mark_image_add_phdr(im, at, ph);
}

void mark_table_finish(struct image *im)
{
	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_PHDR)
			im->ph[i].p_filesz = im->ph[i].p_memsz =
				im->nph * mark_fsize(im, ELF_T_PHDR);
}
