/* SPDX-License-Identifier: MIT */
/* Kept answers (doc/quickstart.md): what the start of one program found out, in a
 * file that is read in place.  The head, then tables in the order of its counts,
 * each at a multiple of 8:
 *
 *   objects   in the order of the rld-list, without rld and the vdso; first the program
 *   places    what the search looked at besides the files that it found
 *   targets   definitions that references mean
 *   absent    names of files that are not there, for the places
 *   exports   symbols of libc that objects before it define, too
 *   answers   of each object, one a symbol
 *   strings   zero-terminated
 *
 * The file is in the byte order and for the word of the machine that it is for. */
#ifndef ELF_QUICKFILE_H
#define ELF_QUICKFILE_H

#include <stddef.h>
#include <stdint.h>

#define QUICK_MAGIC    "rldquick"
#define QUICK_VERSION  1u
#define QUICK_MOST     ((size_t)64 << 20) /* bytes of a file */
#define QUICK_NO_LEVEL UINT32_MAX

/* What tells a file from what it was. */
struct quick_stamp {
	uint64_t dev, ino, size;
	int64_t mtime, ctime; /* seconds */
	uint32_t mtime_nsec, ctime_nsec;
};

struct quick_head {
	char magic[8];
	uint64_t sum;  /* of all that follows: quick_sum */
	uint64_t size; /* of the file, bytes */
	uint32_t version;
	uint32_t machine; /* e_machine, and the bytes of a word << 16 */
	unsigned char build_id[20]; /* of the rld that made it */
	uint32_t build_id_size;
	uint32_t
		level; /* of glibc-hwcaps, QUICK_NO_LEVEL: it does not matter */
	uint32_t flags;	 /* QUICK_SLOTS */
	uint32_t origin; /* string: the directory of the program */
	uint32_t nobject, nplace, ntarget, nabsent, nexport, nanswer, nstring;
};

enum {
	QUICK_SLOTS = 1, /* slots of libc's family mean objects before it */
	QUICK_TOKENS = 2 /* a search path has a token, such as $ORIGIN */
};

enum {
	QUICK_HOST = 1,	    /* of libc's family: its own loader maps it */
	QUICK_SEARCHED = 2, /* its name has no slash */
	QUICK_CACHED = 4,   /* ld.so.cache says so */
	QUICK_PAST = 8	    /* ld.so.cache does not have it */
};

struct quick_object {
	struct quick_stamp stamp;
	uint32_t name, path; /* strings; the program's path */
	uint32_t flags;
	uint32_t nsym;	  /* symbols of its table */
	uint32_t answers; /* the first of its answers, nsym of them */
	uint32_t nanswer; /* nsym, or 0: it has none */
};

enum quick_kind {
	QUICK_ABSENT, /* nothing is there */
	QUICK_DIRECTORY,
	QUICK_FILE
};

struct quick_place {
	struct quick_stamp stamp; /* zeroes for what is absent */
	uint32_t path;		  /* string */
	uint32_t kind;
	uint32_t absent, nabsent; /* names that are not there */
};

struct quick_target {
	uint32_t object; /* number, and QUICK_OFFERED */
	uint32_t sym;
};
/* rld as the command has a function of this name of its own. */
#define QUICK_OFFERED 0x80000000u

/* What symbol i of an object means as a reference. */
enum {
	QUICK_ASK,	 /* it is looked up */
	QUICK_UNDEFINED, /* it is weak, and nobody ever defines it */
	QUICK_MISSING,	 /* it is weak, and nobody defines it yet */
	QUICK_OWN,	 /* the object's own definition */
	QUICK_TARGET	 /* target (answer - QUICK_TARGET) */
};

/* A file's parts. */
struct quick_file {
	const struct quick_head *head;
	const struct quick_object *object;
	const struct quick_place *place;
	const struct quick_target *target;
	const uint32_t *absent, *export, *answer;
	const char *string;
};

/* The bytes of a table of n entries of size bytes. */
static inline uint64_t quick_room(uint64_t n, size_t size)
{
	return (n * size + 7) & ~(uint64_t)7;
}

/* Parts of the file of size bytes at `at`, which is aligned as a uint64_t is.  All
 * numbers in them have been compared: they can be used without another look.
 * The sum is not looked at.  -1: *why says what is wrong. */
int quick_read(const void *at, size_t size, struct quick_file *q,
	       const char **why);
/* Of the file of size bytes, a multiple of 8 and not less than a head. */
uint64_t quick_sum(const void *at, size_t size);
/* The same file, as it was? */
int quick_same(const struct quick_stamp *a, const struct quick_stamp *b);

#endif
