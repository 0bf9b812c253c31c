/* SPDX-License-Identifier: MIT */
/* The dynamic section: gABI ch. 5 "Dynamic Section", the GNU and MIPS tags. */
#include "elf/elf_file.h"

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* The vaddrs and sizes as they stand in the file, before they are checked. */
struct raw {
	uintptr_t strtab, symtab, hash, gnu_hash, xhash, versym, verdef,
		verneed;
	uintptr_t rela, relasz, relaent, rel, relsz, relent, relr, relrsz,
		jmprel, pltrelsz, pltrel, relacount, relcount;
	uintptr_t soname, rpath, runpath, iversion, rld_map, rld_map_rel;
	unsigned has_soname : 1, has_rpath : 1, has_runpath : 1,
		has_iversion : 1;
};

/* at: vaddr of the entry */
static void mips_tag(uintptr_t tag, uintptr_t val, uintptr_t at,
		     struct elf_dyn *d, struct raw *r)
{
	switch (tag) {
	case DT_MIPS_LOCAL_GOTNO:
		d->mips_local_gotno = val;
		break;
	case DT_MIPS_SYMTABNO:
		d->mips_symtabno = val;
		break;
	case DT_MIPS_GOTSYM:
		d->mips_gotsym = val;
		break;
	case DT_MIPS_FLAGS:
		d->mips_flags = val;
		break;
	case DT_MIPS_PLTGOT:
		d->mips_pltgot = val;
		break;
	case DT_MIPS_RLD_MAP:
		r->rld_map = val;
		break;
	case DT_MIPS_RLD_MAP_REL:
		r->rld_map_rel = at + val;
		break;
	case DT_MIPS_LIBLIST:
		d->mips_liblist = val;
		break;
	case DT_MIPS_LIBLISTNO:
		d->mips_liblistno = val;
		break;
	case DT_MIPS_IVERSION:
		r->iversion = val;
		r->has_iversion = 1;
		break;
	case DT_MIPS_XHASH:
		r->xhash = val;
		break;
	default:
		break;
	}
}

static void gnu_tag(uintptr_t tag, uintptr_t val, struct elf_dyn *d,
		    struct raw *r)
{
	switch (tag) {
	case DT_GNU_HASH:
		r->gnu_hash = val;
		break;
	case DT_VERSYM:
		r->versym = val;
		break;
	case DT_VERDEF:
		r->verdef = val;
		break;
	case DT_VERDEFNUM:
		d->nverdef = val;
		break;
	case DT_VERNEED:
		r->verneed = val;
		break;
	case DT_VERNEEDNUM:
		d->nverneed = val;
		break;
	case DT_RELACOUNT:
		r->relacount = val;
		break;
	case DT_RELCOUNT:
		r->relcount = val;
		break;
	case DT_FLAGS_1:
		d->flags_1 = val;
		break;
	case DT_AUDIT:
		d->audit = val;
		break;
	case DT_DEPAUDIT:
		d->depaudit = val;
		break;
	case DT_FILTER:
	case DT_AUXILIARY:
		d->nfilter++;
		break;
	case DT_RELR:
		r->relr = val;
		break;
	case DT_RELRSZ:
		r->relrsz = val;
		break;
	default:
		break;
	}
}

static void gabi_tag(const ElfW(Dyn) *e, uintptr_t dyn_vaddr, struct elf_dyn *d,
		     struct raw *r)
{
	uintptr_t val = e->d_un.d_val;

	switch (e->d_tag) {
	case DT_NEEDED:
		d->nneeded++;
		break;
	case DT_PLTRELSZ:
		r->pltrelsz = val;
		break;
	case DT_PLTGOT:
		d->pltgot = val;
		break;
	case DT_HASH:
		r->hash = val;
		break;
	case DT_STRTAB:
		r->strtab = val;
		break;
	case DT_SYMTAB:
		r->symtab = val;
		break;
	case DT_RELA:
		r->rela = val;
		break;
	case DT_RELASZ:
		r->relasz = val;
		break;
	case DT_RELAENT:
		r->relaent = val;
		break;
	case DT_STRSZ:
		d->strsz = val;
		break;
	case DT_INIT:
		d->init = val;
		break;
	case DT_FINI:
		d->fini = val;
		break;
	case DT_SONAME:
		r->soname = val;
		r->has_soname = 1;
		break;
	case DT_RPATH:
		r->rpath = val;
		r->has_rpath = 1;
		break;
	case DT_RUNPATH:
		r->runpath = val;
		r->has_runpath = 1;
		break;
	case DT_SYMBOLIC:
		d->symbolic = 1;
		break;
	case DT_REL:
		r->rel = val;
		break;
	case DT_RELSZ:
		r->relsz = val;
		break;
	case DT_RELENT:
		r->relent = val;
		break;
	case DT_PLTREL:
		r->pltrel = val;
		break;
	case DT_TEXTREL:
		d->textrel = 1;
		break;
	case DT_JMPREL:
		r->jmprel = val;
		break;
	case DT_BIND_NOW:
		d->bind_now = 1;
		break;
	case DT_INIT_ARRAY:
		d->init_array = val;
		break;
	case DT_FINI_ARRAY:
		d->fini_array = val;
		break;
	case DT_INIT_ARRAYSZ:
		d->ninit = val / sizeof(ElfW(Addr));
		break;
	case DT_FINI_ARRAYSZ:
		d->nfini = val / sizeof(ElfW(Addr));
		break;
	case DT_PREINIT_ARRAY:
		d->preinit_array = val;
		break;
	case DT_PREINIT_ARRAYSZ:
		d->npreinit = val / sizeof(ElfW(Addr));
		break;
	case DT_FLAGS:
		d->flags = val;
		break;
	case DT_DEBUG:
		d->debug_vaddr =
			dyn_vaddr + (uintptr_t)((const char *)&e->d_un -
						(const char *)d->dyn);
		break;
	default:
		break;
	}
}

static int read_tags(uint16_t machine, uintptr_t dyn_vaddr, size_t max,
		     struct elf_dyn *d, struct raw *r, const char **why)
{
	for (d->ndyn = 0; d->ndyn < max; d->ndyn++) {
		const ElfW(Dyn) *e = &d->dyn[d->ndyn];
		uintptr_t tag = (uintptr_t)e->d_tag;

		if (tag == DT_NULL) {
			/* the dynamic section itself is read-only there */
			if (machine == EM_MIPS)
				d->debug_vaddr = r->rld_map_rel ?
							 r->rld_map_rel :
							 r->rld_map;
			return 0;
		}
		if (tag >= DT_LOPROC && tag <= DT_HIPROC && tag != DT_FILTER &&
		    tag != DT_AUXILIARY) {
			if (machine == EM_MIPS)
				mips_tag(tag, e->d_un.d_val,
					 dyn_vaddr + d->ndyn * sizeof *e, d, r);
			else if (machine == EM_AARCH64 &&
				 tag == DT_AARCH64_VARIANT_PCS)
				d->aarch64_variant_pcs = 1;
		} else if (tag > DT_ENCODING + 16) {
			gnu_tag(tag, e->d_un.d_val, d, r);
		} else if (tag >= DT_RELRSZ && tag <= DT_RELRENT) {
			gnu_tag(tag, e->d_un.d_val, d, r);
		} else {
			gabi_tag(e, dyn_vaddr, d, r);
		}
	}
	return refuse(why, "has a dynamic section without an end");
}

/* A table of size bytes at vaddr; 0 and *out = NULL when it is absent. */
static int table(const struct elf_view *v, uintptr_t vaddr, uintptr_t size,
		 size_t align, const void **out, const char **why,
		 const char *text)
{
	size_t left;

	*out = NULL;
	if (size == 0)
		return 0;
	*out = elf_at(v, vaddr, &left);
	if (!*out || left < size || vaddr % align)
		return refuse(why, text);
	return 0;
}

static int read_strings(const struct elf_view *v, const struct raw *r,
			struct elf_dyn *d, const char **why)
{
	const void *p;

	if (!r->strtab || d->strsz == 0)
		return refuse(why, "has no dynamic string table");
	if (table(v, r->strtab, d->strsz, 1, &p, why,
		  "has a string table outside its segments"))
		return -1;
	d->strtab = p;
	if (d->strtab[d->strsz - 1] != '\0')
		return refuse(why, "has a string table without a final zero");
	if ((r->has_soname && r->soname >= d->strsz) ||
	    (r->has_rpath && r->rpath >= d->strsz) ||
	    (r->has_runpath && r->runpath >= d->strsz) ||
	    (r->has_iversion && r->iversion >= d->strsz))
		return refuse(why, "has a name outside its string table");
	if (r->has_soname)
		d->soname = d->strtab + r->soname;
	if (r->has_rpath && !r->has_runpath)
		d->rpath = d->strtab + r->rpath;
	if (r->has_runpath)
		d->runpath = d->strtab + r->runpath;
	if (r->has_iversion)
		d->mips_iversion = d->strtab + r->iversion;
	return 0;
}

static int read_gnu_hash(const struct elf_view *v, uintptr_t vaddr, int xhash,
			 struct elf_dyn *d, const char **why)
{
	struct elf_gnu_hash *g = &d->gnu;
	const uint32_t *w;
	size_t left, need;

	w = elf_at(v, vaddr, &left);
	if (!w || left < 16 || vaddr % 4)
		return refuse(why, "has a hash table outside its segments");
	g->nbuckets = w[0];
	g->symndx = w[1];
	g->maskwords = w[2];
	g->shift = w[3];
	left -= 16;
	need = (size_t)g->maskwords * sizeof(ElfW(Addr)) +
	       (size_t)g->nbuckets * 4;
	if (g->nbuckets > left / 4 ||
	    g->maskwords > left / sizeof(ElfW(Addr)) || need > left)
		return refuse(why, "has a truncated hash table");
	if (g->maskwords == 0 || (g->maskwords & (g->maskwords - 1)))
		return refuse(why, "has a malformed hash filter");
	if (g->shift >= 32) /* hashes have 32 bits */
		return refuse(why, "has a malformed hash filter");
	g->bloom = (const void *)(w + 4);
	g->buckets = (const void *)(g->bloom + g->maskwords);
	g->chain = g->buckets + g->nbuckets;
	g->nchain = (left - need) / 4;
	if (g->nchain > UINT32_MAX) /* the place that ends a walk */
		g->nchain = UINT32_MAX;
	if (xhash) { /* one symbol index for each chain entry follows them */
		uintptr_t n = d->mips_symtabno - g->symndx;

		if (g->symndx > d->mips_symtabno || n > g->nchain / 2)
			return refuse(why, "has a truncated hash table");
		g->nchain = n;
		g->xlat = g->chain + n;
	}
	return 0;
}

/* How many bytes of symbols there can be of `left`: their table's size is
 * nowhere given, but it ends where another table begins. */
static size_t up_to_next_table(const struct raw *r, size_t left)
{
	const uintptr_t others[] = { r->strtab, r->hash,   r->gnu_hash,
				     r->xhash,	r->versym, r->verdef,
				     r->verneed };

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (others[i] > r->symtab && others[i] - r->symtab < left)
			left = others[i] - r->symtab;
	return left;
}

static int read_symbols(const struct elf_view *v, const struct raw *r,
			struct elf_dyn *d, const char **why)
{
	size_t left;

	if (!r->symtab) {
		if (r->hash || r->gnu_hash || r->xhash || r->jmprel)
			return refuse(why, "has no symbol table");
		return 0;
	}
	d->symtab = elf_at(v, r->symtab, &left);
	if (!d->symtab || r->symtab % sizeof(ElfW(Addr)))
		return refuse(why, "has a symbol table outside its segments");
	d->nsym = up_to_next_table(r, left) / sizeof(ElfW(Sym));
	if (d->nsym > UINT32_MAX)
		d->nsym = UINT32_MAX;
	if (r->gnu_hash && read_gnu_hash(v, r->gnu_hash, 0, d, why))
		return -1;
	if (r->xhash && !r->gnu_hash && read_gnu_hash(v, r->xhash, 1, d, why))
		return -1;
	if (r->hash) {
		const uint32_t *w = elf_at(v, r->hash, &left);

		if (!w || left < 8 || r->hash % 4)
			return refuse(why, "has a hash table outside its "
					   "segments");
		d->sysv.nbucket = w[0];
		d->sysv.nchain = w[1];
		left = left / 4 - 2;
		if (w[0] > left || w[1] > left - w[0])
			return refuse(why, "has a truncated hash table");
		d->sysv.bucket = w + 2;
		d->sysv.chain = w + 2 + w[0];
		if (w[1] > d->nsym)
			return refuse(why, "has a hash table larger than its "
					   "symbol table");
		d->nsym = w[1];
	}
	if (r->versym) {
		const ElfW(Half) *vs = elf_at(v, r->versym, &left);

		if (!vs || r->versym % sizeof *vs)
			return refuse(why, "has a version table outside its "
					   "segments");
		if (left / sizeof *vs < d->nsym)
			d->nsym = left / sizeof *vs;
		if (d->sysv.nchain > d->nsym)
			d->sysv.nchain = (uint32_t)d->nsym;
		d->versym = vs;
	}
	return 0;
}

static int read_relocs(const struct elf_view *v, const struct raw *r,
		       struct elf_dyn *d, const char **why)
{
	const size_t word = sizeof(ElfW(Addr));
	size_t jsize = r->pltrel == DT_RELA ? sizeof(ElfW(Rela)) :
					      sizeof(ElfW(Rel));
	const void *p;

	if (table(v, r->rela, r->relasz, word, &p, why,
		  "has relocations outside its segments"))
		return -1;
	d->rela = p;
	d->nrela = r->relasz / sizeof *d->rela;
	if (table(v, r->rel, r->relsz, word, &p, why,
		  "has relocations outside its segments"))
		return -1;
	d->rel = p;
	d->nrel = r->relsz / sizeof *d->rel;
	if (table(v, r->relr, r->relrsz, word, &p, why,
		  "has relocations outside its segments"))
		return -1;
	d->relr = p;
	d->nrelr = r->relrsz / sizeof *d->relr;
	if ((r->relaent && r->relaent != sizeof(ElfW(Rela))) ||
	    (r->relent && r->relent != sizeof(ElfW(Rel))))
		return refuse(why, "has relocation entries of an unknown size");
	if (r->pltrelsz && r->pltrel != DT_RELA && r->pltrel != DT_REL)
		return refuse(why, "has PLT relocations of an unknown kind");
	if (table(v, r->jmprel, r->pltrelsz, word, &d->jmprel, why,
		  "has PLT relocations outside its segments"))
		return -1;
	d->njmprel = r->pltrelsz / jsize;
	d->jmprel_is_rela = r->pltrel == DT_RELA;
	/* some linkers count DT_JMPREL in DT_RELASZ: take it out again */
	if (d->jmprel && d->rela && d->jmprel_is_rela &&
	    (const char *)d->jmprel > (const char *)d->rela &&
	    (const char *)d->jmprel < (const char *)(d->rela + d->nrela))
		d->nrela = (size_t)((const char *)d->jmprel -
				    (const char *)d->rela) /
			   sizeof *d->rela;
	if (d->jmprel && d->rel && !d->jmprel_is_rela &&
	    (const char *)d->jmprel > (const char *)d->rel &&
	    (const char *)d->jmprel < (const char *)(d->rel + d->nrel))
		d->nrel = (size_t)((const char *)d->jmprel -
				   (const char *)d->rel) /
			  sizeof *d->rel;
	d->nrelative = d->nrela ? r->relacount : r->relcount;
	if (d->nrelative > (d->nrela ? d->nrela : d->nrel))
		d->nrelative = d->nrela ? d->nrela : d->nrel;
	return 0;
}

static int check_array(const struct elf_view *v, uintptr_t vaddr, size_t n,
		       const char **why)
{
	const void *p;

	return table(v, vaddr, n * sizeof(ElfW(Addr)), sizeof(ElfW(Addr)), &p,
		     why, "has an init or fini array outside its segments");
}

int elf_dynamic(const struct elf_view *view, uint16_t machine,
		uintptr_t dyn_vaddr, size_t dyn_size, struct elf_dyn *d,
		const char **why)
{
	struct elf_run last = { 0 }; /* most tables lie in one segment */
	struct elf_view with_last = *view, *v = &with_last;
	struct raw r = { 0 };
	size_t left;

	with_last.last = &last;
	*d = (struct elf_dyn){ 0 };
	d->dyn = elf_at(v, dyn_vaddr, &left);
	if (!d->dyn || dyn_vaddr % sizeof(ElfW(Addr)))
		return refuse(why, "has a dynamic section outside its "
				   "segments");
	if (left > dyn_size)
		left = dyn_size;
	if (read_tags(machine, dyn_vaddr, left / sizeof(ElfW(Dyn)), d, &r,
		      why) ||
	    read_strings(v, &r, d, why) || read_symbols(v, &r, d, why) ||
	    read_relocs(v, &r, d, why))
		return -1;
	if (r.verdef) {
		d->verdef = elf_at(v, r.verdef, &d->verdef_left);
		if (!d->verdef || r.verdef % 4)
			return refuse(why, "has version definitions outside "
					   "its segments");
	}
	if (r.verneed) {
		d->verneed = elf_at(v, r.verneed, &d->verneed_left);
		if (!d->verneed || r.verneed % 4)
			return refuse(why, "has version needs outside its "
					   "segments");
	}
	if (check_array(v, d->init_array, d->ninit, why) ||
	    check_array(v, d->fini_array, d->nfini, why) ||
	    check_array(v, d->preinit_array, d->npreinit, why))
		return -1;
	if (d->flags & DF_SYMBOLIC)
		d->symbolic = 1;
	if (d->flags & DF_TEXTREL)
		d->textrel = 1;
	if ((d->flags & DF_BIND_NOW) || (d->flags_1 & DF_1_NOW))
		d->bind_now = 1;
	return 0;
}

const char *elf_next_needed(const struct elf_dyn *d, size_t *pos,
			    uintptr_t *tag, uintptr_t *posflag)
{
	uintptr_t flag = 0;

	for (; *pos < d->ndyn; (*pos)++) {
		const ElfW(Dyn) *e = &d->dyn[*pos];

		if (e->d_tag == DT_POSFLAG_1) {
			flag = e->d_un.d_val;
			continue;
		}
		if (e->d_tag == DT_NEEDED || e->d_tag == DT_FILTER ||
		    e->d_tag == DT_AUXILIARY) {
			const char *s = elf_str(d, e->d_un.d_val);

			(*pos)++;
			*tag = (uintptr_t)e->d_tag;
			*posflag = flag;
			return s ? s : "";
		}
		flag = 0;
	}
	return NULL;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

int elf_mips_liblist(const struct elf_view *v, const struct elf_dyn *d,
		     const char *name, uint32_t *flags, const char **version)
{
	const Elf32_Lib *l;
	size_t left = 0;

	if (!d->mips_liblistno || d->mips_liblist % 4)
		return 0;
	l = elf_at(v, d->mips_liblist, &left);
	if (!l || d->mips_liblistno > left / sizeof *l)
		return 0;
	for (size_t i = 0; i < d->mips_liblistno; i++) {
		const char *s = elf_str(d, l[i].l_name);

		if (!s || !same(s, name))
			continue;
		*flags = l[i].l_flags;
		s = elf_str(d, l[i].l_version);
		*version = s && *s ? s : NULL;
		return 1;
	}
	return 0;
}
