/* SPDX-License-Identifier: MIT */
/* A process's or a core's objects, for people and for programs. */
#include <string.h>

#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/space.h"
#include "tools/show/util.h"

static size_t users(const struct space *s, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < s->list.n; k++)
		n += s->list.v[k].bound && s->list.v[k].bound[i];
	return n;
}

static bool needs(const struct loaded *l, const struct loaded *of)
{
	const struct image *im = of->object ? &of->object->image : NULL;
	const struct image *mine = l->object ? &l->object->image : NULL;

	for (size_t i = 0; mine && im && i < mine->needed.n; i++)
		if ((im->soname && !strcmp(im->soname, mine->needed.v[i])) ||
		    !strcmp(base_name(of->path), mine->needed.v[i]))
			return true;
	return false;
}

/* What rld knows of it: why it stays, who may see it. */
static void text_inside(const struct space *s, const struct inside *in)
{
	const char *sep = "";

	if (in->inner)
		return;
	if (in->startup)
		puts("        came with the program: never unloaded");
	if (in->opens)
		printf("        opened: %s\n", count_text(in->opens, "handle"));
	if (in->nodelete)
		puts("        never unloaded: NODELETE");
	if (in->delayed)
		puts("        loaded when it was first needed: delay-load");
	if (in->lingers)
		puts("        closed, and lingers: it is in use");
	if (in->retired)
		puts("        swapped out: seen by its own code alone");
	if (in->destructors)
		printf("        %s of its thread_local objects must run\n",
		       count_text(in->destructors, "destructor"));
	if (in->missing)
		puts("        has references that nothing defines");
	if (in->startup)
		return;
	printf("        %s", in->global ? "global" : "seen by the group");
	if (in->groups.n)
		printf("%s of ", in->global	  ? "; in the group" :
				 in->groups.n > 1 ? "s" :
						    "");
	for (size_t i = 0; i < in->groups.n; i++) {
		fputs(sep, stdout);
		print_name(stdout, base_name(s->list.v[in->groups.v[i]].path));
		sep = ", ";
	}
	putchar('\n');
}

static const struct holder *holder(const struct loaded *l, size_t by)
{
	for (size_t i = 0; l->in && i < l->in->holders.n; i++)
		if (l->in->holders.v[i].by == by)
			return &l->in->holders.v[i];
	return NULL;
}

/* Does the object need it?  rld knows which object an entry of a liblist means. */
static bool is_needed(const struct space *s, size_t i, size_t by)
{
	const struct holder *h = holder(&s->list.v[i], by);

	return s->list.v[i].in ? h && h->needs :
				 needs(&s->list.v[by], &s->list.v[i]);
}

static void text_gone(const struct space *s)
{
	if (s->gone.n)
		printf("unloaded: %s%s\n", count_text(s->unloaded, "object"),
		       s->unloaded > s->gone.n ? ", the last of them" : "");
	for (size_t i = 0; i < s->gone.n; i++) {
		const struct gone *g = &s->gone.v[i];

		printf("%4llu  0x%012llx  ", (unsigned long long)g->order,
		       (unsigned long long)g->lo);
		print_name(stdout, g->name);
		printf("%s%s\n", *g->build_id ? "  build-id " : "",
		       g->build_id);
	}
}

static void json_inside(const struct space *s, json_object *j,
			const struct inside *in)
{
	json_object *groups = json_object_new_array();

	put_num(j, "handles", in->opens);
	put_yes(j, "startup", in->startup);
	put_yes(j, "global", in->global);
	put_yes(j, "nodelete", in->nodelete);
	put_yes(j, "delay", in->delayed);
	put_yes(j, "lingers", in->lingers);
	put_yes(j, "swapped_out", in->retired);
	put_yes(j, "missing", in->missing);
	put_num(j, "thread_destructors", in->destructors);
	for (size_t i = 0; i < in->groups.n; i++)
		json_object_array_add(
			groups, json_text(s->list.v[in->groups.v[i]].path));
	json_object_object_add(j, "groups", groups);
}

static json_object *json_gone(const struct gone *g)
{
	json_object *j = json_object_new_object();

	put_num(j, "order", g->order);
	put_str(j, "path", g->name);
	put_hex(j, "lo", g->lo);
	put_hex(j, "hi", g->hi);
	put_str(j, "build_id", *g->build_id ? g->build_id : NULL);
	return j;
}

static void text_line(const struct space *s, size_t i)
{
	const struct loaded *l = &s->list.v[i];

	printf("0x%012llx  ", (unsigned long long)l->addr);
	print_name(stdout, l->path && *l->path ? l->path : "(no file)");
	if (l->state)
		printf("  %s",
		       strcmp(l->state, "deleted") == 0 ?
			       "DELETED: the file is gone or has another "
			       "name" :
			       "REPLACED: another file has its name now");
	printf("\n");
	if (l->in)
		text_inside(s, l->in);
	for (size_t k = 0; k < s->list.n; k++) {
		const struct loaded *u = &s->list.v[k];
		const struct holder *h = holder(l, k);
		bool need = k != i && is_needed(s, i, k);
		size_t n = u->bound ? u->bound[i] : 0;

		if (k == i || (!need && !n && !h))
			continue;
		printf("        held by ");
		print_name(stdout, base_name(u->path));
		printf(" (%s%s%s)\n", need ? "needs it" : "",
		       need && n ? ", " : "",
		       n     ? text("%s bound", count_text(n, "slot")) :
		       !need ? "it has used it" :
			       "");
		if (h && h->unique) {
			printf("                of which unique: ");
			print_name(stdout, h->unique);
			putchar('\n');
		}
	}
}

static json_object *json_line(const struct space *s, size_t i)
{
	const struct loaded *l = &s->list.v[i];
	json_object *j = json_object_new_object(),
		    *held = json_object_new_array();

	put_hex(j, "base", l->addr);
	put_str(j, "name", l->name);
	put_str(j, "path", l->path);
	put_str(j, "file", l->state);
	if (l->object)
		put_str(j, "build_id", l->object->image.build_id);
	put_num(j, "users", users(s, i));
	for (size_t k = 0; k < s->list.n; k++) {
		const struct loaded *u = &s->list.v[k];
		size_t n = u->bound ? u->bound[i] : 0;
		const struct holder *known = holder(l, k);
		json_object *h;

		if (k == i || (!n && !known && !is_needed(s, i, k)))
			continue;
		h = json_object_new_object();
		put_str(h, "by", u->path);
		put_yes(h, "needs", is_needed(s, i, k));
		if (known)
			put_str(h, "unique", known->unique);
		put_num(h, "slots", n);
		json_object_array_add(held, h);
	}
	json_object_object_add(j, "held", held);
	if (l->in)
		json_inside(s, j, l->in);
	return j;
}

/* Files that are mapped to be run, though the list does not have them. */
static bool listed(const struct space *s, const char *path)
{
	for (size_t i = 0; i < s->list.n; i++)
		if (s->list.v[i].path && strcmp(s->list.v[i].path, path) == 0)
			return true;
	return false;
}

static void others(const struct space *s, bool json)
{
	const char *last = NULL;

	for (size_t i = 0; i < s->maps.n; i++) {
		const struct mapping *m = &s->maps.v[i];

		if (!m->path || *m->path != '/' || m->offset ||
		    (last && strcmp(last, m->path) == 0) || listed(s, m->path))
			continue;
		last = m->path;
		if (json) {
			json_item(json_text(m->path));
			continue;
		}
		printf("0x%012llx  ", (unsigned long long)m->lo);
		print_name(stdout, m->path);
		puts("  (mapped, but not in the list)");
	}
}

int space_show(struct space *s, const struct ask *a)
{
	space_objects(s);
	space_inside(s);
	space_bound(s);
	if (a->json) {
		json_begin(a->command, NULL);
		if (s->pid)
			json_put("pid", json_object_new_int(s->pid));
		json_put("program", json_text(s->exe));
		json_put("loader", json_text(s->under_rld ? "rld" : "other"));
		json_put("class", json_object_new_int((int)space_size(s) * 8));
		if (s->why)
			json_put("incomplete", json_text(s->why));
		json_list("objects");
		for (size_t i = 0; i < s->list.n; i++)
			json_item(json_line(s, i));
		json_list_end();
		json_list("mapped");
		others(s, true);
		json_list_end();
		if (s->under_rld) {
			json_list("unloaded");
			for (size_t i = 0; i < s->gone.n; i++)
				json_item(json_gone(&s->gone.v[i]));
			json_list_end();
		}
		json_end();
	} else {
		printf("%s: ", s->what);
		print_name(stdout, s->exe ? s->exe : "?");
		printf(", %u-bit, %s\n", space_size(s) * 8,
		       s->under_rld ? "with rld" : "without rld");
		for (size_t i = 0; i < s->list.n; i++)
			text_line(s, i);
		others(s, false);
		text_gone(s);
	}
	if (s->why) {
		warn("%s: %s", s->what, s->why);
		return s->list.n ? SHOW_FOUND : SHOW_TROUBLE;
	}
	return SHOW_OK;
}
