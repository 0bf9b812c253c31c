/* SPDX-License-Identifier: MIT */
/* Showing the marks of a file. */
#ifndef MARK_SHOW_H
#define MARK_SHOW_H

#include <stdio.h>

#include "image.h"
#include "marks.h"

/* Print what is known of the file called path: for people, or as one JSON
 * object.  m holds its marks, from all carriers. */
int mark_show(struct image *im, const struct marks *m, const char *path,
	      bool json, FILE *out);

#endif
