/* SPDX-License-Identifier: MIT */
/* Reader of rld's note.  The format is told in rldnote.h.  No calls outwards
 * and no system calls: the loader, the fuzzer and rld-mark share it. */
#include "rldnote.h"

/* The four bytes at p as a word.  A hostile p_vaddr can leave notes at any
 * alignment, so no wider access than a byte is made. */
static uint32_t word_at(const unsigned char *p)
{
	union {
		unsigned char b[4];
		uint32_t w;
	} u;

	u.b[0] = p[0];
	u.b[1] = p[1];
	u.b[2] = p[2];
	u.b[3] = p[3];
	return u.w;
}

static int compare(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

static int is_ours(const unsigned char *name, uint32_t namesz)
{
	return namesz == RLDNOTE_NAMESZ && name[0] == 'R' && name[1] == 'L' &&
	       name[2] == 'D' && name[3] == '\0';
}

/* gABI ch. 5 "Note Section" pads to words; 64-bit notes in segments of
 * alignment 8 (.note.gnu.property) are padded to 8 by all Linux tools. */
int rldnote_find(const void *notes, size_t len, size_t align, const void **desc,
		 size_t *desclen)
{
	const unsigned char *base = notes;
	uint64_t pad = align == 8 ? 7 : 3;
	uint64_t pos = 0; /* 64 bits: the sums below cannot wrap */

	while (pos + sizeof(Elf32_Nhdr) <= len) {
		uint32_t namesz = word_at(base + pos);
		uint32_t descsz = word_at(base + pos + 4);
		uint32_t type = word_at(base + pos + 8);
		uint64_t name = pos + sizeof(Elf32_Nhdr);
		uint64_t start = (name + namesz + pad) & ~pad;

		if (name + namesz > len)
			return -1;
		/* An empty last descriptor may lack the padding before it. */
		if (descsz != 0 && start + descsz > len)
			return -1;
		if (type == RLDNOTE_TYPE && is_ours(base + name, namesz)) {
			*desc = base + (start <= len ? start : len);
			*desclen = descsz;
			return 1;
		}
		pos = (start + descsz + pad) & ~pad;
	}
	return 0;
}

static int bad(struct rldnote *n, const char *why)
{
	n->why = why;
	return -1;
}

/* A string offset may be any byte of the area: its last byte is NUL, so every
 * string ends inside. */
static const char *string_at(const struct rldnote *n, uint32_t off)
{
	return off == 0 ? NULL : n->str + off;
}

static int check_liblist(struct rldnote *n)
{
	for (uint32_t i = 0; i < n->nlib; i++) {
		const unsigned char *e =
			n->lib + (size_t)i * RLDNOTE_LIB_WORDS * 4;
		uint32_t name = word_at(e);
		uint32_t want = word_at(e + 8);

		if (name >= n->strsz || want >= n->strsz)
			return bad(n, "liblist string outside the string area");
		if (n->str[name] == '\0')
			return bad(n, "liblist entry without a name");
	}
	return 0;
}

static int check_hidden(struct rldnote *n)
{
	const char *last = "";

	for (uint32_t i = 0; i < n->nhidden; i++) {
		uint32_t off = word_at(n->hidden + (size_t)i * 4);

		if (off >= n->strsz)
			return bad(n, "hidden name outside the string area");
		/* This also refuses the empty name. */
		if (compare(last, n->str + off) >= 0)
			return bad(n, "hidden names not in ascending order");
		last = n->str + off;
	}
	return 0;
}

int rldnote_parse(const void *desc, size_t len, struct rldnote *out)
{
	static const struct rldnote empty;
	const unsigned char *p = desc;
	uint64_t words, version;

	*out = empty;
	if (len < RLDNOTE_HDR_WORDS * 4)
		return bad(out, "shorter than its header");
	if (word_at(p) != RLDNOTE_FORMAT)
		return bad(out, "unknown format");
	out->flags = word_at(p + 4);
	version = word_at(p + 8);
	out->nlib = word_at(p + 12);
	out->nhidden = word_at(p + 16);
	out->strsz = word_at(p + 20);

	words = RLDNOTE_HDR_WORDS + (uint64_t)out->nlib * RLDNOTE_LIB_WORDS +
		out->nhidden;
	if (words * 4 > len)
		return bad(out, "more entries than it has room for");
	if (out->strsz > len - words * 4)
		return bad(out, "string area longer than the note");
	out->lib = p + RLDNOTE_HDR_WORDS * 4;
	out->hidden = out->lib + (size_t)out->nlib * RLDNOTE_LIB_WORDS * 4;
	out->str = (const char *)(p + words * 4);
	out->used = (size_t)(words * 4) + out->strsz;
	if (out->strsz == 0 || out->str[0] != '\0')
		return bad(out, "string area does not begin with NUL");
	if (out->str[out->strsz - 1] != '\0')
		return bad(out, "string area does not end with NUL");
	if (version >= out->strsz)
		return bad(out, "version string outside the string area");
	out->version = string_at(out, (uint32_t)version);
	if (check_liblist(out) || check_hidden(out))
		return -1;
	return 0;
}

void rldnote_lib(const struct rldnote *n, uint32_t i, const char **name,
		 uint32_t *flags, const char **want)
{
	const unsigned char *e = n->lib + (size_t)i * RLDNOTE_LIB_WORDS * 4;

	if (name)
		*name = n->str + word_at(e);
	if (flags)
		*flags = word_at(e + 4);
	if (want)
		*want = string_at(n, word_at(e + 8));
}

const char *rldnote_hidden(const struct rldnote *n, uint32_t i)
{
	return n->str + word_at(n->hidden + (size_t)i * 4);
}

int rldnote_lookup(const struct rldnote *n, const char *needed, uint32_t *flags,
		   const char **want)
{
	for (uint32_t i = 0; i < n->nlib; i++) {
		const char *name;

		rldnote_lib(n, i, &name, NULL, NULL);
		if (compare(name, needed) == 0) {
			rldnote_lib(n, i, NULL, flags, want);
			return 1;
		}
	}
	return 0;
}

int rldnote_hides(const struct rldnote *n, const char *name)
{
	uint32_t lo = 0, hi = n->nhidden;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = compare(name, rldnote_hidden(n, mid));

		if (c == 0)
			return 1;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return 0;
}
