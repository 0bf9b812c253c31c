/* SPDX-License-Identifier: MIT */
/* rld-quick: files of kept answers, made by rld, looked at and removed. */
#ifndef TOOLS_QUICK_H
#define TOOLS_QUICK_H

#include "elf/quickfile.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

/* An open file of kept answers. */
struct kept {
	void *at;
	size_t size;
	struct quick_file f;
};

extern const char *rld_path; /* the rld that makes answers */

/* ---- store.c */
/* The directory of this user's answers, or root's. */
const char *store_directory(void);
void store_choose(bool of_system);
/* The name of program's file; -1 with a message. */
int store_name(const char *program, char *name, size_t size);
/* Make the answers of program; false with a message. */
bool store_make(const char *program);
/* Read a file of the directory; false: *why. */
bool store_read(const char *name, struct kept *k, const char **why);
void store_close(struct kept *k);
bool store_remove(const char *name);
/* Calls fn for each file of the directory; false when one of the calls was. */
bool store_each(bool (*fn)(const char *name));

/* ---- check.c */
/* Why rld would not use these answers now; what: of which file.  NULL: it would. */
const char *check_kept(const struct kept *k, const char **what);

/* ---- show.c */
bool show_kept(const char *name, const struct kept *k, bool json,
	       bool bindings);

const char *kept_program(const struct kept *k);
void say(const char *what, const char *why);

#endif
