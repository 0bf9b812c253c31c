/* SPDX-License-Identifier: MIT */
/* What rld-show lint has to say: findings, each of a kind that has a name. */
#ifndef SHOW_LINT_H
#define SHOW_LINT_H

#include "tools/show/ask.h"

enum weight { NOTE, WARNING, ERROR };

struct finding {
	enum weight weight;
	const char *kind;	 /* such as "unused-needed" */
	const struct object *of; /* whose */
	const char *words;
	const char *symbol; /* NULL: of no single one */
};

struct lint {
	const struct ask *ask;
	struct facts *f;
	const struct object *subject; /* the file that was asked about */
	LIST(struct finding) found;
};

void lint_add(struct lint *l, enum weight w, const char *kind,
	      const struct object *of, const char *symbol, const char *format,
	      ...) __attribute__((format(printf, 6, 7)));

/* What one file shows by itself (lint_file.c). */
void lint_file(struct lint *l, const struct object *o);
/* What the objects do to each other (lint_names.c). */
void lint_bindings(struct lint *l);
void lint_duplicates(struct lint *l);
void lint_unique(struct lint *l);

#endif
