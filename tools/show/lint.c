/* SPDX-License-Identifier: MIT */
/* rld-show lint: what is wrong, or will be, with a program or a library. */
#include "tools/show/lint.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

static const char *const weights[] = { "note", "warning", "error" };

void lint_add(struct lint *l, enum weight w, const char *kind,
	      const struct object *of, const char *symbol, const char *format,
	      ...)
{
	struct finding *n;
	char *words = NULL;
	va_list ap;

	/* of other objects only what disturbs this program */
	if (of != l->subject && !l->ask->all && w != ERROR)
		return;
	va_start(ap, format);
	if (vasprintf(&words, format, ap) < 0)
		die("out of memory");
	va_end(ap);
	n = LIST_ADD(&l->found);
	*n = (struct finding){ w, kind, of, words, symbol };
}

static int by_weight(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->weight != y->weight)
		return (int)y->weight - (int)x->weight;
	if (x->of != y->of)
		return x->of->id - y->of->id;
	return strcmp(x->words, y->words);
}

static void write_finding(const struct finding *n, bool json)
{
	json_object *j;

	if (json) {
		j = json_object_new_object();
		put_str(j, "weight", weights[n->weight]);
		put_str(j, "kind", n->kind);
		put_str(j, "object", n->of->label);
		put_str(j, "path", n->of->path);
		put_str(j, "symbol", n->symbol);
		put_str(j, "text", n->words);
		json_item(j);
		return;
	}
	printf("%s: ", weights[n->weight]);
	print_name(stdout,
		   n->of->path && *n->of->path ? n->of->path : n->of->label);
	fputs(": ", stdout);
	print_name(stdout, n->words);
	printf(" [%s]\n", n->kind);
}

/* The facts of a file alone, or of a host that opens it. */
static struct facts *facts_for(struct lint *l)
{
	const char *file = l->ask->words[0];
	struct facts *f;

	if (!l->ask->host) {
		f = gather(l->ask, file, NULL, false);
		l->subject = facts_program(f);
		return f;
	}
	f = facts_from_files(l->ask, l->ask->host, file,
			     "a plug-in beside the objects of its host");
	l->subject = facts_which(f, file);
	if (!l->subject || !l->subject->image_read)
		die("%s", f->errors.n ? f->errors.v[f->errors.n - 1] :
					"the plug-in cannot be read");
	return f;
}

int show_lint(const struct ask *a)
{
	struct lint l = { .ask = a };
	size_t count[3] = { 0 };

	l.f = facts_for(&l);
	for (size_t i = 0; i < l.f->objects.n; i++)
		if (l.f->objects.v[i]->image_read)
			lint_file(&l, l.f->objects.v[i]);
	lint_bindings(&l);
	lint_duplicates(&l);
	lint_unique(&l);
	if (l.found.n)
		qsort(l.found.v, l.found.n, sizeof *l.found.v, by_weight);
	if (a->json) {
		json_begin("lint", l.f);
		json_list("findings");
	} else {
		out_source(l.f);
	}
	for (size_t i = 0; i < l.found.n; i++) {
		write_finding(&l.found.v[i], a->json);
		count[l.found.v[i].weight]++;
	}
	if (a->json) {
		json_list_end();
		json_end();
	} else {
		printf("%s, %s, %s\n", count_text(count[ERROR], "error"),
		       count_text(count[WARNING], "warning"),
		       count_text(count[NOTE], "note"));
	}
	return count[ERROR] + count[WARNING] ? SHOW_FOUND : SHOW_OK;
}
