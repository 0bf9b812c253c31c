/* SPDX-License-Identifier: MIT */
/* What arrives brings what it needs, breadth-first, and its versions are checked. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/tls/tls.h"

/* For an answer: an entry that has no object. */
static void not_loaded(struct rld *r, const char *name, const struct rld_err *e)
{
	if (r->mode == MODE_LIST) {
		rld_print(r, 1, "\t%s => not found\n", name);
		rld_count_problem(r);
	} else {
		rld_problem(r, "%s: %s", r->prog, e->text);
	}
}

int rld_load_needed(struct rld *r, struct dso *first, struct rld_err *e)
{
	for (struct dso *d = first; d; d = dso_next(d))
		for (unsigned i = 0; i < d->nneed; i++) {
			if (d->need[i] || rld_is_delayed(d, i))
				continue;
			d->need[i] = rld_load_entry(r, d, i, e);
			if (!d->need[i]) {
				if (r->mode == MODE_RUN)
					return -1;
				not_loaded(r, d->need_name[i], e);
				rld_err_clear(e);
			}
		}
	return 0;
}

static __attribute__((cold, noinline)) void
lacks(struct rld *r, const struct dso *o, const struct elf_version *v,
      const struct dso *d, struct rld_err *e)
{
	char *hint = rld_hint_version(o, v);

	rld_fail(e, "%s: version `%s' not found (required by %s)%s",
		 dso_name(r, o), v->name, dso_name(r, d), hint);
	rld_free(hint);
}

int rld_check_versions(struct rld *r, struct dso *d, struct rld_err *e)
{
	for (unsigned i = 0; i < d->nver; i++) {
		const struct elf_version *v = &d->ver[i];
		const struct dso *o;

		if (!v->name || v->is_def || v->is_weak)
			continue;
		o = rld_version_owner(r, d, v);
		if (!o || !(o->flags & D_READY) || !o->dyn.verdef ||
		    rld_defines_version(o, v))
			continue;
		lacks(r, o, v, d, e);
		return -1;
	}
	return 0;
}

int rld_bring_in(struct rld *r, struct dso *first, int mode, struct rld_err *e)
{
	if (rld_load_needed(r, first, e))
		return -1;
	for (struct dso *d = first; d; d = dso_next(d)) {
		if (!(d->flags & D_NEW))
			continue;
		d->flags |= D_READY;
		if (mode & RTLD_NOW)
			d->flags |= D_NOW;
		if (mode & RTLD_DEEPBIND)
			d->flags |= D_DEEPBIND;
		if (rld_tls_register(r, d, e) ||
		    (d->dyn.flags & DF_STATIC_TLS && d->tls_memsz &&
		     rld_tls_make_static(r, d, e)))
			return -1;
	}
	for (struct dso *d = first; d; d = dso_next(d))
		if (d->flags & D_NEW && rld_check_versions(r, d, e))
			return -1;
	return 0;
}
