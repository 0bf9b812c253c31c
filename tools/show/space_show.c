/* SPDX-License-Identifier: MIT */
/* A process's or a core's objects, for people and for programs. */
#include <string.h>

#include "tools/show/json.h"
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
	for (size_t k = 0; k < s->list.n; k++) {
		const struct loaded *u = &s->list.v[k];
		bool need = k != i && needs(u, l);
		size_t n = u->bound ? u->bound[i] : 0;

		if (!need && !n)
			continue;
		printf("        held by ");
		print_name(stdout, base_name(u->path));
		if (need)
			printf(" (needs it%s", n ? ", " : ")");
		else
			printf(" (");
		if (n)
			printf("%zu slots bound)", n);
		putchar('\n');
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
		json_object *h;

		if (k == i || (!n && !needs(u, l)))
			continue;
		h = json_object_new_object();
		put_str(h, "by", u->path);
		put_yes(h, "needs", needs(u, l));
		put_num(h, "slots", n);
		json_object_array_add(held, h);
	}
	json_object_object_add(j, "held", held);
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
		json_end();
	} else {
		printf("%s: ", s->what);
		print_name(stdout, s->exe ? s->exe : "?");
		printf(", %u-bit, %s\n", space_size(s) * 8,
		       s->under_rld ? "with rld" : "without rld");
		for (size_t i = 0; i < s->list.n; i++)
			text_line(s, i);
		others(s, false);
	}
	if (s->why) {
		warn("%s: %s", s->what, s->why);
		return s->list.n ? SHOW_FOUND : SHOW_TROUBLE;
	}
	return SHOW_OK;
}
