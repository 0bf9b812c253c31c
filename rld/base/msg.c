/* SPDX-License-Identifier: MIT */
/* Errors, traces and the end of a program that cannot be started. */
#include "rld/base/base.h"

#include <errno.h>

struct out {
	char *to;
	size_t cap, len; /* len counts what did not fit, too */
};

static void put(struct out *o, char c)
{
	if (o->len < o->cap)
		o->to[o->len] = c;
	o->len++;
}

static void put_number(struct out *o, uintptr_t v, unsigned base, int zero)
{
	char digit[24];
	int n = 0;

	do {
		digit[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (zero > n)
		put(o, '0'), zero--;
	while (n)
		put(o, digit[--n]);
}

static void format(struct out *o, const char *f, va_list ap)
{
	for (; *f; f++) {
		const char *s;
		int wide = 0;

		if (*f != '%') {
			put(o, *f);
			continue;
		}
		f++;
		if (*f == 'z' || *f == 'l')
			wide = 1, f++;
		switch (*f) {
		case 's':
			for (s = va_arg(ap, const char *); s && *s; s++)
				put(o, *s);
			break;
		case 'c':
			put(o, (char)va_arg(ap, int));
			break;
		case 'd': {
			int v = va_arg(ap, int);

			if (v < 0)
				put(o, '-');
			put_number(o, v < 0 ? -(uintptr_t)v : (uintptr_t)v, 10,
				   0);
			break;
		}
		case 'u':
			put_number(o,
				   wide ? va_arg(ap, size_t) :
					  va_arg(ap, unsigned),
				   10, 0);
			break;
		case 'x':
			put_number(o,
				   wide ? va_arg(ap, size_t) :
					  va_arg(ap, unsigned),
				   16, 0);
			break;
		case 'p':
			put(o, '0');
			put(o, 'x');
			put_number(o, (uintptr_t)va_arg(ap, void *), 16,
				   (int)(2 * WORD));
			break;
		default:
			put(o, *f);
			break;
		}
	}
}

static char *vformat(const char *fmt, va_list ap)
{
	struct out o = { 0 };
	va_list again;

	va_copy(again, ap);
	format(&o, fmt, ap);
	o.cap = o.len;
	o.to = rld_alloc(o.len + 1);
	o.len = 0;
	if (o.to)
		format(&o, fmt, again);
	va_end(again);
	return o.to;
}

char *rld_format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	return s;
}

char *rld_with_pid(const char *name)
{
	char *s = rld_strdup(name), *t;

	for (size_t at = 0; s && s[at]; at++)
		if (s[at] == '%' && s[at + 1] == 'p') {
			s[at] = 0;
			t = rld_format("%s%d%s", s, sys_getpid(), s + at + 2);
			rld_free(s);
			s = t;
		}
	return s;
}

int rld_fail(struct rld_err *e, const char *fmt, ...)
{
	va_list ap;

	if (e->set)
		return -1;
	va_start(ap, fmt);
	e->text = vformat(fmt, ap);
	va_end(ap);
	e->set = 1;
	return -1;
}

void rld_err_clear(struct rld_err *e)
{
	rld_free(e->text);
	e->text = NULL;
	e->set = 0;
}

static void write_all(int fd, const char *s, size_t n)
{
	while (n) {
		long w = sys_write(fd, s, n);

		if (w == -EINTR)
			continue;
		if (w <= 0)
			return;
		s += w;
		n -= (size_t)w;
	}
}

static void write_out(const struct rld *r, int fd, const char *s, size_t n)
{
	if (fd != RLD_FATAL) {
		write_all(fd, s, n);
		return;
	}
	write_all(2, s, n);
	if (r->log_fd != 2)
		write_all(r->log_fd, s, n);
}

/* A line of a trace names the process. */
static void put_pid(struct out *o)
{
	const char *s = "rld[";

	while (*s)
		put(o, *s++);
	put_number(o, (uintptr_t)sys_getpid(), 10, 0);
	for (s = "]: "; *s;)
		put(o, *s++);
}

/* In one write. */
static void vprint(const struct rld *r, int fd, int is_trace, const char *fmt,
		   va_list ap)
{
	char line[512], *big;
	struct out o = { line, sizeof line, 0 };
	va_list again;

	va_copy(again, ap);
	if (is_trace)
		put_pid(&o);
	format(&o, fmt, ap);
	if (o.len <= sizeof line) {
		write_out(r, fd, line, o.len);
	} else {
		big = rld_alloc(o.len);
		o = (struct out){ big, big ? o.len : 0, 0 };
		if (is_trace)
			put_pid(&o);
		format(&o, fmt, again);
		if (big)
			write_out(r, fd, big, o.len);
		rld_free(big);
	}
	va_end(again);
}

void rld_print(struct rld *r, int fd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(r, fd, 0, fmt, ap);
	va_end(ap);
}

void rld_trace(struct rld *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(r, r->log_fd, 1, fmt, ap);
	va_end(ap);
}

void rld_problem(struct rld *r, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	rld_print(r, 2, "rld: %s\n", s ? s : rld_no_memory);
	if (rld_recording(r))
		rld_record_error(r, s ? s : rld_no_memory);
	rld_free(s);
	r->problems++;
}

_Noreturn void rld_die(struct rld *r, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	if (r->mode == MODE_VERIFY && r->prog) /* as ld.so, the answer alone */
		sys_exit(1);
	if (rld_recording(r)) {
		rld_record_error(r, s && *s ? s : rld_no_memory);
		rld_record_end(r);
	}
	rld_print(r, RLD_FATAL, "rld: %s%s%s\n", r->prog ? r->prog : "",
		  r->prog ? ": " : "", s && *s ? s : rld_no_memory);
	sys_exit(r->mode == MODE_RUN || !r->as_command ? 127 : 1);
}
