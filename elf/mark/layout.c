/* SPDX-License-Identifier: MIT */
/* Changing the size of a file's parts, and laying them out again. */
#include "image.h"

#include <stdlib.h>
#include <string.h>

int mark_image_resize(struct image *im, size_t len)
{
	unsigned char *p;

	if (len > im->len) {
		p = realloc(im->buf, len);
		if (!p)
			return mark_fail(im->err, "out of memory");
		memset(p + im->len, 0, len - im->len);
		im->buf = p;
	}
	im->len = len;
	return 0;
}

/* End of all that the headers tell of; floating parts (section headers and
 * names) count only if told so. */
static uint64_t end_of_file(const struct image *im, bool floating)
{
	uint64_t end = im->eh.e_phoff + im->nph * mark_fsize(im, ELF_T_PHDR);

	if (end < im->eh.e_ehsize)
		end = im->eh.e_ehsize;
	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_offset + im->ph[i].p_filesz > end)
			end = im->ph[i].p_offset + im->ph[i].p_filesz;
	for (size_t i = 1; i < im->nsh; i++)
		if (mark_in_file(&im->sh[i]) &&
		    (floating || i != im->eh.e_shstrndx) &&
		    im->sh[i].sh_offset + im->sh[i].sh_size > end)
			end = im->sh[i].sh_offset + im->sh[i].sh_size;
	if (floating) {
		uint64_t e =
			im->eh.e_shoff + im->nsh * mark_fsize(im, ELF_T_SHDR);

		if (e > end)
			end = e;
	}
	return end;
}

/* Does anything but section i use bytes in [off, off + size)? */
static bool shared(const struct image *im, size_t i, uint64_t off,
		   uint64_t size)
{
	if (off < im->eh.e_phoff + im->nph * mark_fsize(im, ELF_T_PHDR))
		return true;
	for (size_t j = 1; j < im->nsh; j++)
		if (j != i && mark_in_file(&im->sh[j]) &&
		    im->sh[j].sh_offset < off + size &&
		    off < im->sh[j].sh_offset + im->sh[j].sh_size)
			return true;
	return false;
}

int mark_image_unlay(struct image *im)
{
	size_t tabsize = im->nsh * mark_fsize(im, ELF_T_SHDR);
	uint64_t end = end_of_file(im, true);
	const GElf_Shdr *str;

	if (im->unlaid)
		return 0;
	if (im->nsh == 0)
		return mark_fail(im->err,
				 "has no section headers: cannot tell where "
				 "there is room for a note");
	str = &im->sh[im->eh.e_shstrndx];
	if (shared(im, 0, im->eh.e_shoff, tabsize) ||
	    shared(im, im->eh.e_shstrndx, str->sh_offset, str->sh_size))
		return mark_fail(im->err,
				 "section headers or their names overlap "
				 "something else");
	/* Self-extracting programs look for their data from the file's end. */
	for (uint64_t i = end; i < im->len; i++)
		if (im->buf[i] != 0)
			return mark_fail(im->err,
					 "has %llu bytes of other data after "
					 "its ELF part, which must not move",
					 (unsigned long long)(im->len - end));
	memset(im->buf + im->eh.e_shoff, 0, tabsize);
	memset(im->buf + str->sh_offset, 0, str->sh_size);
	im->unlaid = true;
	return mark_image_resize(im, end_of_file(im, false));
}

GElf_Shdr *mark_image_add_section(struct image *im, const char *name)
{
	size_t add = strlen(name) + 1;
	GElf_Shdr *sh = realloc(im->sh, (im->nsh + 1) * sizeof *sh);
	char *names;

	if (sh)
		im->sh = sh;
	names = sh ? realloc(im->names, im->namesz + add) : NULL;
	if (!names) {
		mark_fail(im->err, "out of memory");
		return NULL;
	}
	im->names = names;
	if (im->nsh + 1 >= SHN_LORESERVE) {
		mark_fail(im->err, "too many sections");
		return NULL;
	}
	memcpy(names + im->namesz, name, add);
	sh = &im->sh[im->nsh++];
	*sh = (GElf_Shdr){ .sh_name = (GElf_Word)im->namesz };
	im->namesz += add;
	return sh;
}

int mark_image_add_phdr(struct image *im, size_t at, const GElf_Phdr *ph)
{
	GElf_Phdr *p = realloc(im->ph, (im->nph + 1) * sizeof *p);

	if (!p)
		return mark_fail(im->err, "out of memory");
	im->ph = p;
	memmove(p + at + 1, p + at, (im->nph - at) * sizeof *p);
	p[at] = *ph;
	im->nph++;
	return 0;
}

void mark_image_drop_phdr(struct image *im, size_t at)
{
	im->nph--;
	memmove(im->ph + at, im->ph + at + 1, (im->nph - at) * sizeof *im->ph);
}

/* ---- the order of section headers ---- */

/* Where a section header belongs. */
struct rank {
	uint64_t key;
	size_t old; /* its index until now */
};

static int by_rank(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->old < y->old ? -1 : x->old > y->old;
}

/* Sections with an address in its order, all others behind them.  A .tbss takes
 * no addresses: it stays behind its predecessor. */
static void rank_sections(const struct image *im, struct rank *rank)
{
	rank[0] = (struct rank){ 0 };
	for (size_t i = 1; i < im->nsh; i++) {
		const GElf_Shdr *s = &im->sh[i];

		rank[i] = (struct rank){ .key = UINT64_MAX, .old = i };
		if (s->sh_type == SHT_NOBITS && (s->sh_flags & SHF_TLS))
			rank[i].key = rank[i - 1].key;
		else if (s->sh_flags & SHF_ALLOC)
			rank[i].key = s->sh_addr;
	}
}

/* The sections that the symbols of table s are defined in. */
static void renumber_symbols(struct image *im, const GElf_Shdr *s,
			     const size_t *now)
{
	bool is64 = im->eh.e_ident[EI_CLASS] == ELFCLASS64;
	size_t low = im->eh.e_ident[EI_DATA] == ELFDATA2MSB;
	size_t size = mark_fsize(im, ELF_T_SYM);
	unsigned char *p = im->buf + s->sh_offset;

	p += is64 ? offsetof(Elf64_Sym, st_shndx) :
		    offsetof(Elf32_Sym, st_shndx);
	for (size_t k = 0; k < s->sh_size / size; k++, p += size) {
		size_t n = (size_t)(p[low] | p[!low] << 8);

		if (n < im->nsh) {
			p[low] = (unsigned char)now[n];
			p[!low] = (unsigned char)(now[n] >> 8);
		}
	}
}

static void renumber(struct image *im, const size_t *now)
{
	for (size_t i = 1; i < im->nsh; i++) {
		GElf_Shdr *s = &im->sh[i];
		bool info = s->sh_type == SHT_REL || s->sh_type == SHT_RELA ||
			    (s->sh_flags & SHF_INFO_LINK);

		if (s->sh_link < im->nsh)
			s->sh_link = (GElf_Word)now[s->sh_link];
		if (info && s->sh_info < im->nsh)
			s->sh_info = (GElf_Word)now[s->sh_info];
		if (s->sh_type == SHT_SYMTAB || s->sh_type == SHT_DYNSYM)
			renumber_symbols(im, s, now);
	}
	im->eh.e_shstrndx = (GElf_Half)now[im->eh.e_shstrndx];
}

/* Linkers write section headers in the order of addresses, and tools rely on it:
 * patchelf makes room for program headers by moving sections from the first on,
 * up to one that is out of the way, and overwrites what comes behind that. */
static int order_sections(struct image *im)
{
	struct rank *rank = calloc(im->nsh, sizeof *rank);
	size_t *now = calloc(im->nsh, sizeof *now);
	GElf_Shdr *sh = calloc(im->nsh, sizeof *sh);
	bool ok = rank && now && sh;

	if (ok) {
		rank_sections(im, rank);
		qsort(rank + 1, im->nsh - 1, sizeof *rank, by_rank);
		for (size_t i = 0; i < im->nsh; i++) {
			now[rank[i].old] = i;
			sh[i] = im->sh[rank[i].old];
		}
		free(im->sh);
		im->sh = sh;
		renumber(im, now);
	} else {
		free(sh);
	}
	free(rank);
	free(now);
	return ok ? 0 : mark_fail(im->err, "out of memory");
}

/* Names, then the section headers, at the end of the file. */
int mark_image_relay(struct image *im)
{
	size_t shentsize = mark_fsize(im, ELF_T_SHDR);
	bool is64 = im->eh.e_ident[EI_CLASS] == ELFCLASS64;
	GElf_Shdr *str;

	if (!im->unlaid)
		return 0;
	if (order_sections(im))
		return -1;
	str = &im->sh[im->eh.e_shstrndx];
	str->sh_offset = im->len;
	str->sh_size = im->namesz;
	im->eh.e_shoff = mark_align(im->len + im->namesz, is64 ? 8 : 4);
	im->eh.e_shnum = (GElf_Half)im->nsh;
	if (!is64 && im->eh.e_shoff + im->nsh * shentsize > UINT32_MAX)
		return mark_fail(im->err, "the file would outgrow its class");
	if (mark_image_resize(im, im->eh.e_shoff + im->nsh * shentsize))
		return -1;
	memcpy(im->buf + str->sh_offset, im->names, im->namesz);
	im->unlaid = false;
	return 0;
}
