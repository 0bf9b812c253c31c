/* SPDX-License-Identifier: MIT */
/* What the command line asks to be changed. */
#ifndef MARK_EDITS_H
#define MARK_EDITS_H

#include "image.h"
#include "marks.h"

enum edit_op {
	EDIT_DELAY,
	EDIT_NO_DELAY,
	EDIT_HIDE,
	EDIT_NO_HIDE,
	EDIT_VERSION,
	EDIT_WANT,
	EDIT_EXACT,
	EDIT_IGNORE,
	EDIT_MINOR,
	EDIT_ANY,
	EDIT_SYMBOLIC,
	EDIT_NO_SYMBOLIC,
	EDIT_CLEAR,
	EDIT_INTERPRETER,
	EDIT_RESTORE_INTERPRETER,
};

struct edit {
	enum edit_op op;
	const char *arg; /* library, symbol, version or path; NULL if none */
};

/* Apply n edits, in their order, to a file and its marks, and write the marks
 * into the image. */
int mark_edit_image(struct image *im, struct marks *m, const struct edit *e,
		    size_t n);
/* Apply them to the marks alone, for a note that is going to be linked in. */
int mark_edit_marks(struct marks *m, const struct edit *e, size_t n,
		    struct mark_err *err);

#endif
