/* SPDX-License-Identifier: MIT */
/* rld-show why: every chain of needs from the program to one library.  There
 * can be more chains than anybody reads; so many are written as were asked for
 * (--most), and the edges that they go over are counted. */
#include <string.h>

#include "tools/show/ask.h"
#include "tools/show/json.h"
#include "tools/show/out.h"
#include "tools/show/util.h"

struct chains {
	const struct object *goal;
	bool *leads;	/* by id: the goal can be reached from it */
	bool *on_chain; /* by id: it is on the chain now */
	LIST(const struct need *) chain;
	size_t written, most;
	bool json, more;
};

/* Which objects lead to the goal: backwards, until nothing is new. */
static void mark_leading(const struct facts *f, struct chains *c)
{
	bool again = true;

	c->leads[c->goal->id] = true;
	while (again) {
		again = false;
		for (size_t i = f->objects.n; i-- > 0;) {
			const struct object *o = f->objects.v[i];

			for (size_t k = 0; k < o->needs.n; k++)
				if (!c->leads[o->id] && o->needs.v[k].to &&
				    c->leads[o->needs.v[k].to->id])
					c->leads[o->id] = again = true;
		}
	}
}

static void write_chain(struct chains *c, const struct object *from)
{
	json_object *list = c->json ? json_object_new_array() : NULL;

	if (!c->json)
		print_name(stdout, from->label);
	for (size_t i = 0; i < c->chain.n; i++) {
		const struct need *n = c->chain.v[i];
		json_object *j;

		if (!c->json) {
			printf(" -> ");
			print_name(stdout, n->to->label);
			printf(" (%zu%s%s)", n->bound,
			       need_unused(i ? c->chain.v[i - 1]->to : from,
					   n) ?
				       ": unused" :
				       "",
			       n->waits ? ", delay-load" : "");
			continue;
		}
		j = json_object_new_object();
		put_str(j, "from", (i ? c->chain.v[i - 1]->to : from)->label);
		put_str(j, "name", n->name);
		put_str(j, "to", n->to->label);
		put_num(j, "bound", n->bound);
		put_yes(j, "delay", n->waits);
		json_object_array_add(list, j);
	}
	if (c->json)
		json_item(list);
	else
		putchar('\n');
}

static void follow(struct chains *c, const struct object *start,
		   const struct object *o)
{
	if (c->written >= c->most) {
		c->more = true;
		return;
	}
	if (o == c->goal) {
		if (c->chain.n) {
			write_chain(c, start);
			c->written++;
		}
		return;
	}
	c->on_chain[o->id] = true;
	for (size_t i = 0; i < o->needs.n && !c->more; i++) {
		const struct need *n = &o->needs.v[i];

		if (!n->to || !c->leads[n->to->id] || c->on_chain[n->to->id])
			continue;
		*LIST_ADD(&c->chain) = n;
		follow(c, start, n->to);
		c->chain.n--;
	}
	c->on_chain[o->id] = false;
}

/* In which way it came, before the chains. */
static void headline(const struct object *o)
{
	const char *rule = NULL, *by = o->by ? o->by->label : NULL;

	for (size_t i = 0; o->by && i < o->by->needs.n; i++)
		if (o->by->needs.v[i].to == o)
			rule = found_rule(o->by->needs.v[i].search);
	print_name(stdout, o->label);
	printf(" is %s", o->path && *o->path ? o->path : "without a file");
	if (rule)
		printf(", found by %s", rule);
	if (by)
		printf(", first %s %s",
		       o->how && strcmp(o->how, "dlopen") == 0 ? "opened by" :
								 "needed by",
		       by);
	else if (o->how)
		printf(" (%s)", o->how);
	printf("; %s bound to it\n", count_text(o->nbind_to, "reference"));
}

static void direct_users(const struct facts *f, const struct object *goal,
			 bool json)
{
	size_t *n = need_memory((f->objects.n + 1) * sizeof *n);

	for (size_t i = 0; i < f->bindings.n; i++)
		if (f->bindings.v[i]->to == goal)
			n[f->bindings.v[i]->from->id]++;
	if (json)
		json_list("users");
	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];
		bool needs = false;
		json_object *j;

		for (size_t k = 0; k < o->needs.n; k++)
			needs |= o->needs.v[k].to == goal;
		if (!n[o->id] || o == goal)
			continue;
		if (json) {
			j = json_object_new_object();
			put_str(j, "from", o->label);
			put_num(j, "bound", n[o->id]);
			put_yes(j, "needs", needs);
			json_item(j);
		} else if (!needs) {
			print_name(stdout, o->label);
			printf(" uses %s of it without needing it\n",
			       count_text(n[o->id], "symbol"));
		}
	}
	if (json)
		json_list_end();
}

static void not_there(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->searches.n; i++) {
		const struct search *s = f->searches.v[i];

		if (s->found || !strstr(s->name, name))
			continue;
		printf("%s is needed by %s, and was not found:\n", s->name,
		       s->asker ? s->asker->label : "the user");
		out_tried("  ", s);
	}
}

int show_why(const struct ask *a)
{
	struct facts *f = gather(a, a->words[0], NULL, false);
	const struct object *goal = facts_which(f, a->words[1]);
	struct chains c = { .goal = goal,
			    .json = a->json,
			    .most = a->most ? a->most : 1000 };

	if (a->json)
		json_begin("why", f);
	else
		out_source(f);
	if (!goal) {
		if (a->json)
			json_end();
		else
			not_there(f, a->words[1]);
		warn("%s does not load %s", f->program, a->words[1]);
		return SHOW_FOUND;
	}
	c.leads = need_memory(f->objects.n + 1);
	c.on_chain = need_memory(f->objects.n + 1);
	mark_leading(f, &c);
	if (a->json) {
		json_put("object", json_object_of(goal));
		json_list("chains");
	} else {
		headline(goal);
	}
	for (size_t i = 0; i < f->objects.n; i++)
		if (!f->objects.v[i]->by)
			follow(&c, f->objects.v[i], f->objects.v[i]);
	if (a->json) {
		json_list_end();
		json_put("more", json_object_new_boolean(c.more));
	} else if (c.more) {
		printf("... and more: --most=N writes N chains\n");
	}
	direct_users(f, goal, a->json);
	if (a->json)
		json_end();
	return SHOW_OK;
}
