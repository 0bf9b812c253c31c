/* SPDX-License-Identifier: MIT */
/* rld-show time: what a start cost, by phase and by object. */
#include <stdlib.h>
#include <string.h>

#include "tools/show/ask.h"
#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

static uint64_t cost(const struct object *o)
{
	return o->search_ns + o->map_ns + o->relocate_ns + o->init_ns;
}

static int dearest(const void *a, const void *b)
{
	uint64_t x = cost(*(struct object *const *)a);
	uint64_t y = cost(*(struct object *const *)b);

	return x < y ? 1 : x > y ? -1 : 0;
}

static void in_json(const struct facts *f, struct object **order, size_t n)
{
	json_begin("time", f);
	json_list("phases");
	for (size_t i = 0; i < f->phases.n; i++) {
		json_object *j = json_object_new_object();

		if (f->phases.v[i].object)
			continue;
		put_str(j, "name", f->phases.v[i].name);
		put_num(j, "ns", f->phases.v[i].ns);
		put_num(j, "at", f->phases.v[i].at);
		json_item(j);
	}
	json_list_end();
	json_list("objects");
	for (size_t i = 0; i < n; i++) {
		json_object *j = json_object_new_object();
		const struct object *o = order[i];

		put_str(j, "object", o->label);
		put_num(j, "search_ns", o->search_ns);
		put_num(j, "map_ns", o->map_ns);
		put_num(j, "relocate_ns", o->relocate_ns);
		put_num(j, "init_ns", o->init_ns);
		put_num(j, "lookups", o->lookups);
		json_item(j);
	}
	json_list_end();
	json_end();
}

static void in_text(const struct facts *f, struct object **order, size_t n)
{
	out_source(f);
	for (size_t i = 0; i < f->phases.n; i++)
		if (!f->phases.v[i].object)
			printf("%-12s %12s\n", f->phases.v[i].name,
			       time_text(f->phases.v[i].ns));
	printf("\n%12s %12s %12s %12s %8s\n", "search", "map", "relocate",
	       "init", "lookups");
	for (size_t i = 0; i < n; i++) {
		const struct object *o = order[i];

		printf("%12s %12s %12s %12s %8zu  ", time_text(o->search_ns),
		       time_text(o->map_ns), time_text(o->relocate_ns),
		       time_text(o->init_ns), o->lookups);
		print_name(stdout, o->label);
		putchar('\n');
	}
}

int show_time(const struct ask *a)
{
	struct facts *f = gather(a, a->words[0], a->words + 1, true);
	size_t n = f->objects.n, most = a->most ? a->most : 15;
	struct object **order = need_memory((n + 1) * sizeof *order);

	if (!f->phases.n)
		die("%s: no times: %s", a->words[0],
		    f->because ? f->because : "its record has none");
	memcpy(order, f->objects.v, n * sizeof *order);
	qsort(order, n, sizeof *order, dearest);
	if (!a->json && n > most)
		n = most;
	if (a->json)
		in_json(f, order, n);
	else
		in_text(f, order, n);
	return SHOW_OK;
}
