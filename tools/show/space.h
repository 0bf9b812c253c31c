/* SPDX-License-Identifier: MIT */
/* The memory of a process, or of one that left a core file. */
#ifndef SHOW_SPACE_H
#define SHOW_SPACE_H

#include "tools/show/ask.h"

struct mapping {
	uint64_t lo, hi, offset; /* [lo, hi); bytes into the file */
	uint64_t ino;
	unsigned major, minor;
	const char *path; /* NULL: no file */
	bool deleted;
};

/* What rld knows of an object. */
struct holder {
	size_t by;	    /* index in the list */
	bool needs;	    /* by its liblist */
	const char *unique; /* a unique definition that it uses; NULL */
};

struct inside {
	unsigned opens;	      /* handles */
	unsigned destructors; /* of its thread_local objects that wait */
	bool startup, global, nodelete, delayed, missing, retired, lingers;
	bool inner;		     /* rld itself, the C library's, the vDSO */
	LIST(size_t) groups;	     /* their roots: indices in the list */
	LIST(struct holder) holders; /* who needs it or has taken symbols */
};

struct gone { /* an object that was unloaded */
	const char *name;
	uint64_t lo, hi, order; /* [lo, hi); 1: the first ever */
	char *build_id;		/* "": none */
};

struct loaded { /* an entry of the loader's link_map list */
	uint64_t addr, dynamic, at;
	const char *name, *path; /* path: by the mappings, else the name */
	const char *state;	 /* NULL; "deleted", "replaced" */
	struct object *object;	 /* its file's facts; NULL: not readable */
	size_t *bound;		 /* by index: slots that point into that one */
	struct inside *in;	 /* NULL: not under rld, or unknown */
};

struct space {
	int pid;	  /* 0: a core */
	int fd;		  /* of the core */
	const char *what; /* "process 17", "core.17" */
	const char *exe;
	uint8_t class, data;
	uint64_t phdr, phnum, base, entry; /* of the auxiliary vector */
	bool under_rld;
	const char *why; /* no list: why */
	LIST(struct mapping) maps;
	LIST(struct mapping) segments; /* of a core: lo, hi, offset there */
	LIST(struct loaded) list;
	LIST(struct gone) gone; /* the last of those that were unloaded */
	uint64_t unloaded;	/* so many were, ever */
	struct facts *facts;
};

/* Read len bytes at an address.  0, or -1. */
int space_read(struct space *s, uint64_t addr, void *buf, size_t len);
/* An address-sized word, 0 on failure sets *bad. */
uint64_t space_word(struct space *s, uint64_t addr, bool *bad);
unsigned space_size(const struct space *s); /* bytes of an address */
bool space_big_endian(const struct space *s);
/* A string of at most 4095 bytes, "" where there is none. */
const char *space_string(struct space *s, uint64_t addr);
const struct mapping *space_mapping(const struct space *s, uint64_t addr);
void space_auxv(struct space *s, const unsigned char *bytes, size_t len);

/* Find r_debug and read the list (linkmap.c). */
void space_objects(struct space *s);
/* The address of a symbol of rld's own; 0: rld is not there or lacks it. */
uint64_t space_symbol(struct space *s, const char *name);
/* What rld knows of them (inside.c). */
void space_inside(struct space *s);
/* Which objects the slots of each point into. */
void space_bound(struct space *s);
/* Write it. */
int space_show(struct space *s, const struct ask *a);

#endif
