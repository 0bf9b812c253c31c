/* SPDX-License-Identifier: MIT */
/* elf/rldnote.c: each check of the reader has a note here that trips it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "elf/rldnote.h"

/* String area of the notes below, and offsets in it. */
static const char strings[] =
	"\0sgi1.0:sgi1.1\0liba.so\0libb.so\0sgi2.3\0alpha\0beta\0gamma";
enum {
	VERSION = 1,
	LIBA = 15,
	LIBB = 23,
	WANT = 31,
	ALPHA = 38,
	BETA = 44,
	GAMMA = 49,
	STRSZ = sizeof strings
};

/* A good descriptor; tests spoil it.  Words first, then the strings. */
struct desc {
	uint32_t w[RLDNOTE_HDR_WORDS + 2 * RLDNOTE_LIB_WORDS + 3];
	char str[STRSZ];
};

enum { LIB0 = RLDNOTE_HDR_WORDS, LIB1 = LIB0 + 3, HID0 = LIB1 + 3 };

static struct desc good(void)
{
	struct desc d = { .w = { RLDNOTE_FORMAT, RLDNOTE_SYMBOLIC, VERSION, 2,
				 3, STRSZ, LIBA, LL_DELAY_LOAD, WANT, LIBB,
				 LL_EXACT_MATCH, 0, ALPHA, BETA, GAMMA } };

	memcpy(d.str, strings, STRSZ);
	return d;
}

/* The bytes end where their allocation does, so that the address checker sees
 * a reader that goes too far. */
static int parse(const struct desc *d, size_t len, struct rldnote *n)
{
	unsigned char *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, d, len);
	ret = rldnote_parse(copy, len, n);
	free(copy);
	return ret;
}

static void refused(struct desc d, const char *why)
{
	struct rldnote n;

	assert_int_equal(parse(&d, offsetof(struct desc, str) + STRSZ, &n), -1);
	assert_string_equal(n.why, why);
}

static void a_good_note_is_read(void **state)
{
	struct desc d = good();
	struct rldnote n;
	const char *name, *want;
	uint32_t flags;

	(void)state;
	assert_int_equal(rldnote_parse(&d, sizeof d, &n), 0);
	assert_int_equal(n.flags, RLDNOTE_SYMBOLIC);
	assert_string_equal(n.version, "sgi1.0:sgi1.1");
	assert_int_equal(n.nlib, 2);
	assert_int_equal(n.nhidden, 3);
	assert_int_equal(n.used, offsetof(struct desc, str) + STRSZ);
	rldnote_lib(&n, 0, &name, &flags, &want);
	assert_string_equal(name, "liba.so");
	assert_int_equal(flags, LL_DELAY_LOAD);
	assert_string_equal(want, "sgi2.3");
	rldnote_lib(&n, 1, &name, NULL, &want);
	assert_string_equal(name, "libb.so");
	assert_null(want);
	assert_string_equal(rldnote_hidden(&n, 2), "gamma");
}

static void lookup_finds_entries_by_needed_name(void **state)
{
	struct desc d = good();
	struct rldnote n;
	const char *want = "";
	uint32_t flags = 0;

	(void)state;
	assert_int_equal(rldnote_parse(&d, sizeof d, &n), 0);
	assert_int_equal(rldnote_lookup(&n, "libb.so", &flags, &want), 1);
	assert_int_equal(flags, LL_EXACT_MATCH);
	assert_null(want);
	assert_int_equal(rldnote_lookup(&n, "liba.so", NULL, NULL), 1);
	assert_int_equal(rldnote_lookup(&n, "liba.s", &flags, &want), 0);
	assert_int_equal(rldnote_lookup(&n, "liba.so.1", &flags, &want), 0);
	assert_int_equal(rldnote_lookup(&n, "", &flags, &want), 0);
}

static void lookup_takes_the_first_of_two_entries(void **state)
{
	struct desc d = good();
	struct rldnote n;
	uint32_t flags = 0;

	(void)state;
	d.w[LIB1] = LIBA;
	assert_int_equal(rldnote_parse(&d, sizeof d, &n), 0);
	assert_int_equal(rldnote_lookup(&n, "liba.so", &flags, NULL), 1);
	assert_int_equal(flags, LL_DELAY_LOAD);
}

static void hides_exactly_the_listed_names(void **state)
{
	struct desc d = good();
	struct rldnote n;

	(void)state;
	assert_int_equal(rldnote_parse(&d, sizeof d, &n), 0);
	assert_int_equal(rldnote_hides(&n, "alpha"), 1);
	assert_int_equal(rldnote_hides(&n, "beta"), 1);
	assert_int_equal(rldnote_hides(&n, "gamma"), 1);
	assert_int_equal(rldnote_hides(&n, "alph"), 0);
	assert_int_equal(rldnote_hides(&n, "betab"), 0);
	assert_int_equal(rldnote_hides(&n, "zeta"), 0);
	assert_int_equal(rldnote_hides(&n, ""), 0);
}

static void an_empty_note_says_nothing(void **state)
{
	static const uint32_t w[] = { RLDNOTE_FORMAT, 0, 0, 0, 0, 1, 0 };
	struct rldnote n;

	(void)state;
	assert_int_equal(rldnote_parse(w, 25, &n), 0);
	assert_null(n.version);
	assert_int_equal(n.nlib, 0);
	assert_int_equal(rldnote_lookup(&n, "liba.so", NULL, NULL), 0);
	assert_int_equal(rldnote_hides(&n, "alpha"), 0);
}

static void room_after_the_strings_is_ignored(void **state)
{
	struct {
		struct desc d;
		char room[64];
	} big = { .d = good() };
	struct rldnote n;

	(void)state;
	memset(big.room, 0xff, sizeof big.room);
	assert_int_equal(rldnote_parse(&big, sizeof big, &n), 0);
	assert_int_equal(n.used, offsetof(struct desc, str) + STRSZ);
}

static void unaligned_notes_are_read(void **state)
{
	unsigned char bytes[sizeof(struct desc) + 1];
	struct desc d = good();
	struct rldnote n;

	(void)state;
	memcpy(bytes + 1, &d, sizeof d);
	assert_int_equal(rldnote_parse(bytes + 1, sizeof d, &n), 0);
	assert_int_equal(rldnote_lookup(&n, "libb.so", NULL, NULL), 1);
}

static void every_shorter_note_is_refused(void **state)
{
	struct desc d = good();
	struct rldnote n;

	(void)state;
	for (size_t len = 0; len < offsetof(struct desc, str) + STRSZ; len++) {
		assert_int_equal(parse(&d, len, &n), -1);
		assert_non_null(n.why);
	}
	parse(&d, 23, &n);
	assert_string_equal(n.why, "shorter than its header");
}

static void unknown_format_is_refused(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[0] = RLDNOTE_FORMAT + 1;
	refused(d, "unknown format");
	d.w[0] = 0x01000000; /* the other byte order */
	refused(d, "unknown format");
}

static void counts_beyond_the_note_are_refused(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[3] = 1000;
	refused(d, "more entries than it has room for");
	d.w[3] = 0xffffffff;
	refused(d, "more entries than it has room for");
	d.w[3] = 0x55555556; /* times 3 words is 2 in 32 bits */
	refused(d, "more entries than it has room for");
	d = good();
	d.w[4] = 0xffffffff;
	refused(d, "more entries than it has room for");
}

static void string_area_beyond_the_note_is_refused(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[5] = STRSZ + 1;
	refused(d, "string area longer than the note");
	d.w[5] = 0xffffffff;
	refused(d, "string area longer than the note");
}

static void string_area_must_begin_with_nul(void **state)
{
	struct desc d = good();

	(void)state;
	d.str[0] = 'x';
	refused(d, "string area does not begin with NUL");
	d = good();
	d.w[5] = 0;
	refused(d, "string area does not begin with NUL");
}

static void string_area_must_end_with_nul(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[5] = STRSZ - 1;
	refused(d, "string area does not end with NUL");
}

static void version_outside_the_strings_is_refused(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[2] = STRSZ;
	refused(d, "version string outside the string area");
	d.w[2] = 0xffffffff;
	refused(d, "version string outside the string area");
}

static void liblist_strings_outside_are_refused(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[LIB1] = STRSZ;
	refused(d, "liblist string outside the string area");
	d = good();
	d.w[LIB0 + 2] = 0x80000000;
	refused(d, "liblist string outside the string area");
}

static void liblist_entry_without_a_name_is_refused(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[LIB0] = 0;
	refused(d, "liblist entry without a name");
	d.w[LIB0] = STRSZ - 1; /* the last NUL */
	refused(d, "liblist entry without a name");
}

static void hidden_name_outside_is_refused(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[HID0 + 1] = STRSZ;
	refused(d, "hidden name outside the string area");
}

static void hidden_names_must_ascend(void **state)
{
	struct desc d = good();

	(void)state;
	d.w[HID0] = BETA;
	d.w[HID0 + 1] = ALPHA;
	refused(d, "hidden names not in ascending order");
	d = good();
	d.w[HID0 + 1] = ALPHA; /* twice */
	refused(d, "hidden names not in ascending order");
	d = good();
	d.w[HID0] = 0; /* empty */
	refused(d, "hidden names not in ascending order");
}

/* ---- rldnote_find ---- */

/* Notes put together by hand. */
struct notes {
	size_t len;
	unsigned char b[256];
};

static void add(struct notes *s, size_t align, const char *name,
		uint32_t namesz, uint32_t type, const void *desc,
		uint32_t descsz)
{
	const uint32_t h[3] = { namesz, descsz, type };
	size_t mask = align - 1;

	memcpy(s->b + s->len, h, sizeof h);
	memcpy(s->b + s->len + 12, name, namesz);
	s->len = (s->len + 12 + namesz + mask) & ~mask;
	memcpy(s->b + s->len, desc, descsz);
	s->len = (s->len + descsz + mask) & ~mask;
}

static int find(const struct notes *s, size_t len, size_t align, size_t *where,
		size_t *size)
{
	unsigned char *copy = malloc(len ? len : 1);
	const void *desc = NULL;
	int ret;

	memcpy(copy, s->b, len);
	ret = rldnote_find(copy, len, align, &desc, size);
	if (ret == 1)
		*where = (size_t)((const unsigned char *)desc - copy);
	free(copy);
	return ret;
}

static void find_passes_over_other_notes(void **state)
{
	struct notes s = { 0 };
	size_t where, size;

	(void)state;
	add(&s, 4, "GNU", 4, 3, "12345678901234567890", 20);
	add(&s, 4, "stapsdt", 8, 1, "xyz", 3);
	add(&s, 4, "RLD", 4, RLDNOTE_VOID, "old!", 4);
	add(&s, 4, "RLDX", 4, RLDNOTE_TYPE, "four", 4);
	add(&s, 4, "RLD", 3, RLDNOTE_TYPE, "none", 4);
	assert_int_equal(find(&s, s.len, 4, &where, &size), 0);
	add(&s, 4, "RLD", 4, RLDNOTE_TYPE, "here", 4);
	add(&s, 4, "RLD", 4, RLDNOTE_TYPE, "not this", 8);
	assert_int_equal(find(&s, s.len, 4, &where, &size), 1);
	assert_memory_equal(s.b + where, "here", 4);
	assert_int_equal(size, 4);
}

static void find_pads_by_8_where_the_segment_does(void **state)
{
	struct notes s = { 0 };
	size_t where, size;

	(void)state;
	add(&s, 8, "GNU", 4, 5, "123456789012", 12);
	add(&s, 8, "RLD", 4, RLDNOTE_TYPE, "here", 4);
	assert_int_equal(find(&s, s.len, 8, &where, &size), 1);
	assert_memory_equal(s.b + where, "here", 4);
	/* Read with the padding of 4 it is something else, not ours. */
	assert_int_not_equal(find(&s, s.len, 4, &where, &size), 1);
}

static void find_treats_odd_alignments_as_4(void **state)
{
	static const size_t aligns[] = { 0, 1, 2, 3, 16, SIZE_MAX };
	struct notes s = { 0 };
	size_t where, size;

	(void)state;
	add(&s, 4, "GNU", 4, 3, "12345", 5);
	add(&s, 4, "RLD", 4, RLDNOTE_TYPE, "here", 4);
	for (size_t i = 0; i < sizeof aligns / sizeof aligns[0]; i++)
		assert_int_equal(find(&s, s.len, aligns[i], &where, &size), 1);
}

static void find_in_nothing_finds_nothing(void **state)
{
	const void *desc;
	size_t len;

	(void)state;
	assert_int_equal(rldnote_find(NULL, 0, 4, &desc, &len), 0);
}

static void find_refuses_names_and_descriptors_beyond_the_segment(void **state)
{
	struct notes s = { 0 };
	uint32_t huge = 0xffffffff;
	size_t where, size;

	(void)state;
	add(&s, 4, "GNU", 4, 3, "1234", 4);
	add(&s, 4, "RLD", 4, RLDNOTE_TYPE, "here", 4);
	memcpy(s.b, &huge, 4);
	assert_int_equal(find(&s, s.len, 4, &where, &size), -1);
	s.len = 0;
	add(&s, 4, "GNU", 4, 3, "1234", 4);
	add(&s, 4, "RLD", 4, RLDNOTE_TYPE, "here", 4);
	memcpy(s.b + 4, &huge, 4);
	assert_int_equal(find(&s, s.len, 4, &where, &size), -1);
}

static void find_never_reads_past_a_cut_segment(void **state)
{
	struct notes s = { 0 };
	size_t where, size;

	(void)state;
	add(&s, 4, "GNU", 4, 3, "123456", 6);
	add(&s, 4, "RLD", 4, RLDNOTE_TYPE, "descriptor", 10);
	for (size_t len = 0; len < s.len - 2; len++)
		assert_int_not_equal(find(&s, len, 4, &where, &size), 1);
	/* The padding after the last descriptor may be missing. */
	assert_int_equal(find(&s, s.len - 2, 4, &where, &size), 1);
}

static void find_accepts_an_empty_descriptor_at_the_end(void **state)
{
	struct notes s = { 0 };
	size_t where, size = 1;

	(void)state;
	add(&s, 4, "RLD", 4, RLDNOTE_TYPE, "", 0);
	assert_int_equal(find(&s, s.len, 8, &where, &size), 1);
	assert_int_equal(size, 0);
}

/* Whatever the bytes, nothing outside them is read (address checker). */
static void random_notes_are_survived(void **state)
{
	struct desc d;
	struct rldnote n;
	struct notes s;
	size_t where, size;

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		unsigned char *p = (unsigned char *)&d;

		d = good();
		for (int k = rand() % 4; k >= 0; k--)
			p[(size_t)rand() % sizeof d] = (unsigned char)rand();
		if (parse(&d, (size_t)rand() % (sizeof d + 1), &n) == 0)
			assert_in_range(n.used, 1, sizeof d);
		s.len = 0;
		add(&s, 4, "GNU", 4, 3, "123456", 6);
		add(&s, 4, "RLD", 4, RLDNOTE_TYPE, "descriptor", 10);
		s.b[(size_t)rand() % s.len] = (unsigned char)rand();
		if (find(&s, s.len, i % 2 ? 4 : 8, &where, &size) == 1)
			assert_in_range(where + size, 0, s.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_note_is_read),
		cmocka_unit_test(lookup_finds_entries_by_needed_name),
		cmocka_unit_test(lookup_takes_the_first_of_two_entries),
		cmocka_unit_test(hides_exactly_the_listed_names),
		cmocka_unit_test(an_empty_note_says_nothing),
		cmocka_unit_test(room_after_the_strings_is_ignored),
		cmocka_unit_test(unaligned_notes_are_read),
		cmocka_unit_test(every_shorter_note_is_refused),
		cmocka_unit_test(unknown_format_is_refused),
		cmocka_unit_test(counts_beyond_the_note_are_refused),
		cmocka_unit_test(string_area_beyond_the_note_is_refused),
		cmocka_unit_test(string_area_must_begin_with_nul),
		cmocka_unit_test(string_area_must_end_with_nul),
		cmocka_unit_test(version_outside_the_strings_is_refused),
		cmocka_unit_test(liblist_strings_outside_are_refused),
		cmocka_unit_test(liblist_entry_without_a_name_is_refused),
		cmocka_unit_test(hidden_name_outside_is_refused),
		cmocka_unit_test(hidden_names_must_ascend),
		cmocka_unit_test(find_passes_over_other_notes),
		cmocka_unit_test(find_pads_by_8_where_the_segment_does),
		cmocka_unit_test(find_treats_odd_alignments_as_4),
		cmocka_unit_test(find_in_nothing_finds_nothing),
		cmocka_unit_test(
			find_refuses_names_and_descriptors_beyond_the_segment),
		cmocka_unit_test(find_never_reads_past_a_cut_segment),
		cmocka_unit_test(find_accepts_an_empty_descriptor_at_the_end),
		cmocka_unit_test(random_notes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
