/* SPDX-License-Identifier: MIT */
/* rld-show ps: a process that runs. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/show/image.h"
#include "tools/show/space.h"
#include "tools/show/util.h"

static FILE *open_proc(const struct space *s, const char *file)
{
	FILE *f = fopen(text("/proc/%d/%s", s->pid, file), "re");

	if (!f && errno == ENOENT)
		die("%s: there is no such process (any more)", s->what);
	if (!f)
		die("%s: /proc/%d/%s: %s", s->what, s->pid, file,
		    strerror(errno));
	return f;
}

/* Has another file its name by now?  As the process sees names. */
static bool replaced(const struct space *s, const struct mapping *m)
{
	struct stat st;

	if (stat(text("/proc/%d/root%s", s->pid, m->path), &st))
		return false;
	return st.st_ino != m->ino;
}

static void read_maps(struct space *s)
{
	FILE *f = open_proc(s, "maps");
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, f) > 0) {
		struct mapping m = { 0 };
		unsigned long long lo, hi, off, ino;
		int at = 0;
		char *path, *end;

		if (sscanf(line, "%llx-%llx %*s %llx %x:%x %llu %n", &lo, &hi,
			   &off, &m.major, &m.minor, &ino, &at) < 6)
			continue;
		m.lo = lo;
		m.hi = hi;
		m.offset = off;
		m.ino = ino;
		path = line + at;
		path[strcspn(path, "\n")] = 0;
		end = strstr(path, " (deleted)");
		if (end && !end[strlen(" (deleted)")]) {
			*end = 0;
			m.deleted = true;
		}
		if (*path)
			m.path = text_copy(path, strlen(path));
		*LIST_ADD(&s->maps) = m;
	}
	free(line);
	fclose(f);
	if (!s->maps.n)
		die("%s: it has no memory: a thread of the kernel, or one that "
		    "has ended",
		    s->what);
}

static void read_auxv(struct space *s)
{
	unsigned char b[4096];
	FILE *f = open_proc(s, "auxv");
	size_t n = fread(b, 1, sizeof b, f);

	fclose(f);
	space_auxv(s, b, n);
}

static void read_exe(struct space *s)
{
	const char *path = text("/proc/%d/exe", s->pid), *error;
	struct image im = { 0 };
	char *link = need_memory(4096);

	error = image_kind(path, &im);
	if (error)
		die("%s: %s%s", s->what, error,
		    errno == EACCES || errno == EPERM ?
			    " (it is another user's)" :
			    "");
	s->class = im.class;
	s->data = im.data;
	if (readlink(path, link, 4095) > 0)
		s->exe = link;
}

/* Under rld the kernel knows rld; the program is the first of its list. */
static void note_states(struct space *s)
{
	for (size_t i = 0; i < s->maps.n; i++) {
		struct mapping *m = &s->maps.v[i];

		if (m->path && *m->path == '/' && !m->deleted && replaced(s, m))
			m->deleted = true;
	}
}

int show_ps(const struct ask *a)
{
	struct space s = { .facts = facts_new("") };
	char *end;
	long pid = strtol(a->words[0], &end, 10);

	if (*end || pid <= 0 || pid > 1 << 30)
		die("ps wants the number of a process, not %s", a->words[0]);
	s.pid = (int)pid;
	s.what = text("process %d", s.pid);
	if (access(text("/proc/%d", s.pid), F_OK))
		die("%s: there is no such process", s.what);
	read_exe(&s);
	read_maps(&s);
	note_states(&s);
	read_auxv(&s);
	return space_show(&s, a);
}
