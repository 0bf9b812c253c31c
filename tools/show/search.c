/* SPDX-License-Identifier: MIT */
#include "tools/show/search.h"

#include <elf.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/show/cache.h"
#include "tools/show/image.h"
#include "tools/show/util.h"

/* ---- settings ---- */

static const char *rooted(const struct finder *s, const char *path)
{
	size_t len = s->root ? strlen(s->root) : 0;

	while (len && s->root[len - 1] == '/')
		len--;
	if (!len || *path != '/' ||
	    (strncmp(path, s->root, len) == 0 && path[len] == '/'))
		return path;
	return text("%.*s%s", (int)len, s->root, path);
}

/* Lines of an ld.so.conf, its includes followed as ldconfig does. */
static void read_conf(struct finder *s, const char *path, int depth)
{
	FILE *in = depth < 8 ? fopen(rooted(s, path), "re") : NULL;
	char line[4096], *word, *rest;

	if (!in)
		return;
	while (fgets(line, sizeof line, in)) {
		glob_t g;

		line[strcspn(line, "#\n")] = 0;
		word = strtok_r(line, " \t,:=", &rest);
		if (word && strcmp(word, "include") == 0) {
			word = strtok_r(NULL, " \t", &rest);
			if (!word || glob(rooted(s, word), 0, NULL, &g))
				continue;
			for (size_t i = 0; i < g.gl_pathc; i++)
				read_conf(s, g.gl_pathv[i], depth + 1);
			globfree(&g);
			continue;
		}
		for (; word; word = strtok_r(NULL, " \t,:", &rest))
			if (*word == '/')
				*LIST_ADD(&s->conf) =
					text_copy(word, strlen(word));
	}
	fclose(in);
}

/* /etc/ld-musl-ARCH.path: directories, separated by colons or newlines. */
static void musl_path(struct finder *s)
{
	const char *interp = s->program->interp;
	const char *arch = strstr(interp, "ld-musl-") + strlen("ld-musl-");
	const char *slash = strstr(interp, "/lib/");
	char *path = text("%.*s/etc/ld-musl-%.*s.path",
			  slash ? (int)(slash - interp) : 0, interp,
			  (int)strcspn(arch, "."), arch);
	FILE *in = fopen(rooted(s, path), "re");
	char line[4096], *rest;

	while (in && fgets(line, sizeof line, in))
		for (char *w = strtok_r(line, ":\n", &rest); w;
		     w = strtok_r(NULL, ":\n", &rest))
			*LIST_ADD(&s->conf) = text_copy(w, strlen(w));
	if (in) {
		fclose(in);
		return;
	}
	*LIST_ADD(&s->conf) = "/lib";
	*LIST_ADD(&s->conf) = "/usr/local/lib";
	*LIST_ADD(&s->conf) = "/usr/lib";
}

static void standard(struct finder *s)
{
	const char *triplet = machine_triplet(s->program);
	bool wide = s->program->class == ELFCLASS64;

	if (triplet) {
		*LIST_ADD(&s->standard) = text("/lib/%s", triplet);
		*LIST_ADD(&s->standard) = text("/usr/lib/%s", triplet);
	}
	if (wide) {
		*LIST_ADD(&s->standard) = "/lib64";
		*LIST_ADD(&s->standard) = "/usr/lib64";
	}
	*LIST_ADD(&s->standard) = "/lib";
	*LIST_ADD(&s->standard) = "/usr/lib";
	/* where Debian's cross compilers have the other machines' libraries */
	if (triplet && !s->root && !machine_native(s->program))
		*LIST_ADD(&s->standard) = text("/usr/%s/lib", triplet);
}

void finder_init(struct finder *s, const struct ask *a,
		 const struct object *program)
{
	const char *env = getenv("LD_LIBRARY_PATH");

	*s = (struct finder){ .program = &program->image, .root = a->root };
	s->library_path = a->library_path ? a->library_path : env;
	s->musl = program->image.interp &&
		  strstr(program->image.interp, "ld-musl-");
	if (s->musl) {
		musl_path(s);
		return;
	}
	s->cache = cache_open(rooted(s, "/etc/ld.so.cache"));
	if (!s->cache)
		read_conf(s, "/etc/ld.so.conf", 0);
	standard(s);
}

/* ---- one place ---- */

static const char *misfit(const struct finder *s, const struct image *im,
			  const char **is)
{
	*is = machine_name(im);
	if (im->machine != s->program->machine)
		return "wrong machine";
	if (im->class != s->program->class) {
		*is = im->class == ELFCLASS64 ? "64-bit" : "32-bit";
		return "wrong class";
	}
	if (im->data != s->program->data)
		return "wrong byte order";
	if (strcmp(*is, machine_name(s->program)) != 0)
		return "wrong ABI";
	*is = NULL;
	return NULL;
}

static bool try_path(struct finder *s, struct search *se, const char *path,
		     struct try what)
{
	struct try *t = LIST_ADD(&se->tried);
	struct image im = { 0 };
	const char *error;

	*t = what;
	t->path = path;
	if (access(path, F_OK)) {
		t->result = errno == ENOENT || errno == ENOTDIR ?
				    "not there" :
				    text("%s", strerror(errno));
		return false;
	}
	error = image_kind(path, &im);
	t->result = error ? error : misfit(s, &im, &t->is);
	if (!t->result && im.type != ET_DYN && im.type != ET_EXEC)
		t->result = "is no shared object";
	if (t->result)
		return false;
	t->result = "found";
	se->found = path;
	return true;
}

/* ---- lists of directories ---- */

static const char *directory_of(const struct object *o)
{
	char *real = realpath(o->path, NULL), *slash;

	if (!real)
		return ".";
	slash = strrchr(real, '/');
	slash[slash == real] = 0;
	return real;
}

/* $ORIGIN, $LIB and $PLATFORM of an element; *origin: it had the first. */
static const char *expand(const struct finder *s, const char *e, size_t len,
			  const struct object *of, bool *origin)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);
	const char *triplet = machine_triplet(s->program);

	if (!f)
		die("out of memory");
	for (size_t i = 0; i < len; i++) {
		static const char *const names[] = { "ORIGIN", "LIB",
						     "PLATFORM" };
		size_t k, n = 0, brace;

		brace = e[i] == '$' && i + 1 < len && e[i + 1] == '{';
		for (k = 0; e[i] == '$' && k < 3; k++) {
			n = strlen(names[k]);
			if (i + 1 + brace + n + brace <= len &&
			    !strncmp(e + i + 1 + brace, names[k], n) &&
			    (!brace || e[i + 2 + n] == '}'))
				break;
		}
		if (e[i] != '$' || k == 3) {
			fputc(e[i], f);
			continue;
		}
		if (k == 0) {
			fputs(of ? directory_of(of) : ".", f);
			*origin = true;
		} else if (k == 1) {
			fprintf(f, "lib/%s", triplet ? triplet : "");
		} else {
			fputs(machine_name(s->program), f);
		}
		i += n + 2 * brace;
	}
	fclose(f);
	return out;
}

/* Each directory of a colon-separated list. */
static bool try_list(struct finder *s, struct search *se, const char *list,
		     const char *rule, struct object *of, struct object *origin)
{
	while (list) {
		size_t len = strcspn(
			list, strcmp(rule, "LD_LIBRARY_PATH") ? ":" : ":;");
		bool has_origin = false;
		const char *dir = expand(s, list, len, origin, &has_origin);
		struct try t = { .rule = rule, .of = of };

		t.element = text_copy(list, len);
		if (!*dir)
			dir = "."; /* an empty element, but not for musl */
		if ((len || !s->musl) &&
		    try_path(s, se,
			     text("%s/%s", has_origin ? dir : rooted(s, dir),
				  se->name),
			     t))
			return true;
		list = list[len] ? list + len + 1 : NULL;
	}
	return false;
}

/* RPATH of the asker, of those that brought it, and of the program. */
static bool try_rpaths(struct finder *s, struct search *se, struct object *o)
{
	if (!o || o->image.runpath)
		return false;
	for (; o; o = o->by)
		if (o->image.rpath && !o->image.runpath &&
		    try_list(s, se, o->image.rpath, "RPATH", o, o))
			return true;
	return false;
}

static bool try_musl(struct finder *s, struct search *se, struct object *asker)
{
	struct try t = { .rule = "musl path" };

	if (s->library_path && *s->library_path &&
	    try_list(s, se, s->library_path, "LD_LIBRARY_PATH", NULL, NULL))
		return true;
	for (struct object *o = asker; o; o = o->by) {
		const char *p = o->image.runpath ? o->image.runpath :
						   o->image.rpath;

		if (p && try_list(s, se, p,
				  o->image.runpath ? "RUNPATH" : "RPATH", o, o))
			return true;
	}
	for (size_t i = 0; i < s->conf.n; i++) {
		t.element = s->conf.v[i];
		if (try_path(s, se,
			     text("%s/%s", rooted(s, t.element), se->name), t))
			return true;
	}
	return false;
}

static bool try_directories(struct finder *s, struct search *se, const char **v,
			    size_t n, const char *rule)
{
	for (size_t i = 0; i < n; i++) {
		struct try t = { .rule = rule, .element = v[i] };

		if (try_path(s, se, text("%s/%s", rooted(s, v[i]), se->name),
			     t))
			return true;
	}
	return false;
}

static bool try_cache(struct finder *s, struct search *se)
{
	const char *path;

	for (size_t i = 0;
	     s->cache &&
	     (path = cache_find(s->cache, se->name, s->program, i)) != NULL;
	     i++)
		if (try_path(s, se, rooted(s, path),
			     (struct try){ .rule = "ld.so.cache" }))
			return true;
	return false;
}

struct search *finder_search(struct finder *s, const char *name,
			     struct object *asker)
{
	struct search *se = need_memory(sizeof *se);

	se->name = name;
	se->asker = asker;
	if (strchr(name, '/')) {
		bool origin = false;
		const char *path =
			expand(s, name, strlen(name), asker, &origin);

		if (!try_path(s, se, origin ? path : rooted(s, path),
			      (struct try){ .rule = "path" }) &&
		    s->root && !origin)
			try_path(s, se, path, (struct try){ .rule = "path" });
		return se;
	}
	if (s->musl) {
		try_musl(s, se, asker);
		return se;
	}
	if (try_rpaths(s, se, asker) ||
	    (s->library_path && *s->library_path &&
	     try_list(s, se, s->library_path, "LD_LIBRARY_PATH", NULL, NULL)) ||
	    (asker && asker->image.runpath &&
	     try_list(s, se, asker->image.runpath, "RUNPATH", asker, asker)))
		return se;
	if (asker && asker->image.nodeflib)
		return se;
	if (try_cache(s, se) ||
	    try_directories(s, se, s->conf.v, s->conf.n, "ld.so.conf"))
		return se;
	try_directories(s, se, s->standard.v, s->standard.n, "default");
	return se;
}
