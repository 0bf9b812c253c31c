/* SPDX-License-Identifier: MIT */
/* The functions that programs call, as rld itself calls them. */
#ifndef RLD_API_H
#define RLD_API_H

#include "rld/base/base.h"
#include "rld/life/life.h"
#include "rld/sym/sym.h"

#pragma GCC visibility push(hidden)

/* ---- introspect.c */
/* "OBJECT(SYMBOL+0x..) [ADDRESS]"; heap. */
char *rld_describe(void *pc);

/* ---- dlfcn.c */
/* A mode as programs give it becomes one as rld numbers it; -1: it is none, and
 * why is kept for dlerror. */
int rld_own_mode(const char *file, int *mode);
/* dlopen, and with want != NULL sgidlopen_version; the mode is rld's. */
void *rld_open(const char *file, int mode, const char *want, unsigned flags,
	       uintptr_t pc);
/* dlopen of a module; *opened is set before its constructors run. */
void *rld_open_module(const char *file, int mode, uintptr_t pc,
		      struct dso **opened);
/* An auditor, in a new namespace; NULL with *e. */
struct dso *rld_open_auditor(struct rld *r, const char *file,
			     struct rld_err *e);
/* pc: the caller, 0 when it is rld. */
int rld_close(void *handle, uintptr_t pc);
/* For tombstones: the caller. */
void rld_closed_from(struct rld *r, uintptr_t pc);
void *rld_symbol(void *handle, const char *name, const char *version,
		 uintptr_t pc);

/* ---- module.c */
/* Open the module at path, for no client yet; NULL: dlerror tells. */
void *rld_module_bring(struct rld *r, const char *path, int mode, uintptr_t pc);

/* What auditors brought in does not count. */
static inline void rld_forget_loads(struct rld *r)
{
	r->loads = 0;
}

#pragma GCC visibility pop

#endif
