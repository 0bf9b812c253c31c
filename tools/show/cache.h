/* SPDX-License-Identifier: MIT */
/* /etc/ld.so.cache, as ldconfig of glibc 2.2 and later writes it. */
#ifndef SHOW_CACHE_H
#define SHOW_CACHE_H

#include "tools/show/facts.h"

struct cache;

/* NULL: there is none, or it is malformed. */
struct cache *cache_open(const char *path);
/* The path that entry number i of this name gives, for a machine like im;
 * NULL: there are no more.  Entries for single processors are passed over. */
const char *cache_find(const struct cache *c, const char *name,
		       const struct image *im, size_t i);

#endif
