/* SPDX-License-Identifier: MIT */
/* The first bytes of a file, which tell whether it serves at all. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include <errno.h>

/* The first bytes of the file that was looked at last: search looks whether it
 * is for this machine, the list whether it is the program, mapping reads its
 * headers. */
static struct {
	int fd; /* + 1: none at the start */
	long n;
	uintptr_t bytes[1024 / sizeof(uintptr_t)];
} file_head;

const void *rld_first_bytes(int fd, long *n)
{
	if (file_head.fd != fd + 1) {
		file_head.fd = fd + 1;
		file_head.n = sys_pread(fd, file_head.bytes,
					sizeof file_head.bytes, 0);
	}
	*n = file_head.n;
	return file_head.bytes;
}

/* Before the descriptor is closed and its number used again. */
void rld_first_bytes_forget(void)
{
	file_head.fd = 0;
}

/* Does fd hold an object of this machine?  Others are passed over, so that
 * one path can serve several machines. */
int rld_fits(int fd)
{
	const ElfW(Ehdr) *eh;
	long n;
	const unsigned char *id = rld_first_bytes(fd, &n);

	if (n < (long)sizeof *eh)
		return 1; /* let the reader say what is wrong */
	eh = (const void *)id;
	if (memcmp(id, ELFMAG, SELFMAG))
		return 1;
	return id[EI_CLASS] == ARCH_CLASS && id[EI_DATA] == ARCH_DATA &&
	       eh->e_machine == ARCH_MACHINE &&
	       (eh->e_flags & ARCH_EFLAGS_MASK) == ARCH_EFLAGS;
}
