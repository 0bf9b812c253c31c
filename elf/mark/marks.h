/* SPDX-License-Identifier: MIT */
/* The marks of a file, wherever in it they are written down. */
#ifndef MARK_MARKS_H
#define MARK_MARKS_H

#include "image.h"

/* Where a delay-load mark stands, for --show. */
enum {
	CARRIER_NOTE = 1,    /* rld's note */
	CARRIER_POSFLAG = 2, /* DT_POSFLAG_1 before the DT_NEEDED */
	CARRIER_LIBLIST = 4, /* DT_MIPS_LIBLIST */
};

struct mark_lib {
	char *name;	   /* owned; as in DT_NEEDED */
	uint32_t flags;	   /* LL_* */
	char *want;	   /* owned; wanted interface version or NULL */
	unsigned carriers; /* of LL_DELAY_LOAD, as read from the file */
};

struct marks {
	uint32_t flags;	      /* RLDNOTE_SYMBOLIC */
	char *version;	      /* owned; own interface version or NULL */
	struct mark_lib *lib; /* owned */
	size_t nlib;
	char **hidden; /* owned, as are the names; strcmp order, none twice */
	size_t nhidden;
};

void mark_free(struct marks *m);

/* The entry for a library, made (flags 0) if there is none; NULL with err. */
struct mark_lib *mark_lib(struct marks *m, const char *name,
			  struct mark_err *err);
/* The entry for a library, or NULL. */
const struct mark_lib *mark_lib_find(const struct marks *m, const char *name);
/* Replace an owned string; new is copied, NULL or "" clears. */
int mark_set_string(char **where, const char *new, struct mark_err *err);
int mark_hidden_add(struct marks *m, const char *name, struct mark_err *err);
/* True if the name was there. */
bool mark_hidden_drop(struct marks *m, const char *name);
/* True if there is nothing that a note would have to say. */
bool mark_is_empty(const struct marks *m);

/* Add what a descriptor says (native byte order, len bytes). */
int mark_decode(struct marks *m, const unsigned char *desc, size_t len,
		struct mark_err *err);
/* The descriptor, in native byte order, allocated; *len is a multiple of 4.
 * With keepplain, entries that say nothing are written too: at link time they
 * override marks of other kinds. */
unsigned char *mark_encode(const struct marks *m, bool keepplain, size_t *len,
			   struct mark_err *err);
/* Swap the words (not the strings) of a descriptor between the two byte orders;
 * swapped says that its words are foreign now. */
void mark_swap(unsigned char *desc, size_t len, bool swapped);
/* True if files of that EI_DATA have the other byte order than this machine. */
bool mark_is_foreign(unsigned char ei_data);

/* 0 if s is an interface version string, version(":"version)*, each
 * [comment"#"]"sgi"MAJOR"."MINOR; single allows only one version. */
int mark_check_version(const char *s, bool single, struct mark_err *err);

#endif
