/* SPDX-License-Identifier: MIT */
/* Where new parts of a file go.  The program header table stays where it is,
 * because strip and objcopy always write it right after the ELF header; it grows
 * over what follows it there, sections that nothing but headers and the dynamic
 * section points at (.interp, notes, .gnu.hash, ...), and these move to the new
 * place together with the part (table.c).
 *
 * The new place is, by preference, the unused end of a read-only segment's last
 * page: no new mapping, and brk is not touched.  Failing that it is a new
 * read-only PT_LOAD after all others. */
#include "place.h"

#include <assert.h>
#include <string.h>

#include "../rldnote.h"
#include "table.h"

#define PART_ALIGN 4u
#define MIN_PAGE   0x1000u

/* A place in the file and in memory. */
struct area {
	size_t load;	     /* PT_LOAD to be lengthened; nph: a new one */
	uint64_t off, vaddr; /* its first byte */
};

/* ---- where there is room ---- */

/* File offset up to which bytes from off on are used by nothing. */
static uint64_t next_used(const struct image *im, uint64_t off)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < im->nph; i++) {
		const GElf_Phdr *p = &im->ph[i];

		if (p->p_filesz && p->p_offset + p->p_filesz > off &&
		    p->p_offset < next)
			next = p->p_offset;
	}
	for (size_t i = 1; i < im->nsh; i++) {
		const GElf_Shdr *s = &im->sh[i];

		if (i != im->eh.e_shstrndx && mark_in_file(s) &&
		    s->sh_offset + s->sh_size > off && s->sh_offset < next)
			next = s->sh_offset;
	}
	if (im->eh.e_phoff >= off && im->eh.e_phoff < next)
		next = im->eh.e_phoff;
	return next < off ? off : next;
}

static uint64_t page_size(const struct image *im)
{
	uint64_t page = MIN_PAGE;

	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_LOAD && im->ph[i].p_align > page)
			page = im->ph[i].p_align;
	return page;
}

static uint64_t highest_vaddr(const struct image *im)
{
	return im->eh.e_ident[EI_CLASS] == ELFCLASS64 ? INT64_MAX : UINT32_MAX;
}

/* Bytes by which PT_LOAD i can grow in memory: up to the page of the next. */
static uint64_t room_in_memory(const struct image *im, size_t i)
{
	uint64_t end = im->ph[i].p_vaddr + im->ph[i].p_memsz;
	uint64_t page = page_size(im), limit = highest_vaddr(im);

	for (size_t j = i + 1; j < im->nph; j++)
		if (im->ph[j].p_type == PT_LOAD) {
			limit = im->ph[j].p_vaddr & ~(page - 1);
			break;
		}
	return limit > end ? limit - end : 0;
}

static uint64_t room_in_file(const struct image *im, size_t i)
{
	uint64_t end = im->ph[i].p_offset + im->ph[i].p_filesz;
	uint64_t next = next_used(im, end);

	for (uint64_t o = end; o < next && o < im->len; o++)
		if (im->buf[o] != 0) /* in use after all? */
			return o - end;
	return next - end;
}

/* A PT_LOAD with these p_flags that can take size bytes at its end; one that
 * a note made for itself and has just left, if empty. */
static bool find_slack(const struct image *im, GElf_Word flags, bool empty,
		       uint64_t size, struct area *a)
{
	for (size_t i = 0; i < im->nph; i++) {
		const GElf_Phdr *p = &im->ph[i];

		if (p->p_type != PT_LOAD || p->p_flags != flags ||
		    p->p_filesz != p->p_memsz || empty != (p->p_filesz == 0) ||
		    ((p->p_vaddr - p->p_offset) & (MIN_PAGE - 1)) ||
		    room_in_memory(im, i) < size || room_in_file(im, i) < size)
			continue;
		*a = (struct area){ i, p->p_offset + p->p_filesz,
				    p->p_vaddr + p->p_memsz };
		return true;
	}
	return false;
}

/* A new PT_LOAD at the end of file and memory.  The offset is congruent to the
 * address (gABI ch. 5, "Program Header") by choosing the address. */
static int find_end(struct image *im, uint64_t size, struct area *a)
{
	uint64_t page = page_size(im), end = 0;

	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_LOAD)
			end = im->ph[i].p_vaddr + im->ph[i].p_memsz;
	a->load = im->nph;
	a->off = mark_align(im->len, 16);
	a->vaddr = mark_align(end, page) + (a->off & (page - 1));
	if (a->vaddr < end || a->vaddr > highest_vaddr(im) - size)
		return mark_fail(im->err,
				 "no addresses left for another segment");
	return 0;
}

/* ---- making the place ---- */

/* Where the parts lie in the area, from its start. */
struct layout {
	uint64_t block; /* what the table pushes away */
	uint64_t part, size;
};

static struct layout lay_out(const struct area *a, const struct table_growth *g,
			     uint64_t size)
{
	struct layout l;

	/* The block keeps its offset modulo its alignment, so that all parts
	 * of it stay aligned. */
	l.block = (g->lo - a->off) & (g->align - 1);
	l.part = mark_align(a->off + l.block + (g->hi - g->lo), PART_ALIGN) -
		 a->off;
	l.size = l.part + size;
	return l;
}

static bool fits_slack(const struct image *im, const struct table_growth *g,
		       uint64_t part, struct area *a)
{
	/* The start is not known before the area is: allow for padding. */
	uint64_t size = g->align + (g->hi - g->lo) + PART_ALIGN + part;

	return find_slack(im, PF_R, true, size, a) ||
	       find_slack(im, PF_R, false, size, a) ||
	       find_slack(im, PF_R | PF_X, false, size, a);
}

/* Decide on area, size and growth; a new segment needs a program header. */
static int choose(struct image *im, size_t slots, uint64_t min, uint64_t *size,
		  struct table_growth *g, struct area *a)
{
	if (mark_table_plan(im, slots, g))
		return -1;
	if (fits_slack(im, g, *size, a))
		return 0;
	if (fits_slack(im, g, min, a)) {
		*size = min;
		return 0;
	}
	if (mark_table_plan(im, slots + 1, g))
		return -1;
	return find_end(
		im, lay_out(&(struct area){ 0 }, g, *size).size + g->align, a);
}

static int map_area(struct image *im, const struct area *a, uint64_t size)
{
	GElf_Phdr load = { .p_type = PT_LOAD, .p_flags = PF_R };
	size_t at = 0;

	if (a->off + size > im->len && mark_image_resize(im, a->off + size))
		return -1;
	if (a->load < im->nph) {
		im->ph[a->load].p_filesz += size;
		im->ph[a->load].p_memsz += size;
		return 0;
	}
	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_LOAD)
			at = i + 1;
	load.p_offset = a->off;
	load.p_vaddr = load.p_paddr = a->vaddr;
	load.p_filesz = load.p_memsz = size;
	load.p_align = page_size(im);
	return mark_table_add(im, at, &load);
}

int mark_place(struct image *im, size_t slots, uint64_t min, uint64_t want,
	       struct place *p)
{
	struct table_growth g;
	struct layout l;
	struct area a;

	p->size = want;
	if (mark_image_unlay(im) || choose(im, slots, min, &p->size, &g, &a))
		return -1;
	l = lay_out(&a, &g, p->size);
	if (map_area(im, &a, l.size) ||
	    mark_table_move(im, &g, a.off + l.block, a.vaddr + l.block))
		return -1;
	mark_table_finish(im);
	p->off = a.off + l.part;
	p->vaddr = a.vaddr + l.part;
	return 0;
}

void mark_release(struct image *im, uint64_t off, uint64_t size)
{
	memset(im->buf + off, 0, size);
	for (size_t i = 0; i < im->nph; i++) {
		GElf_Phdr *p = &im->ph[i];

		if (p->p_type == PT_LOAD && p->p_filesz == p->p_memsz &&
		    p->p_offset <= off &&
		    p->p_offset + p->p_filesz == off + size) {
			p->p_filesz -= size;
			p->p_memsz = p->p_filesz;
		}
	}
}

/* ---- a note ---- */

/* The section that is exactly the note, so that strip and objcopy know it. */
static GElf_Shdr *note_section(struct image *im, const struct note_at *old)
{
	for (size_t i = 1; old && i < im->nsh; i++)
		if (im->sh[i].sh_type == SHT_NOTE &&
		    im->sh[i].sh_offset == old->off)
			return &im->sh[i];
	return mark_image_add_section(im, RLDNOTE_SECTION);
}

static GElf_Phdr *own_phdr(const struct image *im, const struct note_at *old)
{
	size_t i = 0;

	while (im->ph[i].p_type != PT_NOTE || im->ph[i].p_offset != old->off) {
		i++;
		assert(i < im->nph);
	}
	return &im->ph[i];
}

/* The segment that the old note had to itself, if the new one is elsewhere. */
static void void_empty_load(struct image *im, const struct note_at *old)
{
	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_LOAD && im->ph[i].p_memsz == 0 &&
		    im->ph[i].p_offset == old->off)
			im->ph[i] = (GElf_Phdr){ .p_type = PT_NULL };
}

int mark_place_note(struct image *im, const struct note_at *old, uint64_t min,
		    uint64_t want, uint64_t *desc, uint64_t *descsz)
{
	GElf_Phdr note = { .p_type = PT_NOTE,
			   .p_flags = PF_R,
			   .p_align = PART_ALIGN };
	struct place p;
	GElf_Shdr *s;

	if (mark_image_unlay(im))
		return -1;
	s = note_section(im, old);
	if (!s)
		return -1;
	s->sh_size = 0;
	if (old) { /* so that it can be lengthened where it is */
		im->ph[old->phdr].p_filesz = 0;
		mark_release(im, old->off, old->desc + old->descsz - old->off);
	}
	if (mark_place(im, old ? 0 : 1, mark_note_size(min),
		       mark_note_size(want), &p))
		return -1;
	*descsz = p.size - mark_note_size(0);
	note.p_offset = p.off;
	note.p_vaddr = note.p_paddr = p.vaddr;
	note.p_filesz = note.p_memsz = p.size;
	if (!old) {
		if (mark_table_add(im, im->nph, &note))
			return -1;
	} else {
		*own_phdr(im, old) = note;
		void_empty_load(im, old);
	}
	*s = (GElf_Shdr){ .sh_name = s->sh_name,
			  .sh_type = SHT_NOTE,
			  .sh_flags = SHF_ALLOC,
			  .sh_addr = note.p_vaddr,
			  .sh_offset = note.p_offset,
			  .sh_size = note.p_filesz,
			  .sh_addralign = PART_ALIGN };
	mark_put_nhdr(im, note.p_offset, *descsz);
	*desc = note.p_offset + mark_note_size(0);
	mark_table_finish(im);
	return 0;
}
