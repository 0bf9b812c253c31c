/* SPDX-License-Identifier: MIT */
/* Text in JSON (RFC 8259), as doc/record.md has it, without the heap: first calls
 * may write it, and the heap may be what they interrupted. */
#ifndef RLD_JSON_H
#define RLD_JSON_H

#include "rld/base/base.h"

/* A text that grows by mapping more. */
struct text {
	char *at;
	size_t len, cap;
	unsigned char lost; /* no memory: something is missing from it */
	unsigned char raw;  /* a string in it was not UTF-8 */
};

/* Append bytes as they are. */
void text_bytes(struct text *t, const char *s, size_t n);
/* Append s[0..n-1] as a string with its quotes. */
void text_string(struct text *t, const char *s, size_t n);
/* Append by a format:
 *   %s string, NULL: null   %w the same, len bytes of it (size_t, then pointer)
 *   %u unsigned             %l unsigned long long
 *   %b true or false        %x address (uintptr_t), as a string
 * What else stands in f is taken as it is. */
void text_add(struct text *t, const char *f, ...);
void text_vadd(struct text *t, const char *f, va_list ap);
/* Back to so many bytes. */
static inline void text_cut(struct text *t, size_t len)
{
	t->len = len;
	t->lost = 0;
}

#endif
