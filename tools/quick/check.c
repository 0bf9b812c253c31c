/* SPDX-License-Identifier: MIT */
/* Would rld use these answers?  What rld/quick/use.c looks at, without starting
 * anything. */
#include "tools/quick/quick.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static struct quick_stamp stamp_of(const struct stat *st)
{
	return (struct quick_stamp){
		.dev = (uint64_t)major(st->st_dev) << 32 | minor(st->st_dev),
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime = st->st_mtim.tv_sec,
		.ctime = st->st_ctim.tv_sec,
		.mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
		.ctime_nsec = (uint32_t)st->st_ctim.tv_nsec
	};
}

static bool is_as_it_was(const char *path, const struct quick_stamp *was)
{
	struct quick_stamp now;
	struct stat st;

	if (stat(path, &st))
		return false;
	now = stamp_of(&st);
	return quick_same(&now, was);
}

static bool is_absent(const char *dir, const char *name)
{
	char *path = NULL;
	struct stat st;
	bool yes;

	if (asprintf(&path, "%s%s%s", dir, name ? "/" : "", name ? name : "") <
	    0)
		return false;
	yes = stat(path, &st) && (errno == ENOENT || errno == ENOTDIR);
	free(path);
	return yes;
}

/* Is this the build-id of rld's file?  Its bytes are somewhere in it. */
static bool is_of_rld(const struct quick_head *h)
{
	int fd = open(rld_path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool yes = false;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0) {
		size_t size = (size_t)st.st_size;
		void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (at != MAP_FAILED) {
			yes = h->build_id_size &&
			      memmem(at, size, h->build_id, h->build_id_size);
			munmap(at, size);
		}
	}
	if (fd >= 0)
		close(fd);
	return yes;
}

static bool place_holds(const struct quick_file *f, const struct quick_place *p)
{
	const char *path = f->string + p->path;

	if (p->kind == QUICK_ABSENT ? is_absent(path, NULL) :
				      is_as_it_was(path, &p->stamp))
		return true;
	if (p->kind == QUICK_FILE) /* rld asks ld.so.cache again */
		return true;
	for (uint32_t i = 0; i < p->nabsent; i++)
		if (!is_absent(path, f->string + f->absent[p->absent + i]))
			return false;
	return true;
}

const char *check_kept(const struct kept *k, const char **what)
{
	const struct quick_file *f = &k->f;

	*what = kept_program(k);
	if (quick_sum(k->at, k->size) != f->head->sum)
		return "is damaged: its sum is wrong";
	if (!is_of_rld(f->head))
		return "its answers are of another rld";
	for (uint32_t i = 0; i < f->head->nobject; i++) {
		*what = f->string + f->object[i].path;
		if (!is_as_it_was(*what, &f->object[i].stamp))
			return is_absent(*what, NULL) ? "is not there" :
							"has changed";
	}
	for (uint32_t i = 0; i < f->head->nplace; i++) {
		*what = f->string + f->place[i].path;
		if (!place_holds(f, &f->place[i]))
			return "has a file now that comes first";
	}
	return NULL;
}
