/* SPDX-License-Identifier: MIT */
/* Namespaces of dlmopen.  Each has objects of its own, which see one another and
 * what all namespaces share: the host libc's family, rld, and the libraries that
 * --shared names.  It lasts as long as an object in it, or a dlmopen that is
 * under way. */
#include "rld/base/base.h"
#include "rld/list/list.h"

struct space *rld_space_new(struct rld *r)
{
	struct space *s = rld_alloc(sizeof *s), **end = &r->spaces;

	if (!s)
		return NULL;
	s->id = ++r->last_space;
	s->is_new = 1;
	while (*end)
		end = &(*end)->next;
	__atomic_store_n(end, s, __ATOMIC_RELEASE);
	return s;
}

struct space *rld_space_find(struct rld *r, Lmid_t id)
{
	struct space *s = r->spaces;

	while (s && s->id != id)
		s = s->next;
	return s;
}

void rld_space_hold(struct space *s)
{
	if (s)
		s->holds++;
}

void rld_space_let_go(struct rld *r, struct space *s)
{
	struct space **at = &r->spaces;

	if (!s || --s->holds)
		return;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	rld_wait_readers(r);
	rld_free_later(r, s);
	rld_waited(r);
}
