/* SPDX-License-Identifier: MIT */
#include "tools/show/facts.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tools/show/image.h"
#include "tools/show/util.h"

void *list_room(void *v, size_t n, size_t *room, size_t size)
{
	if (n == *room) {
		*room = n ? 2 * n : 4;
		v = reallocarray(v, *room, size);
		if (!v)
			die("out of memory");
	}
	memset((char *)v + n * size, 0, size);
	return v;
}

struct facts *facts_new(const char *program)
{
	struct facts *f = need_memory(sizeof *f);

	f->program = program;
	return f;
}

struct object *facts_object(struct facts *f, const char *name, const char *path)
{
	struct object *o = need_memory(sizeof *o);

	*LIST_ADD(&f->objects) = o;
	o->id = (int)f->objects.n;
	o->name = name;
	o->path = path;
	return o;
}

/* ---- names ---- */

static uint32_t hash(const char *s)
{
	uint32_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}

static void grow(struct facts *f)
{
	size_t size = f->names_size ? 4 * f->names_size : 1 << 12;
	struct name **table = need_memory(size * sizeof *table);

	for (size_t i = 0; i < f->names_size; i++) {
		for (struct name *n = f->names[i], *next; n; n = next) {
			next = n->next;
			n->next = table[n->hash & (size - 1)];
			table[n->hash & (size - 1)] = n;
		}
	}
	f->names = table;
	f->names_size = size;
}

static struct name *find(const struct facts *f, const char *s, uint32_t h)
{
	struct name *n = f->names_size ? f->names[h & (f->names_size - 1)] :
					 NULL;

	while (n && (n->hash != h || strcmp(n->text, s) != 0))
		n = n->next;
	return n;
}

struct name *facts_find_name(const struct facts *f, const char *s)
{
	return find(f, s, hash(s));
}

struct name *facts_name(struct facts *f, const char *s)
{
	uint32_t h = hash(s);
	struct name *n = find(f, s, h);
	size_t len = strlen(s);

	if (n)
		return n;
	if (f->nnames >= f->names_size)
		grow(f);
	n = need_memory(sizeof *n + len + 1);
	memcpy(n->text, s, len);
	n->hash = h;
	n->next = f->names[h & (f->names_size - 1)];
	f->names[h & (f->names_size - 1)] = n;
	f->nnames++;
	return n;
}

/* ---- objects ---- */

void facts_read_image(struct facts *f, struct object *o)
{
	const char *error;

	if (o->image_read || !o->path || !*o->path)
		return;
	error = image_read(f, o);
	if (error)
		*LIST_ADD(&f->errors) = text("%s: %s", o->path, error);
	else
		o->image_read = true;
}

void facts_index(struct facts *f)
{
	for (size_t i = 0; i < f->objects.n; i++) {
		struct image *im = &f->objects.v[i]->image;

		for (size_t k = 0; k < im->symbols.n; k++) {
			struct symbol *s = &im->symbols.v[k];

			if (!s->defined || s->bind == STB_LOCAL)
				continue;
			if (s->name->last)
				s->name->last->same = s;
			else
				s->name->defs = s;
			s->name->last = s;
		}
	}
}

static bool same_version(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

struct symbol *facts_definition(const struct name *name, const struct object *o,
				const char *version)
{
	struct symbol *any = NULL;

	for (struct symbol *s = name->defs; s; s = s->same) {
		if (s->object != o)
			continue;
		if (same_version(version, s->version))
			return s;
		if (!any || (!s->old && any->old))
			any = s;
	}
	return any;
}

struct binding *facts_binding(struct facts *f, struct object *from,
			      struct name *name, const char *version)
{
	struct binding *b = name->refs;

	while (b && (b->from != from || !same_version(b->version, version)))
		b = b->same;
	if (b)
		return b;
	b = need_memory(sizeof *b);
	b->from = from;
	b->name = name;
	b->version = version;
	b->same = name->refs;
	name->refs = b;
	*LIST_ADD(&f->bindings) = b;
	return b;
}

struct object *facts_program(const struct facts *f)
{
	for (size_t i = 0; i < f->objects.n; i++)
		if (f->objects.v[i]->how &&
		    strcmp(f->objects.v[i]->how, "program") == 0)
			return f->objects.v[i];
	return f->objects.n ? f->objects.v[0] : NULL;
}

static const char *soname_or_base(const struct object *o)
{
	if (o->image.soname && *o->image.soname)
		return o->image.soname;
	return base_name(o->path && *o->path ? o->path : o->name);
}

/* A label is the soname, or the path where two objects share one. */
static void label(struct facts *f)
{
	for (size_t i = 0; i < f->objects.n; i++) {
		struct object *o = f->objects.v[i];

		o->label = o == facts_program(f) && o->path && *o->path ?
				   base_name(o->path) :
				   soname_or_base(o);
	}
	for (size_t i = 0; i < f->objects.n; i++) {
		struct object *o = f->objects.v[i];
		struct name *n = facts_name(f, o->label);

		for (size_t k = 0; k < i && f->objects.n < 200; k++)
			if (f->objects.v[k]->label == n->text && o->path &&
			    *o->path)
				n = facts_name(f, o->path);
		o->label = n->text;
	}
}

static int by_edge(const void *a, const void *b)
{
	const struct binding *x = *(struct binding *const *)a,
			     *y = *(struct binding *const *)b;
	int from = x->from->id - y->from->id;
	int tx = x->to ? x->to->id : 0, ty = y->to ? y->to->id : 0;

	if (from)
		return from;
	if (tx != ty)
		return tx - ty;
	return strcmp(x->name->text, y->name->text);
}

/* 0: both are bound from the same object to the same. */
static int by_pair(const struct binding *x, const struct binding *y)
{
	return x->from != y->from || x->to != y->to;
}

static void count_bound(struct facts *f)
{
	for (size_t i = 0; i < f->objects.n; i++)
		f->edges += f->objects.v[i]->needs.n;
	for (size_t i = 0; i < f->bindings.n; i++) {
		struct binding *b = f->bindings.v[i];

		b->from->nbind_from++;
		if (!b->to)
			continue;
		if (!i || by_pair(b, f->bindings.v[i - 1]) != 0)
			f->edges++;
		b->to->nbind_to++;
		for (size_t k = 0; k < b->from->needs.n; k++)
			if (b->from->needs.v[k].to == b->to)
				b->from->needs.v[k].bound++;
	}
}

void facts_finish(struct facts *f)
{
	label(f);
	if (f->bindings.n)
		qsort(f->bindings.v, f->bindings.n, sizeof *f->bindings.v,
		      by_edge);
	count_bound(f);
}

struct object *facts_which(const struct facts *f, const char *s)
{
	struct object *part = NULL;

	for (size_t i = 0; i < f->objects.n; i++) {
		struct object *o = f->objects.v[i];

		if (strcmp(o->label, s) == 0 || strcmp(o->name, s) == 0 ||
		    (o->path && strcmp(o->path, s) == 0) ||
		    (o->image.soname && strcmp(o->image.soname, s) == 0) ||
		    (o->path && strcmp(base_name(o->path), s) == 0))
			return o;
	}
	for (size_t i = 0; i < f->objects.n && !part; i++)
		if (strstr(f->objects.v[i]->label, s))
			part = f->objects.v[i];
	return part;
}

bool need_unused(const struct object *o, const struct need *n)
{
	return n->to && !n->bound && !n->waits && !n->kind && !o->inner &&
	       strncmp(n->name, "ld-", 3) != 0 &&
	       strncmp(n->name, "ld64.", 5) != 0 &&
	       strncmp(n->name, "ld.so", 5) != 0;
}

bool is_of_libc(const struct object *o)
{
	static const char *const names[] = { "ld-", "ld64.", "ld.so", "libc.so",
					     "libc.musl-" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(o->label, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* ---- words ---- */

const char *how_name(unsigned how)
{
	if (how & REF_COPY)
		return "copy";
	if (how & REF_TLS)
		return "tls";
	if (how == REF_DLSYM)
		return "dlsym";
	if ((how & (REF_CALL | REF_DATA)) == (REF_CALL | REF_DATA))
		return "call+data";
	return how & REF_CALL ? "call" : "data";
}

const char *visibility_name(unsigned v)
{
	static const char *const names[] = { "default", "internal", "hidden",
					     "protected" };

	return names[v & 3];
}

const char *bind_name(unsigned b)
{
	switch (b) {
	case STB_LOCAL:
		return "local";
	case STB_GLOBAL:
		return "global";
	case STB_WEAK:
		return "weak";
	case STB_GNU_UNIQUE:
		return "unique";
	default:
		return "other";
	}
}

const char *type_name(unsigned t)
{
	switch (t) {
	case STT_NOTYPE:
		return "notype";
	case STT_OBJECT:
		return "object";
	case STT_FUNC:
		return "function";
	case STT_TLS:
		return "tls";
	case STT_COMMON:
		return "common";
	case STT_GNU_IFUNC:
		return "ifunc";
	default:
		return "other";
	}
}
