/* dlclose's second half: an object that nothing holds leaves, and what others
 * bound to it is taken back.  linger.c tells what stays. */
#include "rld/event.h"
#include "rld/vault.h"

/* One that leaves before the root of a group it is in. */
static void leave_members(struct dso *gone)
{
	for (unsigned i = 0; i < gone->ngroup; i++) {
		struct group *g = gone->group[i];
		unsigned k = 0;

		if (g->member[0] == gone) /* the group ends with its root */
			continue;
		for (unsigned j = 0; j < g->n; j++)
			if (g->member[j] != gone)
				g->member[k++] = g->member[j];
		if (k)
			g->n = k;
	}
}

/* Entries that waited, and got gone, wait again. */
static void leave_liblists(struct rld *r, struct dso *gone)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		for (unsigned i = 0; d->mark && i < d->nneed; i++)
			if (d->need[i] == gone && rld_is_delayed(d, i)) {
				d->need[i] = NULL;
				r->ndelay++;
			}
}

/* What is left is the root's group, for the caller to free. */
static void leave_groups(struct rld *r, struct dso *gone)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		for (unsigned i = 0; i < d->ngroup;) {
			struct group *g = d->group[i];

			/* by now it may not be among its own members */
			if (g == gone->own)
				d->group[i] = d->group[--d->ngroup];
			else
				i++;
		}
}

static void leave_edges(struct rld *r, struct dso *gone)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		for (struct edge **e = &d->users; *e;) {
			struct edge *x = *e;

			if (x->from != gone) {
				e = &x->next;
				continue;
			}
			*e = x->next;
			rld_free(x);
		}
}

/* The last step for one object, shared with a failed dlopen. */
void rld_remove(struct rld *r, struct dso *d)
{
	rld_index_remove(r, d);
	rld_unlink(r, d);
	leave_members(d);
	leave_liblists(r, d);
	leave_groups(r, d);
	leave_edges(r, d);
	rld_tls_release(r, d);
	if (d->tls_dtors)
		rld_dtors_forget(r, d);
	if (lingers(d))
		r->nlinger--;
	rld_pairs_forget(r, d);
	rld_wait_readers(r);
	if (d->own) {
		rld_free_later(r, d->own->member);
		rld_free_later(r, d->own);
		d->own = NULL;
	}
	rld_unmap(r, d);
	rld_free_dso(r, d);
	r->stuck = 0;
}

/* Of this thread's: another's destructors must have ended before it unmaps. */
static struct dso *next_to_finish(struct rld *r)
{
	for (struct dso **p = &r->fini_list; *p; p = &(*p)->fini_next)
		if ((*p)->flags & D_FINISHING &&
		    (*p)->init_owner == rld_self_id()) {
			struct dso *d = *p;

			*p = d->fini_next;
			d->flags &= ~(unsigned)D_FINISHING;
			return d;
		}
	return NULL;
}

/* d's destructors, without the lock. */
static void finish(struct rld *r, struct dso *d)
{
	rld_unlock(r);
	rld_exit_begin(r);
	rld_run_fini(r, d);
	rld_exit_end(r);
	rld_lock(r);
}

/* Foreign code in the midst of it all.  What rld_guard is for: tables and notes
 * of files that were cut short since they were loaded. */
static void step_out(struct rld *r)
{
	rld_guard(r, 0);
	rld_seal(r);
	rld_unlock(r);
}

static void step_in(struct rld *r)
{
	rld_lock(r);
	rld_unseal_surely(r);
	rld_guard(r, 1);
}

/* Where libstdc++ is never unloaded it need not free what it has allocated
 * for exceptions (72 KiB), and its destructors do not; but it has a function
 * that does, for those who count blocks.  Called as destructors are. */
static void free_resources(struct rld *r, struct dso *d)
{
	uintptr_t fn =
		d->init != INIT_FINISHED ?
			0 :
			rld_host_symbol(r, d, "_ZN9__gnu_cxx9__freeresEv");

	if (!fn)
		return;
	step_out(r);
	((void (*)(void))fn)();
	step_in(r);
}

/* Not host objects: libc's own loader has them. */
static int leaves(const struct dso *d)
{
	return !d->keep && !(d->flags & (D_LEAVING | D_HOST));
}

/* What leaves now, heap, *n of it; NULL: nothing, or no memory. */
static struct dso **choose(struct rld *r, unsigned *n)
{
	struct dso **gone;

	*n = 0;
	for (struct dso *d = rld_first_dynamic(r); d; d = dso_next(d))
		*n += (unsigned)leaves(d);
	gone = *n ? rld_alloc(*n * sizeof *gone) : NULL;
	if (!gone)
		return NULL;
	*n = 0;
	for (struct dso *d = rld_first_dynamic(r); d; d = dso_next(d))
		if (leaves(d)) {
			d->flags |= D_FINISHING | D_LEAVING;
			d->init_owner = rld_self_id();
			gone[(*n)++] = d;
		}
	return gone;
}

/* The lock is given up while listeners and destructors run. */
static void finish_all(struct rld *r, struct dso **gone, unsigned n)
{
	struct dso *d;

	if (rld_event_wanted(RLD_EVENT_UNLOADING))
		for (unsigned i = 0; i < n; i++) {
			rld_unlock(r);
			rld_tell(r, gone[i], RLD_EVENT_UNLOADING);
			rld_lock(r);
		}
	while ((d = next_to_finish(r)))
		finish(r, d);
}

static void unload(struct rld *r, struct dso **gone, unsigned n)
{
	rld_unseal_surely(r);
	rld_guard(r, 1);
	for (unsigned i = 0; i < n; i++)
		free_resources(r, gone[i]);
	for (unsigned i = 0; i < n; i++)
		gone[i]->flags |= D_DYING;
	for (unsigned i = 0; i < n; i++) {
		TRACE(r, TR_UNLOAD, "rld: unload: %s\n", dso_name(r, gone[i]));
		if (r->overrides)
			rld_weak_forget(r, gone[i]);
		rld_index_remove(r, gone[i]);
		rld_unbind(r, gone[i]);
	}
	rld_debug_state(r, RT_DELETE);
	for (unsigned i = 0; i < n; i++) {
		struct rld_event ev = rld_event_of(RLD_EVENT_UNLOADED, gone[i]);

		ev.name = rld_journal_add(r, gone[i]);
		ev.handle = NULL;
		rld_remove(r, gone[i]);
		if (rld_event_wanted(RLD_EVENT_UNLOADED)) {
			char *name = rld_strdup(ev.name);

			ev.name = name ? name : "";
			step_out(r);
			rld_emit(&ev);
			step_in(r);
			rld_free(name);
		}
	}
	rld_guard(r, 0);
	rld_seal(r);
	rld_debug_state(r, RT_CONSISTENT);
}

/* 1: what lingers may have lost its reason. */
static int collect(struct rld *r)
{
	struct dso **gone;
	unsigned n;
	int stays;

	do
		rld_keep(r);
	while (rld_dtors_run_due(r));
	stays = rld_linger_due(r);
	gone = choose(r, &n);
	if (gone)
		finish_all(r, gone, n);
	if (stays) {
		if (gone) /* destructors may have opened and closed */
			rld_keep(r);
		rld_linger(r);
	}
	if (!gone)
		return 0;
	unload(r, gone, n);
	rld_free(gone);
	return r->nlinger > 0;
}

/* Called with the lock held once; destructors run without it. */
void rld_collect(struct rld *r)
{
	if (r->exiting)
		return;
	do
		r->lapsed = 0;
	while (collect(r));
}

/* The object that lingers since its last handle, this one, was closed. */
static struct dso *closed(struct rld *r, const void *handle)
{
	for (struct dso *d = r->nlinger ? r->head : NULL; d; d = dso_next(d))
		if (lingers(d) && !(d->flags & D_RETIRED) &&
		    rld_handle(d) == handle)
			return d;
	return NULL;
}

API int rld_holders(void *handle, struct rld_holder *out, size_t max)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct dso *d;
	size_t n = 0;

#define HOLDER(w, c, s)                                          \
	do {                                                     \
		if (n < max)                                     \
			out[n] = (struct rld_holder){ w, c, s }; \
		n++;                                             \
	} while (0)
	rld_lock(r);
	d = closed(r, handle);
	if (!d)
		d = rld_valid(r, handle, &e);
	if (d && d->flags & D_STARTUP)
		HOLDER(RLD_HELD_STARTUP, 1, NULL);
	if (d && d->opens)
		HOLDER(RLD_HELD_HANDLE, d->opens, NULL);
	for (struct dso *o = d ? r->head : NULL; o; o = dso_next(o))
		for (unsigned i = 0; i < o->nneed + o->nfilter; i++)
			if ((i < o->nneed ? o->need[i] :
					    o->filtee[i - o->nneed]) == d &&
			    o != d) {
				HOLDER(RLD_HELD_DEPENDENT, 1, dso_name(r, o));
				break;
			}
	if (d && d->flags & D_NODELETE)
		HOLDER(RLD_HELD_NODELETE, 1, NULL);
	if (d && d->tls_dtors)
		HOLDER(RLD_HELD_THREADS, d->tls_dtors, NULL);
	if (d && (d->init == INIT_RUNNING || d->init == INIT_BINDING))
		HOLDER(RLD_HELD_RUNNING, 1, NULL);
	for (struct edge *x = d ? d->users : NULL; x; x = x->next)
		if (x->unique && !(x->from->flags & D_DYING))
			HOLDER(RLD_HELD_UNIQUE, 1, dso_name(r, x->from));
	rld_unlock(r);
	if (d)
		return (int)n;
	rld_keep_error(&e);
	return -1;
}
