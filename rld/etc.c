/* The system's own lists of folders: /etc/ld.so.cache (the format "glibc-
 * ld.so.cache1.1"), /etc/ld.so.conf with its includes, /etc/ld-musl-*.path. */
#include "rld/path.h"

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

static int cache_valid(const void *at, size_t size)
{
	const struct cache_head *h = at;

	return size >= sizeof *h && !memcmp(h->magic, magic, sizeof h->magic) &&
	       h->nlibs <= (size - sizeof *h) / sizeof h->libs[0];
}

static int open_rooted(struct rld *r, const char *file)
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
	int fd = open_rooted(r, "/etc/ld.so.cache");

	cache.state = -1;
	cache.of_start = !r->started;
	if (fd < 0)
		return;
	if (sys_statx(fd, "", AT_EMPTY_PATH, &st) || st.stx_size == 0 ||
	    st.stx_size > 1 << 28)
		goto out;
	cache.at = sys_mmap(NULL, (size_t)st.stx_size, PROT_READ, MAP_PRIVATE,
			    fd, 0);
	if (SYS_ERR(cache.at))
		goto out;
	cache.size = (size_t)st.stx_size;
	if (!r->started)
		r->floor = cache.at;
	if (!cache_valid((const void *)cache.at, cache.size)) {
		sys_munmap(cache.at, cache.size);
		goto out;
	}
	cache.ends = cache.size;
	while (cache.ends && ((const char *)cache.at)[cache.ends - 1])
		cache.ends--;
	cache.state = 1;
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
	static unsigned level; /* + 1: 0 is not known yet */

	if (!(c->hwcap & HWCAP_EXTENSION))
		return c->hwcap ? -1 : 0;
	if (!level)
		level = (unsigned)arch_hwcap_level() + 1;
	for (unsigned l = level - 1; l > 0; l--) {
		const char *name = arch_hwcap_name(l), *at = value;

		for (; *at; at++)
			if (*at == '/' && str_starts(at + 1, name) &&
			    at[1 + strlen(name)] == '/')
				return (int)l;
	}
	return -1;
}

const char *path_cache_find(struct rld *r, const char *name)
{
	const struct cache_head *h;
	uint32_t lo = 0, hi;
	const char *best = NULL;
	int best_rank = -1;

	if (!path_cache_exists(r))
		return NULL;
	h = (const void *)cache.at;
	hi = h->nlibs;
	while (lo < hi) { /* first entry not greater: the order descends */
		uint32_t mid = lo + (hi - lo) / 2;
		const char *key = cache_string(h->libs[mid].key);

		if (!key)
			return NULL;
		if (cache_compare(key, name) > 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < h->nlibs; lo++) {
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

char *path_slurp(struct rld *r, const char *file, int rooted)
{
	char *text = NULL;
	struct statx st;
	int fd = rooted ? open_rooted(r, file) : sys_open(file, O_RDONLY);

	if (fd < 0)
		return NULL;
	if (!sys_statx(fd, "", AT_EMPTY_PATH, &st) && st.stx_size < 1 << 20) {
		text = rld_alloc((size_t)st.stx_size + 1);
		if (text && sys_pread(fd, text, (size_t)st.stx_size, 0) < 0)
			text[0] = 0;
	}
	sys_close(fd);
	return text;
}

/* The next word of a line, words parted by blanks, colons and commas. */
static char *word(char **at)
{
	char *s = *at, *w;

	while (*s == ' ' || *s == '\t' || *s == ':' || *s == ',')
		s++;
	w = s;
	while (*s && !strchr(" \t:,", *s))
		s++;
	if (*s)
		*s++ = 0;
	*at = s;
	return *w ? w : NULL;
}

struct dirent64 {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static int conf_file(struct rld *r, const char *file, int depth,
		     int (*fn)(void *, const char *), void *arg);

/* `include` takes a pattern whose last element may have one star. */
static int conf_include(struct rld *r, const char *pattern, int depth,
			int (*fn)(void *, const char *), void *arg)
{
	const char *base = str_base(pattern), *star = strchr(base, '*');
	char *dir, *real, *buf, *last = NULL, *next;
	int fd, hit = 0;
	long n;

	if (!star)
		return conf_file(r, pattern, depth, fn, arg);
	dir = rld_strdup(pattern);
	buf = rld_alloc(32768);
	real = NULL;
	if (dir && buf) {
		dir[base - pattern] = 0;
		real = rld_format("%s%s", r->root ? r->root : "", dir);
	}
	/* in name order: each pass takes the next name up */
	while (real && !hit) {
		next = NULL;
		fd = sys_open(real, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			break;
		while ((n = sys3(__NR_getdents64, fd, (long)buf, 32768)) > 0)
			for (long at = 0; at < n;) {
				struct dirent64 *e = (void *)(buf + at);
				size_t len = strlen(e->name),
				       pre = (size_t)(star - base),
				       post = strlen(star + 1);

				at += e->reclen;
				if (e->name[0] == '.' || len < pre + post ||
				    strncmp(e->name, base, pre) ||
				    strcmp(e->name + len - post, star + 1) ||
				    (last && strcmp(e->name, last) <= 0) ||
				    (next && strcmp(e->name, next) >= 0))
					continue;
				rld_free(next);
				next = rld_strdup(e->name);
			}
		sys_close(fd);
		rld_free(last);
		last = next;
		if (!next)
			break;
		{
			char *f = rld_format("%s%s", dir, next);

			if (f)
				hit = conf_file(r, f, depth, fn, arg);
			rld_free(f);
		}
	}
	rld_free(last);
	rld_free(buf);
	rld_free(real);
	rld_free(dir);
	return hit;
}

static int conf_text(struct rld *r, char *line, int depth,
		     int (*fn)(void *, const char *), void *arg)
{
	int hit = 0;

	while (line && *line && !hit) {
		char *end = strchr(line, '\n'), *hash, *w;

		if (end)
			*end = 0;
		hash = strchr(line, '#');
		if (hash)
			*hash = 0;
		w = word(&line);
		if (w && !strcmp(w, "include")) {
			while (!hit && (w = word(&line)))
				hit = conf_include(r, w, depth + 1, fn, arg);
		} else {
			for (; w && !hit; w = word(&line)) {
				char *d = rld_format("%s%s",
						     r->root ? r->root : "", w);

				if (d && w[0] == '/')
					hit = fn(arg, d);
				rld_free(d);
			}
		}
		line = end ? end + 1 : NULL;
	}
	return hit;
}

static int conf_file(struct rld *r, const char *file, int depth,
		     int (*fn)(void *, const char *), void *arg)
{
	char *text = depth < 10 ? path_slurp(r, file, 1) : NULL;
	int hit = text ? conf_text(r, text, depth, fn, arg) : 0;

	rld_free(text);
	return hit;
}

int path_conf_dirs(struct rld *r, int (*fn)(void *, const char *), void *arg)
{
	return conf_file(r, "/etc/ld.so.conf", 0, fn, arg);
}

int path_musl_dirs(struct rld *r, int (*fn)(void *, const char *), void *arg)
{
	char *text = path_slurp(r, "/etc/ld-musl-" ARCH_MUSL_NAME ".path", 1);
	char *at = text ? text : (char[]){ "/lib:/usr/local/lib:/usr/lib" };
	int hit = 0;

	while (*at && !hit) {
		char *end = at, *d;
		char c;

		while (*end && *end != ':' && *end != '\n')
			end++;
		c = *end;
		*end = 0;
		if (*at == '/') {
			d = rld_format("%s%s", r->root ? r->root : "", at);
			if (d)
				hit = fn(arg, d);
			rld_free(d);
		}
		at = c ? end + 1 : end;
	}
	rld_free(text);
	return hit;
}
