/* SPDX-License-Identifier: MIT */
/* Records of an object's code addresses, in sealed pages. */
#include "rld/base/base.h"
#include "rld/image/image.h"

enum { MORE = 64 * 1024 };

static struct piece *with_room(void)
{
	struct piece *p = &VAULT->first;

	p->code = (struct code *)(VAULT + 1);
	p->ncode = rld_vault_left() / sizeof *p->code;
	if (p->used < p->ncode)
		return p;
	for (p = VAULT->pieces; p && p->used == p->ncode;)
		p = p->next;
	return p;
}

/* The next record that was never used; NULL: no memory. */
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
