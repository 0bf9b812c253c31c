/* SPDX-License-Identifier: MIT */
/* Bytes and strings.  The compiler may call the first four on its own.  An
 * empty asm in a loop keeps it from making the loop a call of this very
 * function. */
#include "rld/base/str.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
#if defined(__x86_64__)
	void *ret = to;

	if (n < 64) {
		char *t = to;
		const char *f = from;

		for (; n >= 8; n -= 8, t += 8, f += 8) {
			uint64_t w;

			__builtin_memcpy(&w, f, 8);
			__builtin_memcpy(t, &w, 8);
			__asm__ volatile("" ::: "memory");
		}
		while (n--) {
			*t++ = *f++;
			__asm__ volatile("" ::: "memory");
		}
		return ret;
	}
	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return ret;
#else
	char *t = to;
	const char *f = from;

	if ((((uintptr_t)t | (uintptr_t)f) & (sizeof(long) - 1)) == 0)
		for (; n >= sizeof(long); n -= sizeof(long)) {
			*(long *)(void *)t = *(const long *)(const void *)f;
			t += sizeof(long);
			f += sizeof(long);
			__asm__ volatile("" ::: "memory");
		}
	while (n--) {
		*t++ = *f++;
		__asm__ volatile("" ::: "memory");
	}
	return to;
#endif
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (t <= f || t >= f + n) {
		while (n--) {
			*t++ = *f++;
			__asm__ volatile("" ::: "memory");
		}
	} else {
		while (n--) {
			t[n] = f[n];
			__asm__ volatile("" ::: "memory");
		}
	}
	return to;
}

void *memset(void *to, int byte, size_t n)
{
#if defined(__x86_64__)
	void *p = to;

	__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(byte) : "memory");
#else
	char *t = to;

	while (n--) {
		*t++ = (char)byte;
		__asm__ volatile("" ::: "memory");
	}
#endif
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p) {
		p++;
		__asm__ volatile("" ::: "memory");
	}
	return (size_t)(p - s);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (; *s; s++)
		if (*s == (char)c)
			last = s;
	return (char *)(uintptr_t)last;
}

void rld_copy_sized(void *to, size_t want, const void *from, size_t have)
{
	if (have >= want) {
		memcpy(to, from, want);
		return;
	}
	memcpy(to, from, have);
	memset((char *)to + have, 0, want - have);
}

int str_starts(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return 0;
	return 1;
}

const char *str_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int str_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; p && *p;) {
		size_t k = 0;

		while (p[k] && p[k] != ',')
			k++;
		if (k == n && !strncmp(p, name, n))
			return 1;
		p += k + (p[k] == ',');
	}
	return 0;
}
