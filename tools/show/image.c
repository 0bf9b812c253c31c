/* SPDX-License-Identifier: MIT */
#include "tools/show/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/rldnote.h"
#include "tools/show/util.h"

/* More entries than any real file has: what says so is broken. */
enum { MANY = 1 << 24, LONGEST = 1 << 20 };

/* Values of dynamic entries that occur once. */
struct dynamic {
	uint64_t strtab, strsz, symtab, hash, gnu_hash, versym, verneed,
		verneednum, verdef, verdefnum;
	uint64_t rela, relasz, rel, relsz, jmprel, pltrelsz, pltrel;
	uint64_t mips_symtabno;
	bool soname, rpath, runpath;
	uint64_t soname_off, rpath_off, runpath_off;
};

struct reader {
	int fd;
	Elf *elf;
	GElf_Ehdr eh;
	size_t phnum;
	uint64_t filesize;
	const char *str; /* the dynamic string table */
	size_t strsz;
	struct dynamic d;
	struct image *im;
	struct facts *facts;
	struct object *object;
	LIST(uint64_t) needed_at, filter_at, posflag;
	const char *wrong;
};

static int wrong(struct reader *r, const char *what)
{
	r->wrong = what;
	return -1;
}

/* ---- bytes of the file ---- */

/* n bytes at a file offset, as they are or translated as `type`; NULL: they
 * are not all there. */
static Elf_Data *chunk(struct reader *r, uint64_t off, uint64_t n,
		       Elf_Type type)
{
	if (!n || off > r->filesize || n > r->filesize - off ||
	    n > (uint64_t)INT64_MAX)
		return NULL;
	return elf_getdata_rawchunk(r->elf, (int64_t)off, n, type);
}

/* The file offset of an address, and how many bytes follow it there. */
static int offset_of(struct reader *r, uint64_t addr, uint64_t *off,
		     uint64_t *left)
{
	for (size_t i = 0; i < r->phnum; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(r->elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (addr < ph.p_vaddr || addr - ph.p_vaddr >= ph.p_filesz)
			continue;
		*off = ph.p_offset + (addr - ph.p_vaddr);
		*left = ph.p_filesz - (addr - ph.p_vaddr);
		if (*off >= r->filesize)
			return -1;
		if (*left > r->filesize - *off)
			*left = r->filesize - *off;
		return 0;
	}
	return -1;
}

static Elf_Data *at(struct reader *r, uint64_t addr, uint64_t n, Elf_Type type)
{
	uint64_t off, left;

	if (offset_of(r, addr, &off, &left) || n > left)
		return NULL;
	return chunk(r, off, n, type);
}

static const char *string(const struct reader *r, uint64_t off)
{
	if (off >= r->strsz || !memchr(r->str + off, 0, r->strsz - off))
		return NULL;
	return r->str + off;
}

static uint32_t u32(const struct reader *r, const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return (r->im->data == ELFDATA2MSB) ==
			       (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ?
		       v :
		       __builtin_bswap32(v);
}

static uint16_t u16(const struct reader *r, const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return (r->im->data == ELFDATA2MSB) ==
			       (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ?
		       v :
		       __builtin_bswap16(v);
}

/* ---- program headers ---- */

static void build_id(struct reader *r, const GElf_Phdr *ph)
{
	Elf_Data *d = chunk(r, ph->p_offset, ph->p_filesz,
			    ph->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	GElf_Nhdr n;
	size_t pos = 0, name, desc;

	while (d && (pos = gelf_getnote(d, pos, &n, &name, &desc)) > 0) {
		const unsigned char *b = (unsigned char *)d->d_buf + desc;
		char *hex;

		if (n.n_type != NT_GNU_BUILD_ID || n.n_namesz != 4 ||
		    memcmp((char *)d->d_buf + name, "GNU", 4) != 0 ||
		    n.n_descsz > 64 || r->im->build_id)
			continue;
		hex = need_memory(2 * n.n_descsz + 1);
		for (size_t i = 0; i < n.n_descsz; i++)
			sprintf(hex + 2 * i, "%02x", b[i]);
		r->im->build_id = hex;
	}
}

static const char *interpreter(struct reader *r, const GElf_Phdr *ph)
{
	Elf_Data *d = ph->p_filesz < 4096 ?
			      chunk(r, ph->p_offset, ph->p_filesz, ELF_T_BYTE) :
			      NULL;

	return d && memchr(d->d_buf, 0, d->d_size) ?
		       text_copy(d->d_buf, strlen(d->d_buf)) :
		       NULL;
}

static int program_headers(struct reader *r, GElf_Phdr *dynamic)
{
	struct image *im = r->im;
	bool stack = false;

	im->lo = UINT64_MAX;
	for (size_t i = 0; i < r->phnum; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(r->elf, (int)i, &ph))
			return wrong(r, "its program headers are cut off");
		switch (ph.p_type) {
		case PT_DYNAMIC:
			*dynamic = ph;
			im->dynamic = true;
			im->dynamic_at = ph.p_vaddr;
			break;
		case PT_LOAD:
			if (ph.p_offset > r->filesize ||
			    ph.p_filesz > r->filesize - ph.p_offset)
				return wrong(r, "is cut off: a segment lies "
						"behind the end of the file");
			if (ph.p_vaddr < im->lo)
				im->lo = ph.p_vaddr;
			if (ph.p_vaddr + ph.p_memsz > im->hi)
				im->hi = ph.p_vaddr + ph.p_memsz;
			break;
		case PT_TLS:
			im->tls_size = ph.p_memsz;
			break;
		case PT_INTERP:
			im->interp = interpreter(r, &ph);
			break;
		case PT_NOTE:
			build_id(r, &ph);
			break;
		case PT_GNU_STACK:
			stack = true;
			im->execstack = ph.p_flags & PF_X;
			break;
		default:
			break;
		}
	}
	im->nostacknote = !stack;
	return 0;
}

/* ---- the dynamic section ---- */

static void flags(struct image *im, uint64_t v)
{
	im->symbolic |= (v & DF_SYMBOLIC) != 0;
	im->textrel |= (v & DF_TEXTREL) != 0;
	im->now |= (v & DF_BIND_NOW) != 0;
	im->static_tls |= (v & DF_STATIC_TLS) != 0;
}

static void flags_1(struct image *im, uint64_t v)
{
	im->now |= (v & DF_1_NOW) != 0;
	im->nodelete |= (v & DF_1_NODELETE) != 0;
	im->nodeflib |= (v & DF_1_NODEFLIB) != 0;
	im->interposer |= (v & DF_1_INTERPOSE) != 0;
}

static void entry(struct reader *r, const GElf_Dyn *e, uint64_t *posflag)
{
	struct dynamic *d = &r->d;
	uint64_t v = e->d_un.d_val;

	switch (e->d_tag) {
	case DT_NEEDED:
		*LIST_ADD(&r->needed_at) = v;
		*LIST_ADD(&r->posflag) = *posflag;
		*posflag = 0;
		break;
	case DT_POSFLAG_1:
		*posflag = v;
		break;
	case DT_FILTER:
	case DT_AUXILIARY:
		*LIST_ADD(&r->filter_at) = v;
		break;
	case DT_SONAME:
		d->soname = true;
		d->soname_off = v;
		break;
	case DT_RPATH:
		d->rpath = true;
		d->rpath_off = v;
		break;
	case DT_RUNPATH:
		d->runpath = true;
		d->runpath_off = v;
		break;
	case DT_STRTAB:
		d->strtab = v;
		break;
	case DT_STRSZ:
		d->strsz = v;
		break;
	case DT_SYMTAB:
		d->symtab = v;
		break;
	case DT_HASH:
		d->hash = v;
		break;
	case DT_GNU_HASH:
		d->gnu_hash = v;
		break;
	case DT_VERSYM:
		d->versym = v;
		break;
	case DT_VERNEED:
		d->verneed = v;
		break;
	case DT_VERNEEDNUM:
		d->verneednum = v;
		break;
	case DT_VERDEF:
		d->verdef = v;
		break;
	case DT_VERDEFNUM:
		d->verdefnum = v;
		break;
	case DT_RELA:
		d->rela = v;
		break;
	case DT_RELASZ:
		d->relasz = v;
		break;
	case DT_REL:
		d->rel = v;
		break;
	case DT_RELSZ:
		d->relsz = v;
		break;
	case DT_JMPREL:
		d->jmprel = v;
		break;
	case DT_PLTRELSZ:
		d->pltrelsz = v;
		break;
	case DT_PLTREL:
		d->pltrel = v;
		break;
	case DT_TEXTREL:
		r->im->textrel = true;
		break;
	case DT_SYMBOLIC:
		r->im->symbolic = true;
		break;
	case DT_BIND_NOW:
		r->im->now = true;
		break;
	case DT_FLAGS:
		flags(r->im, v);
		break;
	case DT_FLAGS_1:
		flags_1(r->im, v);
		break;
	case DT_MIPS_SYMTABNO:
		if (r->im->machine == EM_MIPS)
			d->mips_symtabno = v;
		break;
	default:
		break;
	}
}

static int dynamic_entries(struct reader *r, const GElf_Phdr *ph)
{
	size_t size = gelf_fsize(r->elf, ELF_T_DYN, 1, EV_CURRENT);
	Elf_Data *d =
		chunk(r, ph->p_offset, ph->p_filesz / size * size, ELF_T_DYN);
	uint64_t posflag = 0;

	if (!d)
		return wrong(r, "its dynamic section lies outside the file");
	for (size_t i = 0; i < d->d_size / size; i++) {
		GElf_Dyn e;

		if (!gelf_getdyn(d, (int)i, &e) || e.d_tag == DT_NULL)
			break;
		entry(r, &e, &posflag);
	}
	return 0;
}

static int strings(struct reader *r)
{
	Elf_Data *d;

	if (!r->d.strtab)
		return 0;
	d = at(r, r->d.strtab, r->d.strsz, ELF_T_BYTE);
	if (!d)
		return wrong(r, "its string table (DT_STRTAB, DT_STRSZ) lies "
				"outside the file");
	r->str = d->d_buf;
	r->strsz = d->d_size;
	return 0;
}

/* What DT_POSFLAG_1 and rld's own note say about waiting. */
static bool note_delays(struct reader *r, const char *name, bool marked)
{
	for (size_t i = 0; i < r->phnum; i++) {
		GElf_Phdr ph;
		struct rldnote note;
		const void *desc;
		size_t len;
		uint32_t fl;
		Elf_Data *d;

		if (!gelf_getphdr(r->elf, (int)i, &ph) || ph.p_type != PT_NOTE)
			continue;
		d = chunk(r, ph.p_offset, ph.p_filesz, ELF_T_BYTE);
		if (d &&
		    rldnote_find(d->d_buf, d->d_size, ph.p_align, &desc,
				 &len) == 1 &&
		    rldnote_parse(desc, len, &note) == 0 &&
		    rldnote_lookup(&note, name, &fl, NULL))
			return fl & LL_DELAY_LOAD;
	}
	return marked;
}

static int dynamic_names(struct reader *r)
{
	struct image *im = r->im;
	struct dynamic *d = &r->d;

	for (size_t i = 0; i < r->needed_at.n; i++) {
		const char *s = string(r, r->needed_at.v[i]);

		if (!s)
			return wrong(r, "a DT_NEEDED name lies outside the "
					"string table");
		*LIST_ADD(&im->needed) = s;
		*LIST_ADD(&im->delayed) =
			note_delays(r, s, r->posflag.v[i] & DF_P1_LAZYLOAD);
	}
	for (size_t i = 0; i < r->filter_at.n; i++)
		if (string(r, r->filter_at.v[i]))
			*LIST_ADD(&im->filters) = string(r, r->filter_at.v[i]);
	if (d->soname)
		im->soname = string(r, d->soname_off);
	if (d->rpath)
		im->rpath = string(r, d->rpath_off);
	if (d->runpath)
		im->runpath = string(r, d->runpath_off);
	return 0;
}

/* ---- versions ---- */

struct version {
	const char *name, *file; /* file: of a wanted one */
	bool weak, base;
};

typedef LIST(struct version) versions_t;

static struct version *version_slot(versions_t *all, unsigned i)
{
	while (all->n <= i)
		(void)LIST_ADD(all);
	return &all->v[i];
}

/* The bytes from an address to the end of its segment, at most `LONGEST`. */
static Elf_Data *rest(struct reader *r, uint64_t addr)
{
	uint64_t off, left;

	if (!addr || offset_of(r, addr, &off, &left))
		return NULL;
	return chunk(r, off, left < LONGEST ? left : LONGEST, ELF_T_BYTE);
}

static int version_needs(struct reader *r, versions_t *all)
{
	Elf_Data *d = rest(r, r->d.verneed);
	const char *b = d ? d->d_buf : NULL;
	uint64_t pos = 0, aux;

	for (uint64_t i = 0; d && i < r->d.verneednum; i++) {
		const char *file;
		uint32_t next;

		if (pos + sizeof(Elf64_Verneed) > d->d_size)
			return wrong(r, "DT_VERNEED leads outside the file");
		file = string(r, u32(r, b + pos + 4));
		aux = pos + u32(r, b + pos + 8);
		for (unsigned k = u16(r, b + pos + 2); k; k--) {
			struct version_want *w;
			struct version *v;
			const char *name;

			if (aux + sizeof(Elf64_Vernaux) > d->d_size)
				return wrong(r, "DT_VERNEED leads outside the "
						"file");
			name = string(r, u32(r, b + aux + 8));
			if (!name || !file)
				return wrong(r, "a version's name lies outside "
						"the string table");
			w = LIST_ADD(&r->im->wants);
			*w = (struct version_want){ file, name,
						    (u16(r, b + aux + 4) &
						     VER_FLG_WEAK) != 0 };
			v = version_slot(all, u16(r, b + aux + 6) & 0x7fff);
			*v = (struct version){ name, file, w->weak, false };
			next = u32(r, b + aux + 12);
			if (!next)
				break;
			aux += next;
		}
		next = u32(r, b + pos + 12);
		if (!next)
			break;
		pos += next;
	}
	return 0;
}

static int version_definitions(struct reader *r, versions_t *all)
{
	Elf_Data *d = rest(r, r->d.verdef);
	const char *b = d ? d->d_buf : NULL;
	uint64_t pos = 0, aux;

	for (uint64_t i = 0; d && i < r->d.verdefnum; i++) {
		const char *name;
		struct version *v;
		uint32_t next;
		bool base;

		if (pos + sizeof(Elf64_Verdef) > d->d_size)
			return wrong(r, "DT_VERDEF leads outside the file");
		aux = pos + u32(r, b + pos + 12);
		if (aux + sizeof(Elf64_Verdaux) > d->d_size)
			return wrong(r, "DT_VERDEF leads outside the file");
		name = string(r, u32(r, b + aux));
		if (!name)
			return wrong(r, "a version's name lies outside the "
					"string table");
		base = u16(r, b + pos + 2) & VER_FLG_BASE;
		v = version_slot(all, u16(r, b + pos + 4) & 0x7fff);
		*v = (struct version){ name, NULL, false, base };
		if (!base)
			*LIST_ADD(&r->im->defines) = name;
		next = u32(r, b + pos + 16);
		if (!next)
			break;
		pos += next;
	}
	return 0;
}

/* ---- symbols ---- */

/* The GNU table does not say how many symbols there are: its highest bucket's
 * chain ends with the last (psABI supplements leave the table to binutils). */
static uint64_t gnu_hash_count(struct reader *r)
{
	Elf_Data *d = at(r, r->d.gnu_hash, 16, ELF_T_WORD);
	uint64_t nbucket, first, maskwords, chains, last = 0;
	const uint32_t *w;

	if (!d)
		return 0;
	w = d->d_buf;
	nbucket = w[0];
	first = w[1];
	maskwords = w[2];
	chains = r->d.gnu_hash + 16 +
		 maskwords * (r->im->class == ELFCLASS64 ? 8 : 4);
	d = nbucket < MANY ? at(r, chains, 4 * nbucket, ELF_T_WORD) : NULL;
	if (!d)
		return 0;
	w = d->d_buf;
	for (uint64_t i = 0; i < nbucket; i++)
		if (w[i] > last)
			last = w[i];
	if (last < first)
		return first;
	chains += 4 * nbucket;
	for (;; last++) {
		/* a page at a time, as far as there is one */
		uint64_t off, left, n;

		if (offset_of(r, chains + 4 * (last - first), &off, &left) ||
		    left < 4 || last > MANY)
			return 0;
		n = left / 4 < 1024 ? left / 4 : 1024;
		d = chunk(r, off, 4 * n, ELF_T_WORD);
		if (!d)
			return 0;
		w = d->d_buf;
		for (uint64_t i = 0; i < n; i++)
			if (w[i] & 1)
				return last + i + 1;
		last += n - 1;
	}
}

static uint64_t symbol_count(struct reader *r)
{
	uint64_t n = 0;
	Elf_Data *d;

	if (r->d.mips_symtabno)
		return r->d.mips_symtabno;
	if (r->d.hash) {
		d = at(r, r->d.hash, 8, ELF_T_WORD);
		n = d ? ((uint32_t *)d->d_buf)[1] : 0;
	}
	if (!n && r->d.gnu_hash)
		n = gnu_hash_count(r);
	/* Symbols that no hash table holds are known by their relocations. */
	for (size_t i = 0; i < r->im->slots.n; i++)
		if (r->im->slots.v[i].sym >= n)
			n = (uint64_t)r->im->slots.v[i].sym + 1;
	return n;
}

static void take_symbol(struct reader *r, const GElf_Sym *sym, unsigned ver,
			const versions_t *versions, const char *name)
{
	struct symbol *s = LIST_ADD(&r->im->symbols);
	const struct version *v = (ver & 0x7fff) > 1 &&
						  (ver & 0x7fff) < versions->n ?
					  &versions->v[ver & 0x7fff] :
					  NULL;

	s->name = facts_name(r->facts, name);
	s->object = r->object;
	s->value = sym->st_value;
	s->size = sym->st_size;
	s->bind = GELF_ST_BIND(sym->st_info);
	s->type = GELF_ST_TYPE(sym->st_info);
	s->visibility = GELF_ST_VISIBILITY(sym->st_other);
	s->defined = sym->st_shndx != SHN_UNDEF && s->type != STT_SECTION &&
		     s->type != STT_FILE;
	s->old = ver & 0x8000;
	s->base = (ver & 0x7fff) <= 1 || (v && v->base);
	if (v && !v->base && v->name) {
		s->version = v->name;
		s->version_file = v->file;
		s->weak_want = v->weak;
	}
	if (s->defined && s->bind == STB_GNU_UNIQUE)
		r->im->unique = true;
}

static int symbols(struct reader *r, const versions_t *versions)
{
	size_t size = gelf_fsize(r->elf, ELF_T_SYM, 1, EV_CURRENT);
	uint64_t n = symbol_count(r);
	Elf_Data *d, *ver = NULL;

	if (!r->d.symtab || !n)
		return 0;
	d = n < MANY ? at(r, r->d.symtab, n * size, ELF_T_SYM) : NULL;
	if (!d)
		return wrong(r, "its symbol table (DT_SYMTAB) lies outside the "
				"file");
	if (r->d.versym) {
		ver = at(r, r->d.versym, 2 * n, ELF_T_HALF);
		if (!ver)
			return wrong(r, "DT_VERSYM lies outside the file");
	}
	r->im->symbols.room = n;
	r->im->symbols.v = reallocarray(NULL, n, sizeof *r->im->symbols.v);
	if (!r->im->symbols.v)
		die("out of memory");
	for (uint64_t i = 0; i < n; i++) {
		const char *name;
		GElf_Sym s;

		gelf_getsym(d, (int)i, &s);
		name = string(r, s.st_name);
		if (!name)
			return wrong(r, "a symbol's name lies outside the "
					"string table");
		take_symbol(r, &s, ver ? ((uint16_t *)ver->d_buf)[i] : 1,
			    versions, name);
	}
	return 0;
}

/* ---- relocations ---- */

/* What a relocation's number means for the reference, by the psABIs. */
static unsigned kind_of(uint16_t machine, uint32_t type)
{
	switch (machine) {
	case EM_X86_64:
		return type == R_X86_64_COPY	  ? REF_COPY :
		       type == R_X86_64_JUMP_SLOT ? REF_CALL :
		       (type >= R_X86_64_DTPMOD64 &&
			type <= R_X86_64_TPOFF32) ||
				       type == R_X86_64_TLSDESC ?
						    REF_TLS :
						    REF_DATA;
	case EM_386:
		return type == R_386_COPY     ? REF_COPY :
		       type == R_386_JMP_SLOT ? REF_CALL :
		       type == R_386_TLS_TPOFF || (type >= R_386_TLS_DTPMOD32 &&
						   type <= R_386_TLS_DESC) ?
						REF_TLS :
						REF_DATA;
	case EM_AARCH64:
		return type == R_AARCH64_COPY	   ? REF_COPY :
		       type == R_AARCH64_JUMP_SLOT ? REF_CALL :
		       type >= R_AARCH64_TLS_DTPMOD &&
				       type <= R_AARCH64_TLSDESC ?
						     REF_TLS :
						     REF_DATA;
	case EM_ARM:
		return type == R_ARM_COPY      ? REF_COPY :
		       type == R_ARM_JUMP_SLOT ? REF_CALL :
		       type == R_ARM_TLS_DESC || (type >= R_ARM_TLS_DTPMOD32 &&
						  type <= R_ARM_TLS_TPOFF32) ?
						 REF_TLS :
						 REF_DATA;
	case EM_MIPS:
		type &= 0xff;
		return type == R_MIPS_COPY	? REF_COPY :
		       type == R_MIPS_JUMP_SLOT ? REF_CALL :
		       type >= R_MIPS_TLS_DTPMOD32 &&
				       type <= R_MIPS_TLS_TPREL64 ?
						  REF_TLS :
						  REF_DATA;
	case EM_PPC64:
		return type == R_PPC64_COPY	? REF_COPY :
		       type == R_PPC64_JMP_SLOT ? REF_CALL :
						  REF_DATA;
	case EM_RISCV:
		return type == R_RISCV_COPY	 ? REF_COPY :
		       type == R_RISCV_JUMP_SLOT ? REF_CALL :
						   REF_DATA;
	case EM_S390:
		return type == R_390_COPY     ? REF_COPY :
		       type == R_390_JMP_SLOT ? REF_CALL :
						REF_DATA;
	default:
		return REF_DATA;
	}
}

static void take_relocation(struct reader *r, uint64_t addr, uint64_t info,
			    bool plt)
{
	struct slot *s;
	uint32_t sym, type;

	if (r->im->class == ELFCLASS64 && r->im->machine == EM_MIPS &&
	    r->im->data == ELFDATA2LSB) {
		sym = (uint32_t)info; /* MIPS64 psABI: fields, not one number */
		type = (uint32_t)(info >> 56);
	} else {
		sym = (uint32_t)GELF_R_SYM(info);
		type = (uint32_t)GELF_R_TYPE(info);
	}
	if (!sym)
		return;
	s = LIST_ADD(&r->im->slots);
	s->addr = addr;
	s->sym = sym;
	s->how = (uint8_t)kind_of(r->im->machine, type);
	if (plt && s->how == REF_DATA)
		s->how = REF_CALL;
}

static int relocation_table(struct reader *r, uint64_t addr, uint64_t bytes,
			    bool rela, bool plt)
{
	Elf_Type type = rela ? ELF_T_RELA : ELF_T_REL;
	size_t size = gelf_fsize(r->elf, type, 1, EV_CURRENT);
	Elf_Data *d;

	if (!addr || bytes < size)
		return 0;
	d = bytes / size < MANY ? at(r, addr, bytes / size * size, type) : NULL;
	if (!d)
		return wrong(r, "its relocations lie outside the file");
	for (size_t i = 0; i < d->d_size / size; i++) {
		GElf_Rela a;
		GElf_Rel e;

		if (rela) {
			gelf_getrela(d, (int)i, &a);
			take_relocation(r, a.r_offset, a.r_info, plt);
		} else {
			gelf_getrel(d, (int)i, &e);
			take_relocation(r, e.r_offset, e.r_info, plt);
		}
	}
	return 0;
}

static int relocations(struct reader *r)
{
	struct dynamic *d = &r->d;

	if (relocation_table(r, d->rela, d->relasz, true, false) ||
	    relocation_table(r, d->rel, d->relsz, false, false))
		return -1;
	return relocation_table(r, d->jmprel, d->pltrelsz, d->pltrel == DT_RELA,
				true);
}

/* A thread_local of C++ with a destructor registers it with this function. */
static void mark_uses(struct reader *r)
{
	struct image *im = r->im;

	for (size_t i = 0; i < im->slots.n; i++)
		if (im->slots.v[i].sym < im->symbols.n)
			im->symbols.v[im->slots.v[i].sym].used |=
				im->slots.v[i].how;
	for (size_t i = 1; i < im->symbols.n; i++) {
		struct symbol *s = &im->symbols.v[i];

		/* MIPS: the GOT refers to symbols without relocations. */
		if (im->machine == EM_MIPS && !s->used && !s->defined)
			s->used = s->type == STT_FUNC ? REF_CALL : REF_DATA;
		if (!s->defined &&
		    strcmp(s->name->text, "__cxa_thread_atexit") == 0)
			im->thread_local = true;
	}
}

/* ---- the file as a whole ---- */

static int open_file(struct reader *r, const char *path, struct image *im)
{
	struct stat st;
	Elf_Kind kind;

	r->im = im;
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (r->fd < 0)
		return wrong(r, strerror(errno));
	if (fstat(r->fd, &st))
		return wrong(r, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return wrong(r, S_ISDIR(st.st_mode) ? "is a directory" :
						      "is no regular file");
	r->filesize = (uint64_t)st.st_size;
	/* read(), not a mapping: a file may be cut while it is looked at */
	r->elf = elf_begin(r->fd, ELF_C_READ, NULL);
	kind = r->elf ? elf_kind(r->elf) : ELF_K_NONE;
	if (kind == ELF_K_AR)
		return wrong(r, "is an archive of object files (.a), which no "
				"loader loads");
	if (kind != ELF_K_ELF) {
		char magic[2] = "";

		if (pread(r->fd, magic, 2, 0) == 2 && !memcmp(magic, "#!", 2))
			return wrong(r, "is a script: give its interpreter");
		return wrong(r, st.st_size ? "is no ELF file" : "is empty");
	}
	if (!gelf_getehdr(r->elf, &r->eh))
		return wrong(r, "is cut off in its ELF header");
	im->machine = r->eh.e_machine;
	im->class = r->eh.e_ident[EI_CLASS];
	im->data = r->eh.e_ident[EI_DATA];
	im->type = r->eh.e_type;
	im->eflags = r->eh.e_flags;
	if (elf_getphdrnum(r->elf, &r->phnum))
		return wrong(r, "its program headers lie outside the file");
	return 0;
}

static void close_file(struct reader *r)
{
	/* strings stay: the Elf is kept, the descriptor is not needed */
	if (r->elf)
		elf_cntl(r->elf, ELF_C_FDDONE);
	if (r->fd >= 0)
		close(r->fd);
	free(r->needed_at.v);
	free(r->filter_at.v);
	free(r->posflag.v);
}

static int read_all(struct reader *r)
{
	versions_t versions = { 0 };
	GElf_Phdr ph = { 0 };

	if (r->eh.e_type == ET_REL)
		return wrong(r, "is an object file (.o), which no loader "
				"loads");
	if (r->eh.e_type == ET_CORE)
		return wrong(r, "is a core file: rld-show core shows it");
	if (program_headers(r, &ph))
		return -1;
	if (!r->im->dynamic)
		return 0;
	if (dynamic_entries(r, &ph) || strings(r) || dynamic_names(r) ||
	    version_needs(r, &versions) || version_definitions(r, &versions) ||
	    relocations(r) || symbols(r, &versions))
		return -1;
	mark_uses(r);
	free(versions.v);
	return 0;
}

const char *image_read(struct facts *f, struct object *o)
{
	struct reader r = { .fd = -1, .facts = f, .object = o };

	elf_version(EV_CURRENT);
	if (open_file(&r, o->path, &o->image) == 0)
		(void)read_all(&r);
	close_file(&r);
	return r.wrong;
}

const char *image_kind(const char *path, struct image *im)
{
	struct reader r = { .fd = -1 };

	elf_version(EV_CURRENT);
	(void)open_file(&r, path, im);
	close_file(&r);
	if (r.elf)
		elf_end(r.elf);
	return r.wrong;
}
