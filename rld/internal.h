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
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "elf/elf_file.h"
#include "elf/symbol.h"
#include "elf/version.h"
#include "rld/str.h"
#include "rld/sys.h"

#define RLD_VERSION "0.1.0"
#define API	    __attribute__((visibility("default")))
#define WORD	    sizeof(ElfW(Addr))

struct rld;
struct dso;

/* ---- mem.c: the loader's heap.  Blocks are zeroed. */
void *rld_alloc(size_t size);
void *rld_realloc(void *p, size_t size);
void rld_free(void *p);
char *rld_strdup(const char *s);
extern char rld_no_memory[]; /* a text; rld_free takes it */
#ifdef RLD_FAULTS
extern API unsigned rld_fail_alloc;
#endif
int rld_heap_lock(void); /* -1: this thread holds it already */
void rld_heap_unlock(void);

/* ---- msg.c: errors and traces. */

/* Why something failed; text is a heap block of the holder, NULL when memory
 * was short.  The first failure is kept. */
struct rld_err {
	char *text;
	int set;
};

/* Record a failure; always -1.  Formats: %s %d %u %x %p %zu %c %%. */
int rld_fail(struct rld_err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void rld_err_clear(struct rld_err *e);
/* A heap string. */
char *rld_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* To the log or stderr, as it is. */
void rld_print(struct rld *r, int fd, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "rld: PROG: TEXT", exit status 127. */
_Noreturn void rld_die(struct rld *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

enum {
	TR_SEARCH = 1,
	TR_MAP = 2,
	TR_BIND = 4,
	TR_TLS = 8,
	TR_INIT = 16,
	TR_UNLOAD = 32,
	TR_ALL = 63
};
#define TRACE(r, what, ...)                                       \
	do {                                                      \
		if (__builtin_expect((r)->trace & (what), 0))     \
			rld_print((r), (r)->log_fd, __VA_ARGS__); \
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
	D_NEW = 1 << 11,  /* arrived with the dlopen in progress */
	D_MARK = 1 << 12, /* scratch of one walk */
	D_INDEXED = 1 << 13,
	D_SEARCHED = 1 << 14, /* found by search, so identity is the file */
	D_DYING = 1 << 15,
	D_DEEPBIND = 1 << 16,
	D_KERNEL = 1 << 17, /* mapped by the kernel */
	D_LIBC = 1 << 18,
	D_LOADER = 1 << 19,    /* the host libc's loader */
	D_MISSING = 1 << 20,   /* has references that nobody satisfies */
	D_FINISHING = 1 << 21, /* its destructors are to run */
	D_LEAVING = 1 << 22
};

enum init_state { INIT_NONE, INIT_RUNNING, INIT_DONE, INIT_FINISHED };

/* What one dlopen call brought together. */
struct group {
	unsigned id;
	unsigned n;
	struct dso **member; /* breadth-first from the root, member[0] */
};

/* An importer that took something from this object. */
struct edge {
	struct dso *from;
	struct edge *next;
};

/* What the second word of a TLS descriptor points to. */
struct tlsdesc {
	struct tlsdesc *next;
	uintptr_t pair[2]; /* module word, offset */
};

struct dso {
	/* public: what programs that cast a handle expect */
	struct link_map lm;

	const char *name; /* as it was asked for */
	const char *soname;
	uint64_t dev, ino;
	struct dso *by_ino; /* chain of the inode table */
	unsigned flags;
	unsigned serial; /* grows along the list */

	uintptr_t lo, hi; /* mapped range, page-rounded addresses */
	uintptr_t window_lo, window_hi; /* where most relocations write */
	const ElfW(Phdr) * ph;
	ElfW(Phdr) * ph_copy; /* heap: ph, where no segment has it read-only */
	unsigned phnum;
	uint16_t type;
	uintptr_t entry;
	uintptr_t relro, relro_size;
	int stack_flags; /* PF_*, -1 unknown */
	struct elf_dyn dyn;
	struct elf_version *ver;
	unsigned nver;
	char *origin; /* folder of the file, resolved on first need */

	struct dso **need; /* liblist: one an entry, NULL when not loaded */
	const char **need_name;
	unsigned nneed;
	struct dso **filtee; /* objects that DT_FILTER names */
	unsigned nfilter;
	unsigned aux_filter;
	struct dso *loader; /* whose liblist brought it, for RPATH */

	struct group *own;    /* the group of which it is the root */
	struct group **group; /* the groups it is in */
	unsigned ngroup;
	unsigned opens; /* handles */
	unsigned tls_dtors;
	unsigned global_serial; /* when it became global */

	struct edge *users;

	/* TLS */
	const void *tls_image;
	size_t tls_filesz, tls_memsz, tls_align, tls_misalign;
	intptr_t tls_offset; /* from tp, when static */
	unsigned tls_static;
	unsigned tls_mod;	 /* dynamic module number, 0 none */
	struct tlsdesc *tlsdesc; /* owned */

	/* index of symbols */
	uint32_t gid; /* first id of its symbols */

	enum init_state init;
	uintptr_t init_owner;
	struct dso *fini_next; /* in order of construction, newest first */
	uintptr_t plt_first, plt_stride; /* lazy values of the PLT slots */
	unsigned char plt_odd, lazy_ok;
};

enum host_kind { HOST_NONE, HOST_GLIBC, HOST_MUSL };

struct host {
	enum host_kind kind;
	struct dso *libc, *loader, *gcc_s;
	uintptr_t entry; /* of the loader */
	uintptr_t base;
	int loader_fd;	     /* from the search to the mapping */
	uintptr_t fini;	     /* what it gave stage two */
	struct synth *synth; /* the synthetic program: synth.c */
	int (*inner_iterate)(int (*)(struct dl_phdr_info *, size_t, void *),
			     void *);
	int (*inner_find)(void *, struct dl_find_object *);
	void *(*inner_dlopen)(const char *, int);
};

enum run_mode { MODE_RUN, MODE_LIST, MODE_CHECK };

/* A name under which an object was asked for. */
struct alias {
	struct alias *next;
	struct dso *dso;
	const char *name;
	uint32_t hash;
};

struct index {
	uint32_t mask; /* slots - 1 */
	uint32_t used;
	struct {
		uint64_t word; /* hash | 1 above, symbol id below; 0 free */
	} slot[];
};

struct rld {
	int argc;
	char **argv, **envp;
	ElfW(auxv_t) * auxv;
	uintptr_t *stack; /* where argc lies */
	const char *prog; /* for messages */
	size_t page;
	int secure;
	int as_command;

	enum run_mode mode;
	int bind_now;
	unsigned trace;
	int log_fd;
	int ignore_unresolved;
	int noting; /* reading /etc/ld.so.preload: adopt what it names */
	int strict; /* no text relocations */
	const char *preload_env;
	const char *library_path, *preload, *root, *argv0, *list;
	enum { ID_RULE, ID_INODE, ID_PATH } identity;

	struct dso *head, *tail, *program, *self, *vdso;
	unsigned serial, nobj, global_serial;
	unsigned long long adds, subs;
	struct alias *names[256];
	struct dso *inodes[256];

	struct index *index;
	struct dso **owner; /* gid / 64 -> object */
	size_t nowner, owner_cap;
	uint32_t next_gid;
	unsigned long probes;
	unsigned long loads; /* dlopens that brought something in */

	struct host host;
	struct dso *fini_list;
	int lock;
	uintptr_t lock_owner;
	unsigned lock_depth;
	int lock_waiters;
	int readers;
	unsigned group_id;
	int started;
	unsigned problems;   /* --check */
	const char *torn;    /* a file that was cut short under rld_guard */
	const char *mapping; /* the file that rld_map has in hand */

	/* static TLS block */
	size_t tls_size, tls_align, tls_used, tls_surplus;
	/* tls_used when the program began, and the most it ever was */
	size_t tls_start, tls_high;
	unsigned char *tls_image; /* the synthetic program's */
	struct r_debug debug;
};

extern struct rld rld_state __attribute__((visibility("hidden")));

/* An id of the calling thread that is never 0. */
static inline uintptr_t rld_self_id(void)
{
	return rld_state.started ? arch_tp() : 1;
}

static inline uintptr_t page_down(const struct rld *r, uintptr_t a)
{
	return a & ~(r->page - 1);
}

static inline uintptr_t page_up(const struct rld *r, uintptr_t a)
{
	return (a + r->page - 1) & ~(r->page - 1);
}

static inline struct dso *dso_next(const struct dso *d)
{
	return (struct dso *)d->lm.l_next;
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
void rld_watch_fork(struct rld *r);
static inline void rld_read_begin(struct rld *r)
{
	__atomic_fetch_add(&r->readers, 1, __ATOMIC_SEQ_CST);
}
static inline void rld_read_end(struct rld *r)
{
	__atomic_fetch_sub(&r->readers, 1, __ATOMIC_RELEASE);
}
/* Give readers a moment to leave before memory they may look at goes. */
void rld_wait_readers(struct rld *r);

/* ---- search.c: names to files.  Returns a descriptor and a heap path in
 * *path, or -1 with *e set. */
int rld_search(struct rld *r, const char *name, struct dso *from, char **path,
	       int *searched, struct rld_err *e);
/* Folder of d's file, for $ORIGIN; "" when unknown. */
const char *rld_origin(struct rld *r, struct dso *d);
/* Value of an environment variable or NULL. */
const char *rld_getenv(struct rld *r, const char *name);
void rld_search_done(struct rld *r);
/* Calls fn for each folder that name would be searched in. */
void rld_search_dirs(struct rld *r, struct dso *from,
		     void (*fn)(void *, const char *dir, size_t len,
				unsigned flags),
		     void *arg);

/* ---- map.c */
/* The first bytes of fd, *n of them (-errno: unreadable), until the next call. */
const void *rld_peek(int fd, long *n);
void rld_peek_forget(void);
int rld_map(struct rld *r, struct dso *d, int fd, const struct statx *st,
	    struct rld_err *e);
/* Take over an object that is mapped already, with its headers at ph. */
int rld_map_adopt(struct rld *r, struct dso *d, uintptr_t bias,
		  const ElfW(Phdr) * ph, size_t phnum, struct rld_err *e);
void rld_unmap(struct rld *r, struct dso *d);
/* Make RELRO writable (open) or read-only again. */
int rld_relro(struct rld *r, struct dso *d, int writable);
/* The memory around at that relocations of d may write: of one writable (text:
 * or any) segment, without what rld must find as it was checked, the program
 * headers and the zero that ends the string table.  0: at is none of it. */
int rld_window(const struct dso *d, uintptr_t at, int text, uintptr_t *lo,
	       uintptr_t *hi);
/* Do these bytes lie in one readable segment of d? */
int rld_readable(const struct dso *d, uintptr_t at, size_t size);

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
void rld_unlink(struct rld *r, struct dso *d);
struct dso *rld_find_name(struct rld *r, const char *name);
struct dso *rld_find_addr(struct rld *r, uintptr_t addr);
/* -1: no memory.  An object that lacks a name is still known by its file. */
int rld_add_name(struct rld *r, struct dso *d, const char *name);
/* Load name for from; the object enters the list (D_NEW) unless it is there.
 * NULL with *e. */
struct dso *rld_load(struct rld *r, const char *name, struct dso *from,
		     struct rld_err *e);
/* The names d needs; what it filters is loaded. */
int rld_read_liblist(struct rld *r, struct dso *d, struct rld_err *e);
/* Load the liblists of every object from first on, breadth-first. */
int rld_load_needed(struct rld *r, struct dso *first, struct rld_err *e);
/* Everything reachable from root, breadth-first; heap array. */
struct dso **rld_closure(struct rld *r, struct dso *root, unsigned *n);

/* ---- lookup.c */
struct ref {
	const char *name;
	uint32_t hash;
	const struct elf_version *ver; /* NULL: none asked for */
	struct dso *from;	       /* NULL: global objects only */
	struct dso *skip;	       /* COPY: not this one */
	unsigned char newest;	       /* dlsym: the default version */
	unsigned char is_call;	       /* canonical PLT entries do not serve */
};
struct def {
	struct dso *dso;
	const ElfW(Sym) * sym;
};
int rld_lookup(struct rld *r, const struct ref *ref, struct def *out);
/* In d alone. */
int rld_lookup_in(const struct dso *d, const struct ref *ref, struct def *out);
void rld_index_add(struct rld *r, struct dso *d);
void rld_index_remove(struct rld *r, struct dso *d);
void rld_index_plan(struct rld *r);
void rld_index_build(struct rld *r);
void rld_each_symbol(const struct dso *d,
		     void (*fn)(void *, const struct dso *, uint32_t i,
				uint32_t hash),
		     void *arg);
int rld_check_versions(struct rld *r, struct dso *d, struct rld_err *e);
int rld_visible(const struct dso *o, const struct dso *from);
uintptr_t rld_sym_addr(const struct dso *d, const ElfW(Sym) * s);

/* ---- tls.c */
int rld_tls_register(struct rld *r, struct dso *d, struct rld_err *e);
int rld_tls_make_static(struct rld *r, struct dso *d, struct rld_err *e);
void rld_tls_layout(struct rld *r);
void rld_tls_install(struct rld *r, unsigned char *image);
void rld_tls_late_image(struct rld *r, struct dso *d);
void rld_tls_release(struct rld *r, struct dso *d);
void rld_tls_give_back(struct rld *r, const struct dso *gone);
void *rld_tls_addr(struct rld *r, struct dso *d, int allocate);
uintptr_t rld_tls_module_word(const struct dso *d);
void rld_tls_lock(void);
void rld_tls_unlock(void);
struct thread;
struct thread *rld_thread(void);
char **rld_thread_error(void);
char **rld_thread_last_error(void);
void rld_thread_dtors(void);
extern intptr_t rld_tls_slot __attribute__((visibility("hidden")));
uintptr_t rld_tls_slow(void *pair, void *unused);
size_t rld_tls_slot_size(void);

/* ---- bind.c */
int rld_relocate_new(struct rld *r, struct dso *first, struct rld_err *e);
/* from uses something of to; -1: no memory. */
int rld_edge(struct dso *from, struct dso *to);

/* ---- lazy.c */
uintptr_t rld_bind_slot(struct dso *d, uintptr_t index);

/* ---- rebind.c */
void rld_rebind_host(struct rld *r, struct dso *d);
/* d leaves: take back what others bound to it. */
void rld_unbind(struct rld *r, struct dso *gone);
/* Global objects arrived: slots that were missing something try again. */
void rld_mend(struct rld *r);

/* ---- init.c */
void rld_init_program(struct rld *r);
/* The objects whose constructors are to run, those that root reaches (NULL:
 * all), in order: *n of them, a heap array, NULL if memory is short.  With the
 * lock held. */
struct dso **rld_init_order(struct rld *r, struct dso *root, unsigned *n);
/* Run them, without the lock; frees list. */
void rld_run_init(struct rld *r, struct dso **list, unsigned n);
void rld_run_fini(struct rld *r, struct dso *d);
void rld_fini_all(void);

/* ---- synth.c: the program that libc's own loader is shown */
int rld_synth_build(struct rld *r, struct rld_err *e);
void rld_synth_export(struct synth *s, const char *name, uintptr_t value,
		      size_t size, unsigned char info);
int rld_synth_exported(const struct synth *s, const char *name);
void rld_synth_headers(const struct synth *s, uintptr_t *at, size_t *n);
/* The list that the inner loader left, NULL when it left none. */
struct r_debug *rld_synth_debug(struct rld *r);

/* ---- hostlibc.c */
int rld_is_host(struct rld *r, const char *name);
void rld_host_kind(struct rld *r, const char *interp);
struct dso *rld_host_note(struct rld *r, const char *name, char *path);
struct dso *rld_host_late(struct rld *r, const char *name, char *path);
char *rld_host_path(struct rld *r, const char *name);
void rld_host_finish(struct rld *r);
void rld_program_aux(struct rld *r);
_Noreturn void rld_host_start(struct rld *r);
void rld_host_adopt(struct rld *r);
void rld_host_interpose(struct rld *r);
uintptr_t rld_host_symbol(struct rld *r, struct dso *d, const char *name);

/* ---- unload.c */
void rld_collect(struct rld *r);
void rld_remove(struct rld *r, struct dso *d);

/* ---- debug.c */
void rld_debug_state(struct rld *r, int state);

/* ---- options.c */
void rld_options(struct rld *r);

/* ---- start.c */
/* Take the first n arguments away; argc lies 16-aligned again. */
void rld_shift_args(struct rld *r, int n);
void rld_start(uintptr_t *sp, const ElfW(Dyn) * dyn, uintptr_t base);
void rld_stage2(uintptr_t *sp, uintptr_t fini);

#endif
