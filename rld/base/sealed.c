/* SPDX-License-Identifier: MIT */
/* Pages of rld's own data that decide where control goes: what lazy slots go
 * back to, constructors and destructors, handlers, libc's functions that rld
 * calls.  They are closed but while rld writes to them, so that a stray or
 * hostile write elsewhere in the process does not change where rld jumps. */
#include "rld/base/base.h"

struct vault_pages rld_vault_pages
	__attribute__((section(".bss.vault"), aligned(ARCH_PAGE_MAX)));

_Static_assert(sizeof(struct vault) + 8 * sizeof(struct code) <= ARCH_PAGE_MAX,
	       "one page");

static int begun; /* the start is over */
static int depth;
static int is_open; /* the pages are writable, after the start */

static int protect(int prot)
{
	int ret = sys_mprotect((uintptr_t)VAULT, sizeof rld_vault_pages, prot);

	/* the list lies in what may be closed, but never unreadable */
	for (const struct piece *p = VAULT->pieces; p && !ret; p = p->next)
		ret = sys_mprotect(p->lo, p->size, prot);
	return ret;
}

/* A mapping that differs from its neighbours in more than its protection is not
 * united with them and cut out of them again each time, which is most of what
 * a change of protection costs. */
static void set_apart(void)
{
	static int done;

	if (!done)
		sys3(__NR_madvise, (long)VAULT, sizeof rld_vault_pages,
		     MADV_NOHUGEPAGE);
	done = 1;
}

/* Nothing has changed when it fails. */
static int open_pages(void)
{
	if (!begun || is_open)
		return 0;
	if (protect(PROT_READ | PROT_WRITE)) {
		protect(PROT_READ);
		return -1;
	}
	set_apart();
	is_open = 1;
	return 0;
}

/* Where that is refused they stay open, and it is tried the next time. */
static void close_pages(void)
{
	if (begun && is_open)
		is_open = protect(PROT_READ) != 0;
}

int rld_unseal(struct rld *r)
{
	(void)r;
	if (open_pages())
		return -1;
	depth++;
	return 0;
}

void rld_seal(struct rld *r)
{
	(void)r;
	if (--depth == 0)
		close_pages();
}

int rld_seal_aside(struct rld *r)
{
	int was = depth;

	(void)r;
	depth = 0;
	close_pages();
	return was;
}

void rld_seal_back(struct rld *r, int was)
{
	(void)r;
	depth = was;
}

void rld_seal_first(struct rld *r)
{
	(void)r;
	begun = 1;
	is_open = 1;
	if (!depth)
		close_pages();
}

void rld_vault_add(struct piece *p, uintptr_t lo, size_t size)
{
	p->lo = lo;
	p->size = size;
	p->next = VAULT->pieces;
	VAULT->pieces = p;
}

void *rld_vault_take(size_t size)
{
	struct piece *p = &VAULT->first;

	size = (size + 15) & ~(size_t)15;
	if (begun || VAULT->taken || rld_vault_left() < size ||
	    rld_vault_left() - size < p->used * sizeof(struct code))
		return NULL;
	VAULT->taken = size;
	return rld_vault_pages.beyond - size;
}
