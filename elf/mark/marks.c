/* SPDX-License-Identifier: MIT */
/* The marks in memory, and as the descriptor of a note (../rldnote.h). */
#include "marks.h"

#include <stdlib.h>
#include <string.h>

#include "../rldnote.h"

void mark_free(struct marks *m)
{
	for (size_t i = 0; i < m->nlib; i++) {
		free(m->lib[i].name);
		free(m->lib[i].want);
	}
	for (size_t i = 0; i < m->nhidden; i++)
		free(m->hidden[i]);
	free(m->lib);
	free(m->hidden);
	free(m->version);
	*m = (struct marks){ 0 };
}

const struct mark_lib *mark_lib_find(const struct marks *m, const char *name)
{
	for (size_t i = 0; i < m->nlib; i++)
		if (strcmp(m->lib[i].name, name) == 0)
			return &m->lib[i];
	return NULL;
}

struct mark_lib *mark_lib(struct marks *m, const char *name,
			  struct mark_err *err)
{
	struct mark_lib *l;

	for (size_t i = 0; i < m->nlib; i++)
		if (strcmp(m->lib[i].name, name) == 0)
			return &m->lib[i];
	l = realloc(m->lib, (m->nlib + 1) * sizeof *l);
	if (l)
		m->lib = l;
	name = l ? strdup(name) : NULL;
	if (!name) {
		mark_fail(err, "out of memory");
		return NULL;
	}
	l += m->nlib++;
	*l = (struct mark_lib){ .name = (char *)name };
	return l;
}

int mark_set_string(char **where, const char *new, struct mark_err *err)
{
	char *s = NULL;

	if (new &&*new != '\0') {
		s = strdup(new);
		if (!s)
			return mark_fail(err, "out of memory");
	}
	free(*where);
	*where = s;
	return 0;
}

int mark_hidden_add(struct marks *m, const char *name, struct mark_err *err)
{
	size_t i = 0;
	char **h;
	char *s;

	while (i < m->nhidden && strcmp(m->hidden[i], name) < 0)
		i++;
	if (i < m->nhidden && strcmp(m->hidden[i], name) == 0)
		return 0;
	s = strdup(name);
	h = realloc(m->hidden, (m->nhidden + 1) * sizeof *h);
	if (h)
		m->hidden = h;
	if (!s || !h) {
		free(s);
		return mark_fail(err, "out of memory");
	}
	memmove(h + i + 1, h + i, (m->nhidden - i) * sizeof *h);
	h[i] = s;
	m->nhidden++;
	return 0;
}

bool mark_hidden_drop(struct marks *m, const char *name)
{
	for (size_t i = 0; i < m->nhidden; i++) {
		if (strcmp(m->hidden[i], name) != 0)
			continue;
		free(m->hidden[i]);
		m->nhidden--;
		memmove(m->hidden + i, m->hidden + i + 1,
			(m->nhidden - i) * sizeof *m->hidden);
		return true;
	}
	return false;
}

static bool says_nothing(const struct mark_lib *l)
{
	return l->flags == 0 && !l->want;
}

bool mark_is_empty(const struct marks *m)
{
	for (size_t i = 0; i < m->nlib; i++)
		if (!says_nothing(&m->lib[i]))
			return false;
	return m->flags == 0 && !m->version && m->nhidden == 0;
}

int mark_decode(struct marks *m, const unsigned char *desc, size_t len,
		struct mark_err *err)
{
	struct rldnote n;

	if (rldnote_parse(desc, len, &n))
		return mark_fail(err, "damaged RLD note: %s", n.why);
	m->flags |= n.flags;
	if (mark_set_string(&m->version, n.version, err))
		return -1;
	for (uint32_t i = 0; i < n.nlib; i++) {
		const char *name, *want;
		struct mark_lib *l;
		uint32_t flags;

		rldnote_lib(&n, i, &name, &flags, &want);
		if (mark_lib_find(m, name)) /* twice: the first counts */
			continue;
		l = mark_lib(m, name, err);
		if (!l || mark_set_string(&l->want, want, err))
			return -1;
		l->flags = flags;
		if (flags & LL_DELAY_LOAD)
			l->carriers |= CARRIER_NOTE;
	}
	for (uint32_t i = 0; i < n.nhidden; i++)
		if (mark_hidden_add(m, rldnote_hidden(&n, i), err))
			return -1;
	return 0;
}

/* A descriptor being filled: words grow upwards, strings lie after them. */
struct writer {
	unsigned char *buf;
	size_t word;	/* next word */
	size_t str;	/* start of the string area */
	uint32_t strsz; /* bytes used there */
};

static void add_word(struct writer *w, uint32_t v)
{
	memcpy(w->buf + w->word * 4, &v, 4);
	w->word++;
}

static uint32_t add_string(struct writer *w, const char *s)
{
	uint32_t off = w->strsz;

	if (!s || *s == '\0')
		return 0;
	memcpy(w->buf + w->str + off, s, strlen(s) + 1);
	w->strsz += (uint32_t)strlen(s) + 1;
	return off;
}

static size_t string_size(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

unsigned char *mark_encode(const struct marks *m, bool keepplain, size_t *len,
			   struct mark_err *err)
{
	struct writer w = { .strsz = 1 };
	size_t nlib = 0, strsz = 1 + string_size(m->version);
	uint32_t version;

	for (size_t i = 0; i < m->nlib; i++) {
		if (says_nothing(&m->lib[i]) && !keepplain)
			continue;
		nlib++;
		strsz += string_size(m->lib[i].name) +
			 string_size(m->lib[i].want);
	}
	for (size_t i = 0; i < m->nhidden; i++)
		strsz += string_size(m->hidden[i]);
	w.str = (RLDNOTE_HDR_WORDS + nlib * RLDNOTE_LIB_WORDS + m->nhidden) * 4;
	*len = mark_align(w.str + strsz, 4);
	w.buf = calloc(1, *len);
	if (!w.buf) {
		mark_fail(err, "out of memory");
		return NULL;
	}

	version = add_string(&w, m->version);
	add_word(&w, RLDNOTE_FORMAT);
	add_word(&w, m->flags);
	add_word(&w, version);
	add_word(&w, (uint32_t)nlib);
	add_word(&w, (uint32_t)m->nhidden);
	add_word(&w, (uint32_t)strsz);
	for (size_t i = 0; i < m->nlib; i++) {
		const struct mark_lib *l = &m->lib[i];

		if (says_nothing(l) && !keepplain)
			continue;
		add_word(&w, add_string(&w, l->name));
		add_word(&w, l->flags);
		add_word(&w, add_string(&w, l->want));
	}
	for (size_t i = 0; i < m->nhidden; i++)
		add_word(&w, add_string(&w, m->hidden[i]));
	return w.buf;
}

bool mark_is_foreign(unsigned char ei_data)
{
	const uint16_t one = 1;

	return (*(const unsigned char *)&one == 1) != (ei_data == ELFDATA2LSB);
}

static uint32_t swap_word(unsigned char *p)
{
	uint32_t old, new;

	memcpy(&old, p, 4);
	new = __builtin_bswap32(old);
	memcpy(p, &new, 4);
	return new;
}

void mark_swap(unsigned char *desc, size_t len, bool swapped)
{
	uint32_t hdr[RLDNOTE_HDR_WORDS];
	uint64_t words;

	if (len < sizeof hdr)
		return;
	memcpy(hdr, desc, sizeof hdr);
	for (size_t i = 0; i < RLDNOTE_HDR_WORDS; i++) {
		uint32_t new = swap_word(desc + i * 4);

		if (swapped)
			hdr[i] = new;
	}
	words = RLDNOTE_HDR_WORDS + (uint64_t)hdr[3] * RLDNOTE_LIB_WORDS +
		hdr[4];
	for (uint64_t i = RLDNOTE_HDR_WORDS; i < words && (i + 1) * 4 <= len;
	     i++)
		swap_word(desc + i * 4);
}

/* ---- interface versions ---- */

static const char *skip_digits(const char *s)
{
	const char *p = s;

	while (*p >= '0' && *p <= '9')
		p++;
	return p == s ? NULL : p;
}

/* One version; returns where it ends, or NULL. */
static const char *skip_version(const char *s)
{
	const char *hash = s + strcspn(s, "#:");

	if (*hash == '#')
		s = hash + 1;
	if (strncmp(s, "sgi", 3) != 0)
		return NULL;
	s = skip_digits(s + 3);
	if (!s || *s != '.')
		return NULL;
	return skip_digits(s + 1);
}

int mark_check_version(const char *s, bool single, struct mark_err *err)
{
	const char *p = s;

	for (;;) {
		p = skip_version(p);
		if (!p || (*p != '\0' && *p != ':'))
			return mark_fail(
				err,
				"'%s' is not an interface version such "
				"as sgi1.0%s",
				s, single ? "" : ":sgi1.1");
		if (*p == '\0')
			return 0;
		if (single)
			return mark_fail(
				err, "'%s': want one version, not a list", s);
		p++;
	}
}
