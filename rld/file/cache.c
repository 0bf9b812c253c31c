/* SPDX-License-Identifier: MIT */
/* /etc/ld.so.cache (the format "glibc-ld.so.cache1.1"). */
#include "rld/base/base.h"
#include "rld/file/file.h"

struct cache_entry {
	int32_t flags;
	uint32_t key, value;
	uint32_t osversion;
	uint64_t hwcap;
};

struct cache_head {
	char magic[20];
	uint32_t nlibs, len_strings;
	uint8_t flags, pad[3];
	uint32_t extension;
	uint32_t unused[3];
	struct cache_entry libs[];
};

#define HWCAP_EXTENSION (1ULL << 62)

static struct {
	uintptr_t at;
	size_t size;
	size_t ends;  /* what begins before this offset ends inside */
	int state;    /* 0 unknown, 1 mapped, -1 none */
	int of_start; /* as it was then */
} cache;

static const char magic[] = "glibc-ld.so.cache1.1";

/* Take what lies at `at` for the cache, if it looks like one. */
static int cache_use(const void *at, size_t size)
{
	const struct cache_head *h = at;

	if (size < sizeof *h || memcmp(h->magic, magic, sizeof h->magic) ||
	    h->nlibs > (size - sizeof *h) / sizeof h->libs[0])
		return -1;
	cache.at = (uintptr_t)at;
	cache.size = cache.ends = size;
	while (cache.ends && ((const char *)at)[cache.ends - 1])
		cache.ends--;
	cache.state = 1;
	return 0;
}

int path_open(struct rld *r, const char *file)
{
	char *name;
	int fd;

	if (!r->root)
		return sys_open(file, O_RDONLY);
	name = rld_format("%s%s", r->root, file);
	fd = name ? sys_open(name, O_RDONLY) : -1;
	rld_free(name);
	return fd;
}

static void cache_open(struct rld *r)
{
	struct statx st;
	int fd = path_open(r, "/etc/ld.so.cache");
	uintptr_t at;

	cache.state = -1;
	cache.of_start = !r->started;
	if (fd < 0)
		return;
	if (sys_statx(fd, "", AT_EMPTY_PATH, &st) || st.stx_size == 0 ||
	    st.stx_size > 1 << 28)
		goto out;
	at = sys_mmap(NULL, (size_t)st.stx_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (SYS_ERR(at))
		goto out;
	keep_above(r, at);
	if (cache_use((const void *)at, (size_t)st.stx_size))
		sys_munmap(at, (size_t)st.stx_size);
out:
	sys_close(fd);
}

static void cache_close(void)
{
	if (cache.state > 0)
		sys_munmap(cache.at, cache.size);
	cache.state = 0;
}

int path_cache_exists(struct rld *r)
{
	if (cache.of_start && r->started)
		cache_close();
	if (!cache.state)
		cache_open(r);
	return cache.state > 0;
}

/* What the start has mapped stays until the next search: most programs never
 * search again, and an end of the process that unmaps it in passing is cheaper
 * than a call. */
void path_cache_close(struct rld *r)
{
	if (r->started)
		cache_close();
}

/* A string of the cache that ends inside it, or NULL. */
static const char *cache_string(uint32_t off)
{
	return off < cache.ends ? (const char *)cache.at + off : NULL;
}

/* The order of the cache: runs of digits compare as numbers. */
static int cache_compare(const char *a, const char *b)
{
	while (*a || *b) {
		int da = *a >= '0' && *a <= '9', db = *b >= '0' && *b <= '9';

		if (da && db) {
			uint64_t x = 0, y = 0;

			while (*a >= '0' && *a <= '9')
				x = x * 10 + (uint64_t)(*a++ - '0');
			while (*b >= '0' && *b <= '9')
				y = y * 10 + (uint64_t)(*b++ - '0');
			if (x != y)
				return x < y ? -1 : 1;
		} else if (da != db) {
			return da ? 1 : -1;
		} else if (*a != *b) {
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		} else {
			a++, b++;
		}
	}
	return 0;
}

/* Level of a hwcaps entry: the extension lists subfolder names by index. */
static int hwcap_rank(const struct cache_entry *c, const char *value)
{
	if (!(c->hwcap & HWCAP_EXTENSION))
		return c->hwcap ? -1 : 0;
	for (unsigned l = rld_hwcap_level(&rld_state); l > 0; l--) {
		const char *name = arch_hwcap_name(l), *at = value;

		for (; *at; at++)
			if (*at == '/' && str_starts(at + 1, name) &&
			    at[1 + strlen(name)] == '/')
				return (int)l;
	}
	return -1;
}

/* The first entry that is not greater than name: the order descends. */
static uint32_t first_entry(const struct cache_head *h, const char *name)
{
	uint32_t lo = 0, hi = h->nlibs;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const char *key = cache_string(h->libs[mid].key);

		if (!key)
			return h->nlibs;
		if (cache_compare(key, name) > 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int path_cache_has_levels(struct rld *r, const char *name)
{
	const struct cache_head *h;

	if (!path_cache_exists(r))
		return 0;
	h = (const void *)cache.at;
	for (uint32_t i = first_entry(h, name); i < h->nlibs; i++) {
		const char *key = cache_string(h->libs[i].key);

		if (!key || strcmp(key, name) != 0)
			break;
		if (h->libs[i].hwcap)
			return 1;
	}
	return 0;
}

const char *path_cache_find(struct rld *r, const char *name)
{
	const struct cache_head *h;
	const char *best = NULL;
	int best_rank = -1;

	if (!path_cache_exists(r))
		return NULL;
	h = (const void *)cache.at;
	for (uint32_t lo = first_entry(h, name); lo < h->nlibs; lo++) {
		const struct cache_entry *c = &h->libs[lo];
		const char *key = cache_string(c->key);
		const char *value = cache_string(c->value);
		int rank;

		if (!key || !value || strcmp(key, name))
			break;
		if (c->flags != ARCH_CACHE_FLAGS &&
		    c->flags != ARCH_CACHE_OTHER)
			continue;
		rank = hwcap_rank(c, value);
		if (rank > best_rank) {
			best_rank = rank;
			best = value;
		}
	}
	return best;
}
