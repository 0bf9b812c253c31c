/* SPDX-License-Identifier: MIT */
/* What the files of rld/ share: the objects, the list, the loader's state.
 * Order of the parts is the order of who may call whom, bottom up. */
#ifndef RLD_INTERNAL_H
#define RLD_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "elf/elf_file.h"
#include "elf/rldnote.h"
#include "elf/symbol.h"
#include "elf/version.h"
#include "rld/base/compat.h"
#include "rld/base/str.h"
#include "rld/base/sys.h"

/* Declarations, too: an address of our own needs no GOT, so no relocation. */
#pragma GCC visibility push(hidden)

#define API __attribute__((visibility("default")))
#ifndef ARCH_EFLAGS_MASK /* e_machine, class and byte order tell all */
#define ARCH_EFLAGS_MASK 0
#define ARCH_EFLAGS	 0
#endif
#ifndef ARCH_LDSO_SHARED
#define ARCH_LDSO_SHARED 0
#endif
#define WORD sizeof(ElfW(Addr))

struct rld;
struct dso;

/* ---- mem.c: the loader's heap.  Blocks are zeroed. */
void *rld_alloc(size_t size);
void *rld_realloc(void *p, size_t size);
void rld_free(void *p);
char *rld_strdup(const char *s);
extern const char rld_no_memory[]; /* a text; rld_free takes it */
#ifdef RLD_FAULTS
extern API unsigned rld_fail_alloc;
#endif
/* For fork.  -1: this thread was interrupted in the heap, and has it. */
int rld_heap_hold(void);
void rld_heap_let_go(void);

/* ---- msg.c: errors and traces.  What leads to them is compiled out of the
 * way of the rest. */

/* Why something failed; text is a heap block of the holder, NULL when memory
 * was short.  The first failure is kept. */
struct rld_err {
	char *text;
	int set;
};

/* Record a failure; always -1.  Formats: %s %d %u %x %p %zu %c %%. */
int rld_fail(struct rld_err *e, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));
void rld_err_clear(struct rld_err *e);
/* A heap string. */
/* A file's name with %p replaced by the process's number; heap. */
char *rld_with_pid(const char *name);
char *rld_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* To fd as it is; what ends the process goes to stderr and to the log. */
#define RLD_FATAL (-1)
void rld_print(struct rld *r, int fd, const char *fmt, ...)
	__attribute__((cold, format(printf, 3, 4)));
/* "rld: TEXT" to stderr: what --check has found. */
void rld_problem(struct rld *r, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));
/* "rld: PROG: TEXT", exit status 127; with --list and --check 1. */
_Noreturn void rld_die(struct rld *r, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));

enum {
	TR_SEARCH = 1,
	TR_MAP = 2,
	TR_BIND = 4,
	TR_TLS = 8,
	TR_INIT = 16,
	TR_UNLOAD = 32,
	TR_ALL = 63,
	TR_RECORD = 64, /* record.c */
	TR_STAT = 128,	/* -stat: counts at exit */
	TR_NOTE = 256	/* LD_DEBUG asks for something */
};
/* "rld[PID]: ", and that, to the log. */
void rld_trace(struct rld *r, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));
#define TRACE(r, what, ...)                                   \
	do {                                                  \
		if (__builtin_expect((r)->trace & (what), 0)) \
			rld_trace((r), __VA_ARGS__);          \
	} while (0)

/* ---- objects */

enum {
	D_PROGRAM = 1 << 0,
	D_SELF = 1 << 1, /* rld */
	D_HOST = 1 << 2, /* mapped by the host libc's loader: adopted */
	D_VDSO = 1 << 3,
	D_STARTUP = 1 << 4, /* there before the program ran: never leaves */
	D_GLOBAL = 1 << 5,
	D_NODELETE = 1 << 6,
	D_SYMBOLIC = 1 << 7,
	D_NOW = 1 << 8,	  /* bind functions at once */
	D_READY = 1 << 9, /* its tables can be searched */
	D_RELOCATED = 1 << 10,
	D_NEW = 1 << 11,    /* arrived with the dlopen in progress */
	D_SHARED = 1 << 12, /* one for all namespaces: --shared */
	D_INDEXED = 1 << 13,
	D_SEARCHED = 1 << 14, /* found by search, so identity is the file */
	D_DYING = 1 << 15,
	D_DEEPBIND = 1 << 16,
	D_KERNEL = 1 << 17, /* mapped by the kernel */
	D_LIBC = 1 << 18,
	D_LOADER = 1 << 19,    /* the host libc's loader */
	D_MISSING = 1 << 20,   /* has references that nobody satisfies */
	D_FINISHING = 1 << 21, /* its destructors are to run */
	D_LEAVING = 1 << 22,
	D_DELAYED = 1 << 23,	/* arrived when something needed it */
	D_OVERRIDDEN = 1 << 24, /* scratch: lost references to a strong name */
	D_TOLD = 1 << 25,	/* listeners know of it */
	D_ENTRIES = 1 << 26,	/* no object: a pool of entry points */
	D_RETIRED = 1 << 27,	/* swapped out: seen by nobody */
	D_FACE = 1 << 28,	/* its memory is the handle of a later object */
	D_SWAPPING = 1 << 29,
	D_LINGERS = 1 << 30 /* closed, with memory that is in use: linger.c */
};

/* On its way out: no name leads to it.  is_gone asks for more. */
#define D_GONE (D_DYING | D_LEAVING | D_RETIRED)

/* A handle, and no object any more; a late reader may still stand on it. */
#define D_FACE_ALONE (D_FACE | D_DYING)

/* A closed object whose memory is still needed lingers (linger.c, D_LINGERS):
 * no name leads to it, but addresses do. */
enum life {
	LIFE_LOADED,
	LIFE_REVIVED, /* lingered until the dlopen in progress asked for it */
	LIFE_SHARES,  /* lingers: unique definitions of its are in use */
	LIFE_WAITS    /* lingers until destructors of thread_locals have run */
};

/* Why the walk before an unloading found that an object stays, strongest
 * first. */
enum keep {
	KEEP_NOT,
	KEEP_LOADED,
	KEEP_SHARES,
	KEEP_WAITS,
	KEEP_DUE /* only until this thread has run destructors of its own */
};

/* BINDING: what its IFUNCs mean is yet to be asked (late.c). */
enum init_state {
	INIT_NONE,
	INIT_BINDING,
	INIT_RUNNING,
	INIT_DONE,
	INIT_FINISHED
};

/* What marks say about one entry of a liblist (LL_* of <elf.h>). */
struct lib_mark {
	unsigned flags;
	const char *want;  /* interface version, NULL: any */
	struct peek *peek; /* its file, looked into but not loaded: peek.c */
};

/* What one dlopen call brought together. */
struct group {
	unsigned n;
	struct dso **member; /* breadth-first from the root, member[0] */
};

/* An importer that took something from an object: in the list of users of the
 * one, in the list of what the other uses. */
struct edge {
	struct dso *from, *to;
	struct edge *next, **at; /* among to->users; at points to this one */
	struct edge *next_use;	 /* among from->uses */
	const char *unique;	 /* a unique definition that it uses, or NULL */
};

/* Whether an object shares its unique definitions with an older one. */
struct pair {
	struct pair *next;
	const struct dso *older;
	int agree;
};

/* A file as it was mapped: to know whether it has changed. */
struct stamp {
	uint64_t size;
	struct statx_timestamp mtime, ctime;
};

/* What the second word of a TLS descriptor points to. */
struct tlsdesc {
	struct tlsdesc *next;
	uintptr_t pair[2]; /* number of the module, offset */
};

struct dso {
	/* public: what programs that cast a handle expect */
	struct link_map lm;

	struct dso *next, *prev; /* in the rld-list; owned by list.c */
	struct space *space;	 /* its namespace, NULL: the program's */
	const char *name;	 /* as it was asked for */
	const char *soname;
	uint64_t dev, ino;
	struct dso *by_ino; /* chain of the inode table */
	unsigned flags;
	unsigned serial;    /* grows along the list */
	unsigned walk;	    /* the last walk that came by: rld_first_visit */
	unsigned born;	    /* grows with each object, wherever it stands */
	unsigned record_id; /* record.c's number, 0: not told yet */
	struct stamp stamp;
	uintptr_t place; /* where it was mapped before, 0: nowhere known */

	uintptr_t lo, hi; /* mapped range, page-rounded addresses */
	uintptr_t window_lo, window_hi; /* where most relocations write */
	const ElfW(Phdr) *ph;
	ElfW(Phdr) *ph_copy; /* heap: ph, where no segment has it read-only */
	unsigned phnum;
	uint16_t type;
	uintptr_t entry;
	uintptr_t relro, relro_size;
	unsigned relro_open; /* for how many it is writable; from the mapping on
				for one, until it is relocated */
	int stack_flags;     /* PF_*, -1 unknown */
	int exec_prot;	     /* more bits for mprotect of executable pages */
	unsigned nver;	     /* of ver */
	struct elf_dyn dyn;
	struct elf_version *ver;
	char *origin; /* directory of the file, resolved on first need */
	struct rldnote *note; /* heap, NULL: none */
	const char *iversion; /* interface versions, NULL: none */

	struct dso **need; /* liblist: one an entry, NULL when not loaded */
	const char **need_name;
	struct lib_mark *mark; /* one an entry, NULL when none is marked */
	struct dso **filtee;   /* objects that DT_FILTER names */
	unsigned nneed, nfilter;
	struct dso *loader; /* whose liblist brought it, for RPATH */

	struct group *own;    /* the group of which it is the root */
	struct group **group; /* the groups it is in */
	unsigned ngroup;
	unsigned opens;		/* handles */
	unsigned holds;		/* of rld itself, for a moment */
	unsigned global_serial; /* when it became global */
	struct batch *batch;	/* while INIT_BINDING */
	struct dso *face;     /* what dlopen returns; NULL: the object itself */
	struct dso *replaces; /* during a swap: not seen by this one */
	int mode;	      /* of its last dlopen */
	unsigned tls_dtors;   /* of its thread_local objects, in all threads */

	/* owned by linger.c */
	enum life life;
	enum keep keep;	     /* scratch of one walk */
	uintptr_t closed_by; /* thread, when it began to linger */
	struct pair *pairs;  /* owned by lookup.c */

	struct edge *users, *uses;
	struct alias *alias;	  /* the names under which it is found */
	unsigned char users_open; /* rebind.c */
	unsigned char stays; /* closed and finished, but it could not leave */
	/* owned by linger.c: others' bindings to it have been taken back */
	unsigned char retracted;
	unsigned char lazy_ok; /* its PLT leads into the resolver */
	unsigned naddend;

	/* REL entries whose place held an addend, in order: binding wrote over
	 * it.  Owned by bind.c. */
	struct rel_addend *addend; /* naddend */

	/* TLS */
	const void *tls_image;
	size_t tls_filesz, tls_memsz, tls_align, tls_misalign;
	intptr_t tls_offset; /* from tp, when static */
	unsigned tls_static;
	unsigned tls_mod;	 /* its number, 0 none */
	struct tlsdesc *tlsdesc; /* owned */

	/* index of symbols */
	uint32_t gid; /* first id of its symbols, for writers */

	enum init_state init;
	uintptr_t init_owner;  /* thread of its constructors or destructors */
	struct dso *fini_next; /* in order of construction, newest first */
	struct code *code;     /* in the vault; NULL for who runs itself */
#ifdef ARCH_HAS_ABI
	struct arch_abi abi;
#endif
};

/* What debuggers read of one namespace (glibc 2.35, <link.h>, struct
 * r_debug_extended). */
struct debug_list {
	struct r_debug list;
	struct debug_list *next;
};

/* A namespace of dlmopen: objects of its own that see one another, and what all
 * share.  The list of link_maps is one a namespace. */
struct space {
	struct space *next;
	Lmid_t id;
	struct dso *head, *tail; /* in the order of the rld-list, along lm */
	unsigned holds;		 /* its objects, and a dlmopen in progress */
	int is_new;		 /* its first object has yet to come */
	struct debug_list shown; /* owned by debugger.c */
};

enum host_kind { HOST_NONE, HOST_GLIBC, HOST_MUSL };

struct host {
	enum host_kind kind;
	struct dso *libc, *loader, *gcc_s;
	uintptr_t entry; /* of the loader */
	uintptr_t base;
	const char *musl;    /* its loader as PT_INTERP says; NULL: not */
	int loader_fd;	     /* from the search to the mapping */
	int beside;	     /* loader_fd is of the file beside libc */
	int diverted;	     /* ... which has another name: rld has its own */
	uintptr_t fini;	     /* what it gave stage two */
	struct synth *synth; /* the synthetic program: synth.c */
	const ElfW(Phdr) *inner_ph; /* its program headers */
	const uintptr_t
		*inner_debug; /* its r_debug, written by libc's loader */
	char **hidden;	      /* variables that its loader must not see; heap */
};

enum run_mode { MODE_RUN, MODE_LIST, MODE_CHECK, MODE_VERIFY };

/* A name under which an object was asked for. */
struct alias {
	struct alias *next; /* of its chain */
	struct alias *more; /* of the same object's */
	struct dso *dso;
	uint32_t hash;
	char name[];
};

enum { FIRST_CHAINS = 64 }; /* both tables double when they are full */

/* Complete in itself: readers of an old one never meet a newer one's ids. */
struct index {
	uint32_t mask; /* slots - 1 */
	uint32_t used;
	unsigned last;	/* serial of the object that came last */
	uint32_t next;	/* id to give */
	uint32_t cap;	/* entries of owner */
	uint32_t *echo; /* bit i: libc's symbol i has a namesake ahead */
	uint32_t necho; /* words of echo, 0: not known */
	struct owner {	/* of 64 ids */
		struct dso *dso; /* NULL: gone */
		uint32_t first;	 /* id of the object's symbol 0 */
	} * owner;		 /* behind the slots */
	struct {
		uint32_t key; /* hash | 1, written first */
		uint32_t id;  /* of a symbol; 0 free, 1 no longer in use */
	} slot[];
};

struct rld {
	int argc;
	char **argv, **envp;
	ElfW(auxv_t) *auxv;
	uintptr_t *stack;   /* where argc lies */
	const char *prog;   /* for messages */
	char *program_file; /* its path, when rld is the command; heap */
	/* then, too: the path as the kernel has it, the options of rld; heap */
	char *program_exe, **exec_option;
	unsigned nexec_option;
	size_t page;
	int started; /* libc is up */
	int secure;
	int as_command;
	int on_command_line;  /* options: a bad one is an error */
	const char *root_end; /* root: strings one after the other */

	enum run_mode mode;
	int bind_now;
	unsigned trace;
	int log_fd;
	int ignore_unresolved;
	int preload_file;  /* there is one, which libc's loader must not see */
	int strict;	   /* no text relocations, no executable stack */
	int exec_stack;	   /* stacks are executable */
	int inhibit_cache; /* ld.so.cache is not asked */
	const char *delay_list; /* names, comma-separated; heap */
	int delay_all;
	unsigned ndelay; /* liblist entries that wait */
	int swapped;	 /* something has been swapped out */
	int new_hosts; /* an object of libc's loader whose file is not known */
	unsigned nrevived; /* by the dlopen in progress */
	unsigned nhooked;  /* that waited, and have their object */
	int mend_due;	   /* what a global object waited for has come */
	int fresh;	   /* load the next file though it is loaded already */
	int snapshot;	   /* map private copies of files */
	int tombstone;	   /* keep the addresses of what is unloaded */
	char *closer;	   /* who called dlclose last, for tombstones; heap */
	int delay_pending; /* constructors of delay-loaded objects are due */
	struct delay_news *delay_news;
	const char *ignore_version; /* names, comma-separated; heap */
	int ignore_all_versions;
	struct {
		unsigned long relative, packed, symbolic, slots, lookups, lazy,
			dlsyms, delays;
	} stat;
	const char *follow; /* -y: trace the bindings of this symbol */
	int overrides;	    /* some weak definitions are taken over: weak.c */
	const char *preload_env;
	const char *library_path, *preload, *root, *argv0, *list;
	enum { ID_RULE, ID_INODE, ID_PATH } identity;

	struct dso *head, *tail, *program, *self, *vdso;
	struct space base;    /* the program's own: its objects have no space */
	struct space *spaces; /* of dlmopen, the oldest first */
	struct space *space;  /* what is loaded now comes into this one */
	Lmid_t last_space;    /* the number given last */
	const char *shared;   /* --shared: names, comma-separated; heap */
	unsigned serial, nobj, global_serial;
	unsigned walk; /* number of the last walk */
	unsigned long long adds, subs;
	unsigned changed; /* grows before an object arrives or leaves */

	struct index *index;
	uint32_t
		first_offered; /* symbols of rld's own from here on are procexe.c's */
	unsigned long probes;
	unsigned long loads; /* dlopens that brought something in */
	unsigned born;	     /* objects so far */
	unsigned nlinger;    /* objects that linger */
	int lapsed;	     /* some of them may leave by now */

	struct host host;
	struct dso *fini_list;
	uintptr_t turn; /* names the thread whose turn it is, 0: none: turn.c */
	int turn_tid;	/* its number in the kernel */
	unsigned turns; /* taken so far */
	int turn_waiters; /* threads that wait for theirs */
	int exiting;	/* glibc's order of destructors is fixed: none leaves */
	uintptr_t lock; /* names the thread that has it, 0: free */
	unsigned lock_depth; /* how often that thread has taken it again */
	unsigned fork_depth; /* forks of that thread under way: fork.c */
	int fork_watched;    /* libc has been asked to tell of fork */
	int forks;	     /* under way in this process */
	int fork_waiters;    /* threads that wait until they are done */
	int finishing;	     /* threads at libc's list for exit: fork.c */
	int lock_waiters;
	unsigned changes; /* grows whenever the lock is given back */
	unsigned epoch;	  /* its low bit: where readers count themselves */
	int readers[2];
	int stuck;	     /* a reader did not leave: what goes is kept */
	struct limbo *limbo; /* until all have left */
	struct wait *waits;  /* threads that wait for a constructor */
	unsigned problems;   /* --check */
	int guarded;	     /* at start-up, from the first file on */
	const char *torn;    /* a file that was cut short under rld_guard */
	const char *mapping; /* the file that rld_map has in hand */
	uint64_t mapping_size;
	uintptr_t floor; /* below what the start has mapped; 0: not known */

	/* static TLS block */
	size_t tls_size, tls_align, tls_used;
	unsigned char *tls_image; /* the synthetic program's */

	/* tables by hash of the name, by inode; 2^n chains.  A NULL table is the
	 * first one. */
	struct alias **names, *first_names[FIRST_CHAINS];
	struct dso **inodes, *first_inodes[FIRST_CHAINS];
	unsigned names_mask, nalias, inodes_mask, ninode;
};

/* Zeroes that few starts touch lie behind those that each does. */
#define LARGE __attribute__((section(".bss.large")))

extern struct rld rld_state __attribute__((visibility("hidden")));

/* An id of the calling thread that is never 0. */
static inline uintptr_t rld_self_id(void)
{
	return rld_state.started ? arch_tp() : 1;
}

/* rld's own words in each thread's static block, at rld_tls_slot from tp;
 * arch/NAME/resolve.S reads the first two.  table is never older than n. */
struct tls_words {
	void **table; /* the newest one's slots */
	size_t n;
	struct thread *thread;
	struct walk *walk; /* the innermost of dl_iterate_phdr */
	int reading[2];	   /* this thread's part of rld.readers */
	int finishing;	   /* ... and of rld.finishing */
	int forking;	   /* calls of rld's fork that are under way */
	int ahead;	   /* it goes without a turn, nested */
	int tid;	   /* its number in the kernel, 0: not asked yet */
	struct turn_frame *turns; /* turns it is in, the innermost */
};

_Static_assert(offsetof(struct tls_words, n) == WORD, "as resolve.S has it");

extern intptr_t rld_tls_slot;
extern struct tls_words rld_early_words; /* of the start's one thread */

static inline struct tls_words *tls_words(void)
{
	return (struct tls_words *)(arch_tp() + (uintptr_t)rld_tls_slot);
}

static inline struct tls_words *rld_own_words(const struct rld *r)
{
	return r->started && r->tls_size ? tls_words() : &rld_early_words;
}

/* There is a mapping at `at`: objects of the start lie below it. */
static inline void keep_above(struct rld *r, uintptr_t at)
{
	if (at < r->floor)
		r->floor = at;
}

static inline uintptr_t page_down(const struct rld *r, uintptr_t a)
{
	return a & ~(r->page - 1);
}

static inline uintptr_t page_up(const struct rld *r, uintptr_t a)
{
	return (a + r->page - 1) & ~(r->page - 1);
}

/* What d's headers name, in memory. */
static inline struct elf_view dso_view(const struct rld *r, const struct dso *d)
{
	return (struct elf_view){ .ph = d->ph,
				  .phnum = d->phnum,
				  .bias = d->lm.l_addr,
				  .adjusted = (d->flags & D_HOST) != 0,
				  .page = r->page };
}

/* What the constructors of an object that is done have written can be seen. */
static inline enum init_state dso_init(const struct dso *d)
{
	return __atomic_load_n(&d->init, __ATOMIC_ACQUIRE);
}

/* A walk along liblists begins; rld_first_visit is true once for each object.
 * Lock held from the one to the last of the other. */
static inline void rld_walk_begin(struct rld *r)
{
	if (++r->walk == 0) /* 2^32 walks: an old stamp may look new */
		r->walk = 1;
}

static inline int rld_first_visit(const struct rld *r, struct dso *d)
{
	int first = d->walk != r->walk;

	d->walk = r->walk;
	return first;
}

static inline struct dso *dso_next(const struct dso *d)
{
	return d->next;
}

static inline int lingers(const struct dso *d)
{
	return (d->flags & D_LINGERS) != 0;
}

/* Is d one for all namespaces: of the host libc's family, rld, what --shared
 * names? */
static inline int is_shared(const struct dso *d)
{
	return (d->flags & (D_HOST | D_SELF | D_VDSO | D_SHARED)) != 0;
}

/* Can what is in the namespace s (NULL: the program's) be bound to d? */
static inline int in_space(const struct dso *d, const struct space *s)
{
	return d->space == s || (s && is_shared(d));
}

/* Does no name lead to d: is it closed, swapped out or leaving? */
static inline int is_gone(const struct dso *d)
{
	return (d->flags & (D_GONE | D_LINGERS)) != 0;
}

static inline const char *dso_name(const struct rld *r, const struct dso *d)
{
	return d->flags & D_PROGRAM	     ? r->prog :
	       d->lm.l_name && *d->lm.l_name ? d->lm.l_name :
					       d->name;
}

/* ---- lock.c */
void rld_lock(struct rld *r);
void rld_unlock(struct rld *r);
int rld_holds_lock(const struct rld *r); /* this thread */
/* The half of an owner's word, whose lowest bit is set, to wait on. */
int *rld_futex_half(uintptr_t *owner);
/* Without waiting; 1: it is held.  Only a thread that does not hold it yet. */
int rld_trylock(struct rld *r);
/* Gives back what was kept for readers, if none is left. */
void rld_free_deferred(struct rld *r);
/* Between the two, nothing that a reader can come by is unmapped or freed.
 * Both may be called in signal handlers.  No foreign code in between but the
 * callback of dl_iterate_phdr.  The thread's own count is what remains of the
 * common one in the child of a fork: it is never the smaller of the two. */
static inline int rld_read_begin(struct rld *r)
{
	int k = (int)(__atomic_load_n(&r->epoch, __ATOMIC_RELAXED) & 1);

	rld_own_words(r)->reading[k]++;
	__atomic_fetch_add(&r->readers[k], 1, __ATOMIC_RELEASE);
	arch_barrier(); /* counted before anything is read */
	return k;
}
static inline void rld_read_end(struct rld *r, int k)
{
	__atomic_fetch_sub(&r->readers[k], 1, __ATOMIC_SEQ_CST);
	rld_own_words(r)->reading[k]--;
	if (__builtin_expect(
		    __atomic_load_n(&r->limbo, __ATOMIC_SEQ_CST) != NULL, 0))
		rld_free_deferred(r);
}
/* Lock held.  What was made unreachable before may go once readers have left:
 * waits a moment for them; whoever stays (it may be this very thread, under a
 * signal handler) makes the next two keep their argument for later, until
 * the caller sets r->stuck to 0. */
void rld_wait_readers(struct rld *r);
void rld_free_later(struct rld *r, void *p);
void rld_unmap_later(struct rld *r, uintptr_t lo, uintptr_t hi);

/* ---- fork.c */
/* Have libc tell of fork; if there is a second thread; at the start. */
void rld_watch_fork(struct rld *r);
void rld_watch_threads(struct rld *r);
/* own_malloc: the program has a malloc of its own. */
void rld_watch_fork_at_start(struct rld *r, int own_malloc);
/* Around what takes the lock of libc's list of functions for exit; not under
 * rld's own lock.  May be nested. */
void rld_exit_begin(struct rld *r);
void rld_exit_end(struct rld *r);
/* At the start, with the vault open. */
void rld_find_atexit(struct rld *r);
/* Does rld's fork stand before libc's?  Else nobody finds it. */
int rld_fork_is_ours(struct rld *r);

/* ---- search.c: names to files.  Returns a descriptor and a heap path in
 * *path, or -1 with *e set. */
int rld_search(struct rld *r, const char *name, struct dso *from, char **path,
	       int *searched, struct rld_err *e);
/* Is this file of libc's family at its path, where the cache says? */
int rld_host_is_there(struct rld *r, const char *libc);
/* What ld.so.cache says, when no other place comes before it; for a file that
 * somebody else will open.  Heap, or NULL: search as usual. */
char *rld_search_cache(struct rld *r, const char *name, const struct dso *from);
/* Is fd an object for this machine and ABI, as far as its header tells? */
int rld_fits(int fd);
/* Folder of d's file, for $ORIGIN; "" when unknown. */
const char *rld_origin(struct rld *r, struct dso *d);
/* Value of an environment variable or NULL. */
const char *rld_getenv(struct rld *r, const char *name);
void rld_search_done(struct rld *r);
/* Calls fn for each directory that name would be searched in. */
void rld_search_dirs(struct rld *r, struct dso *from,
		     void (*fn)(void *, const char *dir, size_t len,
				unsigned flags),
		     void *arg);

/* ---- map.c */
/* The first bytes of fd, *n of them (-errno: unreadable), until the next call. */
const void *rld_first_bytes(int fd, long *n);
void rld_first_bytes_forget(void);
int rld_map(struct rld *r, struct dso *d, int fd, const struct statx *st,
	    struct rld_err *e);
/* ---- room.c */
/* The program, which the kernel has put in place as for any linker: the rest. */
void rld_lay_kernels(struct rld *r, struct dso *d);
/* Put the segments of h, fd's header, in place for d. */
int rld_lay(struct rld *r, struct dso *d, int fd, const struct elf_head *h,
	    struct rld_err *e);
/* abi.c: can d, which is mapped, be in this process?  Its floating-point mode
 * is entered if need be. */
#ifdef ARCH_HAS_ABI
int rld_check_abi(struct rld *r, struct dso *d, struct rld_err *e);
#else
static inline int rld_check_abi(struct rld *r, struct dso *d, struct rld_err *e)
{
	(void)r, (void)d, (void)e;
	return 0;
}
#endif
/* Take over an object that is mapped already, with its headers at ph. */
int rld_map_adopt(struct rld *r, struct dso *d, uintptr_t bias,
		  const ElfW(Phdr) *ph, size_t phnum, struct rld_err *e);
void rld_unmap(struct rld *r, struct dso *d);
/* A descriptor of a private copy of fd's first size bytes, or -errno. */
int rld_snapshot(int fd, uint64_t size);
/* Make RELRO writable, or read-only again; nested.  -1: the kernel refuses:
 * nothing has changed. */
int rld_relro_open(struct rld *r, struct dso *d);
int rld_relro_close(struct rld *r, struct dso *d);
/* The memory around at that relocations of d may write: of one writable (text:
 * or any) segment, without what rld must find as it was checked, the program
 * headers and the zero that ends the string table.  0: at is none of it. */
int rld_window(const struct dso *d, uintptr_t at, int text, uintptr_t *lo,
	       uintptr_t *hi);
/* Do these bytes lie in pages of d's readable segments? */
int rld_readable(const struct rld *r, const struct dso *d, uintptr_t at,
		 size_t size);

/* ---- tunable.c */
/* The value of a tunable in GLIBC_TUNABLES, *len bytes; NULL: it has none. */
const char *rld_tunable(struct rld *r, const char *name, size_t *len);
/* Of the glibc-hwcaps directories, up to which one may be used; 0: none. */
unsigned rld_hwcap_level(struct rld *r);

/* ---- stack.c */
/* All that starts with the program is mapped: make stacks executable if it has
 * to be; -1: that is not allowed. */
int rld_stack_decide(struct rld *r, struct rld_err *e);
/* Can d, which is mapped, live with the stacks as they are? */
int rld_stack_serves(const struct rld *r, const struct dso *d,
		     struct rld_err *e);

/* ---- guard.c */
/* on: from here a read past the end of a file that was cut short gives zeros,
 * and r->torn names the file; what is there already is checked at each use, so
 * zeros do no harm.  0: as before. */
void rld_guard(struct rld *r, int on);

/* ---- list.c */
/* Takes over path, a heap string.  NULL: no memory; the caller keeps path. */
struct dso *rld_new_dso(struct rld *r, const char *name, char *path);
void rld_free_dso(struct rld *r, struct dso *d);
void rld_append(struct rld *r, struct dso *d);
/* d, which is in the list, becomes the last. */
void rld_move_last(struct rld *r, struct dso *d);
/* The first object behind all that were there when r->serial was `last`. */
struct dso *rld_after(struct rld *r, unsigned last);
/* The object that this file is already, by the identity rule (doc/binding.md);
 * searched: path was found by search; fd: the file, or -1.  NULL: none. */
struct dso *rld_same_file(struct rld *r, const struct statx *st,
			  const char *path, int searched, int fd);
void rld_unlink(struct rld *r, struct dso *d);
/* No name and no file leads to d any longer. */
void rld_forget_names(struct rld *r, struct dso *d);
/* d takes its place in the list before next, which is in its namespace. */
void rld_move_before(struct rld *r, struct dso *d, struct dso *next);
/* d's link_map has changed: its handle may be older than d.  d may be NULL. */
void rld_show_on_face(struct dso *d);
/* In the namespace s; rld_find_name: in the one of the load in progress, or the
 * program's. */
struct dso *rld_find_name_in(struct rld *r, const struct space *s,
			     const char *name);
struct dso *rld_find_name(struct rld *r, const char *name);
struct dso *rld_find_addr(struct rld *r, uintptr_t addr);
/* ranges.c.  Fills *out for the object at addr: 1; -1: it has no table for
 * unwinders; 0: ask the list.  No lock, in signal handlers as well. */
int rld_find_range(struct rld *r, uintptr_t addr, struct dl_find_object *out);
/* The chain of names in which one with this hash stands. */
struct alias *rld_name_chain(const struct rld *r, uint32_t hash);
/* -1: no memory.  An object that lacks a name is still known by its file. */
int rld_add_name(struct rld *r, struct dso *d, const char *name);
/* Say in *e whose liblist it was. */
void rld_needed_by(struct rld *r, const struct dso *d, struct rld_err *e);
/* Fill d's liblist and its marks; filters are loaded at once. */
int rld_read_liblist(struct rld *r, struct dso *d, struct rld_err *e);
/* Load name for from; the object enters the list (D_NEW) unless it is there.
 * NULL with *e. */
struct dso *rld_load(struct rld *r, const char *name, struct dso *from,
		     struct rld_err *e);
/* As above, though an object of that name is loaded: another may be meant. */
struct dso *rld_load_new(struct rld *r, const char *name, struct dso *from,
			 struct rld_err *e);
/* Load the liblists of every object from first on, breadth-first. */
int rld_load_needed(struct rld *r, struct dso *first, struct rld_err *e);
/* Everything reachable from root, breadth-first; heap array. */
struct dso **rld_closure(struct rld *r, struct dso *root, unsigned *n);

/* ---- lookup.c */
struct ref {
	const char *name;
	uint32_t hash;
	uint32_t own; /* from's symbol of that name, when it defines it */
	const struct elf_version *ver; /* NULL: none asked for */
	struct dso *from;	       /* NULL: global objects only */
	struct dso *skip;	       /* COPY: not this one */
	unsigned char newest;	       /* dlsym: the default version */
	unsigned char staying;	       /* not those on their way out */
	unsigned char is_call;	       /* canonical PLT entries do not serve */
};
struct def {
	struct dso *dso;
	const ElfW(Sym) *sym;
};
int rld_lookup(struct rld *r, const struct ref *ref, struct def *out);
/* rld stands before libc in the list, but not every search walks the list: what
 * ref means is rld's, if *out is a namesake of libc's or its loader's. */
void rld_prefer_own(struct rld *r, const struct ref *ref, struct def *out);
/* dlvsym: rld's names have no versions, they have those of libc's namesakes.
 * 0: def is rld's, and there is none of the version that is asked for. */
int rld_own_version(struct rld *r, const struct ref *ref,
		    const struct def *def);
/* STB_GNU_UNIQUE: the definition found becomes the one that all share.  locked:
 * the writer lock is held. */
void rld_unify(struct rld *r, const struct ref *ref, struct def *out,
	       int locked);
static inline int is_unique(const struct def *def)
{
	return ELF64_ST_BIND(def->sym->st_info) == STB_GNU_UNIQUE;
}
/* gone leaves: no object shares anything with it any longer. */
void rld_pairs_forget(struct rld *r, struct dso *gone);
/* In d alone. */
int rld_lookup_in(const struct dso *d, const struct ref *ref, struct def *out);
void rld_index_add(struct rld *r, struct dso *d);
void rld_index_remove(struct rld *r, struct dso *d);
/* refs: entries of implicit GOTs, which are references, too. */
void rld_index_plan(struct rld *r, size_t refs);
void rld_index_build(struct rld *r);
/* What a lookup of hash will read is asked for, in steps 0, 1 and 2: each needs
 * what the one before it asked for. */
void rld_index_ahead(const struct index *x, uint32_t hash, int step);
/* Each symbol of that hash in the list's order, and whose; at is 0 at first.  0: there
 * is no more.  While no object leaves. */
uint32_t rld_index_next(const struct index *x, uint32_t hash, uint32_t *at,
			struct dso **d);
/* Symbols of libc whose hash an object ahead of it has too, for fn; 0: there is
 * no index that knows. Once, at the start. */
int rld_index_echoes(struct rld *r, void (*fn)(struct rld *, uint32_t i));
void rld_each_symbol(const struct dso *d,
		     void (*fn)(void *, const struct dso *, uint32_t i,
				uint32_t hash),
		     void *arg);
int rld_check_versions(struct rld *r, struct dso *d, struct rld_err *e);
/* The object that should define v, a version that d needs; NULL: not loaded. */
struct dso *rld_version_owner(struct rld *r, const struct dso *d,
			      const struct elf_version *v);
int rld_defines_version(const struct dso *o, const struct elf_version *v);
/* Why symbol i of d, which has ref's name, serves ref or not. */
enum verdict {
	SYM_NONE, /* it is no definition */
	SYM_SERVES,
	SYM_SECOND, /* if d has no better version */
	SYM_VERSION,
	SYM_HIDDEN, /* by its visibility */
	SYM_SCOPE,
	SYM_SELF,      /* a COPY relocation of d's */
	SYM_UNDEFINED, /* a PLT entry that stands for the function */
	SYM_MARK,
	SYM_LEAVING
};
enum verdict rld_judge(const struct dso *d, uint32_t i, const struct ref *ref);
int rld_visible(const struct dso *o, const struct dso *from);
uintptr_t rld_sym_addr(const struct dso *d, const ElfW(Sym) *s);

/* ---- tls.c */
int rld_tls_register(struct rld *r, struct dso *d, struct rld_err *e);
int rld_tls_make_static(struct rld *r, struct dso *d, struct rld_err *e);
void rld_tls_layout(struct rld *r);
void rld_tls_install(struct rld *r, unsigned char *image);
/* Those from first on are relocated: their initial values into static blocks. */
int rld_tls_late_images(struct rld *r, struct dso *first, struct rld_err *e);
/* What __tls_get_addr is given for a variable that is gone; 0 stands for one
 * that nobody ever defined, a weak one. */
#define RLD_TLS_LOST 4096
void rld_tls_release(struct rld *r, struct dso *d);
/* tlsblock.c: blocks that were let go under a lock. */
void rld_tls_free_waiting(void);
void *rld_tls_addr(struct rld *r, struct dso *d, int allocate);
void rld_tls_lock(void);
void rld_tls_unlock(void);
/* For fork, with all signals blocked by the caller. */
void rld_tls_hold(void);
void rld_tls_let_go(void);
struct thread;
char **rld_thread_error(void); /* NULL: no memory for this thread's */
/* A call of the dlopen family that succeeds takes back what an earlier one
 * said. */
void rld_forget_error(void);
char **rld_thread_last_error(void);
void rld_thread_dtors(void);
void rld_thread_exit(void *record);
/* Is the calling thread ending?  Others' destructors must not run in it. */
int rld_thread_is_ending(void);
/* Pending destructors of d's thread_local objects: in this thread; and a call
 * of fn for each thread that has some.  Lock held. */
unsigned rld_dtors_here(const struct dso *d);
void rld_dtors_each(struct rld *r, const struct dso *d,
		    void (*fn)(struct rld *, const struct dso *, unsigned n,
			       int tid));
/* The newest of this thread's whose object is KEEP_DUE runs; 0: there is none.
 * Lock held, and given up meanwhile. */
int rld_dtors_run_due(struct rld *r);
/* d leaves: what still waits for it never runs. */
void rld_dtors_forget(struct rld *r, const struct dso *d);
uintptr_t rld_tls_slow(void *pair, void *unused);

/* ---- bind.c */
int rld_relocate_new(struct rld *r, struct dso *first, struct rld_err *e);
/* from uses something of to; -1: no memory. */
int rld_edge(struct dso *from, struct dso *to);
/* What d uses; that, and who uses d: the edges go. */
void rld_uses_forget(struct dso *d);
void rld_edges_forget(struct dso *d);
/* The same for a definition, which may be a unique one. */
int rld_use_dynamic(struct dso *from, const struct def *def);
static inline int rld_use(struct dso *from, const struct def *def)
{
	return def->dso->flags & (D_STARTUP | D_SELF) || def->dso == from ?
		       0 :
		       rld_use_dynamic(from, def);
}

/* ---- space.c; lock held */
struct space *rld_space_new(struct rld *r); /* held by nothing yet; or NULL */
struct space *rld_space_find(struct rld *r, Lmid_t id); /* or NULL */
/* s may be NULL.  The last one who lets go ends it. */
void rld_space_hold(struct space *s);
void rld_space_let_go(struct rld *r, struct space *s);

/* ---- got.c: entries of d's GOT that mean a symbol without a relocation */
#if ARCH_IMPLICIT_GOT
size_t rld_ngot(const struct dso *d);
#else
static inline size_t rld_ngot(const struct dso *d)
{
	(void)d;
	return 0;
}
#endif

/* ---- lazy.c: index counts entries of DT_JMPREL, symbols for a stub */
uintptr_t rld_bind_slot(struct dso *d, uintptr_t index);
struct reloc;
uintptr_t rld_bind_call(struct rld *r, struct dso *d, struct reloc rel);
uintptr_t rld_bind_got(uintptr_t *got, uintptr_t index);
/* hint: added to the message; NULL: nothing. */
_Noreturn void rld_unresolvable(struct rld *r, const char *object,
				const char *name, const char *hint);

/* ---- rebind.c */
void rld_rebind_host(struct rld *r, struct dso *d, const char *name,
		     uintptr_t value);
/* Whatever rld_unbind will write to in others becomes writable; -1: something
 * cannot, and nothing has changed.  And back. */
int rld_open_users(struct rld *r, struct dso *gone);
void rld_close_users(struct rld *r, struct dso *gone);
/* d leaves: take back what others bound to it. */
void rld_unbind(struct rld *r, struct dso *gone);
/* Uses of names that gone defines and, without it, nobody would: fn for
 * each. */
void rld_would_miss(struct rld *r, struct dso *gone,
		    void (*fn)(void *, const char *from, const char *name),
		    void *arg);
/* Global objects arrived: slots that were missing something try again. */
void rld_mend(struct rld *r);
/* Whatever is bound to d is looked up again. */
void rld_rebind_from(struct rld *r, struct dso *d);
/* What d itself is bound to is looked up again. */
void rld_rebind_own(struct rld *r, struct dso *d);

/* ---- iversion.c: interface versions */
/* Does d, asked for by name, serve who wants `want`?  flags are those of the
 * liblist entry. */
int rld_serves(struct rld *r, const struct dso *d, const char *name,
	       const char *want, unsigned flags);
/* The loaded object of that name that serves who wants `want` (NULL: any). */
struct dso *rld_find_version(struct rld *r, const struct space *s,
			     const char *name, const char *want,
			     unsigned flags);
/* rld_load with a version; entry i of o's liblist. */
struct dso *rld_load_version(struct rld *r, const char *name, const char *want,
			     unsigned flags, struct dso *from,
			     struct rld_err *e);
struct dso *rld_load_entry(struct rld *r, struct dso *o, unsigned i,
			   struct rld_err *e);

/* ---- arrive.c */
void rld_make_global(struct rld *r, struct dso *root);
int rld_join_group(struct rld *r, struct dso *root, struct rld_err *e);
/* Liblists, TLS and versions of what came, first and after; mode as dlopen. */
int rld_bring_in(struct rld *r, struct dso *first, int mode, struct rld_err *e);
/* Relocate them and let them be found; 0, or -1 with *e (then rld_undo). */
int rld_bind_new(struct rld *r, struct dso *first, struct rld_err *e);
/* What came after serial `last` goes again. */
void rld_undo(struct rld *r, unsigned last);
/* x and all that it needs join g; -1: out of memory. */
int rld_extend_group(struct rld *r, struct group *g, struct dso *x);

/* ---- marks.c */
/* A file's note; -1 when it is malformed. */
int rld_read_note(struct rld *r, struct dso *d, struct rld_err *e);
/* What is said of entry i of d's liblist; -1: no memory. */
int rld_mark_entry(struct rld *r, struct dso *d, unsigned i, uintptr_t posflag);
/* A warning for each name of --delay-load that is in no liblist. */
void rld_tell_unneeded(struct rld *r);

/* ---- delay.c */
static inline int rld_is_delayed(const struct dso *d, unsigned i)
{
	return d->mark && d->mark[i].flags & LL_DELAY_LOAD;
}
/* Has d an entry that waits for x, which another's has brought by now? */
int rld_delay_due(const struct dso *d, const struct dso *x);
/* Those entries wait no longer: x stays as long as d does, and is constructed
 * before it is called.  0: *e. */
int rld_delay_keep(struct rld *r, struct dso *d, struct dso *x,
		   struct rld_err *e);
/* Nobody who is loaded defines ref: load the library that would, for `from`.
 * Lock held.  1: *out is set, and rld_delay_init is due, and what came
 * is yet to be bound; 0: none; *e tells of a library that was wanted and cannot
 * be loaded. */
int rld_delay_lookup(struct rld *r, const struct ref *ref, struct dso *from,
		     struct def *out, struct rld_err *e);
/* The same for dlsym: only through the liblists of what root reaches. */
int rld_delay_in(struct rld *r, const struct ref *ref, struct dso *root,
		 struct def *out, struct rld_err *e);
/* Would it, or can it not be known?  Loads nothing. */
int rld_delay_would(struct rld *r, const struct ref *ref, struct dso *from);
/* Constructors of what was loaded so, and the handler's news; no lock held. */
void rld_delay_init(struct rld *r);
/* Look into the file of entry i; NULL with *e when it cannot be found. */
const char *rld_delay_path(struct rld *r, struct dso *d, unsigned i,
			   struct rld_err *e);

/* ---- life/supply.c: as rld_delay_lookup, and what came is bound. */
int rld_supply(struct rld *r, const struct ref *ref, struct dso *from,
	       struct def *out, struct rld_err *e);
/* def, if ref's object waits for what it is in, stays as long as that object; if
 * it is on its way out, def becomes what comes in its place.  0: nothing does, or
 * *e. */
int rld_supply_kept(struct rld *r, const struct ref *ref, struct def *def,
		    struct rld_err *e);

/* ---- load/discard.c */
void rld_delay_forget(struct rld *r, struct dso *d);
/* What came after serial `last`, to which nothing is bound yet, goes again. */
void rld_discard(struct rld *r, unsigned last);

/* ---- weak.c */
/* strong takes over from weak; -1: no memory. */
int rld_override_add(struct rld *r, const struct def *weak,
		     const struct def *strong);
/* The strong definition that took over from a weak one, if any did. */
void rld_weak_follow(struct def *d);
/* Objects that became global after serial `since` take over. */
void rld_weak_arrivals(struct rld *r, unsigned since);
void rld_weak_forget(struct rld *r, const struct dso *gone);

/* ---- turn.c */
enum turn_state {
	TURN_NEEDLESS, /* within another one of this thread, or none is due */
	TURN_TAKEN,
	TURN_PASSED, /* another thread's, which does not get on */
	TURN_OTHERS  /* not now */
};
/* Wait for this thread's turn to run constructors (d's, for messages) or
 * destructors; without the lock.  The first one does not wait. */
enum turn_state rld_turn_try(struct rld *r);
enum turn_state rld_turn_begin(struct rld *r, const struct dso *d);
void rld_turn_end(struct rld *r, enum turn_state t);
void rld_turn_in_child(struct rld *r);
/* fn in a turn, which ends however fn is left. */
void rld_in_turn(struct rld *r, const struct dso *d,
		 void (*fn)(struct rld *, void *), void *arg);

/* ---- order.c; lock held */
/* What root reaches (all, for NULL) and is not constructed, in that order; heap,
 * NULL when memory is short. */
struct dso **rld_order_of_init(struct rld *r, struct dso *root, unsigned *n);
/* The list of what is to be destroyed, as glibc has it at exit. */
void rld_order_at_exit(struct rld *r);

/* Personality routines, of frames that an exception of foreign code, or the end
 * of its thread, may go through: what was begun there is ended. */
enum { UNWIND_CLEANUP_PHASE = 2, UNWIND_CONTINUE = 8 };
typedef int rld_personality(int version, int actions, uint64_t class,
			    void *exception, void *context);
rld_personality rld_leave_walk, rld_leave_constructors, rld_leave_swap,
	rld_leave_module;
/* In the frame's function, which is not to be inlined. */
#define LEFT_BY(routine) \
	__asm__(".cfi_personality 0x1b, " #routine) /* pcrel, 4 bytes */

/* ---- init.c */
void rld_init_program(struct rld *r);
/* late.c: what the IFUNCs of d's load mean, if this thread is to ask them; the
 * lock is given up meanwhile. */
enum late_result {
	LATE_BUSY, /* they are being asked */
	LATE_DONE,
	LATE_LOOSE /* done, and what was held for it may leave now */
};
enum late_result rld_late_run(struct rld *r, struct dso *d);
int rld_late_is_mine(const struct dso *d); /* to ask, and not asked yet */
/* The load is undone. */
void rld_late_drop(struct rld *r, struct dso *d);
void rld_late_in_child(struct dso *d);
void rld_run_init(struct rld *r, struct dso *root);
void rld_run_fini(struct rld *r, struct dso *d);
void rld_fini_all(void);

/* ---- synth.c: the program that libc's own loader is shown */
/* Once it is known which libc that is, before anything else is loaded. */
void rld_synth_reserve(void);
int rld_synth_build(struct rld *r, struct rld_err *e);
void rld_synth_export(struct synth *s, const char *name, uintptr_t value,
		      size_t size, unsigned char info);
int rld_synth_exported(const struct synth *s, const char *name);
void rld_synth_headers(const struct synth *s, uintptr_t *at, size_t *n);
/* ---- hostlibc.c */
/* Is the host libc's family called so?  A path's last part counts. */
int rld_is_host(struct rld *r, const char *name);
/* The name in that family of d, a file that is mapped; NULL: it is not of it. */
const char *rld_host_file(struct rld *r, struct dso *d);
/* Does glibc keep a part of itself under this soname that has, in old releases,
 * namesakes of rld's functions? */
static inline int rld_is_libcs(const char *soname)
{
	return !strcmp(soname, "libdl.so.2") ||
	       !strcmp(soname, "libpthread.so.0");
}
/* Is this the name of a libc's own loader? */
int rld_is_loader(const char *base);
extern const char rld_preload_file[sizeof "/etc/ld.so.preload"];
/* What libc's own loader has mapped under this name, entered nowhere. */
struct dso *rld_inner_object(struct rld *r, const char *name);
void rld_host_kind(struct rld *r, const char *interp);
/* musl's loader as the program names it, below the root. */
const char *rld_host_musl(const struct rld *r);
/* name is the family's, path a heap string that is taken over. */
struct dso *rld_host_note(struct rld *r, const char *name, char *path);
struct dso *rld_host_late(struct rld *r, const char *name, const char *path);
const char *rld_musl_named(struct rld *r, const char *interp);
/* The path of libc's own loader; heap. */
char *rld_loader_path(struct rld *r);
/* A descriptor of the loader at *path, or -1; *path (heap, or NULL) becomes the
 * name that it is diverted to, if it is. */
int rld_open_loader(char **path);
/* The list of what libc's own loader has loaded. */
static inline struct r_debug *rld_inner_debug(const struct rld *r)
{
	return (struct r_debug *)*r->host.inner_debug;
}
/* What opens objects by libc's own loader; mode is a part of each call's. */
struct inner_loader {
	void *(*open)(const char *, int);
	int (*close)(void *);
	char *(*error)(void); /* or NULL */
	int mode;
};
/* -1: it was not found. */
int rld_host_loader(struct rld *r, struct inner_loader *in);
/* The first place of a text from at on, which is in segment p of d; or NULL. */
char *rld_find_text(const struct dso *d, const ElfW(Phdr) *p, char *at,
		    const char *text, size_t n);
/* Is there a text of n bytes in what libc's own loader is made of? */
bool rld_host_has_text(const struct rld *r, const char *text, size_t n);
char *rld_host_path(struct rld *r, const char *name, const struct dso *from);
void rld_host_finish(struct rld *r);
void rld_program_aux(struct rld *r);
_Noreturn void rld_host_start(struct rld *r);
void rld_host_adopt(struct rld *r);
/* Where libc's own thread-local storage lies is asked for when somebody wants
 * it. */
void rld_host_tls(struct rld *r);
void rld_host_interpose(struct rld *r);
uintptr_t rld_host_symbol(struct rld *r, struct dso *d, const char *name);

/* ---- procexe.c: /proc/self/exe, where rld is the command */
void rld_exe_note(struct rld *r, int fd);
void rld_exe_options(struct rld *r, char *const *option, unsigned n);
/* libc is there, nothing is bound yet. */
void rld_exe_offer(struct rld *r);

/* ---- linger.c */
/* The first object that was not there at the start. */
struct dso *rld_first_dynamic(struct rld *r);
/* Set each object's `keep`. */
void rld_keep(struct rld *r);
/* Is there a closed object that stays, and has not been told so? */
int rld_linger_due(struct rld *r);
/* Those linger from now on: what others bound to them is taken back, but for
 * unique definitions. */
void rld_linger(struct rld *r);
/* The object that lingers and is this very file, unchanged: it is loaded again,
 * with all that it needs.  NULL: none. */
struct dso *rld_revive(struct rld *r, const struct statx *st, const char *path,
		       int searched);
/* The dlopen in progress failed, or is done. */
void rld_revive_undo(struct rld *r);
void rld_revive_done(struct rld *r);
void rld_set_life(struct dso *d, enum life life);
struct stamp rld_stamp(const struct statx *st);

/* ---- unload.c */
void rld_collect(struct rld *r);
void rld_remove(struct rld *r, struct dso *d);

/* ---- debug.c */
void rld_debug_state(struct rld *r, int state);
/* n bytes were copied by a COPY relocation: they may be _r_debug. */
void rld_debug_copied(uintptr_t from, uintptr_t to, size_t n);

/* ---- introspect.c */
/* "OBJECT(SYMBOL+0x..) [ADDRESS]"; heap. */
char *rld_describe(void *pc);

/* ---- tomb.c */
int rld_tomb_add(struct rld *r, const struct dso *d, unsigned long long order);
/* Say what lay at this address; 0: nothing is known. */
int rld_tomb_tell(struct rld *r, uintptr_t at);

/* ---- journal.c */
/* Its name stays valid for a while. */
/* Where an object of this very file, unchanged since, was mapped last; 0: nowhere
 * that is known.  Something that stays may have kept addresses of it. */
uintptr_t rld_journal_place(const struct dso *d);
/* How many were unloaded so far. */
unsigned long long rld_journal_count(void);
const char *rld_journal_add(struct rld *r, const struct dso *d);

/* ---- trap.c */
/* An address that stands for what nobody defines any more; touching it ends
 * in a message that names symbol, user and the object that is gone (NULL:
 * as told before). */
uintptr_t rld_trap(struct rld *r, const char *symbol, const struct dso *user,
		   const struct dso *gone, int is_function);
int rld_is_trap(uintptr_t at);
/* From now on, unless the program has a handler of its own. */
void rld_explain_faults(void);

/* ---- dlfcn.c */
/* The object that handle is, or NULL with *e.  Lock held. */
struct dso *rld_valid(struct rld *r, void *handle, struct rld_err *e);
/* For this thread's dlerror; takes the text. */
void rld_keep_error(struct rld_err *e);
struct dso *rld_caller(struct rld *r, uintptr_t pc);
/* A mode as programs give it becomes one as rld numbers it; -1: it is none, and
 * why is kept for dlerror. */
int rld_own_mode(const char *file, int *mode);
/* dlopen, and with want != NULL sgidlopen_version; the mode is rld's. */
void *rld_open(const char *file, int mode, const char *want, unsigned flags,
	       uintptr_t pc);
/* pc: who asks, 0 when it is rld. */
int rld_close(void *handle, uintptr_t pc);
/* For tombstones: who closes. */
void rld_closed_from(struct rld *r, uintptr_t pc);
void *rld_symbol(void *handle, const char *name, const char *version,
		 uintptr_t pc);

/* In the members of a handle, delayed ones included. */
int rld_in_handle(struct rld *r, struct dso *d, struct ref *ref,
		  struct def *out, struct rld_err *e);
static inline void *rld_handle(struct dso *d)
{
	return d->face ? d->face : d;
}

/* ---- entry.c */
uintptr_t rld_entry_bind(struct dso *face, uintptr_t index);
void rld_entries_unbind(struct rld *r, const struct dso *gone);
/* As rld_would_miss, for the entry points; next takes gone's place. */
void rld_entries_would_miss(struct rld *r, const struct dso *gone,
			    struct dso *next,
			    void (*fn)(void *, const char *, const char *),
			    void *arg);

/* ---- module.c */
int rld_module_is(void *handle);
/* handle was opened for a module: its initialiser runs, once; -1: it refused,
 * and the handle is closed. */
int rld_module_ready(struct rld *r, void *handle, const char *path);

/* ---- options.c */
void rld_options(struct rld *r);
int rld_set_log(struct rld *r, const char *file);
/* debugvar.c: LD_DEBUG */
void rld_debug_variable(struct rld *r, const char *list) __attribute__((cold));
/* asktool.c: does rld-show answer this option?  Argument i of the command line
 * is one: start it. */
int rld_asks_tool(const char *option);
_Noreturn void rld_start_tool(struct rld *r, int i);

/* ---- alternate.c */
void rld_alternate(struct rld *r, const char *path);

/* ---- stat.c */
void rld_stat_relocs(struct rld *r, const struct dso *d);
void rld_stat_print(struct rld *r);
/* Neither is counted nor told where nobody asked for it. */
static inline int rld_counts(const struct rld *r)
{
	return __builtin_expect(r->trace & (TR_STAT | TR_RECORD), 0) != 0;
}

/* ---- start.c */
/* An entry of the aux vector, 0 if it is not there. */
uintptr_t rld_aux(const struct rld *r, uintptr_t type);
/* Take the first n arguments away; argc lies 16-aligned again. */
void rld_shift_args(struct rld *r, int n);
/* sp: where argc lies. */
void rld_read_stack(struct rld *r, uintptr_t *sp);
/* AT_SECURE: variables that steer loading vanish for the program, too. */
void rld_drop_variables(struct rld *r);
void rld_start(uintptr_t *sp, const ElfW(Dyn) *dyn, uintptr_t base);
void rld_stage2(uintptr_t *sp, uintptr_t fini);

#pragma GCC visibility pop

#endif
