/* SPDX-License-Identifier: MIT */
/* The RLD note of an existing file. */
#include "note.h"

#include <stdlib.h>
#include <string.h>

#include "../rldnote.h"
#include "dynamic.h"
#include "place.h"

/* Room for version strings that may come later, bytes. */
#define SPARE_STRINGS 64

static bool is_ours(const Elf_Data *d, const GElf_Nhdr *n, size_t name)
{
	return n->n_type == RLDNOTE_TYPE && n->n_namesz == RLDNOTE_NAMESZ &&
	       memcmp((const char *)d->d_buf + name, RLDNOTE_NAME,
		      RLDNOTE_NAMESZ) == 0;
}

/* A loader sees only notes that a PT_LOAD maps. */
static bool is_mapped(const struct image *im, const GElf_Phdr *p)
{
	uint64_t off;

	return mark_vaddr_to_off(im, p->p_vaddr, p->p_filesz, &off) == 0 &&
	       off == p->p_offset;
}

static int find_in(struct image *im, size_t phdr, struct note_at *at)
{
	const GElf_Phdr *p = &im->ph[phdr];
	size_t pos = 0, next, name, desc;
	GElf_Nhdr n;
	Elf_Data *d = mark_raw_data(im, p->p_offset, p->p_filesz,
				    p->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);

	if (!d)
		return -1;
	while (pos < d->d_size &&
	       (next = gelf_getnote(d, pos, &n, &name, &desc)) > 0) {
		if (is_ours(d, &n, name)) {
			at->phdr = phdr;
			at->off = p->p_offset + pos;
			at->desc = p->p_offset + desc;
			at->descsz = n.n_descsz;
			at->own = pos == 0 && desc + n.n_descsz == p->p_filesz;
			return 1;
		}
		pos = next;
	}
	return 0;
}

int mark_note_find(struct image *im, struct note_at *at)
{
	for (size_t i = 0; i < im->nph; i++) {
		const GElf_Phdr *p = &im->ph[i];

		if (p->p_type == PT_NOTE && p->p_filesz && is_mapped(im, p)) {
			int found = find_in(im, i, at);

			if (found)
				return found;
		}
	}
	return 0;
}

int mark_note_read(struct image *im, struct marks *m)
{
	struct note_at at;
	unsigned char *desc;
	int found = mark_note_find(im, &at);

	if (found <= 0)
		return found;
	desc = malloc(at.descsz + 1);
	if (!desc)
		return mark_fail(im->err, "out of memory");
	memcpy(desc, im->in + at.desc, at.descsz);
	if (mark_is_foreign(im->eh.e_ident[EI_DATA]))
		mark_swap(desc, at.descsz, true);
	found = mark_decode(m, desc, at.descsz, im->err);
	free(desc);
	return found;
}

/* Bytes for a descriptor in which each DT_NEEDED can be marked, so that marking
 * again needs no other place. */
static uint64_t roomy(const struct image *im, const struct marks *m, size_t len)
{
	uint64_t room = len + SPARE_STRINGS;

	for (size_t i = 0; i < mark_dyn_count(im); i++) {
		const char *name = mark_needed(im, i);
		const struct mark_lib *l = name ? mark_lib_find(m, name) : NULL;

		if (name && (!l || (l->flags == 0 && !l->want)))
			room += RLDNOTE_LIB_WORDS * 4 + strlen(name) + 1;
	}
	return mark_align(room, 4);
}

/* Find where the descriptor can go: len bytes at *desc. */
static int make_room(struct image *im, const struct marks *m, size_t len,
		     uint64_t *desc, uint64_t *descsz)
{
	struct note_at at;
	int found = mark_note_find(im, &at);

	if (found < 0)
		return -1;
	if (found && at.descsz >= len) {
		*desc = at.desc;
		*descsz = at.descsz;
		return 0;
	}
	if (found && !at.own) /* its neighbours stay where they are */
		mark_put_word(im, at.off + 8, RLDNOTE_VOID);
	return mark_place_note(im, found && at.own ? &at : NULL, len,
			       roomy(im, m, len), desc, descsz);
}

int mark_note_write(struct image *im, const struct marks *m)
{
	struct note_at at;
	uint64_t desc, descsz;
	unsigned char *bytes;
	size_t len;

	if (mark_is_empty(m) && mark_note_find(im, &at) == 0)
		return 0;
	bytes = mark_encode(m, false, &len, im->err);
	if (!bytes)
		return -1;
	if (make_room(im, m, len, &desc, &descsz)) {
		free(bytes);
		return -1;
	}
	if (mark_is_foreign(im->eh.e_ident[EI_DATA]))
		mark_swap(bytes, len, false);
	memcpy(im->buf + desc, bytes, len);
	memset(im->buf + desc + len, 0, descsz - len);
	free(bytes);
	return 0;
}
