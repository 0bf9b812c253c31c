/* SPDX-License-Identifier: MIT */
/* Which object has bound to which: an edge from the user to what it uses. */
#include "rld/base/base.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"

int rld_edge(struct dso *from, struct dso *to)
{
	struct edge *e;

	if (from == to || to->flags & (D_STARTUP | D_SELF))
		return 0;
	for (e = from->uses; e; e = e->next_use)
		if (e->to == to)
			return 0;
	e = rld_alloc(sizeof *e);
	if (!e)
		return -1;
	e->from = from;
	e->to = to;
	e->unique = NULL;
	e->next = to->users;
	e->at = &to->users;
	if (e->next)
		e->next->at = &e->next;
	to->users = e;
	e->next_use = from->uses;
	from->uses = e;
	return 0;
}

static void free_edge(struct edge *e)
{
	rld_state.nunique -= e->unique != NULL;
	rld_free(e);
}

void rld_uses_forget(struct dso *from)
{
	while (from->uses) {
		struct edge *e = from->uses;

		from->uses = e->next_use;
		*e->at = e->next;
		if (e->next)
			e->next->at = e->at;
		free_edge(e);
	}
}

void rld_edges_forget(struct dso *d)
{
	rld_uses_forget(d);
	while (d->users) {
		struct edge *e = d->users, **use = &e->from->uses;

		while (*use != e)
			use = &(*use)->next_use;
		*use = e->next_use;
		d->users = e->next;
		free_edge(e);
	}
}

int rld_use_dynamic(struct dso *from, const struct def *def)
{
	struct dso *to = def->dso;

	if (rld_edge(from, to))
		return -1;
	if (!is_unique(def))
		return 0;
	for (struct edge *e = from->uses; e; e = e->next_use)
		if (e->to == to && !e->unique) {
			e->unique = elf_str(&to->dyn, def->sym->st_name);
			rld_state.nunique += e->unique != NULL;
		}
	return 0;
}
