/* SPDX-License-Identifier: MIT */
/* Where rld-show finds, in the memory of another process or in a core, what no public
 * structure tells: rld has this table under the name _rld_layout, as the C library
 * tells libthread_db of its own.  Nothing here changes while a program runs. */
#ifndef RLD_LAYOUT_H
#define RLD_LAYOUT_H

#include <stdint.h>

#define RLD_LAYOUT_MAGIC 0x726c6431u /* another one when a member changes */

/* Offsets and sizes in bytes.  An object is found by its link_map. */
struct rld_layout {
	uint32_t magic;
	/* bits of the object's flags */
	uint32_t startup, global, nodelete, delayed, missing, retired, lingers;
	uint32_t self; /* rld's own object and those of libc's loader */
	/* of an object */
	uint16_t link_map, flags, opens, need, nneed, filtee, nfilter;
	uint16_t group, ngroup, users, thread_destructors;
	/* of a group: its number of members, an array of objects, the root first */
	uint16_t group_n, group_member;
	/* of a user of an object: who, the next one, a unique definition or 0 */
	uint16_t user_from, user_next, user_unique;
	/* _rld_journal: how many left so far (8 bytes); an array of so many, in
	 * turn, the first behind so many bytes */
	uint16_t gone_first, gone_size, gone_kept;
	uint16_t gone_name, gone_lo, gone_hi, gone_order;
	uint16_t gone_build_id, gone_build_id_size;
};

#endif
