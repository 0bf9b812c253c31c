/* SPDX-License-Identifier: MIT */
/* DT_MIPS_LIBLIST: an array of Elf32_Lib, alike in all three ABIs, with an entry
 * for each DT_NEEDED (IRIX <elf.h>; SVR4 MIPS psABI supplement, ch. 5 "Dynamic
 * Section").  IRIX's linker wrote it; today's write none.  Names and versions
 * are strings of .dynstr, which has to grow for a version that it lacks.
 *
 * A list that a linker made keeps what is not ours: time stamps, checksums and
 * the flag LL_DELTA. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "liblist.h"

#include <stdlib.h>
#include <string.h>

#include "dynamic.h"
#include "place.h"
#include "table.h"

/* LL_ flags that a liblist entry and the note have in common. */
#define LIBLIST_FLAGS                                                         \
	(LL_EXACT_MATCH | LL_IGNORE_INT_VER | LL_REQUIRE_MINOR | LL_EXPORTS | \
	 LL_DELAY_LOAD)

#define LIB_WORDS (sizeof(Elf32_Lib) / sizeof(Elf32_Word))

/* The name that IRIX and binutils have for the section. */
#define SECTION ".liblist"

/* Room for version strings that may come later, bytes. */
#define SPARE_STRINGS 64

_Static_assert(sizeof(Elf32_Lib) == 5 * sizeof(Elf32_Word), "words only");

/* ---- the list that is there ---- */

struct list {
	Elf32_Lib *lib; /* as the file was read; libelf's */
	size_t n;
	uint64_t off; /* in the file */
};

/* n is 0 if there is none, or none inside the file. */
static struct list old_list(struct image *im)
{
	const GElf_Dyn *list = mark_dyn_find(im, DT_MIPS_LIBLIST);
	const GElf_Dyn *num = mark_dyn_find(im, DT_MIPS_LIBLISTNO);
	struct list l = { 0 };
	Elf_Data *d;

	if (im->eh.e_machine != EM_MIPS || !list || !num ||
	    num->d_un.d_val == 0 || num->d_un.d_val > UINT32_MAX ||
	    list->d_un.d_ptr % sizeof(Elf32_Word) ||
	    mark_vaddr_to_off(im, list->d_un.d_ptr,
			      num->d_un.d_val * sizeof(Elf32_Lib), &l.off))
		return l;
	d = mark_raw_data(im, l.off, num->d_un.d_val * sizeof(Elf32_Lib),
			  ELF_T_WORD);
	if (d) {
		l.lib = d->d_buf;
		l.n = num->d_un.d_val;
	}
	return l;
}

int mark_liblist_read(struct image *im, struct marks *m, size_t fromnote)
{
	struct list old = old_list(im);

	for (size_t i = 0; i < old.n; i++) {
		const char *name = mark_dyn_string(im, old.lib[i].l_name);
		const char *want = mark_dyn_string(im, old.lib[i].l_version);
		struct mark_lib *l;

		if (!name || !mark_needs(im, name))
			continue;
		l = mark_lib(m, name, im->err);
		if (!l)
			return -1;
		if (old.lib[i].l_flags & LL_DELAY_LOAD)
			l->carriers |= CARRIER_LIBLIST;
		if ((size_t)(l - m->lib) < fromnote)
			continue;
		l->flags |= old.lib[i].l_flags & LIBLIST_FLAGS;
		if (!l->want && mark_set_string(&l->want, want, im->err))
			return -1;
	}
	return 0;
}

/* ---- strings of versions ---- */

static uint64_t tag_value(const struct image *im, GElf_Sxword tag)
{
	const GElf_Dyn *d = mark_dyn_find(im, tag);

	return d ? d->d_un.d_val : 0;
}

/* The bytes of .dynstr as they are by now; mark_image_load has found some. */
static unsigned char *strings(const struct image *im, size_t *size)
{
	uint64_t off;

	*size = tag_value(im, DT_STRSZ);
	if (mark_vaddr_to_off(im, tag_value(im, DT_STRTAB), *size, &off))
		return NULL;
	return im->buf + off;
}

/* Offset of a string in .dynstr, 0 if it is not there. */
static Elf32_Word find_string(const struct image *im, const char *s)
{
	size_t size;
	const unsigned char *str = strings(im, &size), *at;

	at = str ? memmem(str, size, s, strlen(s) + 1) : NULL;
	return at ? (Elf32_Word)(at - str) : 0;
}

/* First byte of .dynstr behind its last string, or size if that is the end. */
static size_t end_of_strings(const unsigned char *str, size_t size)
{
	while (size > 1 && str[size - 1] == '\0' && str[size - 2] == '\0')
		size--;
	return size;
}

/* Index of .dynstr, or 0. */
static size_t dynstr_section(const struct image *im)
{
	for (size_t i = 1; i < im->nsh; i++)
		if (im->sh[i].sh_type == SHT_STRTAB &&
		    im->sh[i].sh_addr == tag_value(im, DT_STRTAB))
			return i;
	return 0;
}

/* Move .dynstr to a place with add bytes more; false if that cannot be. */
static bool grow_strings(struct image *im, size_t add)
{
	GElf_Dyn *size = mark_dyn_find(im, DT_STRSZ);
	size_t i = dynstr_section(im);
	struct table_growth whole;
	struct place p;

	if (i == 0 || im->sh[i].sh_size != size->d_un.d_val ||
	    mark_place(im, 0, size->d_un.d_val + add, size->d_un.d_val + add,
		       &p))
		return false;
	whole = (struct table_growth){ .lo = im->sh[i].sh_offset,
				       .hi = im->sh[i].sh_offset +
					     im->sh[i].sh_size,
				       .align = 1,
				       .vaddr = im->sh[i].sh_addr };
	if (mark_table_move(im, &whole, p.off, p.vaddr))
		return false;
	mark_release(im, whole.lo, whole.hi - whole.lo);
	im->sh[i].sh_size = size->d_un.d_val = p.size;
	return true;
}

/* Make .dynstr hold the versions that m wants, as far as it can. */
static void add_strings(struct image *im, const struct marks *m)
{
	size_t need = 0, size, end;
	unsigned char *str;

	for (size_t i = 0; i < m->nlib; i++)
		if (m->lib[i].want && !find_string(im, m->lib[i].want))
			need += strlen(m->lib[i].want) + 1;
	str = strings(im, &size);
	if (need == 0 || !str)
		return;
	if (size - end_of_strings(str, size) < need &&
	    !grow_strings(im, need + SPARE_STRINGS))
		return;
	str = strings(im, &size);
	end = end_of_strings(str, size);
	for (size_t i = 0; i < m->nlib; i++) {
		const char *want = m->lib[i].want;

		if (!want || find_string(im, want))
			continue;
		memcpy(str + end, want, strlen(want) + 1);
		end += strlen(want) + 1;
	}
}

/* ---- making it ---- */

static bool says_something(const struct marks *m)
{
	for (size_t i = 0; i < m->nlib; i++)
		if ((m->lib[i].flags & LIBLIST_FLAGS) || m->lib[i].want)
			return true;
	return false;
}

static size_t count_needed(const struct image *im)
{
	size_t n = 0;

	for (size_t i = mark_dyn_count(im); i-- > 0;)
		n += im->dyn[i].d_tag == DT_NEEDED;
	return n;
}

bool mark_liblist_wanted(struct image *im, const struct marks *m)
{
	return im->eh.e_machine == EM_MIPS && says_something(m) &&
	       old_list(im).n == 0;
}

/* What m and an entry that is there say of one library. */
static Elf32_Lib entry(const struct image *im, const struct marks *m,
		       const struct list *old, Elf32_Word name)
{
	const char *s = mark_dyn_string(im, name);
	const struct mark_lib *l = s ? mark_lib_find(m, s) : NULL;
	Elf32_Lib e = { .l_name = name };

	for (size_t i = 0; s && i < old->n; i++) {
		const char *t = mark_dyn_string(im, old->lib[i].l_name);

		if (!t || strcmp(s, t) != 0)
			continue;
		e = old->lib[i];
		e.l_flags &= ~(Elf32_Word)LIBLIST_FLAGS;
		e.l_version = 0;
		break;
	}
	if (l)
		e.l_flags |= l->flags & LIBLIST_FLAGS;
	if (l && l->want)
		e.l_version = find_string(im, l->want);
	return e;
}

static void put_entry(const struct image *im, uint64_t off, const Elf32_Lib *e)
{
	Elf32_Word w[LIB_WORDS];

	memcpy(w, e, sizeof w);
	for (size_t k = 0; k < LIB_WORDS; k++)
		mark_put_word(im, off + k * sizeof w[0], w[k]);
}

/* Only the entries that are there. */
static void rewrite(struct image *im, const struct marks *m,
		    const struct list *old)
{
	for (size_t i = 0; i < old->n; i++) {
		const char *s = mark_dyn_string(im, old->lib[i].l_name);
		Elf32_Lib e = entry(im, m, old, old->lib[i].l_name);

		if (s && mark_needs(im, s))
			put_entry(im, old->off + i * sizeof e, &e);
	}
}

/* The section of the list, for strip and objcopy; old is where it was, or 0. */
static int put_section(struct image *im, uint64_t old, const struct place *p)
{
	GElf_Shdr *s = NULL;

	for (size_t i = 1; i < im->nsh; i++)
		if (im->sh[i].sh_type == SHT_MIPS_LIBLIST && old &&
		    im->sh[i].sh_addr == old)
			s = &im->sh[i];
	if (!s)
		s = mark_image_add_section(im, SECTION);
	if (!s)
		return -1;
	*s = (GElf_Shdr){ .sh_name = s->sh_name,
			  .sh_type = SHT_MIPS_LIBLIST,
			  .sh_flags = SHF_ALLOC,
			  .sh_addr = p->vaddr,
			  .sh_offset = p->off,
			  .sh_size = p->size,
			  .sh_link = (GElf_Word)dynstr_section(im),
			  .sh_info = (GElf_Word)(p->size / sizeof(Elf32_Lib)),
			  .sh_addralign = sizeof(Elf32_Word) };
	return 0;
}

/* Where n entries can go: *off; 1 if nowhere. */
static int make_room(struct image *im, const struct list *old, size_t n,
		     uint64_t *off)
{
	uint64_t size = n * sizeof(Elf32_Lib);
	uint64_t was = old->n ? tag_value(im, DT_MIPS_LIBLIST) : 0;
	struct place p;

	if (old->n >= n)
		return mark_vaddr_to_off(im, was, size, off) ? 1 : 0;
	if ((!mark_dyn_find(im, DT_MIPS_LIBLIST) ||
	     !mark_dyn_find(im, DT_MIPS_LIBLISTNO)) &&
	    mark_dyn_spare(im) < LIBLIST_TAGS)
		return 1;
	if (mark_place(im, 0, size, size, &p))
		return 1;
	if (put_section(im, was, &p))
		return -1;
	mark_dyn_set(im, DT_MIPS_LIBLIST, p.vaddr);
	*off = p.off;
	return 0;
}

int mark_liblist_write(struct image *im, const struct marks *m)
{
	struct list old = old_list(im);
	size_t n = count_needed(im), end, k = 0;
	uint64_t off;
	int none;

	if (im->eh.e_machine != EM_MIPS || n == 0)
		return 0;
	if (!says_something(m)) {
		rewrite(im, m, &old);
		return 0;
	}
	none = make_room(im, &old, n, &off);
	if (none)
		return none < 0 ? -1 : 0;
	mark_dyn_set(im, DT_MIPS_LIBLISTNO, n);
	add_strings(im, m);
	if (mark_vaddr_to_off(im, tag_value(im, DT_MIPS_LIBLIST),
			      n * sizeof(Elf32_Lib), &off))
		return mark_fail(im->err, "the liblist is nowhere");
	end = mark_dyn_count(im);
	for (size_t i = 0; i < end; i++)
		if (im->dyn[i].d_tag == DT_NEEDED) {
			Elf32_Lib e = entry(im, m, &old,
					    (Elf32_Word)im->dyn[i].d_un.d_val);

			put_entry(im, off + k++ * sizeof e, &e);
		}
	return 0;
}
