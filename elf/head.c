/* SPDX-License-Identifier: MIT */
/* ELF header and program headers: gABI ch. 4 "ELF Header", ch. 5 "Program
 * Header", with the limits that a mapping of the file needs. */
#include "elf/elf_file.h"

#define MAX_PHNUM     1024
#define MAX_TLS	      ((uintptr_t)1 << 30) /* bytes of one object */
#define MAX_TLS_ALIGN ((uintptr_t)1 << 20)

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

static int check_ident(const unsigned char *id, const struct elf_want *want,
		       const char **why)
{
	if (id[0] != 0x7f || id[1] != 'E' || id[2] != 'L' || id[3] != 'F')
		return refuse(
			why,
			id[0] == '#' && id[1] == '!' ?
				"invalid ELF header (it is a script)" :
				"invalid ELF header (it is not an ELF object)");
	if (id[EI_CLASS] != want->class)
		return refuse(why,
			      id[EI_CLASS] == ELFCLASS32 ?
				      "is a 32-bit object (wrong ELF class)" :
				      "has the wrong ELF class");
	if (id[EI_DATA] != want->data)
		return refuse(why, "has the wrong byte order");
	if (id[EI_VERSION] != EV_CURRENT)
		return refuse(why, "has an unknown ELF version");
	return 0;
}

static int add_load(const ElfW(Phdr) *p, uint64_t filesize, size_t page,
		    struct elf_head *h, const char **why)
{
	if (p->p_filesz > p->p_memsz)
		return refuse(why, "has a segment whose file size exceeds its "
				   "memory size");
	if (p->p_memsz == 0)
		return 0;
	if (p->p_offset > filesize || p->p_filesz > filesize - p->p_offset)
		return refuse(why, "is truncated (a segment reaches past the "
				   "end of the file)");
	if (p->p_vaddr > UINTPTR_MAX - p->p_memsz ||
	    p->p_vaddr + p->p_memsz > UINTPTR_MAX - page)
		return refuse(why, "has a segment outside the address space");
	if (((p->p_vaddr ^ p->p_offset) & (page - 1)) != 0 && p->p_filesz)
		return refuse(why, "has a segment whose offset and address "
				   "disagree modulo the page size");
	if (p->p_align & (p->p_align - 1))
		return refuse(why, "has a segment alignment that is not a "
				   "power of two");
	if ((p->p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
		return refuse(why, "has a segment that is both writable and "
				   "executable");
	if (h->hi && p->p_vaddr < h->hi)
		return refuse(why, "has segments that overlap or are out of "
				   "order");
	/* the later mapping would take the page from the earlier one */
	if (h->hi && (p->p_vaddr & ~(page - 1)) < h->hi)
		return refuse(why, "has segments that share a page");
	if (!h->hi)
		h->lo = p->p_vaddr;
	h->hi = p->p_vaddr + p->p_memsz;
	if (p->p_align > h->align)
		h->align = p->p_align;
	return 0;
}

/* Are q's bytes of the file in segments that can be read? */
static int in_segments(const ElfW(Phdr) *ph, size_t phnum, size_t page,
		       const ElfW(Phdr) *q)
{
	const struct elf_view v = { .ph = ph, .phnum = phnum, .page = page };
	size_t left;

	elf_at(&v, q->p_vaddr, &left);
	return q->p_filesz <= left;
}

int elf_phdrs(const ElfW(Phdr) *ph, size_t phnum, uint64_t filesize,
	      size_t page, struct elf_head *h, const char **why)
{
	h->ph = ph;
	h->phnum = (uint16_t)phnum;
	h->align = 1;
	for (size_t i = 0; i < phnum; i++) {
		switch (ph[i].p_type) {
		case PT_LOAD:
			if (add_load(&ph[i], filesize, page, h, why))
				return -1;
			break;
		case PT_DYNAMIC:
			h->dynamic = &ph[i];
			break;
		case PT_INTERP:
			h->interp = &ph[i];
			break;
		case PT_TLS:
			if (ph[i].p_align & (ph[i].p_align - 1))
				return refuse(why, "has a TLS alignment that "
						   "is not a power of two");
			if (ph[i].p_filesz > ph[i].p_memsz ||
			    ph[i].p_memsz > MAX_TLS ||
			    ph[i].p_align > MAX_TLS_ALIGN)
				return refuse(why, "has a malformed TLS "
						   "segment");
			h->tls = &ph[i];
			break;
		case PT_GNU_RELRO:
			h->relro = &ph[i];
			break;
		case PT_GNU_STACK:
			h->stack = &ph[i];
			break;
		default:
			break;
		}
	}
	if (h->hi == 0)
		return refuse(why, "has no loadable segment");
	if (h->hi - h->lo > UINTPTR_MAX / 4)
		return refuse(why, "spans too much address space");
	if (h->dynamic &&
	    (h->dynamic->p_vaddr < h->lo || h->dynamic->p_vaddr > h->hi ||
	     h->dynamic->p_memsz > h->hi - h->dynamic->p_vaddr))
		return refuse(why, "has a dynamic section outside its "
				   "segments");
	if (h->relro &&
	    (h->relro->p_vaddr < h->lo || h->relro->p_vaddr > h->hi ||
	     h->relro->p_memsz > h->hi - h->relro->p_vaddr + page))
		return refuse(why, "has a RELRO segment outside its segments");
	if (h->tls && h->tls->p_filesz && !in_segments(ph, phnum, page, h->tls))
		return refuse(why, "has a TLS image outside its segments");
	return 0;
}

int elf_head(const void *buf, size_t len, uint64_t filesize,
	     const struct elf_want *want, struct elf_head *h, const char **why)
{
	const ElfW(Ehdr) *e = buf;

	*h = (struct elf_head){ 0 };
	if (filesize == 0)
		return refuse(why, "file too short (it is empty)");
	if (len < EI_NIDENT)
		return refuse(
			why,
			len >= 2 && e->e_ident[0] == '#' &&
					e->e_ident[1] == '!' ?
				"invalid ELF header (it is a script)" :
				"invalid ELF header (it is not an ELF object)");
	if (check_ident(e->e_ident, want, why))
		return -1;
	if (len < sizeof *e)
		return refuse(why, "is truncated (its ELF header is "
				   "incomplete)");
	if (e->e_machine != want->machine)
		return refuse(why, "is for another machine");
	if ((e->e_flags & want->eflags_mask) != want->eflags)
		return refuse(why, "is for another ABI of this machine");
	if (e->e_type == ET_REL)
		return refuse(why, "is a relocatable object, not a shared one");
	if (e->e_type == ET_CORE)
		return refuse(why, "is a core dump");
	if (e->e_type != ET_EXEC && e->e_type != ET_DYN)
		return refuse(why, "is neither a program nor a shared object");
	if (e->e_phentsize != sizeof(ElfW(Phdr)) || e->e_phnum == 0)
		return refuse(why, "has no usable program headers");
	if (e->e_phnum > MAX_PHNUM)
		return refuse(why, "has too many program headers");
	if (e->e_phoff > filesize ||
	    e->e_phnum * sizeof(ElfW(Phdr)) > filesize - e->e_phoff ||
	    e->e_phoff % sizeof(ElfW(Addr)))
		return refuse(why, "is truncated (its program headers are "
				   "incomplete)");
	h->type = e->e_type;
	h->phnum = e->e_phnum;
	h->phoff = e->e_phoff;
	h->entry = e->e_entry;
	if (e->e_phoff > len ||
	    e->e_phnum * sizeof(ElfW(Phdr)) > len - e->e_phoff)
		return 1;
	return elf_phdrs((const void *)((const char *)buf + e->e_phoff),
			 e->e_phnum, filesize, want->page, h, why);
}

/* The vaddrs [*lo, *hi) that segment p fills with bytes of the file.  Whole
 * pages are mapped: what lies before p_vaddr counts, and what lies behind
 * p_filesz when p_memsz puts no zeros there.  0: nothing that can be read. */
static int file_bytes(const struct elf_view *v, const ElfW(Phdr) *p,
		      uintptr_t *lo, uintptr_t *hi)
{
	uintptr_t in_page = (v->page ? v->page : 1) - 1;

	if (p->p_type != PT_LOAD || !p->p_filesz || !(p->p_flags & PF_R))
		return 0;
	*lo = p->p_vaddr & ~in_page;
	*hi = p->p_vaddr + p->p_filesz;
	if (p->p_memsz == p->p_filesz && *hi <= UINTPTR_MAX - in_page)
		*hi = (*hi + in_page) & ~in_page;
	if (v->flat) {
		if (p->p_offset > v->flat_size ||
		    p->p_filesz > v->flat_size - p->p_offset)
			return 0;
		if (p->p_vaddr - *lo > p->p_offset)
			*lo = p->p_vaddr;
		if (*hi - p->p_vaddr > v->flat_size - p->p_offset)
			*hi = p->p_vaddr + (v->flat_size - p->p_offset);
	}
	return 1;
}

/* Where the bytes end that go on from segment i, which ends at hi: a table may
 * lie over several segments that adjoin, as patchelf makes them. */
static uintptr_t end_of_run(const struct elf_view *v, size_t i, uintptr_t hi)
{
	const uintptr_t delta = v->ph[i].p_vaddr - v->ph[i].p_offset;
	uintptr_t lo, next;

	while (++i < v->phnum) {
		const ElfW(Phdr) *p = &v->ph[i];

		if (p->p_type != PT_LOAD || !p->p_memsz)
			continue;
		if (!file_bytes(v, p, &lo, &next) || lo != hi ||
		    (v->flat && p->p_vaddr - p->p_offset != delta))
			break;
		hi = next;
	}
	return hi;
}

static int find_run(const struct elf_view *v, uintptr_t vaddr,
		    struct elf_run *run)
{
	for (size_t i = 0; i < v->phnum; i++) {
		const ElfW(Phdr) *p = &v->ph[i];

		if (!file_bytes(v, p, &run->lo, &run->hi) || vaddr < run->lo ||
		    vaddr >= run->hi)
			continue;
		run->hi = end_of_run(v, i, run->hi);
		run->at = v->flat ? (uintptr_t)v->flat + p->p_offset + run->lo -
					    p->p_vaddr :
				    v->bias + run->lo;
		return 1;
	}
	*run = (struct elf_run){ 0 };
	return 0;
}

const void *elf_at(const struct elf_view *v, uintptr_t vaddr, size_t *left)
{
	struct elf_run none = { 0 }, *run = v->last ? v->last : &none;

	*left = 0;
	if (v->adjusted && v->bias && vaddr >= v->bias)
		vaddr -= v->bias;
	if ((vaddr < run->lo || vaddr >= run->hi) && !find_run(v, vaddr, run))
		return NULL;
	*left = run->hi - vaddr;
	return (const void *)(run->at + (vaddr - run->lo));
}
