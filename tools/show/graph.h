/* SPDX-License-Identifier: MIT */
/* A picture of the objects, by Graphviz's dot. */
#ifndef SHOW_GRAPH_H
#define SHOW_GRAPH_H

#include <stdio.h>

#include "tools/show/facts.h"

/* The picture in dot's language. */
void graph_dot(const struct facts *f, FILE *out);
/* What dot makes of it: type svg or png, to the descriptor.  NULL, or what
 * went wrong. */
const char *graph_draw(const struct facts *f, const char *type, int fd);

#endif
