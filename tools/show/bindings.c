/* SPDX-License-Identifier: MIT */
/* rld-show bindings: all of them, or those of an object or a symbol. */
#include <fnmatch.h>
#include <string.h>

#include "tools/show/ask.h"
#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

static bool is(const struct object *o, const char *pattern)
{
	return o && (fnmatch(pattern, o->label, 0) == 0 ||
		     (o->path && fnmatch(pattern, o->path, 0) == 0));
}

static bool chosen(const struct ask *a, const struct binding *b)
{
	if (a->object && !is(b->from, a->object))
		return false;
	if (a->to && !is(b->to, a->to))
		return false;
	if (a->undefined && b->to)
		return false;
	return !a->symbol || fnmatch(a->symbol, b->name->text, 0) == 0;
}

static void line(const struct binding *b)
{
	print_name(stdout, b->from->label);
	putchar('\t');
	print_name(stdout, wanted_text(b->name->text, b->version));
	printf("\t%s%s\t", b->weak ? "weak " : "", how_name(b->how));
	if (!b->to) {
		printf("nothing (%s)", b->reason ? b->reason : "undefined");
	} else {
		print_name(stdout, b->to->label);
		if (b->def && b->def->version)
			printf("\t%s%s", b->def->old ? "@" : "@@",
			       b->def->version);
		else if (b->to_version)
			printf("\t@%s", b->to_version);
	}
	if (b->by && strcmp(b->by, "list") != 0)
		printf("\t[%s]", b->by);
	for (size_t i = 0; i < b->others.n; i++)
		printf("%s%s %s", i ? "; " : "\tnot ",
		       b->others.v[i].object->label,
		       b->others.v[i].reason ? b->others.v[i].reason : "");
	putchar('\n');
}

int show_bindings(const struct ask *a)
{
	struct facts *f = gather(a, a->words[0], NULL, false);
	size_t n = 0;

	if (a->json) {
		json_begin("bindings", f);
		json_list("bindings");
	} else {
		out_source(f);
	}
	for (size_t i = 0; i < f->bindings.n; i++) {
		const struct binding *b = f->bindings.v[i];

		if (!chosen(a, b))
			continue;
		n++;
		if (a->json)
			json_item(json_binding(b));
		else
			line(b);
	}
	if (a->json) {
		json_list_end();
		json_end();
	} else {
		printf("%s of %zu\n", count_text(n, "binding"), f->bindings.n);
	}
	return n ? SHOW_OK : SHOW_FOUND;
}
