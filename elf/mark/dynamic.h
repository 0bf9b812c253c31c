/* SPDX-License-Identifier: MIT */
/* The dynamic section: what it says of marks, and writing marks into it. */
#ifndef MARK_DYNAMIC_H
#define MARK_DYNAMIC_H

#include "image.h"
#include "marks.h"

/* Entries before the first DT_NULL. */
size_t mark_dyn_count(const struct image *im);
/* The first entry with that tag, or NULL. */
GElf_Dyn *mark_dyn_find(const struct image *im, GElf_Sxword tag);
/* A string of DT_STRTAB, NULL if off is outside. */
const char *mark_dyn_string(const struct image *im, uint64_t off);
/* Name of entry i if it is a DT_NEEDED with a name, otherwise NULL. */
const char *mark_needed(const struct image *im, size_t i);
/* True if some DT_NEEDED has that name. */
bool mark_needs(const struct image *im, const char *name);

/* DT_NULL entries beyond the one that ends the section, unless something else
 * lies there, too. */
size_t mark_dyn_spare(const struct image *im);
/* Give the entry with that tag a value; it is added at the end if there is none.
 * False if there is no room. */
bool mark_dyn_set(struct image *im, GElf_Sxword tag, uint64_t val);

/* Add to m, which holds what the note says, the marks that stand in DT_POSFLAG_1
 * and DT_MIPS_LIBLIST; these count where the note has no entry. */
int mark_read_dynamic(struct image *im, struct marks *m);
/* Make DT_MIPS_LIBLIST and DT_POSFLAG_1 agree with m, as far as there are spare
 * DT_NULL entries. */
int mark_write_dynamic(struct image *im, const struct marks *m);

/* Does the dynamic section say DT_SYMBOLIC or DF_SYMBOLIC? */
bool mark_dyn_symbolic(const struct image *im);
/* Make it say so, or not.  False if there is no room for the entry. */
bool mark_set_dyn_symbolic(struct image *im, bool on);

#endif
