/* SPDX-License-Identifier: MIT */
/* One ELF file in memory: its bytes, and its headers decoded so that both
 * classes and both byte orders look alike.  Edits go to the decoded headers and
 * to the bytes; mark_image_store joins the two again. */
#ifndef MARK_IMAGE_H
#define MARK_IMAGE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What went wrong, without the file's name and without a newline. */
struct mark_err {
	char text[512];
};

/* Fill err as printf does and return -1. */
int mark_fail(struct mark_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct image {
	struct mark_err *err;
	unsigned char *in; /* the file as read; owned, never written */
	size_t inlen;
	Elf *elf;	    /* libelf's view of in */
	unsigned char *buf; /* the file as it is going to be; owned */
	size_t len;
	GElf_Ehdr eh;
	GElf_Phdr *ph; /* owned; file order */
	size_t nph;
	GElf_Shdr *sh; /* owned; file order; [0] is the null section */
	size_t nsh;
	GElf_Dyn *dyn;	    /* owned; all entries of PT_DYNAMIC */
	size_t ndyn;	    /* entries, DT_NULL and spare ones included */
	size_t dynoff;	    /* file offset of the dynamic section */
	const char *dynstr; /* DT_STRTAB, inside in; ends with NUL */
	size_t dynstrsz;    /* bytes */
	char *names;	    /* owned; .shstrtab, or NULL while it is in place */
	size_t namesz;
	bool unlaid; /* section headers and names are out of buf */
};

/* Decode len bytes at in, a copy of a whole file made by malloc; the image
 * takes them over in either case.  Refuses whatever is not a program or DSO
 * with a dynamic section, and headers that contradict each other. */
int mark_image_load(struct image *im, unsigned char *in, size_t len,
		    struct mark_err *err);
/* Encode the headers into buf. */
int mark_image_store(struct image *im);
void mark_image_free(struct image *im);

/* Make buf len bytes long; new bytes are 0. */
int mark_image_resize(struct image *im, size_t len);
/* Take the section headers and their names out of buf, so that the end of the
 * file is free; mark_image_store lays them out again at the end.  Refuses files
 * with data after everything that their headers tell of. */
int mark_image_unlay(struct image *im);
/* Lay them out again, if they are out, in the order of addresses: sections get
 * other indices than they have in the file as read.  mark_image_store calls it. */
int mark_image_relay(struct image *im);
/* Append a section, called name; the image must be unlaid.  Returns its header,
 * all zero but for the name, valid until the next call, or NULL. */
GElf_Shdr *mark_image_add_section(struct image *im, const char *name);
/* Insert a program header before number at. */
int mark_image_add_phdr(struct image *im, size_t at, const GElf_Phdr *ph);
void mark_image_drop_phdr(struct image *im, size_t at);

/* Name of section i, "" if it has none. */
const char *mark_section_name(const struct image *im, size_t i);
/* Index of the first section of that type, or 0. */
size_t mark_find_section(const struct image *im, GElf_Word type);
/* True if the section has bytes in the file. */
bool mark_in_file(const GElf_Shdr *sh);
/* Decoded contents of section i or of a range of the file as it was read;
 * owned by libelf, NULL (and err) if they cannot be had. */
Elf_Data *mark_section_data(struct image *im, size_t i);
Elf_Data *mark_raw_data(struct image *im, uint64_t off, uint64_t size,
			Elf_Type type);

/* File offset of size bytes at vaddr, by the PT_LOADs; -1 if not in the file. */
int mark_vaddr_to_off(const struct image *im, uint64_t vaddr, uint64_t size,
		      uint64_t *off);

/* Size in the file of one object of that type. */
size_t mark_fsize(const struct image *im, Elf_Type type);
/* A 32-bit word, or an address-sized one, in the file's byte order. */
void mark_put_word(const struct image *im, size_t off, uint32_t value);
void mark_put_addr(const struct image *im, size_t off, uint64_t value);
/* Put the header of a note with descsz bytes of descriptor at off. */
void mark_put_nhdr(struct image *im, uint64_t off, uint64_t descsz);
/* Bytes that a note with that descriptor takes. */
uint64_t mark_note_size(uint64_t descsz);
/* v rounded up to a multiple of align, a power of two (0 counts as 1). */
uint64_t mark_align(uint64_t v, uint64_t align);

#endif
