/* SPDX-License-Identifier: MIT */
/* An object, and what belongs to it. */
#ifndef RLD_DSO_H
#define RLD_DSO_H

#include "rld/base/compat.h"
#include "rld/base/sys.h"

/* Only sources in rld/DIR write what is OWNED_BY(DIR); inline functions in DIR's header do
 * it for others.  scripts/writers compiles them with all that is not theirs const. */
#ifdef RLD_CHECK_WRITERS
#define OWNED_BY(dir) RLD_OWNED_BY_##dir
#else
#define OWNED_BY(dir)
#endif

struct rld;
struct dso;

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

/* A module's object, and what it needs, have initialisers of their own: module.c.
 * NEW: it is yet to be called. */
enum module_state {
	MODULE_NOT,
	MODULE_NEW,
	MODULE_STARTING,
	MODULE_READY,
	MODULE_REFUSED,
	MODULE_STOPPING,
	MODULE_ENDED
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

/* One relocation, whatever table it came from; REL addends are read already. */
struct reloc {
	uintptr_t off, addend;
	uint32_t sym, type;
};

/* What the second word of a TLS descriptor points to. */
struct tlsdesc {
	struct tlsdesc *next;
	uintptr_t pair[2]; /* number of the module, offset */
};

struct dso {
	/* Public: what programs that cast a handle expect.  image fills l_addr and
	 * l_ld, list the rest. */
	struct link_map lm;
	unsigned flags; /* D_*: each directory sets its own */

	OWNED_BY(list) struct {
		struct dso *next, *prev; /* in the rld-list */
		const char *name;	 /* as it was asked for */
		uint64_t dev, ino;
		struct dso *by_ino; /* chain of the inode table */
		unsigned serial;    /* grows along the list */
		unsigned born; /* grows with each object, wherever it stands */
		struct group *own;    /* the group of which it is the root */
		struct group **group; /* the groups it is in */
		unsigned ngroup;
		unsigned holds;		/* of rld itself, for a moment */
		unsigned global_serial; /* when it became global */
		enum init_state init;
		/* thread of its constructors or destructors */
		uintptr_t init_owner;
		struct edge *users, *uses;
		struct alias *alias; /* the names under which it is found */
	};
	OWNED_BY(base) struct {
		unsigned walk; /* the last walk that came by: rld_first_visit */
	};
	OWNED_BY(image) struct {
		struct elf_dyn dyn;
		struct elf_version *ver;
		const char *soname;
		uintptr_t lo, hi; /* mapped range, page-rounded addresses */
		/* where most relocations write */
		uintptr_t window_lo, window_hi;
		const ElfW(Phdr) *ph;
		/* heap: ph, where no segment has it read-only */
		ElfW(Phdr) *ph_copy;
		unsigned phnum;
		unsigned nver; /* of ver */
		uint16_t type;
		uintptr_t entry;
		uintptr_t relro, relro_size;
		/* for how many it is writable; from the mapping on for one, until
		 * it is relocated */
		unsigned relro_open;
		int stack_flags; /* PF_*, -1 unknown */
		int exec_prot; /* more bits for mprotect of executable pages */
		struct code *code; /* in the vault; NULL: it runs them itself */
		const void *tls_image;
		size_t tls_filesz, tls_memsz, tls_align, tls_misalign;
#ifdef ARCH_HAS_ABI
		struct arch_abi abi;
#endif
	};
	OWNED_BY(load) struct {
		struct space *space;  /* its namespace, NULL: the program's */
		struct rldnote *note; /* heap, NULL: none */
		const char *iversion; /* interface versions, NULL: none */
		/* liblist: one an entry, NULL when not loaded */
		struct dso **need;
		const char **need_name;
		/* one an entry, NULL when none is marked */
		struct lib_mark *mark;
		struct dso **filtee; /* objects that DT_FILTER names */
		unsigned nneed, nfilter;
		struct dso *loader; /* whose liblist brought it, for RPATH */
		struct stamp stamp;
		/* where it was mapped before, 0: nowhere known */
		uintptr_t place;
		enum life life;
		enum module_state module;
		unsigned char arrived; /* in a late gather: it has its place */
		/* others' bindings to it have been taken back */
		unsigned char retracted;
		struct tlsdesc *tlsdesc; /* its descriptors' second words */
	};
	OWNED_BY(bind) struct {
		struct batch *batch;	  /* while INIT_BINDING */
		unsigned char users_open; /* rebind.c */
		unsigned char lazy_ok;	  /* its PLT leads into the resolver */
		unsigned naddend;
		/* REL entries whose place held an addend, in order: binding wrote
		 * over it */
		struct rel_addend *addend;
	};
	OWNED_BY(tls) struct {
		intptr_t tls_offset; /* from tp, when static */
		unsigned tls_static;
		unsigned tls_mod; /* its number, 0 none */
		/* of its thread_local objects, in all threads */
		unsigned tls_dtors;
	};
	OWNED_BY(sym) struct {
		uint32_t gid; /* first id of its symbols, for writers */
		struct pair *pairs;
	};
	OWNED_BY(life) struct {
		enum keep keep; /* scratch of one walk */
		char *module_path; /* of the file that it took the place of; heap, NULL */
		/* closed and finished, but it could not leave */
		unsigned char stays;
		uintptr_t closed_by; /* thread, when it began to linger */
		/* in order of construction, newest first */
		struct dso *fini_next;
	};
	OWNED_BY(api) struct {
		unsigned opens; /* handles */
		int mode;	/* of its last dlopen */
		/* what dlopen returns; NULL: the object itself */
		struct dso *face;
		struct dso *replaces; /* during a swap: not seen by this one */
		/* swapped out: the handle that it had, NULL: own */
		struct dso *was_face;
		/* one of its handles is api/module.c's */
		unsigned char as_module;
	};
	OWNED_BY(diag) struct {
		unsigned record_id; /* record.c's number, 0: not told yet */
		/* the thread that tells listeners so, or 0 */
		uintptr_t unloading;
	};
	OWNED_BY(audit) struct {
		struct audited *audited; /* NULL: auditors are not told of it */
	};
	OWNED_BY(quick) struct {
		const uint32_t *answers; /* kept ones, one a symbol; or NULL */
	};
	OWNED_BY(file) struct {
		char *origin; /* directory of the file, resolved on first need */
	};
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
	int audits;		 /* an auditor's */
	unsigned activity;	 /* what auditors were told last: LA_ACT_* */
	struct debug_list shown; /* owned by debugger.c */
};

/* What the constructors of an object that is done have written can be seen. */
static inline enum init_state dso_init(const struct dso *d)
{
	return __atomic_load_n(&d->init, __ATOMIC_ACQUIRE);
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

/* Does entry i of d's liblist wait until something is needed of it? */
static inline int rld_is_delayed(const struct dso *d, unsigned i)
{
	return d->mark && d->mark[i].flags & LL_DELAY_LOAD;
}

/* A reference, and the definition that it means. */
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

#endif
