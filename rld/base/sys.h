/* SPDX-License-Identifier: MIT */
/* System calls, straight to the kernel.  Each returns the kernel's value:
 * -errno on failure. */
#ifndef RLD_SYS_H
#define RLD_SYS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/stat.h>
#include <signal.h>
#include <sys/mman.h>

#include "arch.h"

#define SYS_ERR(p) ((uintptr_t)(p) > (uintptr_t)-4096)

#ifdef RLD_FAULTS
/* For tests: which system call from now on fails, 0 none. */
extern __attribute__((visibility("default"))) unsigned rld_fail_call;
long rld_syscall(long n, long a, long b, long c, long d, long e, long f);
long rld_mmap(void *at, size_t len, int prot, int flags, int fd, uint64_t off);
#define arch_syscall6(n, a, b, c, d, e, f) rld_syscall(n, a, b, c, d, e, f)
#define arch_mmap(at, len, prot, flags, fd, off) \
	rld_mmap(at, len, prot, flags, fd, off)
#endif

static inline long sys1(long n, long a)
{
	return arch_syscall6(n, a, 0, 0, 0, 0, 0);
}

static inline long sys3(long n, long a, long b, long c)
{
	return arch_syscall6(n, a, b, c, 0, 0, 0);
}

static inline int sys_openat(int dir, const char *path, int flags)
{
	return (int)arch_syscall6(__NR_openat, dir, (long)path,
				  flags | O_CLOEXEC, 0666, 0, 0);
}

static inline int sys_open(const char *path, int flags)
{
	return sys_openat(AT_FDCWD, path, flags);
}

static inline int sys_close(int fd)
{
	return (int)sys1(__NR_close, fd);
}

static inline long sys_read(int fd, void *buf, size_t n)
{
	return sys3(__NR_read, fd, (long)buf, (long)n);
}

static inline long sys_write(int fd, const void *buf, size_t n)
{
	return sys3(__NR_write, fd, (long)buf, (long)n);
}

long sys_pread(int fd, void *buf, size_t n, uint64_t off);

static inline uintptr_t sys_mmap(void *at, size_t len, int prot, int flags,
				 int fd, uint64_t off)
{
	return (uintptr_t)arch_mmap(at, len, prot, flags, fd, off);
}

static inline int sys_munmap(uintptr_t at, size_t len)
{
	return (int)sys3(__NR_munmap, (long)at, (long)len, 0);
}

static inline int sys_mprotect(uintptr_t at, size_t len, int prot)
{
	return (int)sys3(__NR_mprotect, (long)at, (long)len, prot);
}

/* Has a system call failed because this process may not make it, or the kernel
 * does not know it?  Filters answer in either way; an older call may be allowed. */
int sys_denied(long ret);

/* By the older call where this one is denied. */
int sys_statx(int fd, const char *path, int flags, struct statx *st);

/* The file that sys_open would open, by a descriptor: to qemu's statx a name
 * may mean another one.  -errno. */
int sys_look(const char *path, struct statx *st);

/* The device number of a file, as one word. */
static inline uint64_t sys_dev(const struct statx *st)
{
	return (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor;
}

/* NULL for a regular file, else what is wrong with it. */
static inline const char *sys_not_regular(const struct statx *st)
{
	switch (st->stx_mode & 0170000 /* S_IFMT */) {
	case 0100000: /* S_IFREG */
		return NULL;
	case 0040000: /* S_IFDIR */
		return "is a directory";
	default:
		return "is not a regular file";
	}
}

/* 0: this process may read the file. */
static inline int sys_access(const char *path)
{
	return (int)sys3(__NR_faccessat, AT_FDCWD, (long)path, 4 /* R_OK */);
}

static inline int sys_memfd_create(const char *name)
{
	return (int)sys3(__NR_memfd_create, (long)name, 1 /* MFD_CLOEXEC */, 0);
}

static inline int sys_unlink(const char *path)
{
	return (int)sys3(__NR_unlinkat, AT_FDCWD, (long)path, 0);
}

int sys_rename(const char *from, const char *to);

static inline long sys_readlinkat(int dir, const char *path, char *buf,
				  size_t n)
{
	return arch_syscall6(__NR_readlinkat, dir, (long)path, (long)buf,
			     (long)n, 0, 0);
}

long sys_readlink(const char *path, char *buf, size_t n);

static inline long sys_getcwd(char *buf, size_t n)
{
	return sys3(__NR_getcwd, (long)buf, (long)n, 0);
}

static inline int sys_getpid(void)
{
	return (int)sys1(__NR_getpid, 0);
}

static inline int sys_gettid(void)
{
	return (int)sys1(__NR_gettid, 0);
}

static inline long sys_futex_wait(int *word, int value)
{
	return arch_syscall6(__NR_futex, (long)word,
			     FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, 0, 0, 0);
}

/* For at most ms milliseconds, not 0. */
static inline long sys_futex_wait_ms(int *word, int value, long ms)
{
	const long time[2] = { ms / 1000, ms % 1000 * 1000000 };

	return arch_syscall6(__NR_futex, (long)word,
			     FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, (long)time,
			     0, 0);
}

/* Milliseconds of the monotonic clock; never 0. */
static inline long sys_ms(void)
{
	long time[2] = { 0, 0 };

	sys3(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)time, 0);
	return time[0] * 1000 + time[1] / 1000000 + 1;
}

/* The kernel's set of signals. */
struct sigs {
	unsigned char bits[_NSIG / 8];
};

static inline long sys_sigmask(int how, const struct sigs *set,
			       struct sigs *old)
{
	return arch_syscall6(__NR_rt_sigprocmask, how, (long)set, (long)old,
			     sizeof *set, 0, 0);
}

static inline long sys_futex_wake(int *word, int n)
{
	return arch_syscall6(__NR_futex, (long)word,
			     FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n, 0, 0, 0);
}

/* A child whose end no signal tells of, so that its status is kept even where
 * SIGCHLD is ignored; qemu knows only the ordinary one. */
static inline int sys_fork(void)
{
	int pid = (int)sys1(__NR_clone, 0);

	return pid == -EINVAL ? (int)sys1(__NR_clone, SIGCHLD) : pid;
}

/* Its status, as wait(2) has it; an error is one. */
static inline int sys_wait(int pid)
{
	int status = 0;
	long err;

	do {
		err = arch_syscall6(__NR_wait4, pid, (long)&status,
				    0x40000000 /* __WALL */, 0, 0, 0);
	} while (err == -EINTR);
	return err < 0 ? 0x100 : status;
}

_Noreturn static inline void sys_exit(int status)
{
	for (;;)
		sys1(__NR_exit_group, status);
}

/* Does this thread run on its alternate signal stack? */
int sys_on_altstack(void);
/* Has the program a handler for sig? */
int sys_has_handler(int sig);
/* Install fn for sig unless the program has a handler of its own. */
void sys_if_default(int sig, void (*fn)(int, siginfo_t *, void *));
#ifdef ARCH_SA_FLAGS
/* new takes the place of the handler `expected`; another one stays, though another
 * thread installs it at this moment.  -EEXIST: there is another one. */
int sys_replace_action(int sig, uintptr_t expected,
		       const struct arch_sigaction *new);
#endif
/* From that handler: on return the process dies by sig, as without it. */
void sys_die_by(int sig, int code);

/* "No such file or directory" and the like; "system call failed" for rare ones. */
const char *sys_strerror(long negative_errno);

/* All signals but those of the kernel's own are blocked; *was as they were. */
void rld_block_signals(struct sigs *was);

#endif
