/* rld.h: what rld offers programs beyond <dlfcn.h>.
 *
 * Link with -lrld.  Under rld the name librld.so.1 is satisfied by rld itself;
 * without rld the library of that name answers: its functions fail, with a
 * text from rld_error() that says so, and <dlfcn.h> works as ever.
 *
 * Handles are those of dlopen.  Strings that come back belong to rld and stay
 * valid as long as the object they speak of is loaded, unless said otherwise;
 * none is freed by the caller.  Unless said otherwise functions may be called
 * by any thread, from constructors, destructors and handlers, and not from
 * signal handlers.  Errors: NULL or -1, and a text from dlerror() as well as
 * from rld_error(). */
#ifndef RLD_H
#define RLD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The text of this thread's last failure, without taking it away as dlerror()
 * does; NULL when there was none.  Valid until the thread's next call of this
 * header's or dlfcn.h's functions.  Source: rld's own. */
const char *rld_error(void);

/* ---- the SGI calls (IRIX dlopen(3C), sgidladd(3), sgidlopen_version(3)) */

/* sgidladd only: any reference that nobody satisfies makes it fail. */
#define RTLD_NOW_REPORT_ERROR 0x10000

/* How sgidlopen_version compares. */
#ifndef LL_NONE
#define LL_NONE 0 /* the version itself, or a higher one of the same major */
#endif
#ifndef LL_EXACT_MATCH
#define LL_EXACT_MATCH 1 /* that version only */
#endif

/* Open path as if it had been linked into the program: it and all it needs
 * become visible to everybody, also what was private before.  mode: RTLD_LAZY,
 * RTLD_NOW (which means the same here: functions that nobody defines yet stay
 * lazy) or RTLD_NOW_REPORT_ERROR (they are an error, and nothing stays
 * loaded).  References that were missing, or bound to a weak definition, may
 * be bound to path's.  Returns a handle that dlclose takes. */
void *sgidladd(const char *path, int mode);

/* dlopen, for an object whose interface versions serve who wants `version`
 * ("sgi1.0"; a "comment#" before it is ignored).  An incompatible object at
 * path gives way to path.MAJOR.  flags: LL_NONE or LL_EXACT_MATCH.  An object
 * that states no version is accepted. */
void *sgidlopen_version(const char *path, int mode, const char *version,
			int flags);

/* The interface versions of the loaded object with this soname, "" when it
 * states none, NULL when no such object is loaded (dlerror tells). */
char *sgigetdsoversion(const char *soname);

/* ---- delay-load */

enum { RLD_DELAY_LOADED, RLD_DELAY_FAILED };

struct rld_delay {
	size_t size;	     /* of this structure */
	int what;	     /* RLD_DELAY_* */
	const char *caller;  /* object whose reference it was */
	const char *library; /* path of what was loaded; NULL when it failed */
	const char *symbol;  /* what was needed */
	const char *error;   /* why it failed, NULL: nobody defines symbol */
};

/* Told, with no lock held, after a library whose load was delayed has been
 * loaded and its constructors have run; and asked when a function is called
 * that nobody defines: a non-NULL answer is called in its place, this once.
 * The strings are valid during the call. */
typedef void *rld_delay_fn(const struct rld_delay *news, void *arg);

/* Install fn (NULL: none); returns the one before.  The first failing call of
 * a thread may come from any place in the program, on its stack. */
rld_delay_fn *rld_delay_handler(rld_delay_fn *fn, void *arg);

/* ---- why is it still loaded, and what was */

enum {
	RLD_HELD_STARTUP,   /* it came with the program */
	RLD_HELD_HANDLE,    /* count handles of dlopen are open */
	RLD_HELD_DEPENDENT, /* name's liblist has it */
	RLD_HELD_NODELETE,  /* DF_1_NODELETE or RTLD_NODELETE */
	RLD_HELD_THREADS,   /* count destructors of thread_local objects wait */
	RLD_HELD_RUNNING    /* its constructors run at this moment */
};

struct rld_holder {
	int why;	  /* RLD_HELD_* */
	unsigned count;	  /* for handles and thread destructors, else 1 */
	const char *name; /* the dependent's path, else NULL */
};

/* Who holds the object: fills out[0..max-1] and returns how many holders there
 * are; -1 when handle is none.  A binding never holds an object. */
int rld_holders(void *handle, struct rld_holder *out, size_t max);

/* An object that was unloaded. */
struct rld_gone {
	const char *name;	    /* its path */
	uintptr_t lo, hi;	    /* the addresses it had: [lo, hi) */
	unsigned char build_id[20]; /* of its GNU build-id note */
	unsigned build_id_size;	    /* bytes of it, 0: none */
	unsigned long long order;   /* 1 for the first ever unloaded, ... */
};

/* The objects unloaded last, newest first, at most 64: fills out[0..max-1] and
 * returns how many are known.  Names are valid until 64 more were unloaded. */
int rld_journal(struct rld_gone *out, size_t max);

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
