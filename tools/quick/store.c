/* SPDX-License-Identifier: MIT */
/* The directory of kept answers: files come in by a rename, one writer at a time. */
#include "tools/quick/quick.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_OF_ALL ((off_t)1 << 30) /* bytes of a directory */

static char directory[4096];
static bool is_system;

void store_choose(bool of_system)
{
	const char *home = getenv("HOME");

	is_system = of_system;
	if (of_system)
		snprintf(directory, sizeof directory, "/var/cache/rld");
	else if (home && *home == '/')
		snprintf(directory, sizeof directory, "%s/.cache/rld", home);
}

const char *store_directory(void)
{
	if (!*directory)
		store_choose(geteuid() == 0);
	return directory;
}

int store_name(const char *program, char *name, size_t size)
{
	struct stat st;

	if (stat(program, &st)) {
		say(program, strerror(errno));
		return -1;
	}
	snprintf(name, size, "%llx-%llx",
		 (unsigned long long)major(st.st_dev) << 32 | minor(st.st_dev),
		 (unsigned long long)st.st_ino);
	return 0;
}

/* The directory, made if need be, and as rld wants it; -1 with a message. */
static int open_store(bool make)
{
	const char *dir = store_directory();
	char parent[sizeof directory];
	struct stat st;
	int fd;

	if (!*dir) {
		say("HOME", "is no path");
		return -1;
	}
	snprintf(parent, sizeof parent, "%s", dir);
	*strrchr(parent, '/') = 0;
	if (make) {
		(void)!mkdir(parent, is_system ? 0755 : 0700);
		(void)!mkdir(dir, is_system ? 0755 : 0700);
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		if (make || errno != ENOENT)
			say(dir, strerror(errno));
		return -1;
	}
	if (st.st_uid != (is_system ? 0 : geteuid()) ||
	    st.st_mode & (is_system ? 022 : 077)) {
		say(dir, "is not used: its owner or its permissions are wrong");
		close(fd);
		return -1;
	}
	return fd;
}

/* Bytes of all files. */
static off_t filled(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	struct stat st;
	off_t sum = 0;

	while (d && (e = readdir(d)))
		if (!fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(st.st_mode))
			sum += st.st_size;
	if (d)
		closedir(d);
	return sum;
}

/* rld itself tells, into fd.  Nothing of the program is run. */
static bool ask_rld(const char *program, int fd)
{
	extern char **environ;
	char option[32];
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		int copy = dup(fd); /* which is not closed by exec */

		for (char **v = environ; *v;) {
			char *end = strchr(*v, '=');
			char name[128];

			if (!end || (size_t)(end - *v) >= sizeof name ||
			    (strncmp(*v, "LD_", 3) != 0 &&
			     strncmp(*v, "_RLD", 4) != 0)) {
				v++;
				continue;
			}
			memcpy(name, *v, (size_t)(end - *v));
			name[end - *v] = 0;
			unsetenv(name);
			v = environ;
		}
		snprintf(option, sizeof option, "--quick-fd=%d", copy);
		execl(rld_path, rld_path, option, "--", program, (char *)NULL);
		say(rld_path, strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		say(program, strerror(errno));
		return false;
	}
	return status == 0;
}

bool store_make(const char *program)
{
	char name[64], temporary[64];
	char *path = realpath(program, NULL);
	int dir = -1, fd = -1;
	bool done = false;

	if (!path || store_name(path, name, sizeof name)) {
		if (!path)
			say(program, strerror(errno));
		goto out;
	}
	dir = open_store(true);
	if (dir < 0 || flock(dir, LOCK_EX))
		goto out;
	if (filled(dir) > MOST_OF_ALL) {
		say(store_directory(), "is full: it has 1 GiB of answers");
		goto out;
	}
	snprintf(temporary, sizeof temporary, ".new-%ld", (long)getpid());
	unlinkat(dir, temporary, 0);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    is_system ? 0644 : 0600);
	if (fd < 0) {
		say(store_directory(), strerror(errno));
		goto out;
	}
	if (!ask_rld(path, fd)) {
		unlinkat(dir, temporary, 0);
	} else if (fchmod(fd, is_system ? 0644 : 0600) ||
		   renameat(dir, temporary, dir, name)) {
		say(program, strerror(errno));
		unlinkat(dir, temporary, 0);
	} else {
		done = true;
	}
out:
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	free(path);
	return done;
}

bool store_read(const char *name, struct kept *k, const char **why)
{
	int dir = open_store(false);
	int fd = dir < 0 ? -1 :
			   openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	*why = dir < 0 ? "no answers are kept" : strerror(errno);
	if (dir >= 0 && fd < 0 && errno == ENOENT)
		*why = "no answers are kept";
	if (dir >= 0)
		close(dir);
	k->at = NULL;
	if (fd < 0)
		return false;
	if (fstat(fd, &st)) {
		*why = strerror(errno);
	} else if (!S_ISREG(st.st_mode) || st.st_size <= 0 ||
		   (size_t)st.st_size > QUICK_MOST) {
		*why = "is no file of kept answers";
	} else {
		k->size = (size_t)st.st_size;
		k->at = mmap(NULL, k->size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (k->at == MAP_FAILED) {
			*why = strerror(errno);
			k->at = NULL;
		}
	}
	close(fd);
	if (!k->at)
		return false;
	if (quick_read(k->at, k->size, &k->f, why)) {
		store_close(k);
		return false;
	}
	return true;
}

void store_close(struct kept *k)
{
	if (k->at)
		munmap(k->at, k->size);
	k->at = NULL;
}

bool store_remove(const char *name)
{
	int dir = open_store(false);
	bool done = dir >= 0 && !unlinkat(dir, name, 0);

	if (dir >= 0)
		close(dir);
	return done;
}

static int is_ours(const struct dirent *e)
{
	return e->d_name[0] != '.' && strchr(e->d_name, '-') != NULL;
}

bool store_each(bool (*fn)(const char *name))
{
	int dir = open_store(false), n;
	struct dirent **list;
	bool good = true;

	if (dir < 0)
		return true;
	n = scandirat(dir, ".", &list, is_ours, alphasort);
	for (int i = 0; i < n; i++) {
		good &= fn(list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	close(dir);
	return good;
}
