/* SPDX-License-Identifier: MIT */
/* PT_INTERP (gABI ch. 5, "Program Interpreter").  Kernels take the string up to
 * its first NUL and want one at the end of the segment, so that between the two
 * there is room: for the path that was there first.  In it stands
 *
 *	PATH NUL "rld-mark:" ORIGINAL NUL, and NULs up to the segment's end
 */
#include "interp.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "place.h"

static const char tag[] = "rld-mark:";
#define TAG (sizeof tag - 1)

static GElf_Phdr *interp_phdr(const struct image *im)
{
	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_INTERP)
			return &im->ph[i];
	return NULL;
}

/* Is the string inside the file, and ended? */
static bool is_sound(const struct image *im, const GElf_Phdr *p)
{
	return p->p_filesz && p->p_offset < im->len &&
	       p->p_filesz <= im->len - p->p_offset &&
	       im->buf[p->p_offset + p->p_filesz - 1] == '\0';
}

const char *mark_interp(const struct image *im, const char **was)
{
	const GElf_Phdr *p = interp_phdr(im);
	const char *path;
	size_t n;

	if (was)
		*was = NULL;
	if (!p || !is_sound(im, p))
		return NULL;
	path = (const char *)im->buf + p->p_offset;
	n = strlen(path) + 1;
	if (was && p->p_filesz - n > TAG && memcmp(path + n, tag, TAG) == 0)
		*was = path + n + TAG;
	return path;
}

/* ---- rld's own file */

/* The directory of the file that path names, links resolved; owned, or NULL. */
static char *directory_of(const char *path)
{
	char *real = realpath(path, NULL);

	if (real)
		*strrchr(real, '/') = '\0';
	return real;
}

/* Is form, printed with dir and machine, a program?  Then that is what out, of
 * PATH_MAX bytes, becomes, links resolved. */
static bool try_path(char *out, const char *form, const char *dir,
		     const char *machine)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof path, form, dir, machine);
	return access(path, X_OK) == 0 && realpath(path, out);
}

/* As it is installed: beside the one that the command rld leads to, or in lib
 * beside bin; as it is built: beside rld-mark. */
static int find_rld(const struct image *im, char *out)
{
	const char *machine = mark_machine_name(&im->eh);
	char *self = directory_of("/proc/self/exe"), *rld = NULL;
	char command[PATH_MAX + 8];
	bool found = false;

	if (self) {
		snprintf(command, sizeof command, "%s/rld", self);
		rld = directory_of(command);
		found = (rld && try_path(out, "%s/../%s/rld", rld, machine)) ||
			try_path(out, "%s/../lib/rld/%s/rld", self, machine) ||
			try_path(out, "%s/%s/rld", self, machine);
	}
	free(rld);
	free(self);
	return found ? 0 :
		       mark_fail(im->err,
				 "no rld for %s is installed beside rld-mark: "
				 "give --interpreter=PATH",
				 machine);
}

/* ---- changing it */

/* The section that is the segment, or NULL. */
static GElf_Shdr *interp_section(const struct image *im, const GElf_Phdr *p)
{
	for (size_t i = 1; i < im->nsh; i++)
		if (im->sh[i].sh_type == SHT_PROGBITS &&
		    im->sh[i].sh_offset == p->p_offset &&
		    im->sh[i].sh_size == p->p_filesz)
			return &im->sh[i];
	return NULL;
}

/* Move the segment to a place of size bytes. */
static int move(struct image *im, uint64_t size)
{
	GElf_Phdr *p;
	GElf_Shdr *s;
	struct place place;

	if (mark_place(im, 0, size, size, &place))
		return -1;
	p = interp_phdr(im); /* mark_place may have moved both */
	s = interp_section(im, p);
	memset(im->buf + p->p_offset, 0, p->p_filesz);
	if (s) {
		s->sh_offset = place.off;
		s->sh_addr = place.vaddr;
		s->sh_size = place.size;
	}
	p->p_offset = place.off;
	p->p_vaddr = p->p_paddr = place.vaddr;
	p->p_filesz = p->p_memsz = place.size;
	return 0;
}

static int no_interpreter(struct image *im)
{
	return mark_fail(im->err, "names no interpreter: it is a shared object "
				  "or a static program");
}

int mark_interp_set(struct image *im, const char *path)
{
	char own[PATH_MAX];
	const char *was, *now = mark_interp(im, &was);
	const GElf_Phdr *p;
	char *first;
	size_t n, need;

	if (!now)
		return no_interpreter(im);
	if (!path) {
		if (find_rld(im, own))
			return -1;
		path = own;
	}
	if (*path != '/' || strlen(path) >= PATH_MAX)
		return mark_fail(im->err,
				 "--interpreter=%s: want an absolute path; the "
				 "kernel would look for it from the program's "
				 "working directory",
				 path);
	if (strcmp(path, now) == 0)
		return 0;
	first = strdup(was ? was : now);
	if (!first)
		return mark_fail(im->err, "out of memory");
	n = strlen(path) + 1;
	need = n + TAG + strlen(first) + 1;
	if (need > interp_phdr(im)->p_filesz && move(im, need)) {
		free(first);
		return -1;
	}
	p = interp_phdr(im);
	memset(im->buf + p->p_offset, 0, p->p_filesz);
	memcpy(im->buf + p->p_offset, path, n);
	if (strcmp(path, first) != 0) {
		memcpy(im->buf + p->p_offset + n, tag, TAG);
		memcpy(im->buf + p->p_offset + n + TAG, first,
		       strlen(first) + 1);
	}
	free(first);
	return 0;
}

int mark_interp_restore(struct image *im)
{
	const char *was, *now = mark_interp(im, &was);
	char *first;
	int ret;

	if (!now)
		return no_interpreter(im);
	if (!was)
		return mark_fail(im->err,
				 "its interpreter, %s, was not written by "
				 "rld-mark: there is none to restore",
				 now);
	first = strdup(was);
	if (!first)
		return mark_fail(im->err, "out of memory");
	ret = mark_interp_set(im, first);
	free(first);
	return ret;
}
