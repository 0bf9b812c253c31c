/* links PATH: PATH is this program's file; every function that is given the link
 * to it must tell of that file.  Written without knowing how the program was
 * started; the kernel's own word is asked for by syscall() where it counts. */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;
static struct stat want;
static int strict; /* the kernel is no other program's imitation */

#ifdef __GLIBC__
ssize_t __readlink_chk(const char *, char *, size_t, size_t);
ssize_t __readlinkat_chk(int, const char *, char *, size_t, size_t);
int __open_2(const char *, int);
int __open64_2(const char *, int);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
char *__realpath_chk(const char *, char *, size_t);
#endif

static void text_is(ssize_t n, const char *text)
{
	char copy[PATH_MAX] = "";

	EQ(n, strlen(file));
	if (n > 0)
		memcpy(copy, text, (size_t)n);
	STREQ(copy, file);
}

static void stat_is(int ret, const struct stat *st)
{
	EQ(ret, 0);
	EQ(st->st_ino, want.st_ino);
	EQ(st->st_dev, want.st_dev);
	EQ(st->st_size, want.st_size);
}

static void file_is(int fd)
{
	struct stat st = { 0 };

	CHECK(fd >= 0);
	stat_is(fstat(fd, &st), &st);
	close(fd);
}

static void stream_is(FILE *f)
{
	CHECK(f != NULL);
	if (!f)
		return;
	file_is(dup(fileno(f)));
	fclose(f);
}

/* The path is relative to dir, or absolute. */
static void at_forms(int dir, const char *path)
{
	char b[PATH_MAX];
	struct stat st = { 0 };
#ifdef __GLIBC__
	struct statx x = { 0 };
#endif

	text_is(readlinkat(dir, path, b, sizeof b), b);
	file_is(openat(dir, path, O_RDONLY));
	file_is(openat(dir, path, O_RDONLY | O_CLOEXEC));
	stat_is(fstatat(dir, path, &st, 0), &st);
	EQ(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(S_ISLNK(st.st_mode));
	EQ(faccessat(dir, path, R_OK | X_OK, 0), 0);
#ifdef __GLIBC__
	text_is(__readlinkat_chk(dir, path, b, sizeof b, sizeof b), b);
	file_is(__openat_2(dir, path, O_RDONLY));
	file_is(__openat64_2(dir, path, O_RDONLY));
	file_is(openat64(dir, path, O_RDONLY));
	EQ(statx(dir, path, 0, STATX_BASIC_STATS, &x), 0);
	EQ(x.stx_ino, want.st_ino);
	EQ(x.stx_size, want.st_size);
#endif
}

static void plain_forms(const char *path)
{
	char b[PATH_MAX], *s;
	struct stat st = { 0 };

	text_is(readlink(path, b, sizeof b), b);
	memset(b, 'x', sizeof b);
	EQ(readlink(path, b, 5), 5);
	CHECK(!memcmp(b, file, 5) && b[5] == 'x');
	/* many do not end the text themselves: the buffer was zero before */
	memset(b, 0, sizeof b);
	EQ(readlink(path, b, sizeof b), strlen(file));
	STREQ(b, file);
	s = realpath(path, b);
	PTREQ(s, b);
	STREQ(s, file);
	s = realpath(path, NULL);
	STREQ(s, file);
	free(s);
	file_is(open(path, O_RDONLY));
	file_is(open(path, O_PATH));
	stream_is(fopen(path, "r"));
	stream_is(fopen(path, "rb"));
	stat_is(stat(path, &st), &st);
	EQ(lstat(path, &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	EQ(access(path, R_OK | X_OK), 0);
	EQ(eaccess(path, R_OK), 0);
	EQ(euidaccess(path, R_OK), 0);
	if (strict) {	/* the link itself; none may write to what runs */
		EQ(open(path, O_RDONLY | O_NOFOLLOW), -1);
		EQ(errno, ELOOP);
		EQ(open(path, O_RDWR), -1);
		EQ(open(path, O_RDONLY | O_TRUNC), -1);
		PTREQ(fopen(path, "r+"), NULL);
		EQ(stat(path, &st), 0);
		EQ(st.st_size, want.st_size);
	}
#ifdef __GLIBC__
	s = canonicalize_file_name(path);
	STREQ(s, file);
	free(s);
	STREQ(__realpath_chk(path, b, sizeof b), file);
	text_is(__readlink_chk(path, b, sizeof b, sizeof b), b);
	file_is(__open_2(path, O_RDONLY));
	file_is(__open64_2(path, O_RDONLY));
	file_is(open64(path, O_RDONLY));
	stream_is(fopen64(path, "r"));
	{
		struct stat64 st64;

		EQ(stat64(path, &st64), 0);
		EQ(st64.st_ino, want.st_ino);
		EQ(fstatat64(AT_FDCWD, path, &st64, 0), 0);
		EQ(st64.st_ino, want.st_ino);
	}
#endif
	at_forms(AT_FDCWD, path);
}

/* Programs of before glibc 2.33 call these. */
static void old_forms(const char *path)
{
	struct stat st = { 0 };
	int (*xstat)(int, const char *, struct stat *) =
		(int (*)(int, const char *, struct stat *))dlsym(RTLD_DEFAULT,
								 "__xstat");
	int (*fxstatat)(int, int, const char *, struct stat *, int) =
		(int (*)(int, int, const char *, struct stat *, int))dlsym(
			RTLD_DEFAULT, "__fxstatat");

#if defined __GLIBC__ && (defined __x86_64__ || defined __aarch64__)
#ifdef __x86_64__
	int version = 1;
#else
	int version = 0;
#endif
	CHECK(xstat && fxstatat);
	if (xstat)
		stat_is(xstat(version, path, &st), &st);
	if (fxstatat)
		stat_is(fxstatat(version, AT_FDCWD, path, &st, 0), &st);
#else
	(void)xstat, (void)fxstatat, (void)path, (void)st;
#endif
}

static ssize_t kernel(const char *path, char *to, size_t n)
{
	return syscall(SYS_readlinkat, AT_FDCWD, path, to, n);
}

/* Other processes have other programs. */
static void others(void)
{
	char path[64], a[PATH_MAX], b[PATH_MAX];
	int fd[2];
	pid_t child;
	char c;

	CHECK(!pipe(fd));
	child = fork();
	if (!child) {
		close(fd[1]);
		_exit(read(fd[0], &c, 1) < 0);
	}
	close(fd[0]);
	for (int i = 0; i < 2; i++) {
		ssize_t n, m;

		snprintf(path, sizeof path, "/proc/%d/exe",
			 i ? (int)child : (int)getppid());
		n = kernel(path, a, sizeof a);
		m = readlink(path, b, sizeof b);
		EQ(n, m);
		CHECK(n == m && !memcmp(a, b, n > 0 ? (size_t)n : 0));
	}
	close(fd[1]);
	waitpid(child, NULL, 0);
}

/* What is like the link and is another file. */
static void likenesses(void)
{
	char b[PATH_MAX], c[64];
	struct stat st;
	FILE *f;

	f = fopen("exe", "w");
	CHECK(f && fputs("another", f) >= 0 && !fclose(f));
	CHECK(!stat("exe", &st) && st.st_size == 7);
	EQ(readlink("exe", b, sizeof b), -1);
	EQ(errno, EINVAL);
	CHECK(!mkdir("self", 0700) && !symlink("nowhere", "self/exe"));
	EQ(readlink("self/exe", b, sizeof b), 7);
	EQ(open("self/exe", O_RDONLY), -1);
	EQ(errno, ENOENT);
	f = fopen("/proc/self/cmdline", "r");
	CHECK(f && fread(c, 1, sizeof c, f) > 0);
	if (f)
		fclose(f);
	EQ(open("/proc/self/exe/more", O_RDONLY), -1);
	EQ(errno, ENOTDIR);
	EQ(open("/proc/self/exe/", O_RDONLY), -1);
	EQ(access("/proc/self/exe.not-there", F_OK), -1);
	EQ(errno, ENOENT);
	snprintf(c, sizeof c, "/proc/self/task/%d/exe", INT_MAX);
	EQ(open(c, O_RDONLY), -1);
	EQ(errno, ENOENT);
}

/* Of other links all is told, however long they are. */
static void other_links(void)
{
	char text[300], b[301];

	for (size_t n = 1; n < sizeof text; n++) {
		memset(text, 'a', n);
		text[n] = 0;
		unlink("link");
		CHECK(!symlink(text, "link"));
		memset(b, 0, sizeof b);
		EQ(readlink("link", b, sizeof b), n);
		STREQ(b, text);
		EQ(readlink("link", b, n / 2 + 1), n < n / 2 + 1 ? n : n / 2 + 1);
		EQ(readlinkat(AT_FDCWD, "link", b, sizeof b), n);
#ifdef __GLIBC__
		EQ(__readlink_chk("link", b, sizeof b, sizeof b), n);
#endif
	}
}

/* What the kernel says of bad arguments is what the caller hears. */
static void bad_arguments(void)
{
	char *none = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char b[16];
	struct stat st;

	EQ((errno = 0, open(none, O_RDONLY)), -1);
	EQ(errno, EFAULT);
	EQ((errno = 0, stat(none, &st)), -1);
	EQ(errno, EFAULT);
	EQ((errno = 0, fstatat(AT_FDCWD, none, &st, 0)), -1);
	EQ(errno, EFAULT);
	EQ((errno = 0, readlink(none, b, sizeof b)), -1);
	EQ(errno, EFAULT);
	EQ((errno = 0, access(none, R_OK)), -1);
	EQ(errno, EFAULT);
	EQ((errno = 0, execv(none, (char *[]){ NULL })), -1);
	EQ(errno, EFAULT);
#ifdef __GLIBC__
	EQ((errno = 0, readlink("/proc/self/exe", b, 0)), -1);
	EQ(errno, EINVAL);
#else
	EQ(readlink("/proc/self/exe", b, 0), 0);
#endif
	EQ((errno = 0, openat(-5, "proc/self/exe", O_RDONLY)), -1);
	EQ(errno, EBADF);
	munmap(none, 65536);
}

/* open waits here, and is left by pthread_cancel. */
static int cleaned;

static void clean(void *arg)
{
	(void)arg;
	cleaned = 1;
}

static void *waits(void *arg)
{
	pthread_cleanup_push(clean, NULL);
	open(arg, O_RDONLY);
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancellation(void)
{
	static char name[] = "fifo";
	void *ret = NULL;
	pthread_t t;

	CHECK(!mkfifo("fifo", 0600));
	CHECK(!pthread_create(&t, NULL, waits, name));
	usleep(20000);
	pthread_cancel(t);
	CHECK(!pthread_join(t, &ret));
	PTREQ(ret, PTHREAD_CANCELED);
	EQ(cleaned, 1);
}

static volatile sig_atomic_t handled;
static char in_handler[PATH_MAX];

static void handler(int sig)
{
	(void)sig;
	handled = (sig_atomic_t)readlink("/proc/self/exe", in_handler,
					 sizeof in_handler);
}

static void signals(void)
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	text_is(handled, in_handler);
}

int main(int argc, char **argv)
{
	char path[64], b[PATH_MAX];
	int dir, proc, link;

	if (argc < 2)
		return 2;
	file = argv[1];
	strict = argc > 2 && !strcmp(argv[2], "strict");
	CHECK(!stat(file, &want));
	bad_arguments();
	cancellation();
	signals();
	likenesses();
	other_links();
	others();
	plain_forms("/proc/self/exe");
	plain_forms("//proc//self///exe");
	plain_forms("/proc/./self/./exe");
	plain_forms("/proc/thread-self/exe");
	snprintf(path, sizeof path, "/proc/%d/exe", (int)getpid());
	plain_forms(path);
	old_forms(path);
	snprintf(path, sizeof path, "/proc/self/task/%d/exe", (int)getpid());
	plain_forms(path);

	dir = open("/proc/self", O_RDONLY | O_DIRECTORY);
	proc = open("/proc", O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0 && proc >= 0);
	at_forms(dir, "exe");
	at_forms(dir, "./exe");
	at_forms(proc, "self/exe");
	if (strict) {
		link = open("/proc/self/exe", O_PATH | O_NOFOLLOW);
		text_is(readlinkat(link, "", b, sizeof b), b);
	}
	CHECK(!fchdir(dir));
	plain_forms("exe");
	CHECK(!chdir("/"));
	plain_forms("proc/self/exe");
	return DONE();
}
