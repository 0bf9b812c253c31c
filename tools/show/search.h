/* SPDX-License-Identifier: MIT */
/* Where a name leads, by the files alone: the rules of rld.1 (SEARCH) for
 * glibc and musl programs, without glibc-hwcaps directories, which only the
 * machine that runs the program can choose. */
#ifndef SHOW_SEARCH_H
#define SHOW_SEARCH_H

#include "tools/show/ask.h"

struct finder {
	const struct image *program;
	const char *root, *library_path;
	struct cache *cache;
	bool musl;
	LIST(const char *)
	conf; /* directories of ld.so.conf or of musl's file */
	LIST(const char *) standard;
};

void finder_init(struct finder *s, const struct ask *a,
		 const struct object *program);
/* Search `name` for `asker` (NULL: the user). The result has ->found or not. */
struct search *finder_search(struct finder *s, const char *name,
			     struct object *asker);

#endif
