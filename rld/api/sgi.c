/* SPDX-License-Identifier: MIT */
/* The calls that are IRIX's own: sgidladd(3), sgidlopen_version(3),
 * sgigetdsoversion(3), and what its libc called rld by. */
#include "rld/api/api.h"
#include "rld/base/base.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

#define CALLER() ((uintptr_t)__builtin_return_address(0))

static void *add(const char *path, int mode, uintptr_t pc)
{
	struct rld_err e = { 0 };
	int how = mode & (RTLD_LAZY | RTLD_NOW | RTLD_NOW_REPORT_ERROR);

	if (!path || (how != RTLD_LAZY && how != RTLD_NOW &&
		      how != RTLD_NOW_REPORT_ERROR)) {
		rld_fail(&e,
			 "%s: invalid mode for sgidladd(): 0x%x: %s of "
			 "RTLD_LAZY, RTLD_NOW and RTLD_NOW_REPORT_ERROR is "
			 "set",
			 path ? path : "(no path)", (unsigned)mode,
			 how ? "more than one" : "none");
		rld_keep_error(&e);
		return NULL;
	}
	mode &= ~(RTLD_NOW | RTLD_NOW_REPORT_ERROR);
	/* sgidladd(3): NOW leaves functions that no object defines lazily dangling */
	mode |= how == RTLD_NOW_REPORT_ERROR ? RTLD_NOW : RTLD_LAZY;
	if (mode & RTLD_NOW)
		mode &= ~RTLD_LAZY;
	if (rld_own_mode(path, &mode))
		return NULL;
	return rld_open(path, mode | RTLD_GLOBAL, NULL, 0, pc);
}

static void *open_version(const char *path, int mode, const char *version,
			  int flags, uintptr_t pc)
{
	struct rld_err e = { 0 };

	if (flags != LL_NONE && flags != LL_EXACT_MATCH) {
		rld_fail(&e, "%s: invalid flags for sgidlopen_version(): 0x%x",
			 path ? path : "(program)", (unsigned)flags);
		rld_keep_error(&e);
		return NULL;
	}
	/* IRIX's rule; what dlopen puts up with is for other systems' programs */
	if ((mode & (RTLD_LAZY | RTLD_NOW)) == (RTLD_LAZY | RTLD_NOW)) {
		rld_fail(&e,
			 "%s: invalid mode for sgidlopen_version(): 0x%x: "
			 "RTLD_LAZY and RTLD_NOW are both set: drop one",
			 path ? path : "(program)", (unsigned)mode);
		rld_keep_error(&e);
		return NULL;
	}
	if (rld_own_mode(path, &mode))
		return NULL;
	return rld_open(path, mode, path ? version : NULL, (unsigned)flags, pc);
}

API void *sgidladd(const char *path, int mode)
{
	return add(path, mode, CALLER());
}

API void *sgidlopen_version(const char *path, int mode, const char *version,
			    int flags)
{
	return open_version(path, mode, version, flags, CALLER());
}

API char *sgigetdsoversion(const char *soname)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	const char *v = NULL;
	struct dso *d;

	rld_lock(r);
	for (d = r->head; d; d = dso_next(d))
		if (d->soname && soname && !strcmp(d->soname, soname) &&
		    !is_gone(d) && !d->space)
			break;
	if (d)
		v = d->iversion ? d->iversion : "";
	rld_unlock(r);
	if (!v) {
		rld_fail(&e, "%s: no loaded object has this soname",
			 soname ? soname : "(none)");
		rld_keep_error(&e);
	}
	return (char *)(uintptr_t)v;
}

API const char *rld_error(void)
{
	char **slot = rld_thread_error();

	return slot ? *slot : rld_no_memory;
}

static void *libdl(int what, void *a1, void *a2, void *a3, void *a4,
		   uintptr_t pc)
{
	int mode = (int)(intptr_t)a2;

	switch (what) {
	case 0:
		return rld_own_mode(a1, &mode) ?
			       NULL :
			       rld_open(a1, mode, NULL, 0, pc);
	case 1:
		return rld_symbol(a1, a2, NULL, pc);
	case 2:
		return (void *)(intptr_t)rld_close(a1, pc);
	case 3:
		return dlerror();
	case 4:
		return add(a1, (int)(intptr_t)a2, pc);
	case 5:
		return open_version(a1, (int)(intptr_t)a2, a3,
				    (int)(intptr_t)a4, pc);
	default:
		return NULL;
	}
}

API void *__rld_libdl_interface(int what, void *a1, void *a2, void *a3,
				void *a4)
{
	return libdl(what, a1, a2, a3, a4, CALLER());
}

/* The walk over path names: where it stands, by serial number, so that what
 * leaves meanwhile does no harm. */
static unsigned walked;

static const char *next_path(struct rld *r)
{
	const char *name = NULL;

	rld_lock(r);
	for (struct dso *d = r->head; d && !name; d = dso_next(d))
		if (d->serial > walked && !d->space && !(d->flags & D_VDSO)) {
			walked = d->serial;
			name = d->flags & D_PROGRAM ? "MAIN" : dso_name(r, d);
		}
	rld_unlock(r);
	return name;
}

static void *modify_list(int how, const char *path, uintptr_t pc)
{
	struct rld *r = &rld_state;
	void *handle;
	struct dso *d;

	if (how == 2)
		return add(path, RTLD_LAZY, pc);
	if (how != 3 || !path)
		return NULL;
	rld_lock(r);
	d = rld_find_name(r, path);
	handle = d ? rld_handle(d) : NULL;
	rld_unlock(r);
	return handle && !rld_close(handle, pc) ? handle : NULL;
}

static void *named(struct rld *r, const char *name)
{
	struct ref ref = { .name = name, .newest = 1 };
	struct def def;
	void *at;
	int k;

	if (!name)
		return NULL;
	ref.hash = elf_gnu_hash(name);
	k = rld_read_begin(r);
	at = rld_lookup(r, &ref, &def) ?
		     (void *)rld_sym_addr(def.dso, def.sym) :
		     NULL;
	rld_read_end(r, k);
	return at;
}

static void *name_at(void *addr)
{
	Dl_info i;

	return dladdr(addr, &i) && i.dli_saddr == addr ?
		       (void *)(uintptr_t)i.dli_sname :
		       NULL;
}

API void *_rld_new_interface(unsigned op, ...)
{
	static const char given[6] = { 2, 2, 1, 0, 2, 4 };
	uintptr_t pc = CALLER();
	struct rld *r = &rld_state;
	void *a[4] = { 0 };
	va_list ap;
	int how = 0;

	va_start(ap, op);
	if (op == _RLD_MODIFY_LIST || op == _RLD_LIBDL_INTERFACE)
		how = va_arg(ap, int);
	switch (op) {
	case _RLD_LIBDL_INTERFACE:
		for (int i = 0; how >= 0 && how < 6 && i < given[how]; i++)
			a[i] = va_arg(ap, void *);
		break;
	case _RLD_DLADDR:
		a[0] = va_arg(ap, void *);
		a[1] = va_arg(ap, void *);
		break;
	case _RLD_MODIFY_LIST:
	case _RLD_ADDR_TO_NAME:
	case _RLD_NAME_TO_ADDR:
	case _RLD_DSO_VERSION:
		a[0] = va_arg(ap, void *);
		break;
	default:
		break;
	}
	va_end(ap);
	switch (op) {
	case _SHUT_DOWN:
		rld_fini_all();
		return NULL;
	case _RLD_FIRST_PATHNAME:
		walked = 0;
		return (void *)(uintptr_t)next_path(r);
	case _RLD_NEXT_PATHNAME:
		return (void *)(uintptr_t)next_path(r);
	case _RLD_MODIFY_LIST:
		return modify_list(how, a[0], pc);
	case _RLD_ADDR_TO_NAME:
		return name_at(a[0]);
	case _RLD_NAME_TO_ADDR:
		return named(r, a[0]);
	case _RLD_LIBDL_INTERFACE:
		return libdl(how, a[0], a[1], a[2], a[3], pc);
	case _RLD_DSO_VERSION:
		return sgigetdsoversion(a[0]);
	case _RLD_DLADDR:
		return (void *)(intptr_t)dladdr(a[0], a[1]);
	default:
		return NULL;
	}
}
