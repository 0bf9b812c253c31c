/* SPDX-License-Identifier: MIT */
/* Destructors: of one object that leaves, of all at exit. */
#include "rld/base/sealed.h"

/* Destructors are due once constructors have begun, which may have called exit;
 * under musl, once they are done. */
static int has_fini(const struct rld *r, const struct dso *d)
{
	return d->init == INIT_DONE ||
	       (d->init == INIT_RUNNING && d->init_owner == rld_self_id() &&
		r->host.kind != HOST_MUSL);
}

void rld_run_fini(struct rld *r, struct dso *d)
{
	const struct code *c = rld_code(d);
	const uintptr_t *a;

	if (!has_fini(r, d))
		return;
	d->init = INIT_FINISHED;
	if (!c)
		return;
	if (c->nfini || c->fini)
		TRACE(r, TR_INIT, "rld: fini: %s\n", dso_name(r, d));
	a = (const uintptr_t *)c->fini_array;
	for (size_t i = c->nfini; i-- > 0;)
		if (a[i] && a[i] != (uintptr_t)-1)
			((void (*)(void))a[i])();
	if (c->fini)
		((void (*)(void))c->fini)();
}

/* Not what another thread's dlclose is at: it would unmap it under us. */
static struct dso *next_at_exit(struct rld *r)
{
	struct dso **p = &r->fini_list, *d;

	while (*p && (*p)->flags & D_FINISHING &&
	       (*p)->init_owner != rld_self_id())
		p = &(*p)->fini_next;
	d = *p;
	if (d)
		*p = d->fini_next;
	return d;
}

/* At exit, called by the host libc in its turn. */
void rld_fini_all(void)
{
	struct rld *r = &rld_state;
	static int told;

	if (r->host.kind == HOST_GLIBC) {
		rld_lock(r);
		rld_order_at_exit(r);
		r->exiting = 1;
		rld_unlock(r);
	}
	rld_thread_dtors();
	for (;;) {
		struct dso *d;

		rld_lock(r);
		d = next_at_exit(r);
		rld_unlock(r);
		if (!d)
			break;
		rld_run_fini(r, d);
	}
	if (!told++)
		rld_stat_print(r);
}
