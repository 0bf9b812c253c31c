/* Marks in the dynamic section: DT_POSFLAG_1 before a DT_NEEDED, as Solaris has
 * it, DT_SYMBOLIC, and the liblist of MIPS files.  glibc and musl pass over
 * DT_POSFLAG_1: both keep only the tags they know. */
#include "dynamic.h"

#include <string.h>

#ifndef DF_P1_LAZYLOAD
#define DF_P1_LAZYLOAD 1
#endif
#ifndef DT_MIPS_RLD_MAP_REL
#define DT_MIPS_RLD_MAP_REL 0x70000035
#endif

/* LL_ flags that a liblist entry and the note have in common. */
#define LIBLIST_FLAGS                                                         \
	(LL_EXACT_MATCH | LL_IGNORE_INT_VER | LL_REQUIRE_MINOR | LL_EXPORTS | \
	 LL_DELAY_LOAD)

size_t mark_dyn_count(const struct image *im)
{
	size_t n = 0;

	while (n < im->ndyn && im->dyn[n].d_tag != DT_NULL)
		n++;
	return n;
}

GElf_Dyn *mark_dyn_find(const struct image *im, GElf_Sxword tag)
{
	size_t n = mark_dyn_count(im);

	for (size_t i = 0; i < n; i++)
		if (im->dyn[i].d_tag == tag)
			return &im->dyn[i];
	return NULL;
}

const char *mark_dyn_string(const struct image *im, uint64_t off)
{
	return off < im->dynstrsz ? im->dynstr + off : NULL;
}

const char *mark_needed(const struct image *im, size_t i)
{
	const char *name;

	if (im->dyn[i].d_tag != DT_NEEDED)
		return NULL;
	name = mark_dyn_string(im, im->dyn[i].d_un.d_val);
	return name && *name != '\0' ? name : NULL;
}

bool mark_needs(const struct image *im, const char *name)
{
	size_t n = mark_dyn_count(im);

	for (size_t i = 0; i < n; i++) {
		const char *s = mark_needed(im, i);

		if (s && strcmp(s, name) == 0)
			return true;
	}
	return false;
}

/* ---- inserting and removing entries ---- */

/* DT_NULL entries beyond the one that ends the section.  Whatever else lies
 * there is left alone. */
static size_t spare(const struct image *im)
{
	size_t n = mark_dyn_count(im);

	for (size_t i = n; i < im->ndyn; i++)
		if (im->dyn[i].d_tag != DT_NULL || im->dyn[i].d_un.d_val != 0)
			return 0;
	return im->ndyn > n ? im->ndyn - n - 1 : 0;
}

/* DT_MIPS_RLD_MAP_REL counts from its own address, and so must follow when the
 * entries from number at on have moved by step entries. */
static void entries_moved(struct image *im, size_t at, int step)
{
	uint64_t bytes = mark_fsize(im, ELF_T_DYN);

	if (im->eh.e_machine != EM_MIPS)
		return;
	for (size_t i = at; i < im->ndyn; i++)
		if (im->dyn[i].d_tag == DT_MIPS_RLD_MAP_REL)
			im->dyn[i].d_un.d_val += step > 0 ? -bytes : bytes;
}

static bool insert(struct image *im, size_t at, GElf_Sxword tag, uint64_t val)
{
	if (spare(im) == 0)
		return false;
	memmove(im->dyn + at + 1, im->dyn + at,
		(im->ndyn - at - 1) * sizeof *im->dyn);
	im->dyn[at].d_tag = tag;
	im->dyn[at].d_un.d_val = val;
	entries_moved(im, at + 1, 1);
	return true;
}

static void drop(struct image *im, size_t at)
{
	memmove(im->dyn + at, im->dyn + at + 1,
		(im->ndyn - at - 1) * sizeof *im->dyn);
	im->dyn[im->ndyn - 1].d_tag = DT_NULL;
	im->dyn[im->ndyn - 1].d_un.d_val = 0;
	entries_moved(im, at, -1);
}

/* ---- DT_POSFLAG_1: flags for the entry that follows ---- */

static GElf_Dyn *posflag_of(const struct image *im, size_t i)
{
	return i > 0 && im->dyn[i - 1].d_tag == DT_POSFLAG_1 ? &im->dyn[i - 1] :
							       NULL;
}

static int read_posflags(struct image *im, struct marks *m, size_t fromnote)
{
	size_t n = mark_dyn_count(im);

	for (size_t i = 0; i < n; i++) {
		const char *name = mark_needed(im, i);
		const GElf_Dyn *pos = posflag_of(im, i);
		struct mark_lib *l;

		if (!name || !pos || !(pos->d_un.d_val & DF_P1_LAZYLOAD))
			continue;
		l = mark_lib(m, name, im->err);
		if (!l)
			return -1;
		l->carriers |= CARRIER_POSFLAG;
		if ((size_t)(l - m->lib) >= fromnote)
			l->flags |= LL_DELAY_LOAD;
	}
	return 0;
}

static size_t write_posflags(struct image *im, const struct marks *m)
{
	size_t noroom = 0;

	for (size_t i = 0; i < mark_dyn_count(im); i++) {
		const char *name = mark_needed(im, i);
		const struct mark_lib *l = name ? mark_lib_find(m, name) : NULL;
		bool delay = l && (l->flags & LL_DELAY_LOAD);
		GElf_Dyn *pos = name ? posflag_of(im, i) : NULL;

		if (delay && pos) {
			pos->d_un.d_val |= DF_P1_LAZYLOAD;
		} else if (delay) {
			if (insert(im, i, DT_POSFLAG_1, DF_P1_LAZYLOAD))
				i++;
			else
				noroom++;
		} else if (pos && (pos->d_un.d_val & DF_P1_LAZYLOAD)) {
			pos->d_un.d_val &= ~(uint64_t)DF_P1_LAZYLOAD;
			if (pos->d_un.d_val == 0)
				drop(im, --i);
		}
	}
	return noroom;
}

/* ---- DT_MIPS_LIBLIST: an array of Elf32_Lib, alike in all ABIs ---- */

#define LIB_WORDS   (sizeof(Elf32_Lib) / sizeof(Elf32_Word))
#define LIB_NAME    (offsetof(Elf32_Lib, l_name) / sizeof(Elf32_Word))
#define LIB_VERSION (offsetof(Elf32_Lib, l_version) / sizeof(Elf32_Word))
#define LIB_FLAGS   (offsetof(Elf32_Lib, l_flags) / sizeof(Elf32_Word))

/* The words of the liblist, as the file was read; *count entries, *off where
 * they lie.  NULL if there is none, or none inside the file. */
static const Elf32_Word *liblist(struct image *im, size_t *count, uint64_t *off)
{
	const GElf_Dyn *list = mark_dyn_find(im, DT_MIPS_LIBLIST);
	const GElf_Dyn *num = mark_dyn_find(im, DT_MIPS_LIBLISTNO);
	Elf_Data *d;

	if (im->eh.e_machine != EM_MIPS || !list || !num ||
	    num->d_un.d_val == 0 || num->d_un.d_val > UINT32_MAX ||
	    mark_vaddr_to_off(im, list->d_un.d_ptr,
			      num->d_un.d_val * sizeof(Elf32_Lib), off))
		return NULL;
	*count = num->d_un.d_val;
	d = mark_raw_data(im, *off, *count * sizeof(Elf32_Lib), ELF_T_WORD);
	return d ? d->d_buf : NULL;
}

static int read_liblist(struct image *im, struct marks *m, size_t fromnote)
{
	size_t count;
	uint64_t off;
	const Elf32_Word *w = liblist(im, &count, &off);

	for (size_t i = 0; w && i < count; i++, w += LIB_WORDS) {
		const char *name = mark_dyn_string(im, w[LIB_NAME]);
		struct mark_lib *l;

		if (!name || !mark_needs(im, name))
			continue;
		l = mark_lib(m, name, im->err);
		if (!l)
			return -1;
		if (w[LIB_FLAGS] & LL_DELAY_LOAD)
			l->carriers |= CARRIER_LIBLIST;
		if ((size_t)(l - m->lib) < fromnote)
			continue;
		l->flags |= w[LIB_FLAGS] & LIBLIST_FLAGS;
		if (!l->want &&
		    mark_set_string(&l->want,
				    mark_dyn_string(im, w[LIB_VERSION]),
				    im->err))
			return -1;
	}
	return 0;
}

/* Flags only: a wanted version would need a string that .dynstr has not. */
static void write_liblist(struct image *im, const struct marks *m)
{
	size_t count;
	uint64_t off;
	const Elf32_Word *w = liblist(im, &count, &off);

	for (size_t i = 0; w && i < count; i++, w += LIB_WORDS) {
		const char *name = mark_dyn_string(im, w[LIB_NAME]);
		const struct mark_lib *l = name ? mark_lib_find(m, name) : NULL;
		Elf32_Word flags = w[LIB_FLAGS] & ~(Elf32_Word)LIBLIST_FLAGS;

		if (!name || !mark_needs(im, name))
			continue;
		if (l)
			flags |= l->flags & LIBLIST_FLAGS;
		mark_put_word(im, off + (i * LIB_WORDS + LIB_FLAGS) * 4, flags);
	}
}

int mark_read_dynamic(struct image *im, struct marks *m)
{
	size_t fromnote = m->nlib;

	if (read_posflags(im, m, fromnote))
		return -1;
	return read_liblist(im, m, fromnote);
}

size_t mark_write_dynamic(struct image *im, const struct marks *m)
{
	write_liblist(im, m);
	return write_posflags(im, m);
}

/* ---- DT_SYMBOLIC ---- */

bool mark_dyn_symbolic(const struct image *im)
{
	const GElf_Dyn *flags = mark_dyn_find(im, DT_FLAGS);

	return mark_dyn_find(im, DT_SYMBOLIC) ||
	       (flags && (flags->d_un.d_val & DF_SYMBOLIC));
}

bool mark_set_dyn_symbolic(struct image *im, bool on)
{
	GElf_Dyn *flags = mark_dyn_find(im, DT_FLAGS);
	GElf_Dyn *d;

	if (on && mark_dyn_symbolic(im))
		return true;
	if (on && flags)
		flags->d_un.d_val |= DF_SYMBOLIC;
	if (on)
		return flags || insert(im, mark_dyn_count(im), DT_SYMBOLIC, 0);

	if (flags)
		flags->d_un.d_val &= ~(uint64_t)DF_SYMBOLIC;
	while ((d = mark_dyn_find(im, DT_SYMBOLIC)))
		drop(im, (size_t)(d - im->dyn));
	return true;
}
