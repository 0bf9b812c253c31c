/* SPDX-License-Identifier: MIT */
/* Memory, text and messages of a tool that runs once and ends. */
#ifndef SHOW_UTIL_H
#define SHOW_UTIL_H

#include <stddef.h>
#include <stdio.h>

/* Exit statuses. */
enum { SHOW_OK = 0, SHOW_FOUND = 1, SHOW_TROUBLE = 2 };

/* They end the tool when there is no memory. */
void *need_memory(size_t size); /* zeroed */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_copy(const char *s, size_t len);
const char *base_name(const char *path);

/* "rld-show: ..." on standard error. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the tool ends with SHOW_TROUBLE. */
void die(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Write a name from a file so that a terminal stays as it is: control
 * characters as \xNN. */
void print_name(FILE *out, const char *s);
/* 1234567 ns as "1.23 ms"; the text is good until the eighth call after. */
const char *time_text(unsigned long long ns);

#endif
