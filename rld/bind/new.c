/* SPDX-License-Identifier: MIT */
/* Objects that have just arrived are bound. */
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

int rld_bind_new(struct rld *r, struct dso *first, struct rld_err *e)
{
	int ret;

	for (struct dso *n = first; n; n = dso_next(n))
		rld_index_add(r, n);
	if (rld_recording(r))
		rld_record_arrived(r, first);
	ret = rld_relocate_new(r, first, e);
	if (rld_recording(r))
		rld_record_relocates(r, NULL);
	if (ret)
		return -1;
	if (rld_tls_late_images(r, first, e))
		return -1;
	for (struct dso *n = first; n; n = dso_next(n))
		if (n->life == LIFE_REVIVED)
			rld_rebind_own(r, n);
	return r->torn ? rld_fail(e, "%s: was cut short while it was loaded",
				  r->torn) :
			 0;
}
