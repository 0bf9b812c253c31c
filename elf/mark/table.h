/* SPDX-License-Identifier: MIT */
/* Growing the program header table in its place. */
#ifndef MARK_TABLE_H
#define MARK_TABLE_H

#include "image.h"

/* What has to move so that the table can grow. */
struct table_growth {
	uint64_t lo, hi; /* bytes of the file; lo == hi: nothing */
	uint64_t align;	 /* largest alignment in there, at least 1 */
	uint64_t vaddr;	 /* address of lo */
};

/* Find out what must move for slots more program headers (PT_NULL ones are used
 * first); -1 if something that cannot move is in the way. */
int mark_table_plan(struct image *im, size_t slots, struct table_growth *g);
/* Move it to offset off and address vaddr, both congruent to the old ones modulo
 * g->align, and set right all that refers to it. */
int mark_table_move(struct image *im, const struct table_growth *g,
		    uint64_t off, uint64_t vaddr);
/* Insert a program header before number at, in place of a PT_NULL if there is
 * one. */
int mark_table_add(struct image *im, size_t at, const GElf_Phdr *ph);
/* Make PT_PHDR as long as the table. */
void mark_table_finish(struct image *im);

#endif
