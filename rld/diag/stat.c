/* SPDX-License-Identifier: MIT */
/* -stat: what was done, told to the log at exit. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"

void rld_stat_relocs(struct rld *r, const struct dso *d)
{
	r->stat.relative += d->dyn.nrelative;
	r->stat.symbolic += d->dyn.nrela + d->dyn.nrel - d->dyn.nrelative;
	r->stat.packed += d->dyn.nrelr;
	r->stat.slots += d->dyn.njmprel;
}

void rld_stat_print(struct rld *r)
{
	unsigned waiting = r->ndelay;

	if (!(r->trace & TR_STAT))
		return;
	r->trace &= ~(unsigned)TR_STAT;
	rld_print(r, r->log_fd,
		  "rld: stat: %u objects now, %zu loaded, %zu unloaded\n"
		  "rld: stat: %zu by delay-load, %u liblist entries wait\n",
		  r->nobj, (size_t)r->adds, (size_t)r->subs,
		  (size_t)r->stat.delays, waiting);
	rld_print(r, r->log_fd,
		  "rld: stat: relocations: %zu relative, %zu words of RELR, "
		  "%zu others, %zu function slots\n"
		  "rld: stat: %zu lookups for relocations, %zu lazy bindings, "
		  "%zu dlsym\n"
		  "rld: stat: symbols found by %s\n",
		  (size_t)r->stat.relative, (size_t)r->stat.packed,
		  (size_t)r->stat.symbolic, (size_t)r->stat.slots,
		  (size_t)r->stat.lookups, (size_t)r->stat.lazy,
		  (size_t)r->stat.dlsyms, r->index ? "one index" : "probing");
}
