/* SPDX-License-Identifier: MIT */
/* Kept answers: every number is compared with what it counts before it is used. */
#include "elf/quickfile.h"

#include <string.h>

/* Four sums at once: each step of one waits for the step before it. */
uint64_t quick_sum(const void *at, size_t size)
{
	const uint64_t by = 0x9e3779b97f4a7c15u;
	const uint64_t *w = at, *end = w + size / sizeof *w;
	uint64_t a = 1, b = 2, c = 3, d = 4;

	w += (offsetof(struct quick_head, sum) + sizeof *w) / sizeof *w;
	for (; end - w >= 4; w += 4) {
		a = (a ^ w[0]) * by;
		b = (b ^ w[1]) * by;
		c = (c ^ w[2]) * by;
		d = (d ^ w[3]) * by;
		a ^= a >> 32;
		b ^= b >> 32;
		c ^= c >> 32;
		d ^= d >> 32;
	}
	for (; w < end; w++) {
		a = (a ^ *w) * by;
		a ^= a >> 32;
	}
	a = (a ^ b) * by;
	c = (c ^ d) * by;
	return (a ^ a >> 29) + (c ^ c >> 31) * by;
}

int quick_same(const struct quick_stamp *a, const struct quick_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime == b->mtime && a->mtime_nsec == b->mtime_nsec &&
	       a->ctime == b->ctime && a->ctime_nsec == b->ctime_nsec;
}

/* The next table of a file, n entries of size bytes; *left bytes follow *at. */
static const void *table(const char **at, uint64_t *left, uint32_t n,
			 size_t size)
{
	uint64_t room = quick_room(n, size);
	const char *was = *at;

	if (room > *left)
		return NULL;
	*at += room;
	*left -= room;
	return was;
}

static int objects_fit(const struct quick_file *q)
{
	const struct quick_head *h = q->head;

	for (uint32_t i = 0; i < h->nobject; i++) {
		const struct quick_object *o = &q->object[i];

		if (o->name >= h->nstring || o->path >= h->nstring ||
		    o->answers > h->nanswer ||
		    o->nanswer > h->nanswer - o->answers ||
		    (o->nanswer && o->nanswer != o->nsym))
			return 0;
	}
	for (uint32_t i = 0; i < h->ntarget; i++) {
		uint32_t n = q->target[i].object & ~QUICK_OFFERED;

		if (n >= h->nobject || q->target[i].sym >= q->object[n].nsym)
			return 0;
	}
	return 1;
}

static int places_fit(const struct quick_file *q)
{
	const struct quick_head *h = q->head;

	for (uint32_t i = 0; i < h->nplace; i++) {
		const struct quick_place *p = &q->place[i];

		if (p->path >= h->nstring || p->kind > QUICK_FILE ||
		    p->absent > h->nabsent ||
		    p->nabsent > h->nabsent - p->absent)
			return 0;
	}
	for (uint32_t i = 0; i < h->nabsent; i++)
		if (q->absent[i] >= h->nstring)
			return 0;
	return 1;
}

static int answers_fit(const struct quick_file *q)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < q->head->nanswer; i++)
		most = q->answer[i] > most ? q->answer[i] : most;
	return most < QUICK_TARGET || most - QUICK_TARGET < q->head->ntarget;
}

int quick_read(const void *at, size_t size, struct quick_file *q,
	       const char **why)
{
	const struct quick_head *h = q->head = at;
	const char *next;
	uint64_t left;

	*why = "is no file of kept answers";
	if (size < sizeof *h || memcmp(h->magic, QUICK_MAGIC, sizeof h->magic))
		return -1;
	next = (const char *)(h + 1);
	left = size - sizeof *h;
	*why = "is of another version";
	if (h->version != QUICK_VERSION)
		return -1;
	*why = "is truncated";
	if (size % 8 || h->size != size)
		return -1;
	*why = "has a table that is not in it";
	q->object = table(&next, &left, h->nobject, sizeof *q->object);
	q->place = table(&next, &left, h->nplace, sizeof *q->place);
	q->target = table(&next, &left, h->ntarget, sizeof *q->target);
	q->absent = table(&next, &left, h->nabsent, sizeof *q->absent);
	q->export = table(&next, &left, h->nexport, sizeof *q->export);
	q->answer = table(&next, &left, h->nanswer, sizeof *q->answer);
	q->string = table(&next, &left, h->nstring, 1);
	if (!q->object || !q->place || !q->target || !q->absent || !q->export ||
	    !q->answer || !q->string || left || !h->nobject || !h->nstring)
		return -1;
	*why = "has a number out of its range";
	if (q->string[h->nstring - 1] || h->origin >= h->nstring ||
	    h->build_id_size > sizeof h->build_id || !objects_fit(q) ||
	    !places_fit(q) || !answers_fit(q))
		return -1;
	return 0;
}
