/* SPDX-License-Identifier: MIT */
/* rld-show html: page.html with the facts and dot's picture put in; it loads
 * nothing from elsewhere. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/show/ask.h"
#include "tools/show/graph.h"
#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

extern const char page_html[];

/* JSON inside a page: what could end the script is written as an escape. */
static void write_json(json_object *v)
{
	const char *s = json_object_to_json_string_ext(
		v, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	for (; *s; s++) {
		if (*s == '<')
			fputs("\\u003c", stdout);
		else
			putchar(*s);
	}
	json_object_put(v);
}

static void add(json_object *row, const char *s)
{
	json_object_array_add(row, json_text(s ? s : ""));
}

static void add_num(json_object *row, uint64_t n)
{
	json_object_array_add(row, json_object_new_uint64(n));
}

static void add_id(json_object *row, const struct object *o)
{
	add_num(row, o ? (uint64_t)o->id : 0);
}

/* `"key":[` rows `]`: each row is an array, made by one of the functions below
 * and written at once. */
static void write_row(json_object *row, bool *first)
{
	fputs(*first ? "\n" : ",\n", stdout);
	*first = false;
	write_json(row);
}

static void objects(const struct facts *f)
{
	bool first = true;

	printf(",\n\"objects\":[");
	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];
		json_object *row = json_object_new_array();
		const char *rule = NULL;

		for (size_t k = 0; o->by && k < o->by->needs.n; k++)
			if (o->by->needs.v[k].to == o && !rule)
				rule = found_rule(o->by->needs.v[k].search);
		add(row, o->label);
		add(row, o->path);
		add(row, o->how);
		add_id(row, o->by);
		add(row, rule);
		add_num(row, o->nbind_from);
		add_num(row, o->nbind_to);
		write_row(row, &first);
	}
	putchar(']');
}

static void bindings(const struct facts *f)
{
	bool first = true;

	printf(",\n\"bindings\":[");
	for (size_t i = 0; i < f->bindings.n; i++) {
		const struct binding *b = f->bindings.v[i];
		json_object *row = json_object_new_array();
		char others[400] = "";

		for (size_t k = 0; k < b->others.n; k++) {
			size_t len = strlen(others);

			snprintf(others + len, sizeof others - len, "%s%s: %s",
				 k ? "; " : "", b->others.v[k].object->label,
				 b->others.v[k].reason ? b->others.v[k].reason :
							 "");
		}
		add_id(row, b->from);
		add(row, wanted_text(b->name->text, b->version));
		add(row, how_name(b->how));
		add_id(row, b->to);
		add(row, b->to_version);
		add(row, b->to ? b->by : b->reason);
		add(row, others);
		write_row(row, &first);
	}
	putchar(']');
}

static void searches(const struct facts *f)
{
	bool first = true;

	printf(",\n\"searches\":[");
	for (size_t i = 0; i < f->searches.n; i++) {
		const struct search *s = f->searches.v[i];

		for (size_t k = 0; k < s->tried.n; k++) {
			const struct try *t = &s->tried.v[k];
			json_object *row = json_object_new_array();

			add(row, s->name);
			add_id(row, s->asker);
			add(row, t->path);
			add(row, rule_text(t));
			add(row, t->is ? text("%s: %s", t->result, t->is) :
					 t->result);
			write_row(row, &first);
		}
	}
	putchar(']');
}

static void time_row(const struct object *o, const char *phase, uint64_t at,
		     uint64_t ns, bool *first)
{
	json_object *row = json_object_new_array();

	add_id(row, o);
	add(row, phase);
	add_num(row, at);
	add_num(row, ns);
	write_row(row, first);
}

static void times(const struct facts *f)
{
	bool first = true;

	printf(",\n\"times\":[");
	for (int own = 0; own < 2; own++) /* the phases stand above */
		for (size_t i = 0; i < f->phases.n; i++)
			if (own == (f->phases.v[i].object != NULL))
				time_row(f->phases.v[i].object,
					 f->phases.v[i].name, f->phases.v[i].at,
					 f->phases.v[i].ns, &first);
	for (size_t i = 0; i < f->objects.n; i++)
		if (f->objects.v[i]->init_ns)
			time_row(f->objects.v[i], "init",
				 f->objects.v[i]->init_at,
				 f->objects.v[i]->init_ns, &first);
	putchar(']');
}

static void data(const struct facts *f)
{
	printf("{\"program\":");
	write_json(json_text(f->program));
	printf(",\"source\":");
	write_json(json_text(f->because ?
				     text("the files alone: %s", f->because) :
			     f->mode && strcmp(f->mode, "run") == 0 ?
				     "rld's record of a run" :
				     "rld's record; the program was not run"));
	printf(",\"times_absent\":");
	write_json(json_text("There are no times: these facts come from the "
			     "files alone."));
	objects(f);
	bindings(f);
	searches(f);
	times(f);
	putchar('}');
}

/* dot's picture from <svg on. */
static void picture(const struct facts *f)
{
	FILE *svg = tmpfile();
	const char *error = svg ? graph_draw(f, "svg", fileno(svg)) :
				  strerror(errno);
	char line[1 << 14];
	bool begun = false;

	if (error) {
		printf("<pre>There is no picture: %s</pre>", error);
		warn("no picture: %s", error);
	}
	if (svg)
		rewind(svg);
	while (!error && fgets(line, sizeof line, svg)) {
		begun |= strncmp(line, "<svg", 4) == 0;
		if (begun)
			fputs(line, stdout);
	}
	if (svg)
		fclose(svg);
}

int show_html(const struct ask *a)
{
	struct facts *f = gather(a, a->words[0], a->words + 1, a->run);
	const char *svg = strstr(page_html, "@SVG@");
	const char *json = strstr(page_html, "@DATA@");

	if (a->json) { /* the facts of the page */
		data(f);
		putchar('\n');
		return SHOW_OK;
	}
	fwrite(page_html, 1, (size_t)(svg - page_html), stdout);
	fflush(stdout);
	picture(f);
	svg += strlen("@SVG@");
	fwrite(svg, 1, (size_t)(json - svg), stdout);
	data(f);
	fputs(json + strlen("@DATA@"), stdout);
	return SHOW_OK;
}
