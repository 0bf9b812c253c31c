/* SPDX-License-Identifier: MIT */
/* The few system calls that need more than a line. */
#include "rld/base/str.h"
#include "rld/base/sys.h"

#include <errno.h>

#ifdef RLD_FAULTS
unsigned rld_fail_call;

/* -errno if it is this one's turn. */
static long feigned(long n)
{
	if (n == __NR_exit_group || n == __NR_write || !rld_fail_call ||
	    --rld_fail_call)
		return 0;
	switch (n) {
	case __NR_openat:
		return -EMFILE;
	case __NR_mmap:
	case __NR_mprotect:
		return -ENOMEM;
	case __NR_munmap:
		return -EINVAL;
	case __NR_pread64:
	case __NR_read:
	case __NR_statx:
		return -EIO;
	default:
		return -EPERM;
	}
}

/* What takes away is done all the same, for nothing may stay behind. */
long rld_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	long err = feigned(n), ret = err;

	if (!err || n == __NR_close || n == __NR_munmap)
		ret = (arch_syscall6)(n, a, b, c, d, e, f);
	return err ? err : ret;
}

long rld_mmap(void *at, size_t len, int prot, int flags, int fd, uint64_t off)
{
	long err = feigned(__NR_mmap);

	return err ? err : (arch_mmap)(at, len, prot, flags, fd, off);
}
#endif

int sys_denied(long ret)
{
	return ret == -EPERM || ret == -ENOSYS;
}

/* The kernel's struct stat, under a name that <fcntl.h> does not have. */
#undef st_atime
#undef st_mtime
#undef st_ctime
#define stat   kernel_stat
#define stat64 kernel_stat64
#include <asm/stat.h>
#undef stat
#undef stat64

#if defined __NR_newfstatat && __SIZEOF_POINTER__ == 8
typedef struct kernel_stat old_stat;
#define OLD_STAT __NR_newfstatat
#elif defined __NR_newfstatat /* a 64-bit kernel's, for 32-bit pointers */
typedef struct kernel_stat64 old_stat;
#define OLD_STAT __NR_newfstatat
#elif defined __NR_fstatat64
typedef struct kernel_stat64 old_stat;
#define OLD_STAT __NR_fstatat64
#else /* the generic table's, of 64-bit machines */
typedef struct kernel_stat old_stat;
#define OLD_STAT __NR3264_fstatat
#endif

/* Device numbers as the kernel packs them. */
static uint32_t major_of(uint64_t dev)
{
	return (uint32_t)(dev >> 8) & 0xfff;
}

static uint32_t minor_of(uint64_t dev)
{
	return (uint32_t)(dev & 0xff) | ((uint32_t)(dev >> 12) & 0xfff00);
}

static int stat_the_old_way(int fd, const char *path, int flags,
			    struct statx *st)
{
	old_stat o;
	int ret = (int)arch_syscall6(OLD_STAT, fd, (long)path, (long)&o, flags,
				     0, 0);

	if (ret)
		return ret;
	*st = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_mode = (uint16_t)o.st_mode,
		.stx_nlink = (uint32_t)o.st_nlink,
		.stx_uid = (uint32_t)o.st_uid,
		.stx_ino = o.st_ino,
		.stx_size = (uint64_t)o.st_size,
		.stx_mtime = { .tv_sec = (int64_t)o.st_mtime,
			       .tv_nsec = (uint32_t)o.st_mtime_nsec },
		.stx_ctime = { .tv_sec = (int64_t)o.st_ctime,
			       .tv_nsec = (uint32_t)o.st_ctime_nsec },
		.stx_dev_major = major_of(o.st_dev),
		.stx_dev_minor = minor_of(o.st_dev),
	};
	return 0;
}

int sys_statx(int fd, const char *path, int flags, struct statx *st)
{
	int ret = (int)arch_syscall6(__NR_statx, fd, (long)path, flags,
				     STATX_BASIC_STATS, (long)st, 0);

	return sys_denied(ret) ? stat_the_old_way(fd, path, flags, st) : ret;
}

long sys_readlink(const char *path, char *buf, size_t n)
{
	long ret = arch_syscall6(__NR_readlinkat, AT_FDCWD, (long)path,
				 (long)buf, (long)n, 0, 0);

#ifdef __NR_readlink
	if (sys_denied(ret))
		ret = sys3(__NR_readlink, (long)path, (long)buf, (long)n);
#endif
	return ret;
}

int sys_rename(const char *from, const char *to)
{
	int ret = (int)arch_syscall6(__NR_renameat2, AT_FDCWD, (long)from,
				     AT_FDCWD, (long)to, 0, 0);

#ifdef __NR_renameat
	if (sys_denied(ret))
		ret = (int)arch_syscall6(__NR_renameat, AT_FDCWD, (long)from,
					 AT_FDCWD, (long)to, 0, 0);
#endif
	return ret;
}

int sys_look(const char *path, struct statx *st)
{
	int fd = sys_open(path, O_PATH), ret;

	if (fd < 0)
		return fd;
	ret = sys_statx(fd, "", AT_EMPTY_PATH, st);
	sys_close(fd);
	return ret;
}

long sys_pread(int fd, void *buf, size_t n, uint64_t off)
{
#ifdef ARCH_HAS_PREAD /* off does not fit one argument */
#ifdef RLD_FAULTS
	long err = feigned(__NR_pread64);

	if (err)
		return err;
#endif
	return arch_pread(fd, buf, n, off);
#else
	return arch_syscall6(__NR_pread64, fd, (long)buf, (long)n, (long)off, 0,
			     0);
#endif
}

const char *sys_strerror(long e)
{
	switch (-e) {
	case EPERM:
		return "Operation not permitted";
	case ENOENT:
		return "No such file or directory";
	case EIO:
		return "Input/output error";
	case ENOEXEC:
		return "Exec format error";
	case EAGAIN:
		return "Resource temporarily unavailable";
	case ENOMEM:
		return "Cannot allocate memory";
	case EACCES:
		return "Permission denied";
	case EEXIST:
		return "File exists";
	case ENODEV:
		return "No such device";
	case ENOTDIR:
		return "Not a directory";
	case EISDIR:
		return "Is a directory";
	case EINVAL:
		return "Invalid argument";
	case ENFILE:
		return "Too many open files in system";
	case EMFILE:
		return "Too many open files";
	case ENAMETOOLONG:
		return "File name too long";
	case ELOOP:
		return "Too many levels of symbolic links";
	case EOPNOTSUPP:
		return "Operation not supported";
	default:
		return "system call failed";
	}
}

int sys_on_altstack(void)
{
	stack_t now = { .ss_flags = 0 };

	return !sys3(__NR_sigaltstack, 0, (long)&now, 0) &&
	       now.ss_flags & SS_ONSTACK;
}

#ifdef ARCH_SA_FLAGS
static long action(int sig, const struct arch_sigaction *new,
		   struct arch_sigaction *old)
{
	return arch_syscall6(__NR_rt_sigaction, sig, (long)new, (long)old,
			     sizeof new->mask, 0, 0);
}

int sys_has_handler(int sig)
{
	struct arch_sigaction a = { 0 };

	return !action(sig, NULL, &a) && a.handler > (uintptr_t)SIG_IGN;
}

/* The kernel can only exchange.  What is found instead of `expected` goes back,
 * and what came in place of what was put there in the meantime, and so on. */
int sys_replace_action(int sig, uintptr_t expected,
		       const struct arch_sigaction *new)
{
	struct arch_sigaction put = *new, found = { 0 };
	int ret = (int)action(sig, &put, &found);
	int replaced = found.handler == expected;

	if (ret)
		return ret;
	while (found.handler != expected) {
		expected = put.handler;
		put = found;
		if (action(sig, &put, &found))
			break;
	}
	return replaced ? 0 : -EEXIST;
}

void sys_if_default(int sig, void (*fn)(int, siginfo_t *, void *))
{
	struct arch_sigaction a = { 0 };

	if (action(sig, NULL, &a) || a.handler)
		return;
	a.handler = (uintptr_t)fn;
	a.flags = ARCH_SA_FLAGS | SA_SIGINFO | SA_ONSTACK;
	ARCH_SA_RESTORE(&a);
	sys_replace_action(sig, (uintptr_t)SIG_DFL, &a);
}

void sys_die_by(int sig, int code)
{
	const struct arch_sigaction a = { 0 };

	action(sig, &a, NULL);
	if (code <= 0) /* sent by a process: it will not come again by itself */
		sys3(__NR_tgkill, sys_getpid(), sys_gettid(), sig);
}
#endif

void rld_block_signals(struct sigs *was)
{
	struct sigs all;

	memset(&all, 0xff, sizeof all);
	sys_sigmask(SIG_SETMASK, &all, was);
}
