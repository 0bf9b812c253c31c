/* SPDX-License-Identifier: MIT */
/* Marks: what a file's note, DT_POSFLAG_1 and DT_MIPS_LIBLIST say of the
 * entries of its liblist, and of the file itself. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/load/load.h"

int rld_notes_of(const struct elf_view *v, struct dso *d, const char **why)
{
	for (size_t i = 0; i < v->phnum; i++) {
		const ElfW(Phdr) *p = &v->ph[i];
		const void *at, *desc;
		size_t left, len;
		int found;

		if (p->p_type != PT_NOTE || d->note)
			continue;
		at = elf_at(v, p->p_vaddr, &left);
		if (!at)
			continue;
		if (left > p->p_filesz)
			left = p->p_filesz;
		found = rldnote_find(at, left, p->p_align, &desc, &len);
		if (found <= 0)
			continue; /* other people's notes are not ours to judge */
		d->note = rld_alloc(sizeof *d->note);
		*why = "out of memory";
		if (!d->note)
			return -1;
		if (rldnote_parse(desc, len, d->note)) {
			*why = d->note->why;
			return -1;
		}
	}
	d->iversion = d->note && d->note->version ? d->note->version :
						    d->dyn.mips_iversion;
	if (d->note && d->note->flags & RLDNOTE_SYMBOLIC)
		d->flags |= D_SYMBOLIC;
	return 0;
}

int rld_read_note(struct rld *r, struct dso *d, struct rld_err *e)
{
	struct elf_run last = { 0 };
	struct elf_view v = dso_view(r, d);
	const char *why;

	v.last = &last;
	if (rld_notes_of(&v, d, &why))
		return rld_fail(e, "%s: has a malformed RLD note: %s",
				dso_name(r, d), why);
	return 0;
}

/* Libc's family and rld itself cannot wait. */
static int may_wait(struct rld *r, const char *name)
{
	return !rld_is_host(r, name) && strcmp(name, "librld.so.1") != 0;
}

int rld_mark_entry(struct rld *r, struct dso *d, unsigned i, uintptr_t posflag)
{
	const struct elf_view v = dso_view(r, d);
	const char *name = d->need_name[i], *want = NULL;
	uint32_t flags = 0;

	if (!d->note || !rldnote_lookup(d->note, name, &flags, &want)) {
		elf_mips_liblist(&v, &d->dyn, name, &flags, &want);
		if (posflag & DF_P1_LAZYLOAD) /* says nothing of versions */
			flags |= LL_DELAY_LOAD;
	}
	if (r->delay_all || str_listed(r->delay_list, name))
		flags |= LL_DELAY_LOAD;
	if (flags & LL_DELAY_LOAD && !may_wait(r, name))
		flags &= ~(uint32_t)LL_DELAY_LOAD;
	if (!flags && !want)
		return 0;
	if (!d->mark) {
		d->mark = rld_alloc(d->dyn.nneeded * sizeof *d->mark);
		if (!d->mark)
			return -1;
	}
	d->mark[i].flags = flags;
	d->mark[i].want = want;
	if (flags & LL_DELAY_LOAD)
		r->ndelay++;
	return 0;
}

static int is_needed(const struct rld *r, const char *name)
{
	for (const struct dso *d = r->head; d; d = dso_next(d))
		for (unsigned i = 0; i < d->nneed; i++)
			if (!strcmp(d->need_name[i], name))
				return 1;
	return 0;
}

void rld_tell_unneeded(struct rld *r)
{
	char *list = r->delay_list ? rld_strdup(r->delay_list) : NULL;

	for (char *at = list; at && *at;) {
		char *name = at;

		while (*at && *at != ',')
			at++;
		if (*at)
			*at++ = 0;
		if (*name && !is_needed(r, name))
			rld_print(r, r->log_fd,
				  "rld: %s: delay-load of %s: no object that "
				  "is loaded at the start needs it\n",
				  r->prog, name);
	}
	rld_free(list);
}
