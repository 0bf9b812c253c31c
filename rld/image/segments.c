/* SPDX-License-Identifier: MIT */
/* Room for an object in one piece, its segments in it, bss cleared.  Nothing is
 * ever writable and executable. */
#include "rld/base/base.h"
#include "rld/image/image.h"

#include <errno.h>

/* Exactly at `at`: 0 or -errno. */
static int map_at(uintptr_t at, size_t len, int prot, int flags, int fd,
		  uint64_t off)
{
	uintptr_t got =
		sys_mmap((void *)at, len, prot, MAP_PRIVATE | flags, fd, off);

	if (got == at)
		return 0;
	if (SYS_ERR(got))
		return (int)(intptr_t)got;
	sys_munmap(got, len); /* a kernel that does not know the flag */
	return -EEXIST;
}

/* exec: what executable pages of the object are besides. */
static int prot_of(unsigned flags, int exec)
{
	return (flags & PF_R ? PROT_READ : 0) |
	       (flags & PF_W ? PROT_WRITE : 0) |
	       (flags & PF_X ? PROT_EXEC | exec : 0);
}

/* Where pages are larger than the machine's below an emulator, there is no
 * memory behind a file's end: the last page of a writable segment is copied. */
static int copy_tail(struct rld *r, const ElfW(Phdr) *p, int fd, uintptr_t at,
		     uintptr_t file_end)
{
	uintptr_t last = page_up(r, file_end) - r->page;
	uint64_t off = p->p_offset + (last - (file_end - p->p_filesz));
	int err;
	long n;

	if (last < at || off + r->page <= ((r->mapping_size + 4095) & ~4095ULL))
		return 0;
	err = map_at(last, r->page, PROT_READ | PROT_WRITE,
		     MAP_FIXED | MAP_ANONYMOUS, -1, 0);
	if (err)
		return err;
	n = sys_pread(fd, (void *)last, file_end - last, off);
	return n == (long)(file_end - last) ? 0 : n < 0 ? (int)n : -EIO;
}

/* What the object's PT_GNU_PROPERTY asks of its executable pages. */
static int exec_prot(const struct elf_head *h, int fd)
{
	uint32_t note[64];
	long n;

	for (size_t i = 0; ARCH_HAS_EXEC_PROT && i < h->phnum; i++)
		if (h->ph[i].p_type == PT_GNU_PROPERTY &&
		    h->ph[i].p_filesz <= sizeof note) {
			n = sys_pread(fd, note, h->ph[i].p_filesz,
				      h->ph[i].p_offset);
			return n > 0 ? arch_exec_prot(note, (size_t)n) : 0;
		}
	return 0;
}

/* How the segments of an object come into its room. */
struct extent {
	int fixed;	   /* MAP_FIXED, or MAP_FIXED_NOREPLACE */
	uintptr_t served;  /* segments up to here are mapped already */
	uintptr_t covered; /* the end of the file's mapping that serves them */
	uintptr_t end;	   /* the end of what is done */
	int reserved; /* what lies behind is the object's, without access */
	int exec;     /* dso.exec_prot */
};

/* The pages of a small writable segment become ours now: one fault for each,
 * not one to read and another to write. */
#define FEW_PAGES 4

static void touch(struct rld *r, uintptr_t at, size_t len)
{
	if (len <= FEW_PAGES * r->page)
		for (size_t i = 0; i < len; i += r->page)
			arch_touch((char *)(at + i));
}

/* 0 or -errno. */
static int map_segment(struct rld *r, uintptr_t bias, const ElfW(Phdr) *p,
		       int fd, struct extent *m)
{
	uintptr_t at = page_down(r, bias + p->p_vaddr);
	uintptr_t file_end = bias + p->p_vaddr + p->p_filesz;
	uintptr_t mem_end = bias + p->p_vaddr + p->p_memsz;
	uintptr_t skew = (bias + p->p_vaddr) - at;
	int prot = prot_of(p->p_flags, m->exec), writable = p->p_flags & PF_W;
	int err = 0;

	if (p->p_filesz) {
		size_t len = page_up(r, file_end) - at;

		if (at + len > m->served) {
			err = map_at(at, len, prot, m->fixed, fd,
				     p->p_offset - skew);
			if (!err)
				m->end = at + len;
			if (!err && r->page > 4096 && writable)
				err = copy_tail(r, p, fd, at, file_end);
			if (!err && writable)
				touch(r, at, len);
		}
		if (err)
			return err;
		m->end = at + len;
		if (p->p_memsz > p->p_filesz && writable) {
			uintptr_t to = page_up(r, file_end);

			memset((void *)file_end, 0, to - file_end);
		}
		at = page_up(r, file_end);
	}
	if (mem_end > at) {
		size_t len = page_up(r, mem_end) - at;

		err = map_at(at, len, prot, m->fixed | MAP_ANONYMOUS, -1, 0);
		if (!err)
			m->end = at + len;
	}
	return err;
}

/* What lies between two segments is of no use. */
static int close_gap(const struct extent *m, uintptr_t to)
{
	if (to <= m->end || m->reserved)
		return 0;
	if (to <= m->covered)
		return sys_mprotect(m->end, to - m->end, PROT_NONE);
	return map_at(m->end, to - m->end, PROT_NONE, MAP_ANONYMOUS | m->fixed,
		      -1, 0);
}

/* The size of the segments in front that are alike, one behind the other in the
 * file: one mapping serves them.  All others are mapped one by one, with what
 * they may do from the beginning: systems may forbid that memory becomes
 * executable later, and valgrind knows objects by their mappings.  0: there are
 * none. */
static size_t alike(struct rld *r, const struct elf_head *h,
		    const ElfW(Phdr) *first)
{
	const ElfW(Phdr) *p = first, *last = NULL;

	for (; p < h->ph + h->phnum; p++)
		if (p->p_type == PT_LOAD && p->p_memsz) {
			if (p->p_flags & PF_W || p->p_memsz != p->p_filesz ||
			    prot_of(p->p_flags, 0) !=
				    prot_of(first->p_flags, 0) ||
			    p->p_vaddr - p->p_offset !=
				    first->p_vaddr - first->p_offset)
				break;
			last = p;
		}
	return last ? page_up(r, last->p_vaddr + last->p_filesz) -
			       page_down(r, h->lo) :
		      0;
}

/* Room for the whole object; for ET_EXEC at its own address, for a file that was
 * unloaded and is unchanged where it was, if that is free. */
static uintptr_t reserve(struct rld *r, const struct dso *d,
			 const struct elf_head *h, int fd,
			 const ElfW(Phdr) *first, size_t len, struct extent *m)
{
	void *again = (void *)d->place;
	uintptr_t want = h->type == ET_EXEC ? page_down(r, h->lo) : 0;
	size_t size = alike(r, h, first);
	uintptr_t got, at;

	*m = (struct extent){ .fixed = MAP_FIXED, .exec = m->exec };
	if (!want && size && h->align <= r->page) {
		at = sys_mmap(again, len, prot_of(first->p_flags, m->exec),
			      MAP_PRIVATE, fd,
			      first->p_offset & ~(r->page - 1));
		m->served = at + size;
		m->covered = at + len;
		return at;
	}
	m->reserved = 1;
	if (want) {
		int err = map_at(want, len, PROT_NONE,
				 MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		return err ? (uintptr_t)(intptr_t)err : want;
	}
	got = sys_mmap(again, len + h->align, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (SYS_ERR(got))
		return got;
	/* load bias a multiple of the largest alignment */
	at = ((got - page_down(r, h->lo) + h->align - 1) & ~(h->align - 1)) +
	     page_down(r, h->lo);
	if (at > got)
		sys_munmap(got, at - got);
	if (at + len < got + len + h->align)
		sys_munmap(at + len, got + h->align - at);
	return at;
}

/* The kernel knows best where a file should lie that huge pages could serve. */
#define HUGE ((size_t)2 << 20)

/* At the start no other thread maps anything, and what lies below the last mapping
 * is free as a rule: the kernel says so of each piece.  Nothing is laid over
 * anything then, which spares the kernel to cut mappings up again.  0: it has
 * to be reserved. */
static uintptr_t place_below(struct rld *r, const struct elf_head *h, int fd,
			     const ElfW(Phdr) *first, size_t len,
			     struct extent *m)
{
	uintptr_t lo = page_down(r, h->lo), at;
	size_t size = alike(r, h, first);

	if (r->started || h->type == ET_EXEC || r->floor < len + h->align ||
	    len >= HUGE || !size)
		return 0;
	at = r->floor - len - lo;
	at = (at & ~((h->align > r->page ? h->align : r->page) - 1)) + lo;
	*m = (struct extent){ .fixed = MAP_FIXED_NOREPLACE,
			      .exec = m->exec,
			      .served = at + size,
			      .covered = at + size };
	return map_at(at, size, prot_of(first->p_flags, m->exec),
		      MAP_FIXED_NOREPLACE, fd,
		      first->p_offset & ~(r->page - 1)) ?
		       0 :
		       at;
}

/* 0 or -errno. */
static int map_segments(struct rld *r, struct dso *d, int fd,
			const struct elf_head *h, struct extent *m)
{
	int err = 0;

	m->end = d->lo;
	for (size_t i = 0; i < h->phnum && !err; i++) {
		const ElfW(Phdr) *p = &h->ph[i];

		if (p->p_type != PT_LOAD || !p->p_memsz)
			continue;
		err = close_gap(m, page_down(r, d->lm.l_addr + p->p_vaddr));
		if (!err)
			err = map_segment(r, d->lm.l_addr, p, fd, m);
	}
	return err;
}

static void put_at(struct dso *d, uintptr_t base, uintptr_t lo, uintptr_t hi)
{
	d->lo = base;
	d->hi = base + (hi - lo);
	d->lm.l_addr = base - lo;
}

int rld_lay(struct rld *r, struct dso *d, int fd, const struct elf_head *h,
	    struct rld_err *e)
{
	uintptr_t lo = page_down(r, h->lo), hi = page_up(r, h->hi), base;
	const ElfW(Phdr) *first = NULL;
	struct extent m = { .exec = d->exec_prot = exec_prot(h, fd) };
	int ret = -1;

	for (size_t i = 0; !first; i++)
		if (h->ph[i].p_type == PT_LOAD && h->ph[i].p_memsz)
			first = &h->ph[i];
	base = place_below(r, h, fd, first, hi - lo, &m);
	if (base) {
		put_at(d, base, lo, hi);
		ret = map_segments(r, d, fd, h, &m);
		if (ret) {
			sys_munmap(base, m.covered - base);
			if (m.end > m.covered)
				sys_munmap(m.covered, m.end - m.covered);
		}
	}
	if (ret) {
		base = reserve(r, d, h, fd, first, hi - lo, &m);
		if (SYS_ERR(base)) {
			d->lo = d->hi = 0;
			return rld_fail(e, "%s: cannot be mapped: %s",
					dso_name(r, d),
					(long)base == -EEXIST ?
						"its addresses are in use" :
						sys_strerror((long)base));
		}
		put_at(d, base, lo, hi);
		ret = map_segments(r, d, fd, h, &m);
		if (ret)
			return rld_fail(e, "%s: cannot be mapped: %s",
					dso_name(r, d), sys_strerror(ret));
	}
	/* where the kernel lays it above, it chooses for all that follow, too */
	if (h->type != ET_EXEC)
		rld_set_floor(r, base < r->floor ? base : 0);
	return 0;
}

void rld_lay_kernels(struct rld *r, struct dso *d)
{
	for (unsigned i = 0; ARCH_HAS_EXEC_PROT && i < d->phnum; i++) {
		const ElfW(Phdr) *p = &d->ph[i];
		uintptr_t at = d->lm.l_addr + p->p_vaddr;

		if (p->p_type == PT_GNU_PROPERTY && at % 4 == 0 &&
		    rld_readable(r, d, at, p->p_filesz))
			d->exec_prot = arch_exec_prot((const uint32_t *)at,
						      p->p_filesz);
	}
	for (unsigned i = 0; d->exec_prot && i < d->phnum; i++) {
		const ElfW(Phdr) *p = &d->ph[i];
		uintptr_t at = page_down(r, d->lm.l_addr + p->p_vaddr);

		if (p->p_type == PT_LOAD && p->p_flags & PF_X)
			sys_mprotect(at,
				     page_up(r, d->lm.l_addr + p->p_vaddr +
							p->p_memsz) -
					     at,
				     prot_of(p->p_flags, d->exec_prot));
	}
}
