/* SPDX-License-Identifier: MIT */
/* From a name to an open file. */
#ifndef RLD_FILE_H
#define RLD_FILE_H

#include "rld/base/base.h"

#pragma GCC visibility push(hidden)

/* ---- search.c: names to files.  Returns a descriptor and a heap path in
 * *path, or -1 with *e set. */
int rld_search(struct rld *r, const char *name, struct dso *from, char **path,
	       int *searched, struct rld_err *e);
/* Folder of d's file, for $ORIGIN; "" when unknown. */
const char *rld_origin(struct rld *r, struct dso *d);
void rld_search_done(struct rld *r);
/* Calls fn for each directory that name would be searched in. */
void rld_search_dirs(struct rld *r, struct dso *from,
		     void (*fn)(void *, const char *dir, size_t len,
				unsigned flags),
		     void *arg);

/* ---- libc.c */
/* Is this file of libc's family at its path, where the cache says? */
int rld_host_is_there(struct rld *r, const char *libc);
/* What ld.so.cache says, when no other place comes before it; for a file that
 * libc's own loader will open.  Heap, or NULL: search as usual. */
char *rld_search_cache(struct rld *r, const char *name, const struct dso *from);
/* Is the host libc's family called so?  A path's last part counts. */
int rld_is_host(struct rld *r, const char *name);

/* Does glibc keep a part of itself under this soname that has, in old releases,
 * namesakes of rld's functions? */
static inline int rld_is_libcs(const char *soname)
{
	return !strcmp(soname, "libdl.so.2") ||
	       !strcmp(soname, "libpthread.so.0");
}

/* Is this the name of a libc's own loader? */
int rld_is_loader(const char *base);
extern const char rld_preload_file[sizeof "/etc/ld.so.preload"];
/* musl's loader as the program names it, below the root. */
const char *rld_host_musl(const struct rld *r);
const char *rld_musl_named(struct rld *r, const char *interp);
/* The path of libc's own loader; heap. */
char *rld_loader_path(struct rld *r);
/* A descriptor of the loader at *path, or -1; *path (heap, or NULL) becomes the
 * name that it is diverted to, if it is. */
int rld_open_loader(char **path);

static inline void rld_set_loader_fd(struct rld *r, int fd)
{
	r->host.loader_fd = fd;
}

char *rld_host_path(struct rld *r, const char *name, const struct dso *from);

/* ---- head.c */
/* Is fd an object for this machine and ABI, as far as its header tells? */
int rld_fits(int fd);
/* The first bytes of fd, *n of them (-errno: unreadable), until the next call. */
const void *rld_first_bytes(int fd, long *n);
void rld_first_bytes_forget(void);

/* ---- tunable.c */
/* The value of a tunable in GLIBC_TUNABLES, *len bytes; NULL: it has none. */
const char *rld_tunable(struct rld *r, const char *name, size_t *len);
/* Of the glibc-hwcaps directories, up to which one may be used; 0: none. */
unsigned rld_hwcap_level(struct rld *r);

/* ---- misfit.c */
/* Why an ELF header, all of it, is not for this rld; *is: what it is for.  NULL:
 * it is. */
const char *rld_misfit(const void *header, const char **is);
/* The n first bytes of d's file, which is refused. */
char *rld_hint_file(const struct dso *d, const void *bytes, size_t n);

/* ---- path text, and the system's lists of directories */
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

/* ---- cache.c: ld.so.cache */
/* A descriptor of file below r->root, or -errno. */
int path_open(struct rld *r, const char *file);
const char *path_cache_find(struct rld *r, const char *name);
/* Has the cache files of that name for better processors? */
int path_cache_has_levels(struct rld *r, const char *name);
int path_cache_exists(struct rld *r);
void path_cache_close(struct rld *r);

/* ---- conf.c: fn is told of each directory, until it returns 1; that is returned */
int path_conf_dirs(struct rld *r, int (*fn)(void *, const char *), void *arg);
/* The directories that musl searches last, parted by colons and line ends. */
const char *path_musl_list(struct rld *r);
/* A file of less than 1 MiB as a heap string; NULL when it cannot be read. */
char *path_slurp(struct rld *r, const char *file, int rooted);

#pragma GCC visibility pop

#endif
