/* SPDX-License-Identifier: MIT */
/* A whole file: header, segments laid out in memory as the loader does, the
 * dynamic section there and in the flat file, rld's note. */
#include "elf/rldnote.h"
#include "tests/fuzz/walk.h"

#include <sanitizer/asan_interface.h>

enum { MOST = 1 << 20, PAGE = 4096 };

static uintptr_t page_up(uintptr_t at)
{
	return (at + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
}

static void notes(const void *p, size_t len, size_t align)
{
	const void *desc;
	size_t desclen;
	struct rldnote n;

	if (rldnote_find(p, len, align, &desc, &desclen) != 1 ||
	    rldnote_parse(desc, desclen, &n))
		return;
	for (uint32_t i = 0; i < n.nlib; i++) {
		const char *name, *want;
		uint32_t flags;

		rldnote_lib(&n, i, &name, &flags, &want);
		touch(name);
		touch(want);
		if (!rldnote_lookup(&n, name, &flags, &want))
			abort();
	}
	for (uint32_t i = 0; i < n.nhidden; i++)
		if (!rldnote_hides(&n, rldnote_hidden(&n, i)))
			abort();
	touch(n.version);
}

static void look(const struct elf_view *v, const struct elf_head *h)
{
	const char *why = NULL;
	struct elf_dyn d;

	for (size_t i = 0; i < h->phnum; i++) {
		size_t left;
		const void *p;

		if (h->ph[i].p_type != PT_NOTE)
			continue;
		p = elf_at(v, h->ph[i].p_vaddr, &left);
		if (p)
			notes(p,
			      left < h->ph[i].p_filesz ? left :
							 h->ph[i].p_filesz,
			      h->ph[i].p_align);
	}
	if (!h->dynamic)
		return;
	if (elf_dynamic(v, EM_X86_64, h->dynamic->p_vaddr, h->dynamic->p_memsz,
			&d, &why))
		refused(why);
	else
		walk_all(&d);
}

/* One segment's pages as the kernel maps them; what it does not map is poisoned
 * for the address checker. */
static void map(unsigned char *mem, uintptr_t base, const ElfW(Phdr) *p,
		const unsigned char *file, size_t size)
{
	uintptr_t lo = p->p_vaddr & ~(uintptr_t)(PAGE - 1);
	uintptr_t hi = page_up(p->p_vaddr + p->p_memsz);
	size_t off = p->p_offset - (p->p_vaddr - lo);
	size_t n = page_up(p->p_vaddr + p->p_filesz) - lo;

	ASAN_UNPOISON_MEMORY_REGION(mem + (lo - base), hi - lo);
	if (!p->p_filesz)
		return;
	memcpy(mem + (lo - base), file + off, n < size - off ? n : size - off);
	if (p->p_memsz > p->p_filesz)
		memset(mem + (p->p_vaddr + p->p_filesz - base), 0,
		       hi - (p->p_vaddr + p->p_filesz));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct elf_want want = { ELFCLASS64, ELFDATA2LSB,
					      EM_X86_64,  PAGE,
					      0,	  0 };
	struct input in = { data, size };
	struct elf_head h;
	const char *why = NULL;
	size_t len;
	unsigned char *b = take_block(&in, size, &len);
	struct elf_view v = { .flat = b, .flat_size = len, .page = PAGE };

	if (elf_head(b, len, len, &want, &h, &why)) {
		free(b);
		return 0;
	}
	v.ph = h.ph;
	v.phnum = h.phnum;
	look(&v, &h);
	if (h.hi - h.lo <= MOST) {
		uintptr_t base = h.lo & ~(uintptr_t)(PAGE - 1);
		size_t room = page_up(h.hi) - base;
		void *mem;

		/* the load bias is a multiple of the page size */
		if (posix_memalign(&mem, PAGE, room))
			abort();
		memset(mem, 0, room);
		ASAN_POISON_MEMORY_REGION(mem, room);
		for (size_t i = 0; i < h.phnum; i++)
			if (h.ph[i].p_type == PT_LOAD && h.ph[i].p_memsz)
				map(mem, base, &h.ph[i], b, len);
		v.flat = NULL;
		v.bias = (uintptr_t)mem - base;
		look(&v, &h);
		ASAN_UNPOISON_MEMORY_REGION(mem, room);
		free(mem);
	}
	free(b);
	return 0;
}
