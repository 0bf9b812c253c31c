/* SPDX-License-Identifier: MIT */
#include "tools/show/json.h"

#include <stdlib.h>
#include <string.h>

#include "tools/show/util.h"

static bool first_item;

static const char *plain(json_object *v)
{
	return json_object_to_json_string_ext(
		v, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

void json_put(const char *key, json_object *v)
{
	printf(",\n\"%s\":%s", key, plain(v));
	json_object_put(v);
}

void json_begin(const char *command, const struct facts *f)
{
	printf("{\"schema\":\"rld-show\",\"version\":1,\"command\":\"%s\"",
	       command);
	if (!f)
		return;
	json_put("program", json_text(f->program));
	json_put("facts", json_text(f->source));
	if (f->because)
		json_put("because", json_text(f->because));
	if (f->root)
		json_put("root", json_text(f->root));
}

void json_end(void)
{
	puts("\n}");
}

void json_list(const char *key)
{
	printf(",\n\"%s\":[", key);
	first_item = true;
}

void json_item(json_object *v)
{
	printf("%s\n%s", first_item ? "" : ",", plain(v));
	first_item = false;
	json_object_put(v);
}

void json_list_end(void)
{
	putchar(']');
	first_item = false;
}

/* ---- values ---- */

/* Length of the well-formed UTF-8 character at s, by RFC 3629; 0: none. */
static size_t utf8(const unsigned char *s)
{
	static const struct {
		unsigned char lo, hi, from, to;
		size_t n;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (*s < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t k = 2;

		if (*s < forms[i].lo || *s > forms[i].hi ||
		    s[1] < forms[i].from || s[1] > forms[i].to)
			continue;
		while (k < forms[i].n && s[k] >= 0x80 && s[k] <= 0xbf)
			k++;
		return k == forms[i].n ? k : 0;
	}
	return 0;
}

json_object *json_text(const char *s)
{
	json_object *v;
	char *out, *p;

	if (!s)
		return NULL;
	p = out = malloc(2 * strlen(s) + 1);
	if (!out)
		die("out of memory");
	while (*s) {
		size_t n = utf8((const unsigned char *)s);

		if (n) {
			memcpy(p, s, n);
			p += n;
			s += n;
		} else {
			unsigned char c = (unsigned char)*s++;

			*p++ = (char)(0xc0 | c >> 6);
			*p++ = (char)(0x80 | (c & 0x3f));
		}
	}
	v = json_object_new_string_len(out, (int)(p - out));
	free(out);
	return v;
}

void put_str(json_object *o, const char *key, const char *s)
{
	if (s)
		json_object_object_add_ex(
			o, key, json_text(s),
			JSON_C_OBJECT_ADD_KEY_IS_NEW |
				JSON_C_OBJECT_KEY_IS_CONSTANT);
}

void put_num(json_object *o, const char *key, uint64_t n)
{
	json_object_object_add_ex(o, key, json_object_new_uint64(n),
				  JSON_C_OBJECT_ADD_KEY_IS_NEW |
					  JSON_C_OBJECT_KEY_IS_CONSTANT);
}

void put_hex(json_object *o, const char *key, uint64_t n)
{
	char s[32];

	snprintf(s, sizeof s, "0x%llx", (unsigned long long)n);
	put_str(o, key, s);
}

void put_yes(json_object *o, const char *key, bool yes)
{
	if (yes)
		json_object_object_add(o, key, json_object_new_boolean(1));
}

/* ---- what the commands share ---- */

json_object *json_object_of(const struct object *o)
{
	json_object *j = json_object_new_object();

	put_num(j, "id", (uint64_t)o->id);
	put_str(j, "label", o->label);
	put_str(j, "name", o->name);
	put_str(j, "path", o->path);
	put_str(j, "soname", o->image.soname);
	put_str(j, "how", o->how);
	put_str(j, "by", o->by ? o->by->label : NULL);
	put_str(j, "scope", o->scope);
	put_str(j, "build_id", o->image.build_id);
	return j;
}

json_object *json_search(const struct search *s)
{
	json_object *j = json_object_new_object(),
		    *list = json_object_new_array();

	put_str(j, "name", s->name);
	put_str(j, "for", s->asker ? s->asker->label : NULL);
	put_str(j, "found", s->found);
	for (size_t i = 0; i < s->tried.n; i++) {
		const struct try *t = &s->tried.v[i];
		json_object *e = json_object_new_object();

		put_str(e, "path", t->path);
		put_str(e, "rule", t->rule);
		put_str(e, "element", t->element);
		put_str(e, "of", t->of ? t->of->label : NULL);
		put_str(e, "result", t->result);
		put_str(e, "is", t->is);
		json_object_array_add(list, e);
	}
	json_object_object_add(j, "tried", list);
	return j;
}

json_object *json_symbol(const struct symbol *s)
{
	json_object *j = json_object_new_object();

	put_str(j, "object", s->object->label);
	put_str(j, "version", s->version);
	put_yes(j, "hidden_version", s->old);
	put_hex(j, "value", s->value);
	put_num(j, "size", s->size);
	put_str(j, "type", type_name(s->type));
	put_str(j, "binding", bind_name(s->bind));
	put_str(j, "visibility", visibility_name(s->visibility));
	return j;
}

json_object *json_binding(const struct binding *b)
{
	json_object *j = json_object_new_object(), *list;

	put_str(j, "from", b->from->label);
	put_str(j, "symbol", b->name->text);
	put_str(j, "version", b->version);
	put_str(j, "kind", how_name(b->how));
	put_yes(j, "weak", b->weak);
	put_num(j, "relocations", b->relocations);
	json_object_object_add(j, "to", b->to ? json_text(b->to->label) : NULL);
	put_str(j, "to_version", b->to_version);
	put_str(j, "by", b->by);
	put_str(j, "reason", b->reason);
	if (b->def) {
		put_num(j, "size", b->def->size);
		put_str(j, "type", type_name(b->def->type));
		put_str(j, "binding", bind_name(b->def->bind));
	}
	if (!b->others.n)
		return j;
	list = json_object_new_array();
	for (size_t i = 0; i < b->others.n; i++) {
		const struct candidate *c = &b->others.v[i];
		json_object *e = json_object_new_object();

		put_str(e, "object", c->object->label);
		put_str(e, "version", c->version);
		put_str(e, "reason", c->reason);
		json_object_array_add(list, e);
	}
	json_object_object_add(j, "others", list);
	return j;
}
