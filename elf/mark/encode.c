/* SPDX-License-Identifier: MIT */
/* Encoding the headers into the file's class and byte order. */
#include "image.h"

#include <string.h>

#include "../rldnote.h"

/* Put one object, in memory form of the file's class, at off. */
static void put(const struct image *im, size_t off, Elf_Type type, void *native,
		size_t size)
{
	Elf_Data src = { .d_buf = native,
			 .d_type = type,
			 .d_size = size,
			 .d_version = EV_CURRENT };
	Elf_Data dst = { .d_buf = im->buf + off,
			 .d_type = type,
			 .d_size = mark_fsize(im, type),
			 .d_version = EV_CURRENT };

	gelf_xlatetof(im->elf, &dst, &src, im->eh.e_ident[EI_DATA]);
}

static bool is64(const struct image *im)
{
	return im->eh.e_ident[EI_CLASS] == ELFCLASS64;
}

void mark_put_word(const struct image *im, size_t off, uint32_t value)
{
	put(im, off, ELF_T_WORD, &value, sizeof value);
}

void mark_put_addr(const struct image *im, size_t off, uint64_t value)
{
	uint32_t v32 = (uint32_t)value;

	if (is64(im))
		put(im, off, ELF_T_ADDR, &value, sizeof value);
	else
		put(im, off, ELF_T_ADDR, &v32, sizeof v32);
}

uint64_t mark_note_size(uint64_t descsz)
{
	return sizeof(Elf32_Nhdr) + RLDNOTE_NAMESZ + descsz;
}

void mark_put_nhdr(struct image *im, uint64_t off, uint64_t descsz)
{
	mark_put_word(im, off, RLDNOTE_NAMESZ);
	mark_put_word(im, off + 4, (uint32_t)descsz);
	mark_put_word(im, off + 8, RLDNOTE_TYPE);
	memcpy(im->buf + off + 12, RLDNOTE_NAME, RLDNOTE_NAMESZ);
}

/* GElf_* is Elf64_*; for class 32 each field is made narrower. */
static void put_ehdr(const struct image *im)
{
	Elf64_Ehdr e = im->eh;

	if (is64(im)) {
		put(im, 0, ELF_T_EHDR, &e, sizeof e);
	} else {
		Elf32_Ehdr n = {
			.e_type = e.e_type,
			.e_machine = e.e_machine,
			.e_version = e.e_version,
			.e_entry = (Elf32_Addr)e.e_entry,
			.e_phoff = (Elf32_Off)e.e_phoff,
			.e_shoff = (Elf32_Off)e.e_shoff,
			.e_flags = e.e_flags,
			.e_ehsize = e.e_ehsize,
			.e_phentsize = e.e_phentsize,
			.e_phnum = e.e_phnum,
			.e_shentsize = e.e_shentsize,
			.e_shnum = e.e_shnum,
			.e_shstrndx = e.e_shstrndx,
		};
		memcpy(n.e_ident, e.e_ident, EI_NIDENT);
		put(im, 0, ELF_T_EHDR, &n, sizeof n);
	}
}

static void put_phdr(const struct image *im, size_t i)
{
	Elf64_Phdr p = im->ph[i];
	size_t off = im->eh.e_phoff + i * mark_fsize(im, ELF_T_PHDR);

	if (is64(im)) {
		put(im, off, ELF_T_PHDR, &p, sizeof p);
	} else {
		Elf32_Phdr n = {
			.p_type = p.p_type,
			.p_flags = p.p_flags,
			.p_offset = (Elf32_Off)p.p_offset,
			.p_vaddr = (Elf32_Addr)p.p_vaddr,
			.p_paddr = (Elf32_Addr)p.p_paddr,
			.p_filesz = (Elf32_Word)p.p_filesz,
			.p_memsz = (Elf32_Word)p.p_memsz,
			.p_align = (Elf32_Word)p.p_align,
		};
		put(im, off, ELF_T_PHDR, &n, sizeof n);
	}
}

static void put_shdr(const struct image *im, size_t i)
{
	Elf64_Shdr s = im->sh[i];
	size_t off = im->eh.e_shoff + i * mark_fsize(im, ELF_T_SHDR);

	if (is64(im)) {
		put(im, off, ELF_T_SHDR, &s, sizeof s);
	} else {
		Elf32_Shdr n = {
			.sh_name = s.sh_name,
			.sh_type = s.sh_type,
			.sh_flags = (Elf32_Word)s.sh_flags,
			.sh_addr = (Elf32_Addr)s.sh_addr,
			.sh_offset = (Elf32_Off)s.sh_offset,
			.sh_size = (Elf32_Word)s.sh_size,
			.sh_link = s.sh_link,
			.sh_info = s.sh_info,
			.sh_addralign = (Elf32_Word)s.sh_addralign,
			.sh_entsize = (Elf32_Word)s.sh_entsize,
		};
		put(im, off, ELF_T_SHDR, &n, sizeof n);
	}
}

static void put_dyn(const struct image *im, size_t i)
{
	Elf64_Dyn d = im->dyn[i];
	size_t off = im->dynoff + i * mark_fsize(im, ELF_T_DYN);

	if (is64(im)) {
		put(im, off, ELF_T_DYN, &d, sizeof d);
	} else {
		Elf32_Dyn n = { .d_tag = (Elf32_Sword)d.d_tag,
				.d_un.d_val = (Elf32_Word)d.d_un.d_val };

		put(im, off, ELF_T_DYN, &n, sizeof n);
	}
}

int mark_image_store(struct image *im)
{
	if (mark_image_relay(im))
		return -1;
	im->eh.e_phnum = (GElf_Half)im->nph;
	put_ehdr(im);
	for (size_t i = 0; i < im->nph; i++)
		put_phdr(im, i);
	for (size_t i = 0; i < im->nsh; i++)
		put_shdr(im, i);
	for (size_t i = 0; i < im->ndyn; i++)
		put_dyn(im, i);
	return 0;
}
