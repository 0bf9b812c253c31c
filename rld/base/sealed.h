/* SPDX-License-Identifier: MIT */
/* rld's own data that decides where control goes, apart from all other: its
 * pages are written to only between rld_unseal and rld_seal. */
#ifndef RLD_VAULT_H
#define RLD_VAULT_H

#include "rld.h"
#include "rld/base/state.h"
#include "rld/base/upcall.h"

enum {
	LISTENERS = 32,
	LISTENER_ENTRIES = 128,
	DELAY_HANDLERS = 8,
	LIBC_FUNCTIONS = 64
};

/* Of one object; addresses, 0 where it has none. */
struct code {
	const struct dso *owner;	 /* NULL: free */
	uintptr_t plt_first, plt_stride; /* lazy values of the PLT slots */
	int plt_known;			 /* they form a row */
	uintptr_t init, fini;		 /* DT_INIT, DT_FINI */
	uintptr_t init_array, ninit, fini_array, nfini;
};

/* A piece of the vault, described inside it. */
struct piece {
	struct piece *next;
	uintptr_t lo;
	size_t size, ncode, used; /* used: records that were ever given out */
	struct code *code;
};

/* fn and arg are written once, for a handler is called without a lock: it must
 * not get another one's argument. */
struct listener {
	rld_event_fn *fn; /* NULL: never used */
	void *arg;
	unsigned what; /* 0: given back */
};

/* Both words of it, as above. */
struct delay_handler {
	rld_delay_fn *fn;
	void *arg;
};

/* Records (struct code) follow it in the page, up to what others took. */
struct vault {
	struct piece first, *pieces;		     /* pieces: the others */
	struct code *free;			     /* linked by plt_first */
	const struct delay_handler *delay;	     /* NULL: none */
	struct delay_handler delays[DELAY_HANDLERS]; /* written in turn */
	unsigned ndelays;
	struct listener *listener; /* LISTENER_ENTRIES; NULL: none yet */
	unsigned wanted;	   /* by any */
	struct upcalls up;
	uintptr_t cxa_atexit; /* libc's, 0: not known */
#ifdef ARCH_SA_FLAGS
	struct arch_sigaction before; /* of SIGBUS, while files are read */
#endif
	struct auditing *audit; /* where rld.audits says so */
	size_t taken;		/* by others: bytes at the end of the page */
};

/* One page, and room behind it for what begins at the end of the page and may
 * grow; whole pages, so that all of it is sealed as one. */
enum { VAULT_BEYOND = ARCH_PAGE_MAX > 16 * 1024 ? ARCH_PAGE_MAX : 16 * 1024 };

struct vault_pages {
	union {
		struct vault v;
		char whole[ARCH_PAGE_MAX];
	};
	char beyond[VAULT_BEYOND];
	/* libc's functions behind those of procexe.c; not touched where rld is
	 * the interpreter */
	union {
		uintptr_t libc[LIBC_FUNCTIONS];
		char libc_page[ARCH_PAGE_MAX];
	};
};
extern struct vault_pages rld_vault_pages __attribute__((visibility("hidden")));
#define VAULT (&rld_vault_pages.v)

/* What is left for records in the first page, bytes. */
static inline size_t rld_vault_left(void)
{
	return sizeof rld_vault_pages.whole - sizeof(struct vault) -
	       VAULT->taken;
}

/* Nested; the writer lock, or the start, protects them.  -1: the pages cannot
 * be made writable; nothing to close then. */
int rld_unseal(struct rld *r);
void rld_seal(struct rld *r);
/* Foreign code is about to run in between, which is not to find the pages
 * writable: closed, whatever was opened by how many.  Afterwards, with what the
 * first returned: they stay closed until the next rld_unseal. */
int rld_seal_aside(struct rld *r);
void rld_seal_back(struct rld *r, int was);
/* The start is over. */
void rld_seal_first(struct rld *r);
/* More pages that are to be sealed with the others, from lo on; the piece is
 * in them. */
void rld_vault_add(struct piece *p, uintptr_t lo, size_t size);

/* At the start, once: the last bytes of the vault's own page, zeroed,
 * 16-aligned; NULL: no room. */
void *rld_vault_take(size_t size);

/* A record for d, between rld_unseal and rld_seal; -1: no memory. */
int rld_code_new(struct rld *r, struct dso *d);
void rld_code_free(struct rld *r, struct dso *d);
/* d's record, after a look whether it is one; NULL: it has none. */
struct code *rld_code(const struct dso *d);

#endif
