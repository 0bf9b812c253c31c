/* SPDX-License-Identifier: MIT */
/* rld-show graph: objects as boxes, needs as arrows as thick as what is bound
 * across them; unused needs dashed in red, bindings without a need dotted, a
 * double frame where a definition is passed over for another object's. */
#include "tools/show/graph.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/show/ask.h"
#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

/* ---- dot's language ---- */

static void quoted(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		if (*s == '\n')
			fputs("\\n", out);
		else if ((unsigned char)*s >= 0x20)
			fputc(*s, out);
	}
	fputc('"', out);
}

/* By id: how many definitions of an object lose to another's that is used. */
static size_t *duplicates(const struct facts *f)
{
	size_t *n = need_memory((f->objects.n + 1) * sizeof *n);

	for (size_t i = 0; i < f->bindings.n; i++) {
		const struct binding *b = f->bindings.v[i];

		if (!b->to || b->name->refs != b)
			continue; /* each name once */
		for (size_t k = 0; k < b->others.n; k++)
			if (b->others.v[k].reason &&
			    strcmp(b->others.v[k].reason, "later") == 0 &&
			    !(b->how & REF_COPY) && b->others.v[k].def &&
			    !(is_of_libc(b->to) &&
			      is_of_libc(b->others.v[k].object)) &&
			    b->others.v[k].def->bind == 1)
				n[b->others.v[k].object->id]++;
	}
	return n;
}

/* More edges than these dot does not lay out in bearable time: the objects
 * then stand in columns by their distance from the program, and dot draws. */
enum { DOT_EDGES = 800, ROWS = 50, WIDE = 260, HIGH = 40 };
/* More than these cannot be told apart, nor does dot draw them at once: then
 * an object has the arrow of who brought it, and those of unused needs. */
enum { ALL_EDGES = 2000 };

static bool placed(const struct facts *f)
{
	return f->edges > DOT_EDGES;
}

/* How many objects stand between this one and the program. */
static unsigned distance(const struct object *o)
{
	unsigned n = 0;

	while (o->by && n < 1000) {
		o = o->by;
		n++;
	}
	return n;
}

/* Columns from left to right, `places` by id; those of one distance follow
 * each other, ROWS in a column. */
static unsigned *places(const struct facts *f)
{
	unsigned *at = need_memory((f->objects.n + 1) * sizeof *at), next = 0;
	unsigned most = 0;

	for (size_t i = 0; i < f->objects.n; i++)
		if (distance(f->objects.v[i]) > most)
			most = distance(f->objects.v[i]);
	for (unsigned d = 0; d <= most; d++) {
		for (size_t i = 0; i < f->objects.n; i++)
			if (distance(f->objects.v[i]) == d)
				at[f->objects.v[i]->id] = next++;
		next = (next + ROWS - 1) / ROWS * ROWS;
	}
	return at;
}

/* The vDSO and rld itself are needed by no object. */
static bool in_picture(const struct object *o)
{
	return !o->how || (strcmp(o->how, "vdso") && strcmp(o->how, "rld"));
}

static void nodes(const struct facts *f, FILE *out)
{
	size_t *dup = duplicates(f);
	unsigned *at = placed(f) ? places(f) : NULL;

	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];

		if (!in_picture(o))
			continue;
		fprintf(out, "  o%d [label=", o->id);
		quoted(out, dup[o->id] ?
				    text("%s\n%s", o->label,
					 count_text(dup[o->id], "duplicate")) :
				    o->label);
		fputs(", tooltip=", out);
		quoted(out, text("%s: %zu references bound to it",
				 o->path ? o->path : o->name, o->nbind_to));
		if (o == facts_program(f))
			fputs(", fillcolor=\"#cfe2ff\"", out);
		else if (o->inner)
			fputs(", fillcolor=\"#eeeeee\"", out);
		if (dup[o->id])
			fputs(", peripheries=2", out);
		if (at)
			fprintf(out, ", pos=\"%u,-%u\"",
				at[o->id] / ROWS * WIDE,
				at[o->id] % ROWS * HIGH);
		fputs("];\n", out);
	}
}

static void need_edge(const struct object *o, const struct need *n, bool few,
		      FILE *out)
{
	double width = 1;

	if (few && n->to->by != o && !need_unused(o, n))
		return;

	for (size_t b = n->bound; b > 4; b /= 4)
		width += 0.7;
	fprintf(out, "  o%d -> o%d [", o->id, n->to->id);
	if (!need_unused(o, n))
		fprintf(out, "label=\"%zu\", penwidth=%.1f", n->bound, width);
	else
		fputs("label=\"unused\", style=dashed, color=\"#c00000\", "
		      "fontcolor=\"#c00000\"",
		      out);
	if (n->waits)
		fputs(", style=dashed", out);
	fputs("];\n", out);
}

static void missing_edge(const struct object *o, const struct need *n,
			 FILE *out)
{
	fputs("  ", out);
	quoted(out, text("missing %s", n->name));
	fputs(" [label=", out);
	quoted(out, n->waits ? n->name : text("%s\nnot found", n->name));
	fprintf(out, ", color=\"%s\", style=dashed];\n  o%d -> ",
		n->waits ? "#888888" : "#c00000", o->id);
	quoted(out, text("missing %s", n->name));
	fprintf(out, " [style=dashed, color=\"%s\"];\n",
		n->waits ? "#888888" : "#c00000");
}

static bool has_need(const struct object *from, const struct object *to)
{
	for (size_t i = 0; i < from->needs.n; i++)
		if (from->needs.v[i].to == to)
			return true;
	return false;
}

/* Bindings are sorted by edge, so each edge is one run of them. */
static void other_edges(const struct facts *f, FILE *out)
{
	for (size_t i = 0, n; i < f->bindings.n; i += n) {
		const struct binding *b = f->bindings.v[i];

		for (n = 1; i + n < f->bindings.n &&
			    f->bindings.v[i + n]->from == b->from &&
			    f->bindings.v[i + n]->to == b->to;)
			n++;
		if (b->to && b->to != b->from && !has_need(b->from, b->to) &&
		    !b->from->inner && in_picture(b->to))
			fprintf(out,
				"  o%d -> o%d [label=\"%zu\", style=dotted, "
				"color=\"#666666\", constraint=false];\n",
				b->from->id, b->to->id, n);
	}
}

void graph_dot(const struct facts *f, FILE *out)
{
	bool few = f->edges > ALL_EDGES;

	fputs("digraph ", out);
	quoted(out, base_name(f->program));
	fputs(" {\n"
	      "  rankdir=LR; ranksep=0.9; nodesep=0.15;\n"
	      "  node [shape=box, style=filled, fillcolor=white, "
	      "fontname=\"Helvetica\", fontsize=11, height=0.3];\n"
	      "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#335599\", "
	      "arrowsize=0.6];\n",
	      out);
	if (placed(f))
		fputs("  splines=line;\n", out);
	if (few)
		fprintf(out,
			"  label=\"%zu edges: those by which objects came, and "
			"unused ones\";\n",
			f->edges);
	nodes(f, out);
	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];

		for (size_t k = 0; k < o->needs.n; k++) {
			if (o->needs.v[k].to)
				need_edge(o, &o->needs.v[k], few, out);
			else if (!placed(f)) /* or it needs a place */
				missing_edge(o, &o->needs.v[k], out);
		}
	}
	if (!few)
		other_edges(f, out);
	fputs("}\n", out);
}

/* ---- a thousand objects ---- */

static void escaped(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '<' || *s == '&')
			fprintf(out, "&#%d;", *s);
		else if ((unsigned char)*s >= 0x20)
			fputc(*s, out);
	}
}

/* dot takes half a minute to write so many objects where they stand. */
static void plain_svg(const struct facts *f, FILE *out)
{
	unsigned *at = places(f), last = 0;

	for (size_t i = 1; i <= f->objects.n; i++)
		if (at[i] > last)
			last = at[i];
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		"height=\"%u\" font-family=\"Helvetica\" font-size=\"11\">\n"
		"<text x=\"10\" y=\"20\">%zu edges: those by which objects "
		"came, and unused ones</text>\n",
		(last / ROWS + 1) * WIDE, ROWS * HIGH + 60u, f->edges);
	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];

		for (size_t k = 0; k < o->needs.n; k++) {
			const struct need *n = &o->needs.v[k];
			bool unused = need_unused(o, n);

			if (n->to && (n->to->by == o || unused))
				fprintf(out,
					"<path d=\"M%u %uL%u %u\" stroke=\"%s\""
					"/>\n",
					at[o->id] / ROWS * WIDE + 180,
					at[o->id] % ROWS * HIGH + 50,
					at[n->to->id] / ROWS * WIDE + 10,
					at[n->to->id] % ROWS * HIGH + 50,
					unused ? "#c00000" : "#335599");
		}
	}
	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];
		unsigned x = at[o->id] / ROWS * WIDE + 10;
		unsigned y = at[o->id] % ROWS * HIGH + 38;

		if (!in_picture(o))
			continue;
		fprintf(out,
			"<g class=\"node\"><title>o%d</title><rect x=\"%u\" "
			"y=\"%u\" width=\"170\" height=\"24\" fill=\"%s\" "
			"stroke=\"#000\"/><text x=\"%u\" y=\"%u\">",
			o->id, x, y, o == facts_program(f) ? "#cfe2ff" : "#fff",
			x + 5, y + 16);
		escaped(out, o->label);
		fputs("</text></g>\n", out);
	}
	fputs("</svg>\n", out);
}

/* ---- the program dot ---- */

const char *graph_draw(const struct facts *f, const char *type, int fd)
{
	extern char **environ;
	char *argv[] = { "dot", text("-T%s", type), "-Kneato", "-n2", NULL };
	posix_spawn_file_actions_t act;
	FILE *dot;
	int error, status;
	pid_t pid;

	if (f->edges > ALL_EDGES && strcmp(type, "svg") == 0) {
		FILE *out = fdopen(dup(fd), "w");

		if (!out)
			return strerror(errno);
		plain_svg(f, out);
		return fclose(out) ? strerror(errno) : NULL;
	}
	dot = tmpfile();
	if (!dot)
		return text("a temporary file: %s", strerror(errno));
	graph_dot(f, dot);
	if (!placed(f))
		argv[2] = NULL;
	if (fflush(dot) || fseek(dot, 0, SEEK_SET))
		return text("a temporary file: %s", strerror(errno));
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_adddup2(&act, fileno(dot), 0);
	posix_spawn_file_actions_adddup2(&act, fd, 1);
	error = posix_spawnp(&pid, "dot", &act, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&act);
	fclose(dot);
	if (error)
		return text("dot: %s (package graphviz)", strerror(error));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? "dot failed" : NULL;
}

/* ---- the command ---- */

static const char *type_of(const struct ask *a)
{
	static const char *const types[] = { "dot", "svg", "png" };
	const char *want = a->type, *dot;

	if (!want && a->out && (dot = strrchr(a->out, '.')) != NULL)
		want = dot + 1;
	if (!want)
		return "dot";
	for (size_t i = 0; i < 3; i++)
		if (strcmp(types[i], want) == 0)
			return types[i];
	if (!a->type)
		return "dot";
	die("--type %s: it is one of dot, svg and png", want);
}

int show_graph(const struct ask *a)
{
	const char *type = type_of(a), *error;
	struct facts *f = gather(a, a->words[0], NULL, false);
	char *dot = NULL;
	size_t len;
	FILE *mem;

	if (a->out && !freopen(a->out, "w", stdout))
		die("%s: cannot be written: %s", a->out, strerror(errno));
	if (a->json) { /* the picture inside an answer */
		mem = open_memstream(&dot, &len);
		if (!mem)
			die("out of memory");
		graph_dot(f, mem);
		fclose(mem);
		json_begin("graph", f);
		json_put("dot", json_text(dot));
		json_end();
		return SHOW_OK;
	}
	if (strcmp(type, "dot") == 0) {
		graph_dot(f, stdout);
		return SHOW_OK;
	}
	error = graph_draw(f, type, STDOUT_FILENO);
	if (error)
		die("%s", error);
	return SHOW_OK;
}
