/* SPDX-License-Identifier: MIT */
/* Names of libc's family, and where its own loader lies. */
#include "rld/base/base.h"
#include "rld/file/file.h"

int rld_is_loader(const char *base)
{
	return str_starts(base, "ld-linux") || str_starts(base, "ld-musl-") ||
	       !strcmp(base, "ld.so.1") || !strcmp(base, "ld64.so.1");
}

int rld_is_host(struct rld *r, const char *name)
{
	const char *b = str_base(name);

	if (r->host.kind == HOST_MUSL) {
		static const char own[][9] = { "c.",  "pthread.", "rt.",  "m.",
					       "dl.", "util.",	  "xnet." };

		if (str_starts(b, "ld-musl-"))
			return 1;
		if (!str_starts(b, "lib"))
			return 0;
		for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
			if (str_starts(b + 3, own[i]))
				return 1;
		return 0;
	}
	if (r->host.kind != HOST_GLIBC)
		return 0;
	return !strcmp(b, "libc.so.6") || !strcmp(b, "libgcc_s.so.1") ||
	       (rld_is_loader(b) && !str_starts(b, "ld-musl-"));
}

static const char default_musl[] = "/lib/ld-musl-" ARCH_MUSL_NAME ".so.1";

/* interp, the loader that a musl program names, if it is there. */
const char *rld_musl_named(struct rld *r, const char *interp)
{
	char *path = rld_format("%s%s", r->root ? r->root : "", interp);
	int there = path &&
		    (!strcmp(interp, default_musl) || !sys_access(path));

	rld_free(path);
	return there ? interp : NULL;
}

const char *rld_host_musl(const struct rld *r)
{
	return r->host.musl ? r->host.musl : default_musl;
}

/* The name that rld-install gives to a loader whose own name rld takes: found
 * there, the loader is known as the one and has the other.  Heap. */
static inline __attribute__((always_inline)) char *diverted(const char *path)
{
	static const char prefix[] = "host-";
	size_t n = (size_t)(str_base(path) - path), size = strlen(path) + 1;
	char *p = rld_alloc(size + sizeof prefix - 1);

	if (p) {
		memcpy(p, path, n);
		memcpy(p + n, prefix, sizeof prefix - 1);
		memcpy(p + n + sizeof prefix - 1, path + n, size - n);
	}
	return p;
}

/* musl is its own loader.  A name that the kernel has followed leads to rld. */
static char *musl_path(struct rld *r)
{
	char *path =
		rld_format("%s%s", r->root ? r->root : "",
			   r->as_command ? rld_host_musl(r) : default_musl);
	char *other = path ? diverted(path) : NULL;

	if (!other || sys_access(other)) {
		rld_free(other);
		return path;
	}
	rld_free(path);
	return other;
}

/* A descriptor of the file at path if it is for this ABI, where several share a
 * name; or -1. */
static inline __attribute__((always_inline)) int open_fitting(const char *path)
{
	int fd = path ? sys_open(path, O_RDONLY) : -1;

	if (!ARCH_LDSO_SHARED || fd < 0 || rld_fits(fd))
		return fd;
	rld_first_bytes_forget();
	sys_close(fd);
	return -1;
}

/* A descriptor of the loader at *path, or -1; *path (heap, or NULL) becomes the
 * name that it is diverted to, if it is. */
int rld_open_loader(char **path)
{
	char *p = *path ? diverted(*path) : NULL;
	int fd = open_fitting(p);

	if (fd < 0) {
		rld_free(p);
		return open_fitting(*path);
	}
	rld_free(*path);
	*path = p;
	return fd;
}

/* Room for the path of a loader near libc, the one beside it filled in. */
static char *beside(const char *libc, size_t n)
{
	char *p = rld_alloc(n + sizeof ".." ARCH_LDSO_PATH);

	if (!p)
		return NULL;
	memcpy(p, libc, n);
	memcpy(p + n, ARCH_LDSO, sizeof ARCH_LDSO);
	return p;
}

/* Is this file of libc's family where the cache says?  Libc's loader, which is
 * opened in any case, lies beside libc then. */
int rld_host_is_there(struct rld *r, const char *libc)
{
	char *p;

	if (strcmp(str_base(libc), "libc.so.6") != 0)
		return !sys_access(libc);
	p = beside(libc, (size_t)(str_base(libc) - libc));
	if (r->host.loader_fd < 0 && !r->host.libc) {
		r->host.loader_fd = rld_open_loader(&p);
		r->host.beside = r->host.loader_fd >= 0;
		r->host.diverted = r->host.beside &&
				   str_starts(str_base(p), "host-");
	}
	rld_free(p);
	return r->host.beside || !sys_access(libc);
}

/* The path of libc's own loader; heap.  It lies beside libc, or where programs
 * name it, seen from the root or, as a cross glibc has it, from the directory
 * above libc's. */
char *rld_loader_path(struct rld *r)
{
	const char *libc = r->host.libc->lm.l_name;
	size_t n = (size_t)(str_base(libc) - libc);
	char *p = beside(libc, n), *name;
	int fd;

	if (!p || r->host.beside) {
		if (!p || !r->host.diverted)
			return p;
		name = diverted(p);
		rld_free(p);
		return name;
	}
	fd = rld_open_loader(&p);
	if (ARCH_LDSO_SHARED && fd < 0) {
		memcpy(p + n, ".." ARCH_LDSO_PATH, sizeof ".." ARCH_LDSO_PATH);
		fd = rld_open_loader(&p);
	}
	if (fd >= 0 && r->mode == MODE_RUN && !r->started &&
	    r->host.loader_fd < 0)
		r->host.loader_fd = fd;
	else if (fd >= 0)
		sys_close(fd);
	if (fd >= 0)
		return p;
	rld_free(p);
	return rld_format("%s%s", r->root ? r->root : "", ARCH_LDSO_PATH);
}

/* Where the host libc's loader lies, for a name of the family that needs no
 * search; NULL: search as usual. */
char *rld_host_path(struct rld *r, const char *name, const struct dso *from)
{
	if (r->host.kind == HOST_MUSL)
		return musl_path(r);
	if (r->host.libc && !strcmp(name, ARCH_LDSO))
		return rld_loader_path(r);
	if (r->mode == MODE_RUN && !r->started &&
	    (!strcmp(name, "libc.so.6") || !strcmp(name, "libgcc_s.so.1")))
		return rld_search_cache(r, name,
					from); /* libc's loader opens it */
	return NULL;
}

const char rld_preload_file[] = "/etc/ld.so.preload";

static __attribute__((cold, noinline)) void
tell_cached(struct rld *r, const char *name, const char *path)
{
	struct tried t = { .path = path,
			   .rule = "ld.so.cache",
			   .result = "found" };

	TRACE(r, TR_SEARCH, "search: %s: found\n", path);
	if (!rld_recording(r))
		return;
	rld_record_tried(r, &t);
	rld_record_search(r, name, r->program, path);
}

char *rld_search_cache(struct rld *r, const char *name, const struct dso *from)
{
	const char *hit;

	/* o32's flags in the cache are those of any old 32-bit ABI: there the
	 * file itself must be looked at */
	if (ARCH_LDSO_SHARED || r->root || r->inhibit_cache ||
	    (r->library_path && *r->library_path) || r->program->dyn.rpath ||
	    r->program->dyn.runpath ||
	    (from && from->dyn.flags_1 & DF_1_NODEFLIB))
		return NULL;
	for (; from; from = from->loader)
		if (from->dyn.rpath || from->dyn.runpath)
			return NULL;
	hit = path_cache_find(r, name);
	if (!hit || !rld_host_is_there(r, hit))
		return NULL;
	if (__builtin_expect(r->trace & (TR_SEARCH | TR_RECORD), 0))
		tell_cached(r, name, hit);
	return rld_strdup(hit);
}
