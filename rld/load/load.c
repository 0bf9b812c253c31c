/* SPDX-License-Identifier: MIT */
/* From a name to an object in the list. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/image/image.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/quick/quick.h"

/* Does d stand among the filtees of x, or theirs?  None of them is its own. */
static int filters(const struct dso *x, const struct dso *d)
{
	for (unsigned i = 0; i < x->nfilter; i++)
		if (filters(x->filtee[i], d))
			return 1;
	return x == d;
}

void rld_needed_by(struct rld *r, const struct dso *d, struct rld_err *e)
{
	char *t = e->text ? rld_format("%s (needed by %s)", e->text,
				       dso_name(r, d)) :
			    NULL;

	if (!t)
		return;
	rld_free(e->text);
	e->text = t;
}

int rld_read_liblist(struct rld *r, struct dso *d, struct rld_err *e)
{
	size_t pos = 0, i = 0, f = 0;
	uintptr_t tag, posflag;
	const char *s;

	if (rld_read_note(r, d, e))
		return -1;
	if (d->dyn.nneeded) {
		d->need = rld_alloc(d->dyn.nneeded * sizeof *d->need);
		d->need_name = rld_alloc(d->dyn.nneeded * sizeof *d->need_name);
		if (!d->need || !d->need_name)
			return rld_fail(e, "%s: out of memory", dso_name(r, d));
	}
	if (d->dyn.nfilter) {
		d->filtee = rld_alloc(d->dyn.nfilter * sizeof *d->filtee);
		if (!d->filtee)
			return rld_fail(e, "%s: out of memory", dso_name(r, d));
	}
	while ((s = elf_next_needed(&d->dyn, &pos, &tag, &posflag))) {
		if (tag == DT_NEEDED) {
			if (i == d->dyn.nneeded)
				continue;
			d->need_name[i++] = s;
			d->nneed = (unsigned)i;
			if (rld_mark_entry(r, d, d->nneed - 1, posflag))
				return rld_fail(e, "%s: out of memory",
						dso_name(r, d));
			continue;
		}
		if (f < d->dyn.nfilter) {
			struct rld_err mine = { 0 };
			struct dso *x = rld_load(r, s, d, &mine);

			if (!x)
				rld_needed_by(r, d, &mine);

			if (x && filters(x, d)) {
				rld_fail(&mine, "%s: filters itself",
					 dso_name(r, d));
				x = NULL;
			}
			if (!x && tag == DT_FILTER) {
				rld_fail(e, "%s",
					 mine.text ? mine.text :
						     "out of memory");
				rld_err_clear(&mine);
				return -1;
			}
			rld_err_clear(&mine);
			if (x)
				d->filtee[f++] = x;
		}
	}
	d->nfilter = (unsigned)f;
	return 0;
}

/* d, a file that was mapped under whatever name, is of the host libc's family,
 * and called host there.  The family is one: libc's own loader maps it.  NULL:
 * d stays, to be looked at alone or because that loader cannot. */
static struct dso *family_member(struct rld *r, struct dso *d, const char *host)
{
	int libc = strcmp(host, "libgcc_s.so.1") != 0;
	struct dso *x;

	if (r->mode != MODE_RUN) {
		if (libc && !r->self->serial)
			rld_append(r, r->self);
		if (libc && !rld_is_loader(host))
			r->host.libc = d;
		return NULL;
	}
	x = rld_find_name(r, host);
	if (!x)
		x = r->started ?
			    rld_host_late(r, host, d->lm.l_name) :
			    rld_host_note(r, host, rld_strdup(d->lm.l_name));
	if (x)
		rld_add_name(r, x, d->name);
	return x;
}

/* d comes into the namespace of the load in progress, or all are to share it. */
static void enter_space(struct rld *r, struct dso *d)
{
	if (r->shared && (str_listed(r->shared, d->name) ||
			  str_listed(r->shared, str_base(d->lm.l_name))))
		d->flags |= D_SHARED;
	else
		d->space = r->space;
}

/* Filtees come into the namespace of the object that names them. */
static int read_liblist(struct rld *r, struct dso *d, struct rld_err *e)
{
	struct space *was = r->space;
	int ret;

	rld_load_into(r, d->space);
	ret = rld_read_liblist(r, d, e);
	rld_load_into(r, was);
	return ret;
}

/* rld takes its place in the start's list, once. */
static void place_self(struct rld *r)
{
	if (!r->self->serial)
		rld_append(r, r->self);
	else if (r->gather == GATHERS_LATE && !r->self->arrived)
		rld_move_last(r, r->self);
	r->self->arrived = 1;
}

static struct dso *load_file(struct rld *r, const char *name, struct dso *from,
			     int fd, char *path, int searched,
			     struct rld_err *e)
{
	struct statx st;
	struct dso *d, *x = NULL;
	long err = sys_statx(fd, "", AT_EMPTY_PATH, &st);
	const char *wrong, *host = NULL;
	int copy = -1;

	wrong = err ? sys_strerror(err) : sys_not_regular(&st);
	if (wrong) {
		rld_fail(e, "%s: %s", path, wrong);
		rld_free(path);
		return NULL;
	}
	/* objects whose filtees are being loaded are not in the list yet */
	for (d = from; d; d = d->loader)
		if (!d->serial && d->ino == st.stx_ino &&
		    d->dev == sys_dev(&st)) {
			rld_fail(e, "%s: filters itself", path);
			rld_free(path);
			return NULL;
		}
	d = r->fresh ? NULL : rld_same_file(r, &st, path, searched, fd);
	if (!d && !r->fresh)
		d = rld_revive(r, &st, path, searched);
	r->fresh = 0;
	if (d) {
		rld_free(path);
		rld_add_name(r, d, name);
		return d;
	}
	d = rld_new_dso(r, name, path);
	if (!d) {
		rld_free(path);
		rld_fail(e, "%s: out of memory", name);
		return NULL;
	}
	dso_set_file(d, sys_dev(&st), st.stx_ino);
	d->stamp = rld_stamp(&st);
	d->place = r->started ? rld_journal_place(d) : 0;
	d->loader = from;
	if (r->space || r->shared)
		enter_space(r, d);
	if (searched)
		d->flags |= D_SEARCHED;
	if (path[0] != '/')
		rld_origin(r, d); /* the current directory may change */
	if (r->snapshot)
		copy = rld_snapshot(fd, st.stx_size);
	if (r->snapshot && copy < 0)
		rld_fail(e, "%s: cannot be copied: %s", path,
			 sys_strerror(copy));
	if (!e->set && !rld_map(r, d, copy < 0 ? fd : copy, &st, e))
		host = rld_host_file(r, d);
	if (host)
		x = family_member(r, d, host);
	if (e->set || x || read_liblist(r, d, e)) {
		if (copy >= 0)
			sys_close(copy);
		rld_unmap(r, d);
		rld_free_dso(r, d);
		return x;
	}
	if (copy >= 0)
		sys_close(copy);
	rld_space_hold(d->space);
	d->flags |= D_NEW | (is_starting(r) ? D_STARTUP | D_GLOBAL : 0u);
	/* rld stands before all of libc's */
	if (is_starting(r) && r->host.kind == HOST_GLIBC && d->soname &&
	    rld_is_libcs(d->soname))
		place_self(r);
	rld_append(r, d);
	rld_add_name(r, d, name);
	if (d->soname && *d->soname)
		rld_add_name(r, d, d->soname);
	if (rld_audits(r))
		rld_audit_opened(r, d);
	return d;
}

/* libc, started before the list was gathered, takes its place there, and rld
 * stands before all of it; auditors are told of it now. */
static void arrive(struct rld *r, struct dso *d, struct dso *from)
{
	struct rld_err e = { 0 };
	char *path = NULL;
	int searched, fd;

	place_self(r);
	d->flags |= D_STARTUP;
	d->arrived = 1;
	rld_move_last(r, d);
	if (!rld_audits(r))
		return;
	if (d != r->host.loader) {
		fd = rld_search(r, d->name, from, &path, &searched, &e);
		if (fd >= 0)
			sys_close(fd);
		rld_first_bytes_forget();
		if (!path || strcmp(path, d->lm.l_name) != 0)
			rld_print(r, 2,
				  "rld: %s: an auditor cannot change which "
				  "file %s is: ignored\n",
				  r->prog, d->name);
		rld_free(path);
		rld_err_clear(&e);
	}
	rld_audit_opened(r, d);
}

struct dso *rld_load(struct rld *r, const char *name, struct dso *from,
		     struct rld_err *e)
{
	struct dso *d = rld_find_name(r, name);

	if (r->gather == GATHERS_LATE && d && d->flags & D_HOST && !d->arrived)
		arrive(r, d, from);
	return d ? d : rld_load_new(r, name, from, e);
}

/* The object that an earlier start has found under that name, if that is so
 * still.  NULL: search as ever. */
static __attribute__((noinline)) struct dso *
load_kept(struct rld *r, const char *name, struct dso *from, int host)
{
	const struct quick_object *o = rld_quick_next(r, name, host);
	struct rld_err e = { 0 };
	struct dso *d = NULL;
	char *path;
	int fd;

	if (!o)
		return NULL;
	if (o->flags & QUICK_HOST) {
		path = rld_quick_host(r, o, name);
		if (path)
			rld_quick_noted(r, d = rld_host_note(r, name, path));
		return d;
	}
	fd = rld_quick_open(r, o, &path);
	if (fd < 0)
		return NULL;
	d = load_file(r, name, from, fd, path, o->flags & QUICK_SEARCHED, &e);
	rld_quick_loaded(r, o, d, fd);
	rld_err_clear(&e);
	rld_first_bytes_forget();
	sys_close(fd);
	return d;
}

struct dso *rld_load_new(struct rld *r, const char *name, struct dso *from,
			 struct rld_err *e)
{
	int fd, searched, host;
	char *path;
	struct dso *d;

	/* a path is a file's, and the file tells what it is */
	host = rld_is_host(r, name) && !strchr(name, '/');
	if (host && r->host.kind == HOST_MUSL && r->host.libc)
		return r->host.libc;
	if (r->quick && !r->started && (d = load_kept(r, name, from, host)))
		return d;
	path = host ? rld_host_path(r, name, from) : NULL;
	if (path && r->mode == MODE_RUN && !r->started)
		return rld_host_note(r, name, path);
	if (path) {
		searched = 1;
		fd = sys_open(path, O_RDONLY);
		if (fd < 0) {
			rld_fail(e, "%s: cannot be opened: %s", path,
				 sys_strerror(fd));
			rld_free(path);
		}
	} else {
		fd = rld_search(r, name, from, &path, &searched, e);
	}
	if (fd < 0)
		return NULL;
	if (host && r->mode == MODE_RUN && !r->started)
		d = rld_host_note(r, name, path);
	else
		d = load_file(r, name, from, fd, path, searched, e);
	rld_first_bytes_forget();
	sys_close(fd);
	return d;
}
