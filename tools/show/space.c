/* SPDX-License-Identifier: MIT */
#include "tools/show/space.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tools/show/util.h"

/* What a core leaves out, such as code, is in the files as it was. */
static int read_file(const struct mapping *m, uint64_t addr, void *buf,
		     size_t len)
{
	int fd = m && m->path && *m->path == '/' && len <= m->hi - addr ?
			 open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) :
			 -1;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = pread(fd, buf, len, (off_t)(m->offset + (addr - m->lo)));
	close(fd);
	return n == (ssize_t)len ? 0 : -1;
}

static int read_core(struct space *s, uint64_t addr, void *buf, size_t len)
{
	for (size_t i = 0; i < s->segments.n; i++) {
		const struct mapping *m = &s->segments.v[i];

		if (addr >= m->lo && addr < m->hi && len <= m->hi - addr)
			return pread(s->fd, buf, len,
				     (off_t)(m->offset + (addr - m->lo))) ==
					       (ssize_t)len ?
				       0 :
				       -1;
	}
	return read_file(space_mapping(s, addr), addr, buf, len);
}

int space_read(struct space *s, uint64_t addr, void *buf, size_t len)
{
	struct iovec here = { buf, len };
	struct iovec there = { (void *)(uintptr_t)addr, len };

	if (!s->pid)
		return read_core(s, addr, buf, len);
	return process_vm_readv(s->pid, &here, 1, &there, 1, 0) ==
			       (ssize_t)len ?
		       0 :
		       -1;
}

unsigned space_size(const struct space *s)
{
	return s->class == ELFCLASS64 ? 8 : 4;
}

bool space_big_endian(const struct space *s)
{
	return s->data == ELFDATA2MSB;
}

static uint64_t word_at(const struct space *s, const unsigned char *b)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < space_size(s); i++)
		v = v << 8 |
		    b[s->data == ELFDATA2MSB ? i : space_size(s) - 1 - i];
	return v;
}

uint64_t space_word(struct space *s, uint64_t addr, bool *bad)
{
	unsigned char b[8];

	if (space_read(s, addr, b, space_size(s))) {
		*bad = true;
		return 0;
	}
	return word_at(s, b);
}

const struct mapping *space_mapping(const struct space *s, uint64_t addr)
{
	for (size_t i = 0; i < s->maps.n; i++)
		if (addr >= s->maps.v[i].lo && addr < s->maps.v[i].hi)
			return &s->maps.v[i];
	return NULL;
}

void space_auxv(struct space *s, const unsigned char *bytes, size_t len)
{
	unsigned size = space_size(s);

	for (size_t i = 0; i + 2 * size <= len; i += 2 * size) {
		uint64_t v = word_at(s, bytes + i + size);

		switch (word_at(s, bytes + i)) {
		case AT_PHDR:
			s->phdr = v;
			break;
		case AT_PHNUM:
			s->phnum = v;
			break;
		case AT_BASE:
			s->base = v;
			break;
		case AT_ENTRY:
			s->entry = v;
			break;
		default:
			break;
		}
	}
}
