/* SPDX-License-Identifier: MIT */
/* elf/version.c: definitions and needs, read right and spoilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "elf/symbol.h"
#include "elf/version.h"

static const char strings[] = "\0libx.so\0V1\0V2\0libc.so\0C1\0C2\0libd.so\0D1";
enum {
	LIBX = 1,
	V1 = 9,
	V2 = 12,
	LIBC = 15,
	C1 = 23,
	C2 = 26,
	LIBD = 29,
	D1 = 37
};

struct def {
	Elf64_Verdef d;
	Elf64_Verdaux a;
};

struct need {
	Elf64_Verneed n;
	Elf64_Vernaux a[2];
};

/* Good records; tests spoil them. */
struct records {
	struct def def[3];
	struct need need[2];
};

static struct def def(uint16_t flags, uint16_t ndx, const char *name,
		      uint32_t off, int last)
{
	return (struct def){ { VER_DEF_CURRENT, flags, ndx, 1,
			       elf_sysv_hash(name), sizeof(Elf64_Verdef),
			       last ? 0 : sizeof(struct def) },
			     { off, 0 } };
}

static Elf64_Vernaux aux(uint16_t flags, uint16_t ndx, const char *name,
			 uint32_t off, int last)
{
	return (Elf64_Vernaux){ elf_sysv_hash(name), flags, ndx, off,
				last ? 0 : sizeof(Elf64_Vernaux) };
}

static struct records good(void)
{
	struct records r = {
		.def = { def(VER_FLG_BASE, 1, "libx.so", LIBX, 0),
			 def(0, 2, "V1", V1, 0), def(0, 3, "V2", V2, 1) },
		.need = { { { VER_NEED_CURRENT, 2, LIBC, sizeof(Elf64_Verneed),
			      sizeof(struct need) },
			    { aux(0, 4, "C1", C1, 0),
			      aux(VER_FLG_WEAK, 0x8005, "C2", C2, 1) } },
			  { { VER_NEED_CURRENT, 1, LIBD, sizeof(Elf64_Verneed),
			      0 },
			    { aux(0, 7, "D1", D1, 1) } } },
	};

	return r;
}

/* The two tables in memory of their own, for the address checker. */
static struct elf_dyn dyn(const struct records *r)
{
	void *defs = malloc(sizeof r->def), *needs = malloc(sizeof r->need);

	memcpy(defs, r->def, sizeof r->def);
	memcpy(needs, r->need, sizeof r->need);
	return (struct elf_dyn){ .strtab = strings,
				 .strsz = sizeof strings,
				 .verdef = defs,
				 .verdef_left = sizeof r->def,
				 .nverdef = 3,
				 .verneed = needs,
				 .verneed_left = sizeof r->need,
				 .nverneed = 2 };
}

static void done(struct elf_dyn *d)
{
	free((void *)(uintptr_t)d->verdef);
	free((void *)(uintptr_t)d->verneed);
}

static long count(const struct records *r)
{
	struct elf_dyn d = dyn(r);
	const char *why = NULL;
	long n = elf_version_count(&d, &why);

	done(&d);
	return n;
}

static void refused(const struct records *r, const char *text)
{
	struct elf_version v[16];
	struct elf_dyn d = dyn(r);
	const char *why = NULL;

	assert_int_equal(elf_version_count(&d, &why), -1);
	assert_string_equal(why, text);
	elf_version_fill(&d, v, 16); /* stays inside as well */
	assert_false(elf_version_defined(&d, 1, "nothing"));
	done(&d);
}

static const char bad_def[] = "has malformed version definitions";
static const char bad_need[] = "has malformed version needs";

static void good_records_are_read(void **state)
{
	struct records r = good();
	struct elf_dyn d = dyn(&r);
	struct elf_version v[8];
	const char *why;

	(void)state;
	assert_int_equal(elf_version_count(&d, &why), 8);
	memset(v, 0xff, sizeof v);
	elf_version_fill(&d, v, 8);
	assert_null(v[0].name);
	assert_int_equal(v[0].hash, 0);
	assert_true(v[1].is_def);
	assert_string_equal(v[1].name, "libx.so");
	assert_int_equal(v[1].hash, 0); /* the base */
	assert_true(v[2].is_def);
	assert_string_equal(v[2].name, "V1");
	assert_int_equal(v[2].hash, elf_sysv_hash("V1"));
	assert_null(v[2].file);
	assert_string_equal(v[3].name, "V2");
	assert_false(v[4].is_def);
	assert_string_equal(v[4].name, "C1");
	assert_string_equal(v[4].file, "libc.so");
	assert_false(v[4].is_weak);
	assert_string_equal(v[5].name, "C2");
	assert_string_equal(v[5].file, "libc.so");
	assert_true(v[5].is_weak);
	assert_null(v[6].name);
	assert_string_equal(v[7].name, "D1");
	assert_string_equal(v[7].file, "libd.so");
	done(&d);
}

static void no_records_count_nothing(void **state)
{
	struct elf_dyn d = { .strtab = strings,
			     .strsz = sizeof strings,
			     .nverdef = 5,
			     .nverneed = 5 };
	const char *why;

	(void)state;
	assert_int_equal(elf_version_count(&d, &why), 0);
	assert_false(elf_version_defined(&d, elf_sysv_hash("V1"), "V1"));
}

static void fill_keeps_to_the_room_given(void **state)
{
	struct records r = good();
	struct elf_dyn d = dyn(&r);
	struct elf_version *v = malloc(3 * sizeof *v);

	(void)state;
	elf_version_fill(&d, v, 3);
	assert_string_equal(v[2].name, "V1");
	elf_version_fill(&d, v, 0);
	free(v);
	done(&d);
}

/* Whatever the memory held before: indices that no record has stay empty. */
static void reading_clears_the_gaps(void **state)
{
	struct records r = good();
	struct elf_dyn d = dyn(&r);
	struct elf_version v[8];
	const char *why;

	(void)state;
	memset(v, 0xff, sizeof v);
	assert_int_equal(elf_version_read(&d, v, 8, &why), 8);
	assert_null(v[0].name);
	assert_string_equal(v[2].name, "V1");
	assert_null(v[6].name);
	assert_int_equal(v[6].hash, 0);
	assert_string_equal(v[7].name, "D1");
	done(&d);
}

static void the_number_of_records_is_kept_to(void **state)
{
	struct records r = good();
	struct elf_dyn d = dyn(&r);
	const char *why;

	(void)state;
	d.nverdef = 2;
	d.nverneed = 0;
	assert_int_equal(elf_version_count(&d, &why), 3);
	assert_false(elf_version_defined(&d, elf_sysv_hash("V2"), "V2"));
	d.nverneed = 1;
	assert_int_equal(elf_version_count(&d, &why), 6);
	done(&d);
}

static void a_chain_that_ends_early_ends_the_walk(void **state)
{
	struct records r = good();

	(void)state;
	r.need[0].n.vn_next = 0;
	assert_int_equal(count(&r), 6);
	r.need[0].a[0].vna_next = 0;
	assert_int_equal(count(&r), 5);
	r.need[0].n.vn_cnt = 0;
	assert_int_equal(count(&r), 4);
	r.def[1].d.vd_next = 0;
	assert_int_equal(count(&r), 3);
}

static void the_highest_index_has_15_bits(void **state)
{
	struct records r = good();

	(void)state;
	r.need[1].a[0].vna_other = 0xffff;
	assert_int_equal(count(&r), 0x8000);
}

static void defined_finds_definitions_only(void **state)
{
	struct records r = good();
	struct elf_dyn d = dyn(&r);

	(void)state;
	assert_true(elf_version_defined(&d, elf_sysv_hash("V1"), "V1"));
	assert_true(elf_version_defined(&d, elf_sysv_hash("V2"), "V2"));
	assert_true(
		elf_version_defined(&d, elf_sysv_hash("libx.so"), "libx.so"));
	assert_false(elf_version_defined(&d, elf_sysv_hash("V1"), "V2"));
	assert_false(elf_version_defined(&d, elf_sysv_hash("V3"), "V3"));
	assert_false(elf_version_defined(&d, elf_sysv_hash("C1"), "C1"));
	done(&d);
}

static void unknown_revisions_are_refused(void **state)
{
	struct records r = good();

	(void)state;
	r.def[1].d.vd_version = 2;
	refused(&r, bad_def);
	r = good();
	r.need[1].n.vn_version = 0;
	refused(&r, bad_need);
}

static void names_outside_the_strings_are_refused(void **state)
{
	struct records r = good();

	(void)state;
	r.def[2].a.vda_name = sizeof strings;
	refused(&r, bad_def);
	r = good();
	r.need[0].n.vn_file = UINT32_MAX;
	refused(&r, bad_need);
	r = good();
	r.need[0].a[1].vna_name = sizeof strings;
	refused(&r, bad_need);
}

/* Too far, just over the end, backwards by wrapping, misaligned. */
static const uint32_t offsets[] = {
	0x10000, sizeof(struct records), UINT32_MAX - 3, UINT32_MAX - 19, 2, 21
};
#define NOFF (sizeof offsets / sizeof offsets[0])

static void definitions_that_lead_outside_are_refused(void **state)
{
	struct records r;

	(void)state;
	for (size_t i = 0; i < NOFF; i++) {
		r = good();
		r.def[1].d.vd_next = offsets[i];
		refused(&r, bad_def);
		r = good();
		r.def[1].d.vd_aux = offsets[i];
		refused(&r, bad_def);
	}
	r = good();
	r.def[2].d.vd_aux = sizeof(struct def) - 4; /* the last 4 bytes */
	refused(&r, bad_def);
}

static void needs_that_lead_outside_are_refused(void **state)
{
	struct records r;

	(void)state;
	for (size_t i = 0; i < NOFF; i++) {
		r = good();
		r.need[0].n.vn_next = offsets[i];
		refused(&r, bad_need);
		r = good();
		r.need[0].n.vn_aux = offsets[i];
		refused(&r, bad_need);
		r = good();
		r.need[0].a[0].vna_next = offsets[i];
		refused(&r, bad_need);
	}
}

static void truncated_tables_are_refused(void **state)
{
	struct records r = good();
	const char *why;

	(void)state;
	for (size_t len = 0; len < sizeof r.def; len++) {
		struct elf_dyn d = dyn(&r);
		void *cut = malloc(len ? len : 1);

		memcpy(cut, r.def, len);
		free((void *)(uintptr_t)d.verdef);
		d.verdef = cut;
		d.verdef_left = len;
		assert_int_equal(elf_version_count(&d, &why), -1);
		assert_string_equal(why, bad_def);
		done(&d);
	}
	/* the second need uses one of its two places */
	for (size_t len = 0; len < sizeof r.need - sizeof(Elf64_Vernaux);
	     len++) {
		struct elf_dyn d = dyn(&r);
		void *cut = malloc(len ? len : 1);

		memcpy(cut, r.need, len);
		free((void *)(uintptr_t)d.verneed);
		d.verneed = cut;
		d.verneed_left = len;
		assert_int_equal(elf_version_count(&d, &why), -1);
		assert_string_equal(why, bad_need);
		done(&d);
	}
}

static void huge_counts_end_at_the_chains_end(void **state)
{
	struct records r = good();
	struct elf_dyn d;
	const char *why;

	(void)state;
	r.need[0].n.vn_cnt = 0xffff;
	d = dyn(&r);
	d.nverdef = d.nverneed = SIZE_MAX;
	assert_int_equal(elf_version_count(&d, &why), 8);
	done(&d);
}

/* Whatever the bytes, nothing outside them is read (address checker). */
/* Needs that all lead to the same chain: n entries must not cost n * n. */
static void overlapping_needs_are_refused(void **state)
{
	enum { N = 4096 };
	Elf64_Vernaux *a = calloc(N, sizeof *a);
	struct elf_dyn d = { .strtab = strings,
			     .strsz = sizeof strings,
			     .verneed = a,
			     .verneed_left = N * sizeof *a,
			     .nverneed = SIZE_MAX };
	const char *why = NULL;

	(void)state;
	/* The first half are needs as large as a chain's members. */
	for (int i = 0; i < N; i++) {
		Elf64_Verneed n = { VER_NEED_CURRENT, 65535, LIBC,
				    (Elf64_Word)((N / 2 - i) * (int)sizeof *a),
				    sizeof *a };

		if (i < N / 2)
			memcpy(&a[i], &n, sizeof *a);
		else
			a[i] = aux(0, 2, "C1", C1, i == N - 1);
	}
	assert_int_equal(elf_version_count(&d, &why), -1);
	assert_string_equal(why, bad_need);
	/* One need with as many versions as there is room for is fine. */
	d.nverneed = 1;
	assert_int_equal(elf_version_count(&d, &why), 3);
	free(a);
}

static void random_records_are_survived(void **state)
{
	struct elf_version v[8];

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		struct records r = good();
		unsigned char *p = (unsigned char *)&r;
		struct elf_dyn d;
		const char *why;

		for (int k = rand() % 4; k >= 0; k--)
			p[(size_t)rand() % sizeof r] = (unsigned char)rand();
		d = dyn(&r);
		d.nverdef = d.nverneed = SIZE_MAX;
		assert_in_range(elf_version_count(&d, &why) + 1, 0, 0x8001);
		elf_version_fill(&d, v, 8);
		(void)elf_version_defined(&d, 1, "none");
		done(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_records_are_read),
		cmocka_unit_test(no_records_count_nothing),
		cmocka_unit_test(fill_keeps_to_the_room_given),
		cmocka_unit_test(reading_clears_the_gaps),
		cmocka_unit_test(the_number_of_records_is_kept_to),
		cmocka_unit_test(a_chain_that_ends_early_ends_the_walk),
		cmocka_unit_test(the_highest_index_has_15_bits),
		cmocka_unit_test(defined_finds_definitions_only),
		cmocka_unit_test(unknown_revisions_are_refused),
		cmocka_unit_test(names_outside_the_strings_are_refused),
		cmocka_unit_test(definitions_that_lead_outside_are_refused),
		cmocka_unit_test(needs_that_lead_outside_are_refused),
		cmocka_unit_test(truncated_tables_are_refused),
		cmocka_unit_test(huge_counts_end_at_the_chains_end),
		cmocka_unit_test(overlapping_needs_are_refused),
		cmocka_unit_test(random_records_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
