/* SPDX-License-Identifier: MIT */
/* elf/quickfile.c.  Input: a file of kept answers, whose sum is not looked at. */
#include "elf/quickfile.h"
#include "tests/fuzz/fuzz.h"

/* All that rld does with a number of the file. */
static void use(const struct quick_file *q)
{
	const struct quick_head *h = q->head;

	touch(q->string + h->origin);
	for (uint32_t i = 0; i < h->nobject; i++) {
		const struct quick_object *o = &q->object[i];

		touch(q->string + o->name);
		touch(q->string + o->path);
		for (uint32_t s = 0; s < o->nanswer; s++) {
			uint32_t a = q->answer[o->answers + s], n;

			if (a < QUICK_TARGET)
				continue;
			n = q->target[a - QUICK_TARGET].object & ~QUICK_OFFERED;
			if (q->target[a - QUICK_TARGET].sym >=
			    q->object[n].nsym)
				abort();
		}
	}
	for (uint32_t i = 0; i < h->nplace; i++) {
		const struct quick_place *p = &q->place[i];

		touch(q->string + p->path);
		for (uint32_t k = 0; k < p->nabsent; k++)
			touch(q->string + q->absent[p->absent + k]);
	}
	for (uint32_t i = 0; i < h->nexport; i++)
		__asm__ volatile("" ::"r"(q->export[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct quick_file q;
	const char *why = NULL;
	size_t len;
	void *b = take_block(&in, in.left, &len);

	if (quick_read(b, len, &q, &why)) {
		refused(why);
	} else {
		use(&q);
		__asm__ volatile("" ::"r"(quick_sum(b, len)));
	}
	free(b);
	return 0;
}
