/* SPDX-License-Identifier: MIT */
/* Answers for programs.  An answer is one JSON object: "schema", "version",
 * "command", where the facts come from, and the command's own members.  Long
 * lists are written an item at a time. */
#ifndef SHOW_JSON_H
#define SHOW_JSON_H

#include <json-c/json.h>

#include "tools/show/facts.h"

void json_begin(const char *command, const struct facts *f);
void json_end(void);
/* A member of the answer; v is taken. */
void json_put(const char *key, json_object *v);
/* A list of the answer: begin, items (each is taken), end. */
void json_list(const char *key);
void json_item(json_object *v);
void json_list_end(void);

/* Add to an object.  Strings: NULL is left out; a byte that is no UTF-8 becomes
 * the character of its number. */
void put_str(json_object *o, const char *key, const char *s);
void put_num(json_object *o, const char *key, uint64_t n);
void put_hex(json_object *o, const char *key, uint64_t n);
void put_yes(json_object *o, const char *key, bool yes); /* no: left out */
json_object *json_text(const char *s);

/* What all commands say of an object, a search, a definition, a binding. */
json_object *json_object_of(const struct object *o);
json_object *json_search(const struct search *s);
json_object *json_symbol(const struct symbol *s);
json_object *json_binding(const struct binding *b);

#endif
