/* SPDX-License-Identifier: MIT */
/* Destructors: of one object that leaves, of all at exit. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/tls/tls.h"

/* Destructors are due once constructors have begun, which may have called exit;
 * under musl, once they are done. */
static int has_fini(const struct rld *r, const struct dso *d)
{
	return d->init == INIT_DONE ||
	       (d->init == INIT_RUNNING && d->init_owner == rld_self_id() &&
		r->host.kind != HOST_MUSL);
}

static inline __attribute__((always_inline)) void
run_finis(const struct code *c)
{
	const uintptr_t *a = (const uintptr_t *)c->fini_array;

	for (size_t i = c->nfini; i-- > 0;)
		if (a[i] && a[i] != (uintptr_t)-1)
			((void (*)(void))a[i])();
	if (c->fini)
		((void (*)(void))c->fini)();
}

static __attribute__((cold, noinline)) void
run_fini_told(struct rld *r, struct dso *d, const struct code *c)
{
	unsigned long long began = rld_recording(r) ? rld_record_time() : 0;

	TRACE(r, TR_INIT, "fini: %s\n", dso_name(r, d));
	run_finis(c);
	if (rld_recording(r))
		rld_record_ran(r, "fini", d, began);
}

void rld_run_fini(struct rld *r, struct dso *d)
{
	const struct code *c = rld_code(d);

	if (!has_fini(r, d))
		return;
	if (__builtin_expect(d->module != MODULE_NOT, 0))
		rld_module_deinit(r, d);
	dso_set_init(d, INIT_FINISHED);
	if (!c)
		return;
	if ((c->nfini || c->fini) &&
	    __builtin_expect(r->trace & (TR_INIT | TR_RECORD), 0))
		run_fini_told(r, d, c);
	else
		run_finis(c);
}

/* Not what another thread's dlclose is at: it would unmap it under us; nor
 * auditors, which come after all others. */
static struct dso *next_at_exit(struct rld *r)
{
	struct dso **p = &r->fini_list, *d;

	while (*p && (((*p)->flags & D_FINISHING &&
		       (*p)->init_owner != rld_self_id()) ||
		      (rld_audits(r) && is_auditors(*p))))
		p = &(*p)->fini_next;
	d = *p;
	if (d)
		*p = d->fini_next;
	return d;
}

static __attribute__((cold, noinline)) void tell_closed(struct rld *r,
							struct dso *d)
{
	rld_lock(r);
	rld_audit_closed(r, d);
	rld_unlock(r);
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
	if (rld_audits(r))
		rld_audit_exit_begins(r);
	for (;;) {
		struct dso *d;

		rld_lock(r);
		d = next_at_exit(r);
		rld_unlock(r);
		if (!d && !rld_audits(r))
			break;
		if (!d) {
			rld_audit_exit_ends(r);
			continue;
		}
		rld_run_fini(r, d);
		if (rld_audits(r))
			tell_closed(r, d);
	}
	if (rld_counts(r) && !told++) {
		rld_stat_print(r);
		if (rld_recording(r))
			rld_record_end(r);
	}
}
