/* SPDX-License-Identifier: MIT */
/* arch/mips/abiflags.c: what MIPS objects say of the processor and of floating
 * point, and which of them go together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "arch/mips/abiflags.h"

enum { BASE = 0x10000, R6 = 1 };
enum { DOUBLE = 1, SINGLE, SOFT, OLD_64, XX, FP64, FP64A };

/* A file of one segment: header, flags. */
struct file {
	Elf64_Ehdr e;
	Elf_MIPS_ABIFlags_v0 flags;
};

static const Elf64_Phdr load = { .p_type = PT_LOAD,
				 .p_flags = PF_R | PF_X,
				 .p_vaddr = BASE,
				 .p_filesz = sizeof(struct file),
				 .p_memsz = sizeof(struct file),
				 .p_align = 0x10000 };
static const Elf64_Phdr flags = { .p_type = PT_MIPS_ABIFLAGS,
				  .p_flags = PF_R,
				  .p_offset = offsetof(struct file, flags),
				  .p_vaddr =
					  BASE + offsetof(struct file, flags),
				  .p_filesz = sizeof(Elf_MIPS_ABIFlags_v0),
				  .p_memsz = sizeof(Elf_MIPS_ABIFlags_v0),
				  .p_align = 8 };

static struct file good(void)
{
	struct file f = {
		.e = { .e_machine = EM_MIPS, .e_flags = EF_MIPS_ARCH_32R2 },
		.flags = { .isa_level = 32, .isa_rev = 2, .fp_abi = XX }
	};

	memcpy(f.e.e_ident, ELFMAG, SELFMAG);
	return f;
}

/* The bytes end where their allocation does. */
static int read_as(const struct file *f, Elf64_Phdr second, struct arch_abi *a,
		   const char **why)
{
	const Elf64_Phdr ph[] = { load, second };
	void *copy = malloc(sizeof *f);
	const struct elf_view v = {
		.ph = ph, .phnum = 2, .flat = copy, .flat_size = sizeof *f
	};
	int ret;

	memcpy(copy, f, sizeof *f);
	*why = NULL;
	ret = arch_abi_read(&v, a, why);
	assert_true(ret == 0 ? !*why : *why != NULL);
	free(copy);
	return ret;
}

static struct arch_abi accepted(const struct file *f, Elf64_Phdr second)
{
	struct arch_abi a;
	const char *why;

	assert_int_equal(read_as(f, second, &a, &why), 0);
	return a;
}

static void refused(const struct file *f, Elf64_Phdr second, const char *text)
{
	struct arch_abi a;
	const char *why;

	assert_int_equal(read_as(f, second, &a, &why), -1);
	assert_string_equal(why, text);
}

static void flags_tell_processor_and_floating_point(void **state)
{
	struct file f = good();
	struct arch_abi a = accepted(&f, flags);

	(void)state;
	assert_true(a.said && a.fp == XX && !a.nan && !a.is64 && !a.is_r6);
	f.flags.isa_rev = 6;
	f.flags.fp_abi = SOFT;
	f.e.e_flags |= EF_MIPS_NAN2008;
	a = accepted(&f, flags);
	assert_true(a.said && a.fp == SOFT && a.nan && !a.is64 && a.is_r6);
	f.flags.isa_level = 64;
	assert_true(accepted(&f, flags).is64);
	f.flags.isa_level = 3;
	assert_true(accepted(&f, flags).is64);
	f.flags.isa_level = 2;
	assert_false(accepted(&f, flags).is64);
}

static void without_flags_the_header_tells(void **state)
{
	static const struct {
		uint32_t arch;
		int is64, is_r6;
	} t[] = { { EF_MIPS_ARCH_1, 0, 0 },    { EF_MIPS_ARCH_2, 0, 0 },
		  { EF_MIPS_ARCH_3, 1, 0 },    { EF_MIPS_ARCH_5, 1, 0 },
		  { EF_MIPS_ARCH_32, 0, 0 },   { EF_MIPS_ARCH_64, 1, 0 },
		  { EF_MIPS_ARCH_32R2, 0, 0 }, { EF_MIPS_ARCH_64R2, 1, 0 },
		  { 0x90000000, 0, 1 },	       { 0xa0000000, 1, 1 } };
	const Elf64_Phdr none = { .p_type = PT_NULL };
	struct file f = good();

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct arch_abi a;

		f.e.e_flags = t[i].arch;
		a = accepted(&f, none);
		assert_int_equal(a.is64, t[i].is64);
		assert_int_equal(a.is_r6, t[i].is_r6);
		assert_int_equal(a.fp, MIPS_FP_UNKNOWN);
	}
	f.e.e_flags |= EF_MIPS_FP64;
	assert_int_equal(accepted(&f, none).fp, OLD_64);
}

static void malformed_flags_are_refused(void **state)
{
	struct file f = good();
	Elf64_Phdr p = flags;

	(void)state;
	p.p_vaddr = BASE + sizeof f - 8;
	refused(&f, p, "has ABI flags outside its segments");
	p.p_vaddr = 0;
	refused(&f, p, "has ABI flags outside its segments");
	p = flags;
	p.p_vaddr -= 2;
	refused(&f, p, "has ABI flags outside its segments");
	p = flags;
	p.p_filesz--;
	refused(&f, p, "has ABI flags outside its segments");
	f.flags.fp_abi = 8;
	refused(&f, flags, "has an unknown floating-point ABI");
	f.flags.version = 1;
	refused(&f, flags, "has ABI flags of an unknown version");
}

/* An object whose bytes begin elsewhere says what its flags say. */
static void a_header_that_is_not_mapped_says_nothing(void **state)
{
	struct file f = good();
	Elf64_Phdr ph = load;
	const struct elf_view v = { .ph = &ph,
				    .phnum = 1,
				    .flat = (const void *)&f,
				    .flat_size = sizeof f };
	struct arch_abi a;
	const char *why;

	(void)state;
	ph.p_filesz = sizeof f.e - 1;
	assert_int_equal(arch_abi_read(&v, &a, &why), 0);
	assert_false(a.said);
	assert_int_equal(arch_abi_modes(&a), MIPS_FR_ANY);
	ph.p_filesz = sizeof f;
	ph.p_flags = PF_X;
	assert_int_equal(arch_abi_read(&v, &a, &why), 0);
	assert_false(a.said);
}

static void release_6_needs_its_processor(void **state)
{
	struct arch_abi a = { .said = 1, .is_r6 = 1 };

	(void)state;
	assert_non_null(arch_abi_lacks(&a, 0, NULL));
	assert_non_null(arch_abi_lacks(&a, ~(uintptr_t)R6, "mips32r2"));
	assert_null(arch_abi_lacks(&a, R6, "mips32r6"));
	a.is_r6 = 0; /* emulated there by the kernel */
	assert_null(arch_abi_lacks(&a, R6, "mips32r6"));
	assert_null(arch_abi_lacks(&a, 0, NULL));
}

static void code_of_64_bits_needs_its_processor(void **state)
{
	static const char *const narrow[] = { "mips1", "mips2", "mips32",
					      "mips32r2", "mips32r6" };
	static const char *const wide[] = { "mips3",  "mips4",	  "mips5",
					    "mips64", "mips64r2", "mips64r6" };
	struct arch_abi a = { .said = 1, .is64 = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
		assert_non_null(arch_abi_lacks(&a, 0, narrow[i]));
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		assert_null(arch_abi_lacks(&a, 0, wide[i]));
	assert_null(arch_abi_lacks(&a, 0, NULL)); /* old kernels do not tell */
	assert_null(arch_abi_lacks(&a, 0, "loongson"));
	a.is64 = 0;
	assert_null(arch_abi_lacks(&a, 0, "mips32"));
}

/* The table of the FR0 and FR1 Interlinking document. */
static void floating_point_abis_go_together_as_documented(void **state)
{
	static const char goes[8][9] = {
		/* ANY DOUBLE SINGLE SOFT OLD_64 XX FP64 FP64A */
		[0] = "11111111",      [DOUBLE] = "11000101",
		[SINGLE] = "10100000", [SOFT] = "10010000",
		[OLD_64] = "10001000", [XX] = "11000111",
		[FP64] = "10000111",   [FP64A] = "11000111",
	};

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		for (unsigned k = 0; k < 8; k++) {
			const struct arch_abi a = { .said = 1,
						    .fp = (unsigned char)i };
			const struct arch_abi b = { .said = 1,
						    .fp = (unsigned char)k };
			const char *has = NULL;
			int ok = !arch_abi_clash(&a, &b, &has);

			assert_int_equal(ok, goes[i][k] == '1');
			assert_int_equal(ok, has == NULL);
			if (ok)
				assert_true(arch_abi_modes(&a) &
					    arch_abi_modes(&b));
		}
}

static void an_object_without_flags_goes_with_32_bit_registers(void **state)
{
	const struct arch_abi old = { .said = 1, .fp = MIPS_FP_UNKNOWN };
	const struct arch_abi silent = { 0 };
	struct arch_abi b = { .said = 1 };
	const char *has;

	(void)state;
	for (unsigned char fp = 0; fp < 8; fp++) {
		b.fp = fp;
		assert_true(!arch_abi_clash(&old, &b, &has) ==
			    (fp != FP64 && fp != OLD_64));
		assert_null(arch_abi_clash(&silent, &b, &has));
		assert_null(arch_abi_clash(&b, &silent, &has));
	}
	assert_null(arch_abi_clash(&old, &old, &has));
}

static void nan_encodings_do_not_mix(void **state)
{
	struct arch_abi a = { .said = 1, .fp = XX, .nan = 1 };
	struct arch_abi b = { .said = 1, .fp = XX };
	const char *has;

	(void)state;
	assert_non_null(strstr(arch_abi_clash(&a, &b, &has), "NaNs as IEEE"));
	assert_non_null(strstr(has, "before IEEE"));
	assert_non_null(strstr(arch_abi_clash(&b, &a, &has), "before IEEE"));
	a.fp = b.fp = SOFT; /* whose arithmetic makes them, too */
	assert_non_null(arch_abi_clash(&a, &b, &has));
	b.fp = 0;
	assert_null(arch_abi_clash(&a, &b, &has));
}

static void random_files_are_survived(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 100000; i++) {
		struct file f = good();
		Elf64_Phdr p = flags;
		struct arch_abi a;
		const char *why;

		for (int k = rand() % 8; k >= 0; k--)
			((unsigned char *)&f)[(size_t)rand() % sizeof f] =
				(unsigned char)rand();
		for (int k = rand() % 4; k > 0; k--)
			((unsigned char *)&p)[4 +
					      (size_t)rand() % (sizeof p - 4)] =
				(unsigned char)rand();
		if (read_as(&f, p, &a, &why) == 0) {
			assert_true(arch_abi_modes(&a));
			assert_non_null(arch_abi_text(&a));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_tell_processor_and_floating_point),
		cmocka_unit_test(without_flags_the_header_tells),
		cmocka_unit_test(malformed_flags_are_refused),
		cmocka_unit_test(a_header_that_is_not_mapped_says_nothing),
		cmocka_unit_test(release_6_needs_its_processor),
		cmocka_unit_test(code_of_64_bits_needs_its_processor),
		cmocka_unit_test(floating_point_abis_go_together_as_documented),
		cmocka_unit_test(
			an_object_without_flags_goes_with_32_bit_registers),
		cmocka_unit_test(nan_encodings_do_not_mix),
		cmocka_unit_test(random_files_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
