/* SPDX-License-Identifier: MIT */
/* Bytes and strings: what a libc would offer, for a loader that has none. */
#ifndef RLD_STR_H
#define RLD_STR_H

#include <stddef.h>
#include <stdint.h>

/* For the hosted: glibc 2.43's <string.h> has macros of these. */
#undef strchr
#undef strrchr

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Copy a structure of `have` bytes into one of `want` bytes, a longer or a shorter
 * version of it: what is missing there is left out, what is missing here is 0. */
void rld_copy_sized(void *to, size_t want, const void *from, size_t have);

/* Does s begin with prefix? */
int str_starts(const char *s, const char *prefix);
/* The part after the last slash. */
const char *str_base(const char *path);

/* Are a and b the same string?  Every lookup ends with this: eight bytes a
 * step, where that cannot run into the next page. */
static inline int str_same(const char *a, const char *b)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && __SIZEOF_LONG__ == 8
	const unsigned long ones = ~0UL / 255, high = ones << 7;

	while (((uintptr_t)a & 4095) <= 4096 - 8 &&
	       ((uintptr_t)b & 4095) <= 4096 - 8) {
		unsigned long x, y, end;

		__builtin_memcpy(&x, a, 8);
		__builtin_memcpy(&y, b, 8);
		end = (x - ones) & ~x & high;
		if (end) /* what follows its last byte does not count */
			return ((x ^ y) & (end ^ (end - 1))) == 0;
		if (x != y)
			return 0;
		a += 8;
		b += 8;
	}
#endif
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Is name in a comma-separated list? */
int str_listed(const char *list, const char *name);

#endif
