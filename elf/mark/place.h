/* SPDX-License-Identifier: MIT */
/* Room in an existing file for new parts, and for a note with its program
 * header. */
#ifndef MARK_PLACE_H
#define MARK_PLACE_H

#include "image.h"
#include "note.h"

/* A mapped, read-only part of the file, aligned to 4 bytes, all zero. */
struct place {
	uint64_t off, vaddr, size; /* bytes */
};

/* Make room for want bytes, but at least min, and in the table for slots more
 * program headers, which the caller adds.  After -1 the file is as it was, but
 * for want of memory. */
int mark_place(struct image *im, size_t slots, uint64_t min, uint64_t want,
	       struct place *p);
/* Clear a part that is not used any more, and give it back if it was the last
 * thing in its segment. */
void mark_release(struct image *im, uint64_t off, uint64_t size);

/* Make a mapped PT_NOTE that holds one RLD note, with its header written and
 * room for want bytes of descriptor, but at least min; *desc is the file offset
 * and *descsz the size that came out.  old is the note it replaces, alone in
 * its PT_NOTE, whose program header and section are used again, or NULL. */
int mark_place_note(struct image *im, const struct note_at *old, uint64_t min,
		    uint64_t want, uint64_t *desc, uint64_t *descsz);

#endif
