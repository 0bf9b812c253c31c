/* Preloaded into rld-mark: FAIL="CALL ACTION", where CALL is write, fsync,
 * fchmod or rename, and ACTION is kill, term or an errno. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* True: the call is to fail, errno being set. */
static int fails(const char *call)
{
	const char *f = getenv("FAIL");
	size_t n = strlen(call);

	if (!f || strncmp(f, call, n) != 0 || f[n] != ' ')
		return 0;
	f += n + 1;
	if (strcmp(f, "kill") == 0)
		raise(SIGKILL);
	else if (strcmp(f, "term") == 0)
		raise(SIGTERM);
	errno = atoi(f);
	return 1;
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *buf, size_t len)
{
	if (fd > 2 && len > 1 && fails("write")) {
		/* Half of it is on the disk by then. */
		REAL(write)(fd, buf, len / 2);
		return -1;
	}
	return REAL(write)(fd, buf, len);
}

int fsync(int fd)
{
	return fails("fsync") ? -1 : REAL(fsync)(fd);
}

int fchmod(int fd, mode_t mode)
{
	return fails("fchmod") ? -1 : REAL(fchmod)(fd, mode);
}

int rename(const char *from, const char *to)
{
	return fails("rename") ? -1 : REAL(rename)(from, to);
}
