/* SPDX-License-Identifier: MIT */
/* The loader's record (doc/record.md) becomes facts.  Of a record with several
 * processes the first is taken, up to its exec. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "tools/show/ask.h"
#include "tools/show/util.h"

struct record {
	struct facts *f;
	const char *root;
	int64_t pid;
	LIST(struct object *) ids; /* by the record's numbers, from 1 */
	bool started, ended, again;
	/* while the start loads: what was searched last, and when the last
	 * search or mapping was done (nanoseconds) */
	struct search *searched;
	uint64_t search_ns, done;
	bool loaded;
};

typedef json_object J;

/* ---- members of a line ---- */

static J *member(J *o, const char *key)
{
	J *v = NULL;

	return json_object_object_get_ex(o, key, &v) ? v : NULL;
}

/* A string that lives as long as the facts; NULL: absent, null, no string. */
static const char *str(struct record *r, J *o, const char *key)
{
	J *v = member(o, key);

	if (!v || !json_object_is_type(v, json_type_string))
		return NULL;
	return facts_name(r->f, json_object_get_string(v))->text;
}

static uint64_t num(J *o, const char *key)
{
	J *v = member(o, key);
	int64_t n = v && json_object_is_type(v, json_type_int) ?
			    json_object_get_int64(v) :
			    0;

	return n > 0 ? (uint64_t)n : 0;
}

static bool yes(J *o, const char *key)
{
	J *v = member(o, key);

	return v && json_object_is_type(v, json_type_boolean) &&
	       json_object_get_boolean(v);
}

static struct object *obj(struct record *r, J *o, const char *key)
{
	uint64_t id = num(o, key);

	return id && id <= r->ids.n ? r->ids.v[id - 1] : NULL;
}

static size_t length(J *array)
{
	return array && json_object_is_type(array, json_type_array) ?
		       json_object_array_length(array) :
		       0;
}

/* ---- lines ---- */

static void on_start(struct record *r, J *o)
{
	r->f->libc = str(r, o, "libc");
	r->f->mode = str(r, o, "mode");
	if (!r->root)
		r->f->root = str(r, o, "root");
}

static void on_search(struct record *r, J *o)
{
	struct search *s = need_memory(sizeof *s);
	J *tried = member(o, "tried");

	s->name = str(r, o, "name");
	s->found = str(r, o, "found");
	s->asker = obj(r, o, "for");
	if (!s->name)
		return;
	for (size_t i = 0; i < length(tried); i++) {
		J *e = json_object_array_get_idx(tried, i);
		struct try *t;

		if (!json_object_is_type(e, json_type_object))
			continue;
		t = LIST_ADD(&s->tried);
		t->path = str(r, e, "path");
		t->rule = str(r, e, "rule");
		t->element = str(r, e, "element");
		t->result = str(r, e, "result");
		t->is = str(r, e, "is");
		t->of = obj(r, e, "of");
	}
	r->searched = s;
	r->search_ns =
		!r->loaded && num(o, "t") > r->done ? num(o, "t") - r->done : 0;
	r->done = num(o, "t");
	*LIST_ADD(&r->f->searches) = s;
	if (s->asker)
		*LIST_ADD(&s->asker->searches) = s;
}

/* A line of an object that is mapped follows that of the search for it. */
static void took(struct record *r, struct object *d)
{
	struct search *s = r->searched;

	if (s && s->found && d->path && strcmp(s->found, d->path) == 0) {
		d->search_ns = r->search_ns;
		d->map_ns = d->load_at > r->done ? d->load_at - r->done : 0;
		if (d->search_ns)
			*LIST_ADD(&r->f->phases) =
				(struct phase){ "search", d, d->search_ns,
						r->done - d->search_ns };
		if (d->map_ns)
			*LIST_ADD(&r->f->phases) =
				(struct phase){ "map", d, d->map_ns, r->done };
	}
	r->searched = NULL;
	if (d->load_at > r->done)
		r->done = d->load_at;
}

static void on_load(struct record *r, J *o)
{
	uint64_t id = num(o, "id");
	const char *name = str(r, o, "name"), *path = str(r, o, "path");
	struct object *d;

	if (!id || id > 1 << 20)
		return;
	while (r->ids.n < id)
		(void)LIST_ADD(&r->ids);
	if (r->ids.v[id - 1])
		return;
	d = facts_object(r->f, name ? name : "", path);
	r->ids.v[id - 1] = d;
	d->by = obj(r, o, "by");
	d->how = str(r, o, "how");
	d->base = str(r, o, "base");
	d->scope = str(r, o, "scope");
	d->image.soname = str(r, o, "soname");
	d->image.build_id = str(r, o, "build_id");
	d->load_at = num(o, "t");
	d->inner = d->how &&
		   (strcmp(d->how, "libc") == 0 ||
		    strcmp(d->how, "vdso") == 0 || strcmp(d->how, "rld") == 0);
	if (d->how && strcmp(d->how, "program") == 0 && (!path || !*path))
		d->path = r->f->program;
	took(r, d);
}

static void on_need(struct record *r, J *o)
{
	struct object *from = obj(r, o, "from");
	J *marks = member(o, "mark");
	struct need *n;

	if (!from || !str(r, o, "name"))
		return;
	n = LIST_ADD(&from->needs);
	n->name = str(r, o, "name");
	n->to = obj(r, o, "to");
	n->kind = str(r, o, "kind");
	for (size_t i = 0; i < length(marks); i++) {
		const char *m = json_object_get_string(
			json_object_array_get_idx(marks, i));

		n->waits |= m && strcmp(m, "delay") == 0;
	}
}

static void on_version(struct record *r, J *o)
{
	struct version_need v = { .from = obj(r, o, "from"),
				  .of = obj(r, o, "of"),
				  .file = str(r, o, "file"),
				  .version = str(r, o, "version"),
				  .weak = yes(o, "weak"),
				  .known = member(o, "found") != NULL,
				  .found = yes(o, "found") };

	if (v.from && v.file && v.version)
		*LIST_ADD(&r->f->versions) = v;
}

static unsigned how_of(const char *kind)
{
	if (!kind || strcmp(kind, "call") == 0 || strcmp(kind, "entry") == 0)
		return REF_CALL;
	if (strcmp(kind, "copy") == 0)
		return REF_COPY;
	if (strcmp(kind, "tls") == 0)
		return REF_TLS;
	return strcmp(kind, "dlsym") == 0 ? REF_DLSYM : REF_DATA;
}

static void candidates(struct record *r, J *list, struct binding *b)
{
	b->others.n = 0;
	for (size_t i = 0; i < length(list); i++) {
		J *e = json_object_array_get_idx(list, i);
		struct candidate *c;

		if (!json_object_is_type(e, json_type_object) ||
		    !obj(r, e, "object"))
			continue;
		c = LIST_ADD(&b->others);
		c->object = obj(r, e, "object");
		c->version = str(r, e, "version");
		c->reason = str(r, e, "reason");
	}
}

static void on_bind(struct record *r, J *o)
{
	struct object *from = obj(r, o, "from");
	const char *symbol = str(r, o, "symbol");
	struct binding *b;

	if (!from || !symbol)
		return;
	b = facts_binding(r->f, from, facts_name(r->f, symbol),
			  str(r, o, "version"));
	b->relocations++;
	b->how |= (uint8_t)how_of(str(r, o, "kind"));
	b->weak = yes(o, "weak");
	if (b->relocations > 1 && b->to && b->to != obj(r, o, "to") &&
	    (b->how & REF_COPY))
		return; /* the copy and its users: two answers to one name */
	b->to = obj(r, o, "to");
	b->to_version = str(r, o, "to_version");
	b->reason = str(r, o, "reason");
	b->by = str(r, o, "by");
	b->when = str(r, o, "when");
	if (member(o, "to_size")) {
		b->copy_sizes = true;
		b->copy_size = num(o, "size");
		b->copy_to_size = num(o, "to_size");
	}
	candidates(r, member(o, "candidates"), b);
}

static void on_phase(struct record *r, J *o)
{
	struct phase p = { str(r, o, "name"), obj(r, o, "object"), num(o, "ns"),
			   num(o, "t") };

	if (!p.name)
		return;
	*LIST_ADD(&r->f->phases) = p;
	r->loaded |= strcmp(p.name, "load") == 0;
	if (p.object && strcmp(p.name, "relocate") == 0) {
		p.object->relocate_ns += p.ns;
		p.object->lookups += num(o, "lookups");
	}
}

static void on_init(struct record *r, J *o)
{
	struct object *d = obj(r, o, "object");

	if (!d)
		return;
	d->init_ns += num(o, "ns");
	d->init_at = num(o, "t");
}

static void on_error(struct record *r, J *o)
{
	const char *s = str(r, o, "text");

	if (s)
		*LIST_ADD(&r->f->errors) = s;
}

static const struct {
	const char *name;
	void (*take)(struct record *r, J *o);
} events[] = {
	{ "bind", on_bind }, { "search", on_search },	{ "load", on_load },
	{ "need", on_need }, { "version", on_version }, { "phase", on_phase },
	{ "init", on_init }, { "error", on_error },	{ "start", on_start },
};

static void line(struct record *r, J *o)
{
	const char *event = str(r, o, "event");

	if (!event)
		return;
	if (strcmp(event, "start") == 0) {
		if (r->started && (int64_t)num(o, "pid") == r->pid)
			r->again = true; /* it has become another program */
		if (r->started)
			return;
		r->pid = (int64_t)num(o, "pid");
		r->started = true;
	}
	if (!r->started || (int64_t)num(o, "pid") != r->pid)
		return;
	r->ended |= strcmp(event, "end") == 0;
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (strcmp(events[i].name, event) == 0)
			events[i].take(r, o);
}

/* ---- the whole ---- */

/* Which search a need's answer came from. */
static void join_searches(struct facts *f)
{
	for (size_t i = 0; i < f->objects.n; i++) {
		struct object *o = f->objects.v[i];

		for (size_t k = 0; k < o->needs.n; k++)
			for (size_t s = 0; s < o->searches.n; s++)
				if (strcmp(o->searches.v[s]->name,
					   o->needs.v[k].name) == 0)
					o->needs.v[k].search = o->searches.v[s];
	}
}

/* The record names definitions by object and version; the files have the rest:
 * size, visibility, type. */
static void join_symbols(struct facts *f)
{
	for (size_t i = 0; i < f->bindings.n; i++) {
		struct binding *b = f->bindings.v[i];

		if (b->to)
			b->def =
				facts_definition(b->name, b->to, b->to_version);
		for (size_t k = 0; k < b->others.n; k++) {
			struct candidate *c = &b->others.v[k];

			c->def = facts_definition(b->name, c->object,
						  c->version);
		}
	}
}

static const char *check_first(J *o)
{
	J *schema = o ? member(o, "schema") : NULL;

	if (!schema || !json_object_is_type(schema, json_type_string) ||
	    strcmp(json_object_get_string(schema), "rld-record") != 0)
		return "it is no record of rld's";
	if (num(o, "version") != 1)
		return "it is a record of another version than 1";
	return NULL;
}

struct facts *facts_from_record(const char *program, const char *bytes,
				size_t len, const char *root, const char **why)
{
	struct record r = { .f = facts_new(program), .root = root };
	json_tokener *tok = json_tokener_new_ex(32);
	const char *end = bytes + len;

	if (!tok)
		die("out of memory");
	r.f->source = "rld";
	r.f->root = root;
	*why = "it is empty";
	for (const char *p = bytes, *nl; p < end && !r.again; p = nl + 1) {
		J *o;

		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			break; /* a line that is not whole yet */
		if (nl - p > 1 << 28)
			continue;
		json_tokener_reset(tok);
		o = json_tokener_parse_ex(tok, p, (int)(nl - p));
		if (!r.started)
			*why = check_first(o);
		if (*why) {
			json_object_put(o);
			break;
		}
		if (json_object_is_type(o, json_type_object))
			line(&r, o);
		json_object_put(o);
	}
	json_tokener_free(tok);
	if (!*why && !r.f->objects.n)
		*why = "the program was not loaded";
	if (*why)
		return NULL;
	r.f->incomplete = !r.ended;
	if (!r.f->program)
		r.f->program = facts_program(r.f)->path;
	for (size_t i = 0; i < r.f->objects.n; i++)
		facts_read_image(r.f, r.f->objects.v[i]);
	facts_index(r.f);
	join_searches(r.f);
	join_symbols(r.f);
	facts_finish(r.f);
	return r.f;
}
