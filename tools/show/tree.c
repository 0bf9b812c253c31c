/* SPDX-License-Identifier: MIT */
/* rld-show tree: which object brought which, and where it was found. */
#include <string.h>

#include "tools/show/ask.h"
#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

/* The branch that o hangs on is that of the object that brought it; below
 * others it is a leaf. */
static bool is_branch(const struct need *n, const struct object *from)
{
	if (!n->to || n->to->by != from)
		return false;
	for (size_t i = 0; i < from->needs.n; i++)
		if (from->needs.v[i].to == n->to)
			return &from->needs.v[i] == n;
	return false;
}

static void describe(const struct need *n, const struct object *from)
{
	const char *rule = found_rule(n->search);

	print_name(stdout, n->name);
	if (!n->to) {
		printf("%s\n",
		       n->waits ? "  (waits: delay-load)" : "  NOT FOUND");
		return;
	}
	if (!is_branch(n, from)) {
		printf("  (%s%s%s)\n", count_text(n->bound, "symbol"),
		       n->to->by ? "; there for " : "",
		       n->to->by ? n->to->by->label : "");
		return;
	}
	printf(" => ");
	print_name(stdout, n->to->path && *n->to->path ? n->to->path : "?");
	printf("  (%s; %s%s%s%s)\n",
	       rule	  ? rule :
	       n->to->how ? n->to->how :
			    "?",
	       count_text(n->bound, "symbol"),
	       need_unused(from, n) ? ": unused" : "",
	       n->waits ? "; delay-load" : "",
	       n->kind ? text("; %s", n->kind) : "");
}

static void branch(const struct object *o, const char *indent)
{
	for (size_t i = 0; i < o->needs.n; i++) {
		const struct need *n = &o->needs.v[i];
		bool last = i + 1 == o->needs.n;
		const char *deeper =
			text("%s%s", indent, last ? "    " : "│   ");

		printf("%s%s", indent, last ? "└── " : "├── ");
		describe(n, o);
		if (!n->to && !n->waits)
			out_tried(text("%s      ", deeper), n->search);
		if (is_branch(n, o))
			branch(n->to, deeper);
	}
}

static void in_text(const struct facts *f)
{
	out_source(f);
	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];

		/* roots: the program, and what no liblist brought */
		if (o->by)
			continue;
		print_name(stdout, o->path && *o->path ? o->path : o->name);
		if (o != facts_program(f))
			printf("  (%s)", o->how ? o->how : "?");
		putchar('\n');
		branch(o, "");
	}
	for (size_t i = 0; i < f->searches.n; i++) {
		const struct search *s = f->searches.v[i];

		if (s->asker || s->found)
			continue;
		print_name(stdout, s->name);
		puts("  NOT FOUND (asked for by the user)");
		out_tried("      ", s);
	}
}

static json_object *need(const struct need *n)
{
	json_object *j = json_object_new_object();

	put_str(j, "name", n->name);
	json_object_object_add(j, "to", n->to ? json_text(n->to->label) : NULL);
	put_num(j, "bound", n->bound);
	put_yes(j, "delay", n->waits);
	put_str(j, "kind", n->kind);
	if (n->search)
		json_object_object_add(j, "search", json_search(n->search));
	return j;
}

static void in_json(const struct facts *f)
{
	json_begin("tree", f);
	json_list("objects");
	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];
		json_object *j = json_object_of(o),
			    *list = json_object_new_array();

		for (size_t k = 0; k < o->needs.n; k++)
			json_object_array_add(list, need(&o->needs.v[k]));
		json_object_object_add(j, "needs", list);
		json_item(j);
	}
	json_list_end();
	json_end();
}

int show_tree(const struct ask *a)
{
	struct facts *f = gather(a, a->words[0], NULL, false);
	int status = SHOW_OK;

	if (a->json)
		in_json(f);
	else
		in_text(f);
	for (size_t i = 0; i < f->searches.n; i++)
		if (!f->searches.v[i]->found)
			status = SHOW_FOUND;
	return status;
}
