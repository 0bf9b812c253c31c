/* SPDX-License-Identifier: MIT */
/* Whose word counts: a record that is at hand, that of the rld of the program's
 * machine (started natively or by qemu), or the files alone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/show/ask.h"
#include "tools/show/image.h"
#include "tools/show/util.h"

#ifndef RLD_LIBDIR
#define RLD_LIBDIR "/usr/local/lib/rld" /* MACHINE/rld lies below */
#endif

/* ---- the loader ---- */

static const char *own_directory(void)
{
	char *path = need_memory(4096), *slash;
	ssize_t n = readlink("/proc/self/exe", path, 4095);

	if (n <= 0)
		return NULL;
	path[n] = 0;
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = 0;
	return path;
}

/* The rld for this machine: beside the tool as it is built or installed. */
static const char *find_rld(const struct ask *a, const char *machine)
{
	const char *own = own_directory();
	const char *places[3] = { text("%s/%s/rld", RLD_LIBDIR, machine) };

	if (a->rld)
		return a->rld;
	if (own) {
		places[2] = places[0];
		places[0] = text("%s/%s/rld", own, machine);
		places[1] = text("%s/../lib/rld/%s/rld", own, machine);
	}
	for (size_t i = 0; i < 3; i++)
		if (places[i] && access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* The emulator for another machine, as Debian's qemu-user has it; NULL. */
static const char *find_qemu(const char *machine)
{
	static const char *const directories[] = { "/usr/bin",
						   "/usr/local/bin" };

	if (strcmp(machine, "x86_64") == 0 || strcmp(machine, "i386") == 0)
		return NULL;
	for (size_t i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++) {
			char *path = text("%s/qemu-%s%s", directories[i],
					  machine, k ? "-static" : "");

			if (access(path, X_OK) == 0)
				return path;
		}
	return NULL;
}

/* ---- one run of it ---- */

struct run {
	char *argv[64];
	int argc;
	int record, messages; /* descriptors of memory files */
	bool ended;	      /* by itself, in time */
};

static void push(struct run *r, char *word)
{
	if (r->argc < 63)
		r->argv[r->argc++] = word;
}

static int memory_file(const char *name)
{
	int fd = (int)syscall(SYS_memfd_create, name, 0);

	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND))
		die("%s: %s", name, strerror(errno));
	return fd;
}

/* Wait for it, at most `seconds` (0: as long as it takes). */
static void await(struct run *r, pid_t pid, unsigned seconds)
{
	int status, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	r->ended = !seconds || pidfd < 0 ||
		   poll(&p, 1, (int)seconds * 1000) != 0;
	if (!r->ended)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
}

static const char *start(struct run *r, unsigned seconds, bool quiet)
{
	extern char **environ;
	posix_spawn_file_actions_t act;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_addopen(&act, 0, "/dev/null", O_RDONLY, 0);
	if (quiet) {
		posix_spawn_file_actions_addopen(&act, 1, "/dev/null", O_WRONLY,
						 0);
		posix_spawn_file_actions_adddup2(&act, r->messages, 2);
	} else { /* what the program says does not stand amid the answer */
		posix_spawn_file_actions_adddup2(&act, 2, 1);
	}
	error = posix_spawn(&pid, r->argv[0], &act, NULL, r->argv, environ);
	posix_spawn_file_actions_destroy(&act);
	if (error)
		return text("%s: %s", r->argv[0], strerror(error));
	await(r, pid, seconds);
	return NULL;
}

/* All that is in a file by now.  It is read, not mapped: its writer may go on,
 * or cut it. */
static const char *whole(int fd, size_t *len)
{
	struct stat st;
	ssize_t n;
	char *p;

	*len = 0;
	if (fstat(fd, &st) || st.st_size == 0)
		return "";
	p = need_memory((size_t)st.st_size);
	while (*len < (size_t)st.st_size &&
	       (n = pread(fd, p + *len, (size_t)st.st_size - *len,
			  (off_t)*len)) > 0)
		*len += (size_t)n;
	return p;
}

static const char *first_line(int fd)
{
	size_t len;
	const char *s = whole(fd, &len), *nl;

	nl = len ? memchr(s, '\n', len) : NULL;
	return text_copy(s, nl ? (size_t)(nl - s) : len);
}

static void command(struct run *r, const struct ask *a, const char *rld,
		    const char *qemu, const struct image *im,
		    const char *program, char **argv, bool run)
{
	const char *triplet = machine_triplet(im);
	char *cross = text("/usr/%s", triplet ? triplet : "none");

	if (qemu) {
		push(r, text("%s", qemu));
		if (!a->root && access(cross, F_OK) == 0) {
			push(r, "-L");
			push(r, cross);
		}
	}
	push(r, text("%s", rld));
	push(r, text("--record-fd=%d", r->record));
	if (!run)
		push(r, "--check");
	else
		push(r, "--record-times");
	if (a->root)
		push(r, text("--root=%s", a->root));
	else if (qemu && access(cross, F_OK) == 0)
		push(r, text("--root=%s", cross));
	if (a->library_path)
		push(r, text("--library-path=%s", a->library_path));
	if (a->preload)
		push(r, text("--preload=%s", a->preload));
	push(r, "--");
	push(r, text("%s", program));
	for (; run && argv && *argv; argv++)
		push(r, *argv);
}

/* ---- */

/* A record that was kept: its first byte is a brace. */
static struct facts *kept_record(const struct ask *a, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why, *bytes;
	struct facts *f = NULL;
	struct stat st;
	size_t len;
	char c;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    pread(fd, &c, 1, 0) == 1 && c == '{') {
		bytes = whole(fd, &len);
		f = facts_from_record(NULL, bytes, len, a->root, &why);
		if (!f)
			die("%s: %s", path, why);
	}
	close(fd);
	return f;
}

static void look_at(const char *program, struct image *im)
{
	const char *error = image_kind(program, im);

	if (error && !strchr(program, '/') && strstr(error, "No such file"))
		die("%s: %s; PATH is not searched: give a path, such as "
		    "/usr/bin/%s",
		    program, error, program);
	if (error)
		die("%s: %s", program, error);
}

static struct facts *ask_rld(const struct ask *a, const char *program,
			     char **argv, bool run)
{
	struct facts *f = kept_record(a, program);
	struct run r = { 0 };
	struct image im = { 0 };
	const char *rld, *machine, *qemu, *why, *bytes;
	size_t len;

	if (f)
		return f;
	look_at(program, &im);
	if (a->files_only)
		return facts_from_files(a, program, NULL, "--files was given");
	machine = machine_name(&im);
	rld = find_rld(a, machine);
	if (!rld)
		return facts_from_files(
			a, program, NULL,
			text("there is no rld for %s beside rld-show",
			     machine));
	qemu = machine_native(&im) ? NULL : find_qemu(machine);
	if (!machine_native(&im) && !qemu)
		return facts_from_files(
			a, program, NULL,
			text("there is no qemu-%s to run its rld", machine));
	r.record = memory_file("record");
	r.messages = memory_file("messages");
	command(&r, a, rld, qemu, &im, program, argv, run);
	why = start(&r, run ? a->seconds : 0, !run);
	bytes = whole(r.record, &len);
	if (!why)
		f = facts_from_record(program, bytes, len, a->root, &why);
	if (f)
		return f;
	bytes = first_line(r.messages);
	return facts_from_files(a, program, NULL,
				text("%s wrote no record: %s%s%s", rld, why,
				     *bytes ? ": " : "", bytes));
}

/* A run binds only what is called: its times are joined to the facts of a start
 * in which all was bound. */
static void take_times(struct facts *f, const struct facts *run)
{
	for (size_t i = 0; i < run->objects.n; i++) {
		const struct object *from = run->objects.v[i];
		struct object *o =
			from == facts_program(run) ? facts_program(f) :
			from->path && *from->path ? facts_which(f, from->path) :
						    NULL;

		for (size_t k = 0; k < run->phases.n; k++)
			if (run->phases.v[k].object == from) {
				run->phases.v[k].object = o;
				if (!o) /* it was opened later */
					run->phases.v[k].name = NULL;
			}
		if (!o)
			continue;
		o->search_ns = from->search_ns;
		o->map_ns = from->map_ns;
		o->relocate_ns = from->relocate_ns;
		o->init_ns = from->init_ns;
		o->init_at = from->init_at;
	}
	f->phases.n = 0;
	for (size_t k = 0; k < run->phases.n; k++)
		if (run->phases.v[k].name)
			*LIST_ADD(&f->phases) = run->phases.v[k];
}

struct facts *gather(const struct ask *a, const char *program, char **argv,
		     bool run)
{
	struct facts *f, *times;

	if (!run || strcmp(a->command, "time") == 0)
		return ask_rld(a, program, argv, run);
	f = ask_rld(a, program, NULL, false);
	times = ask_rld(a, program, argv, true);
	if (times->because)
		warn("no times: %s", times->because);
	else
		take_times(f, times);
	return f;
}
