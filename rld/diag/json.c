/* SPDX-License-Identifier: MIT */
/* JSON: strings of bytes that need not be UTF-8, numbers, addresses. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/diag/json.h"

enum { FIRST_SIZE = 16384 }; /* bytes */

/* Room for n more bytes; 0: there is none. */
static int text_room(struct text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : FIRST_SIZE;
	uintptr_t at;

	if (n <= t->cap - t->len)
		return 1;
	while (cap - t->len < n) {
		if (cap > SIZE_MAX / 4)
			return 0;
		cap *= 2;
	}
	at = sys_mmap(NULL, cap, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (SYS_ERR(at))
		return 0;
	if (t->at) {
		memcpy((void *)at, t->at, t->len);
		sys_munmap((uintptr_t)t->at, t->cap);
	}
	t->at = (char *)at;
	t->cap = cap;
	return 1;
}

void text_bytes(struct text *t, const char *s, size_t n)
{
	if (!text_room(t, n)) {
		t->lost = 1;
		return;
	}
	memcpy(t->at + t->len, s, n);
	t->len += n;
}

static void text_byte(struct text *t, char c)
{
	text_bytes(t, &c, 1);
}

static void text_number(struct text *t, unsigned long long v, unsigned base)
{
	char digit[24];
	size_t n = sizeof digit;

	do {
		/* no division of 64-bit numbers where the machine has none */
		unsigned hi = (unsigned)(v >> 32), lo = (unsigned)v;
		unsigned rest = hi % base;
		unsigned long long q = (unsigned long long)(hi / base) << 32;

		for (int bit = 31; bit >= 0; bit--) {
			rest = rest << 1 | (lo >> bit & 1);
			if (rest >= base) {
				rest -= base;
				q |= 1ULL << bit;
			}
		}
		digit[--n] = "0123456789abcdef"[rest];
		v = q;
	} while (v);
	text_bytes(t, digit + n, sizeof digit - n);
}

/* The length of the UTF-8 sequence at s (RFC 3629), 0: it is none. */
static size_t utf8(const unsigned char *s, size_t left)
{
	size_t n = *s < 0x80 ? 1 :
		   *s < 0xc2 ? 0 :
		   *s < 0xe0 ? 2 :
		   *s < 0xf0 ? 3 :
		   *s < 0xf5 ? 4 :
			       0;

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void text_escape(struct text *t, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char s[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	text_bytes(t, s, sizeof s);
}

void text_string(struct text *t, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	text_byte(t, '"');
	for (size_t i = 0, k; i < n; i += k) {
		k = utf8(p + i, n - i);
		if (!k) {
			text_escape(t, p[i]);
			t->raw = 1;
			k = 1;
		} else if (p[i] < 0x20 || p[i] == 0x7f) {
			text_escape(t, p[i]);
		} else {
			if (p[i] == '"' || p[i] == '\\')
				text_byte(t, '\\');
			text_bytes(t, s + i, k);
		}
	}
	text_byte(t, '"');
}

static void text_or_null(struct text *t, const char *s, size_t n)
{
	if (s)
		text_string(t, s, n);
	else
		text_bytes(t, "null", 4);
}

void text_vadd(struct text *t, const char *f, va_list ap)
{
	const char *s;
	size_t n;

	for (; *f; f++) {
		if (*f != '%') {
			text_byte(t, *f);
			continue;
		}
		switch (*++f) {
		case 's':
			s = va_arg(ap, const char *);
			text_or_null(t, s, s ? strlen(s) : 0);
			break;
		case 'w':
			n = va_arg(ap, size_t);
			text_or_null(t, va_arg(ap, const char *), n);
			break;
		case 'u':
			text_number(t, va_arg(ap, unsigned), 10);
			break;
		case 'l':
			text_number(t, va_arg(ap, unsigned long long), 10);
			break;
		case 'b':
			s = va_arg(ap, int) ? "true" : "false";
			text_bytes(t, s, strlen(s));
			break;
		case 'x':
			text_bytes(t, "\"0x", 3);
			text_number(t, va_arg(ap, uintptr_t), 16);
			text_byte(t, '"');
			break;
		default:
			text_byte(t, *f);
			break;
		}
	}
}

void text_add(struct text *t, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	text_vadd(t, f, ap);
	va_end(ap);
}
