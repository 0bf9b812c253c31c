/* SPDX-License-Identifier: MIT */
/* Pools of stable entry points. */
#ifndef RLD_ENTRIES_H
#define RLD_ENTRIES_H

#include "rld/base/sealed.h"

enum { POOL = 64 };

struct entry {
	char *name;  /* NULL: free */
	char *scope; /* path of the handle's object; NULL: global */
	char *soname;
	Lmid_t ns;	      /* number of its namespace */
	struct dso *provider; /* NULL: not bound */
	unsigned count;
};

struct words {
	uintptr_t got[3]; /* as in a PLT's GOT */
	uintptr_t slot[POOL], lazy[POOL];
	struct piece piece;
};

struct pool {
	struct pool *next;
	struct dso face; /* what the stubs give the resolver */
	unsigned char *code;
	struct words *words;
	struct entry entry[POOL];
};

extern struct pool *rld_pools __attribute__((visibility("hidden")));
/* NULL: no memory. */
struct pool *rld_new_pool(struct rld *r);
/* Entry i of p leads to v, 0: it is lazy again.  -1: it cannot be written now. */
int rld_entry_set(struct rld *r, struct pool *p, unsigned i, uintptr_t v);

#endif
