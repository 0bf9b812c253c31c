/* SPDX-License-Identifier: MIT */
/* rld-show core: what a process left.  The kernel's notes have its mappings
 * (NT_FILE) and its auxiliary vector (NT_AUXV); PT_LOAD its memory. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

#include "tools/show/space.h"
#include "tools/show/util.h"

static uint64_t number(const struct space *s, const unsigned char *b)
{
	uint64_t v = 0;
	unsigned size = space_size(s);

	for (unsigned i = 0; i < size; i++)
		v = v << 8 | b[s->data == ELFDATA2MSB ? i : size - 1 - i];
	return v;
}

/* count, page size; count times start, end, page; then the names. */
static void files(struct space *s, const unsigned char *b, size_t len)
{
	unsigned size = space_size(s);
	const unsigned char *end = b + len, *at = b + 2 * size, *name;
	uint64_t n, page;

	if (len < 2 * size)
		return;
	n = number(s, b);
	page = number(s, b + size);
	if (n > len / (3 * size))
		return;
	name = at + n * 3 * size;
	for (uint64_t i = 0; i < n && name < end; i++, at += 3 * size) {
		const unsigned char *nul =
			memchr(name, 0, (size_t)(end - name));
		struct mapping *m;

		if (!nul)
			return;
		m = LIST_ADD(&s->maps);
		m->lo = number(s, at);
		m->hi = number(s, at + size);
		m->offset = number(s, at + 2 * size) * page;
		m->path = text_copy((const char *)name, (size_t)(nul - name));
		name = nul + 1;
	}
}

static void program_name(struct space *s, const unsigned char *b, size_t len)
{
	/* pr_fname, 16 bytes, then pr_psargs, 80, close the struct */
	if (len >= 96)
		s->exe = text_copy((const char *)b + len - 80,
				   strnlen((const char *)b + len - 80, 80));
}

static void notes(struct space *s, Elf *elf, const GElf_Phdr *ph)
{
	Elf_Data *d = elf_getdata_rawchunk(elf, (int64_t)ph->p_offset,
					   ph->p_filesz, ELF_T_NHDR);
	size_t pos = 0, name, desc;
	GElf_Nhdr n;

	while (d && (pos = gelf_getnote(d, pos, &n, &name, &desc)) > 0) {
		const unsigned char *b = (unsigned char *)d->d_buf + desc;

		if (n.n_type == NT_FILE)
			files(s, b, n.n_descsz);
		else if (n.n_type == NT_AUXV)
			space_auxv(s, b, n.n_descsz);
		else if (n.n_type == NT_PRPSINFO)
			program_name(s, b, n.n_descsz);
	}
}

static void read_core(struct space *s, Elf *elf)
{
	GElf_Ehdr eh;
	size_t n;

	if (!gelf_getehdr(elf, &eh) || elf_getphdrnum(elf, &n))
		die("%s: is cut off in its headers", s->what);
	if (eh.e_type != ET_CORE)
		die("%s: is no core file", s->what);
	s->class = eh.e_ident[EI_CLASS];
	s->data = eh.e_ident[EI_DATA];
	for (size_t i = 0; i < n; i++) {
		struct mapping m = { 0 };
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			die("%s: is cut off in its program headers", s->what);
		if (ph.p_type == PT_NOTE)
			notes(s, elf, &ph);
		if (ph.p_type != PT_LOAD || !ph.p_filesz)
			continue;
		m.lo = ph.p_vaddr;
		m.hi = ph.p_vaddr + ph.p_filesz;
		m.offset = ph.p_offset;
		if (m.hi > m.lo)
			*LIST_ADD(&s->segments) = m;
	}
	if (!s->phdr)
		die("%s: it has no auxiliary vector (NT_AUXV), so its program "
		    "cannot be found",
		    s->what);
}

int show_core(const struct ask *a)
{
	struct space s = { .facts = facts_new(""), .what = a->words[0] };
	Elf *elf;

	elf_version(EV_CURRENT);
	s.fd = open(s.what, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (s.fd < 0)
		die("%s: %s", s.what, strerror(errno));
	elf = elf_begin(s.fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		die("%s: is no ELF file", s.what);
	read_core(&s, elf);
	if (a->nwords > 1)
		s.exe = a->words[1];
	return space_show(&s, a);
}
