/* SPDX-License-Identifier: MIT */
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
 * from rld_error().
 *
 * Structures grow at their end.  Those that a callback is given say their size
 * in `size`; functions that fill an array are told the size of its elements, so
 * a program keeps working with a later rld whose structures are longer.  The
 * header compiles without a warning as C99 to C23 and as C++11 to C++23. */
#ifndef RLD_H
#define RLD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header, and of rld as it was built with it. */
#define RLD_VERSION "0.1.0"

/* The text of this thread's last failure, without taking it away as dlerror()
 * does; NULL when there was none.  Valid until the thread's next call of this
 * header's or dlfcn.h's functions.  Source: rld's own. */
const char *rld_error(void);

/* ---- delay-load */

enum { RLD_DELAY_LOADED, RLD_DELAY_FAILED };

struct rld_delay {
	size_t size;	     /* of this structure */
	int what;	     /* RLD_DELAY_* */
	const char *caller;  /* object whose reference it was */
	const char *library; /* path of what was loaded; NULL when it failed */
	const char *symbol;  /* what was needed */
	const char *error;   /* why it failed, NULL: no object defines symbol */
};

/* Told, with no lock held, after a library whose load was delayed has been
 * loaded and its constructors have run; and asked when a function is called
 * that no object defines: a non-NULL answer is called in its place, this once.
 * The strings are valid during the call. */
typedef void *rld_delay_fn(const struct rld_delay *news, void *arg);

/* Install fn (NULL: none); returns the one before, which stays where memory is
 * short (dlerror tells).  The first failing call of a thread may come from any
 * place in the program, on its stack. */
rld_delay_fn *rld_delay_handler(rld_delay_fn *fn, void *arg);

/* ---- why is it still loaded, and what was */

enum {
	RLD_HELD_STARTUP,   /* it came with the program */
	RLD_HELD_HANDLE,    /* count handles of dlopen are open */
	RLD_HELD_DEPENDENT, /* name's liblist has it */
	RLD_HELD_NODELETE,  /* DF_1_NODELETE or RTLD_NODELETE */
	RLD_HELD_THREADS,   /* count destructors of thread_local objects wait */
	RLD_HELD_RUNNING,   /* its constructors run at this moment */
	RLD_HELD_UNIQUE	    /* name uses a unique variable of its (C++) */
};

struct rld_holder {
	int why;	  /* RLD_HELD_* */
	unsigned count;	  /* for handles and thread destructors, else 1 */
	const char *name; /* the dependent's or the user's path, else NULL */
};

/* What holds the object: fills out[0..max-1] and returns how many holders there
 * are; -1 when handle is none.  A binding never holds an object.  The handle may
 * be closed: destructors of thread_local objects, and objects that use a unique
 * variable of its, keep its memory all the same.
 * size: bytes of one element of out, as the caller was compiled (sizeof *out).
 * What rld knows beyond that is left out; bytes that it does not know are 0.
 * A size smaller than this structure's first version is an error. */
int rld_holders_sized(void *handle, struct rld_holder *out, size_t size,
		      size_t max);

static __inline__ int rld_holders(void *handle, struct rld_holder *out,
				  size_t max)
{
	return rld_holders_sized(handle, out, sizeof *out, max);
}

/* An object that was unloaded. */
struct rld_gone {
	const char *name;	    /* its path */
	uintptr_t lo, hi;	    /* the addresses it had: [lo, hi) */
	unsigned char build_id[20]; /* of its GNU build-id note */
	unsigned build_id_size;	    /* bytes of it, 0: none */
	unsigned long long order;   /* 1 for the first ever unloaded, ... */
};

/* The objects unloaded last, newest first, at most 64: fills out[0..max-1] and
 * returns how many are known.  Names are valid until 64 more were unloaded.
 * size: as for rld_holders_sized. */
int rld_journal_sized(struct rld_gone *out, size_t size, size_t max);

static __inline__ int rld_journal(struct rld_gone *out, size_t max)
{
	return rld_journal_sized(out, sizeof *out, max);
}

/* What an address was that leads into what has been unloaded. */
struct rld_was {
	const char *object; /* path of what has been unloaded */
	const char *symbol; /* at or before it, else NULL: not known */
	size_t offset;	    /* from that symbol, else from the object's lowest
			       address */
	const char *user;   /* whose reference it is, NULL: not known */
	unsigned long long
		order; /* of the unloading, as in rld_gone; 0: not known */
};

/* What addr was, for handlers of SIGSEGV that make an error of it (siginfo's si_addr, or
 * where a call has gone): in the range of one of the objects unloaded last, or what rld
 * has put in the place of a reference that nothing satisfies any longer.  0, or -1: no
 * such address, and *out is as it was.  Symbols in an object's own range are known under
 * --tombstone.  Strings are valid until 64 more were unloaded.  May be called in signal
 * handlers; sets no error.  size: as for rld_holders_sized. */
int rld_was_sized(const void *addr, struct rld_was *out, size_t size);

static __inline__ int rld_was_at(const void *addr, struct rld_was *out)
{
	return rld_was_sized(addr, out, sizeof *out);
}

/* ---- swap: a new file for a library in use */

enum {
	RLD_SWAP_NOW = 1, /* bind the new file's own functions at once */
	RLD_SWAP_SNAPSHOT =
		2 /* map a private copy: the file may be overwritten */
};

/* Put the file at path (NULL: the path it has) in the place of the object that
 * handle stands for.  The new file is mapped beside the old one and bound; what
 * others bound to the old one must be defined by it or by another visible
 * object; its constructors run; all slots and entry points move over; the old
 * one's destructors run and it is unloaded.  The handle stays good and now
 * means the new file; addresses taken with dlsym do not move: see rld_entry.
 * 0, or -1 and nothing has changed: the text lists each symbol that would be
 * missing and the object that uses it.  Objects that came with the program, or that are never
 * unloaded (RTLD_NODELETE, -z nodelete), cannot be swapped.  An exception out of
 * a constructor of the new file leaves this call, and the swap has failed.  As with dlclose, no thread may be inside the old file's functions
 * when it goes. */
int rld_swap(void *handle, const char *path, unsigned flags);

/* ---- stable entry points */

/* A function address that is good for ever: calls of it reach what name means
 * at that moment, through close, reopen and swap, at the cost of one indirect
 * jump.  handle: an open object, whose own symbols and those of what it needs
 * are meant, also when it is opened again by the same path or soname later;
 * NULL: the global objects.  A call while no object defines the name goes to the
 * delay handler and the events' handlers, then ends in "attempted access to
 * unresolvable symbol", status 127.  The same arguments give the same address,
 * counted.  NULL: an error. */
void *rld_entry(void *handle, const char *name);

/* Give it back; after the last its address means nothing.  0 or -1. */
int rld_entry_free(void *entry);

/* ---- events */

enum {
	RLD_EVENT_LOADED = 1,	 /* bound, and its constructors have run */
	RLD_EVENT_DELAYED = 2,	 /* the same, because something needed it */
	RLD_EVENT_UNLOADING = 4, /* its destructors are about to run */
	RLD_EVENT_UNLOADED = 8,
	RLD_EVENT_SWAPPED = 16,	   /* handle means a new file now */
	RLD_EVENT_UNRESOLVED = 32, /* no object defines a called function */
	RLD_EVENT_ALL = 63
};

struct rld_event {
	size_t size;	  /* of this structure */
	unsigned what;	  /* one of the above */
	void *handle;	  /* NULL after it is unloaded */
	const char *name; /* path; for RLD_EVENT_UNRESOLVED: the caller's */
	uintptr_t lo, hi; /* its addresses: [lo, hi) */
	unsigned char build_id[20]; /* of its GNU build-id note */
	unsigned build_id_size;	    /* bytes of it, 0: none */
	const char *symbol;	    /* RLD_EVENT_UNRESOLVED, else NULL */
};

/* Of objects that come together, what another one needs is told first; when they leave,
 * last: RLD_EVENT_LOADED in the order of construction, RLD_EVENT_UNLOADING in the
 * reverse.  Called with no lock held; may call any function of this header and of
 * <dlfcn.h>.  Strings are valid during the call.  The answer counts for
 * RLD_EVENT_UNRESOLVED only: an address to call in its place, this once, or
 * NULL. */
typedef void *rld_event_fn(const struct rld_event *event, void *arg);

/* Tell fn(_, arg) of the events in `what` (RLD_EVENT_LOADED | ...) from now on;
 * 0 ends it.  fn and arg together name the listener; there may be 32.  A call
 * that is under way in another thread is not waited for.  0 or -1. */
int rld_notify(rld_event_fn *fn, void *arg, unsigned what);

/* ---- modules: libraries with an initialiser, clients and counts */

struct rld_module;

enum {
	RLD_MODULE_ATTACH,	  /* a client opens it */
	RLD_MODULE_DETACH_CLIENT, /* a client's last use ends, others stay */
	RLD_MODULE_DETACH_PROCESS /* the last client's last use ends */
};

/* A negative answer refuses: the open or close fails and changes nothing. */
typedef int rld_module_hook(struct rld_module *module, void *client, int what,
			    void *arg);

enum { RLD_MODULE_KEEP = 1 /* the library stays loaded without clients */ };

/* What names of loadable files end in on this platform: ".so". */
const char *rld_module_extension(void);

/* Open the module `name` for client (any pointer; NULL is one, too).  A name
 * without a slash is looked for in the directories of search: a colon list, or
 * "$VARIABLE" for the list in that environment variable, which a set-user-ID
 * program (AT_SECURE) takes for empty; NULL: as dlopen does.
 * The platform's extension is added where name has none.  mode as for dlopen.
 * The library, and what it needs, are modules from then on: a function __NAME__Init of
 * each is called, where there is one, after its constructors and before what needs it is
 * constructed (NAME: the file's name without directory and extension, characters
 * that C names cannot have turned to '_', with or without a leading "lib"; else the same
 * of its soname).  A negative answer means that the open fails; what is unloaded for
 * that has its __NAME__deInit called.  It is called whoever takes the library away
 * (rld_module_close, dlclose, a swap, exit), once nobody uses it any longer: after
 * RLD_EVENT_UNLOADING and before its destructors.
 * Then hook (if any) is asked for this client.  The module
 * is owned by rld and valid until its last close.  These functions and hooks may
 * open and close the module themselves: __NAME__Init runs once, the library stays
 * until the outermost call returns, and an open by __NAME__deInit fails.
 * Where the file at the path was replaced since it was loaded, the open fails unless mode
 * has RTLD_NOLOAD: see rld_module_reload.  A touched or copied file with the same
 * build-id is the same one. */
struct rld_module *rld_module_open(const char *name, const char *search,
				   int mode, void *client,
				   rld_module_hook *hook, void *arg);

/* One use of client's less.  When it was the client's last, its hook is told;
 * when no client uses the module, the library is closed,
 * unless flags or an earlier close said RLD_MODULE_KEEP.  0 or -1. */
int rld_module_close(struct rld_module *module, void *client, unsigned flags);

/* Put the file at path (NULL: the path that it has) in the place of the module's
 * library, for all its clients: rld_swap with its flags.  The new file's __NAME__Init
 * runs after its constructors, and refuses the reload by a negative answer; the old
 * one's __NAME__deInit before its destructors.  The module, its handle and its counts
 * stay; no hook is asked.  0, or -1 and nothing has changed. */
int rld_module_reload(struct rld_module *module, const char *path,
		      unsigned flags);

/* Take the module away, whatever the counts: each client's hook is told (the last one
 * RLD_MODULE_DETACH_PROCESS), answers do not count, nor does RLD_MODULE_KEEP; the library
 * is closed, and leaves if no other handle or object uses it.  flags: 0.  0 or -1. */
int rld_module_unload(struct rld_module *module, unsigned flags);

/* Call fn(module, path, arg) for each open module, the oldest first, until it does not
 * return 0; returns what it did last.  No lock is held: fn may open and close modules.
 * Other threads that want this very module wait meanwhile. */
int rld_module_each(int (*fn)(struct rld_module *module, const char *path,
			      void *arg),
		    void *arg);

/* The handle, for dlsym and rld_entry; not to be closed: a dlclose that would be its
 * library's last one fails. */
void *rld_module_handle(const struct rld_module *module);

/* How many uses client has; all clients' with any != 0. */
unsigned rld_module_uses(const struct rld_module *module, const void *client,
			 int any);

/* ---- restore: the same libraries in another process */

/* Write what is open now to a text file: objects (path, build-id) in list
 * order, then each handle with its mode, count and group.  It is replaced as a
 * whole; what is no regular file (a FIFO, a device) is written to.  0 or -1. */
int rld_save(const char *file);

enum {
	RLD_RESTORED,
	RLD_MISSING, /* a file is not there */
	RLD_CHANGED, /* its build-id is another: it was not loaded */
	RLD_FAILED   /* dlopen failed */
};

/* handle: what was opened, as often as it was then, else NULL.  text: why
 * not, else NULL. */
typedef void rld_restore_fn(int result, const char *path, void *handle,
			    const char *text, void *arg);

enum { RLD_RESTORE_CHANGED = 1 /* load what has changed, too */ };

/* Open again what rld_save wrote; report (may be NULL) is told of each open.
 * __NAME__Init functions of modules run again; rld_module_open finds them
 * loaded.  Returns how many could not be restored, or -1: the file cannot be
 * read or is not such a list (nothing was loaded). */
int rld_restore(const char *file, unsigned flags, rld_restore_fn *report,
		void *arg);

#ifdef __cplusplus
}
#endif

/* SGI's names, sgidladd() and the like, have a header of their own.  This one
 * brings it, for programs written before, unless RLD_NO_SGI is defined. */
#ifndef RLD_NO_SGI
#include "rld_interface.h"
#endif
#endif
