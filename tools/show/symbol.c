/* SPDX-License-Identifier: MIT */
/* rld-show symbol: what refers to a symbol, which definition each gets, and
 * which definitions get nothing. */
#include <string.h>

#include "tools/show/ask.h"
#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

/* How many references a definition has; its loser's reason, if it has one. */
static size_t uses(const struct symbol *s)
{
	size_t n = 0;

	for (const struct binding *b = s->name->refs; b; b = b->same)
		n += b->def == s;
	return n;
}

static const char *lost_because(const struct symbol *s)
{
	for (const struct binding *b = s->name->refs; b; b = b->same)
		for (size_t i = 0; i < b->others.n; i++)
			if (b->others.v[i].def == s)
				return b->others.v[i].reason;
	return NULL;
}

static const char *in_words(const char *reason, const struct symbol *s)
{
	static const struct {
		const char *reason, *words;
	} all[] = {
		{ "later", "another definition comes first in the list" },
		{ "version", "no reference asks for this version" },
		{ "visibility", "it is not visible to other objects" },
		{ "scope", "it is in a group that the referrers are not in" },
		{ "self", "a copy does not look into its own object" },
		{ "undefined", "it is a PLT entry, no definition" },
		{ "mark", "a mark of the file hides it" },
		{ "leaving", "its object is being unloaded" },
	};

	for (size_t i = 0; reason && i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].reason, reason) == 0)
			return all[i].words;
	return s->object->inner ? "only libc's own loader looks here" :
				  "no reference to it";
}

static bool wanted(const char *version, const char *filter)
{
	return !filter || (version && strcmp(version, filter) == 0);
}

static void definition(const struct symbol *s, bool json)
{
	size_t n = uses(s);
	const char *reason = n ? NULL : lost_because(s);
	json_object *j;

	if (json) {
		j = json_symbol(s);
		put_num(j, "references", n);
		put_str(j, "passed_over", reason);
		put_str(j, "scope", s->object->scope);
		json_item(j);
		return;
	}
	printf("  %-9s ", n ? "used" : "not used");
	print_name(stdout, s->object->label);
	printf(": %s  %s %s, %s visibility, %llu bytes at 0x%llx",
	       defined_text(s), bind_name(s->bind), type_name(s->type),
	       visibility_name(s->visibility), (unsigned long long)s->size,
	       (unsigned long long)s->value);
	if (s->object->scope && strcmp(s->object->scope, "global") != 0)
		printf(", in the scope of its %s", s->object->scope);
	if (n)
		printf("; %s\n", count_text(n, "referrer"));
	else
		printf("; %s\n", in_words(reason, s));
}

static void reference(const struct binding *b, bool json)
{
	if (json) {
		json_item(json_binding(b));
		return;
	}
	printf("  ");
	print_name(stdout, b->from->label);
	printf(": %s%s (%s", b->weak ? "weak " : "",
	       wanted_text(b->name->text, b->version), how_name(b->how));
	if (b->copy_sizes)
		printf(" of %llu bytes", (unsigned long long)b->copy_size);
	printf(") -> ");
	if (b->to) {
		print_name(stdout, b->to->label);
		printf(": %s",
		       b->def ? defined_text(b->def) :
				wanted_text(b->name->text, b->to_version));
		if (b->by && strcmp(b->by, "list") != 0)
			printf(" [%s]", b->by);
		if (b->copy_sizes && b->copy_size != b->copy_to_size)
			printf(" SIZES DIFFER: %llu bytes there",
			       (unsigned long long)b->copy_to_size);
	} else {
		printf("nothing (%s)", b->reason ? b->reason : "undefined");
	}
	putchar('\n');
}

/* "f@V" and "f@@V" are names with a version. */
static const char *split(char *name)
{
	char *sign = strchr(name, '@');

	if (!sign || sign == name)
		return NULL;
	*sign = 0;
	return sign[1] == '@' ? sign + 2 : sign + 1;
}

int show_symbol(const struct ask *a)
{
	struct facts *f = gather(a, a->words[0], NULL, false);
	char *text_name = text("%s", a->words[1]);
	const char *version = split(text_name);
	const struct name *n = facts_find_name(f, text_name);
	size_t count = 0;

	if (a->json)
		json_begin("symbol", f);
	else
		out_source(f);
	if (!n || (!n->defs && !n->refs)) {
		if (a->json)
			json_end();
		warn("no object of %s defines or wants %s", f->program,
		     text_name);
		return SHOW_FOUND;
	}
	if (a->json) {
		json_put("symbol", json_text(n->text));
		json_list("definitions");
	} else {
		printf("%s is defined in\n", n->text);
	}
	for (const struct symbol *s = n->defs; s; s = s->same)
		if (wanted(s->version, version)) {
			definition(s, a->json);
			count++;
		}
	if (a->json) {
		json_list_end();
		json_list("references");
	} else {
		printf("%sreferred to by\n", count ? "" : "  no object\n");
	}
	for (size_t i = 0; i < f->bindings.n; i++)
		if (f->bindings.v[i]->name == n &&
		    wanted(f->bindings.v[i]->version, version))
			reference(f->bindings.v[i], a->json);
	if (a->json) {
		json_list_end();
		json_end();
	} else if (!n->refs) {
		puts("  no object");
	}
	return count ? SHOW_OK : SHOW_FOUND;
}
