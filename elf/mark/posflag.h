/* SPDX-License-Identifier: MIT */
/* Marks that the dynamic section carries. */
#ifndef MARK_POSFLAG_H
#define MARK_POSFLAG_H

#include "image.h"
#include "marks.h"

/* Add to m, which holds what the note says, the marks that stand in DT_POSFLAG_1
 * and DT_MIPS_LIBLIST; these count where the note has no entry. */
int mark_read_dynamic(struct image *im, struct marks *m);
/* Make DT_MIPS_LIBLIST and DT_POSFLAG_1 agree with m, as far as there are spare
 * DT_NULL entries. */
int mark_write_dynamic(struct image *im, const struct marks *m);

#endif
