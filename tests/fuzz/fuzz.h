/* SPDX-License-Identifier: MIT */
/* For the targets: bytes taken off the input, copied into blocks of exactly
 * their size, so that the address checker sees the first byte too many. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint64_t take_number(struct input *in, size_t bytes)
{
	uint64_t v = 0;

	if (bytes > in->left)
		bytes = in->left;
	memcpy(&v, in->at, bytes);
	in->at += bytes;
	in->left -= bytes;
	return v;
}

/* n bytes (fewer at the end) as a block of their own; *got of them. */
static inline void *take_block(struct input *in, size_t n, size_t *got)
{
	void *p;

	*got = n < in->left ? n : in->left;
	p = malloc(*got ? *got : 1);
	if (!p)
		abort();
	memcpy(p, in->at, *got);
	in->at += *got;
	in->left -= *got;
	return p;
}

/* Every byte of a string is read; what it returns is kept from the optimiser. */
static inline void touch(const char *s)
{
	if (s)
		__asm__ volatile("" ::"r"(strlen(s)));
}

/* What a reader said about input it refused must be a sentence. */
static inline void refused(const char *why)
{
	if (!why || !*why)
		abort();
}

#endif
