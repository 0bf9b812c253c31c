/* SPDX-License-Identifier: MIT */
/* Replacing a file by way of a temporary one in the same directory. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static int failed(struct mark_err *err, const char *what)
{
	return mark_fail(err, "%s: %s", what, strerror(errno));
}

/* ---- reading ---- */

static int read_all(int fd, unsigned char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO; /* it was shortened meanwhile */
			return -1;
		}
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

int mark_read_file(const char *path, struct mark_file *f, unsigned char **buf,
		   size_t *len, struct mark_err *err)
{
	int fd = -1;

	*f = (struct mark_file){ 0 };
	*buf = NULL;
	f->path = realpath(path, NULL);
	if (f->path) /* O_NONBLOCK: do not wait for a fifo's writer */
		fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		mark_fail(err, "%s", strerror(errno));
		goto undo;
	}
	if (fstat(fd, &f->st)) {
		failed(err, "stat");
		goto undo;
	}
	if (!S_ISREG(f->st.st_mode)) {
		mark_fail(err, "not a regular file");
		goto undo;
	}
	*len = (size_t)f->st.st_size;
	*buf = malloc(*len + 1);
	if (!*buf || read_all(fd, *buf, *len)) {
		failed(err, "read");
		goto undo;
	}
	close(fd);
	return 0;
undo:
	if (fd >= 0)
		close(fd);
	free(*buf);
	*buf = NULL;
	mark_file_free(f);
	return -1;
}

void mark_file_free(struct mark_file *f)
{
	free(f->path);
	f->path = NULL;
}

/* ---- writing ---- */

/* The temporary file, for the signal handler; set and cleared with the signals
 * blocked. */
static char *temporary;

static const int deadly[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXFSZ
};
#define NDEADLY (sizeof deadly / sizeof deadly[0])

static void on_signal(int sig)
{
	if (temporary)
		unlink(temporary);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* From now on until forget_temporary, a deadly signal removes the file too.  A
 * signal that was ignored stays so. */
static int make_temporary(char *path)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;
	sigset_t set, before;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < NDEADLY; i++)
		sigaddset(&set, deadly[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	for (size_t i = 0; i < NDEADLY; i++)
		if (sigaction(deadly[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_DFL)
			sigaction(deadly[i], &sa, NULL);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		temporary = path;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fd;
}

static void forget_temporary(void)
{
	sigset_t set, before;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	temporary = NULL;
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int write_all(int fd, const unsigned char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Access control lists and capabilities included.  Those that the file system
 * keeps for itself cannot be set and are not ours to keep. */
static int copy_xattrs(const char *from, int fd, struct mark_err *err)
{
	ssize_t size = listxattr(from, NULL, 0);
	char *names, *value = NULL;
	int ret = 0;

	if (size <= 0)
		return 0;
	names = malloc((size_t)size);
	size = names ? listxattr(from, names, (size_t)size) : 0;
	for (ssize_t i = 0; i < size; i += (ssize_t)strlen(names + i) + 1) {
		ssize_t n = getxattr(from, names + i, NULL, 0);
		char *p = n < 0 ? NULL : realloc(value, (size_t)n + 1);

		if (!p)
			continue;
		value = p;
		n = getxattr(from, names + i, value, (size_t)n);
		if (n < 0)
			continue;
		if (fsetxattr(fd, names + i, value, (size_t)n, 0) &&
		    errno != ENOTSUP &&
		    strcmp(names + i, "security.selinux") != 0)
			ret = mark_fail(err, "cannot keep attribute %s: %s",
					names + i, strerror(errno));
	}
	free(names);
	free(value);
	return ret;
}

/* Owner first: changing it clears set-id bits and capabilities. */
static int keep_properties(const struct mark_file *f, int fd,
			   struct mark_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return failed(err, "stat");
	if ((st.st_uid != f->st.st_uid || st.st_gid != f->st.st_gid) &&
	    fchown(fd, f->st.st_uid, f->st.st_gid))
		return failed(err, "cannot keep the owner");
	if (fchmod(fd, f->st.st_mode & 07777))
		return failed(err, "cannot keep the mode");
	return copy_xattrs(f->path, fd, err);
}

static int check_unchanged(const struct mark_file *f, struct mark_err *err)
{
	struct stat st;

	if (stat(f->path, &st))
		return failed(err, "stat");
	if (st.st_ino != f->st.st_ino || st.st_dev != f->st.st_dev ||
	    st.st_size != f->st.st_size ||
	    st.st_mtim.tv_sec != f->st.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != f->st.st_mtim.tv_nsec)
		return mark_fail(err, "changed by another process meanwhile");
	return 0;
}

/* After a crash of the machine, too, the name shall lead to one of the two. */
static void sync_folder(const char *path, size_t folderlen)
{
	char *folder = folderlen ? strndup(path, folderlen) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

/* Replace path; f is NULL or the file whose properties are kept. */
static int replace(const struct mark_file *f, const char *path, mode_t mode,
		   const unsigned char *buf, size_t len, struct mark_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t folderlen = slash ? (size_t)(slash - path) + 1 : 0;
	char *tmp;
	int fd;

	if (asprintf(&tmp, "%.*s.rld-mark.XXXXXX", (int)folderlen, path) < 0)
		return mark_fail(err, "out of memory");
	fd = make_temporary(tmp);
	if (fd < 0) {
		failed(err, "cannot make a temporary file beside it");
		free(tmp);
		return -1;
	}
	if (write_all(fd, buf, len)) {
		failed(err, "write");
		goto undo;
	}
	if (f ? keep_properties(f, fd, err) : fchmod(fd, mode)) {
		if (!f)
			failed(err, "chmod");
		goto undo;
	}
	if (fsync(fd)) {
		failed(err, "fsync");
		goto undo;
	}
	if (close(fd)) {
		fd = -1;
		failed(err, "close");
		goto undo;
	}
	fd = -1;
	if (f && check_unchanged(f, err))
		goto undo;
	if (rename(tmp, path)) {
		failed(err, "rename");
		goto undo;
	}
	forget_temporary();
	free(tmp);
	sync_folder(path, folderlen);
	return 0;
undo:
	if (fd >= 0)
		close(fd);
	unlink(tmp);
	forget_temporary();
	free(tmp);
	return -1;
}

int mark_write_new(const char *out, mode_t mode, const unsigned char *buf,
		   size_t len, struct mark_err *err)
{
	struct stat st;
	mode_t mask = umask(022);

	umask(mask);
	if (stat(out, &st) == 0 && !S_ISREG(st.st_mode))
		return mark_fail(err, "%s: not a regular file", out);
	if (replace(NULL, out, mode & ~mask & 0777, buf, len, err)) {
		struct mark_err why = *err;

		return mark_fail(err, "%s: %.400s", out, why.text);
	}
	return 0;
}

int mark_write_file(const struct mark_file *f, const char *out,
		    const unsigned char *buf, size_t len, struct mark_err *err)
{
	if (out)
		return mark_write_new(out, f->st.st_mode, buf, len, err);
	return replace(f, f->path, 0, buf, len, err);
}
