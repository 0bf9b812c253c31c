/* SPDX-License-Identifier: MIT */
/* The interpreter that a program names, and the one it named before. */
#ifndef MARK_INTERP_H
#define MARK_INTERP_H

#include "image.h"

/* The interpreter's path, inside im->buf; NULL for a file that names none.
 * *was, if it is not NULL, becomes the path that mark_interp_set has replaced, or
 * NULL. */
const char *mark_interp(const struct image *im, const char **was);

/* Name path, an absolute path, as the interpreter; NULL: rld's own file for the
 * program's machine, looked for from where rld-mark itself is installed.  The
 * first path that was there stays in the file for mark_interp_restore. */
int mark_interp_set(struct image *im, const char *path);
/* Name the first one again. */
int mark_interp_restore(struct image *im);

#endif
