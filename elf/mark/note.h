/* SPDX-License-Identifier: MIT */
/* The RLD note of a file: finding it, writing it. */
#ifndef MARK_NOTE_H
#define MARK_NOTE_H

#include "image.h"
#include "marks.h"

/* Where the note that counts stands. */
struct note_at {
	size_t phdr;	 /* its PT_NOTE */
	uint64_t off;	 /* file offset of its Elf_Nhdr */
	uint64_t desc;	 /* file offset of its descriptor */
	uint64_t descsz; /* bytes, room for later edits included */
	bool own;	 /* nothing else is in that PT_NOTE */
};

/* 1 found, 0 there is none, -1 damaged notes. */
int mark_note_find(struct image *im, struct note_at *at);
/* Add to m what the file's note says, if it has one. */
int mark_note_read(struct image *im, struct marks *m);
/* Write m as the file's note: into the room of the note that is there, or into
 * new room (place.c).  Nothing happens if there is neither a note nor anything
 * to say. */
int mark_note_write(struct image *im, const struct marks *m);

#endif
