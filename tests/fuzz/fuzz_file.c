/* A whole file: header, segments laid out in memory as the loader does, the
 * dynamic section there and in the flat file, rld's note. */
#include "elf/rldnote.h"
#include "tests/fuzz/walk.h"

enum { MOST = 1 << 20 };

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct elf_want want = { ELFCLASS64, ELFDATA2LSB,
					      EM_X86_64,  4096,
					      0,	  0 };
	struct input in = { data, size };
	struct elf_head h;
	const char *why = NULL;
	size_t len;
	unsigned char *b = take_block(&in, size, &len), *mem, *low;
	struct elf_view v = { .flat = b, .flat_size = len };

	if (elf_head(b, len, len, &want, &h, &why)) {
		free(b);
		return 0;
	}
	v.ph = h.ph;
	v.phnum = h.phnum;
	look(&v, &h);
	if (h.hi - h.lo <= MOST) {
		/* the load bias is a multiple of the page size */
		void *block;

		if (posix_memalign(&block, 4096,
				   h.hi - (h.lo & ~(uintptr_t)4095)))
			abort();
		mem = block;
		low = mem + (h.lo & 4095);
		memset(low, 0, h.hi - h.lo);
		for (size_t i = 0; i < h.phnum; i++)
			if (h.ph[i].p_type == PT_LOAD && h.ph[i].p_memsz)
				memcpy(low + (h.ph[i].p_vaddr - h.lo),
				       b + h.ph[i].p_offset, h.ph[i].p_filesz);
		v.flat = NULL;
		v.bias = (uintptr_t)low - h.lo;
		look(&v, &h);
		free(mem);
	}
	free(b);
	return 0;
}
