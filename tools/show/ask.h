/* SPDX-License-Identifier: MIT */
/* What the user asked for: the command line, read once by main.c. */
#ifndef SHOW_ASK_H
#define SHOW_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/show/facts.h"

struct ask {
	const char *command;
	char **words; /* what follows it, options taken out */
	int nwords;
	const char *root;	  /* --root: directory before absolute paths */
	const char *library_path; /* --library-path */
	const char *preload;	  /* --preload */
	const char *rld;	  /* --rld: that loader, no other */
	const char *out;	  /* -o */
	const char *host;	  /* --host: the program that loads a plug-in */
	const char *object, *to, *symbol; /* filters of bindings */
	const char *type;		  /* --type: dot, svg, png */
	unsigned seconds; /* how long a program may run, for its times */
	unsigned most;	  /* --most: how many lines of a list */
	bool json, files_only, run, all, undefined;
};

/* The facts of a program, by its loader's record or by its files.  `run`: the
 * program is started with its arguments (argv, NULL at the end), for times. */
struct facts *gather(const struct ask *a, const char *program, char **argv,
		     bool run);

/* By the files alone (static.c); because: why, for people.  plugin: a library
 * that the program opens, with all it needs, last in the list; NULL: none. */
struct facts *facts_from_files(const struct ask *a, const char *program,
			       const char *plugin, const char *because);
/* From the text of a record (record.c); NULL: it is none, *why says so. */
struct facts *facts_from_record(const char *program, const char *bytes,
				size_t len, const char *root, const char **why);

/* The commands; each returns SHOW_OK, SHOW_FOUND or SHOW_TROUBLE. */
int show_tree(const struct ask *a);
int show_why(const struct ask *a);
int show_symbol(const struct ask *a);
int show_bindings(const struct ask *a);
int show_lint(const struct ask *a);
int show_time(const struct ask *a);
int show_graph(const struct ask *a);
int show_html(const struct ask *a);
int show_sqlite(const struct ask *a);
int show_ps(const struct ask *a);
int show_core(const struct ask *a);
int show_diff(const struct ask *a);

#endif
