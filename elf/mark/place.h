/* Room in an existing file for a note and its program header. */
#ifndef MARK_PLACE_H
#define MARK_PLACE_H

#include "image.h"
#include "note.h"

/* Make a mapped PT_NOTE that holds one RLD note, with its header written and
 * room for want bytes of descriptor, but at least min; *desc is the file offset
 * and *descsz the size that came out.  old is the note it replaces, alone in
 * its PT_NOTE, whose program header and section are used again, or NULL. */
int mark_place_note(struct image *im, const struct note_at *old, uint64_t min,
		    uint64_t want, uint64_t *desc, uint64_t *descsz);

#endif
