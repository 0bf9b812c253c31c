/* SPDX-License-Identifier: MIT */
/* Files that are looked into where they lie, to learn whether they define a
 * name, and not loaded. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/image/image.h"
#include "rld/load/load.h"

/* The file stays mapped read-only: an object that waits for many libraries
 * asks them all for each name that no loaded object has. */
struct peek {
	uintptr_t at;
	size_t size;
	char *path;
	struct dso dso; /* tables only; in no list */
	struct rld_gone id;
};

void rld_look_away(struct peek *p)
{
	if (!p)
		return;
	if (p->size)
		sys_munmap(p->at, p->size);
	rld_free(p->path);
	rld_free(p->dso.ver);
	rld_free(p->dso.note);
	rld_free(p);
}

static int read_tables(struct peek *p, const char **why)
{
	const struct elf_want want = { ARCH_CLASS,	 ARCH_DATA,
				       ARCH_MACHINE,	 rld_state.page,
				       ARCH_EFLAGS_MASK, ARCH_EFLAGS };
	struct dso *d = &p->dso;
	struct elf_view v = { .flat = (const unsigned char *)p->at,
			      .flat_size = p->size,
			      .page = rld_state.page };
	struct elf_head h;
	int ret =
		elf_head((const void *)p->at, p->size, p->size, &want, &h, why);

	if (ret) {
		if (ret > 0)
			*why = "is truncated";
		return -1;
	}
	*why = "has no dynamic section";
	if (!h.dynamic)
		return -1;
	v.ph = h.ph;
	v.phnum = h.phnum;
	if (rld_read_dynamic(&v, h.dynamic, d, why))
		return -1;
	d->flags |= D_READY;
	rld_build_id_in(&v, &p->id);
	return rld_notes_of(&v, d, why);
}

struct peek *rld_look_into(struct rld *r, const char *name, struct dso *from,
			   struct rld_err *e)
{
	struct peek *p = rld_alloc(sizeof *p);
	struct statx st;
	const char *why;
	int fd, searched;
	long err;

	if (!p) {
		rld_fail(e, "%s: out of memory", name);
		return NULL;
	}
	fd = rld_search(r, name, from, &p->path, &searched, e);
	if (fd < 0) {
		rld_free(p);
		return NULL;
	}
	err = sys_statx(fd, "", AT_EMPTY_PATH, &st);
	if (!err && !sys_not_regular(&st) && st.stx_size &&
	    st.stx_size <= SIZE_MAX / 4) {
		p->size = (size_t)st.stx_size;
		p->at = sys_mmap(NULL, p->size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (SYS_ERR(p->at))
			p->size = 0;
	}
	rld_first_bytes_forget();
	sys_close(fd);
	why = err ? sys_strerror(err) : "cannot be mapped";
	if (!p->size || read_tables(p, &why)) {
		rld_fail(e, "%s: %s", p->path, why);
		rld_look_away(p);
		return NULL;
	}
	return p;
}

const struct dso *rld_look_tables(const struct peek *p)
{
	return &p->dso;
}

const struct rld_gone *rld_look_id(const struct peek *p)
{
	return &p->id;
}

const char *rld_look_path(const struct peek *p)
{
	return p->path;
}
