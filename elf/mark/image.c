/* SPDX-License-Identifier: MIT */
/* Decoding a file's headers with libelf. */
#include "image.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mark_fail(struct mark_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return -1;
}

uint64_t mark_align(uint64_t v, uint64_t align)
{
	return align > 1 ? (v + align - 1) & ~(align - 1) : v;
}

bool mark_in_file(const GElf_Shdr *sh)
{
	return sh->sh_type != SHT_NULL && sh->sh_type != SHT_NOBITS &&
	       sh->sh_size != 0;
}

size_t mark_fsize(const struct image *im, Elf_Type type)
{
	return gelf_fsize(im->elf, type, 1, EV_CURRENT);
}

Elf_Data *mark_raw_data(struct image *im, uint64_t off, uint64_t size,
			Elf_Type type)
{
	Elf_Data *d = NULL;

	if (off <= im->inlen && size <= im->inlen - off)
		d = elf_getdata_rawchunk(im->elf, (int64_t)off, size, type);
	if (!d)
		mark_fail(im->err, "nothing readable at offset 0x%llx",
			  (unsigned long long)off);
	return d;
}

Elf_Data *mark_section_data(struct image *im, size_t i)
{
	Elf_Scn *scn = elf_getscn(im->elf, i);
	Elf_Data *d = scn ? elf_getdata(scn, NULL) : NULL;

	if (!d || (!d->d_buf && d->d_size != 0)) {
		mark_fail(im->err, "section %zu is not readable: %s", i,
			  elf_errmsg(-1));
		return NULL;
	}
	return d;
}

const char *mark_section_name(const struct image *im, size_t i)
{
	size_t off = im->sh[i].sh_name;

	return off < im->namesz ? im->names + off : "";
}

size_t mark_find_section(const struct image *im, GElf_Word type)
{
	for (size_t i = 1; i < im->nsh; i++)
		if (im->sh[i].sh_type == type)
			return i;
	return 0;
}

int mark_vaddr_to_off(const struct image *im, uint64_t vaddr, uint64_t size,
		      uint64_t *off)
{
	for (size_t i = 0; i < im->nph; i++) {
		const GElf_Phdr *p = &im->ph[i];

		if (p->p_type != PT_LOAD || vaddr < p->p_vaddr)
			continue;
		uint64_t in = vaddr - p->p_vaddr;
		if (in <= p->p_filesz && size <= p->p_filesz - in) {
			*off = p->p_offset + in;
			return 0;
		}
	}
	return -1;
}

/* ---- loading ---- */

static int load_ehdr(struct image *im)
{
	const unsigned char *id = im->in;
	bool is64;

	if (im->inlen < EI_NIDENT || memcmp(id, ELFMAG, SELFMAG) != 0)
		return mark_fail(im->err, "not an ELF file");
	if (elf_version(EV_CURRENT) == EV_NONE)
		return mark_fail(im->err, "libelf: %s", elf_errmsg(-1));
	im->elf = elf_memory((char *)im->in, im->inlen);
	if (!im->elf || elf_kind(im->elf) != ELF_K_ELF ||
	    !gelf_getehdr(im->elf, &im->eh))
		return mark_fail(im->err, "damaged ELF header");
	is64 = id[EI_CLASS] == ELFCLASS64;
	if (im->eh.e_version != EV_CURRENT ||
	    im->eh.e_ehsize != (is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return mark_fail(
			im->err,
			"damaged ELF header: sizes do not fit its class");
	switch (im->eh.e_type) {
	case ET_EXEC:
	case ET_DYN:
		return 0;
	case ET_REL:
		return mark_fail(im->err,
				 "a relocatable object; add marks at link "
				 "time with --emit-note");
	default:
		return mark_fail(im->err,
				 "neither a program nor a shared object");
	}
}

static int check_phdr(struct image *im, size_t i, const GElf_Phdr *lastload)
{
	const GElf_Phdr *p = &im->ph[i];

	if (p->p_offset > im->inlen || p->p_filesz > im->inlen - p->p_offset)
		return mark_fail(im->err,
				 "program header %zu: reaches past the "
				 "end of the file",
				 i);
	if (p->p_type != PT_LOAD)
		return 0;
	if (p->p_filesz > p->p_memsz || p->p_vaddr + p->p_memsz < p->p_vaddr)
		return mark_fail(im->err, "program header %zu: size wrong", i);
	if (p->p_align & (p->p_align - 1))
		return mark_fail(im->err,
				 "program header %zu: alignment is not a "
				 "power of two",
				 i);
	if (lastload && p->p_vaddr < lastload->p_vaddr + lastload->p_memsz)
		return mark_fail(im->err,
				 "program header %zu: PT_LOADs overlap or "
				 "are not in ascending order",
				 i);
	return 0;
}

static int load_phdrs(struct image *im)
{
	const GElf_Phdr *lastload = NULL;

	if (elf_getphdrnum(im->elf, &im->nph) || im->nph == 0)
		return mark_fail(im->err, "no program headers");
	if (im->nph >= PN_XNUM ||
	    im->eh.e_phentsize != mark_fsize(im, ELF_T_PHDR))
		return mark_fail(im->err, "damaged program header table");
	im->ph = calloc(im->nph, sizeof *im->ph);
	if (!im->ph)
		return mark_fail(im->err, "out of memory");
	for (size_t i = 0; i < im->nph; i++) {
		if (!gelf_getphdr(im->elf, (int)i, &im->ph[i]))
			return mark_fail(im->err,
					 "damaged program header table");
		if (check_phdr(im, i, lastload))
			return -1;
		if (im->ph[i].p_type == PT_LOAD)
			lastload = &im->ph[i];
	}
	if (!lastload)
		return mark_fail(im->err, "no PT_LOAD");
	return 0;
}

static int load_names(struct image *im)
{
	size_t n = im->eh.e_shstrndx;
	const GElf_Shdr *sh;

	if (n == SHN_UNDEF || n >= im->nsh || !mark_in_file(&im->sh[n]))
		return mark_fail(im->err, "sections have no names");
	sh = &im->sh[n];
	if (sh->sh_type != SHT_STRTAB || (sh->sh_flags & SHF_ALLOC) ||
	    im->in[sh->sh_offset + sh->sh_size - 1] != '\0')
		return mark_fail(im->err, "damaged section name table");
	im->names = malloc(sh->sh_size);
	if (!im->names)
		return mark_fail(im->err, "out of memory");
	memcpy(im->names, im->in + sh->sh_offset, sh->sh_size);
	im->namesz = sh->sh_size;
	return 0;
}

/* Files without section headers load: they can be shown, and edited where no
 * new room is needed. */
static int load_shdrs(struct image *im)
{
	if (im->eh.e_shoff == 0)
		return 0;
	if (im->eh.e_shentsize != mark_fsize(im, ELF_T_SHDR) ||
	    im->eh.e_shnum == 0 || im->eh.e_shnum >= SHN_LORESERVE)
		return mark_fail(
			im->err,
			"section header table of a kind not known here");
	im->nsh = im->eh.e_shnum;
	if (im->eh.e_shoff > im->inlen ||
	    im->nsh * mark_fsize(im, ELF_T_SHDR) > im->inlen - im->eh.e_shoff)
		return mark_fail(im->err,
				 "section header table reaches past the end "
				 "of the file");
	im->sh = calloc(im->nsh, sizeof *im->sh);
	if (!im->sh)
		return mark_fail(im->err, "out of memory");
	for (size_t i = 0; i < im->nsh; i++) {
		GElf_Shdr *sh = &im->sh[i];

		if (!gelf_getshdr(elf_getscn(im->elf, i), sh))
			return mark_fail(im->err,
					 "damaged section header table");
		if (mark_in_file(sh) &&
		    (sh->sh_offset > im->inlen ||
		     sh->sh_size > im->inlen - sh->sh_offset))
			return mark_fail(im->err,
					 "section %zu reaches past the end "
					 "of the file",
					 i);
	}
	return load_names(im);
}

static int load_dynamic(struct image *im)
{
	const GElf_Phdr *dp = NULL;
	uint64_t off;
	Elf_Data *d;
	size_t s;

	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_DYNAMIC) {
			if (dp)
				return mark_fail(im->err, "two PT_DYNAMIC");
			dp = &im->ph[i];
		}
	if (!dp)
		return mark_fail(im->err,
				 "no dynamic section: statically linked");
	s = mark_find_section(im, SHT_DYNAMIC);
	if (im->nsh && s == 0)
		return mark_fail(im->err,
				 "a file of debug information alone, or its "
				 "dynamic section has no section header");
	if (dp->p_filesz == 0 ||
	    mark_vaddr_to_off(im, dp->p_vaddr, dp->p_filesz, &off) ||
	    off != dp->p_offset)
		return mark_fail(im->err,
				 "PT_DYNAMIC does not lie inside a PT_LOAD");
	if (s &&
	    (im->sh[s].sh_offset != off || im->sh[s].sh_size > dp->p_filesz))
		return mark_fail(im->err,
				 "PT_DYNAMIC and section %s do not agree",
				 mark_section_name(im, s));
	im->dynoff = off;
	im->ndyn = dp->p_filesz / mark_fsize(im, ELF_T_DYN);
	d = mark_raw_data(im, off, im->ndyn * mark_fsize(im, ELF_T_DYN),
			  ELF_T_DYN);
	im->dyn = calloc(im->ndyn + 1, sizeof *im->dyn);
	if (!d)
		return -1;
	if (!im->dyn)
		return mark_fail(im->err, "out of memory");
	for (size_t i = 0; i < im->ndyn; i++)
		if (!gelf_getdyn(d, (int)i, &im->dyn[i]))
			return mark_fail(im->err, "damaged dynamic section");
	return 0;
}

static int load_dynstr(struct image *im)
{
	uint64_t vaddr = 0, size = 0, off;

	for (size_t i = 0; i < im->ndyn && im->dyn[i].d_tag != DT_NULL; i++) {
		if (im->dyn[i].d_tag == DT_STRTAB)
			vaddr = im->dyn[i].d_un.d_ptr;
		if (im->dyn[i].d_tag == DT_STRSZ)
			size = im->dyn[i].d_un.d_val;
	}
	if (size == 0 || mark_vaddr_to_off(im, vaddr, size, &off) ||
	    im->in[off + size - 1] != '\0')
		return mark_fail(im->err,
				 "no dynamic string table, or a damaged one");
	im->dynstr = (const char *)im->in + off;
	im->dynstrsz = size;
	return 0;
}

int mark_image_load(struct image *im, unsigned char *in, size_t len,
		    struct mark_err *err)
{
	*im = (struct image){ .err = err, .in = in, .inlen = len };
	if (load_ehdr(im) || load_phdrs(im) || load_shdrs(im) ||
	    load_dynamic(im) || load_dynstr(im))
		goto undo;
	im->buf = malloc(len);
	if (!im->buf) {
		mark_fail(err, "out of memory");
		goto undo;
	}
	memcpy(im->buf, in, len);
	im->len = len;
	return 0;
undo:
	mark_image_free(im);
	return -1;
}

void mark_image_free(struct image *im)
{
	elf_end(im->elf);
	free(im->in);
	free(im->buf);
	free(im->ph);
	free(im->sh);
	free(im->dyn);
	free(im->names);
	*im = (struct image){ 0 };
}
