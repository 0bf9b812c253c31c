/* SPDX-License-Identifier: MIT */
/* What the objects of a program do to each other by their names. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tools/show/lint.h"
#include "tools/show/out.h"
#include "tools/show/symtab.h"
#include "tools/show/util.h"

/* ---- references ---- */

/* Why it is not there: another version, or in an object's .symtab alone. */
static const char *near_miss(struct lint *l, const struct binding *b)
{
	const struct object *p = facts_program(l->f);

	for (const struct symbol *s = b->name->defs; s; s = s->same)
		if (b->version)
			return text("; %s has %s", s->object->label,
				    defined_text(s));
	if (p->path && *p->path && p != b->from &&
	    symtab_defines(p->path, b->name->text))
		return text("; %s defines it, but does not export it "
			    "(link it with -rdynamic or "
			    "-Wl,--export-dynamic-symbol=%s)",
			    p->label, b->name->text);
	return "";
}

static void undefined(struct lint *l, const struct binding *b)
{
	if (b->to || b->weak || !b->reason ||
	    strcmp(b->reason, "undefined") != 0)
		return;
	lint_add(l, ERROR, "undefined", b->from, b->name->text,
		 "refers to %s, which nothing defines%s",
		 wanted_text(b->name->text, b->version), near_miss(l, b));
}

static void copies(struct lint *l, const struct binding *b)
{
	if (!(b->how & REF_COPY) || !b->copy_sizes || !b->to ||
	    b->copy_size == b->copy_to_size)
		return;
	lint_add(l, b->copy_to_size > b->copy_size ? ERROR : WARNING,
		 "copy-size", b->from, b->name->text,
		 "has room for %llu bytes of %s, which has %llu in %s: it was "
		 "linked to another version of it",
		 (unsigned long long)b->copy_size, b->name->text,
		 (unsigned long long)b->copy_to_size, b->to->label);
}

/* An object that has the definition itself, but is bound to another's. */
static void interposed(struct lint *l, const struct binding *b)
{
	if (!b->to || b->to == b->from || (b->how & REF_COPY) ||
	    (is_of_libc(b->from) && is_of_libc(b->to)))
		return;
	for (size_t i = 0; i < b->others.n; i++) {
		const struct candidate *c = &b->others.v[i];
		bool vague = c->def && c->def->bind != STB_GLOBAL;

		if (c->object != b->from || !c->reason ||
		    strcmp(c->reason, "later") != 0)
			continue;
		/* a program's copy of a library's variable is meant so */
		for (const struct binding *o = b->name->refs; o; o = o->same)
			if (o->from == b->to && (o->how & REF_COPY))
				return;
		if (vague && !l->ask->all)
			return; /* inline functions of C++: one for all */
		lint_add(l, vague ? NOTE : WARNING, "interposed", b->from,
			 b->name->text,
			 "defines %s and refers to it, but gets that of %s",
			 b->name->text, b->to->label);
	}
}

static void versions(struct lint *l)
{
	for (size_t i = 0; i < l->f->versions.n; i++) {
		const struct version_need *v = &l->f->versions.v[i];

		if (v->known && !v->found)
			lint_add(l, v->weak ? NOTE : ERROR, "version-missing",
				 v->from, NULL, "needs version %s of %s%s%s%s",
				 v->version, v->file,
				 v->of ? ", which does not have it (" : "",
				 v->of && v->of->path ? v->of->path : "",
				 v->of ? ")" : "");
	}
}

void lint_bindings(struct lint *l)
{
	for (size_t i = 0; i < l->f->bindings.n; i++) {
		const struct binding *b = l->f->bindings.v[i];

		if (b->from->inner)
			continue;
		undefined(l, b);
		copies(l, b);
		interposed(l, b);
	}
	versions(l);
}

/* ---- definitions ---- */

struct pair {
	struct object *a, *b;
	struct name *name;
};

static int by_pair(const void *x, const void *y)
{
	const struct pair *p = x, *q = y;

	if (p->a != q->a)
		return p->a->id - q->a->id;
	if (p->b != q->b)
		return p->b->id - q->b->id;
	return strcmp(p->name->text, q->name->text);
}

static bool counts(const struct symbol *s)
{
	return s->bind == STB_GLOBAL && s->visibility != STV_HIDDEN &&
	       !s->old && !s->object->inner && s->type != STT_NOTYPE &&
	       s->value;
}

/* A COPY relocation makes a second definition, as is meant. */
static bool is_copy(const struct name *n, const struct object *o)
{
	for (const struct binding *b = n->refs; b; b = b->same)
		if (b->from == o && (b->how & REF_COPY))
			return true;
	return false;
}

static bool same_version(const struct symbol *a, const struct symbol *b)
{
	return !a->version || !b->version || !strcmp(a->version, b->version);
}

static void tell_pair(struct lint *l, const struct pair *p, size_t n)
{
	char names[512] = "";

	for (size_t i = 0; i < n && i < 4; i++) {
		size_t len = strlen(names);

		snprintf(names + len, sizeof names - len, "%s%.120s",
			 i ? ", " : "", p[i].name->text);
	}
	lint_add(l, WARNING, "duplicate", p->b, n == 1 ? p->name->text : NULL,
		 "defines %s that %s defines before it: %s%s",
		 count_text(n, "symbol"), p->a->label, names,
		 n > 4 ? ", ..." : "");
}

void lint_duplicates(struct lint *l)
{
	LIST(struct pair) all = { 0 };

	for (size_t i = 0; i < l->f->objects.n; i++) {
		const struct image *im = &l->f->objects.v[i]->image;

		for (size_t k = 0; k < im->symbols.n; k++) {
			const struct symbol *s = &im->symbols.v[k];
			const struct symbol *first = s->name->defs;

			if (!s->defined || first == s || !first || !counts(s))
				continue;
			while (first != s &&
			       (!counts(first) || first->object == s->object))
				first = first->same;
			if (first == s || !same_version(first, s) ||
			    (is_of_libc(first->object) &&
			     is_of_libc(s->object)) ||
			    is_copy(s->name, first->object))
				continue;
			*LIST_ADD(&all) = (struct pair){ first->object,
							 s->object, s->name };
		}
	}
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_pair);
	for (size_t i = 0, n; i < all.n; i += n) {
		for (n = 1; i + n < all.n && all.v[i + n].a == all.v[i].a &&
			    all.v[i + n].b == all.v[i].b;)
			n++;
		tell_pair(l, &all.v[i], n);
	}
}

void lint_unique(struct lint *l)
{
	for (size_t i = 0; i < l->f->objects.n; i++) {
		const struct image *im = &l->f->objects.v[i]->image;

		for (size_t k = 0; im->unique && k < im->symbols.n; k++) {
			const struct symbol *s = &im->symbols.v[k];
			const struct symbol *first = s->name->defs;

			if (!s->defined || s->bind != STB_GNU_UNIQUE ||
			    !first || first->object == s->object ||
			    first->size == s->size || !first->size || !s->size)
				continue;
			lint_add(l, ERROR, "unique-size", s->object,
				 s->name->text,
				 "defines the unique %s with %llu bytes, but "
				 "%s, whose definition counts, has %llu",
				 s->name->text, (unsigned long long)s->size,
				 first->object->label,
				 (unsigned long long)first->size);
		}
	}
}
