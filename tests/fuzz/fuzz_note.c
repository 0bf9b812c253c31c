/* SPDX-License-Identifier: MIT */
/* elf/rldnote.c.  Input: a byte that chooses the alignment, then the notes of
 * a segment. */
#include "elf/rldnote.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	size_t align = take_number(&in, 1) & 1 ? 8 : 4, len, desclen;
	unsigned char *b = take_block(&in, in.left, &len);
	const void *desc;
	struct rldnote n;

	if (rldnote_find(b, len, align, &desc, &desclen) == 1) {
		const unsigned char *at = desc;

		if (at < b || at > b + len || desclen > (size_t)(b + len - at))
			abort();
		if (rldnote_parse(desc, desclen, &n)) {
			refused(n.why);
		} else {
			for (uint32_t i = 0; i < n.nlib; i++) {
				const char *name, *want;
				uint32_t flags;

				rldnote_lib(&n, i, &name, &flags, &want);
				touch(want);
				if (!rldnote_lookup(&n, name, &flags, &want))
					abort();
			}
			for (uint32_t i = 0; i < n.nhidden; i++)
				if (!rldnote_hides(&n, rldnote_hidden(&n, i)))
					abort();
			(void)rldnote_hides(&n, "no such name");
			touch(n.version);
		}
	}
	free(b);
	return 0;
}
