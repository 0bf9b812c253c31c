/* SPDX-License-Identifier: MIT */
/* --emit-note: a relocatable object with .note.rld and no code.  The linker
 * collects allocated notes in a PT_NOTE segment by itself. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../rldnote.h"
#include "note.h"
#include "save.h"

#ifndef EF_MIPS_ABI_O32
#define EF_MIPS_ABI_O32 0x00001000
#endif
#define MIPS_PIC (EF_MIPS_PIC | EF_MIPS_CPIC)

/* e_flags: the least that links with everything of that ABI. */
static const struct machine {
	const char *name;
	GElf_Half machine;
	unsigned char class, data;
	GElf_Word flags;
} machines[] = {
	{ "x86_64", EM_X86_64, ELFCLASS64, ELFDATA2LSB, 0 },
	{ "aarch64", EM_AARCH64, ELFCLASS64, ELFDATA2LSB, 0 },
	{ "mips", EM_MIPS, ELFCLASS32, ELFDATA2MSB,
	  EF_MIPS_ABI_O32 | MIPS_PIC },
	{ "mipsel", EM_MIPS, ELFCLASS32, ELFDATA2LSB,
	  EF_MIPS_ABI_O32 | MIPS_PIC },
	{ "mipsn32", EM_MIPS, ELFCLASS32, ELFDATA2MSB,
	  EF_MIPS_ABI2 | EF_MIPS_ARCH_3 | MIPS_PIC },
	{ "mipsn32el", EM_MIPS, ELFCLASS32, ELFDATA2LSB,
	  EF_MIPS_ABI2 | EF_MIPS_ARCH_3 | MIPS_PIC },
	{ "mips64", EM_MIPS, ELFCLASS64, ELFDATA2MSB,
	  EF_MIPS_ARCH_3 | MIPS_PIC },
	{ "mips64el", EM_MIPS, ELFCLASS64, ELFDATA2LSB,
	  EF_MIPS_ARCH_3 | MIPS_PIC },
	{ "i386", EM_386, ELFCLASS32, ELFDATA2LSB, 0 },
	{ "x32", EM_X86_64, ELFCLASS32, ELFDATA2LSB, 0 },
};

#define NMACHINES (sizeof machines / sizeof machines[0])

const char *mark_machine(size_t i)
{
	return i < NMACHINES ? machines[i].name : NULL;
}

const char *mark_machine_name(const GElf_Ehdr *eh)
{
	static char number[32];

	for (size_t i = 0; i < NMACHINES; i++) {
		const struct machine *m = &machines[i];

		if (m->machine == eh->e_machine &&
		    m->class == eh->e_ident[EI_CLASS] &&
		    m->data == eh->e_ident[EI_DATA] &&
		    (eh->e_flags & EF_MIPS_ABI2) == (m->flags & EF_MIPS_ABI2))
			return m->name;
	}
	snprintf(number, sizeof number, "machine %u", eh->e_machine);
	return number;
}

static const struct machine *find_machine(const char *name,
					  struct mark_err *err)
{
	struct utsname u;

	if (!name && uname(&u) == 0)
		name = u.machine;
	for (size_t i = 0; name && i < NMACHINES; i++)
		if (strcmp(machines[i].name, name) == 0)
			return &machines[i];
	mark_fail(err, "--machine=%s: not known; see --help",
		  name ? name : "?");
	return NULL;
}

/* ---- contents of the sections ---- */

struct bytes {
	unsigned char *p; /* owned */
	size_t len;
	bool foreign; /* words are written in the other order */
};

static void add_word(struct bytes *b, uint32_t w)
{
	if (b->foreign)
		w = __builtin_bswap32(w);
	memcpy(b->p + b->len, &w, 4);
	b->len += 4;
}

static void add_nhdr(struct bytes *b, uint32_t descsz, uint32_t type,
		     const char name[4])
{
	add_word(b, 4);
	add_word(b, descsz);
	add_word(b, type);
	memcpy(b->p + b->len, name, 4);
	b->len += 4;
}

static int make_rld_note(const struct marks *m, struct bytes *b,
			 struct mark_err *err)
{
	size_t len;
	unsigned char *desc = mark_encode(m, true, &len, err);

	if (!desc)
		return -1;
	b->p = malloc(mark_note_size(len));
	if (b->p) {
		add_nhdr(b, (uint32_t)len, RLDNOTE_TYPE, RLDNOTE_NAME);
		if (b->foreign)
			mark_swap(desc, len, false);
		memcpy(b->p + b->len, desc, len);
		b->len += len;
	}
	free(desc);
	return b->p ? 0 : mark_fail(err, "out of memory");
}

/* A linker keeps IBT and SHSTK, or BTI and PAC, for its output only if each
 * input has them; an object without code fulfils them all. */
static int make_property(const struct machine *mc, struct bytes *b,
			 struct mark_err *err)
{
	uint32_t type, features, pad = mc->class == ELFCLASS64;

	if (mc->machine == EM_AARCH64) {
		type = 0xc0000000; /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
		features = 7;	   /* BTI, PAC, GCS */
	} else {
		type = 0xc0000002; /* GNU_PROPERTY_X86_FEATURE_1_AND */
		features = 3;	   /* IBT, SHSTK */
	}
	b->p = malloc(64);
	if (!b->p)
		return mark_fail(err, "out of memory");
	add_nhdr(b, pad ? 16 : 12, 5 /* NT_GNU_PROPERTY_TYPE_0 */,
		 ELF_NOTE_GNU);
	add_word(b, type);
	add_word(b, 4);
	add_word(b, features);
	if (pad)
		add_word(b, 0);
	return 0;
}

/* ---- the object ---- */

static const char shstrtab[] =
	"\0.shstrtab\0.note.rld\0.note.gnu.property\0.note.GNU-stack";
enum { NAME_SHSTRTAB = 1, NAME_RLD = 11, NAME_PROPERTY = 21, NAME_STACK = 40 };
_Static_assert(sizeof shstrtab == NAME_STACK + sizeof ".note.GNU-stack",
	       "section names and their offsets");

static int add_section(Elf *elf, GElf_Word name, GElf_Word type,
		       GElf_Xword flags, GElf_Xword align, const void *p,
		       size_t len)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *d = scn ? elf_newdata(scn) : NULL;
	GElf_Shdr sh;

	if (!d || !gelf_getshdr(scn, &sh))
		return -1;
	sh.sh_name = name;
	sh.sh_type = type;
	sh.sh_flags = flags;
	sh.sh_addralign = align;
	*d = (Elf_Data){ .d_buf = (void *)p,
			 .d_size = len,
			 .d_type = ELF_T_BYTE,
			 .d_align = align,
			 .d_version = EV_CURRENT };
	return gelf_update_shdr(scn, &sh) ? 0 : -1;
}

static int build(Elf *elf, const struct machine *mc, const struct bytes *rld,
		 const struct bytes *prop)
{
	GElf_Ehdr eh;

	if (!gelf_newehdr(elf, mc->class) || !gelf_getehdr(elf, &eh))
		return -1;
	eh.e_ident[EI_DATA] = mc->data;
	eh.e_type = ET_REL;
	eh.e_machine = mc->machine;
	eh.e_flags = mc->flags;
	eh.e_version = EV_CURRENT;
	eh.e_shstrndx = 1;
	if (!gelf_update_ehdr(elf, &eh) ||
	    add_section(elf, NAME_SHSTRTAB, SHT_STRTAB, 0, 1, shstrtab,
			sizeof shstrtab) ||
	    add_section(elf, NAME_RLD, SHT_NOTE, SHF_ALLOC, 4, rld->p,
			rld->len) ||
	    add_section(elf, NAME_STACK, SHT_PROGBITS, 0, 1, NULL, 0))
		return -1;
	if (prop->len &&
	    add_section(elf, NAME_PROPERTY, SHT_NOTE, SHF_ALLOC,
			mc->class == ELFCLASS64 ? 8 : 4, prop->p, prop->len))
		return -1;
	return elf_update(elf, ELF_C_WRITE) < 0 ? -1 : 0;
}

/* libelf writes to a descriptor; the file proper is replaced as a whole. */
static int write_object(const struct machine *mc, const struct bytes *rld,
			const struct bytes *prop, const char *out,
			struct mark_err *err)
{
	int fd = memfd_create("rld-mark", MFD_CLOEXEC);
	Elf *elf = NULL;
	int ret = -1;
	off_t len;
	void *p;

	if (fd >= 0 && elf_version(EV_CURRENT) != EV_NONE)
		elf = elf_begin(fd, ELF_C_WRITE, NULL);
	if (!elf || build(elf, mc, rld, prop)) {
		mark_fail(err, "cannot build the object: %s", elf_errmsg(-1));
		goto out;
	}
	len = lseek(fd, 0, SEEK_END);
	p = len > 0 ? mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0) :
		      MAP_FAILED;
	if (p == MAP_FAILED) {
		mark_fail(err, "cannot build the object");
		goto out;
	}
	ret = mark_write_new(out, 0666, p, (size_t)len, err);
	munmap(p, (size_t)len);
out:
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return ret;
}

int mark_emit(const struct marks *m, const char *machine, const char *out,
	      struct mark_err *err)
{
	const struct machine *mc = find_machine(machine, err);
	struct bytes rld = { 0 }, prop = { 0 };
	int ret = -1;

	if (!mc)
		return -1;
	rld.foreign = prop.foreign = mark_is_foreign(mc->data);
	if (make_rld_note(m, &rld, err))
		goto out;
	if (mc->machine != EM_MIPS && make_property(mc, &prop, err))
		goto out;
	ret = write_object(mc, &rld, &prop, out, err);
out:
	free(rld.p);
	free(prop.p);
	return ret;
}
