/* SPDX-License-Identifier: MIT */
/* The liblist of MIPS files, DT_MIPS_LIBLIST. */
#ifndef MARK_LIBLIST_H
#define MARK_LIBLIST_H

#include "image.h"
#include "marks.h"

/* Dynamic entries that a liblist takes. */
#define LIBLIST_TAGS 2

/* Add to m the marks that stand in the liblist; they count for libraries other
 * than the first fromnote ones, of which the note has spoken. */
int mark_liblist_read(struct image *im, struct marks *m, size_t fromnote);
/* Does the file have to get a liblist to say what m says?  Only MIPS files
 * do. */
bool mark_liblist_wanted(struct image *im, const struct marks *m);
/* Make the liblist agree with m; it is made if there is none and m says
 * something about a library.  Where there is no room for one, or for a version's
 * string, it goes without: the note has it all. */
int mark_liblist_write(struct image *im, const struct marks *m);

#endif
