/* SPDX-License-Identifier: MIT */
/* Libraries that wait, and looking into files that are not loaded. */
#ifndef RLD_DELAY_H
#define RLD_DELAY_H

#include "rld.h"
#include "rld/internal.h"

struct delay_news {
	struct delay_news *next;
	char *owner, *library, *symbol;
	unsigned serial;  /* of the object */
	uintptr_t thread; /* that loaded it, and tells */
};

void rld_free_news(struct delay_news *n);

/* The file that name means to from; NULL with *e. */
struct peek *rld_look_into(struct rld *r, const char *name, struct dso *from,
			   struct rld_err *e);
/* The same for a user that wants an interface version (NULL: any). */
struct peek *rld_look_version(struct rld *r, const char *name, const char *want,
			      unsigned flags, struct dso *from,
			      struct rld_err *e);
/* Its tables: symbols, versions, note. */
const struct dso *rld_look_tables(const struct peek *p);
const char *rld_look_path(const struct peek *p);
/* Its build-id. */
const struct rld_gone *rld_look_id(const struct peek *p);
void rld_look_away(struct peek *p);
/* marks.c: d's note, read through v, which holds d's tables; -1 with *why. */
int rld_notes_of(const struct elf_view *v, struct dso *d, const char **why);
/* The user's handler: an address that serves the call, or NULL. */
void *rld_delay_failed(struct rld *r, const struct dso *from,
		       const char *symbol, const char *error);

#endif
