/* SPDX-License-Identifier: MIT */
/* A start as the files alone tell it: for programs of another machine, or where
 * no rld is at hand that writes a record.  The objects breadth first, then each
 * reference by the rule of the gABI with GNU's versions (doc/binding.md): the
 * first definition along the list that has the version wanted. */
#include <elf.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/show/ask.h"
#include "tools/show/image.h"
#include "tools/show/search.h"
#include "tools/show/util.h"

struct walk {
	struct facts *f;
	struct finder finder;
	LIST(struct stat) files; /* as f->objects */
};

/* ---- objects ---- */

static struct object *loaded_name(const struct walk *w, const char *name)
{
	for (size_t i = 0; i < w->f->objects.n; i++) {
		struct object *o = w->f->objects.v[i];

		if (strcmp(o->name, name) == 0 ||
		    (o->image.soname && strcmp(o->image.soname, name) == 0))
			return o;
	}
	return NULL;
}

static struct object *add(struct walk *w, const char *name, const char *path,
			  struct object *by, const char *how)
{
	struct stat st = { 0 };
	struct object *o;

	if (stat(path, &st) == 0)
		for (size_t i = 0; i < w->files.n; i++)
			if (w->files.v[i].st_ino == st.st_ino &&
			    w->files.v[i].st_dev == st.st_dev)
				return w->f->objects.v[i];
	o = facts_object(w->f, name, path);
	*LIST_ADD(&w->files) = st;
	o->by = by;
	o->how = how;
	o->scope = "global";
	facts_read_image(w->f, o);
	return o;
}

static struct object *bring(struct walk *w, const char *name,
			    struct object *asker, const char *how,
			    struct search **from)
{
	struct object *o = loaded_name(w, name);
	struct search *s;

	if (o)
		return o;
	s = finder_search(&w->finder, name, asker);
	*from = s;
	*LIST_ADD(&w->f->searches) = s;
	if (asker)
		*LIST_ADD(&asker->searches) = s;
	if (s->found)
		return add(w, name, s->found, asker, how);
	*LIST_ADD(&w->f->errors) =
		asker ? text("%s: needed by %s: cannot be found", name,
			     asker->path) :
			text("%s: cannot be found", name);
	return NULL;
}

static void needs_of(struct walk *w, struct object *o)
{
	for (size_t i = 0; i < o->image.needed.n; i++) {
		struct need n = { .name = o->image.needed.v[i],
				  .waits = o->image.delayed.v[i] };

		if (n.waits)
			n.to = loaded_name(w, n.name);
		else
			n.to = bring(w, n.name, o, "needed", &n.search);
		*LIST_ADD(&o->needs) = n;
	}
}

static void preload(struct walk *w, const char *list)
{
	char *copy = text("%s", list), *rest;
	struct search *s;

	for (char *p = strtok_r(copy, ": ", &rest); p;
	     p = strtok_r(NULL, ": ", &rest))
		bring(w, p, NULL, "preload", &s);
}

/* ---- references ---- */

static bool serves(const struct symbol *ref, const struct symbol *def)
{
	const struct image *im = &def->object->image;

	if (!ref->version) /* the base or the default version */
		return !def->old;
	if (def->version)
		return strcmp(ref->version, def->version) == 0;
	/* an object without versions serves all; the base version does so
	 * where the file that was named is not this one */
	return !im->defines.n || !ref->version_file ||
	       (!def->old &&
		(!im->soname || strcmp(im->soname, ref->version_file) != 0));
}

static const char *passed_over(const struct binding *b,
			       const struct symbol *ref,
			       const struct symbol *def)
{
	if (def->visibility == STV_HIDDEN || def->visibility == STV_INTERNAL)
		return "visibility";
	if (!serves(ref, def))
		return "version";
	if ((b->how & REF_COPY) && def->object == b->from)
		return "self";
	return NULL;
}

/* The definition that wins, and the others with what speaks against them. */
static void look_up(struct binding *b, const struct symbol *ref)
{
	const struct symbol *own = NULL;

	if (b->from->image.symbolic && !(b->how & REF_COPY))
		for (struct symbol *s = b->name->defs; s; s = s->same)
			if (s->object == b->from && !passed_over(b, ref, s))
				own = s;
	for (struct symbol *s = b->name->defs; s; s = s->same) {
		const char *reason = passed_over(b, ref, s);
		struct candidate *c;

		if (!reason && !b->def && (!own || own == s)) {
			b->def = s;
			b->to = s->object;
			b->to_version = s->version;
			b->by = own ? "own" : "list";
			continue;
		}
		c = LIST_ADD(&b->others);
		*c = (struct candidate){ s->object, s->version,
					 reason ? reason : "later", s };
	}
	if (b->def)
		return;
	b->reason = b->weak ? "weak" : "undefined";
}

static void references_of(struct facts *f, struct object *o)
{
	for (size_t i = 1; i < o->image.symbols.n; i++) {
		struct symbol *s = &o->image.symbols.v[i];
		struct binding *b;

		/* not bound by name: local, hidden, protected ones */
		if (!s->used || s->bind == STB_LOCAL || !*s->name->text ||
		    (s->defined && s->visibility != STV_DEFAULT))
			continue;
		b = facts_binding(f, o, s->name, s->version);
		b->how |= s->used;
		b->weak = s->bind == STB_WEAK && !s->defined;
		b->when = "start";
		if (!b->relocations)
			look_up(b, s);
		b->relocations++;
		if ((s->used & REF_COPY) && b->def) {
			b->copy_sizes = true;
			b->copy_size = s->size;
			b->copy_to_size = b->def->size;
		}
		if (!b->to && !b->weak)
			*LIST_ADD(&f->errors) = text(
				"%s: symbol %s%s%s is not defined", o->path,
				s->name->text, s->version ? "@" : "",
				s->version ? s->version : "");
	}
}

static void versions_of(struct walk *w, struct object *o)
{
	for (size_t i = 0; i < o->image.wants.n; i++) {
		struct version_want *v = &o->image.wants.v[i];
		struct version_need n = { .from = o,
					  .of = loaded_name(w, v->file),
					  .file = v->file,
					  .version = v->version,
					  .weak = v->weak };

		n.known = n.of && n.of->image.defines.n;
		for (size_t k = 0; n.of && k < n.of->image.defines.n; k++)
			n.found |= strcmp(n.of->image.defines.v[k],
					  v->version) == 0;
		*LIST_ADD(&w->f->versions) = n;
		if (n.known && !n.found && !n.weak)
			*LIST_ADD(&w->f->errors) =
				text("%s: version %s of %s is not there",
				     o->path, v->version, n.of->path);
	}
}

struct facts *facts_from_files(const struct ask *a, const char *program,
			       const char *plugin, const char *because)
{
	struct walk w = { .f = facts_new(program) };
	struct object *p;

	w.f->source = "static";
	w.f->because = because;
	w.f->root = a->root;
	w.f->mode = "check";
	p = add(&w, program, program, NULL, "program");
	if (!p->image_read)
		die("%s", w.f->errors.v[0]);
	finder_init(&w.finder, a, p);
	w.f->libc = w.finder.musl ? "musl" : p->image.interp ? "glibc" : NULL;
	if (a->preload)
		preload(&w, a->preload);
	for (size_t i = 0; i < w.f->objects.n; i++) {
		needs_of(&w, w.f->objects.v[i]);
		if (plugin && i + 1 == w.f->objects.n) {
			if (add(&w, plugin, plugin, NULL, "dlopen") ==
			    w.f->objects.v[i])
				break;
			plugin = NULL;
		}
	}
	facts_index(w.f);
	for (size_t i = 0; i < w.f->objects.n; i++) {
		versions_of(&w, w.f->objects.v[i]);
		references_of(w.f, w.f->objects.v[i]);
	}
	facts_finish(w.f);
	return w.f;
}
