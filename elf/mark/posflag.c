/* SPDX-License-Identifier: MIT */
/* Marks in the dynamic section: DT_POSFLAG_1, flags for the DT_NEEDED that follows,
 * as Solaris has it, and the liblist of MIPS files (liblist.c).  glibc and musl
 * pass over DT_POSFLAG_1: both keep only the tags they know. */
#include "posflag.h"

#include "dynamic.h"
#include "liblist.h"

#ifndef DF_P1_LAZYLOAD
#define DF_P1_LAZYLOAD 1
#endif

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

static void write_posflags(struct image *im, const struct marks *m)
{
	for (size_t i = 0; i < mark_dyn_count(im); i++) {
		const char *name = mark_needed(im, i);
		const struct mark_lib *l = name ? mark_lib_find(m, name) : NULL;
		bool delay = l && (l->flags & LL_DELAY_LOAD);
		GElf_Dyn *pos = name ? posflag_of(im, i) : NULL;

		if (delay && pos) {
			pos->d_un.d_val |= DF_P1_LAZYLOAD;
		} else if (delay) {
			if (mark_dyn_insert(im, i, DT_POSFLAG_1,
					    DF_P1_LAZYLOAD))
				i++;
		} else if (pos && (pos->d_un.d_val & DF_P1_LAZYLOAD)) {
			pos->d_un.d_val &= ~(uint64_t)DF_P1_LAZYLOAD;
			if (pos->d_un.d_val == 0)
				mark_dyn_drop(im, --i);
		}
	}
}

int mark_read_dynamic(struct image *im, struct marks *m)
{
	size_t fromnote = m->nlib;

	if (read_posflags(im, m, fromnote))
		return -1;
	return mark_liblist_read(im, m, fromnote);
}

/* Two entries are enough for a liblist, whatever it holds: it goes first, and
 * takes them from flags if need be, which then get what is left. */
int mark_write_dynamic(struct image *im, const struct marks *m)
{
	if (mark_liblist_wanted(im, m))
		for (size_t i = mark_dyn_count(im); i-- > 0;)
			if (mark_dyn_spare(im) < LIBLIST_TAGS &&
			    im->dyn[i].d_tag == DT_POSFLAG_1 &&
			    im->dyn[i].d_un.d_val == DF_P1_LAZYLOAD)
				mark_dyn_drop(im, i);
	if (mark_liblist_write(im, m))
		return -1;
	write_posflags(im, m);
	return 0;
}
