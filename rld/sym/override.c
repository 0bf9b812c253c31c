/* SPDX-License-Identifier: MIT */
/* Weak definitions that a strong one has taken over (sgidladd(3)): a global
 * arrival that defines strongly what was defined weakly before it in the list
 * gets the references.  Libc's weak names stay its own: they are weak only to
 * keep ISO C's name space free. */
#include "rld/base/base.h"
#include "rld/sym/sym.h"

struct override {
	struct override *next;
	const ElfW(Sym) *weak;
	struct dso *weak_dso;
	struct def strong;
};

static struct override *all;  /* oldest arrival first */
static struct override **end; /* NULL: none yet, a relocation saved */

int rld_override_add(struct rld *r, const struct def *weak,
		     const struct def *strong)
{
	struct override *o = rld_alloc(sizeof *o);

	if (!o)
		return -1;
	o->weak = weak->sym;
	o->weak_dso = weak->dso;
	o->strong = *strong;
	if (!end)
		end = &all;
	__atomic_store_n(end, o, __ATOMIC_RELEASE);
	end = &o->next;
	__atomic_store_n(&r->overrides, 1, __ATOMIC_RELEASE);
	return 0;
}

void rld_weak_follow(struct def *d)
{
	for (const struct override *o = __atomic_load_n(&all, __ATOMIC_ACQUIRE);
	     o; o = o->next)
		if (o->weak == d->sym && o->weak_dso == d->dso) {
			*d = o->strong;
			return;
		}
}

void rld_weak_forget(struct rld *r, const struct dso *gone)
{
	struct override *dead = NULL;

	for (struct override **p = &all; *p;) {
		struct override *o = *p;

		if (o->weak_dso != gone && o->strong.dso != gone) {
			p = &o->next;
			continue;
		}
		if (end == &o->next)
			end = p;
		__atomic_store_n(p, o->next, __ATOMIC_RELEASE);
		rld_wait_readers(r);
		o->next = dead;
		dead = o;
	}
	r->overrides = all != NULL;
	while (dead) {
		struct override *o = dead;

		dead = o->next;
		rld_free_later(r, o);
	}
	rld_waited(r);
}
