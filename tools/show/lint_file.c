/* SPDX-License-Identifier: MIT */
/* What one file shows by itself: how it was linked, where it lets others look
 * for libraries, and what will keep it from being unloaded. */
#include <elf.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/show/lint.h"
#include "tools/show/util.h"

static void needs(struct lint *l, const struct object *o)
{
	for (size_t i = 0; i < o->needs.n; i++) {
		const struct need *n = &o->needs.v[i];

		if (!n->to && !n->waits && !n->kind)
			lint_add(l, ERROR, "missing-library", o, NULL,
				 "needs %s, which is not found", n->name);
		if (need_unused(o, n))
			lint_add(l, WARNING, "unused-needed", o, NULL,
				 "needs %s and uses no symbol of it (link with "
				 "-Wl,--as-needed)",
				 n->name);
	}
}

static void segments(struct lint *l, const struct object *o)
{
	const struct image *im = &o->image;

	if (im->textrel)
		lint_add(l, WARNING, "text-relocations", o, NULL,
			 "has text relocations (compile all of it with -fPIC)");
	if (im->execstack)
		lint_add(l, WARNING, "executable-stack", o, NULL,
			 "asks for an executable stack (-z noexecstack)");
	else if (im->nostacknote && im->dynamic &&
		 (im->machine == EM_X86_64 || im->machine == EM_386))
		lint_add(l, WARNING, "executable-stack", o, NULL,
			 "has no PT_GNU_STACK, which means an executable "
			 "stack");
	if (!im->soname && im->type == ET_DYN && !im->interp &&
	    !(o->how && strcmp(o->how, "program") == 0 && im->interp) &&
	    !o->inner)
		lint_add(l, WARNING, "no-soname", o, NULL,
			 "has no SONAME: programs linked to it will need it by "
			 "the path or name it had then (-Wl,-soname)");
}

/* Who but the owner of the file may put a library there? */
static void directory(struct lint *l, const struct object *o, const char *rule,
		      const char *element)
{
	struct stat st, own;
	char *dir = text("%s", element), *slash;

	if (stat(dir, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			lint_add(l, NOTE, "rpath-absent", o, NULL,
				 "%s %s is no directory", rule, element);
		else if (st.st_mode & S_IWOTH)
			lint_add(l, WARNING, "rpath-writable", o, NULL,
				 "%s %s: everybody may write into it", rule,
				 element);
		else if (st.st_uid != 0 && stat(o->path, &own) == 0 &&
			 own.st_uid != st.st_uid)
			lint_add(l, WARNING, "rpath-writable", o, NULL,
				 "%s %s belongs to another user (%u) than the "
				 "file",
				 rule, element, st.st_uid);
		return;
	}
	/* what is not there can be made by users who may write above it */
	while ((slash = strrchr(dir, '/')) != NULL && slash != dir) {
		*slash = 0;
		if (stat(dir, &st))
			continue;
		if (st.st_mode & S_IWOTH) {
			lint_add(l, WARNING, "rpath-writable", o, NULL,
				 "%s %s is not there, and everybody may make "
				 "it in %s",
				 rule, element, dir);
			return;
		}
		break;
	}
	lint_add(l, NOTE, "rpath-absent", o, NULL, "%s %s is not there", rule,
		 element);
}

static void paths(struct lint *l, const struct object *o, const char *rule,
		  const char *list)
{
	while (list) {
		size_t len = strcspn(list, ":");
		const char *e = text_copy(list, len);

		if (!len)
			lint_add(
				l, WARNING, "rpath-relative", o, NULL,
				"%s has an empty element: the current directory "
				"is searched",
				rule);
		else if (*e == '/')
			directory(l, o, rule, e);
		else if (strncmp(e, "$ORIGIN", 7) != 0 &&
			 strncmp(e, "${ORIGIN}", 9) != 0)
			lint_add(l, WARNING, "rpath-relative", o, NULL,
				 "%s %s is relative: it depends on the current "
				 "directory ($ORIGIN/%s?)",
				 rule, e, e);
		list = list[len] ? list + len + 1 : NULL;
	}
}

static void stays(struct lint *l, const struct object *o)
{
	const struct image *im = &o->image;

	if (im->nodelete)
		lint_add(l, NOTE, "stays-nodelete", o, NULL,
			 "is never unloaded: NODELETE (-z nodelete)");
	if (im->unique) {
		const char *name = "";
		size_t n = 0;

		for (size_t i = 0; i < im->symbols.n; i++)
			if (im->symbols.v[i].defined &&
			    im->symbols.v[i].bind == STB_GNU_UNIQUE && !n++)
				name = im->symbols.v[i].name->text;
		lint_add(l, NOTE, "stays-unique", o, name,
			 "defines %zu unique symbol%s, %s%s: glibc never "
			 "unloads it once one is bound "
			 "(-fno-gnu-unique)",
			 n, n == 1 ? "" : "s", name, n == 1 ? "" : " and more");
	}
	if (im->thread_local)
		lint_add(
			l, NOTE, "stays-thread-local", o, NULL,
			"has thread_local variables with destructors: it stays "
			"until all threads that used them have ended");
	if (im->static_tls && im->tls_size)
		lint_add(l, NOTE, "static-tls", o, NULL,
			 "uses static TLS (%llu bytes): a dlopen fails where "
			 "the reserve is used up",
			 (unsigned long long)im->tls_size);
}

void lint_file(struct lint *l, const struct object *o)
{
	needs(l, o);
	segments(l, o);
	paths(l, o, "RPATH", o->image.rpath);
	paths(l, o, "RUNPATH", o->image.runpath);
	if (o->image.interp == NULL)
		stays(l, o);
}
