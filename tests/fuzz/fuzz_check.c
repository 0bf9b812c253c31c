/* SPDX-License-Identifier: MIT */
/* `rld --check FILE` from end to end.  All of rld is linked into this program
 * (as one object, whose names nobody else sees); the kernel it calls is the one
 * below, which knows a few files, lets it map over nothing but what it mapped,
 * and ends a run where rld would exit.  After each run rld's variables are what
 * they were.
 * Input: the file.  With FUZZ_SAY in the environment rld's messages are shown. */
#define _GNU_SOURCE
#include "tests/fuzz/fuzz.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/stat.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fuzz/check/kernel.h"

void rld_start(uintptr_t *sp, const ElfW(Dyn) *dyn, uintptr_t base);

/* rld's variables: the Makefile gives their sections these names. */
extern char __start_rld_data[], __stop_rld_data[], __start_rld_bss[],
	__stop_rld_bss[];
#define DATA ((size_t)(__stop_rld_data - __start_rld_data))
#define BSS  ((size_t)(__stop_rld_bss - __start_rld_bss))

/* Small shared objects that a file may need: libdep.so and, where libc's
 * family is asked for, one that stands for all of it. */
__asm__(".section .rodata\n"
	"dep:	.incbin \"build/fuzz/check/libdep.so\"\n"
	"dep_end:\n"
	"libc:	.incbin \"build/fuzz/check/libc.so.6\"\n"
	"libc_end:\n"
	".previous");
extern const char dep[], dep_end[], libc[], libc_end[];

enum {
	INPUT,
	DEP,
	LIBC,
	FILES,
	FDS = 32,
	RANGES = 512,
	ROOM = 1 << 28 /* bytes: what may be mapped in one run */
};

static int file[FILES], fds[FDS], nfds, said, say;
static struct range {
	uintptr_t lo, hi;
} range[RANGES];
static int nranges;
static size_t mapped;
static jmp_buf out;
static char *data, *bss;

/* By words, as the linker aligns both ends; and not instrumented, for it writes
 * between variables, too. */
__attribute__((no_sanitize("address"))) static void
copy(void *to, const void *from, size_t size)
{
	volatile uint64_t *t = to;
	const uint64_t *f = from;

	for (size /= sizeof *t; size; size--)
		*t++ = *f++;
}

static int have(const char *path)
{
	static const struct {
		const char *name;
		int file;
	} all[] = { { "input", INPUT },
		    { "libself.so", INPUT },
		    { "libdep.so", DEP },
		    { "libc.so.6", LIBC },
		    { ARCH_LDSO, LIBC } };
	const char *base = strrchr(path, '/');

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (!strcmp(base ? base + 1 : path, all[i].name))
			return all[i].file;
	return -1;
}

static int is_folder(const char *path)
{
	return !strcmp(path, "/fuzz") || !strcmp(path, "/" ARCH_LIB);
}

static long opened(const char *path)
{
	int k = have(path), fd;

	if (k < 0)
		return -ENOENT;
	if (nfds == FDS)
		return -EMFILE;
	fd = dup(file[k]);
	if (fd < 0)
		abort();
	fds[nfds++] = fd;
	return fd;
}

static long closed(int fd)
{
	for (int i = 0; i < nfds; i++)
		if (fds[i] == fd) {
			fds[i] = fds[--nfds];
			return close(fd);
		}
	abort(); /* not its own */
}

/* Is [lo, hi) within what was mapped and not given back? */
static int own(uintptr_t lo, uintptr_t hi)
{
	for (int i = 0; i < nranges && lo < hi; i++)
		if (range[i].lo <= lo && lo < range[i].hi) {
			lo = range[i].hi;
			i = -1;
		}
	return lo >= hi;
}

static void add(uintptr_t lo, uintptr_t hi)
{
	if (nranges == RANGES)
		abort();
	range[nranges++] = (struct range){ lo, hi };
}

static void take(uintptr_t lo, uintptr_t hi)
{
	for (int i = 0; i < nranges; i++) {
		struct range was = range[i];

		if (was.hi <= lo || hi <= was.lo)
			continue;
		range[i--] = range[--nranges];
		if (was.lo < lo)
			add(was.lo, lo);
		if (hi < was.hi)
			add(hi, was.hi);
	}
}

static long answer(long ret)
{
	return ret == -1 ? -errno : ret;
}

static uintptr_t up(uintptr_t a)
{
	return (a + 4095) & ~(uintptr_t)4095;
}

static long map(uintptr_t at, size_t len, int prot, int flags, int fd, long off)
{
	long got;

	if (prot & PROT_WRITE && prot & PROT_EXEC)
		abort();
	if (len > ROOM || mapped + len > ROOM || nranges > RANGES - 8)
		return -ENOMEM;
	if (flags & MAP_FIXED && !own(at, up(at + len)))
		abort(); /* over something that is not its own */
	got = answer(syscall(SYS_mmap, at, len, prot, flags, fd, off));
	if (got > -4096 && got < 0)
		return got;
	if (!(flags & MAP_FIXED)) {
		add((uintptr_t)got, up((uintptr_t)got + len));
		mapped += len;
	}
	return got;
}

long fuzz_kernel(long n, long a, long b, long c, long d, long e, long f)
{
	switch (n) {
	case SYS_openat:
		return opened((const char *)b);
	case SYS_close:
		return closed((int)a);
	case SYS_faccessat:
		return have((const char *)b) < 0 ? -ENOENT : 0;
	case SYS_readlinkat: /* /proc/self/fd/N */
		memcpy((char *)c, "/fuzz/input", 11);
		return 11;
	case SYS_getcwd:
		memcpy((char *)a, "/fuzz", 6);
		return 6;
	case SYS_statx: /* of a descriptor or a directory */
		if (*(const char *)b)
			return is_folder((const char *)b) ?
				       answer(syscall(n, AT_FDCWD, "/", c, d,
						      e)) :
				       -ENOENT;
		return answer(syscall(n, a, b, c, d, e));
	case SYS_read:
	case SYS_pread64:
		return answer(syscall(n, a, b, c, d));
	case SYS_write:
		touch((const char *)b);
		if (say)
			fwrite((const char *)b, 1, (size_t)c, stderr);
		said = 1;
		return c;
	case SYS_mmap:
		return map((uintptr_t)a, (size_t)b, (int)c, (int)d, (int)e, f);
	case SYS_munmap:
		if (!own((uintptr_t)a, (uintptr_t)a + (uintptr_t)b))
			abort();
		take((uintptr_t)a, up((uintptr_t)a + (uintptr_t)b));
		return answer(syscall(n, a, b));
	case SYS_mprotect:
		if (c & PROT_WRITE && c & PROT_EXEC)
			abort();
		if (b && !own((uintptr_t)a, (uintptr_t)a + (uintptr_t)b))
			abort();
		return answer(syscall(n, a, b, c));
	case SYS_rt_sigaction: /* the file keeps its length: SIGBUS is a find */
	case SYS_futex:
		return 0;
	case SYS_exit_group:
		longjmp(out, 1 + (int)a);
	default:
		fprintf(stderr, "system call %ld\n", n);
		abort();
	}
}

static int put(const char *name, const void *bytes, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size)
		abort();
	return fd;
}

static void begin(void)
{
	data = malloc(DATA);
	bss = malloc(BSS);
	file[INPUT] = memfd_create("input", MFD_CLOEXEC);
	file[DEP] = put("libdep.so", dep, (size_t)(dep_end - dep));
	file[LIBC] = put("libc.so.6", libc, (size_t)(libc_end - libc));
	say = getenv("FUZZ_SAY") != NULL;
	if (!data || !bss || file[INPUT] < 0)
		abort();
	copy(data, __start_rld_data, DATA);
	copy(bss, __start_rld_bss, BSS);
}

static void end(void)
{
	while (nranges) {
		nranges--;
		munmap((void *)range[nranges].lo,
		       range[nranges].hi - range[nranges].lo);
	}
	while (nfds)
		close(fds[--nfds]);
	mapped = 0;
	copy(__start_rld_data, data, DATA);
	copy(__start_rld_bss, bss, BSS);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const ElfW(Dyn) none = { 0 }; /* nothing left to relocate */
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	uintptr_t stack[] = { 3,
			      (uintptr_t) "rld",
			      (uintptr_t) "--check",
			      (uintptr_t) "/fuzz/input",
			      0,
			      0, /* no variables */
			      AT_PAGESZ,
			      4096,
			      AT_EXECFN,
			      (uintptr_t) "rld",
			      AT_NULL,
			      0,
			      0,
			      0 };
	int status;

	if (!data)
		begin();
	if (ftruncate(file[INPUT], 0) ||
	    pwrite(file[INPUT], bytes, size, 0) != (ssize_t)size)
		abort();
	said = 0;
	status = setjmp(out);
	if (!status) /* as rld's own object: one that is always there */
		rld_start(stack, &none, vdso);
	if (status != 1 && (status != 2 || !said)) {
		fprintf(stderr, "exit status %d, %s\n", status - 1,
			said ? "with a message" : "without a word");
		abort();
	}
	end();
	return 0;
}
