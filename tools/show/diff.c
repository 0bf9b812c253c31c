/* SPDX-License-Identifier: MIT */
/* rld-show diff: two programs, two releases, or one before and after an
 * upgrade.  Objects are the same by soname, the programs are each other. */
#include <stdlib.h>
#include <string.h>

#include "tools/show/ask.h"
#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

struct side {
	struct facts *f;
	struct binding **bindings; /* sorted by their keys */
};

static const char *key_of(const struct facts *f, const struct object *o)
{
	if (!o)
		return "";
	return o == facts_program(f) ? "(the program)" : o->label;
}

static const struct side *sorting;

static int by_key(const void *a, const void *b)
{
	const struct binding *x = *(struct binding *const *)a,
			     *y = *(struct binding *const *)b;
	int c = strcmp(key_of(sorting->f, x->from),
		       key_of(sorting->f, y->from));

	if (!c)
		c = strcmp(x->name->text, y->name->text);
	if (!c)
		c = strcmp(x->version ? x->version : "",
			   y->version ? y->version : "");
	return c;
}

static void sort(struct side *s)
{
	size_t n = s->f->bindings.n;

	s->bindings = need_memory((n + 1) * sizeof *s->bindings);
	if (n)
		memcpy(s->bindings, s->f->bindings.v, n * sizeof *s->bindings);
	sorting = s;
	qsort(s->bindings, n, sizeof *s->bindings, by_key);
}

/* Compare across the two sides. */
static int across(const struct side *l, const struct binding *x,
		  const struct side *r, const struct binding *y)
{
	int c = strcmp(key_of(l->f, x->from), key_of(r->f, y->from));

	if (!c)
		c = strcmp(x->name->text, y->name->text);
	if (!c)
		c = strcmp(x->version ? x->version : "",
			   y->version ? y->version : "");
	return c;
}

static const char *answer(const struct side *s, const struct binding *b)
{
	if (!b)
		return NULL;
	if (!b->to)
		return text("nothing (%s)",
			    b->reason ? b->reason : "undefined");
	return b->to_version ?
		       text("%s@%s", key_of(s->f, b->to), b->to_version) :
		       key_of(s->f, b->to);
}

static void tell(const struct side *l, const struct binding *x,
		 const struct side *r, const struct binding *y, bool json)
{
	const struct side *s = x ? l : r;
	const struct binding *b = x ? x : y;
	json_object *j;

	if (json) {
		j = json_object_new_object();
		put_str(j, "change", !x ? "added" : !y ? "removed" : "changed");
		put_str(j, "from", key_of(s->f, b->from));
		put_str(j, "symbol", b->name->text);
		put_str(j, "version", b->version);
		put_str(j, "before", answer(l, x));
		put_str(j, "after", answer(r, y));
		json_item(j);
		return;
	}
	printf("%c ", !x ? '+' : !y ? '-' : '!');
	print_name(stdout, key_of(s->f, b->from));
	printf(": %s", wanted_text(b->name->text, b->version));
	printf(" -> %s%s%s\n", x ? answer(l, x) : "", x && y ? ", now " : "",
	       y ? answer(r, y) : "");
}

static size_t compare_bindings(const struct side *l, const struct side *r,
			       bool json)
{
	size_t i = 0, k = 0, n = 0;

	while (i < l->f->bindings.n || k < r->f->bindings.n) {
		const struct binding *x =
			i < l->f->bindings.n ? l->bindings[i] : NULL;
		const struct binding *y =
			k < r->f->bindings.n ? r->bindings[k] : NULL;
		int c = !x ? 1 : !y ? -1 : across(l, x, r, y);

		if (c <= 0)
			i++;
		if (c >= 0)
			k++;
		if (c < 0)
			y = NULL;
		else if (c > 0)
			x = NULL;
		else if (strcmp(answer(l, x), answer(r, y)) == 0)
			continue;
		tell(l, x, r, y, json);
		n++;
	}
	return n;
}

static struct object *twin(const struct side *s, const char *key)
{
	for (size_t i = 0; i < s->f->objects.n; i++)
		if (strcmp(key_of(s->f, s->f->objects.v[i]), key) == 0)
			return s->f->objects.v[i];
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void tell_object(const char *change, const struct object *o,
			const char *before, const char *after, bool json)
{
	json_object *j;

	if (json) {
		j = json_object_new_object();
		put_str(j, "change", change);
		put_str(j, "object", o->label);
		put_str(j, "before", before);
		put_str(j, "after", after);
		json_item(j);
		return;
	}
	printf("%s ", change);
	print_name(stdout, o->label);
	if (before)
		printf("  %s", before);
	if (after)
		printf("%s%s", before ? " -> " : "  ", after);
	putchar('\n');
}

static const char *identity(const struct object *o)
{
	return text("%s%s%s", o->path ? o->path : o->name,
		    o->image.build_id ? " " : "",
		    o->image.build_id ? o->image.build_id : "");
}

static size_t compare_objects(const struct side *l, const struct side *r,
			      bool json)
{
	size_t n = 0;

	for (size_t i = 0; i < l->f->objects.n; i++) {
		const struct object *o = l->f->objects.v[i];
		const struct object *t = twin(r, key_of(l->f, o));

		if (t && same(o->image.build_id, t->image.build_id) &&
		    (o->image.build_id || same(o->path, t->path)))
			continue;
		n++;
		tell_object(t ? "changed" : "removed", o, identity(o),
			    t ? identity(t) : NULL, json);
	}
	for (size_t i = 0; i < r->f->objects.n; i++) {
		const struct object *o = r->f->objects.v[i];

		if (twin(l, key_of(r->f, o)))
			continue;
		n++;
		tell_object("added", o, NULL, identity(o), json);
	}
	return n;
}

int show_diff(const struct ask *a)
{
	struct side l = { .f = gather(a, a->words[0], NULL, false) };
	struct side r = { .f = gather(a, a->words[1], NULL, false) };
	size_t objects, bindings;

	sort(&l);
	sort(&r);
	if (a->json) {
		json_begin("diff", l.f);
		json_put("other", json_text(r.f->program));
		json_list("objects");
	} else {
		out_source(l.f);
		out_source(r.f);
	}
	objects = compare_objects(&l, &r, a->json);
	if (a->json) {
		json_list_end();
		json_list("bindings");
	}
	bindings = compare_bindings(&l, &r, a->json);
	if (a->json) {
		json_list_end();
		json_end();
	} else {
		printf("%s, %s\n", count_text(objects, "object"),
		       count_text(bindings, "binding"));
	}
	return objects + bindings ? SHOW_FOUND : SHOW_OK;
}
