/* SPDX-License-Identifier: MIT */
/* rld/file/cache.c and rld/file/conf.c: ld.so.cache and the text of ld.so.conf, hosted.  Input: a byte
 * that chooses which, for the cache a name of a byte's length, then the file. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

#include "rld/file/conf.c"
#include "rld/file/cache.c"
#include "rld/base/sys.c"

/* Called by nobody here. */
void arch_sigreturn(void)
{
}

void *rld_alloc(size_t size)
{
	return calloc(1, size ? size : 1);
}

void rld_free(void *p)
{
	free(p);
}

char *rld_strdup(const char *s)
{
	return strdup(s);
}

char *rld_format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

int str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

const char *str_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *rld_host_musl(const struct rld *r)
{
	(void)r;
	return "/lib/ld-musl-x.so.1";
}

struct rld rld_state;

unsigned rld_hwcap_level(struct rld *r)
{
	(void)r;
	return 3;
}

const char *arch_hwcap_name(unsigned level)
{
	return level == 3 ? "x86-64-v4" :
	       level == 2 ? "x86-64-v3" :
			    "x86-64-v2";
}

static int directory(void *arg, const char *dir)
{
	touch(dir);
	return ++*(int *)arg > 100;
}

/* No file is below it: an include finds nothing, whatever its name says. */
static const char nowhere[] = "/proc/self/fdinfo/none";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rld r;
	struct input in = { data, size };
	unsigned kind = (unsigned)take_number(&in, 1);
	char name[257] = "";
	int n = 0;
	const struct reader c = { &r, directory, &n };

	r.root = nowhere;
	if (kind & 1) {
		char *text = calloc(1, in.left + 1);

		if (!text)
			abort();
		memcpy(text, in.at, in.left);
		conf_text(&c, "/etc/ld.so.conf", text, 0);
		free(text);
	} else {
		size_t len = take_number(&in, 1), got;
		void *p = take_block(&in, len, &got);

		memcpy(name, p, got);
		free(p);
		p = take_block(&in, in.left, &got);
		if (!cache_use(p, got)) {
			const struct cache_head *h = p;
			const char *there;

			touch(path_cache_find(&r, name));
			there = h->nlibs ? cache_string(h->libs[0].key) : NULL;
			if (there)
				touch(path_cache_find(&r, there));
		}
		cache.state = 0;
		free(p);
	}
	return 0;
}
