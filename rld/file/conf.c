/* SPDX-License-Identifier: MIT */
/* The system's lists of directories: /etc/ld.so.conf with its includes,
 * ldconfig(8), and PREFIX/etc/ld-musl-ARCH.path. */
#include "rld/base/base.h"
#include "rld/file/file.h"

#include <errno.h>

char *path_slurp(struct rld *r, const char *file, int rooted)
{
	char *text = NULL;
	struct statx st;
	int fd = rooted ? path_open(r, file) : sys_open(file, O_RDONLY);

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

/* The function that is told of each directory, until it has what it wants. */
struct reader {
	struct rld *r;
	int (*fn)(void *, const char *dir);
	void *arg;
};

/* The next word of a line, words parted by blanks, colons and commas. */
static char *word(char **at)
{
	static const char gaps[] = " \t\r:,";
	char *s = *at, *w;

	while (*s && strchr(gaps, *s))
		s++;
	w = s;
	while (*s && !strchr(gaps, *s))
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

static int matches(const char *name, const char *pattern, const char *star)
{
	size_t len = strlen(name), before = (size_t)(star - pattern),
	       after = strlen(star + 1);

	return name[0] != '.' && len >= before + after &&
	       !strncmp(name, pattern, before) &&
	       !strcmp(name + len - after, star + 1);
}

enum { LISTING = 32768 };

/* The first name in the directory real, in order, behind `last` (NULL: of all),
 * that matches; heap, or NULL.  buf has LISTING bytes. */
static char *next_match(const char *real, const char *pattern, const char *star,
			const char *last, char *buf)
{
	int fd = sys_open(real, O_RDONLY | O_DIRECTORY);
	char *best = NULL;
	long n;

	if (fd < 0)
		return NULL;
	while ((n = sys3(__NR_getdents64, fd, (long)buf, LISTING)) > 0)
		for (long at = 0; at < n;) {
			const struct dirent64 *e = (const void *)(buf + at);

			at += e->reclen;
			if (!matches(e->name, pattern, star) ||
			    (last && strcmp(e->name, last) <= 0) ||
			    (best && strcmp(e->name, best) >= 0))
				continue;
			rld_free(best);
			best = rld_strdup(e->name);
		}
	sys_close(fd);
	return best;
}

static int conf_file(const struct reader *c, const char *file, int depth);

/* All files of the directory dir (it ends in a slash) whose names match. */
static int conf_files(const struct reader *c, const char *dir,
		      const char *pattern, const char *star, int depth)
{
	char *buf = rld_alloc(LISTING), *last = NULL, *next, *file;
	char *real = rld_format("%s%s", c->r->root ? c->r->root : "", dir);
	int hit = 0;

	while (buf && real && !hit &&
	       (next = next_match(real, pattern, star, last, buf))) {
		file = rld_format("%s%s", dir, next);
		hit = file ? conf_file(c, file, depth) : 0;
		rld_free(file);
		rld_free(last);
		last = next;
	}
	rld_free(last);
	rld_free(real);
	rld_free(buf);
	return hit;
}

/* `include` takes a pattern whose last element may have one star; it is
 * relative to the directory of the file that it stands in. */
static int conf_include(const struct reader *c, const char *from,
			const char *pattern, int depth)
{
	size_t n = *pattern == '/' ? 0 : (size_t)(str_base(from) - from);
	char *path = rld_alloc(n + strlen(pattern) + 1), *base, *star;
	int hit;

	if (!path)
		return 0;
	memcpy(path, from, n);
	memcpy(path + n, pattern, strlen(pattern) + 1);
	base = (char *)(uintptr_t)str_base(path);
	star = strchr(base, '*');
	if (star) {
		char *dir = rld_strdup(path);

		if (dir)
			dir[base - path] = 0;
		hit = dir ? conf_files(c, dir, base, star, depth) : 0;
		rld_free(dir);
	} else {
		hit = conf_file(c, path, depth);
	}
	rld_free(path);
	return hit;
}

/* ldconfig takes "directory=libc6", from the days of several C libraries. */
static void drop_type(char *dir)
{
	char *equals = strrchr(dir, '=');

	if (equals && str_starts(equals, "=libc") && equals[5] >= '4' &&
	    equals[5] <= '6' && !equals[6])
		*equals = 0;
}

static int conf_directory(const struct reader *c, char *dir)
{
	char *path;
	int hit;

	if (*dir != '/')
		return 0;
	drop_type(dir);
	path = rld_format("%s%s", c->r->root ? c->r->root : "", dir);
	hit = path ? c->fn(c->arg, path) : 0;
	rld_free(path);
	return hit;
}

static int conf_text(const struct reader *c, const char *file, char *line,
		     int depth)
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
		if (w && !strcmp(w, "include"))
			while (!hit && (w = word(&line)))
				hit = conf_include(c, file, w, depth + 1);
		else
			for (; w && !hit; w = word(&line))
				hit = conf_directory(c, w);
		line = end ? end + 1 : NULL;
	}
	return hit;
}

static int conf_file(const struct reader *c, const char *file, int depth)
{
	enum { DEEP = 10 }; /* one that includes itself has no end */
	char *text = depth < DEEP ? path_slurp(c->r, file, 1) : NULL;
	int hit = text ? conf_text(c, file, text, depth) : 0;

	rld_free(text);
	return hit;
}

int path_conf_dirs(struct rld *r, int (*fn)(void *, const char *), void *arg)
{
	const struct reader c = { r, fn, arg };

	return conf_file(&c, "/etc/ld.so.conf", 0);
}

/* The directory above that of musl's loader: "" for /lib/ld-musl-ARCH.so.1. */
static size_t musl_prefix(const char *loader)
{
	size_t last = 0, before = 0;

	for (size_t i = 0; loader[0] == '/' && loader[i]; i++)
		if (loader[i] == '/') {
			before = last;
			last = i;
		}
	return before;
}

/* musl asks for the file of the prefix that its loader lies in; only where
 * there is none, its own directories count. */
static char *read_musl_list(struct rld *r)
{
	static const char defaults[] = "/lib:/usr/local/lib:/usr/lib";
	const char *loader = rld_host_musl(r);
	size_t n = musl_prefix(loader);
	char *file = rld_alloc(n + sizeof "/etc/ld-musl-" ARCH_MUSL_NAME
					  ".path"),
	     *list = NULL;
	long fd;

	if (!file)
		return NULL;
	memcpy(file, loader, n);
	memcpy(file + n, "/etc/ld-musl-" ARCH_MUSL_NAME ".path",
	       sizeof "/etc/ld-musl-" ARCH_MUSL_NAME ".path");
	fd = path_open(r, file);
	if (fd == -ENOENT) {
		list = rld_strdup(defaults);
	} else if (fd >= 0) {
		sys_close((int)fd);
		list = path_slurp(r, file, 1);
	}
	rld_free(file);
	return list;
}

const char *path_musl_list(struct rld *r)
{
	static char *list; /* read once, as musl does */

	if (!list)
		list = read_musl_list(r);
	return list ? list : "";
}
