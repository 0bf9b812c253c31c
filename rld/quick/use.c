/* SPDX-License-Identifier: MIT */
/* Kept answers, read: where they lie and which user may have written them, whether each
 * still holds, and what they say.  Whatever does not hold is asked as ever.
 *
 * The file decides what code runs, so it is as good as code: root's directory
 * that no other user may write to, or the user's own. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/quick/quick.h"

#include <errno.h>

#define ROOTS_DIRECTORY "/var/cache/rld"
#define USERS_DIRECTORY "/.cache/rld" /* below $HOME */

/* ---- where they lie */

/* A path of directories, none of which is a symbolic link; or -errno. */
static int walk_to(const char *path)
{
	enum { HOW = O_PATH | O_DIRECTORY | O_NOFOLLOW };
	char name[256];
	int dir = sys_open("/", HOW), next;

	while (dir >= 0 && *path) {
		size_t n = 0;

		while (*path == '/')
			path++;
		while (path[n] && path[n] != '/')
			n++;
		if (!n)
			break;
		if (n >= sizeof name) {
			sys_close(dir);
			return -ENAMETOOLONG;
		}
		memcpy(name, path, n);
		name[n] = 0;
		next = sys_openat(dir, name, HOW);
		sys_close(dir);
		dir = next;
		path += n;
	}
	return dir;
}

/* The same in one call, where the kernel has it. */
static int open_directory(const char *path)
{
	const struct {
		uint64_t flags, mode, resolve;
	} how = { O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
		  4 /* RESOLVE_NO_SYMLINKS */ };
	long fd;

	if (*path != '/')
		return -ENOENT;
	fd = arch_syscall6(__NR_openat2, AT_FDCWD, (long)path, (long)&how,
			   sizeof how, 0, 0);
	return sys_denied(fd) ? walk_to(path) : (int)fd;
}

/* What is wrong with its owner or permissions; NULL: nothing. */
static const char *wrong_owner(const struct statx *st, unsigned owner,
			       unsigned others)
{
	if (st->stx_uid != owner)
		return "belongs to somebody else";
	return st->stx_mode & others ? "others may write to it" : NULL;
}

/* A file of the directory: its size, or 0 with *why. */
static size_t fits_directory(int fd, unsigned owner, const char **why)
{
	struct statx st;

	*why = "its status is refused";
	if (sys_statx(fd, "", AT_EMPTY_PATH, &st))
		return 0;
	*why = sys_not_regular(&st);
	if (!*why)
		*why = wrong_owner(&st, owner, 022);
	if (*why)
		return 0;
	*why = "is truncated, or too large";
	return st.stx_size < sizeof(struct quick_head) ||
			       st.stx_size > QUICK_MOST ?
		       0 :
		       (size_t)st.stx_size;
}

static struct quick *map_file(struct rld *r, int fd, size_t size,
			      const char **why)
{
	struct quick_file f;
	struct quick *q = NULL;
	uintptr_t at = sys_mmap(NULL, size, PROT_READ,
				MAP_PRIVATE | MAP_POPULATE, fd, 0);

	*why = "cannot be mapped";
	if (SYS_ERR(at))
		return NULL;
	if (!quick_read((const void *)at, size, &f, why)) {
		*why = "is damaged: its sum is wrong";
		if (quick_sum((const void *)at, size) == f.head->sum)
			q = rld_alloc(sizeof *q +
				      f.head->nobject * sizeof q->by[0]);
	}
	if (!q) {
		sys_munmap(at, size);
		return NULL;
	}
	keep_above(r, at);
	q->f = f;
	q->at = at;
	q->size = size;
	return q;
}

static __attribute__((cold, noinline)) void
tell(struct rld *r, const char *what, const char *why)
{
	TRACE(r, TR_QUICK, "quick: %s: %s\n", what, why);
}

/* The file of that name in dir, which belongs to owner, and to which others
 * (permission bits) may not write.  1: there is one, in r->quick if it serves; 0: there is
 * none. */
static int look_in(struct rld *r, const char *dir, const char *name,
		   unsigned owner, unsigned others)
{
	struct statx st;
	const char *why = NULL;
	int at = open_directory(dir), fd = -1;
	size_t size;

	if (at < 0) {
		if (at != -ENOENT)
			tell(r, dir, sys_strerror(at));
		return 0;
	}
	if (sys_statx(at, "", AT_EMPTY_PATH, &st))
		why = "its status is refused";
	else
		why = wrong_owner(&st, owner, others);
	if (why) {
		tell(r, dir, why);
		sys_close(at);
		return 0;
	}
	fd = sys_openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	sys_close(at);
	if (fd < 0) {
		tell(r, dir,
		     fd == -ENOENT ? "has no answers for this program" :
				     sys_strerror(fd));
		return 0;
	}
	size = fits_directory(fd, owner, &why);
	if (size)
		r->quick = map_file(r, fd, size, &why);
	sys_close(fd);
	if (!r->quick)
		tell(r, name, why);
	else if (__builtin_expect(r->trace & TR_QUICK, 0))
		rld_trace(r, "quick: %s/%s\n", dir, name);
	return 1;
}

/* ---- do they hold? */

static int is_as_it_was(const struct statx *st, const struct quick_stamp *was)
{
	struct quick_stamp now = quick_stamp_of(st);

	return quick_same(&now, was);
}

static void forget(struct rld *r)
{
	struct quick *q = r->quick;

	r->quick = NULL;
	sys_munmap(q->at, q->size);
	rld_free(q);
}

void rld_quick_drop(struct rld *r, const char *what, const char *why)
{
	tell(r, what, why);
	tell(r, r->prog, "starts without kept answers");
	forget(r);
}

/* What is in the way of using any; NULL: nothing. */
static const char *steered(const struct rld *r)
{
	if (r->library_path && *r->library_path)
		return "not used with a library path";
	if (r->preload || r->preload_env || r->preload_file || r->list)
		return "not used with preloaded objects";
	if (r->root || r->inhibit_cache || r->identity != ID_RULE)
		return "not used with an option that changes the search";
	if (r->delay_list || r->delay_all || r->shared || r->ignore_version ||
	    r->ignore_all_versions || r->snapshot)
		return "not used with an option that changes what is loaded";
	if (r->follow ||
	    r->trace & (TR_SEARCH | TR_BIND | TR_RECORD | TR_STAT | TR_NOTE))
		return "not used where searches or bindings are told";
	return NULL;
}

/* Does p need something besides libc?  If not, to read a file would cost more
 * than it spares. */
static int needs_more(struct rld *r, const struct dso *p)
{
	uintptr_t tag, flag;
	size_t pos = 0;

	return p->dyn.nneeded > 1 ||
	       (p->dyn.nneeded &&
		!rld_is_host(r, elf_next_needed(&p->dyn, &pos, &tag, &flag)));
}

/* Is this name still nowhere? */
static int is_absent(const char *dir, const char *name)
{
	struct statx st;
	char *path = rld_format("%s/%s", dir, name);
	int err = path ? sys_statx(AT_FDCWD, path, 0, &st) : -ENOMEM;

	rld_free(path);
	return err == -ENOENT || err == -ENOTDIR;
}

/* ld.so.cache has been written anew, as package tools do: it must say the same. */
static int cache_agrees(struct rld *r, const struct quick_file *f)
{
	for (uint32_t i = 0; i < f->head->nobject; i++) {
		const struct quick_object *o = &f->object[i];
		const char *now;

		if (!(o->flags & (QUICK_CACHED | QUICK_PAST)))
			continue;
		now = path_cache_find(r, f->string + o->name);
		if (o->flags & QUICK_PAST ?
			    now != NULL :
			    !now || strcmp(now, f->string + o->path) != 0)
			return 0;
	}
	return 1;
}

/* A place that is not as it was holds nevertheless, if what was not there is not
 * there now. */
static int holds_still(struct rld *r, const struct quick_file *f,
		       const struct quick_place *p)
{
	const char *path = f->string + p->path;

	if (p->kind == QUICK_FILE)
		return cache_agrees(r, f);
	for (uint32_t i = 0; i < p->nabsent; i++)
		if (!is_absent(path, f->string + f->absent[p->absent + i]))
			return 0;
	return 1;
}

/* The first place that does not hold; NULL: all do. */
static const char *wrong_place(struct rld *r, const struct quick_file *f)
{
	for (uint32_t i = 0; i < f->head->nplace; i++) {
		const struct quick_place *p = &f->place[i];
		const char *path = f->string + p->path;
		struct statx st;
		int err = sys_statx(AT_FDCWD, path, 0, &st);

		if (p->kind == QUICK_ABSENT ?
			    err == -ENOENT || err == -ENOTDIR :
			    !err && is_as_it_was(&st, &p->stamp))
			continue;
		if (!holds_still(r, f, p))
			return path;
		tell(r, path, "has changed, but says the same");
	}
	return NULL;
}

static int made_by_this(const struct rld *r, const struct quick_head *h)
{
	struct rld_gone g = { 0 };

	rld_build_id(r->self, &g);
	return g.build_id_size && g.build_id_size == h->build_id_size &&
	       !memcmp(g.build_id, h->build_id, g.build_id_size) &&
	       h->machine == (ARCH_MACHINE | (uint32_t)WORD << 16);
}

/* Why the answers of r->quick do not hold, for *what; NULL: they do. */
static const char *wrong(struct rld *r, const struct quick_stamp *program,
			 const char **what)
{
	const struct quick_file *f = &r->quick->f;

	*what = r->prog;
	if (!made_by_this(r, f->head))
		return "its answers are of another rld";
	if (!quick_same(program, &f->object[0].stamp))
		return "has changed since its answers were kept";
	if (r->secure && f->head->flags & QUICK_TOKENS)
		return "its search paths have tokens, which do not count in a "
		       "secure program";
	if (strcmp(rld_origin(r, r->program), f->string + f->head->origin) != 0)
		return "has moved since its answers were kept";
	if (f->head->level != QUICK_NO_LEVEL &&
	    f->head->level != rld_hwcap_level(r))
		return "its answers are for another level of this processor";
	*what = wrong_place(r, f);
	return *what ? "has changed since the answers were kept" : NULL;
}

void rld_quick_begin(struct rld *r)
{
	const char *home = r->secure ? NULL : rld_getenv(r, "HOME");
	const char *why, *what;
	struct quick_stamp now;
	char *name, *dir;
	struct statx st;

	if (r->mode != MODE_RUN || r->quick_off || r->host.kind != HOST_GLIBC ||
	    !needs_more(r, r->program))
		return;
	why = steered(r);
	if (why) {
		tell(r, r->prog, why);
		return;
	}
	if (r->program->ino) { /* rld has opened it */
		now = rld_quick_stamp(r->program);
	} else if (sys_statx(AT_FDCWD, "/proc/self/exe", 0, &st)) {
		tell(r, "/proc/self/exe", "cannot be read");
		return;
	} else {
		now = quick_stamp_of(&st);
	}
	name = rld_format("%lx-%lx", (unsigned long)now.dev,
			  (unsigned long)now.ino);
	if (name && !look_in(r, ROOTS_DIRECTORY, name, 0, 022) && home &&
	    *home == '/') {
		dir = rld_format("%s" USERS_DIRECTORY, home);
		if (dir)
			look_in(r, dir, name, (unsigned)rld_aux(r, AT_EUID),
				077);
		rld_free(dir);
	}
	rld_free(name);
	if (r->quick && (why = wrong(r, &now, &what)))
		rld_quick_drop(r, what, why);
	if (r->quick)
		r->quick->next = 1;
}

/* ---- the objects */

const struct quick_object *rld_quick_next(struct rld *r, const char *name,
					  int host)
{
	struct quick *q = r->quick;
	const struct quick_object *o = &q->f.object[q->next];

	if (q->next < q->f.head->nobject &&
	    !strcmp(name, rld_quick_string(r, o->name)) &&
	    !(o->flags & QUICK_HOST) == !host)
		return o;
	rld_quick_drop(r, name, "is not what was loaded next");
	return NULL;
}

char *rld_quick_host(struct rld *r, const struct quick_object *o,
		     const char *name)
{
	const char *path = rld_quick_string(r, o->path);
	char *now;

	if (rld_is_loader(name)) {
		now = r->host.libc ? rld_loader_path(r) : NULL;
		if (now && !strcmp(now, path))
			return now;
		rld_free(now);
	} else if (rld_host_is_there(r, path)) {
		now = rld_strdup(path);
		if (now)
			return now;
	}
	rld_quick_drop(r, path, "is not where it was");
	return NULL;
}

int rld_quick_open(struct rld *r, const struct quick_object *o, char **path)
{
	int fd;

	*path = rld_strdup(rld_quick_string(r, o->path));
	fd = *path ? sys_open(*path, O_RDONLY) : -ENOMEM;
	if (fd >= 0)
		return fd;
	rld_quick_drop(r, rld_quick_string(r, o->path), sys_strerror(fd));
	rld_free(*path);
	return -1;
}

void rld_quick_loaded(struct rld *r, const struct quick_object *o,
		      struct dso *d, int fd)
{
	struct quick_stamp was;
	struct statx st;

	if (!r->quick) /* dropped by what it filters */
		return;
	if (d) {
		was = rld_quick_stamp(d);
		if (quick_same(&was, &o->stamp) &&
		    !sys_statx(fd, "", AT_EMPTY_PATH, &st) &&
		    is_as_it_was(&st, &o->stamp)) {
			rld_quick_noted(r, d);
			return;
		}
	}
	rld_quick_drop(r, rld_quick_string(r, o->path), "has changed");
}

void rld_quick_noted(struct rld *r, struct dso *d)
{
	if (r->quick)
		r->quick->by[r->quick->next++] = d;
}

/* libc's own loader has mapped it by now. */
static int host_is_as_it_was(const struct dso *d, const char *path,
			     const struct quick_object *o)
{
	struct statx st;

	return !strcmp(d->lm.l_name, path) &&
	       !sys_statx(AT_FDCWD, path, 0, &st) &&
	       is_as_it_was(&st, &o->stamp);
}

int rld_quick_complete(struct rld *r)
{
	struct quick *q = r->quick;
	uint32_t i = 0;

	if (!q)
		return 0;
	q->by[0] = r->program;
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		const struct quick_object *o = &q->f.object[i];

		if (d->flags & (D_SELF | D_VDSO))
			continue;
		if (i == q->f.head->nobject || q->by[i] != d || d->mark ||
		    d->nfilter || d->dyn.nsym != o->nsym ||
		    (d->flags & D_HOST &&
		     !host_is_as_it_was(d, rld_quick_string(r, o->path), o))) {
			rld_quick_drop(r, dso_name(r, d), "is not what it was");
			return 0;
		}
		i++;
	}
	if (i != q->f.head->nobject) {
		rld_quick_drop(r, r->prog, "has fewer objects");
		return 0;
	}
	for (i = 0; i < q->f.head->nobject; i++)
		if (q->f.object[i].nanswer)
			q->by[i]->answers =
				q->f.answer + q->f.object[i].answers;
	q->bound = 1;
	if (__builtin_expect(r->trace & TR_QUICK, 0))
		rld_trace(r, "quick: %s: %u objects, %u places checked\n",
			  r->prog, i, q->f.head->nplace);
	return 1;
}

void rld_quick_end(struct rld *r)
{
	if (!r->quick)
		return;
	for (uint32_t i = 0; i < r->quick->f.head->nobject; i++)
		r->quick->by[i]->answers = NULL;
	forget(r);
}
