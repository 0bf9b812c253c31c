/* SPDX-License-Identifier: MIT */
/* The entries of the dynamic section. */
#ifndef MARK_DYNAMIC_H
#define MARK_DYNAMIC_H

#include "image.h"

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

/* Add an entry before entry `at`; false if there is no room. */
bool mark_dyn_insert(struct image *im, size_t at, GElf_Sxword tag,
		     uint64_t val);
void mark_dyn_drop(struct image *im, size_t at);

/* Does the dynamic section say DT_SYMBOLIC or DF_SYMBOLIC? */
bool mark_dyn_symbolic(const struct image *im);
/* Make it say so, or not.  False if there is no room for the entry. */
bool mark_set_dyn_symbolic(struct image *im, bool on);

#endif
