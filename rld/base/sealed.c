/* SPDX-License-Identifier: MIT */
/* Pages of rld's own data that decide where control goes: what lazy slots go
 * back to, constructors and destructors, handlers, libc's functions that rld
 * calls.  They are closed but while rld writes to them, so that a stray or
 * hostile write elsewhere in the process does not change where rld jumps. */
#include "rld/base/sealed.h"

struct vault_pages rld_vault_pages
	__attribute__((section(".bss.vault"), aligned(ARCH_PAGE_MAX)));

_Static_assert(sizeof(struct vault) + 8 * sizeof(struct code) <= ARCH_PAGE_MAX,
	       "one page");

enum { MORE = 64 * 1024 };

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

/* What is left for records in the first page, bytes. */
static size_t first_room(void)
{
	return sizeof rld_vault_pages.whole - sizeof(struct vault) -
	       VAULT->taken;
}

void *rld_vault_take(size_t size)
{
	struct piece *p = &VAULT->first;

	size = (size + 15) & ~(size_t)15;
	if (begun || VAULT->taken || first_room() < size ||
	    first_room() - size < p->used * sizeof(struct code))
		return NULL;
	VAULT->taken = size;
	return rld_vault_pages.beyond - size;
}

static struct piece *with_room(void)
{
	struct piece *p = &VAULT->first;

	p->code = (struct code *)(VAULT + 1);
	p->ncode = first_room() / sizeof *p->code;
	if (p->used < p->ncode)
		return p;
	for (p = VAULT->pieces; p && p->used == p->ncode;)
		p = p->next;
	return p;
}

/* The next record that was never given out; NULL: no memory. */
static struct code *fresh(struct rld *r)
{
	struct piece *p = with_room();
	size_t size = page_up(r, MORE);
	uintptr_t at;

	if (!p) {
		at = sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (SYS_ERR(at))
			return NULL;
		keep_above(r, at);
		p = (struct piece *)at;
		p->code = (struct code *)(p + 1);
		p->ncode = (size - sizeof *p) / sizeof *p->code;
		rld_vault_add(p, at, size);
	}
	return &p->code[p->used++];
}

int rld_code_new(struct rld *r, struct dso *d)
{
	/* written, not read, at first: one fault in place of two */
	struct code *c =
		__atomic_exchange_n(&VAULT->free, NULL, __ATOMIC_RELAXED);

	if (c)
		VAULT->free = (struct code *)c->plt_first;
	else
		c = fresh(r);
	if (!c)
		return -1;
	*c = (struct code){ .owner = d };
	d->code = c;
	return 0;
}

void rld_code_free(struct rld *r, struct dso *d)
{
	struct code *c = rld_code(d);

	d->code = NULL;
	if (!c || rld_unseal(r))
		return;
	*c = (struct code){ .plt_first = (uintptr_t)VAULT->free };
	VAULT->free = c;
	rld_seal(r);
}

static int is_in(const struct piece *p, const struct code *c)
{
	return (uintptr_t)c - (uintptr_t)p->code < p->ncode * sizeof *c;
}

struct code *rld_code(const struct dso *d)
{
	const struct piece *p;

	if (!d->code)
		return NULL;
	if (is_in(&VAULT->first, d->code) && d->code->owner == d)
		return d->code;
	for (p = VAULT->pieces; p; p = p->next)
		if (is_in(p, d->code) && d->code->owner == d)
			return d->code;
	rld_die(&rld_state, "rld's own data has been overwritten");
}
