/* SPDX-License-Identifier: MIT */
/* The journal as it lies in memory, for layout.c. */
#ifndef RLD_JOURNAL_H
#define RLD_JOURNAL_H

#include "rld.h"

enum { JOURNAL_KEPT = 64 };

struct journal {
	unsigned long long unloaded; /* so many, ever */
	struct rld_gone kept[JOURNAL_KEPT];
};

#endif
