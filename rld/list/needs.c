/* SPDX-License-Identifier: MIT */
/* Which object the needs of another one name, and whether it has what they want of
 * it. */
#include "rld/base/base.h"
#include "rld/list/list.h"

int rld_defines_version(const struct dso *o, const struct elf_version *v)
{
	for (unsigned i = 0; i < o->nver; i++)
		if (o->ver[i].is_def && o->ver[i].hash == v->hash &&
		    !strcmp(o->ver[i].name, v->name))
			return 1;
	return elf_version_defined(&o->dyn, v->hash, v->name);
}

struct dso *rld_version_owner(struct rld *r, const struct dso *d,
			      const struct elf_version *v)
{
	struct dso *o = rld_find_name_in(r, d->space, v->file);

	for (unsigned j = 0; !o && j < d->nneed; j++)
		if (d->need[j] && d->need[j]->soname &&
		    !strcmp(d->need[j]->soname, v->file))
			o = d->need[j];
	return o;
}
