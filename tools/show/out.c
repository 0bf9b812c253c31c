/* SPDX-License-Identifier: MIT */
#include "tools/show/out.h"

#include <string.h>

#include "tools/show/util.h"

void out_source(const struct facts *f)
{
	if (f->because)
		printf("facts: the files alone (%s)\n", f->because);
	else
		printf("facts: rld's record of %s, %s%s%s%s\n", f->program,
		       f->mode && strcmp(f->mode, "run") == 0 ?
			       "which was run" :
			       "which was not run",
		       f->root ? ", in the root " : "", f->root ? f->root : "",
		       f->incomplete ? "; it has no end" : "");
}

const char *rule_text(const struct try *t)
{
	const char *rule = t->rule ? t->rule : "?";

	if (t->of)
		return text("%s %s of %s", rule, t->element ? t->element : "",
			    t->of->label);
	return t->element && strcmp(rule, "default") != 0 ?
		       text("%s %s", rule, t->element) :
		       rule;
}

const char *found_rule(const struct search *s)
{
	for (size_t i = 0; s && i < s->tried.n; i++)
		if (s->tried.v[i].result &&
		    strcmp(s->tried.v[i].result, "found") == 0)
			return rule_text(&s->tried.v[i]);
	return NULL;
}

void out_tried(const char *indent, const struct search *s)
{
	for (size_t i = 0; s && i < s->tried.n; i++) {
		const struct try *t = &s->tried.v[i];

		fputs(indent, stdout);
		print_name(stdout, t->path ? t->path : "?");
		printf(": %s", t->result ? t->result : "?");
		if (t->is)
			printf(": it is for %s", t->is);
		printf("  (%s)\n", rule_text(t));
	}
	if (s && !s->tried.n)
		printf("%sno place is searched\n", indent);
}

const char *wanted_text(const char *name, const char *version)
{
	return version ? text("%s@%s", name, version) : name;
}

const char *defined_text(const struct symbol *s)
{
	return s->version ? text("%s%s%s", s->name->text, s->old ? "@" : "@@",
				 s->version) :
			    s->name->text;
}

const char *count_text(size_t n, const char *what)
{
	return text("%zu %s%s", n, what, n == 1 ? "" : "s");
}
