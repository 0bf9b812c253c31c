/* SPDX-License-Identifier: MIT */
/* elf/dynamic.c, and with what it accepts all other readers.  Input: a byte
 * that chooses the machine, then an object of one segment at address 0x1000
 * that begins with its dynamic section. */
#include "tests/fuzz/walk.h"

static void liblist(const struct elf_view *v, const struct elf_dyn *d)
{
	const char *name, *want = NULL;
	uintptr_t tag, posflag;
	uint32_t flags;
	size_t pos = 0;

	while ((name = elf_next_needed(d, &pos, &tag, &posflag)))
		if (elf_mips_liblist(v, d, name, &flags, &want))
			touch(want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t machines[] = { EM_X86_64, EM_AARCH64, EM_MIPS };
	struct input in = { data, size };
	uint16_t machine = machines[take_number(&in, 1) % 3];
	const char *why = NULL;
	struct elf_dyn d;
	size_t len;
	unsigned char *b = take_block(&in, in.left, &len);
	ElfW(Phdr) ph = { .p_type = PT_LOAD,
			  .p_flags = PF_R,
			  .p_vaddr = 0x1000,
			  .p_filesz = len,
			  .p_memsz = len };
	struct elf_view v = { .ph = &ph,
			      .phnum = 1,
			      .bias = (uintptr_t)b - 0x1000 };

	if (len) {
		if (elf_dynamic(&v, machine, 0x1000, len, &d, &why)) {
			refused(why);
		} else {
			walk_all(&d);
			liblist(&v, &d);
		}
		/* the same bytes as a flat file say the same */
		v = (struct elf_view){
			.ph = &ph, .phnum = 1, .flat = b, .flat_size = len
		};
		if (!elf_dynamic(&v, machine, 0x1000, len, &d, &why))
			walk_all(&d);
	}
	free(b);
	return 0;
}
