/* SPDX-License-Identifier: MIT */
/* Hidden symbols: st_other of .dynsym.  The names in a note, which come from
 * link time, have the same meaning. */
#ifndef MARK_HIDE_H
#define MARK_HIDE_H

#include "image.h"
#include "marks.h"

/* Hide every definition of name that .dynsym exports. */
int mark_hide(struct image *im, const char *name);
/* Undo it: visibility DEFAULT, and the name leaves m. */
int mark_unhide(struct image *im, struct marks *m, const char *name);

/* Call fn for each definition that is hidden by st_other, in table order. */
int mark_each_hidden(struct image *im, void (*fn)(const char *name, void *arg),
		     void *arg);

#endif
