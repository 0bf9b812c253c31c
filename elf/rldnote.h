/* SPDX-License-Identifier: MIT */
/* rld's ELF note: what a file says to the loader about itself and about the
 * members of its liblist.  Other linkers skip it, because they skip notes whose
 * owner they do not know (gABI ch. 5, "Note Section").
 *
 * The note has owner "RLD" (namesz 4), type 1, and lies in a PT_NOTE segment
 * inside a mapped PT_LOAD.  Its descriptor is 32-bit words in the file's own
 * byte order, then strings:
 *
 *	word 0	format, 1
 *	word 1	own flags: bit 0 SYMBOLIC, as DF_SYMBOLIC; others are 0
 *	word 2	own interface version ("sgi1.0:sgi1.1"), a string; 0 = none
 *	word 3	nlib, number of liblist entries
 *	word 4	nhidden, number of hidden names
 *	word 5	strsz, size of the string area in bytes
 *	nlib times three words:
 *		name	the DT_NEEDED string this entry is about
 *		flags	LL_EXACT_MATCH, LL_IGNORE_INT_VER, LL_REQUIRE_MINOR,
 *			LL_EXPORTS, LL_DELAY_LOAD
 *		want	wanted interface version; 0 = any
 *	nhidden words: names of symbols that this file defines and that are to
 *		be treated as if their st_other said STV_HIDDEN, in ascending
 *		order of strcmp, none twice
 *	string area: strsz bytes, the first and the last are NUL; a string is
 *		named by its offset here, so 0 is the empty string
 *	the rest of the descriptor is room for later edits; ignore it
 *
 * If a file has several such notes, the first in program header order counts.
 * Type 0 of the same owner is a note that was replaced; it says nothing.
 *
 * A liblist entry overrides what DT_POSFLAG_1 or DT_MIPS_LIBLIST say about the
 * same DT_NEEDED; without an entry, those count. */
#ifndef ELF_RLDNOTE_H
#define ELF_RLDNOTE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define RLDNOTE_NAME	"RLD"
#define RLDNOTE_NAMESZ	4u /* with its NUL */
#define RLDNOTE_VOID	0u /* note types */
#define RLDNOTE_TYPE	1u
#define RLDNOTE_SECTION ".note.rld"

#define RLDNOTE_FORMAT	 1u
#define RLDNOTE_SYMBOLIC 1u /* own flags */

#define RLDNOTE_HDR_WORDS 6u
#define RLDNOTE_LIB_WORDS 3u

/* A parsed note.  All pointers point into the descriptor, which must outlive
 * it; nothing is owned. */
struct rldnote {
	uint32_t flags;		  /* RLDNOTE_SYMBOLIC */
	uint32_t nlib;		  /* liblist entries */
	uint32_t nhidden;	  /* hidden names */
	uint32_t strsz;		  /* bytes at str */
	const char *version;	  /* own interface version or NULL */
	const unsigned char *lib; /* nlib entries of 3 words, maybe unaligned */
	const unsigned char *hidden; /* nhidden words, maybe unaligned */
	const char *str;	     /* string area */
	size_t used;	 /* bytes of the descriptor that mean something */
	const char *why; /* after -1: what is wrong, a constant string */
};

/* Find the RLD note among the notes of one PT_NOTE segment: len bytes at notes,
 * whose p_align is align (8 pads to 8 bytes, anything else to 4, as the kernel
 * and binutils have it).  1: *desc and *desclen (bytes) are set; 0: there is
 * none; -1: the notes before it are malformed.  notes may be NULL if len is 0. */
int rldnote_find(const void *notes, size_t len, size_t align, const void **desc,
		 size_t *desclen);

/* Check the descriptor (len bytes) and fill *out.  0, or -1 with out->why. */
int rldnote_parse(const void *desc, size_t len, struct rldnote *out);

/* Entry number i of a parsed note, i < n->nlib.  Each of name, flags and want
 * may be NULL; *want becomes NULL if any version will do. */
void rldnote_lib(const struct rldnote *n, uint32_t i, const char **name,
		 uint32_t *flags, const char **want);

/* Hidden name number i, i < n->nhidden. */
const char *rldnote_hidden(const struct rldnote *n, uint32_t i);

/* What the note says about the DT_NEEDED entry named needed.  1: *flags and
 * *want are set (either may be NULL; *want becomes NULL if any version will
 * do); 0: nothing.  If an entry stands there twice, the first counts. */
int rldnote_lookup(const struct rldnote *n, const char *needed, uint32_t *flags,
		   const char **want);

/* 1 if the note hides the symbol called name, otherwise 0; takes
 * log2(nhidden) string comparisons. */
int rldnote_hides(const struct rldnote *n, const char *name);

#endif
