/* SPDX-License-Identifier: MIT */
#include "tools/show/util.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

/* Small pieces come out of larger ones: a program has a million names. */
void *need_memory(size_t size)
{
	static char *chunk;
	static size_t left;
	void *p;

	if (size > SIZE_MAX - 15)
		die("out of memory");
	size = (size + 15) & ~(size_t)15;
	if (size > 1 << 14)
		return or_die(calloc(1, size));
	if (size > left) {
		left = 1 << 18;
		chunk = or_die(calloc(1, left));
	}
	p = chunk;
	chunk += size;
	left -= size;
	return p;
}

char *text(const char *format, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, format);
	if (vasprintf(&s, format, ap) < 0)
		die("out of memory");
	va_end(ap);
	return s;
}

char *text_copy(const char *s, size_t len)
{
	char *p = need_memory(len + 1);

	memcpy(p, s, len);
	return p;
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void say(const char *format, va_list ap)
{
	char *s = NULL;

	fflush(stdout);
	if (vasprintf(&s, format, ap) < 0)
		s = NULL;
	fputs("rld-show: ", stderr);
	print_name(stderr, s ? s : "out of memory");
	fputc('\n', stderr);
	free(s);
}

void warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}

void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(format, ap);
	va_end(ap);
	exit(SHOW_TROUBLE);
}

void print_name(FILE *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

const char *time_text(unsigned long long ns)
{
	static char out[8][32];
	static unsigned next;
	char *s = out[next++ % 8];
	double v = (double)ns;

	if (ns < 10000)
		snprintf(s, sizeof out[0], "%.2f us", v / 1e3);
	else if (ns < 10000000)
		snprintf(s, sizeof out[0], "%.0f us", v / 1e3);
	else
		snprintf(s, sizeof out[0], "%.1f ms", v / 1e6);
	return s;
}
