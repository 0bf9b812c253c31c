/* SPDX-License-Identifier: MIT */
/* Names to files: RPATH, LD_LIBRARY_PATH, RUNPATH, ld.so.cache, ld.so.conf,
 * defaults (rld(1), ld.so(8)). */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/file/file.h"

#include <errno.h>

/* Of this file's functions, which run one at a time, under the writer lock:
 * stacks may be small. */
static char buffer[4096] LARGE;
static struct path_buf element LARGE, file LARGE;

/* The current directory into buffer: its length with the zero, or what else. */
static long current_folder(void)
{
	long n = sys_getcwd(buffer, sizeof buffer);

	if (!sys_denied(n))
		return n;
	n = sys_readlink("/proc/self/cwd", buffer, sizeof buffer - 1);
	if (n <= 0)
		return n;
	buffer[n] = 0;
	return n + 1;
}

char *path_absolute(const char *path)
{
	size_t n = strlen(path) + 1;
	char *s;
	long c;

	if (path[0] == '/')
		return rld_strdup(path);
	c = current_folder();
	if (c <= 0 || buffer[0] != '/')
		return NULL;
	s = rld_alloc((size_t)c + n);
	if (s) {
		memcpy(s, buffer, (size_t)c - 1);
		s[c - 1] = '/';
		memcpy(s + c, path, n);
	}
	return s;
}

/* Cut the last name off; heap. */
static char *dirname_of(char *path)
{
	char *slash = path ? strrchr(path, '/') : NULL;

	if (slash)
		slash[slash == path] = 0;
	return path;
}

/* What a link says, where that is a path; heap, or NULL. */
static char *link_target(const char *link)
{
	long n = sys_readlink(link, buffer, sizeof buffer - 1);

	if (n <= 0 || buffer[0] != '/')
		return NULL;
	buffer[n] = 0;
	return rld_strdup(buffer);
}

/* path, or where its last name leads as a link, for where there is no /proc;
 * heap. */
static char *follow(const char *path)
{
	enum { MOST = 40 }; /* as the kernel has it */
	char *now = rld_strdup(path), *next;
	long n;

	for (int i = 0; now && i < MOST; i++) {
		n = sys_readlink(now, buffer, sizeof buffer - 1);
		if (n <= 0)
			break;
		buffer[n] = 0;
		next = buffer[0] == '/' ?
			       rld_strdup(buffer) :
			       rld_format("%s/%s", dirname_of(now), buffer);
		rld_free(now);
		now = next;
	}
	return now;
}

/* The file that path leads to, through whatever links; heap. */
static char *real_path(const char *path)
{
	int fd = sys_open(path, O_PATH);
	char *link = fd < 0 ? NULL : rld_format("/proc/self/fd/%d", fd);
	char *real = link ? link_target(link) : NULL;

	rld_free(link);
	if (fd >= 0)
		sys_close(fd);
	return real ? real : follow(path);
}

/* d's file, from the root; heap, or NULL: it is not known. */
static char *file_of(const struct rld *r, const struct dso *d)
{
	if (!(d->flags & D_PROGRAM))
		return path_absolute(d->lm.l_name);
	if (!r->as_command)
		return link_target("/proc/self/exe");
	return r->program_file ? real_path(r->program_file) : NULL;
}

/* The program's directory, where /proc does not tell: LD_ORIGIN_PATH, as with glibc,
 * else where the kernel was told to find it; heap, or NULL. */
static char *folder_of_program(struct rld *r)
{
	const char *exe = (const char *)rld_aux(r, AT_EXECFN);
	const char *set = rld_getenv(r, "LD_ORIGIN_PATH");
	char *path, *real;
	size_t n;

	if (r->secure)
		return NULL;
	if (set && *set) {
		path = rld_strdup(set);
		for (n = path ? strlen(path) : 0; n > 1 && path[n - 1] == '/';)
			path[--n] = 0;
		return path;
	}
	/* a relative one means nothing once the program has run */
	if (!exe || (exe[0] != '/' && r->started))
		return NULL;
	path = path_absolute(exe);
	real = path ? follow(path) : NULL;
	rld_free(path);
	return dirname_of(real);
}

const char *rld_origin(struct rld *r, struct dso *d)
{
	if (!d->origin)
		d->origin = dirname_of(file_of(r, d));
	if (!d->origin && d->flags & D_PROGRAM && !r->as_command)
		d->origin = folder_of_program(r);
	if (!d->origin) /* nor later: the current directory may be another */
		d->origin = rld_strdup("");
	return d->origin ? d->origin : "";
}

/* Append to *o; 0 when it does not fit. */
static int add(struct path_buf *o, const char *s, size_t n)
{
	if (n >= sizeof o->text - o->len)
		return 0;
	memcpy(o->text + o->len, s, n);
	o->len += n;
	o->text[o->len] = 0;
	return 1;
}

/* One dynamic string token at s (after the $); its length or 0. */
static size_t token(const char *s, size_t left, const char *name)
{
	size_t n = strlen(name);
	int brace = left && *s == '{';

	s += brace;
	left -= (size_t)brace;
	if (left < n || strncmp(s, name, n))
		return 0;
	if (brace)
		return left > n && s[n] == '}' ? n + 2 : 0;
	if (left > n && ((s[n] >= 'A' && s[n] <= 'Z') ||
			 (s[n] >= 'a' && s[n] <= 'z') || s[n] == '_'))
		return 0;
	return n;
}

int path_expand(struct rld *r, struct dso *from, const char *s, size_t n,
		struct path_buf *o)
{
	const char *dollar = s;

	while (dollar < s + n && *dollar != '$')
		dollar++;
	if (!add(o, s, (size_t)(dollar - s)))
		return 0;
	for (size_t i = (size_t)(dollar - s); i < n; i++) {
		const char *value = NULL;
		size_t t = 0;

		if (s[i] == '$') {
			if ((t = token(s + i + 1, n - i - 1, "ORIGIN"))) {
				if (r->secure)
					return 0;
				value = rld_origin(r, from);
				if (!*value)
					return 0;
			} else if ((t = token(s + i + 1, n - i - 1, "LIB"))) {
				value = ARCH_LIB;
			} else if ((t = token(s + i + 1, n - i - 1,
					      "PLATFORM"))) {
				value = ARCH_PLATFORM;
			}
		}
		if (!t) {
			if (!add(o, s + i, 1))
				return 0;
			continue;
		}
		if (!add(o, value, strlen(value)))
			return 0;
		i += t;
	}
	return 1;
}

enum rule {
	BY_PATH,
	BY_RPATH,
	BY_LIBRARY_PATH,
	BY_RUNPATH,
	BY_CACHE,
	BY_CONF,
	BY_DEFAULT,
	BY_MUSL
};

struct search {
	struct rld *r;
	const char *name;
	struct dso *from;
	int fd;
	char *path;
	char *tried; /* heap: what the error will show */
	long err;
	/* not NULL: told of each directory, and nothing is opened */
	void (*each)(void *, const char *dir, size_t len, unsigned flags);
	void *arg;
	enum rule rule;	     /* where the directory comes from */
	const char *element; /* of the list, as it is written; NULL: none */
	size_t len;	     /* of element */
	struct dso *of;	     /* whose list it is; NULL: no object's */
	char *misfit; /* heap: the first file that is of another machine */
};

/* Folders that were looked into: whether they are there, whether glibc-hwcaps
 * is below them, and from the third file on a descriptor, so that the way to
 * them is walked once. */
static struct known {
	char *dir;
	int missing, no_hwcaps;
	unsigned files;
	int fd; /* + 1; 0: none */
} known[64] LARGE;
static unsigned nknown;

static void leave(struct known *k)
{
	if (k->fd)
		sys_close(k->fd - 1);
	k->fd = 0;
}

/* The file at path, in the directory k (NULL: not known). */
static int open_in(struct known *k, const char *path)
{
	int fd;

	if (k && ++k->files == 3) {
		fd = sys_open(k->dir, O_PATH | O_DIRECTORY);
		k->fd = fd < 0 ? 0 : fd + 1;
	}
	if (!k || !k->fd)
		return sys_open(path, O_RDONLY);
	fd = sys_openat(k->fd - 1, str_base(path), O_RDONLY);
	if (fd != -EMFILE)
		return fd;
	leave(k);
	return sys_open(path, O_RDONLY);
}

static const char *rule_name(enum rule rule)
{
	switch (rule) {
	case BY_RPATH:
		return "RPATH";
	case BY_RUNPATH:
		return "RUNPATH";
	case BY_LIBRARY_PATH:
		return "LD_LIBRARY_PATH";
	case BY_CACHE:
		return "ld.so.cache";
	case BY_CONF:
		return "ld.so.conf";
	case BY_DEFAULT:
		return "default";
	case BY_MUSL:
		return "musl path";
	default:
		return "path";
	}
}

/* What s is at, for the record. */
static struct tried tried_now(const struct search *s, const char *path)
{
	struct tried t = { .path = path, .rule = rule_name(s->rule) };
	int is_list = s->rule != BY_PATH && s->rule != BY_CACHE &&
		      s->rule != BY_CONF;

	if (is_list && s->element) {
		t.element = s->element;
		t.len = s->len;
	}
	if (s->rule == BY_RPATH || s->rule == BY_RUNPATH)
		t.of = s->of;
	return t;
}

/* For the message, if no other is found. */
static __attribute__((cold, noinline)) void
note_misfit(struct search *s, const char *path, int fd)
{
	const char *is = "another machine";
	long n;

	rld_misfit(rld_first_bytes(fd, &n), &is);
	s->misfit = rld_format("; %s is there, but for %s", path, is);
}

/* fd: what opening it gave; does it fit? */
static __attribute__((cold, noinline)) void
tell_tried(struct search *s, const char *path, int fd, int fits)
{
	struct tried t = tried_now(s, path);
	const char *wrong;
	long n;

	TRACE(s->r, TR_SEARCH, "search: %s: %s\n", path,
	      fd >= 0 ? "found" : sys_strerror(fd));
	if (!rld_recording(s->r))
		return;
	wrong = fd >= 0 && !fits ? rld_misfit(rld_first_bytes(fd, &n), &t.is) :
				   NULL;
	t.result = wrong	  ? wrong :
		   fd >= 0	  ? "found" :
		   fd == -ENOENT  ? "not there" :
		   fd == -ENOTDIR ? "no directory" :
				    sys_strerror(fd);
	rld_record_tried(s->r, &t);
}

static __attribute__((cold, noinline)) void
tell_passed_over(const struct search *s, const char *path, const char *why)
{
	struct tried t = tried_now(s, path);

	t.result = why;
	rld_record_tried(s->r, &t);
}

/* The same as dlinfo has it. */
static unsigned ser_flags(enum rule rule)
{
	switch (rule) {
	case BY_RPATH:
	case BY_RUNPATH:
		return LA_SER_RUNPATH;
	case BY_LIBRARY_PATH:
		return LA_SER_LIBPATH;
	case BY_CACHE:
		return LA_SER_CONFIG;
	default:
		return LA_SER_DEFAULT;
	}
}

static int try_file(struct search *s, const char *path, struct known *k)
{
	int fd, fits;

	if (rld_audits(s->r)) {
		const char *was = path;

		path = rld_audit_search(s->r, path, s->from,
					ser_flags(s->rule));
		if (!path)
			return 0;
		k = path == was ? k : NULL;
	}
	fd = open_in(k, path);
	fits = fd >= 0 && rld_fits(fd);
	if (__builtin_expect(s->r->trace & (TR_SEARCH | TR_RECORD), 0))
		tell_tried(s, path, fd, fits);
	if (fd < 0) {
		if (fd != -ENOENT && fd != -ENOTDIR)
			s->err = fd;
		return 0;
	}
	if (!fits) {
		if (!s->misfit)
			note_misfit(s, path, fd);
		rld_first_bytes_forget();
		sys_close(fd);
		return 0;
	}
	s->fd = fd;
	s->path = rld_strdup(path);
	return 1;
}

static void note_tried(void *arg, const char *what, size_t len, unsigned flags)
{
	enum { ENOUGH = 4000 }; /* bytes; a hostile RPATH has no end */
	struct search *s = arg;
	size_t n = s->tried ? strlen(s->tried) : 0;
	char *t;

	(void)flags;
	if (n > ENOUGH)
		return;
	t = n + len > ENOUGH ? rld_format("%s:...", s->tried) :
	    s->tried	     ? rld_format("%s:%s", s->tried, what) :
			       rld_strdup(what);
	rld_free(s->tried);
	s->tried = t;
}

static unsigned know(struct rld *r, const char *dir)
{
	struct statx st;
	char *sub;
	unsigned i;

	(void)r;
	for (i = 0; i < nknown; i++)
		if (!strcmp(known[i].dir, dir))
			return i;
	if (nknown == sizeof known / sizeof known[0])
		return UINT32_MAX;
	known[i].dir = rld_strdup(dir);
	if (!known[i].dir)
		return UINT32_MAX;
	known[i] = (struct known){ .dir = known[i].dir, .no_hwcaps = 1 };
	sub = rld_format("%s/glibc-hwcaps", dir);
	if (sub && !sys_statx(AT_FDCWD, sub, 0, &st))
		known[i].no_hwcaps = 0;
	else if (sys_statx(AT_FDCWD, dir, 0, &st))
		known[i].missing = 1;
	rld_free(sub);
	nknown++;
	return i;
}

void rld_search_done(struct rld *r)
{
	for (unsigned i = 0; i < nknown; i++) {
		leave(&known[i]);
		rld_free(known[i].dir);
	}
	nknown = 0;
	path_cache_close(r);
}

/* The file of that name in dir, or in a directory below it. */
static int try_in(struct search *s, const char *dir, const char *below,
		  struct known *k)
{
	size_t n = strlen(dir);

	path_clear(&file);
	return add(&file, dir, n) &&
	       (!n || dir[n - 1] == '/' || add(&file, "/", 1)) &&
	       (!below ||
		(add(&file, "glibc-hwcaps/", 13) &&
		 add(&file, below, strlen(below)) && add(&file, "/", 1))) &&
	       add(&file, s->name, strlen(s->name)) &&
	       try_file(s, file.text, k);
}

static int try_dir(struct search *s, const char *dir)
{
	struct known *k;
	unsigned i;

	if (s->each) {
		s->each(s->arg, dir, strlen(dir), ser_flags(s->rule));
		return 0;
	}
	i = know(s->r, dir);
	k = i == UINT32_MAX ? NULL : &known[i];
	if (k && k->missing) {
		if (rld_recording(s->r))
			tell_passed_over(s, dir, "no directory");
		return 0;
	}
	if (k && !k->no_hwcaps && s->r->host.kind != HOST_MUSL)
		for (unsigned l = rld_hwcap_level(s->r); l > 0; l--)
			if (try_in(s, dir, arch_hwcap_name(l), NULL))
				return 1;
	return try_in(s, dir, NULL, k);
}

/* The prefix after root, NULL at the end of the list. */
static const char *next_root(const struct rld *r, const char *root)
{
	root += strlen(root) + 1;
	return root < r->root_end ? root : NULL;
}

/* One element of a list below one prefix, or none; from: whose tokens are
 * replaced, NULL: they are left. */
static int try_element(struct search *s, const char *root, const char *dir,
		       size_t n, struct dso *from)
{
	s->element = dir;
	s->len = n;
	path_clear(&element);
	return (!root || add(&element, root, strlen(root))) &&
	       (from ? path_expand(s->r, from, dir, n, &element) :
		       add(&element, dir, n)) &&
	       (!s->r->secure || element.text[0] == '/') &&
	       try_dir(s, element.text);
}

/* A colon list; semicolons too, as ld.so takes in LD_LIBRARY_PATH. */
static int try_list(struct search *s, const char *list, struct dso *from,
		    int rooted, const char *seps)
{
	if (!list)
		return 0;
	s->of = from;
	for (;;) {
		const char *root = rooted && *list == '/' ? s->r->root : NULL;
		size_t n = 0;

		while (list[n] && !strchr(seps, list[n]))
			n++;
		s->element = NULL;
		if (n == 0 && !s->r->secure && try_dir(s, "."))
			return 1;
		if (n != 0)
			do
				if (try_element(s, root, list, n, from))
					return 1;
			while (root && (root = next_root(s->r, root)));
		if (!list[n])
			return 0;
		list += n + 1;
	}
}

static int try_rpaths(struct search *s)
{
	struct dso *d;

	if (s->from && s->from->dyn.runpath)
		return 0;
	for (d = s->from; d; d = d->loader)
		if (d->dyn.rpath && !d->dyn.runpath && *d->dyn.rpath &&
		    try_list(s, d->dyn.rpath, d, 1, ":"))
			return 1;
	d = s->r->program;
	if (d && d->dyn.rpath && s->from != d && !d->dyn.runpath &&
	    *d->dyn.rpath)
		return try_list(s, d->dyn.rpath, d, 1, ":");
	return 0;
}

/* -z nodefaultlib: the default directories do not serve this object. */
static int no_defaults(const struct dso *from)
{
	return from && from->dyn.flags_1 & DF_1_NODEFLIB;
}

/* As glibc has it, a file anywhere below such a directory counts. */
static int in_default_dir(const char *path)
{
	const char *dir = ARCH_DEFAULT_DIRS;

	while (*dir) {
		size_t n = 0;

		while (dir[n] && dir[n] != ':')
			n++;
		if (!strncmp(path, dir, n) && (!path[n] || path[n] == '/'))
			return 1;
		dir += n + (dir[n] == ':');
	}
	return 0;
}

/* A directory of ld.so.conf. */
static int try_conf_dir(void *arg, const char *dir)
{
	struct search *s = arg;
	size_t root = s->r->root ? strlen(s->r->root) : 0;

	if (no_defaults(s->from) && in_default_dir(dir + root))
		return 0;
	return try_dir(s, dir);
}

static int try_cache(struct search *s)
{
	const char *hit;
	char *rooted;
	int ret;

	if (s->each || s->r->inhibit_cache)
		return 0;
	hit = path_cache_find(s->r, s->name);
	if (!hit) {
		if (rld_recording(s->r))
			tell_passed_over(s, "/etc/ld.so.cache", "not there");
		return 0;
	}
	if (no_defaults(s->from) && in_default_dir(hit)) {
		if (rld_recording(s->r))
			tell_passed_over(s, hit, "nodefaultlib");
		return 0;
	}
	if (!s->r->root)
		return try_file(s, hit, NULL);
	rooted = rld_format("%s%s", s->r->root, hit);
	ret = rooted && try_file(s, rooted, NULL);
	rld_free(rooted);
	return ret;
}

/* As try_list, by musl's rules: an element ends at a colon or a line's end, and
 * an empty one means nothing.  from: whose RPATH it is; NULL: tokens are not
 * replaced. */
static int try_musl_list(struct search *s, const char *list, struct dso *from,
			 int rooted)
{
	s->of = from;
	for (;;) {
		const char *root;
		size_t n = 0;

		while (*list == ':' || *list == '\n')
			list++;
		while (list[n] && list[n] != ':' && list[n] != '\n')
			n++;
		if (!n)
			return 0;
		root = rooted && *list == '/' ? s->r->root : NULL;
		do
			if (try_element(s, root, list, n, from))
				return 1;
		while (root && (root = next_root(s->r, root)));
		list += n;
	}
}

/* musl knows $ORIGIN alone, and passes over an RPATH with another token. */
static int has_other_tokens(const char *list)
{
	for (; (list = strchr(list, '$')); list++)
		if (!str_starts(list, "$ORIGIN") &&
		    !str_starts(list, "${ORIGIN}"))
			return 1;
	return 0;
}

/* musl's order: the library path; then RPATH, as which it takes RUNPATH, too, of
 * the object and of all that brought it; then the system's directories.  It has no
 * cache and no flags that change the search. */
static int search_as_musl(struct search *s)
{
	s->rule = BY_LIBRARY_PATH;
	if (s->r->library_path && try_musl_list(s, s->r->library_path, NULL, 0))
		return 1;
	for (struct dso *d = s->from; d; d = d->loader) {
		const char *path = d->dyn.runpath ? d->dyn.runpath :
						    d->dyn.rpath;

		s->rule = d->dyn.runpath ? BY_RUNPATH : BY_RPATH;
		if (path && !has_other_tokens(path) &&
		    try_musl_list(s, path, d, 1))
			return 1;
	}
	s->rule = BY_MUSL;
	return try_musl_list(s, path_musl_list(s->r), NULL, 1);
}

static int search_all(struct search *s)
{
	struct rld *r = s->r;

	if (r->host.kind == HOST_MUSL)
		return search_as_musl(s);
	s->rule = BY_RPATH;
	if (try_rpaths(s))
		return 1;
	s->rule = BY_LIBRARY_PATH;
	if (r->library_path && *r->library_path &&
	    try_list(s, r->library_path, r->program, 0, ":;"))
		return 1;
	s->rule = BY_RUNPATH;
	if (s->from && s->from->dyn.runpath && *s->from->dyn.runpath &&
	    try_list(s, s->from->dyn.runpath, s->from, 1, ":"))
		return 1;
	s->rule = BY_CACHE;
	if (try_cache(s))
		return 1;
	s->rule = BY_CONF;
	if (!r->inhibit_cache && !path_cache_exists(r) &&
	    path_conf_dirs(r, try_conf_dir, s))
		return 1;
	s->rule = BY_DEFAULT;
	return !no_defaults(s->from) &&
	       try_list(s, ARCH_DEFAULT_DIRS, r->program, 1, ":");
}

/* fd, unless there was no memory for the path that belongs to it. */
static int has_path(const struct search *s, int fd, const char *path,
		    struct rld_err *e)
{
	if (path)
		return fd;
	rld_first_bytes_forget();
	sys_close(fd);
	return rld_fail(e, "%s: out of memory", s->name);
}

/* A name with a slash is that file. */
static int by_path(struct search *s, char **path, struct rld_err *e)
{
	int fd;

	path_clear(&file);
	if (!path_expand(s->r, s->from ? s->from : s->r->program, s->name,
			 strlen(s->name), &file))
		return rld_fail(e,
				"%s: cannot be opened: its name is too long "
				"or not allowed here",
				s->name);
	if (s->r->secure && file.text[0] != '/')
		return rld_fail(e,
				"%s: a relative path is not allowed in a "
				"secure program",
				s->name);
	fd = sys_open(file.text, O_RDONLY);
	if (__builtin_expect(s->r->trace & (TR_SEARCH | TR_RECORD), 0))
		tell_tried(s, file.text, fd, 1);
	if (fd < 0)
		return rld_fail(e, "%s: cannot open shared object file: %s",
				file.text, sys_strerror(fd));
	*path = rld_strdup(file.text);
	return has_path(s, fd, *path, e);
}

/* A name that becomes a path when its tokens are replaced. */
static int by_token(struct search *s)
{
	path_clear(&file);
	return path_expand(s->r, s->from ? s->from : s->r->program, s->name,
			   strlen(s->name), &file) &&
	       strchr(file.text, '/') && try_file(s, file.text, NULL);
}

/* Programs know what dlopen says by the words that ld.so has for it. */
static void not_found(const struct search *s, struct rld_err *e)
{
	const char *why = sys_strerror(s->err ? s->err : -ENOENT);
	const char *tried = s->tried ? s->tried : "nothing";

	if (!is_starting(s->r))
		rld_fail(e,
			 "%s: cannot open shared object file: %s (searched: "
			 "%s%s)",
			 s->name, why, tried, s->misfit);
	else
		rld_fail(e,
			 "%s: cannot be found (searched: %s%s): cannot open "
			 "shared object file: %s",
			 s->name, tried, s->misfit, why);
}

static int search(struct search *s, char **path, int *searched,
		  struct rld_err *e)
{
	const char *name = s->name;

	*path = NULL;
	*searched = 0;
	if (strchr(name, '/'))
		return by_path(s, path, e);
	*searched = 1;
	if ((!strchr(name, '$') || !by_token(s)) &&
	    (!*name || !search_all(s))) {
		s->each = note_tried;
		s->arg = s;
		if (*name)
			search_all(s);
		not_found(s, e);
		return -1;
	}
	*path = s->path;
	return has_path(s, s->fd, s->path, e);
}

int rld_search(struct rld *r, const char *name, struct dso *from, char **path,
	       int *searched, struct rld_err *e)
{
	struct search s = {
		.r = r, .name = name, .from = from, .fd = -1, .rule = BY_PATH
	};
	int fd;

	if (rld_audits(r))
		s.name = rld_audit_search(r, name, from, LA_SER_ORIG);
	if (s.name) {
		fd = search(&s, path, searched, e);
	} else {
		fd = rld_fail(e,
			      "%s: cannot open shared object file: an auditor "
			      "says that there is none",
			      name);
		*path = NULL;
	}
	if (rld_recording(r))
		rld_record_search(r, name, from, fd < 0 ? NULL : *path);
	rld_free(s.tried);
	rld_free(s.misfit);
	return fd;
}

void rld_search_dirs(struct rld *r, struct dso *from,
		     void (*fn)(void *, const char *dir, size_t len,
				unsigned flags),
		     void *arg)
{
	struct search s = { .r = r,
			    .name = "",
			    .from = from,
			    .fd = -1,
			    .each = fn,
			    .arg = arg };

	search_all(&s);
}
