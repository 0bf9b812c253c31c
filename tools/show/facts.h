/* SPDX-License-Identifier: MIT */
/* What rld-show knows about one start of one program: its objects, why each is
 * there, and what every reference means.  The facts come from the loader's
 * record (record.c) or from the files alone (static.c); the commands only read
 * them.  They live until the tool ends: nothing here is freed. */
#ifndef SHOW_FACTS_H
#define SHOW_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object;

/* A growing array: `n` elements of `v` are in use. */
#define LIST(type)           \
	struct {             \
		type *v;     \
		size_t n;    \
		size_t room; \
	}
/* Append a zeroed element and return its address; valid until the next. */
#define LIST_ADD(l)                                                      \
	((l)->v = list_room((l)->v, (l)->n, &(l)->room, sizeof *(l)->v), \
	 &(l)->v[(l)->n++])

void *list_room(void *v, size_t n, size_t *room, size_t size);

/* A symbol's name, one record for all objects; `defs` are its definitions in
 * the order of the objects, linked by `same`. */
struct name {
	struct name *next;
	struct symbol *defs, *last;
	struct binding *refs; /* linked by `same` */
	uint32_t hash;
	char text[];
};

/* An entry of a dynamic symbol table that is defined or referenced. */
struct symbol {
	struct name *name;
	struct object *object;
	struct symbol *same; /* the next definition of this name */
	const char *version; /* its own, or the one it wants; NULL: none */
	const char
		*version_file; /* undefined: the file that the version names */
	uint64_t value, size;  /* address in the file; bytes */
	uint8_t bind, type, visibility; /* STB_, STT_, STV_ */
	bool defined;
	bool old;	/* foo@V: found only by references to that version */
	bool base;	/* the version is the base version: none */
	bool weak_want; /* the wanted version is weak (VER_FLG_WEAK) */
	uint8_t used;	/* REF_*: how relocations of its own object use it */
};

enum {
	REF_CALL = 1,
	REF_DATA = 2,
	REF_COPY = 4,
	REF_TLS = 8,
	REF_DLSYM = 16 /* dlsym() asked, no relocation */
};

struct slot {	       /* a relocation that names a symbol */
	uint64_t addr; /* in the file */
	uint32_t sym;
	uint8_t how; /* REF_* */
};

struct version_want {
	const char *file, *version;
	bool weak;
};

/* What a file says; filled by image_read(). */
struct image {
	uint16_t machine;    /* EM_* */
	uint8_t class, data; /* ELFCLASS*, ELFDATA* */
	uint16_t type;	     /* ET_* */
	uint32_t eflags;
	bool dynamic; /* it has a PT_DYNAMIC */
	bool textrel, execstack, nostacknote, symbolic, nodelete, now, nodeflib;
	bool static_tls, interposer, unique, thread_local;
	const char *soname, *interp, *rpath, *runpath, *build_id;
	LIST(const char *) needed;
	LIST(const char *) filters; /* DT_FILTER and DT_AUXILIARY */
	LIST(bool) delayed;	    /* as needed: it is marked to wait */
	LIST(const char *)
	defines; /* versions of DT_VERDEF, without the base */
	LIST(struct version_want) wants;
	LIST(struct symbol) symbols; /* all of .dynsym, index as in the file */
	LIST(struct slot) slots;
	uint64_t tls_size, lo, hi; /* bytes; addresses of the loaded segments */
	uint64_t dynamic_at;	   /* address of the dynamic section */
};

struct
try {
	const char *path, *rule, *element, *result, *is;
	struct object *of; /* whose RPATH or RUNPATH it was */
};

struct search {
	const char *name, *found;
	struct object *asker; /* NULL: the user */
	LIST(struct try) tried;
};

struct need {
	const char *name;
	struct object *to;     /* NULL: nothing is loaded for it */
	struct search *search; /* NULL: it was there already */
	const char *kind;      /* NULL: DT_NEEDED; "filter", "auxiliary" */
	size_t bound;	       /* different symbols bound across it */
	bool waits;	       /* delay-load */
};

struct object {
	int id;		   /* 1: the first in the list */
	const char *name;  /* as it was asked for */
	const char *path;  /* of its file; NULL: it has none */
	const char *label; /* the shortest name that says which, for people */
	const char *how;   /* program, needed, preload, ..., as in the record */
	const char *base;  /* load bias, as text; NULL: unknown */
	const char *scope;
	struct object *by; /* whose liblist brought it first */
	struct image image;
	LIST(struct need) needs;
	LIST(struct search *) searches; /* those made for it */
	bool inner; /* of libc's family: bound by libc's own loader */
	bool image_read;
	/* nanoseconds, of a start with times */
	uint64_t search_ns, map_ns, relocate_ns, init_ns, init_at;
	uint64_t load_at;
	size_t lookups;		     /* names that its relocation looked up */
	size_t nbind_from, nbind_to; /* references, definitions in use */
};

struct candidate {
	struct object *object;
	const char *version, *reason;
	struct symbol *def; /* NULL: its file does not show it */
};

struct binding {
	struct binding *same;	  /* the next reference to this name */
	struct object *from, *to; /* to: NULL, nothing defines it */
	struct name *name;
	const char *version, *to_version, *reason, *by, *when;
	struct symbol *def; /* NULL: unknown */
	uint64_t copy_size, copy_to_size;
	uint32_t relocations; /* how many say the same */
	uint8_t how;	      /* REF_* */
	bool weak, copy_sizes;
	LIST(struct candidate) others;
};

struct version_need {
	struct object *from, *of;
	const char *file, *version;
	bool weak, known, found;
};

struct phase {
	const char *name;
	struct object *object; /* NULL: of all */
	uint64_t ns, at;
};

struct facts {
	const char *program; /* as it was named */
	const char *source;  /* "rld" or "static" */
	const char *because; /* why not rld's record; NULL */
	const char *root;
	const char *libc;
	const char *mode;	       /* run, check */
	bool incomplete;	       /* the record has no end */
	LIST(struct object *) objects; /* rld-list order */
	LIST(struct search *) searches;
	LIST(struct binding *) bindings;
	LIST(struct version_need) versions;
	LIST(struct phase) phases;
	LIST(const char *) errors;
	struct name **names; /* the table of all names */
	size_t nnames, names_size;
	size_t edges; /* needs, and pairs of objects that are bound */
};

struct facts *facts_new(const char *program);
struct object *facts_object(struct facts *f, const char *name,
			    const char *path);
struct name *facts_name(struct facts *f, const char *text);
/* The binding of that reference, made if there is none. */
struct binding *facts_binding(struct facts *f, struct object *from,
			      struct name *name, const char *version);
/* The name if some object has it, else NULL. */
struct name *facts_find_name(const struct facts *f, const char *text);
/* Read the file of o and take its symbols in; a file that cannot be read is
 * noted in f->errors. */
void facts_read_image(struct facts *f, struct object *o);
/* Enter the definitions of all objects under their names, in list order. */
void facts_index(struct facts *f);
/* The definition of `name` in o with that version (NULL: the default one). */
struct symbol *facts_definition(const struct name *name, const struct object *o,
				const char *version);
/* Count what is bound across each need, give each object its label. */
void facts_finish(struct facts *f);
/* The object that a user means by a soname, a path, or a part of one; NULL. */
struct object *facts_which(const struct facts *f, const char *text);
struct object *facts_program(const struct facts *f);

/* No symbol is bound across the need n of o.  What libc's own loader binds is
 * not known, nor is its own file, which rld stands in for, ever unused. */
bool need_unused(const struct object *o, const struct need *n);

/* Is it the C library or its loader?  They define the same names for each other. */
bool is_of_libc(const struct object *o);

/* What a binding's REF_* bits are called: call, data, copy, tls. */
const char *how_name(unsigned how);
const char *visibility_name(unsigned v);
const char *bind_name(unsigned b);
const char *type_name(unsigned t);

#endif
