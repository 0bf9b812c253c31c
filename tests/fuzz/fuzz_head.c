/* SPDX-License-Identifier: MIT */
/* elf/head.c: the first bytes of a file, and a program header table alone.
 * Input: 8 bytes of what the file's size is said to be beyond the bytes, then
 * the bytes. */
#include "elf/elf_file.h"
#include "tests/fuzz/fuzz.h"

static void promises(const struct elf_head *h, uint64_t filesize)
{
	uintptr_t end = 0;

	if (h->lo >= h->hi || h->align == 0 || h->align & (h->align - 1))
		abort();
	for (size_t i = 0; i < h->phnum; i++) {
		const ElfW(Phdr) *p = &h->ph[i];

		if (p->p_type != PT_LOAD || !p->p_memsz)
			continue;
		if (p->p_vaddr < end || p->p_vaddr + p->p_memsz > h->hi ||
		    p->p_vaddr < h->lo || p->p_filesz > p->p_memsz ||
		    p->p_offset > filesize ||
		    p->p_filesz > filesize - p->p_offset)
			abort();
		end = p->p_vaddr + p->p_memsz;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct elf_want want = { ELFCLASS64, ELFDATA2LSB,
					      EM_X86_64,  4096,
					      0,	  0 };
	struct input in = { data, size };
	uint64_t more = take_number(&in, 8);
	struct elf_head h = { 0 };
	const char *why = NULL;
	size_t len;
	void *b = take_block(&in, in.left, &len);
	int ret = elf_head(b, len, len + more, &want, &h, &why);

	if (ret < 0)
		refused(why);
	else if (ret == 0)
		promises(&h, len + more);
	h = (struct elf_head){ 0 };
	if (elf_phdrs(b, len / sizeof(ElfW(Phdr)), UINT64_MAX, 4096, &h, &why))
		refused(why);
	else
		promises(&h, UINT64_MAX);
	free(b);
	return 0;
}
