/* SPDX-License-Identifier: MIT */
/* Listeners: functions that are told of loads, unloads, swaps and unresolved calls.  No
 * lock is held while they run. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/list/list.h"
#include "rld/tls/tls.h"

int rld_event_wanted(unsigned what)
{
	return (__atomic_load_n(&VAULT->wanted, __ATOMIC_ACQUIRE) & what) != 0;
}

/* As a reader, for an entry that was given back is another one's later. */
static struct listener read_entry(const struct listener *l)
{
	struct rld *r = &rld_state;
	int k = rld_read_begin(r);
	struct listener copy = { NULL, NULL,
				 __atomic_load_n(&l->what, __ATOMIC_ACQUIRE) };

	copy.fn = l->fn;
	copy.arg = l->arg;
	rld_read_end(r, k);
	return copy;
}

void *rld_emit(const struct rld_event *ev)
{
	struct listener *l =
		__atomic_load_n(&VAULT->listener, __ATOMIC_ACQUIRE);
	void *answer = NULL;

	for (unsigned i = 0; l && i < LISTENER_ENTRIES && !answer; i++) {
		struct listener one = read_entry(&l[i]);
		void *got;

		if (!(one.what & ev->what))
			continue;
		got = one.fn(ev, one.arg);
		if (ev->what == RLD_EVENT_UNRESOLVED)
			answer = got;
	}
	return answer;
}

struct rld_event rld_event_of(unsigned what, struct dso *d)
{
	struct rld_event ev = { .size = sizeof ev,
				.what = what,
				.handle = d->was_face ? d->was_face :
							rld_handle(d),
				.name = d->lm.l_name,
				.lo = d->lo,
				.hi = d->hi };
	struct rld_gone g = { 0 };

	rld_build_id(d, &g);
	memcpy(ev.build_id, g.build_id, sizeof ev.build_id);
	ev.build_id_size = g.build_id_size;
	return ev;
}

/* The object stays while its listeners run. */
void rld_tell(struct rld *r, struct dso *d, unsigned what)
{
	struct rld_event ev;

	if (!rld_event_wanted(what))
		return;
	rld_lock(r);
	ev = rld_event_of(what, d);
	dso_hold(d);
	if (what == RLD_EVENT_UNLOADING)
		d->unloading = rld_self_id();
	rld_unlock(r);
	rld_emit(&ev);
	rld_lock(r);
	d->unloading = 0;
	dso_let_go(d);
	rld_unlock(r);
}

void *rld_ask_unresolved(const struct dso *from, const char *symbol)
{
	struct rld_event ev;

	if (!rld_event_wanted(RLD_EVENT_UNRESOLVED))
		return NULL;
	ev = rld_event_of(RLD_EVENT_UNRESOLVED, (struct dso *)(uintptr_t)from);
	if (from->flags & D_PROGRAM)
		ev.name = rld_state.prog;
	ev.symbol = symbol;
	return rld_emit(&ev);
}

/* Room for listeners, in pages of the vault, which is open; -1: no memory. */
static int make_room(struct rld *r)
{
	struct room {
		struct piece piece;
		struct listener listener[LISTENER_ENTRIES];
	} * room;
	size_t size = page_up(r, sizeof *room);
	uintptr_t at;

	if (VAULT->listener)
		return 0;
	at = sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (SYS_ERR(at))
		return -1;
	room = (struct room *)at;
	rld_vault_add(&room->piece, at, size);
	__atomic_store_n(&VAULT->listener, room->listener, __ATOMIC_RELEASE);
	return 0;
}

static int is_of(const struct listener *l, rld_event_fn *fn, const void *arg)
{
	return l->fn == fn && l->arg == arg;
}

/* Where fn's entry is, or one that was never used, or one that was given back,
 * once the threads that are about to read it have done so; LISTENER_ENTRIES: none. */
static unsigned place_for(struct rld *r, const struct listener *l,
			  rld_event_fn *fn, const void *arg)
{
	unsigned at = 0, back;
	int stuck;

	while (at < LISTENER_ENTRIES && l[at].fn && !is_of(&l[at], fn, arg))
		at++;
	if (at < LISTENER_ENTRIES)
		return at;
	for (back = 0; back < LISTENER_ENTRIES && l[back].what;)
		back++;
	rld_wait_readers(r);
	stuck = r->stuck;
	rld_waited(r);
	return stuck ? LISTENER_ENTRIES : back;
}

/* Lock held, vault open. */
static void enter(struct rld *r, rld_event_fn *fn, void *arg, unsigned what,
		  struct rld_err *e)
{
	struct listener *l;
	unsigned at, active = 0, all = 0;

	if (make_room(r)) {
		rld_fail(e, "rld_notify: out of memory");
		return;
	}
	l = VAULT->listener;
	for (unsigned i = 0; i < LISTENER_ENTRIES; i++)
		active += l[i].what && !is_of(&l[i], fn, arg);
	at = active < LISTENERS ? place_for(r, l, fn, arg) : LISTENER_ENTRIES;
	if (at < LISTENER_ENTRIES && (what || is_of(&l[at], fn, arg))) {
		if (!is_of(&l[at], fn, arg)) {
			l[at].arg = arg;
			l[at].fn = fn;
		}
		__atomic_store_n(&l[at].what, what, __ATOMIC_RELEASE);
	} else if (what) {
		rld_fail(e, "rld_notify: there are %u listeners already",
			 active);
	}
	/* what is here is no news */
	for (struct dso *d = r->head; !VAULT->wanted && d; d = dso_next(d))
		d->flags |= D_TOLD;
	for (unsigned i = 0; i < LISTENER_ENTRIES; i++)
		all |= l[i].what;
	__atomic_store_n(&VAULT->wanted, all, __ATOMIC_RELEASE);
}

API int rld_notify(rld_event_fn *fn, void *arg, unsigned what)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };

	if (!fn || what & ~(unsigned)RLD_EVENT_ALL) {
		rld_fail(&e, "rld_notify: no function, or unknown events 0x%x",
			 what);
		rld_keep_error(&e);
		return -1;
	}
	rld_lock(r);
	if (rld_unseal(r)) {
		rld_fail(&e, "rld_notify: out of memory");
	} else {
		enter(r, fn, arg, what, &e);
		rld_seal(r);
	}
	rld_unlock(r);
	if (!e.set)
		return 0;
	rld_keep_error(&e);
	return -1;
}
