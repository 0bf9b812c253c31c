/* SPDX-License-Identifier: MIT */
/* What rld knows of its process, and of each thread. */
#ifndef RLD_STATE_H
#define RLD_STATE_H

#include "rld/base/dso.h"

#pragma GCC visibility push(hidden)

enum host_kind { HOST_NONE, HOST_GLIBC, HOST_MUSL };

struct host {
	OWNED_BY(host) struct {
		enum host_kind kind;
		uintptr_t entry; /* of the loader */
		uintptr_t base;
		const char *musl; /* its loader as PT_INTERP says; NULL: not */
		uintptr_t fini;	  /* what it gave stage two */
		struct synth *synth;	    /* the synthetic program: synth.c */
		const ElfW(Phdr) *inner_ph; /* its program headers */
		/* its r_debug, written by libc's loader */
		const uintptr_t *inner_debug;
		char **hidden; /* variables that its loader must not see; heap */
	};
	OWNED_BY(load) struct {
		struct dso *libc, *loader, *gcc_s;
	};
	OWNED_BY(file) struct {
		int loader_fd; /* from the search to the mapping */
		int beside;    /* loader_fd is of the file beside libc */
		int diverted;  /* ... which has another name: rld has its own */
	};
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

enum {
	TR_SEARCH = 1,
	TR_MAP = 2,
	TR_BIND = 4,
	TR_TLS = 8,
	TR_INIT = 16,
	TR_UNLOAD = 32,
	TR_ALL = 63 | 1024,
	TR_RECORD = 64,	 /* diag/record.c */
	TR_STAT = 128,	 /* -stat: counts at exit */
	TR_NOTE = 256,	 /* LD_DEBUG asks for something */
	TR_FOLLOW = 512, /* -y: bindings of one symbol */
	TR_QUICK = 1024, /* kept answers */
	TR_REFS = 2048,	 /* the record has bindings, too */
	TR_TIMES = 4096	 /* --record-times: it has not */
};

struct rld {
	/* counts, each where it happens */
	struct {
		unsigned long relative, packed, symbolic, slots, lookups, lazy,
			dlsyms, delays;
	} stat;
	struct host host;

	OWNED_BY(base) struct {
		int argc;
		char **argv, **envp;
		ElfW(auxv_t) *auxv;
		uintptr_t *stack; /* where argc lies */
		int started;	  /* libc is up */
		unsigned walk;	  /* number of the last walk */
		uintptr_t lock;	  /* names the thread that has it, 0: free */
		/* how often that thread has taken it again */
		unsigned lock_depth;
		int lock_waiters;
		unsigned changes; /* grows whenever the lock is given back */
		/* its low bit: where readers count themselves */
		unsigned epoch;
		int readers[2];
		int stuck; /* a reader did not leave: what goes is kept */
		struct limbo *limbo; /* until all have left */
		unsigned problems;   /* --check */
		/* below what the start has mapped; 0: not known */
		uintptr_t floor;
	};

	OWNED_BY(start) struct {
		const char *prog;   /* for messages */
		char *program_file; /* its path, when rld is the command; heap */
		size_t page;
		int secure;
		int as_command;
		int on_command_line;  /* options: a bad one is an error */
		const char *root_end; /* root: strings one after the other */
		enum run_mode mode;
		int bind_now;
		int log_fd;
		int ignore_unresolved;
		int preload_file; /* there is one, which libc's loader must not see */
		int strict;	  /* no text relocations, no executable stack */
		int inhibit_cache;	/* ld.so.cache is not asked */
		const char *delay_list; /* names, comma-separated; heap */
		int delay_all;
		int quick_off; /* none are to be used */
		int quick_fd;  /* + 1: answers are to be kept there, 0: not */
		int tombstone; /* keep the addresses of what is unloaded */
		const char *ignore_version; /* names, comma-separated; heap */
		int ignore_all_versions;
		const char *follow; /* -y: trace the bindings of this symbol */
		const char *preload_env;
		const char *library_path, *preload, *root, *argv0, *list;
		enum { ID_RULE, ID_INODE, ID_PATH } identity;
		struct dso *program, *self, *vdso;
		const char *shared; /* --shared: names, comma-separated; heap */
		/* the start's list comes before libc's start, after it, now */
		enum { GATHER_FIRST, GATHER_LATE, GATHERS_LATE } gather;
		const char *audit, *audit_env; /* names with colons */
	};

	OWNED_BY(list) struct {
		int new_hosts; /* an object of libc's loader whose file is not known */
		struct dso *head, *tail;
		/* the program's own: its objects have no space */
		struct space base;
		struct space *spaces; /* of dlmopen, the oldest first */
		/* what is loaded now comes into this one */
		struct space *space;
		Lmid_t last_space; /* the number given last */
		unsigned serial, nobj, global_serial;
		unsigned long long adds, subs;
		unsigned changed; /* grows before an object arrives or leaves */
		unsigned born;	  /* objects so far */
		int lapsed;	  /* some of them may leave by now */
		unsigned nunique; /* edges for a unique variable's sake */
		struct dso *last_of_start; /* owned by list.c */
		/* tables by hash of the name, by inode; 2^n chains.  A NULL table is the
		 * first one. */
		struct alias **names, *first_names[FIRST_CHAINS];
		struct dso **inodes, *first_inodes[FIRST_CHAINS];
		unsigned names_mask, nalias, inodes_mask, ninode;
	};

	OWNED_BY(sym) struct {
		int overrides; /* some weak definitions are taken over: weak.c */
		struct index *index;
		unsigned long probes;
	};

	OWNED_BY(load) struct {
		unsigned ndelay;   /* liblist entries that wait */
		unsigned nrevived; /* by the dlopen in progress */
		unsigned nhooked;  /* that waited, and have their object */
		int mend_due; /* what a global object waited for has come */
		int fresh; /* load the next file though it is loaded already */
		int snapshot;	   /* map private copies of files */
		int delay_pending; /* constructors of delay-loaded objects are due */
		struct delay_news *delay_news;
		unsigned nlinger; /* objects that linger */
	};

	OWNED_BY(diag) struct {
		unsigned trace;
	};

	OWNED_BY(image) struct {
		int exec_stack; /* stacks are executable */
		int guarded;	/* at start-up, from the first file on */
		/* a file that was cut short under rld_guard */
		const char *torn;
		const char *mapping; /* the file that rld_map has in hand */
		uint64_t mapping_size;
	};

	OWNED_BY(tls) struct {
		/* static TLS block */
		size_t tls_size, tls_align, tls_used;
	};

	OWNED_BY(life) struct {
		int keeps_more; /* the last walk of rld_keep kept some for more than use */
		struct dso *fini_list;
		/* names the thread whose turn it is, 0: none: turn.c */
		uintptr_t turn;
		int turn_tid;	  /* its number in the kernel */
		unsigned turns;	  /* taken so far */
		int turn_waiters; /* threads that wait for theirs */
		int exiting; /* glibc's order of destructors is fixed: none leaves */
		/* forks of that thread under way: fork.c */
		unsigned fork_depth;
		int fork_watched; /* libc has been asked to tell of fork */
		int forks;	  /* under way in this process */
		int fork_waiters; /* threads that wait until they are done */
		int finishing;	  /* threads at libc's list for exit: fork.c */
		struct wait *waits; /* threads that wait for a constructor */
	};

	OWNED_BY(host) struct {
		/* then, too: the path as the kernel has it, the options of rld; heap */
		char *program_exe, **exec_option;
		unsigned nexec_option;
		/* symbols of rld's own from here on are procexe.c's */
		uint32_t first_offered;
		unsigned char *tls_image; /* the synthetic program's */
	};

	OWNED_BY(api) struct {
		int swapped;  /* something has been swapped out */
		char *closer; /* last caller of dlclose, for tombstones; heap */
		unsigned long loads; /* dlopens that brought something in */
	};

	OWNED_BY(quick) struct {
		/* kept answers of this start; NULL: none */
		struct quick *quick;
	};

	OWNED_BY(audit) struct {
		int audits; /* there are auditors: VAULT->audit */
		int asking; /* auditors are being called, under the lock */
	};
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

/* The program's namespace. */
static inline struct space *rld_base(struct rld *r)
{
	return (struct space *)(uintptr_t)&r->base;
}

static inline void rld_set_floor(struct rld *r, uintptr_t floor)
{
	r->floor = floor;
}

/* libc is up. */
static inline void rld_set_started(struct rld *r)
{
	r->started = 1;
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

/* Does what is loaded now belong to the start? */
static inline int is_starting(const struct rld *r)
{
	return !r->started || r->gather == GATHERS_LATE;
}

static inline const char *dso_name(const struct rld *r, const struct dso *d)
{
	return d->flags & D_PROGRAM	     ? r->prog :
	       d->lm.l_name && *d->lm.l_name ? d->lm.l_name :
					       d->name;
}

#pragma GCC visibility pop

#endif
