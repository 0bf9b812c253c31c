/* SPDX-License-Identifier: MIT */
/* elf/head.c: the ELF header and the program headers, each check tripped by a
 * header spoilt for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "elf/elf_file.h"

enum { PAGE = 0x1000, FILESIZE = 0x2400 };

static const struct elf_want want = { ELFCLASS64, ELFDATA2LSB, EM_X86_64,
				      PAGE,	  0,	       0 };

enum { TEXT, DATA, DYNAMIC, INTERP, TLS, RELRO, STACK, NPH };

/* The first bytes of a file; the rest is only claimed by its size. */
struct file {
	Elf64_Ehdr e;
	Elf64_Phdr ph[NPH];
};

static struct file good(void)
{
	struct file f = {
		.e = { .e_type = ET_DYN,
		       .e_machine = EM_X86_64,
		       .e_version = EV_CURRENT,
		       .e_entry = 0x1234,
		       .e_phoff = offsetof(struct file, ph),
		       .e_ehsize = sizeof(Elf64_Ehdr),
		       .e_phentsize = sizeof(Elf64_Phdr),
		       .e_phnum = NPH },
		.ph = { [TEXT] = { PT_LOAD, PF_R | PF_X, 0, 0x10000, 0x10000,
				   0x1800, 0x1800, PAGE },
			[DATA] = { PT_LOAD, PF_R | PF_W, 0x1800, 0x12800,
				   0x12800, 0x0c00, 0x1000, 0x4000 },
			[DYNAMIC] = { PT_DYNAMIC, PF_R, 0x1900, 0x12900,
				      0x12900, 0x100, 0x100, 8 },
			[INTERP] = { PT_INTERP, PF_R, 0x200, 0x10200, 0x10200,
				     16, 16, 1 },
			[TLS] = { PT_TLS, PF_R, 0x1800, 0x12800, 0x12800, 0x20,
				  0x40, 16 },
			[RELRO] = { PT_GNU_RELRO, PF_R, 0x1800, 0x12800,
				    0x12800, 0x800, 0x800, 1 },
			[STACK] = { PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0,
				    16 } },
	};

	memcpy(f.e.e_ident, ELFMAG, SELFMAG);
	f.e.e_ident[EI_CLASS] = ELFCLASS64;
	f.e.e_ident[EI_DATA] = ELFDATA2LSB;
	f.e.e_ident[EI_VERSION] = EV_CURRENT;
	return f;
}

/* The bytes end where their allocation does, so that the address checker sees
 * a reader that goes too far. */
static int head(const void *bytes, size_t len, uint64_t filesize,
		struct elf_head *h, const char **why)
{
	void *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, bytes, len);
	*why = NULL;
	ret = elf_head(copy, len, filesize, &want, h, why);
	free(copy);
	return ret;
}

static void refused_bytes(const void *bytes, size_t len, uint64_t filesize,
			  const char *text)
{
	struct elf_head h;
	const char *why;

	assert_int_equal(head(bytes, len, filesize, &h, &why), -1);
	assert_string_equal(why, text);
}

static void refused(struct file f, const char *text)
{
	refused_bytes(&f, sizeof f, FILESIZE, text);
}

static void accepted(struct file f)
{
	struct elf_head h;
	const char *why;

	assert_int_equal(head(&f, sizeof f, FILESIZE, &h, &why), 0);
}

static void a_good_header_is_read(void **state)
{
	struct file f = good();
	struct elf_head h;
	const char *why;

	(void)state;
	assert_int_equal(elf_head(&f, sizeof f, FILESIZE, &want, &h, &why), 0);
	assert_int_equal(h.type, ET_DYN);
	assert_int_equal(h.phnum, NPH);
	assert_int_equal(h.phoff, sizeof f.e);
	assert_ptr_equal(h.ph, f.ph);
	assert_int_equal(h.entry, 0x1234);
	assert_int_equal(h.lo, 0x10000);
	assert_int_equal(h.hi, 0x13800);
	assert_int_equal(h.align, 0x4000);
	assert_ptr_equal(h.dynamic, &f.ph[DYNAMIC]);
	assert_ptr_equal(h.interp, &f.ph[INTERP]);
	assert_ptr_equal(h.tls, &f.ph[TLS]);
	assert_ptr_equal(h.relro, &f.ph[RELRO]);
	assert_ptr_equal(h.stack, &f.ph[STACK]);
}

static void a_program_is_read_as_well(void **state)
{
	struct file f = good();
	struct elf_head h;
	const char *why;

	(void)state;
	f.e.e_type = ET_EXEC;
	assert_int_equal(head(&f, sizeof f, FILESIZE, &h, &why), 0);
	assert_int_equal(h.type, ET_EXEC);
}

static void segments_that_are_absent_are_null(void **state)
{
	struct file f = good();
	struct elf_head h;
	const char *why;

	(void)state;
	f.e.e_phnum = 1;
	f.ph[TEXT].p_align = 0;
	assert_int_equal(head(&f, sizeof f, FILESIZE, &h, &why), 0);
	assert_null(h.dynamic);
	assert_null(h.interp);
	assert_null(h.tls);
	assert_null(h.relro);
	assert_null(h.stack);
	assert_int_equal(h.align, 1);
	assert_int_equal(h.hi, 0x11800);
}

static void an_empty_file_is_refused(void **state)
{
	(void)state;
	refused_bytes("", 0, 0, "file too short (it is empty)");
}

static void a_script_is_called_a_script(void **state)
{
	struct file f = good();

	(void)state;
	refused_bytes("#!", 2, 2, "invalid ELF header (it is a script)");
	refused_bytes("#!/bin/sh\n", 10, 10,
		      "invalid ELF header (it is a script)");
	memcpy(f.e.e_ident, "#!/b", 4);
	refused(f, "invalid ELF header (it is a script)");
}

static void other_files_are_not_elf(void **state)
{
	struct file f;

	(void)state;
	refused_bytes("x", 1, 1,
		      "invalid ELF header (it is not an ELF object)");
	refused_bytes("#", 1, 1,
		      "invalid ELF header (it is not an ELF object)");
	refused_bytes("\177ELF", 4, 4,
		      "invalid ELF header (it is not an ELF object)");
	refused_bytes("", 0, 100,
		      "invalid ELF header (it is not an ELF object)");
	for (int i = 0; i < SELFMAG; i++) {
		f = good();
		f.e.e_ident[i] ^= 1;
		refused(f, "invalid ELF header (it is not an ELF object)");
	}
}

static void the_other_class_is_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.e.e_ident[EI_CLASS] = ELFCLASS32;
	refused(f, "is a 32-bit object (wrong ELF class)");
	f.e.e_ident[EI_CLASS] = 7;
	refused(f, "has the wrong ELF class");
}

static void the_other_byte_order_is_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.e.e_ident[EI_DATA] = ELFDATA2MSB;
	refused(f, "has the wrong byte order");
}

static void an_unknown_elf_version_is_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.e.e_ident[EI_VERSION] = 2;
	refused(f, "has an unknown ELF version");
}

static void every_incomplete_header_is_refused(void **state)
{
	struct file f = good();
	struct elf_head h;
	const char *why;

	(void)state;
	for (size_t len = 0; len < sizeof f.e; len++) {
		assert_int_equal(head(&f, len, len, &h, &why), -1);
		assert_non_null(why);
	}
	refused_bytes(&f, EI_NIDENT, EI_NIDENT,
		      "is truncated (its ELF header is incomplete)");
	refused_bytes(&f, sizeof f.e - 1, FILESIZE,
		      "is truncated (its ELF header is incomplete)");
}

static void another_machine_is_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.e.e_machine = EM_AARCH64;
	refused(f, "is for another machine");
}

/* MIPS o32 and n32 are one machine and class. */
static void another_abi_is_refused(void **state)
{
	struct elf_want n32 = want;
	struct file f = good();
	struct elf_head h;
	const char *why;

	(void)state;
	n32.eflags_mask = n32.eflags = EF_MIPS_ABI2;
	assert_int_equal(elf_head(&f, sizeof f, FILESIZE, &n32, &h, &why), -1);
	assert_string_equal(why, "is for another ABI of this machine");
	f.e.e_flags = EF_MIPS_ABI2 | EF_MIPS_PIC;
	assert_int_equal(elf_head(&f, sizeof f, FILESIZE, &n32, &h, &why), 0);
	n32.eflags = 0;
	assert_int_equal(elf_head(&f, sizeof f, FILESIZE, &n32, &h, &why), -1);
}

static void types_that_are_not_loaded_are_refused_by_name(void **state)
{
	struct file f = good();

	(void)state;
	f.e.e_type = ET_REL;
	refused(f, "is a relocatable object, not a shared one");
	f.e.e_type = ET_CORE;
	refused(f, "is a core dump");
	f.e.e_type = ET_NONE;
	refused(f, "is neither a program nor a shared object");
	f.e.e_type = 0xfe00;
	refused(f, "is neither a program nor a shared object");
}

static void unusable_program_headers_are_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.e.e_phnum = 0;
	refused(f, "has no usable program headers");
	f = good();
	f.e.e_phentsize = sizeof(Elf32_Phdr);
	refused(f, "has no usable program headers");
}

static void too_many_program_headers_are_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.e.e_phnum = 1025;
	refused_bytes(&f, sizeof f, 1 << 20, "has too many program headers");
	f.e.e_phnum = 0xffff;
	refused_bytes(&f, sizeof f, 1 << 30, "has too many program headers");
}

static void program_headers_beyond_the_file_are_refused(void **state)
{
	static const char text[] =
		"is truncated (its program headers are incomplete)";
	struct file f = good();

	(void)state;
	refused_bytes(&f, sizeof f, sizeof f - 1, text);
	f.e.e_phoff = FILESIZE + 8;
	refused(f, text);
	f.e.e_phoff = FILESIZE - 8;
	refused(f, text);
	f.e.e_phoff = UINT64_MAX - 7; /* plus the table wraps */
	refused(f, text);
	f.e.e_phoff = sizeof f.e + 4; /* misaligned */
	refused(f, text);
}

static void headers_past_the_bytes_read_are_asked_for(void **state)
{
	struct file f = good();
	struct elf_head h;
	const char *why;

	(void)state;
	assert_int_equal(head(&f, sizeof f - 1, FILESIZE, &h, &why), 1);
	assert_int_equal(h.phoff, sizeof f.e);
	assert_int_equal(h.phnum, NPH);
	assert_int_equal(head(&f, sizeof f.e, FILESIZE, &h, &why), 1);
	f.e.e_phoff = 0x2000;
	assert_int_equal(head(&f, sizeof f, FILESIZE, &h, &why), 1);
	assert_int_equal(h.phoff, 0x2000);
	f.e.e_phoff = UINT64_MAX - 0x1007; /* of a file as large */
	assert_int_equal(head(&f, sizeof f, UINT64_MAX, &h, &why), 1);
}

static void a_file_size_above_the_memory_size_is_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[TEXT].p_filesz = f.ph[TEXT].p_memsz + 1;
	refused(f, "has a segment whose file size exceeds its memory size");
}

static void a_segment_past_the_end_of_the_file_is_refused(void **state)
{
	static const char text[] =
		"is truncated (a segment reaches past the end of the file)";
	struct file f = good();

	(void)state;
	refused_bytes(&f, sizeof f, FILESIZE - 1, text);
	f.ph[DATA].p_offset = FILESIZE + 1;
	refused(f, text);
	f = good();
	f.ph[DATA].p_offset = UINT64_MAX - 0x7ff; /* plus its size wraps */
	refused(f, text);
}

static void a_segment_outside_the_address_space_is_refused(void **state)
{
	static const char text[] = "has a segment outside the address space";
	struct file f = good();

	(void)state;
	f.ph[DATA].p_vaddr = UINT64_MAX - 0x7ff;
	refused(f, text);
	f = good();
	f.ph[DATA].p_memsz = UINT64_MAX;
	refused(f, text);
	f = good(); /* its last page would end beyond */
	f.ph[DATA].p_memsz = UINT64_MAX - f.ph[DATA].p_vaddr - 1;
	refused(f, text);
}

static void offset_and_address_must_agree_modulo_the_page(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[DATA].p_vaddr += 8;
	refused(f, "has a segment whose offset and address disagree modulo "
		   "the page size");
	f.ph[DATA].p_filesz = 0; /* nothing is mapped from the file */
	f.e.e_phnum = 2;
	accepted(f);
}

static void segment_alignment_must_be_a_power_of_two(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[TEXT].p_align = 0x3000;
	refused(f, "has a segment alignment that is not a power of two");
}

static void overlapping_segments_are_refused(void **state)
{
	static const char text[] =
		"has segments that overlap or are out of order";
	struct file f = good();
	Elf64_Phdr swap;

	(void)state;
	f.ph[TEXT].p_memsz = 0x2801;
	refused(f, text);
	f = good();
	swap = f.ph[TEXT];
	f.ph[TEXT] = f.ph[DATA];
	f.ph[DATA] = swap;
	refused(f, text);
}

/* The mapping of the second would take the page from the first. */
static void segments_on_one_page_are_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[TEXT].p_memsz = 0x2800; /* DATA begins in the middle of a page */
	refused(f, "has segments that share a page");
	f.ph[TEXT].p_memsz = 0x2001;
	refused(f, "has segments that share a page");
	f.ph[TEXT].p_memsz = 0x2000;
	accepted(f);
}

static void a_writable_executable_segment_is_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[DATA].p_flags |= PF_X;
	refused(f, "has a segment that is both writable and executable");
}

static void empty_segments_are_passed_over(void **state)
{
	struct file f = good();
	struct elf_head h;
	const char *why;

	(void)state;
	f.ph[STACK] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_align = 3 };
	assert_int_equal(head(&f, sizeof f, FILESIZE, &h, &why), 0);
	assert_int_equal(h.lo, 0x10000);
	assert_int_equal(h.hi, 0x13800);
}

static void tls_alignment_must_be_a_power_of_two(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[TLS].p_align = 24;
	refused(f, "has a TLS alignment that is not a power of two");
}

static void a_malformed_tls_segment_is_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[TLS].p_filesz = f.ph[TLS].p_memsz + 1;
	refused(f, "has a malformed TLS segment");
	f = good();
	f.ph[TLS].p_memsz = UINT64_MAX / 2;
	refused(f, "has a malformed TLS segment");
	f.ph[TLS].p_memsz = (1 << 30) + 1; /* sums of sizes must not wrap */
	refused(f, "has a malformed TLS segment");
	f = good();
	f.ph[TLS].p_align = 1 << 21;
	refused(f, "has a malformed TLS segment");
	f.ph[TLS].p_align = 1 << 20;
	accepted(f);
}

static void a_tls_image_outside_the_segments_is_refused(void **state)
{
	static const char text[] = "has a TLS image outside its segments";
	struct file f = good();

	(void)state;
	f.ph[TLS].p_vaddr = 0xfff0;
	refused(f, text);
	f.ph[TLS].p_vaddr = 0x13801;
	refused(f, text);
	f.ph[TLS].p_vaddr = 0x137f0;
	refused(f, text);
	f.ph[TLS].p_filesz = 0; /* zeros only: no image to copy */
	accepted(f);
	f = good();
	f.ph[TLS].p_vaddr = f.ph[DATA].p_vaddr + f.ph[DATA].p_filesz;
	refused(f, text); /* in bss */
	f = good();
	f.ph[DATA].p_flags = f.ph[TEXT].p_flags = PF_X;
	refused(f, text); /* where it cannot be read */
}

static void something_must_be_loadable(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[TEXT].p_type = PT_NULL;
	f.ph[DATA].p_type = PT_NOTE;
	refused(f, "has no loadable segment");
	f = good();
	f.ph[TEXT].p_memsz = f.ph[TEXT].p_filesz = 0;
	f.ph[DATA].p_memsz = f.ph[DATA].p_filesz = 0;
	refused(f, "has no loadable segment");
}

static void too_wide_a_span_is_refused(void **state)
{
	struct file f = good();

	(void)state;
	f.ph[DATA].p_vaddr = UINT64_MAX / 2 + 1 + 0x800;
	refused(f, "spans too much address space");
}

static void a_dynamic_section_outside_is_refused(void **state)
{
	static const char text[] = "has a dynamic section outside its segments";
	struct file f = good();

	(void)state;
	f.ph[DYNAMIC].p_vaddr = 0xfff8;
	refused(f, text);
	f.ph[DYNAMIC].p_vaddr = 0x13808;
	refused(f, text);
	f.ph[DYNAMIC].p_vaddr = 0x13708;
	refused(f, text);
	f.ph[DYNAMIC].p_vaddr = 0x13700;
	accepted(f);
	f.ph[DYNAMIC].p_memsz = UINT64_MAX;
	refused(f, text);
}

static void a_relro_segment_outside_is_refused(void **state)
{
	static const char text[] = "has a RELRO segment outside its segments";
	struct file f = good();

	(void)state;
	f.ph[RELRO].p_vaddr = 0xf000;
	refused(f, text);
	f.ph[RELRO].p_vaddr = 0x14000;
	refused(f, text);
	f = good();
	f.ph[RELRO].p_memsz = 0x1000 + PAGE; /* up to the end of its page */
	accepted(f);
	f.ph[RELRO].p_memsz++;
	refused(f, text);
	f.ph[RELRO].p_memsz = UINT64_MAX;
	refused(f, text);
}

static void a_bare_table_is_checked_alike(void **state)
{
	struct file f = good();
	struct elf_head h = { 0 };
	const char *why = NULL;

	(void)state;
	assert_int_equal(elf_phdrs(f.ph, NPH, UINT64_MAX, 1, &h, &why), 0);
	assert_int_equal(h.phnum, NPH);
	assert_int_equal(h.hi, 0x13800);
	memset(&h, 0, sizeof h);
	assert_int_equal(elf_phdrs(f.ph, 0, UINT64_MAX, 1, &h, &why), -1);
	assert_string_equal(why, "has no loadable segment");
}

/* ---- elf_at ---- */

static void at_finds_bytes_of_a_flat_file(void **state)
{
	static const unsigned char flat[FILESIZE];
	struct file f = good();
	struct elf_view v = { f.ph, NPH, 0, flat, sizeof flat, 0, 0, NULL };
	size_t left;

	(void)state;
	assert_ptr_equal(elf_at(&v, 0x10000, &left), flat);
	assert_int_equal(left, 0x1800);
	assert_ptr_equal(elf_at(&v, 0x117ff, &left), flat + 0x17ff);
	assert_int_equal(left, 1);
	assert_ptr_equal(elf_at(&v, 0x12810, &left), flat + 0x1810);
	assert_int_equal(left, 0xbf0);
}

static void at_finds_nothing_outside_the_file(void **state)
{
	static const unsigned char flat[FILESIZE];
	struct file f = good();
	struct elf_view v = { f.ph, NPH, 0, flat, sizeof flat, 0, 0, NULL };
	size_t left = 1;

	(void)state;
	assert_null(elf_at(&v, 0, &left));
	assert_int_equal(left, 0);
	assert_null(elf_at(&v, 0xffff, &left));
	assert_null(elf_at(&v, 0x11800, &left)); /* between the segments */
	assert_null(elf_at(&v, 0x13400, &left)); /* zeros, not in the file */
	assert_null(elf_at(&v, UINTPTR_MAX, &left));
	v.flat_size--; /* cut short: no byte of that segment is given */
	assert_null(elf_at(&v, 0x12800, &left));
	v.flat_size = 0x1000;
	assert_null(elf_at(&v, 0x12800, &left));
}

static void at_adds_the_bias_of_a_mapped_object(void **state)
{
	struct file f = good();
	struct elf_view v = { f.ph, NPH, 0x500000, NULL, 0, 0, 0, NULL };
	size_t left;

	(void)state;
	assert_int_equal((uintptr_t)elf_at(&v, 0x10010, &left), 0x510010);
	assert_int_equal(left, 0x17f0);
	assert_int_equal((uintptr_t)elf_at(&v, 0x133ff, &left), 0x5133ff);
	assert_int_equal(left, 1);
	assert_null(elf_at(&v, 0x13400, &left)); /* bss: no table lies there */
	assert_null(elf_at(&v, 0x13800, &left));
	assert_null(elf_at(&v, 0x510010, &left));
}

static void at_finds_nothing_that_cannot_be_read(void **state)
{
	struct file f = good();
	struct elf_view v = { f.ph, NPH, 0x500000, NULL, 0, 0, 0, NULL };
	size_t left;

	(void)state;
	f.ph[TEXT].p_flags = PF_X;
	assert_null(elf_at(&v, 0x10010, &left));
	f.ph[TEXT].p_flags = 0;
	assert_null(elf_at(&v, 0x10010, &left));
}

static void at_takes_the_bias_out_of_adjusted_pointers(void **state)
{
	struct file f = good();
	struct elf_view v = { f.ph, NPH, 0x500000, NULL, 0, 1, 0, NULL };
	size_t left;

	(void)state;
	assert_int_equal((uintptr_t)elf_at(&v, 0x510010, &left), 0x510010);
	assert_int_equal((uintptr_t)elf_at(&v, 0x10010, &left), 0x510010);
}

/* The kernel maps whole pages: what the file has before and behind a segment's
 * part of it can be read. */
static void at_reads_to_both_ends_of_the_page(void **state)
{
	struct file f = good();
	struct elf_view v = { f.ph, NPH, 0x500000, NULL, 0, 0, PAGE, NULL };
	size_t left;

	(void)state;
	f.ph[TEXT].p_vaddr -= PAGE; /* no neighbours */
	assert_int_equal((uintptr_t)elf_at(&v, 0x10800, &left), 0x510800);
	assert_int_equal(left, 0x800);
	assert_int_equal((uintptr_t)elf_at(&v, 0x10fff, &left), 0x510fff);
	assert_int_equal(left, 1);
	assert_null(elf_at(&v, 0x11000, &left));
	assert_null(elf_at(&v, 0xefff, &left));
	assert_int_equal((uintptr_t)elf_at(&v, 0x12000, &left), 0x512000);
	assert_int_equal(left, 0x1400);
	assert_null(elf_at(&v, 0x13400, &left)); /* zeros up to p_memsz */
}

/* patchelf puts a new segment before the first, and a table over both. */
static void at_goes_on_over_segments_that_adjoin(void **state)
{
	struct file f = good();
	struct elf_view v = { f.ph, NPH, 0x500000, NULL, 0, 0, PAGE, NULL };
	size_t left;

	(void)state;
	assert_non_null(elf_at(&v, 0x10010, &left));
	assert_int_equal(left, 0x33f0);
	f.ph[TEXT].p_memsz += 8; /* zeros are no part of a table */
	assert_non_null(elf_at(&v, 0x10010, &left));
	assert_int_equal(left, 0x17f0);
	f.ph[TEXT].p_memsz -= 8;
	f.ph[DATA].p_flags = 0; /* nor what cannot be read */
	assert_non_null(elf_at(&v, 0x10010, &left));
	assert_int_equal(left, 0x1ff0);
	f.ph[DATA].p_flags = PF_R;
	v.page = 0; /* no pages: there is a gap */
	assert_non_null(elf_at(&v, 0x10010, &left));
	assert_int_equal(left, 0x17f0);
}

/* In the file they adjoin if they do in memory, and lie alike. */
static void at_goes_on_in_a_flat_file(void **state)
{
	static const unsigned char flat[FILESIZE];
	struct file f = good();
	struct elf_view v = { f.ph, NPH, 0, flat, sizeof flat, 0, PAGE, NULL };
	size_t left;

	(void)state;
	assert_ptr_equal(elf_at(&v, 0x10010, &left), flat + 0x10);
	assert_int_equal(left, 0x1ff0); /* the data lies elsewhere */
	f.ph[DATA].p_offset = 0x2000;
	f.ph[DATA].p_vaddr = 0x12000;
	f.ph[DATA].p_filesz = f.ph[DATA].p_memsz = FILESIZE - 0x2000;
	assert_ptr_equal(elf_at(&v, 0x10010, &left), flat + 0x10);
	assert_int_equal(left, FILESIZE - 0x10); /* the file ends in a page */
	assert_ptr_equal(elf_at(&v, 0x12010, &left), flat + 0x2010);
	assert_int_equal(left, FILESIZE - 0x2010);
	assert_null(elf_at(&v, 0x10000 + FILESIZE, &left));
	v.flat_size--; /* cut short: the second is not there */
	assert_ptr_equal(elf_at(&v, 0x10010, &left), flat + 0x10);
	assert_int_equal(left, 0x1ff0);
}

static void at_the_end_of_the_address_space_nothing_wraps(void **state)
{
	Elf64_Phdr ph = { .p_type = PT_LOAD,
			  .p_flags = PF_R,
			  .p_vaddr = UINTPTR_MAX - 0x10,
			  .p_filesz = 8,
			  .p_memsz = 8 };
	struct elf_view v = { &ph, 1, 0, NULL, 0, 0, PAGE, NULL };
	size_t left;

	(void)state;
	assert_non_null(elf_at(&v, UINTPTR_MAX - 0x10, &left));
	assert_int_equal(left, 8);
	assert_null(elf_at(&v, 0, &left));
}

/* Whatever the bytes, nothing outside them is read (address checker). */
static void random_headers_are_survived(void **state)
{
	struct elf_head h;
	const char *why;

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		struct file f = good();
		unsigned char *p = (unsigned char *)&f;
		int ret;

		for (int k = rand() % 4; k >= 0; k--)
			p[(size_t)rand() % sizeof f] = (unsigned char)rand();
		ret = head(&f, (size_t)rand() % (sizeof f + 1), FILESIZE, &h,
			   &why);
		assert_true(ret >= -1 && ret <= 1);
		if (ret < 0)
			assert_non_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_header_is_read),
		cmocka_unit_test(a_program_is_read_as_well),
		cmocka_unit_test(segments_that_are_absent_are_null),
		cmocka_unit_test(an_empty_file_is_refused),
		cmocka_unit_test(a_script_is_called_a_script),
		cmocka_unit_test(other_files_are_not_elf),
		cmocka_unit_test(the_other_class_is_refused),
		cmocka_unit_test(the_other_byte_order_is_refused),
		cmocka_unit_test(an_unknown_elf_version_is_refused),
		cmocka_unit_test(every_incomplete_header_is_refused),
		cmocka_unit_test(another_machine_is_refused),
		cmocka_unit_test(another_abi_is_refused),
		cmocka_unit_test(types_that_are_not_loaded_are_refused_by_name),
		cmocka_unit_test(unusable_program_headers_are_refused),
		cmocka_unit_test(too_many_program_headers_are_refused),
		cmocka_unit_test(program_headers_beyond_the_file_are_refused),
		cmocka_unit_test(headers_past_the_bytes_read_are_asked_for),
		cmocka_unit_test(a_file_size_above_the_memory_size_is_refused),
		cmocka_unit_test(a_segment_past_the_end_of_the_file_is_refused),
		cmocka_unit_test(
			a_segment_outside_the_address_space_is_refused),
		cmocka_unit_test(offset_and_address_must_agree_modulo_the_page),
		cmocka_unit_test(segment_alignment_must_be_a_power_of_two),
		cmocka_unit_test(overlapping_segments_are_refused),
		cmocka_unit_test(segments_on_one_page_are_refused),
		cmocka_unit_test(a_writable_executable_segment_is_refused),
		cmocka_unit_test(empty_segments_are_passed_over),
		cmocka_unit_test(tls_alignment_must_be_a_power_of_two),
		cmocka_unit_test(a_malformed_tls_segment_is_refused),
		cmocka_unit_test(a_tls_image_outside_the_segments_is_refused),
		cmocka_unit_test(something_must_be_loadable),
		cmocka_unit_test(too_wide_a_span_is_refused),
		cmocka_unit_test(a_dynamic_section_outside_is_refused),
		cmocka_unit_test(a_relro_segment_outside_is_refused),
		cmocka_unit_test(a_bare_table_is_checked_alike),
		cmocka_unit_test(at_finds_bytes_of_a_flat_file),
		cmocka_unit_test(at_finds_nothing_outside_the_file),
		cmocka_unit_test(at_adds_the_bias_of_a_mapped_object),
		cmocka_unit_test(at_finds_nothing_that_cannot_be_read),
		cmocka_unit_test(at_takes_the_bias_out_of_adjusted_pointers),
		cmocka_unit_test(at_reads_to_both_ends_of_the_page),
		cmocka_unit_test(at_goes_on_over_segments_that_adjoin),
		cmocka_unit_test(at_goes_on_in_a_flat_file),
		cmocka_unit_test(at_the_end_of_the_address_space_nothing_wraps),
		cmocka_unit_test(random_headers_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
