/* What the functions cost that are given a path, where rld is the command and
 * looks at the path: of a file that is no link of /proc.  Each is called many
 * times; prints nanoseconds a call of the one that is named, or of each. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

static char file[64], link_[64], none[64];
static char b[PATH_MAX];
static struct stat st;

static void do_readlink(void)
{
	must(readlink(link_, b, sizeof b) > 0 ? b : 0);
}
static void do_readlinkat(void)
{
	must(readlinkat(AT_FDCWD, link_, b, sizeof b) > 0 ? b : 0);
}
static void do_realpath(void)
{
	must(realpath(file, b));
}
static void do_open(void)
{
	int fd = open(file, O_RDONLY);
	must(fd >= 0 ? b : 0);
	close(fd);
}
static void do_openat(void)
{
	int fd = openat(AT_FDCWD, file, O_RDONLY);
	must(fd >= 0 ? b : 0);
	close(fd);
}
static void do_open_relative(void)
{
	int fd = open(file + 5, O_RDONLY);
	must(fd >= 0 ? b : 0);
	close(fd);
}
static void do_open_missing(void)
{
	must(open(none, O_RDONLY) < 0 ? b : 0);
}
static void do_fopen(void)
{
	FILE *f = fopen(file, "r");
	must(f);
	fclose(f);
}
static void do_stat(void)
{
	must(!stat(file, &st) ? b : 0);
}
static void do_fstatat(void)
{
	must(!fstatat(AT_FDCWD, file, &st, 0) ? b : 0);
}
static void do_statx(void)
{
	struct statx x;
	must(!statx(AT_FDCWD, file, 0, STATX_BASIC_STATS, &x) ? b : 0);
}
static void do_access(void)
{
	must(!access(file, R_OK) ? b : 0);
}
static void do_faccessat(void)
{
	must(!faccessat(AT_FDCWD, file, R_OK, 0) ? b : 0);
}
static void do_execve(void)
{
	must(execve(none, (char *[]){ none, NULL }, NULL) ? b : 0);
}
static void do_execl(void)
{
	must(execl(none, none, "a", "b", (char *)NULL) ? b : 0);
}
static void do_spawn(void)
{
	pid_t p;

	must(posix_spawn(&p, none, NULL, NULL, (char *[]){ none, NULL }, NULL) ?
		     b :
		     0);
}

static const struct {
	const char *name;
	void (*fn)(void);
	int times;
} all[] = {
	{ "readlink", do_readlink, 20000 },
	{ "readlinkat", do_readlinkat, 20000 },
	{ "realpath", do_realpath, 10000 },
	{ "open", do_open, 20000 },
	{ "openat", do_openat, 20000 },
	{ "open, relative", do_open_relative, 20000 },
	{ "open, missing", do_open_missing, 20000 },
	{ "fopen", do_fopen, 10000 },
	{ "stat", do_stat, 20000 },
	{ "fstatat", do_fstatat, 20000 },
	{ "statx", do_statx, 20000 },
	{ "access", do_access, 20000 },
	{ "faccessat", do_faccessat, 20000 },
	{ "execve, missing", do_execve, 10000 },
	{ "execl, missing", do_execl, 10000 },
	{ "posix_spawn, missing", do_spawn, 200 },
};

int main(int argc, char **argv)
{
	int fd;

	snprintf(file, sizeof file, "/tmp/exe-bench-file.%d", (int)getpid());
	snprintf(link_, sizeof link_, "/tmp/exe-bench-link.%d", (int)getpid());
	snprintf(none, sizeof none, "/tmp/exe-bench-none.%d", (int)getpid());
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	must(fd >= 0 && !close(fd) && !symlink(file, link_) && !chdir("/tmp") ?
		     b :
		     0);
	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
		double best = 1e18;

		if (argc > 1 && strcmp(argv[1], all[i].name))
			continue;
		for (int round = 0; round < 5; round++) {
			double start = now(), t;

			for (int n = 0; n < all[i].times; n++)
				all[i].fn();
			t = (now() - start) / all[i].times;
			best = t < best ? t : best;
		}
		if (argc > 1)
			printf("%f\n", best);
		else
			printf("%-22s %9.1f\n", all[i].name, best);
	}
	unlink(file);
	unlink(link_);
	return 0;
}
