/* SPDX-License-Identifier: MIT */
/* rld_interface.h: SGI's calls, under SGI's names.
 *
 * IRIX had the first three in <dlfcn.h> and the rest in its rld_interface.h.
 * They are for programs that come from there; what is rld's own is in rld.h,
 * whose first lines (linking, handles, strings, threads, errors) count here too.
 * New programs can say dlopen(path, mode | RTLD_GLOBAL) for sgidladd. */
#ifndef RLD_INTERFACE_H
#define RLD_INTERFACE_H

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the SGI calls (IRIX dlopen(3C), sgidladd(3), sgidlopen_version(3)) */

/* sgidladd only: a reference that no object satisfies makes it fail. */
#define RTLD_NOW_REPORT_ERROR 0x10000

/* How sgidlopen_version compares. */
#ifndef LL_NONE
#define LL_NONE 0 /* the version itself, or a higher one of the same major */
#endif
#ifndef LL_EXACT_MATCH
#define LL_EXACT_MATCH 1 /* that version only */
#endif

/* Open path as if it had been linked into the program: it and all it needs
 * become visible to all objects, also what was private before.  mode: RTLD_LAZY,
 * RTLD_NOW (which means the same here: functions that no object defines yet stay
 * lazy) or RTLD_NOW_REPORT_ERROR (they are an error, and nothing stays
 * loaded).  References that were missing, or bound to a weak definition, may
 * be bound to path's.  Returns a handle that dlclose takes. */
void *sgidladd(const char *path, int mode);

/* dlopen, for an object whose interface versions serve a user of `version`
 * ("sgi1.0"; a "comment#" before it is ignored).  An incompatible object at
 * path gives way to path.MAJOR.  flags: LL_NONE or LL_EXACT_MATCH.  An object
 * that states no version is accepted. */
void *sgidlopen_version(const char *path, int mode, const char *version,
			int flags);

/* The interface versions of the loaded object with this soname, "" when it
 * states none, NULL when no such object is loaded (dlerror tells). */
char *sgigetdsoversion(const char *soname);

/* ---- calls meant for a C library (SGI's rld_interface.h) */

enum {
	_SHUT_DOWN,
	_RLD_FIRST_PATHNAME,
	_RLD_NEXT_PATHNAME,
	_RLD_MODIFY_LIST,
	_RLD_ADDR_TO_NAME,
	_RLD_NAME_TO_ADDR,
	_RLD_LIBDL_INTERFACE,
	_RLD_VERSION_EXPECTED,
	_RLD_SPROC_NOTIFY,
	_RLD_DSO_VERSION,
	_RLD_SHUTDOWN_THREAD,
	_RLD_SPROC_FINI,
	_RLD_PTHREADS_START,
	_RLD_NOP,
	_RLD_DLADDR
};

/* _SHUT_DOWN ()                run all destructors
 * _RLD_FIRST_PATHNAME ()       the first name of the rld-list: "MAIN"
 * _RLD_NEXT_PATHNAME ()        the next, NULL at the end; one walk a process
 * _RLD_MODIFY_LIST (int, const char *) 2: sgidladd; 3: close what 2 opened;
 *                              others do nothing.  NULL: it failed
 * _RLD_ADDR_TO_NAME (void *)   the global symbol at exactly this address
 * _RLD_NAME_TO_ADDR (const char *) the global symbol's address
 * _RLD_LIBDL_INTERFACE (int, ...) as __rld_libdl_interface
 * _RLD_DSO_VERSION (const char *) as sgigetdsoversion
 * _RLD_DLADDR (void *, Dl_info *) as dladdr
 * all others: nothing, NULL */
void *_rld_new_interface(unsigned op, ...);

/* what: 0 dlopen, 1 dlsym, 2 dlclose, 3 dlerror, 4 sgidladd,
 * 5 sgidlopen_version; the arguments of that call, as words. */
void *__rld_libdl_interface(int what, void *a1, void *a2, void *a3, void *a4);

#ifdef __cplusplus
}
#endif
#endif
