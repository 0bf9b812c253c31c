/* SPDX-License-Identifier: MIT */
/* Answers for people: what several commands write alike. */
#ifndef SHOW_OUT_H
#define SHOW_OUT_H

#include <stdio.h>

#include "tools/show/facts.h"

/* The first line: whose word it is. */
void out_source(const struct facts *f);
/* The places of a search, a line each, behind `indent`. */
void out_tried(const char *indent, const struct search *s);
/* "RUNPATH $ORIGIN/../lib of server", "ld.so.cache"; of the place found. */
const char *rule_text(const struct try *t);
const char *found_rule(const struct search *s);
/* "f", "f@V" as wanted or hidden, "f@@V" of a default definition. */
const char *wanted_text(const char *name, const char *version);
const char *defined_text(const struct symbol *s);
/* "1 symbol", "12 symbols". */
const char *count_text(size_t n, const char *what);

#endif
