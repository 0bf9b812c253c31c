/* SPDX-License-Identifier: MIT */
/* The entries of the dynamic section: finding, adding and dropping them; and what
 * they say of DT_SYMBOLIC. */
#include "dynamic.h"

#include <string.h>

#ifndef DT_MIPS_RLD_MAP_REL
#define DT_MIPS_RLD_MAP_REL 0x70000035
#endif

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

size_t mark_dyn_spare(const struct image *im)
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

bool mark_dyn_insert(struct image *im, size_t at, GElf_Sxword tag, uint64_t val)
{
	if (mark_dyn_spare(im) == 0)
		return false;
	memmove(im->dyn + at + 1, im->dyn + at,
		(im->ndyn - at - 1) * sizeof *im->dyn);
	im->dyn[at].d_tag = tag;
	im->dyn[at].d_un.d_val = val;
	entries_moved(im, at + 1, 1);
	return true;
}

void mark_dyn_drop(struct image *im, size_t at)
{
	memmove(im->dyn + at, im->dyn + at + 1,
		(im->ndyn - at - 1) * sizeof *im->dyn);
	im->dyn[im->ndyn - 1].d_tag = DT_NULL;
	im->dyn[im->ndyn - 1].d_un.d_val = 0;
	entries_moved(im, at, -1);
}

bool mark_dyn_set(struct image *im, GElf_Sxword tag, uint64_t val)
{
	GElf_Dyn *d = mark_dyn_find(im, tag);

	if (!d)
		return mark_dyn_insert(im, mark_dyn_count(im), tag, val);
	d->d_un.d_val = val;
	return true;
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
		return flags ||
		       mark_dyn_insert(im, mark_dyn_count(im), DT_SYMBOLIC, 0);

	if (flags)
		flags->d_un.d_val &= ~(uint64_t)DF_SYMBOLIC;
	while ((d = mark_dyn_find(im, DT_SYMBOLIC)))
		mark_dyn_drop(im, (size_t)(d - im->dyn));
	return true;
}
