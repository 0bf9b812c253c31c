/* SPDX-License-Identifier: MIT */
/* Files in, files out. */
#ifndef MARK_SAVE_H
#define MARK_SAVE_H

#include <sys/stat.h>
#include <time.h>

#include "image.h"

/* What a file was when it was read. */
struct mark_file {
	char *path; /* owned; links resolved */
	struct stat st;
};

/* Read a whole regular file; *buf is allocated. */
int mark_read_file(const char *path, struct mark_file *f, unsigned char **buf,
		   size_t *len, struct mark_err *err);
void mark_file_free(struct mark_file *f);

/* Replace out (NULL: the file itself) by len bytes at buf, all at once: whatever
 * happens, out is afterwards what it was or what it shall be.  In place, mode,
 * owner and extended attributes are kept; another file gets the mode only. */
int mark_write_file(const struct mark_file *f, const char *out,
		    const unsigned char *buf, size_t len, struct mark_err *err);
/* The same for a new file of that mode. */
int mark_write_new(const char *out, mode_t mode, const unsigned char *buf,
		   size_t len, struct mark_err *err);

#endif
