/* SPDX-License-Identifier: MIT */
/* Path text and the system's lists of directories. */
#ifndef RLD_PATH_H
#define RLD_PATH_H

#include "rld/internal.h"

#ifndef LA_SER_LIBPATH
#define LA_SER_LIBPATH 0x02
#define LA_SER_RUNPATH 0x04
#define LA_SER_DEFAULT 0x40
#endif

struct path_buf {
	size_t len;
	char text[4096];
};

static inline void path_clear(struct path_buf *o)
{
	o->len = 0;
	o->text[0] = 0;
}

/* Append s[0..n-1] to *o with $ORIGIN, $LIB and $PLATFORM replaced; 0 when it
 * is too long or names $ORIGIN in a secure program. */
int path_expand(struct rld *r, struct dso *from, const char *s, size_t n,
		struct path_buf *o);

/* Path from the root, by way of the current directory; heap.  NULL: there is none,
 * or no memory. */
char *path_absolute(const char *path);

/* ---- etc.c: ld.so.cache */
/* A descriptor of file below r->root, or -errno. */
int path_open(struct rld *r, const char *file);
const char *path_cache_find(struct rld *r, const char *name);
int path_cache_exists(struct rld *r);
void path_cache_close(struct rld *r);

/* ---- conf.c: fn is told of each directory, until it returns 1; that is returned */
int path_conf_dirs(struct rld *r, int (*fn)(void *, const char *), void *arg);
/* The directories that musl searches last, parted by colons and line ends. */
const char *path_musl_list(struct rld *r);
/* A file of less than 1 MiB as a heap string; NULL when it cannot be read. */
char *path_slurp(struct rld *r, const char *file, int rooted);

#endif
