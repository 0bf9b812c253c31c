/* Bytes and strings: what a libc would offer, for a loader that has none. */
#ifndef RLD_STR_H
#define RLD_STR_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Does s begin with prefix? */
int str_starts(const char *s, const char *prefix);
/* The part after the last slash. */
const char *str_base(const char *path);

#endif
