/* SPDX-License-Identifier: MIT */
/* Objects of libc's family: noted when they are asked for, and taken over as its own
 * loader has mapped them. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/image/image.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

/* The list that the inner loader left, NULL when it left none. */
static int defines(struct dso *d, const char *name)
{
	struct ref ref = { .name = name, .hash = elf_gnu_hash(name) };
	unsigned flags = d->flags;
	struct def def;
	int yes;

	d->flags |= D_READY;
	yes = rld_lookup_in(d, &ref, &def);
	d->flags = flags;
	return yes;
}

const char *rld_host_file(struct rld *r, struct dso *d)
{
	if (r->host.kind == HOST_GLIBC)
		return d->soname && !strchr(d->soname, '/') &&
				       rld_is_host(r, d->soname) ?
			       d->soname :
			       NULL;
	/* musl's own test: a library that interposes has not got both */
	return r->host.kind == HOST_MUSL && defines(d, "__libc_start_main") &&
			       defines(d, "stdin") ?
		       "libc.so" :
		       NULL;
}

static struct dso *note(struct rld *r, const char *name, char *path,
			unsigned flags)
{
	struct dso *d = rld_new_dso(r, name, path);

	if (!d)
		rld_die(r, "out of memory");
	d->flags |= flags | D_HOST | D_SEARCHED | D_NEW | D_STARTUP | D_GLOBAL;
	rld_set_new_hosts(r);
	rld_append(r, d);
	/* it is known by nothing else */
	if (rld_add_name(r, d, name))
		rld_die(r, "out of memory");
	return d;
}

/* What is known of d's liblist before libc's own loader has mapped it. */
static void note_need(struct rld *r, struct dso *d, const char *name)
{
	d->need = rld_alloc(sizeof *d->need);
	d->need_name = rld_alloc(sizeof *d->need_name);
	if (!d->need || !d->need_name)
		rld_die(r, "out of memory");
	d->need_name[0] = name;
	d->nneed = 1;
}

/* libc is run by the loader that belongs to it, whatever file was asked for
 * when libc was not known yet. */
static void refit_loader(struct rld *r)
{
	struct dso *d = r->host.loader;

	if (r->host.loader_fd >= 0)
		sys_close(r->host.loader_fd);
	rld_set_loader_fd(r, -1);
	rld_free(d->lm.l_name);
	d->lm.l_name = rld_loader_path(r);
	if (!d->lm.l_name)
		rld_die(r, "out of memory");
	if (r->host.loader_fd < 0)
		rld_set_loader_fd(r, rld_open_loader(&d->lm.l_name));
}

/* An object of libc's family was asked for: note it; it is adopted later. */
struct dso *rld_host_note(struct rld *r, const char *name, char *path)
{
	struct dso *d;

	if (!strcmp(name, "libgcc_s.so.1")) {
		d = r->host.gcc_s = note(r, name, path, 0);
		note_need(r, d, "libc.so.6");
		return d;
	}
	if (!r->self->serial)
		rld_append(r, r->self);
	if (r->host.kind == HOST_MUSL) {
		r->host.libc = r->host.loader =
			note(r, "libc.so", path, D_LIBC | D_LOADER);
		rld_set_loader_fd(r, sys_open(path, O_RDONLY));
		return r->host.libc;
	}
	if (!strcmp(name, "libc.so.6")) {
		d = r->host.libc = note(r, name, path, D_LIBC);
		note_need(r, d, ARCH_LDSO);
		if (r->host.loader)
			refit_loader(r);
		return d;
	}
	r->host.loader = note(r, name, path, D_LOADER);
	if (r->host.loader_fd < 0)
		rld_set_loader_fd(r,
				  rld_open_loader(&r->host.loader->lm.l_name));
	return r->host.loader;
}

static void learn(struct rld *r, struct dso *d, uintptr_t base)
{
	const ElfW(Ehdr) *eh = (const void *)base;
	struct rld_err e = { 0 };

	if (rld_map_adopt(r, d, base, (const void *)(base + eh->e_phoff),
			  eh->e_phnum, &e) ||
	    rld_tls_register(r, d, &e))
		rld_die(r, "%s", e.text ? e.text : "");
	d->flags |= D_READY | D_RELOCATED;
	dso_set_init(d, INIT_DONE);
}

static void adopt(struct rld *r, struct dso *d, uintptr_t base)
{
	learn(r, d, base);
	if (d->soname)
		rld_add_name(r, d, d->soname);
	TRACE(r, TR_MAP, "map: %s adopted at %p\n", dso_name(r, d),
	      (void *)d->lo);
}

/* What libc's own loader has mapped under this name, entered nowhere. */
struct dso *rld_inner_object(struct rld *r, const char *name)
{
	struct r_debug *dbg = rld_inner_debug(r);

	for (struct link_map *l = dbg ? dbg->r_map : NULL; l; l = l->l_next)
		if (l->l_name && !strcmp(str_base(l->l_name), name)) {
			struct dso *d;

			d = rld_new_dso(r, name, rld_strdup(l->l_name));
			if (d) {
				d->flags |= D_HOST;
				rld_set_new_hosts(r);
				learn(r, d, l->l_addr);
			}
			return d;
		}
	return NULL;
}

static struct dso *host_named(struct rld *r, const struct link_map *l)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST &&
		    (!strcmp(d->lm.l_name, l->l_name) ||
		     !strcmp(str_base(d->lm.l_name), str_base(l->l_name))))
			return d;
	return NULL;
}

static struct dso *arrived(struct rld *r, const char *name,
			   const struct link_map *l);

/* The object of that name, which libc's own loader has mapped. */
static struct dso *mapped_by_libc(struct rld *r, const char *name)
{
	struct dso *d = rld_find_name(r, name);
	struct r_debug *dbg = d ? NULL : rld_inner_debug(r);

	for (struct link_map *l = dbg ? dbg->r_map : NULL; l && !d;
	     l = l->l_next)
		if (l->l_name && !strcmp(str_base(l->l_name), name))
			d = arrived(r, name, l);
	return d;
}

/* The liblist of an adopted object: all of it is there. */
static void adopt_needs(struct rld *r, struct dso *d)
{
	uintptr_t tag, flag;
	const char *name;
	size_t pos = 0;

	if (d->need || !d->dyn.nneeded)
		return;
	d->need = rld_alloc(d->dyn.nneeded * sizeof *d->need);
	d->need_name = rld_alloc(d->dyn.nneeded * sizeof *d->need_name);
	if (!d->need || !d->need_name)
		return;
	while ((name = elf_next_needed(&d->dyn, &pos, &tag, &flag))) {
		struct dso *x = tag == DT_NEEDED ? mapped_by_libc(r, name) :
						   NULL;

		if (!x || d->nneed == d->dyn.nneeded)
			continue;
		d->need_name[d->nneed] = name;
		d->need[d->nneed++] = x;
	}
}

/* libc's own loader has mapped it since the start. */
static struct dso *arrived(struct rld *r, const char *name,
			   const struct link_map *l)
{
	char *path = rld_strdup(l->l_name);
	struct dso *d = rld_new_dso(r, name, path);

	if (!d) {
		rld_free(path);
		return NULL;
	}
	d->flags |= D_HOST | D_SEARCHED | D_GLOBAL | D_NODELETE;
	rld_set_new_hosts(r);
	rld_append(r, d);
	rld_add_name(r, d, name);
	adopt(r, d, l->l_addr);
	rld_index_add(r, d);
	adopt_needs(r, d);
	if (is_starting(r)) {
		d->flags |= D_STARTUP;
		d->arrived = 1;
	}
	if (rld_audits(r))
		rld_audit_opened(r, d);
	return d;
}

/* One of libc's family, asked for after the start: one copy, that of libc's own
 * loader, which may have loaded it by now and from another place. */
struct dso *rld_host_late(struct rld *r, const char *name, const char *path)
{
	struct inner_loader in;
	struct link_map *l;
	struct dso *d;

	if (r->host.kind != HOST_GLIBC || rld_host_loader(r, &in))
		return NULL;
	l = in.open(name, in.mode | RTLD_NOLOAD);
	if (!l)
		l = in.open(path, in.mode);
	d = l ? arrived(r, name, l) : NULL;
	if (d && !strcmp(name, "libgcc_s.so.1"))
		r->host.gcc_s = d;
	return d;
}

void rld_host_adopt(struct rld *r)
{
	struct r_debug *dbg = rld_inner_debug(r);

	if (!dbg)
		rld_die(r, "%s: left no list of its objects",
			r->host.loader->lm.l_name);
	for (struct link_map *l = dbg->r_map; l; l = l->l_next) {
		struct dso *d;

		if (l == dbg->r_map ||
		    (r->vdso && l->l_addr == r->vdso->lm.l_addr) ||
		    !l->l_name || !*l->l_name)
			continue;
		if (r->host.kind == HOST_MUSL)
			d = l->l_addr == r->host.base ? r->host.libc : NULL;
		else
			d = host_named(r, l);
		if (!d && r->host.kind == HOST_GLIBC)
			d = note(r, l->l_name, rld_strdup(l->l_name), 0);
		if (d && !(d->flags & D_READY))
			adopt(r, d, l->l_addr);
	}
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST && !(d->flags & D_READY))
			rld_die(r, "%s: was not loaded by %s", d->lm.l_name,
				r->host.loader->lm.l_name);
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (d->flags & D_HOST)
			adopt_needs(r, d);
	rld_set_started(r);
}
