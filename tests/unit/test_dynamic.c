/* SPDX-License-Identifier: MIT */
/* elf/dynamic.c: each check of the dynamic section tripped by an object spoilt
 * for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "elf/elf_file.h"
#include "elf/symbol.h"

enum { BASE = 0x10000, NDYN = 56, NSYM = 4 };

static const char strings[] = "\0liba.so\0libb.so\0self.so\0/opt/lib\0foo\0bar";
enum { LIBA = 1, LIBB = 9, SELF = 17, PATH = 25, FOO = 34, BAR = 38 };

/* A whole object of one segment at BASE; tests spoil it. */
struct img {
	Elf64_Dyn dyn[NDYN];
	Elf64_Sym sym[NSYM];
	char str[48];
	uint32_t gnu[4];
	uint64_t bloom;
	uint32_t gnu_rest[1 + 3];
	uint32_t sysv[2 + 1 + NSYM];
	uint32_t xhash[4 + 2 + 1 + 2 + 2];
	uint32_t pad[2];
	Elf64_Rela rela[3], jmprel[2];
	Elf64_Rel rel[3], jmprel_rel[1];
	Elf64_Addr relr[2], array[4];
	uint32_t ver[4];
	Elf64_Half versym[NSYM];
};

#define V(field) (BASE + offsetof(struct img, field))

static void set(struct img *m, int64_t tag, uint64_t val)
{
	int i = 0;

	while (m->dyn[i].d_tag != DT_NULL && m->dyn[i].d_tag != tag)
		i++;
	assert_in_range(i, 0, NDYN - 2);
	m->dyn[i].d_tag = tag;
	m->dyn[i].d_un.d_val = val;
}

static void append(struct img *m, int64_t tag, uint64_t val)
{
	int i = 0;

	while (m->dyn[i].d_tag != DT_NULL)
		i++;
	assert_in_range(i, 0, NDYN - 2);
	m->dyn[i].d_tag = tag;
	m->dyn[i].d_un.d_val = val;
}

/* Not DT_NULL, which would end the section. */
static void drop(struct img *m, int64_t tag)
{
	for (int i = 0; i < NDYN; i++)
		if (m->dyn[i].d_tag == tag)
			m->dyn[i].d_tag = 0x60000000;
}

static struct img good(void)
{
	struct img m;

	memset(&m, 0, sizeof m);
	memcpy(m.str, strings, sizeof strings);
	m.sym[2].st_name = FOO;
	m.sym[3].st_name = BAR;
	m.gnu[0] = 1; /* buckets */
	m.gnu[1] = 2; /* symndx */
	m.gnu[2] = 1; /* filter words */
	m.gnu[3] = 6; /* shift */
	m.bloom = UINT64_MAX;
	m.gnu_rest[0] = 2;
	m.gnu_rest[1] = elf_gnu_hash("foo") & ~1u;
	m.gnu_rest[2] = elf_gnu_hash("bar") | 1;
	m.sysv[0] = 1;
	m.sysv[1] = NSYM;
	m.sysv[2] = 2;	   /* bucket */
	m.sysv[3 + 2] = 3; /* chain */
	memcpy(m.xhash, m.gnu, sizeof m.gnu);
	m.xhash[4] = m.xhash[5] = UINT32_MAX;
	memcpy(m.xhash + 6, m.gnu_rest, 3 * 4);
	m.xhash[9] = 3;
	m.xhash[10] = 2;
	append(&m, DT_NEEDED, LIBA);
	append(&m, DT_NEEDED, LIBB);
	append(&m, DT_SONAME, SELF);
	append(&m, DT_STRTAB, V(str));
	append(&m, DT_STRSZ, sizeof strings);
	append(&m, DT_SYMTAB, V(sym));
	append(&m, DT_GNU_HASH, V(gnu));
	append(&m, DT_HASH, V(sysv));
	append(&m, DT_VERSYM, V(versym));
	append(&m, DT_RELA, V(rela));
	append(&m, DT_RELASZ, sizeof m.rela);
	append(&m, DT_RELAENT, sizeof m.rela[0]);
	append(&m, DT_RELACOUNT, 2);
	append(&m, DT_JMPREL, V(jmprel));
	append(&m, DT_PLTRELSZ, sizeof m.jmprel);
	append(&m, DT_PLTREL, DT_RELA);
	append(&m, DT_RELR, V(relr));
	append(&m, DT_RELRSZ, sizeof m.relr);
	append(&m, DT_INIT_ARRAY, V(array));
	append(&m, DT_INIT_ARRAYSZ, 16);
	append(&m, DT_FINI_ARRAY, V(array[2]));
	append(&m, DT_FINI_ARRAYSZ, 8);
	append(&m, DT_PREINIT_ARRAY, V(array[3]));
	append(&m, DT_PREINIT_ARRAYSZ, 8);
	append(&m, DT_VERDEF, V(ver));
	append(&m, DT_VERDEFNUM, 1);
	append(&m, DT_VERNEED, V(ver[1]));
	append(&m, DT_VERNEEDNUM, 2);
	append(&m, DT_DEBUG, 0);
	return m;
}

static int read_at(const struct img *m, uint16_t machine, uintptr_t at,
		   size_t size, struct elf_dyn *d, const char **why)
{
	const Elf64_Phdr ph = { .p_type = PT_LOAD,
				.p_flags = PF_R,
				.p_vaddr = BASE,
				.p_filesz = sizeof *m,
				.p_memsz = sizeof *m };
	const struct elf_view v = { &ph,       1, 0, (const void *)m,
				    sizeof *m, 0, 0, NULL };

	*why = NULL;
	return elf_dynamic(&v, machine, at, size, d, why);
}

static struct elf_dyn accepted(const struct img *m, uint16_t machine)
{
	struct elf_dyn d;
	const char *why;

	if (read_at(m, machine, BASE, sizeof m->dyn, &d, &why))
		fail_msg("refused: %s", why);
	return d;
}

/* The bytes end where their allocation does, so that the address checker sees
 * a reader that goes too far. */
static void refused(const struct img *m, const char *text)
{
	struct img *copy = malloc(sizeof *m);
	struct elf_dyn d;
	const char *why;

	memcpy(copy, m, sizeof *m);
	assert_int_equal(
		read_at(copy, EM_X86_64, BASE, sizeof m->dyn, &d, &why), -1);
	assert_string_equal(why, text);
	free(copy);
}

/* tag with val is refused. */
static void refused_tag(int64_t tag, uint64_t val, const char *text)
{
	struct img m = good();

	set(&m, tag, val);
	refused(&m, text);
}

static uint32_t find(const struct elf_dyn *d, const char *name)
{
	struct elf_walk w = { 0 };
	uint32_t i;

	do
		i = elf_needs_sysv(d) ?
			    elf_walk_sysv(d, elf_sysv_hash(name), &w) :
			    elf_walk_gnu(d, elf_gnu_hash(name), &w);
	while (i && strcmp(elf_str(d, d->symtab[i].st_name), name));
	return i;
}

static void a_good_section_is_read(void **state)
{
	struct img m = good();
	struct elf_dyn d = accepted(&m, EM_X86_64);

	(void)state;
	assert_ptr_equal(d.dyn, m.dyn);
	assert_int_equal(d.ndyn, 29);
	assert_ptr_equal(d.strtab, m.str);
	assert_int_equal(d.strsz, sizeof strings);
	assert_ptr_equal(d.symtab, m.sym);
	assert_int_equal(d.nsym, NSYM);
	assert_string_equal(d.soname, "self.so");
	assert_null(d.rpath);
	assert_null(d.runpath);
	assert_int_equal(d.nneeded, 2);
	assert_ptr_equal(d.versym, m.versym);
	assert_ptr_equal(d.rela, m.rela);
	assert_int_equal(d.nrela, 3);
	assert_int_equal(d.nrelative, 2);
	assert_null(d.rel);
	assert_ptr_equal(d.jmprel, m.jmprel);
	assert_int_equal(d.njmprel, 2);
	assert_true(d.jmprel_is_rela);
	assert_ptr_equal(d.relr, m.relr);
	assert_int_equal(d.nrelr, 2);
	assert_int_equal(d.init_array, V(array));
	assert_int_equal(d.ninit, 2);
	assert_int_equal(d.nfini, 1);
	assert_int_equal(d.npreinit, 1);
	assert_ptr_equal(d.verdef, m.ver);
	assert_int_equal(d.verdef_left, sizeof m - offsetof(struct img, ver));
	assert_int_equal(d.nverdef, 1);
	assert_ptr_equal(d.verneed, m.ver + 1);
	assert_int_equal(d.nverneed, 2);
	assert_int_equal(d.debug_vaddr, BASE + 28 * 16 + 8);
	assert_int_equal(d.symbolic + d.textrel + d.bind_now, 0);
}

static void symbols_are_found_by_either_table(void **state)
{
	struct img m = good();
	struct elf_dyn d = accepted(&m, EM_X86_64);

	(void)state;
	assert_false(elf_needs_sysv(&d));
	assert_int_equal(find(&d, "foo"), 2);
	assert_int_equal(find(&d, "bar"), 3);
	assert_int_equal(find(&d, "baz"), 0);
	drop(&m, DT_GNU_HASH);
	d = accepted(&m, EM_X86_64);
	assert_true(elf_needs_sysv(&d));
	assert_int_equal(find(&d, "foo"), 2);
	assert_int_equal(find(&d, "bar"), 3);
	assert_int_equal(find(&d, "baz"), 0);
}

static void mips_xhash_translates_to_symbols(void **state)
{
	struct img m = good();
	struct elf_dyn d;

	(void)state;
	drop(&m, DT_GNU_HASH);
	append(&m, DT_MIPS_XHASH, V(xhash));
	append(&m, DT_MIPS_SYMTABNO, NSYM);
	m.sym[3].st_name = FOO;
	m.sym[2].st_name = BAR;
	d = accepted(&m, EM_MIPS);
	assert_non_null(d.gnu.xlat);
	assert_int_equal(find(&d, "foo"), 3);
	assert_int_equal(find(&d, "bar"), 2);
	d = accepted(&m, EM_X86_64); /* means nothing there */
	assert_null(d.gnu.xlat);
}

static void processor_tags_count_for_their_machine_only(void **state)
{
	struct img m = good();
	struct elf_dyn d;

	(void)state;
	append(&m, DT_MIPS_LOCAL_GOTNO, 11);
	append(&m, DT_MIPS_SYMTABNO, 12);
	append(&m, DT_MIPS_GOTSYM, 13);
	append(&m, DT_MIPS_FLAGS, 14);
	append(&m, DT_MIPS_PLTGOT, 15);
	append(&m, DT_MIPS_IVERSION, PATH);
	d = accepted(&m, EM_MIPS);
	assert_int_equal(d.mips_local_gotno, 11);
	assert_int_equal(d.mips_symtabno, 12);
	assert_int_equal(d.mips_gotsym, 13);
	assert_int_equal(d.mips_flags, 14);
	assert_int_equal(d.mips_pltgot, 15);
	assert_string_equal(d.mips_iversion, "/opt/lib");
	assert_false(d.aarch64_variant_pcs);
	d = accepted(&m, EM_AARCH64);
	assert_int_equal(d.mips_gotsym, 0);
	assert_true(d.aarch64_variant_pcs); /* DT_MIPS_FLAGS's number */
	assert_false(accepted(&m, EM_X86_64).aarch64_variant_pcs);
}

/* DT_DEBUG lies in read-only memory on MIPS; the entry of the relative form
 * is what it is relative to. */
static void debug_word_is_where_the_machine_has_it(void **state)
{
	struct img m = good();
	uintptr_t at;

	(void)state;
	append(&m, DT_DEBUG, 0);
	at = accepted(&m, EM_X86_64).debug_vaddr;
	assert_in_range(at, BASE, BASE + sizeof m.dyn - 1);
	assert_int_equal(m.dyn[(at - BASE) / sizeof m.dyn[0]].d_tag, DT_DEBUG);
	assert_int_equal(accepted(&m, EM_MIPS).debug_vaddr, 0);
	append(&m, DT_MIPS_RLD_MAP, V(array));
	assert_int_equal(accepted(&m, EM_MIPS).debug_vaddr, V(array));
	for (int i = 0;; i++)
		if (m.dyn[i].d_tag == DT_NULL) {
			append(&m, DT_MIPS_RLD_MAP_REL,
			       V(array[1]) - BASE -
				       (size_t)i * sizeof m.dyn[0]);
			break;
		}
	assert_int_equal(accepted(&m, EM_MIPS).debug_vaddr, V(array[1]));
	assert_int_equal(accepted(&m, EM_X86_64).debug_vaddr, at);
}

static void mips_liblist_tells_flags_and_version_of_a_library(void **state)
{
	struct img m = good();
	struct elf_dyn d;
	const Elf64_Phdr ph = { .p_type = PT_LOAD,
				.p_flags = PF_R,
				.p_vaddr = BASE,
				.p_filesz = sizeof m,
				.p_memsz = sizeof m };
	const struct elf_view v = { &ph,      1, 0, (const void *)&m,
				    sizeof m, 0, 0, NULL };
	uint32_t flags = 0;
	const char *want = NULL;
	Elf32_Lib *l = (Elf32_Lib *)m.rela; /* room that is not read */

	(void)state;
	append(&m, DT_MIPS_LIBLIST, V(rela));
	append(&m, DT_MIPS_LIBLISTNO, 2);
	l[0] = (Elf32_Lib){ .l_name = LIBB, .l_flags = 1 };
	l[1] = (Elf32_Lib){ .l_name = LIBA,
			    .l_version = FOO,
			    .l_flags = LL_DELAY_LOAD };
	d = accepted(&m, EM_X86_64); /* the tags mean nothing there */
	assert_false(elf_mips_liblist(&v, &d, "liba.so", &flags, &want));
	d = accepted(&m, EM_MIPS);
	assert_true(elf_mips_liblist(&v, &d, "liba.so", &flags, &want));
	assert_int_equal(flags, LL_DELAY_LOAD);
	assert_string_equal(want, "foo");
	assert_true(elf_mips_liblist(&v, &d, "libb.so", &flags, &want));
	assert_int_equal(flags, 1);
	assert_null(want);
	assert_false(elf_mips_liblist(&v, &d, "libc.so", &flags, &want));
	d.mips_liblistno = SIZE_MAX / 20 + 3;
	assert_false(elf_mips_liblist(&v, &d, "liba.so", &flags, &want));
	d.mips_liblistno = 2;
	d.mips_liblist = 4;
	assert_false(elf_mips_liblist(&v, &d, "liba.so", &flags, &want));
}

static void flags_are_read_from_every_form(void **state)
{
	static const struct {
		int64_t tag;
		uint64_t val;
		int symbolic, textrel, now;
	} t[] = { { DT_SYMBOLIC, 0, 1, 0, 0 },
		  { DT_TEXTREL, 0, 0, 1, 0 },
		  { DT_BIND_NOW, 0, 0, 0, 1 },
		  { DT_FLAGS, DF_SYMBOLIC, 1, 0, 0 },
		  { DT_FLAGS, DF_TEXTREL, 0, 1, 0 },
		  { DT_FLAGS, DF_BIND_NOW, 0, 0, 1 },
		  { DT_FLAGS_1, DF_1_NOW, 0, 0, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct img m = good();
		struct elf_dyn d;

		append(&m, t[i].tag, t[i].val);
		d = accepted(&m, EM_X86_64);
		assert_int_equal(d.symbolic, t[i].symbolic);
		assert_int_equal(d.textrel, t[i].textrel);
		assert_int_equal(d.bind_now, t[i].now);
	}
}

static void runpath_puts_rpath_aside(void **state)
{
	struct img m = good();
	struct elf_dyn d;

	(void)state;
	append(&m, DT_RPATH, PATH);
	d = accepted(&m, EM_X86_64);
	assert_string_equal(d.rpath, "/opt/lib");
	append(&m, DT_RUNPATH, SELF);
	d = accepted(&m, EM_X86_64);
	assert_null(d.rpath);
	assert_string_equal(d.runpath, "self.so");
}

static void needed_names_come_in_order(void **state)
{
	struct img m = good();
	struct elf_dyn d;
	size_t pos = 0;
	uintptr_t tag, flag;

	(void)state;
	append(&m, DT_POSFLAG_1, DF_P1_LAZYLOAD);
	append(&m, DT_NEEDED, LIBA);
	append(&m, DT_AUXILIARY, LIBB);
	append(&m, DT_POSFLAG_1, DF_P1_LAZYLOAD);
	append(&m, DT_INIT, 1); /* the flag counts for this, not the next */
	append(&m, DT_FILTER, SELF);
	append(&m, DT_NEEDED, sizeof strings);
	d = accepted(&m, EM_X86_64);
	assert_int_equal(d.nneeded, 4);
	assert_int_equal(d.nfilter, 2);
	assert_string_equal(elf_next_needed(&d, &pos, &tag, &flag), "liba.so");
	assert_int_equal(tag, DT_NEEDED);
	assert_int_equal(flag, 0);
	assert_string_equal(elf_next_needed(&d, &pos, &tag, &flag), "libb.so");
	assert_string_equal(elf_next_needed(&d, &pos, &tag, &flag), "liba.so");
	assert_int_equal(flag, DF_P1_LAZYLOAD);
	assert_string_equal(elf_next_needed(&d, &pos, &tag, &flag), "libb.so");
	assert_int_equal(tag, DT_AUXILIARY);
	assert_int_equal(flag, 0);
	assert_string_equal(elf_next_needed(&d, &pos, &tag, &flag), "self.so");
	assert_int_equal(tag, DT_FILTER);
	assert_int_equal(flag, 0);
	/* a name outside the strings is empty */
	assert_string_equal(elf_next_needed(&d, &pos, &tag, &flag), "");
	assert_null(elf_next_needed(&d, &pos, &tag, &flag));
	assert_null(elf_next_needed(&d, &pos, &tag, &flag));
}

static void strings_end_with_their_table(void **state)
{
	struct img m = good();
	struct elf_dyn d = accepted(&m, EM_X86_64);

	(void)state;
	assert_string_equal(elf_str(&d, sizeof strings - 1), "");
	assert_null(elf_str(&d, sizeof strings));
	assert_null(elf_str(&d, SIZE_MAX));
}

static void a_section_outside_is_refused(void **state)
{
	static const uintptr_t bad[] = { 0, BASE - 8, BASE + sizeof(struct img),
					 BASE + 4, UINTPTR_MAX };
	struct img m = good();
	struct elf_dyn d;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(read_at(&m, EM_X86_64, bad[i], sizeof m.dyn,
					 &d, &why),
				 -1);
		assert_string_equal(
			why, "has a dynamic section outside its segments");
	}
}

static void a_section_without_an_end_is_refused(void **state)
{
	static const char text[] = "has a dynamic section without an end";
	struct img m = good();
	struct elf_dyn d;
	const char *why;

	(void)state;
	/* 29 entries: the size leaves DT_NULL out */
	assert_int_equal(read_at(&m, EM_X86_64, BASE, 29 * 16 + 15, &d, &why),
			 -1);
	assert_string_equal(why, text);
	assert_int_equal(read_at(&m, EM_X86_64, BASE, 0, &d, &why), -1);
	assert_string_equal(why, text);
	/* the segment ends first */
	memset(&m, 0x11, sizeof m);
	assert_int_equal(read_at(&m, EM_X86_64, BASE, SIZE_MAX, &d, &why), -1);
	assert_string_equal(why, text);
}

static void a_string_table_must_be_there(void **state)
{
	struct img m = good();

	(void)state;
	drop(&m, DT_STRTAB);
	refused(&m, "has no dynamic string table");
	m = good();
	drop(&m, DT_STRSZ);
	refused(&m, "has no dynamic string table");
	refused_tag(DT_STRSZ, 0, "has no dynamic string table");
}

static void a_string_table_outside_is_refused(void **state)
{
	static const char text[] = "has a string table outside its segments";

	(void)state;
	refused_tag(DT_STRTAB, BASE - 1, text);
	refused_tag(DT_STRTAB, BASE + sizeof(struct img), text);
	refused_tag(DT_STRSZ, sizeof(struct img), text);
	refused_tag(DT_STRSZ, UINT64_MAX, text);
}

static void strings_must_end_with_zero(void **state)
{
	(void)state;
	refused_tag(DT_STRSZ, 3, "has a string table without a final zero");
}

static void names_outside_the_strings_are_refused(void **state)
{
	static const char text[] = "has a name outside its string table";
	struct img m = good();
	struct elf_dyn d;
	const char *why;

	(void)state;
	refused_tag(DT_SONAME, sizeof strings, text);
	refused_tag(DT_RPATH, sizeof strings, text);
	refused_tag(DT_RUNPATH, UINT64_MAX, text);
	append(&m, DT_MIPS_IVERSION, sizeof strings);
	assert_int_equal(read_at(&m, EM_MIPS, BASE, sizeof m.dyn, &d, &why),
			 -1);
	assert_string_equal(why, text);
}

static void tables_of_symbols_need_a_symbol_table(void **state)
{
	static const int64_t tags[] = { DT_HASH, DT_GNU_HASH, DT_JMPREL };
	struct img m;

	(void)state;
	for (int i = 0; i < 3; i++) {
		m = good();
		drop(&m, DT_SYMTAB);
		for (int k = 0; k < 3; k++)
			if (k != i)
				drop(&m, tags[k]);
		refused(&m, "has no symbol table");
	}
	m = good();
	drop(&m, DT_SYMTAB);
	for (int k = 0; k < 3; k++)
		drop(&m, tags[k]);
	drop(&m, DT_PLTRELSZ);
	assert_int_equal(accepted(&m, EM_X86_64).nsym, 0);
}

static void a_symbol_table_outside_is_refused(void **state)
{
	static const char text[] = "has a symbol table outside its segments";

	(void)state;
	refused_tag(DT_SYMTAB, BASE - 8, text);
	refused_tag(DT_SYMTAB, BASE + sizeof(struct img), text);
	refused_tag(DT_SYMTAB, V(sym) + 4, text);
}

static void the_symbols_end_at_the_next_table_or_the_segment(void **state)
{
	struct img m = good();

	(void)state;
	drop(&m, DT_HASH);
	drop(&m, DT_VERSYM);
	assert_int_equal(accepted(&m, EM_X86_64).nsym, NSYM);
	set(&m, DT_SYMTAB, V(gnu));
	assert_int_equal(accepted(&m, EM_X86_64).nsym, (V(ver) - V(gnu)) / 24);
	drop(&m, DT_VERDEF);
	assert_int_equal(accepted(&m, EM_X86_64).nsym,
			 (V(ver[1]) - V(gnu)) / 24);
	drop(&m, DT_VERNEED);
	assert_int_equal(accepted(&m, EM_X86_64).nsym,
			 (sizeof m - offsetof(struct img, gnu)) / 24);
}

static void hash_tables_outside_are_refused(void **state)
{
	static const char text[] = "has a hash table outside its segments";
	const uint64_t end = BASE + sizeof(struct img);

	(void)state;
	refused_tag(DT_GNU_HASH, end, text);
	refused_tag(DT_GNU_HASH, end - 12, text);
	refused_tag(DT_GNU_HASH, V(gnu) + 2, text);
	refused_tag(DT_HASH, end, text);
	refused_tag(DT_HASH, end - 4, text);
	refused_tag(DT_HASH, V(sysv) + 2, text);
}

static void truncated_gnu_tables_are_refused(void **state)
{
	static const char text[] = "has a truncated hash table";
	struct img m = good();

	(void)state;
	m.gnu[0] = sizeof m;
	refused(&m, text);
	m.gnu[0] = UINT32_MAX;
	refused(&m, text);
	m = good();
	m.gnu[2] = 0x80000000;
	refused(&m, text);
	m = good(); /* either fits, both do not */
	m.gnu[0] = (sizeof m - offsetof(struct img, bloom)) / 4;
	refused(&m, text);
}

static void malformed_gnu_filters_are_refused(void **state)
{
	static const char text[] = "has a malformed hash filter";
	struct img m = good();

	(void)state;
	m.gnu[2] = 0;
	refused(&m, text);
	m.gnu[2] = 3;
	refused(&m, text);
	m = good();
	m.gnu[3] = 31;
	accepted(&m, EM_X86_64);
	m.gnu[3] = 32; /* hashes have 32 bits */
	refused(&m, text);
	m.gnu[3] = 63;
	refused(&m, text);
	m.gnu[3] = UINT32_MAX;
	refused(&m, text);
}

static void truncated_translations_are_refused(void **state)
{
	struct img m = good();
	struct elf_dyn d;
	const char *why;

	(void)state;
	drop(&m, DT_GNU_HASH);
	append(&m, DT_MIPS_XHASH, V(xhash));
	append(&m, DT_MIPS_SYMTABNO, sizeof m);
	assert_int_equal(read_at(&m, EM_MIPS, BASE, sizeof m.dyn, &d, &why),
			 -1);
	assert_string_equal(why, "has a truncated hash table");
	set(&m, DT_MIPS_SYMTABNO, 1); /* fewer than symndx */
	assert_int_equal(read_at(&m, EM_MIPS, BASE, sizeof m.dyn, &d, &why),
			 -1);
	assert_string_equal(why, "has a truncated hash table");
	set(&m, DT_MIPS_XHASH, BASE + sizeof m - 12);
	assert_int_equal(read_at(&m, EM_MIPS, BASE, sizeof m.dyn, &d, &why),
			 -1);
	assert_string_equal(why, "has a hash table outside its segments");
}

static void truncated_sysv_tables_are_refused(void **state)
{
	static const char text[] = "has a truncated hash table";
	struct img m = good();

	(void)state;
	m.sysv[0] = sizeof m;
	refused(&m, text);
	m.sysv[0] = UINT32_MAX;
	refused(&m, text);
	m = good();
	m.sysv[1] = UINT32_MAX; /* plus one bucket wraps to 0 */
	refused(&m, text);
}

static void a_sysv_table_above_the_symbols_is_refused(void **state)
{
	struct img m = good();

	(void)state;
	m.sysv[1] = NSYM + 2 + 1; /* the strings follow 4 symbols */
	refused(&m, "has a hash table larger than its symbol table");
}

static void a_version_table_outside_is_refused(void **state)
{
	static const char text[] = "has a version table outside its segments";

	(void)state;
	refused_tag(DT_VERSYM, BASE + sizeof(struct img), text);
	refused_tag(DT_VERSYM, V(versym) + 1, text);
}

static void a_short_version_table_hides_symbols(void **state)
{
	struct img m = good();
	struct elf_dyn d;

	(void)state;
	set(&m, DT_VERSYM, V(versym[1])); /* room for 3 */
	d = accepted(&m, EM_X86_64);
	assert_int_equal(d.nsym, 3);
	assert_int_equal(find(&d, "foo"), 2);
	assert_int_equal(find(&d, "bar"), 0);
	drop(&m, DT_GNU_HASH);
	d = accepted(&m, EM_X86_64);
	assert_int_equal(find(&d, "foo"), 2);
	assert_int_equal(find(&d, "bar"), 0);
}

static void relocations_outside_are_refused(void **state)
{
	static const char text[] = "has relocations outside its segments";
	struct img m = good();

	(void)state;
	refused_tag(DT_RELA, BASE - 8, text);
	refused_tag(DT_RELA, V(rela) + 4, text);
	refused_tag(DT_RELASZ, sizeof m, text);
	refused_tag(DT_RELASZ, UINT64_MAX, text);
	refused_tag(DT_RELR, BASE + sizeof m, text);
	refused_tag(DT_RELR, V(relr) + 4, text);
	refused_tag(DT_RELRSZ, sizeof m, text);
	append(&m, DT_RELSZ, 16);
	refused(&m, text); /* no DT_REL, nothing at 0 */
	append(&m, DT_REL, V(rel) + 4);
	refused(&m, text);
}

static void relocation_sizes_must_be_known(void **state)
{
	static const char text[] = "has relocation entries of an unknown size";

	(void)state;
	refused_tag(DT_RELAENT, 16, text);
	refused_tag(DT_RELENT, 24, text);
}

static void plt_relocations_must_be_of_a_known_kind(void **state)
{
	struct img m = good();

	(void)state;
	refused_tag(DT_PLTREL, 5, "has PLT relocations of an unknown kind");
	drop(&m, DT_PLTREL);
	refused(&m, "has PLT relocations of an unknown kind");
}

static void plt_relocations_outside_are_refused(void **state)
{
	static const char text[] = "has PLT relocations outside its segments";

	(void)state;
	refused_tag(DT_JMPREL, BASE - 8, text);
	refused_tag(DT_JMPREL, V(jmprel) + 4, text);
	refused_tag(DT_PLTRELSZ, sizeof(struct img), text);
}

static void rel_tables_are_read(void **state)
{
	struct img m = good();
	struct elf_dyn d;

	(void)state;
	drop(&m, DT_RELA);
	drop(&m, DT_RELASZ);
	append(&m, DT_REL, V(rel));
	append(&m, DT_RELSZ, sizeof m.rel);
	append(&m, DT_RELENT, sizeof m.rel[0]);
	append(&m, DT_RELCOUNT, 1);
	set(&m, DT_JMPREL, V(jmprel_rel));
	set(&m, DT_PLTRELSZ, sizeof m.jmprel_rel);
	set(&m, DT_PLTREL, DT_REL);
	d = accepted(&m, EM_X86_64);
	assert_null(d.rela);
	assert_ptr_equal(d.rel, m.rel);
	assert_int_equal(d.nrel, 3);
	assert_int_equal(d.nrelative, 1);
	assert_int_equal(d.njmprel, 1);
	assert_false(d.jmprel_is_rela);
	set(&m, DT_RELSZ, sizeof m.rel + sizeof m.jmprel_rel);
	assert_int_equal(accepted(&m, EM_X86_64).nrel, 3);
	set(&m, DT_RELCOUNT, 99);
	assert_int_equal(accepted(&m, EM_X86_64).nrelative, 3);
}

static void plt_relocations_counted_twice_are_taken_out(void **state)
{
	struct img m = good();
	struct elf_dyn d;

	(void)state;
	set(&m, DT_RELASZ, sizeof m.rela + sizeof m.jmprel);
	set(&m, DT_RELACOUNT, 5);
	d = accepted(&m, EM_X86_64);
	assert_int_equal(d.nrela, 3);
	assert_int_equal(d.njmprel, 2);
	assert_int_equal(d.nrelative, 3); /* not into the PLT's */
}

static void
plt_relocations_between_entries_never_enlarge_the_table(void **state)
{
	struct img m = good();
	struct elf_dyn d;

	(void)state;
	for (unsigned at = 8; at < sizeof m.rela; at += 8) {
		set(&m, DT_JMPREL, V(rela) + at);
		d = accepted(&m, EM_X86_64);
		assert_int_equal(d.nrela, at / 24);
		assert_in_range(d.nrelative, 0, d.nrela);
	}
}

static void the_count_of_relative_relocations_is_clipped(void **state)
{
	struct img m = good();

	(void)state;
	set(&m, DT_RELACOUNT, UINT64_MAX);
	assert_int_equal(accepted(&m, EM_X86_64).nrelative, 3);
}

static void arrays_outside_are_refused(void **state)
{
	static const char text[] =
		"has an init or fini array outside its segments";
	static const int64_t tags[][2] = { { DT_INIT_ARRAY, DT_INIT_ARRAYSZ },
					   { DT_FINI_ARRAY, DT_FINI_ARRAYSZ },
					   { DT_PREINIT_ARRAY,
					     DT_PREINIT_ARRAYSZ } };

	(void)state;
	for (int i = 0; i < 3; i++) {
		refused_tag(tags[i][0], BASE - 8, text);
		refused_tag(tags[i][0], V(array) + 4, text);
		refused_tag(tags[i][1], sizeof(struct img), text);
		refused_tag(tags[i][1], UINT64_MAX, text);
	}
}

static void version_records_outside_or_misaligned_are_refused(void **state)
{
	(void)state;
	refused_tag(DT_VERDEF, BASE + sizeof(struct img),
		    "has version definitions outside its segments");
	refused_tag(DT_VERDEF, V(ver) + 2,
		    "has version definitions outside its segments");
	refused_tag(DT_VERNEED, BASE - 4,
		    "has version needs outside its segments");
	refused_tag(DT_VERNEED, V(ver) + 1,
		    "has version needs outside its segments");
}

static void adjusted_pointers_are_read_alike(void **state)
{
	struct img m = good();
	const Elf64_Phdr ph = { .p_type = PT_LOAD,
				.p_flags = PF_R,
				.p_filesz = sizeof m,
				.p_memsz = sizeof m };
	struct elf_view v = { &ph, 1, (uintptr_t)&m, NULL, 0, 1, 0, NULL };
	struct elf_dyn d;
	const char *why;

	(void)state;
	for (int i = 0; i < NDYN; i++)
		if (m.dyn[i].d_un.d_val >= BASE)
			m.dyn[i].d_un.d_val += (uintptr_t)&m - BASE;
	assert_int_equal(elf_dynamic(&v, EM_X86_64, 0, sizeof m.dyn, &d, &why),
			 0);
	assert_ptr_equal(d.symtab, m.sym);
	assert_int_equal(find(&d, "bar"), 3);
}

/* Whatever the bytes, nothing outside them is read (address checker). */
static void random_sections_are_survived(void **state)
{
	struct img *m = malloc(sizeof *m);
	struct elf_dyn d;
	const char *why;
	volatile unsigned sum = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		unsigned char *p = (unsigned char *)m;

		*m = good();
		if (i % 2)
			drop(m, DT_GNU_HASH);
		if (i % 3)
			append(m, DT_MIPS_XHASH, V(xhash));
		append(m, DT_MIPS_SYMTABNO, NSYM);
		for (int k = rand() % 6; k >= 0; k--)
			p[(size_t)rand() % sizeof *m] = (unsigned char)rand();
		for (int k = rand() % 3; k > 0; k--)
			m->dyn[rand() % 29].d_un.d_val =
				BASE + (size_t)rand() % sizeof *m;
		if (read_at(m, i % 4 ? EM_X86_64 : EM_MIPS, BASE, sizeof m->dyn,
			    &d, &why)) {
			assert_non_null(why);
			continue;
		}
		for (const char *const *n =
			     (const char *const[]){ "foo", "bar", "x", NULL };
		     *n && d.symtab; n++) {
			struct elf_walk w = { 0 };
			uint32_t s, steps = 0;

			while ((s = elf_needs_sysv(&d) ?
					    elf_walk_sysv(&d, elf_sysv_hash(*n),
							  &w) :
					    elf_walk_gnu(&d, elf_gnu_hash(*n),
							 &w)) != 0) {
				assert_in_range(s, 1, d.nsym - 1);
				assert_in_range(++steps, 1, sizeof *m);
				sum += d.symtab[s].st_info;
				if (d.versym)
					sum += d.versym[s];
			}
		}
		for (size_t k = 0; k < d.nrela; k++)
			sum += (unsigned)d.rela[k].r_info;
		for (size_t k = 0; k < d.nrel; k++)
			sum += (unsigned)d.rel[k].r_info;
		assert_in_range(d.nrelative, 0, d.nrela + d.nrel);
	}
	(void)sum;
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_section_is_read),
		cmocka_unit_test(symbols_are_found_by_either_table),
		cmocka_unit_test(mips_xhash_translates_to_symbols),
		cmocka_unit_test(debug_word_is_where_the_machine_has_it),
		cmocka_unit_test(processor_tags_count_for_their_machine_only),
		cmocka_unit_test(
			mips_liblist_tells_flags_and_version_of_a_library),
		cmocka_unit_test(flags_are_read_from_every_form),
		cmocka_unit_test(runpath_puts_rpath_aside),
		cmocka_unit_test(needed_names_come_in_order),
		cmocka_unit_test(strings_end_with_their_table),
		cmocka_unit_test(a_section_outside_is_refused),
		cmocka_unit_test(a_section_without_an_end_is_refused),
		cmocka_unit_test(a_string_table_must_be_there),
		cmocka_unit_test(a_string_table_outside_is_refused),
		cmocka_unit_test(strings_must_end_with_zero),
		cmocka_unit_test(names_outside_the_strings_are_refused),
		cmocka_unit_test(tables_of_symbols_need_a_symbol_table),
		cmocka_unit_test(a_symbol_table_outside_is_refused),
		cmocka_unit_test(
			the_symbols_end_at_the_next_table_or_the_segment),
		cmocka_unit_test(hash_tables_outside_are_refused),
		cmocka_unit_test(truncated_gnu_tables_are_refused),
		cmocka_unit_test(malformed_gnu_filters_are_refused),
		cmocka_unit_test(truncated_translations_are_refused),
		cmocka_unit_test(truncated_sysv_tables_are_refused),
		cmocka_unit_test(a_sysv_table_above_the_symbols_is_refused),
		cmocka_unit_test(a_version_table_outside_is_refused),
		cmocka_unit_test(a_short_version_table_hides_symbols),
		cmocka_unit_test(relocations_outside_are_refused),
		cmocka_unit_test(relocation_sizes_must_be_known),
		cmocka_unit_test(plt_relocations_must_be_of_a_known_kind),
		cmocka_unit_test(plt_relocations_outside_are_refused),
		cmocka_unit_test(rel_tables_are_read),
		cmocka_unit_test(plt_relocations_counted_twice_are_taken_out),
		cmocka_unit_test(
			plt_relocations_between_entries_never_enlarge_the_table),
		cmocka_unit_test(the_count_of_relative_relocations_is_clipped),
		cmocka_unit_test(arrays_outside_are_refused),
		cmocka_unit_test(
			version_records_outside_or_misaligned_are_refused),
		cmocka_unit_test(adjusted_pointers_are_read_alike),
		cmocka_unit_test(random_sections_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
