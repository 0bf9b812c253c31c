/* SPDX-License-Identifier: MIT */
/* What build/MACHINE-coverage/rld has more than rld: the compiler calls
 * __sanitizer_cov_trace_pc at the beginning of each basic block
 * (-fsanitize-coverage=trace-pc), and the place is marked in a file that
 * scripts/coverage has made, a byte for each byte of rld's code.  The file is
 * mapped shared: what a process has marked stays, however the process ends. */
#include <asm/unistd.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "arch.h"

#define SIZE (1 << 21) /* bytes; scripts/coverage makes the file as long */

extern const char __ehdr_start[] __attribute__((visibility("hidden")));
void __sanitizer_cov_trace_pc(void);

static uint8_t *marks;
static int tried;

/* The first call comes before rld has relocated itself, and some come with the
 * lock held: two system calls, and nothing of rld's own. */
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
	uintptr_t at = (uintptr_t)__builtin_return_address(0) -
		       (uintptr_t)__ehdr_start;
	long fd, p;

	if (!marks && !__atomic_exchange_n(&tried, 1, __ATOMIC_RELAXED)) {
		fd = arch_syscall6(__NR_openat, AT_FDCWD, (long)COVERAGE_FILE,
				   O_RDWR | O_CLOEXEC, 0, 0, 0);
		if (fd >= 0) {
			p = arch_syscall6(__NR_mmap, 0, SIZE,
					  PROT_READ | PROT_WRITE, MAP_SHARED,
					  fd, 0);
			arch_syscall6(__NR_close, fd, 0, 0, 0, 0, 0);
			if (p > 0)
				marks = (uint8_t *)p;
		}
	}
	if (marks && at < SIZE)
		marks[at] = 1;
}
