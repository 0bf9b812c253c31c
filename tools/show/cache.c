/* SPDX-License-Identifier: MIT */
#include "tools/show/cache.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/show/util.h"

/* glibc's sysdeps/generic/dl-cache.h */
static const char magic[] = "glibc-ld.so.cache1.1";
static const char old_magic[] = "ld.so-1.7.0";

struct head {
	char magic[20];
	uint32_t n, len;
	uint8_t flags, pad[3];
	uint32_t extension, unused[3];
};

struct entry {
	int32_t flags;
	uint32_t key, value, osversion;
	uint64_t hwcap;
};

struct cache {
	const char *bytes;
	size_t len, n;
	const struct entry *entries;
};

/* The whole file; NULL: it cannot be read. */
static char *contents(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *bytes = NULL;
	ssize_t n, done = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size < 1 << 28) {
		bytes = need_memory((size_t)st.st_size + 1);
		while ((n = read(fd, bytes + done,
				 (size_t)(st.st_size - done))) > 0)
			done += n;
	}
	close(fd);
	*len = (size_t)done;
	return bytes;
}

struct cache *cache_open(const char *path)
{
	struct cache *c = need_memory(sizeof *c);
	const struct head *h;
	size_t skip = 0;
	uint32_t n;

	c->bytes = contents(path, &c->len);
	if (!c->bytes)
		return NULL;
	if (c->len > 16 && !memcmp(c->bytes, old_magic, sizeof old_magic - 1)) {
		memcpy(&n, c->bytes + 12, 4);
		skip = (16 + (size_t)n * 12 + 7) & ~(size_t)7;
	}
	if (skip > c->len || c->len - skip < sizeof *h)
		return NULL;
	c->bytes += skip;
	c->len -= skip;
	h = (const struct head *)c->bytes;
	if (memcmp(h->magic, magic, sizeof h->magic) != 0 ||
	    h->n > (c->len - sizeof *h) / sizeof(struct entry))
		return NULL;
	c->entries = (const struct entry *)(h + 1);
	c->n = h->n;
	return c;
}

static const char *string(const struct cache *c, uint32_t off)
{
	if (off >= c->len || !memchr(c->bytes + off, 0, c->len - off))
		return NULL;
	return c->bytes + off;
}

/* FLAG_REQUIRED_MASK and FLAG_ELF_LIBC6 of glibc's ldconfig.h. */
static bool fits(int32_t flags, const struct image *im)
{
	int32_t want;

	switch (im->machine) {
	case EM_X86_64:
		want = im->class == ELFCLASS64 ? 0x0303 : 0x0803;
		break;
	case EM_386:
		want = 0x0003;
		break;
	case EM_AARCH64:
		want = 0x0a03;
		break;
	default:
		return (flags & 0xff) == 3;
	}
	return (flags & 0xffff) == want;
}

const char *cache_find(const struct cache *c, const char *name,
		       const struct image *im, size_t i)
{
	for (size_t k = 0; k < c->n; k++) {
		const struct entry *e = &c->entries[k];
		const char *key = string(c, e->key);

		if (!key || e->hwcap || !fits(e->flags, im) ||
		    strcmp(key, name) != 0)
			continue;
		if (i-- == 0)
			return string(c, e->value);
	}
	return NULL;
}
