/* SPDX-License-Identifier: MIT */
/* Read before every file of rld/ that fuzz_check is made of: what would go to
 * the kernel goes to fuzz_check.c. */
#ifndef FUZZ_KERNEL_H
#define FUZZ_KERNEL_H

#define _GNU_SOURCE
#include "arch.h"

long fuzz_kernel(long n, long a, long b, long c, long d, long e, long f)
	__attribute__((visibility("default")));

#define arch_syscall6 fuzz_kernel
#define arch_mmap(at, len, prot, flags, fd, off)                         \
	fuzz_kernel(__NR_mmap, (long)(at), (long)(len), prot, flags, fd, \
		    (long)(off))

#endif
