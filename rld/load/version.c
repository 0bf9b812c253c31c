/* SPDX-License-Identifier: MIT */
/* Interface versions (doc/binding.md): what a DSO says it offers, what a
 * liblist entry or sgidlopen_version wants, and old files kept under the name
 * soname.MAJOR. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/list/list.h"
#include "rld/load/load.h"

/* One element without its comment: "first#sgi1.0" is "sgi1.0". */
static const char *bare(const char *s, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (s[i] == '#') {
			*n -= i + 1;
			return s + i + 1;
		}
	return s;
}

static int number(const char **s, const char *end, unsigned long *v)
{
	const char *at = *s;

	for (*v = 0; at < end && *at >= '0' && *at <= '9'; at++)
		*v = *v * 10 + (unsigned long)(*at - '0');
	if (at == *s)
		return 0;
	*s = at;
	return 1;
}

/* "sgi" digits "." digits */
static int parse(const char *s, size_t n, unsigned long *major,
		 unsigned long *minor)
{
	const char *end = s + n, *at = s + 3;

	return n > 3 && !strncmp(s, "sgi", 3) && number(&at, end, major) &&
	       at < end && *at++ == '.' && number(&at, end, minor) && at == end;
}

static int serves(const char *have, const char *want, unsigned flags)
{
	unsigned long hmaj, hmin, wmaj, wmin;
	size_t wn = want ? strlen(want) : 0;
	int number_known;

	if (!want || !*want || flags & LL_IGNORE_INT_VER || !have || !*have)
		return 1;
	want = bare(want, &wn);
	number_known = parse(want, wn, &wmaj, &wmin);
	while (*have) {
		size_t n = 0, en;
		const char *e;

		while (have[n] && have[n] != ':')
			n++;
		en = n;
		e = bare(have, &en);
		if (en == wn && !strncmp(e, want, wn))
			return 1;
		if (!(flags & (LL_EXACT_MATCH | LL_REQUIRE_MINOR)) &&
		    number_known && parse(e, en, &hmaj, &hmin) &&
		    hmaj == wmaj && hmin >= wmin)
			return 1;
		have += n + (have[n] == ':');
	}
	return 0;
}

/* The version that matters: none, where options or libc's family say so. */
static const char *wanted(struct rld *r, const char *name, const char *want)
{
	return want && *want && !r->ignore_all_versions &&
			       !str_listed(r->ignore_version, name) &&
			       !rld_is_host(r, name) ?
		       want :
		       NULL;
}

int rld_serves(struct rld *r, const struct dso *d, const char *name,
	       const char *want, unsigned flags)
{
	return serves(d->iversion, wanted(r, name, want), flags);
}

struct dso *rld_find_version(struct rld *r, const struct space *s,
			     const char *name, const char *want, unsigned flags)
{
	uint32_t h = elf_gnu_hash(name);
	struct dso *best = NULL;

	want = wanted(r, name, want);
	for (struct alias *a = rld_name_chain(r, h); a; a = a->next)
		if (a->hash == h && !strcmp(a->name, name) &&
		    !is_gone(a->dso) && in_space(a->dso, s) &&
		    serves(a->dso->iversion, want, flags) &&
		    (!best || a->dso->serial < best->serial))
			best = a->dso;
	return best;
}

/* The file that name means, if its versions serve; *found is what it offers
 * otherwise (heap). */
static struct peek *fitting(struct rld *r, const char *name, const char *want,
			    unsigned flags, struct dso *from, char **found,
			    struct rld_err *e)
{
	struct peek *p = rld_look_into(r, name, from, e);
	const char *have = p ? rld_look_tables(p)->iversion : NULL;

	if (!p || serves(have, want, flags))
		return p;
	*found = rld_strdup(have);
	rld_look_away(p);
	return NULL;
}

/* The file that serves: name's, or the one that stood there before; *file
 * (heap) is its name.  NULL with *e. */
static struct peek *look(struct rld *r, const char *name, const char *want,
			 unsigned flags, struct dso *from, char **file,
			 struct rld_err *e)
{
	struct rld_err old = { 0 };
	unsigned long major, minor;
	char *found = NULL, *found_old = NULL;
	size_t n = strlen(want);
	const char *w = bare(want, &n);
	struct peek *p = fitting(r, name, want, flags, from, &found, e);

	*file = p ? rld_strdup(name) : NULL;
	if (!p && found && parse(w, n, &major, &minor)) {
		/* an incompatible DSO stands there: its predecessor was
		 * renamed, and keeps its soname */
		*file = rld_format("%s.%zu", name, (size_t)major);
		if (*file)
			p = fitting(r, *file, want, flags, from, &found_old,
				    &old);
	}
	if (!p && found)
		rld_fail(e,
			 "%s: interface version %s is wanted%s%s, but it "
			 "offers %s, and %s.MAJOR %s%s",
			 name, want, from ? " by " : "",
			 from ? dso_name(r, from) : "", found, name,
			 found_old ? "offers " : "cannot be found",
			 found_old ? found_old : "");
	rld_err_clear(&old);
	rld_free(found);
	rld_free(found_old);
	if (!p) {
		rld_free(*file);
		*file = NULL;
	}
	return p;
}

struct peek *rld_look_version(struct rld *r, const char *name, const char *want,
			      unsigned flags, struct dso *from,
			      struct rld_err *e)
{
	struct peek *p;
	char *file;

	want = wanted(r, name, want);
	if (!want)
		return rld_look_into(r, name, from, e);
	p = look(r, name, want, flags, from, &file, e);
	rld_free(file);
	return p;
}

struct dso *rld_load_version(struct rld *r, const char *name, const char *want,
			     unsigned flags, struct dso *from,
			     struct rld_err *e)
{
	struct dso *d = rld_find_version(r, r->space, name, want, flags);
	struct peek *p;
	char *file;

	want = wanted(r, name, want);
	if (d || !want)
		return d ? d : rld_load_new(r, name, from, e);
	p = look(r, name, want, flags, from, &file, e);
	if (!p)
		return NULL;
	rld_look_away(p);
	if (file)
		d = rld_load_new(r, file, from, e);
	else
		rld_fail(e, "%s: out of memory", name);
	rld_free(file);
	return d;
}

struct dso *rld_load_entry(struct rld *r, struct dso *o, unsigned i,
			   struct rld_err *e)
{
	const struct lib_mark *m = o->mark ? &o->mark[i] : NULL;
	struct space *was = r->space;
	struct dso *d;

	rld_load_into(r, o->space);
	if (m && m->want)
		d = rld_load_version(r, o->need_name[i], m->want, m->flags, o,
				     e);
	else if (!(d = rld_load(r, o->need_name[i], o, e)))
		rld_needed_by(r, o, e);
	rld_load_into(r, was);
	return d;
}
