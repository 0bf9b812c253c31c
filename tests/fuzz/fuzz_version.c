/* SPDX-License-Identifier: MIT */
/* elf/version.c.  Input: counts and sizes, then the string table, the
 * definitions and the needs. */
#include "tests/fuzz/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct elf_dyn d = { 0 };
	size_t strings, defs;
	char *str;
	void *def, *need;

	d.nverdef = (uint16_t)take_number(&in, 2);
	d.nverneed = (uint16_t)take_number(&in, 2);
	strings = take_number(&in, 2);
	defs = take_number(&in, 2);
	str = take_block(&in, strings, &d.strsz);
	def = take_block(&in, defs, &d.verdef_left);
	need = take_block(&in, in.left, &d.verneed_left);
	if (d.strsz) {
		str[d.strsz - 1] = 0; /* as elf_dynamic has made sure */
		d.strtab = str;
		d.verdef = def;
		d.verneed = need;
		walk_versions(&d);
	}
	free(str);
	free(def);
	free(need);
	return 0;
}
