/* SPDX-License-Identifier: MIT */
/* elf/symbol.h: the hash functions and the walks along hash chains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "elf/symbol.h"

/* Known values, worked out apart from this code. */
static void gnu_hash_matches_known_values(void **state)
{
	(void)state;
	assert_int_equal(elf_gnu_hash(""), 0x00001505);
	assert_int_equal(elf_gnu_hash("printf"), 0x156b2bb8);
	assert_int_equal(elf_gnu_hash("exit"), 0x7c967e3f);
	assert_int_equal(elf_gnu_hash("syscall"), 0xbac212a0);
	assert_int_equal(elf_gnu_hash("flapenguin.me"), 0x8ae9f18e);
}

static void sysv_hash_matches_known_values(void **state)
{
	(void)state;
	assert_int_equal(elf_sysv_hash(""), 0);
	assert_int_equal(elf_sysv_hash("printf"), 0x077905a6);
	assert_int_equal(elf_sysv_hash("exit"), 0x0006cf04);
	assert_int_equal(elf_sysv_hash("syscall"), 0x0b09985c);
	assert_int_equal(elf_sysv_hash("flapenguin.me"), 0x03987915);
	assert_int_equal(elf_sysv_hash("GLIBC_2.2.5"), 0x09691a75);
}

static void bytes_above_127_are_hashed_unsigned(void **state)
{
	(void)state;
	assert_int_equal(elf_gnu_hash("\xff"), 5381 * 33 + 255);
	assert_int_equal(elf_sysv_hash("\xff"), 255);
	assert_int_equal(elf_sysv_hash("\xff\xff"), 0x10ef);
}

static void sysv_hash_of_long_names_stays_below_28_bits(void **state)
{
	char name[64];

	(void)state;
	memset(name, 0xff, sizeof name);
	name[63] = '\0';
	for (const char *p = name; *p; p++)
		assert_in_range(elf_sysv_hash(p), 0, 0x0fffffff);
}

static void streq_compares_whole_strings(void **state)
{
	(void)state;
	assert_true(elf_streq("", ""));
	assert_true(elf_streq("abc", "abc"));
	assert_false(elf_streq("abc", "abcd"));
	assert_false(elf_streq("abcd", "abc"));
	assert_false(elf_streq("", "a"));
	assert_false(elf_streq("abc", "abd"));
}

/* ---- a table of names, built both ways ---- */

enum { SYMNDX = 2, NAMES = 6, NSYM = SYMNDX + NAMES, NBUCKET = 3, MASK = 2 };

static const char *const names[NAMES] = { "alpha", "beta",  "gamma",
					  "delta", "alpha", "epsilon" };

struct tables {
	const char *name[NSYM]; /* by symbol index */
	uintptr_t bloom[MASK];
	uint32_t gbucket[NBUCKET], gchain[NAMES];
	uint32_t sbucket[NBUCKET], schain[NSYM];
	uint32_t xlat[NAMES];
	struct elf_dyn d;
};

/* Symbols 0 and 1 have no name; the others stand in the order of their GNU
 * buckets, as a linker sorts them. */
static void build(struct tables *t)
{
	uint32_t n = 0;

	memset(t, 0, sizeof *t);
	t->name[0] = t->name[1] = "";
	for (uint32_t b = 0; b < NBUCKET; b++) {
		uint32_t first = n;

		for (int i = 0; i < NAMES; i++) {
			uint32_t h = elf_gnu_hash(names[i]);

			if (h % NBUCKET != b)
				continue;
			t->name[SYMNDX + n] = names[i];
			t->gchain[n++] = h & ~1u;
			t->bloom[h / 64 % MASK] |= (uintptr_t)1 << h % 64 |
						   (uintptr_t)1
							   << (h >> 6) % 64;
		}
		if (n > first) {
			t->gbucket[b] = SYMNDX + first;
			t->gchain[n - 1] |= 1;
		}
	}
	for (uint32_t i = SYMNDX; i < NSYM; i++) {
		uint32_t b = elf_sysv_hash(t->name[i]) % NBUCKET;

		t->schain[i] = t->sbucket[b];
		t->sbucket[b] = i;
	}
	t->d.nsym = NSYM;
	t->d.gnu = (struct elf_gnu_hash){ .nbuckets = NBUCKET,
					  .symndx = SYMNDX,
					  .maskwords = MASK,
					  .shift = 6,
					  .bloom = t->bloom,
					  .buckets = t->gbucket,
					  .chain = t->gchain,
					  .nchain = NAMES };
	t->d.sysv =
		(struct elf_sysv_hash){ NBUCKET, NSYM, t->sbucket, t->schain };
}

/* How often name is met on the walk; the walk must end. */
static unsigned count_gnu(const struct tables *t, const char *name)
{
	struct elf_walk w = { 0 };
	unsigned found = 0, steps = 0;
	uint32_t i;

	while ((i = elf_walk_gnu(&t->d, elf_gnu_hash(name), &w)) != 0) {
		assert_in_range(i, 1, t->d.nsym - 1);
		assert_in_range(++steps, 1, NSYM);
		found += elf_streq(t->name[i], name);
	}
	assert_int_equal(elf_walk_gnu(&t->d, elf_gnu_hash(name), &w), 0);
	return found;
}

static unsigned count_sysv(const struct tables *t, const char *name)
{
	struct elf_walk w = { 0 };
	unsigned found = 0, steps = 0;
	uint32_t i;

	while ((i = elf_walk_sysv(&t->d, elf_sysv_hash(name), &w)) != 0) {
		assert_in_range(i, 1, t->d.sysv.nchain - 1);
		assert_in_range(++steps, 1, NSYM + 1);
		found += elf_streq(t->name[i], name);
	}
	assert_int_equal(elf_walk_sysv(&t->d, elf_sysv_hash(name), &w), 0);
	return found;
}

static const char *const absent[] = { "",     "alph",	"alphabet",
				      "zeta", "printf", "exit" };
#define NABSENT (sizeof absent / sizeof absent[0])

static void only_objects_without_a_gnu_table_need_the_sysv_hash(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	assert_false(elf_needs_sysv(&t.d));
	t.d.gnu.buckets = NULL;
	assert_true(elf_needs_sysv(&t.d));
}

static void gnu_walk_finds_every_symbol(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	for (int i = 0; i < NAMES; i++)
		assert_int_equal(count_gnu(&t, names[i]),
				 strcmp(names[i], "alpha") ? 1 : 2);
}

static void gnu_walk_does_not_find_absent_names(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	for (size_t i = 0; i < NABSENT; i++)
		assert_int_equal(count_gnu(&t, absent[i]), 0);
	memset(t.bloom, 0xff, sizeof t.bloom); /* the chains alone decide */
	for (size_t i = 0; i < NABSENT; i++)
		assert_int_equal(count_gnu(&t, absent[i]), 0);
}

static void the_filter_ends_a_gnu_walk_before_it_begins(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	assert_true(elf_gnu_maybe(&t.d.gnu, elf_gnu_hash("alpha")));
	memset(t.bloom, 0, sizeof t.bloom);
	assert_false(elf_gnu_maybe(&t.d.gnu, elf_gnu_hash("alpha")));
	t.d.gnu.buckets = NULL; /* not looked at */
	assert_int_equal(count_gnu(&t, "alpha"), 0);
}

static void both_filter_bits_are_needed(void **state)
{
	struct tables t;
	const uint32_t h = elf_gnu_hash("beta");

	(void)state;
	build(&t);
	memset(t.bloom, 0xff, sizeof t.bloom);
	t.bloom[h / 64 % MASK] = ~((uintptr_t)1 << h % 64);
	assert_false(elf_gnu_maybe(&t.d.gnu, h));
	t.bloom[h / 64 % MASK] = ~((uintptr_t)1 << (h >> 6) % 64);
	assert_false(elf_gnu_maybe(&t.d.gnu, h));
}

static void a_filter_aligned_to_4_is_read(void **state)
{
	struct tables t;
	uint32_t room[2 * MASK + 2];
	char *odd = (char *)room;

	(void)state;
	build(&t);
	if ((uintptr_t)odd % 8 == 0)
		odd += 4;
	memcpy(odd, t.bloom, sizeof t.bloom);
	t.d.gnu.bloom = (const void *)odd;
	assert_int_equal(count_gnu(&t, "gamma"), 1);
	assert_int_equal(count_gnu(&t, "zeta"), 0);
}

static void a_gnu_chain_without_an_end_stops_at_the_table(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	for (int i = 0; i < NAMES; i++)
		t.gchain[i] &= ~1u;
	assert_int_equal(count_gnu(&t, "alpha"), 2);
	memset(t.bloom, 0xff, sizeof t.bloom);
	assert_int_equal(count_gnu(&t, "zeta"), 0);
}

static void gnu_buckets_out_of_range_lead_nowhere(void **state)
{
	static const uint32_t bad[] = { 0, SYMNDX - 1, NSYM, 0x7fffffff,
					UINT32_MAX };
	struct tables t;

	(void)state;
	build(&t);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		for (int b = 0; b < NBUCKET; b++)
			t.gbucket[b] = bad[i];
		assert_int_equal(count_gnu(&t, "alpha"), 0);
	}
}

static void a_gnu_table_without_buckets_holds_nothing(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	t.d.gnu.nbuckets = 0;
	assert_int_equal(count_gnu(&t, "alpha"), 0);
}

static void gnu_places_beyond_the_symbols_are_passed_over(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	t.d.nsym = SYMNDX;
	for (int i = 0; i < NAMES; i++)
		assert_int_equal(count_gnu(&t, names[i]), 0);
}

static void a_translation_table_gives_the_symbol(void **state)
{
	struct tables t;
	const char *back[NSYM] = { "" };

	(void)state;
	build(&t);
	for (uint32_t i = 0; i < NAMES; i++) { /* the reverse order */
		t.xlat[i] = NSYM - 1 - i;
		back[NSYM - 1 - i] = t.name[SYMNDX + i];
	}
	back[1] = "";
	memcpy(t.name, back, sizeof back);
	t.d.gnu.xlat = t.xlat;
	assert_int_equal(count_gnu(&t, "alpha"), 2);
	assert_int_equal(count_gnu(&t, "epsilon"), 1);
	assert_int_equal(count_gnu(&t, "zeta"), 0);
	for (int i = 0; i < NAMES; i++)
		t.xlat[i] = NSYM + (uint32_t)i;
	assert_int_equal(count_gnu(&t, "epsilon"), 0);
}

static void sysv_walk_finds_every_symbol(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	for (int i = 0; i < NAMES; i++)
		assert_int_equal(count_sysv(&t, names[i]),
				 strcmp(names[i], "alpha") ? 1 : 2);
}

static void sysv_walk_does_not_find_absent_names(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	for (size_t i = 0; i < NABSENT; i++)
		assert_int_equal(count_sysv(&t, absent[i]), 0);
}

static void sysv_chains_that_loop_end(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	for (uint32_t i = 0; i < NSYM; i++)
		t.schain[i] = i; /* each its own successor */
	assert_int_equal(count_sysv(&t, "zeta"), 0);
	for (uint32_t i = 0; i < NSYM; i++)
		t.schain[i] = i + 1 < NSYM ? i + 1 : 1;
	assert_int_equal(count_sysv(&t, "zeta"), 0);
	/* a loop may be met once more than it is long, not less */
	assert_in_range(count_sysv(&t, "epsilon"), 1, 2);
}

static void sysv_indices_out_of_range_end_the_walk(void **state)
{
	static const uint32_t bad[] = { NSYM, 0x7fffffff, UINT32_MAX };
	struct tables t;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		build(&t);
		for (int k = 0; k < NSYM; k++)
			t.schain[k] = bad[i];
		assert_in_range(count_sysv(&t, "alpha"), 0, 1);
		for (int b = 0; b < NBUCKET; b++)
			t.sbucket[b] = bad[i];
		assert_int_equal(count_sysv(&t, "alpha"), 0);
	}
}

static void empty_sysv_tables_hold_nothing(void **state)
{
	struct tables t;

	(void)state;
	build(&t);
	t.d.sysv.nchain = 0;
	assert_int_equal(count_sysv(&t, "alpha"), 0);
	build(&t);
	t.d.sysv.nbucket = 0;
	assert_int_equal(count_sysv(&t, "alpha"), 0);
	t.d.sysv = (struct elf_sysv_hash){ 0 };
	assert_int_equal(count_sysv(&t, "alpha"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gnu_hash_matches_known_values),
		cmocka_unit_test(sysv_hash_matches_known_values),
		cmocka_unit_test(bytes_above_127_are_hashed_unsigned),
		cmocka_unit_test(sysv_hash_of_long_names_stays_below_28_bits),
		cmocka_unit_test(streq_compares_whole_strings),
		cmocka_unit_test(
			only_objects_without_a_gnu_table_need_the_sysv_hash),
		cmocka_unit_test(gnu_walk_finds_every_symbol),
		cmocka_unit_test(gnu_walk_does_not_find_absent_names),
		cmocka_unit_test(the_filter_ends_a_gnu_walk_before_it_begins),
		cmocka_unit_test(both_filter_bits_are_needed),
		cmocka_unit_test(a_filter_aligned_to_4_is_read),
		cmocka_unit_test(a_gnu_chain_without_an_end_stops_at_the_table),
		cmocka_unit_test(gnu_buckets_out_of_range_lead_nowhere),
		cmocka_unit_test(a_gnu_table_without_buckets_holds_nothing),
		cmocka_unit_test(gnu_places_beyond_the_symbols_are_passed_over),
		cmocka_unit_test(a_translation_table_gives_the_symbol),
		cmocka_unit_test(sysv_walk_finds_every_symbol),
		cmocka_unit_test(sysv_walk_does_not_find_absent_names),
		cmocka_unit_test(sysv_chains_that_loop_end),
		cmocka_unit_test(sysv_indices_out_of_range_end_the_walk),
		cmocka_unit_test(empty_sysv_tables_hold_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
