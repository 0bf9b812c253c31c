/* SPDX-License-Identifier: MIT */
/* What a file of kept answers says, as text or JSON. */
#include "tools/quick/quick.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The names of an object's symbols, from its file. */
struct names {
	int fd;
	Elf *elf;
	Elf_Data *data;
	size_t strings;
};

static void open_names(struct names *n, const char *path)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	*n = (struct names){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (n->fd < 0 || elf_version(EV_CURRENT) == EV_NONE)
		return;
	n->elf = elf_begin(n->fd, ELF_C_READ_MMAP, NULL);
	while (n->elf && (scn = elf_nextscn(n->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_DYNSYM) {
			n->data = elf_getdata(scn, NULL);
			n->strings = sh.sh_link;
			return;
		}
}

static void close_names(struct names *n)
{
	if (n->elf)
		elf_end(n->elf);
	if (n->fd >= 0)
		close(n->fd);
}

static const char *name_of(const struct names *n, uint32_t sym)
{
	const char *name = NULL;
	GElf_Sym s;

	if (n->data && gelf_getsym(n->data, (int)sym, &s))
		name = elf_strptr(n->elf, n->strings, s.st_name);
	return name ? name : "?";
}

static void put_json(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c == 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static const char *const kinds[] = { "absent", "directory", "file" };

/* References with an answer. */
static uint32_t answered(const struct quick_file *f,
			 const struct quick_object *o)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->nanswer; i++)
		n += f->answer[o->answers + i] != QUICK_ASK;
	return n;
}

static const char *found(const struct quick_object *o)
{
	return o->flags & QUICK_CACHED ? "ld.so.cache" :
	       o->flags & QUICK_PAST   ? "default directory" :
					 "path";
}

/* Bindings of object i: fn(symbol, object or NULL, symbol there). */
static void bindings(const struct quick_file *f, uint32_t i,
		     struct names *names, bool json)
{
	const struct quick_object *o = &f->object[i];
	bool first = true;

	for (uint32_t s = 1; s < o->nanswer; s++) {
		uint32_t a = f->answer[o->answers + s];
		const struct quick_target *t;
		uint32_t to;

		if (a < QUICK_TARGET) /* looked up, missing or its own */
			continue;
		t = &f->target[a - QUICK_TARGET];
		to = t->object & ~QUICK_OFFERED;
		if (!json) {
			printf("\t\t%s -> %s in %s\n", name_of(&names[i], s),
			       name_of(&names[to], t->sym),
			       f->string + f->object[to].path);
			continue;
		}
		printf(first ? "\n{\"symbol\":" : ",\n{\"symbol\":");
		put_json(name_of(&names[i], s));
		printf(",\"object\":%u,\"definition\":", to);
		put_json(name_of(&names[to], t->sym));
		putchar('}');
		first = false;
	}
}

static void as_json(const char *name, const struct kept *k, bool with,
		    struct names *names, const char *what, const char *why)
{
	const struct quick_file *f = &k->f;

	printf("{\"program\":");
	put_json(kept_program(k));
	printf(",\"file\":");
	put_json(name);
	printf(",\"bytes\":%zu,\"valid\":%s", k->size, why ? "false" : "true");
	if (why) {
		printf(",\"reason\":{\"path\":");
		put_json(what);
		printf(",\"text\":");
		put_json(why);
		putchar('}');
	}
	printf(",\n\"objects\":[");
	for (uint32_t i = 0; i < f->head->nobject; i++) {
		const struct quick_object *o = &f->object[i];

		printf(i ? ",\n{\"path\":" : "\n{\"path\":");
		put_json(f->string + o->path);
		if (i) {
			printf(",\"name\":");
			put_json(f->string + o->name);
			printf(",\"found\":");
			put_json(found(o));
		}
		printf(",\"libc\":%s,\"symbols\":%u,\"answers\":%u",
		       o->flags & QUICK_HOST ? "true" : "false", o->nsym,
		       answered(f, o));
		if (with) {
			printf(",\"bindings\":[");
			bindings(f, i, names, true);
			printf("]");
		}
		putchar('}');
	}
	printf("],\n\"places\":[");
	for (uint32_t i = 0; i < f->head->nplace; i++) {
		const struct quick_place *p = &f->place[i];

		printf(i ? ",\n{\"path\":" : "\n{\"path\":");
		put_json(f->string + p->path);
		printf(",\"kind\":");
		put_json(kinds[p->kind]);
		printf(",\"absent\":[");
		for (uint32_t n = 0; n < p->nabsent; n++) {
			if (n)
				putchar(',');
			put_json(f->string + f->absent[p->absent + n]);
		}
		printf("]}");
	}
	printf("]}\n");
}

static void as_text(const char *name, const struct kept *k, bool with,
		    struct names *names, const char *what, const char *why)
{
	const struct quick_file *f = &k->f;

	printf("%s\n\tfile %s/%s, %zu bytes\n\t", kept_program(k),
	       store_directory(), name, k->size);
	if (why)
		printf("not valid: %s: %s\n", what, why);
	else
		printf("valid\n");
	for (uint32_t i = 0; i < f->head->nobject; i++) {
		const struct quick_object *o = &f->object[i];

		if (i)
			printf("\t%s => %s (%s%s)", f->string + o->name,
			       f->string + o->path, found(o),
			       o->flags & QUICK_HOST ? ", libc's" : "");
		else
			printf("\t%s", f->string + o->path);
		printf(": %u symbols, %u answers\n", o->nsym, answered(f, o));
		if (with)
			bindings(f, i, names, false);
	}
	for (uint32_t i = 0; i < f->head->nplace; i++) {
		const struct quick_place *p = &f->place[i];

		printf("\tchecked: %s (%s)", f->string + p->path,
		       kinds[p->kind]);
		for (uint32_t n = 0; n < p->nabsent; n++)
			printf("%s%s", n ? ", " : ": without ",
			       f->string + f->absent[p->absent + n]);
		putchar('\n');
	}
}

bool show_kept(const char *name, const struct kept *k, bool json, bool with)
{
	uint32_t n = k->f.head->nobject;
	const char *what, *why = check_kept(k, &what);
	struct names *names = NULL;

	if (with) {
		names = calloc(n, sizeof *names);
		for (uint32_t i = 0; names && i < n; i++)
			open_names(&names[i],
				   k->f.string + k->f.object[i].path);
		with = names != NULL;
	}
	if (json)
		as_json(name, k, with, names, what, why);
	else
		as_text(name, k, with, names, what, why);
	for (uint32_t i = 0; names && i < n; i++)
		close_names(&names[i]);
	free(names);
	return !why;
}
