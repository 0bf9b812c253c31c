/* SPDX-License-Identifier: MIT */
/* What a message adds: where else the thing that is missing lies, and what can be
 * done.  All of it runs once something has failed. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"

/* ---- an undefined symbol */

static uint32_t symbol_named(const struct dso *d, const struct ref *ref,
			     struct elf_walk *w)
{
	int sysv = elf_needs_sysv(&d->dyn);
	uint32_t i, h = sysv ? elf_sysv_hash(ref->name) : ref->hash;

	while ((i = sysv ? elf_walk_sysv(&d->dyn, h, w) :
			   elf_walk_gnu(&d->dyn, h, w))) {
		const char *s = elf_str(&d->dyn, d->dyn.symtab[i].st_name);

		if (s && !strcmp(s, ref->name))
			break;
	}
	return i;
}

static const char *version_name(const struct dso *d, uint32_t i)
{
	unsigned v = d->dyn.versym ? d->dyn.versym[i] & 0x7fff : 0;

	return v > 1 && v < d->nver && d->ver[v].name ? d->ver[v].name : NULL;
}

/* A definition that does not serve. */
static char *about_definition(const struct rld *r, const struct dso *d,
			      uint32_t i, const struct ref *ref)
{
	const char *v = version_name(d, i);

	switch (rld_judge(d, i, ref)) {
	case SYM_VERSION:
		return rld_format("; %s defines it with version %s",
				  dso_name(r, d), v ? v : "none");
	case SYM_HIDDEN:
		return rld_format("; %s has it, but hidden", dso_name(r, d));
	case SYM_SCOPE:
		return rld_format("; %s defines it, but was opened without "
				  "RTLD_GLOBAL",
				  dso_name(r, d));
	case SYM_MARK:
		return rld_format("; %s has it, but a mark in the file keeps "
				  "it from others",
				  dso_name(r, d));
	default:
		return NULL;
	}
}

char *rld_hint_undefined(struct rld *r, const struct ref *ref)
{
	const struct dso *from = ref->from, *o;
	char *s = NULL;

	for (const struct dso *d = r->head; d && !s; d = dso_next(d)) {
		struct elf_walk w = { 0 };
		uint32_t i;

		if (!(d->flags & D_READY) || d->flags & D_VDSO)
			continue;
		while (!s && (i = symbol_named(d, ref, &w)))
			s = about_definition(r, d, i, ref);
	}
	if (!s && from && ref->ver && ref->ver->file) {
		o = rld_version_owner(r, from, ref->ver);
		s = o ? rld_format("; version %s is to be in %s, which is %s: "
				   "another file may be meant",
				   ref->ver->name, ref->ver->file,
				   dso_name(r, o)) :
			rld_format("; version %s is to be in %s, which is not "
				   "loaded",
				   ref->ver->name, ref->ver->file);
	}
	if (!s && r->started && from && !(from->flags & D_STARTUP))
		s = rld_format("; if the program is to define it, link the "
			       "program with -rdynamic");
	return s ? s : rld_strdup("");
}

/* ---- a version */

/* Its part before the last underscore or dot-free tail: GLIBC_2.36 -> GLIBC_. */
static size_t family(const char *version)
{
	const char *end = strrchr(version, '_');

	return end ? (size_t)(end + 1 - version) : 0;
}

char *rld_hint_version(const struct dso *o, const struct elf_version *v)
{
	const char *last = NULL;
	size_t n = family(v->name);

	for (unsigned i = 2; i < o->nver; i++)
		if (o->ver[i].is_def && o->ver[i].name &&
		    !strncmp(o->ver[i].name, v->name, n) &&
		    family(o->ver[i].name) == n)
			last = o->ver[i].name;
	return last ? rld_format(": the last that it defines is `%s'", last) :
		      rld_strdup("");
}

/* ---- a program's name */

char *rld_hint_path(struct rld *r, const char *name)
{
	const char *path = strchr(name, '/') ? NULL : rld_getenv(r, "PATH");

	while (path && *path) {
		size_t n = 0;
		char *dir, *file;
		int there;

		while (path[n] && path[n] != ':')
			n++;
		dir = rld_alloc(n + 1);
		if (!dir)
			break;
		memcpy(dir, path, n);
		file = n ? rld_format("%s/%s", dir, name) : NULL;
		rld_free(dir);
		there = file && !sys_access(file);
		if (there) {
			char *s = rld_format(": PATH is not searched; %s is "
					     "there",
					     file);

			rld_free(file);
			return s ? s : rld_strdup("");
		}
		rld_free(file);
		path += n + (path[n] == ':');
	}
	return rld_strdup("");
}

/* ---- a word that is nearly another one */

/* Insertions, deletions, replacements and exchanges of neighbours that make b of
 * a (Damerau); words are short. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	enum { MOST = 32 };
	unsigned char row[3][MOST + 1] = { { 0 } };

	if (na > MOST || nb > MOST)
		return MOST;
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned char *now = row[i % 3], *up = row[(i + 2) % 3];
		const unsigned char *upper = row[(i + 1) % 3];

		now[0] = (unsigned char)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best =
				up[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u);

			if (up[j] + 1u < best)
				best = up[j] + 1u;
			if (now[j - 1] + 1u < best)
				best = now[j - 1] + 1u;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && upper[j - 2] + 1u < best)
				best = upper[j - 2] + 1u;
			now[j] = (unsigned char)best;
		}
	}
	return row[na % 3][nb];
}

static size_t length_of_word(const char *s)
{
	size_t n = 0;

	while ((s[n] >= 'a' && s[n] <= 'z') || s[n] == '-' || s[n] == '_' ||
	       (s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

char *rld_hint_word(const char *words, const char *lead, const char *word)
{
	size_t n = length_of_word(word), lead_n = strlen(lead), best_n = 0;
	unsigned least = n > 5 ? 3 : 2; /* that many are another word */
	const char *best = NULL;

	for (const char *p = words; (p = strchr(p, *lead)); p++) {
		size_t k;
		unsigned d;

		if (strncmp(p, lead, lead_n) != 0)
			continue;
		k = length_of_word(p + lead_n);
		d = distance(word, n, p + lead_n, k);
		if (k && d < least) {
			least = d;
			best = p + lead_n;
			best_n = k;
		}
	}
	if (best) {
		size_t dashes = *lead == '-' ? lead_n : 0;
		char *s = rld_alloc(dashes + best_n + 1), *hint;

		if (s)
			memcpy(s, best - dashes, dashes + best_n);
		hint = rld_format(": did you mean %s?", s ? s : "");
		rld_free(s);
		return hint;
	}
	return rld_strdup("");
}
