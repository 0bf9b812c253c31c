/* SPDX-License-Identifier: MIT */
/* Static thread-local storage: places at fixed offsets from the thread pointer,
 * for what comes at the start and, in a surplus, for some that come later.
 * glibc has a surplus of its own, which carrier.c takes them from: each thread
 * pays for it with its stack, and one is enough. */
#include "rld/base/base.h"
#include "rld/tls/tls.h"

#define SURPLUS 3328

/* The surplus, as offsets from the thread pointer, and the parts of it that
 * hold what an object left in threads which still run. */
struct room {
	intptr_t lo, hi;
};
static struct room surplus;
static struct room used[32] LARGE;
static unsigned nused;

static size_t up(size_t v, size_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* Offsets of all start-up objects.  The program's own comes first (nearest
 * the thread pointer): the link editor has fixed it already. */
static void place(struct rld *r, struct dso *d)
{
	struct rld_err e = { 0 };

	if (!d->tls_memsz || d->flags & D_HOST || d->tls_static)
		return;
#if ARCH_TLS_BELOW_TP
	{
		size_t at = r->tls_used + d->tls_memsz;

		at = up(at + d->tls_misalign, d->tls_align) - d->tls_misalign;
		if (at < r->tls_used + d->tls_memsz)
			at += d->tls_align;
		r->tls_used = at;
		d->tls_offset = -(intptr_t)at;
	}
#else
	{
		size_t at = r->tls_used;

		at = up(at - d->tls_misalign, d->tls_align) + d->tls_misalign;
		d->tls_offset = (intptr_t)at - ARCH_TLS_TP_BIAS;
		r->tls_used = at + d->tls_memsz;
	}
#endif
	d->tls_static = 1;
	if (rld_tls_register(r, d, &e))
		rld_die(r, "%s", e.text ? e.text : "");
	TRACE(r, TR_TLS, "tls: %s: static, %zu bytes, aligned %zu\n",
	      dso_name(r, d), d->tls_memsz, d->tls_align);
}

static size_t spare(const struct rld *r)
{
	return r->host.libc && r->host.kind == HOST_GLIBC ? 0 : SURPLUS;
}

/* Does libc's surplus serve, in place of ours? */
static int from_libc(const struct rld *r)
{
	return r->started && !spare(r);
}

/* What objects that come after libc's start, and belong to it, will need. */
static size_t set_aside(const struct rld *r)
{
	enum { ROOM = 64 * 1024 };

	return r->gather ? ROOM : 0;
}

void rld_tls_layout(struct rld *r)
{
	const size_t slot_size = sizeof(struct tls_words);

	r->tls_align = 64;
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->tls_memsz && !(d->flags & D_HOST) &&
		    d->tls_align > r->tls_align)
			r->tls_align = d->tls_align;
#if !ARCH_TLS_BELOW_TP
	r->tls_used = ARCH_TLS_TCB_SIZE;
#endif
	rld_tls_count_emulator();
	place(r, r->program);
	for (struct dso *d = r->head; d; d = dso_next(d))
		place(r, d);
#if ARCH_TLS_BELOW_TP
	r->tls_used = up(r->tls_used + slot_size, 16);
	rld_tls_slot = -(intptr_t)r->tls_used;
	r->tls_size = up(r->tls_used + spare(r) + set_aside(r), r->tls_align);
	surplus.lo = -(intptr_t)r->tls_size;
	surplus.hi = -(intptr_t)r->tls_used;
#else
	r->tls_used = up(r->tls_used, 16);
	rld_tls_slot = (intptr_t)r->tls_used - ARCH_TLS_TP_BIAS;
	r->tls_used += slot_size;
	r->tls_size = up(r->tls_used + spare(r) + set_aside(r), r->tls_align);
	surplus.lo = (intptr_t)r->tls_used - ARCH_TLS_TP_BIAS;
	surplus.hi = (intptr_t)r->tls_size - ARCH_TLS_TP_BIAS;
	r->tls_size -= ARCH_TLS_TCB_SIZE;
#endif
}

/* Where offset lies in an image of the whole static block. */
static unsigned char *in_image(struct rld *r, unsigned char *image,
			       intptr_t offset)
{
#if ARCH_TLS_BELOW_TP
	return image + (intptr_t)r->tls_size + offset;
#else
	(void)r;
	return image + offset + ARCH_TLS_TP_BIAS - ARCH_TLS_TCB_SIZE;
#endif
}

/* Copy relocated images into the synthetic image, for threads to come, and
 * into the running thread's block. */
void rld_tls_install(struct rld *r, unsigned char *image)
{
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		if (!d->tls_memsz || !d->tls_static || d->flags & D_HOST ||
		    d->space)
			continue;
		if (image)
			memcpy(in_image(r, image, d->tls_offset), d->tls_image,
			       d->tls_filesz);
		memcpy((void *)(arch_tp() + (uintptr_t)d->tls_offset),
		       d->tls_image, d->tls_filesz);
	}
}

static int overlap(const struct room *a, intptr_t lo, intptr_t hi)
{
	return lo < a->hi && a->lo < hi;
}

/* Is some of lo..hi in use?  *end is the end of that. */
static int taken(const struct rld *r, intptr_t lo, intptr_t hi, intptr_t *end)
{
	for (unsigned i = 0; i < nused; i++)
		if (overlap(&used[i], lo, hi))
			return *end = used[i].hi, 1;
	for (const struct dso *d = r->tail; d && !(d->flags & D_STARTUP);
	     d = d->prev) {
		const struct room own = {
			d->tls_offset, d->tls_offset + (intptr_t)d->tls_memsz
		};

		if (d->tls_static && !(d->flags & D_HOST) &&
		    overlap(&own, lo, hi))
			return *end = own.hi, 1;
	}
	return 0;
}

static int find_room(const struct rld *r, const struct dso *d, intptr_t *at)
{
	intptr_t align = (intptr_t)d->tls_align, lo = surplus.lo, hi;

	for (;;) {
		intptr_t off =
			(lo + ARCH_TLS_TP_BIAS - (intptr_t)d->tls_misalign) %
			align;

		if (off)
			lo += off > 0 ? align - off : -off;
		if ((size_t)(surplus.hi - lo) < d->tls_memsz || lo > surplus.hi)
			return -1;
		if (!taken(r, lo, lo + (intptr_t)d->tls_memsz, &hi))
			return *at = lo, 0;
		lo = hi;
	}
}

/* Those objects' places, as far as there is room. */
int rld_tls_late_layout(struct rld *r, struct rld_err *e)
{
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		intptr_t at;

		if (!(d->flags & D_NEW) || d->flags & D_HOST || d->tls_static ||
		    !d->tls_memsz)
			continue;
		if (d->tls_align <= r->tls_align && !find_room(r, d, &at)) {
			d->tls_offset = at;
			d->tls_static = 1;
			surplus.lo = at + (intptr_t)d->tls_memsz;
		}
		if (rld_tls_register(r, d, e))
			return -1;
		if (!d->tls_static && d->dyn.flags & DF_STATIC_TLS &&
		    rld_tls_make_static(r, d, e))
			return -1;
		TRACE(r, TR_TLS, "tls: %s: %s, %zu bytes, aligned %zu\n",
		      dso_name(r, d), d->tls_static ? "static" : "dynamic",
		      d->tls_memsz, d->tls_align);
	}
	return 0;
}

static size_t room_left(const struct rld *r)
{
	size_t left = 0;
	intptr_t end;

	for (intptr_t at = surplus.lo; at < surplus.hi; at += 16)
		left += taken(r, at, at + 16, &end) ? 0 : 16;
	return left;
}

static void clear(struct rld *r, const struct room *m)
{
	size_t n = (size_t)(m->hi - m->lo);

	if (r->tls_image)
		memset(in_image(r, r->tls_image, m->lo), 0, n);
	memset((void *)(arch_tp() + (uintptr_t)m->lo), 0, n);
}

/* d's static room is free again.  Other threads keep what is in theirs, so it
 * waits until this one is alone. */
static void give_back(struct rld *r, const struct dso *d)
{
	const struct room m = { d->tls_offset,
				d->tls_offset + (intptr_t)d->tls_memsz };

	if (from_libc(r)) {
		rld_carrier_close(r, d);
		return;
	}
	clear(r, &m);
	if (rld_tls_alone(0))
		return;
	if (nused < sizeof used / sizeof used[0]) {
		used[nused++] = m;
		return;
	}
	if (m.lo < used[0].lo)
		used[0].lo = m.lo;
	if (m.hi > used[0].hi)
		used[0].hi = m.hi;
}

/* A later object wants a fixed offset: from the surplus, if there is room. */
int rld_tls_make_static(struct rld *r, struct dso *d, struct rld_err *e)
{
	int image = 0, single = 0, room = 0;
	intptr_t at = 0;

	if (d->tls_static)
		return 0;
	if (d->flags & D_HOST)
		return rld_fail(e, "%s: has no static thread-local storage",
				dso_name(r, d));
	if (!(d->flags & D_NEW))
		return rld_fail(e,
				"%s: cannot get static thread-local storage: "
				"its blocks are in use",
				dso_name(r, d));
	if (from_libc(r)) {
		if (rld_carrier_open(r, d, e))
			return -1;
		d->tls_static = 1;
		return rld_tls_register(r, d, e);
	}
	for (size_t i = 0; i < d->tls_filesz; i++)
		image |= ((const char *)d->tls_image)[i];
	for (int patient = 0; patient < 2 && !(room && (single || !image));
	     patient++) {
		single = rld_tls_alone(patient);
		for (; single && nused; nused--)
			clear(r, &used[nused - 1]);
		room = d->tls_align <= r->tls_align && !find_room(r, d, &at);
		if (single || !(image || nused))
			break; /* to wait would not help */
	}
	if (!room)
		return rld_fail(e,
				"%s: cannot allocate memory in static TLS "
				"block: needs %zu bytes aligned to %zu, %zu "
				"are left%s",
				dso_name(r, d), d->tls_memsz, d->tls_align,
				room_left(r),
				nused ? " while other threads run" : "");
	if (image && !single)
		return rld_fail(e,
				"%s: cannot allocate memory in static TLS "
				"block: its initial values cannot reach the "
				"threads that run already",
				dso_name(r, d));
	d->tls_offset = at;
	d->tls_static = 1;
	return rld_tls_register(r, d, e);
}

/* A later object that was given static storage in our surplus: its initial
 * values, for this thread and those to come. */
static void late_image(struct rld *r, struct dso *d)
{
	if (r->tls_image)
		memcpy(in_image(r, r->tls_image, d->tls_offset), d->tls_image,
		       d->tls_filesz);
	memcpy((void *)(arch_tp() + (uintptr_t)d->tls_offset), d->tls_image,
	       d->tls_filesz);
}

int rld_tls_late_images(struct rld *r, struct dso *first, struct rld_err *e)
{
	if (from_libc(r))
		return rld_carrier_finish(r, e);
	for (struct dso *d = first; d; d = dso_next(d))
		if (d->tls_static && d->tls_memsz && d->life != LIFE_REVIVED &&
		    !(d->flags & D_HOST))
			late_image(r, d);
	return 0;
}

void rld_tls_release(struct rld *r, struct dso *d)
{
	if (d->tls_static && !(d->flags & (D_HOST | D_STARTUP)))
		give_back(r, d);
	d->tls_static = 0;
	rld_tls_unregister(d);
}
