/* SPDX-License-Identifier: MIT */
/* The list of what is open, as a text file, and opening it again elsewhere.
 *
 *	rld-list 1
 *	object BUILD-ID PATH		one a line, in list order; "-": no id
 *	open MODE SCOPE COUNT KIND ROOT MEMBER...
 *
 * Objects are numbered from 1 in the order of their lines.  MODE is lazy or
 * now, SCOPE global or local, KIND library or module; ROOT and MEMBERs are the
 * numbers of what the open brought together.  Bytes below 33 and '%' in
 * paths are written %XX. */
#include "rld/api/api.h"
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/load/load.h"
#include "rld/tls/tls.h"

#include <errno.h>

struct text {
	char *at;
	size_t len, cap;
	int failed;
};

static void add(struct text *t, const char *s, size_t n)
{
	if (t->len + n + 1 > t->cap) {
		size_t cap = (t->len + n + 1) * 2;
		char *more = t->failed ? NULL : rld_realloc(t->at, cap);

		if (!more) {
			t->failed = 1;
			return;
		}
		t->at = more;
		t->cap = cap;
	}
	memcpy(t->at + t->len, s, n);
	t->len += n;
	t->at[t->len] = 0;
}

static void add_text(struct text *t, char *heap)
{
	if (heap)
		add(t, heap, strlen(heap));
	else
		t->failed = 1;
	rld_free(heap);
}

static void add_path(struct text *t, const char *p)
{
	static const char hex[] = "0123456789abcdef";

	for (; *p; p++) {
		unsigned char c = (unsigned char)*p;
		char out[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (c < 33 || c == '%')
			add(t, out, 3);
		else
			add(t, p, 1);
	}
}

/* A build-id in hexadecimal, "-" for none. */
static void add_id(struct text *t, const struct rld_gone *g)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < g->build_id_size; i++) {
		char two[2] = { hex[g->build_id[i] >> 4],
				hex[g->build_id[i] & 15] };

		add(t, two, 2);
	}
	if (!g->build_id_size)
		add(t, "-", 1);
}

static int saved(const struct dso *d)
{
	return !(d->flags & (D_STARTUP | D_SELF | D_VDSO)) && !d->space &&
	       !is_gone(d);
}

static unsigned number_of(struct rld *r, const struct dso *want)
{
	unsigned n = 0;

	for (struct dso *d = r->head; d; d = dso_next(d))
		if (saved(d)) {
			n++;
			if (d == want)
				return n;
		}
	return 0;
}

static void describe(struct rld *r, struct text *t)
{
	add_text(t, rld_strdup("rld-list 1\n"));
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		struct rld_gone g = { 0 };

		if (!saved(d))
			continue;
		rld_build_id(d, &g);
		add(t, "object ", 7);
		add_id(t, &g);
		add(t, " ", 1);
		add_path(t, d->lm.l_name);
		add(t, "\n", 1);
	}
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		if (!saved(d) || !d->opens)
			continue;
		add_text(t,
			 rld_format("open %s %s %u %s %u",
				    d->mode & RTLD_NOW ? "now" : "lazy",
				    d->flags & D_GLOBAL ? "global" : "local",
				    d->opens, d->module ? "module" : "library",
				    number_of(r, d)));
		for (unsigned i = 1; d->own && i < d->own->n; i++)
			if (saved(d->own->member[i]))
				add_text(t,
					 rld_format(
						 " %u",
						 number_of(r,
							   d->own->member[i])));
		add(t, "\n", 1);
	}
}

/* Where the list goes: a new file beside it, to be renamed (*tmp, heap), or
 * file itself where it is no regular one: a FIFO, a terminal, /dev/null. */
static int create(const char *file, char **tmp)
{
	struct statx st;

	*tmp = NULL;
	if (!sys_look(file, &st) && sys_not_regular(&st))
		return sys_open(file, O_WRONLY | O_NOCTTY);
	*tmp = rld_format("%s.%d", file, sys_gettid());
	return *tmp ? sys_open(*tmp, O_WRONLY | O_CREAT | O_EXCL) : -ENOMEM;
}

static long write_all(int fd, const char *at, size_t len)
{
	long n = 1;

	for (; len && n > 0; at += n, len -= (size_t)n)
		if ((n = sys_write(fd, at, len)) <= 0)
			break;
	return len == 0 ? 0 : n ? n : -EIO;
}

API int rld_save(const char *file)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct text t = { 0 };
	char *tmp = NULL;
	long n;
	int fd;

	rld_lock(r);
	describe(r, &t);
	rld_unlock(r);
	n = fd = t.failed ? -ENOMEM : create(file, &tmp);
	if (fd >= 0) {
		n = write_all(fd, t.at, t.len);
		sys_close(fd);
		if (!n && tmp)
			n = sys_rename(tmp, file);
		if (n < 0 && tmp)
			sys_unlink(tmp);
	}
	if (n < 0) {
		rld_fail(&e, "%s: cannot be written: %s", file,
			 sys_strerror(n));
		rld_keep_error(&e);
	}
	rld_free(tmp);
	rld_free(t.at);
	return n < 0 ? -1 : 0;
}

/* ---- reading */

struct saved_object {
	char *id, *path;
	int state; /* RLD_* result for this file, -1: not looked at */
};

struct saved_open {
	int mode, module;
	unsigned count;
	const char *members; /* numbers, to the end of the line */
};

struct list {
	char *text;
	struct saved_object *object;
	struct saved_open *open;
	unsigned nobject, nopen;
};

/* The next word of *at; ended with NUL in place. */
static char *word(char **at)
{
	char *s = *at;

	while (*s == ' ')
		s++;
	*at = s;
	while (**at && **at != ' ')
		(*at)++;
	if (**at)
		*(*at)++ = 0;
	return s;
}

static int number(const char *s, unsigned *v)
{
	*v = 0;
	if (!*s)
		return 0;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || *v > 100000000)
			return 0;
		*v = *v * 10 + (unsigned)(*s - '0');
	}
	return 1;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
				      -1;
}

static int unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '%') {
			if (nibble(s[1]) < 0 || nibble(s[2]) < 0)
				return 0;
			*to++ = (char)(nibble(s[1]) << 4 | nibble(s[2]));
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
	return 1;
}

static int one_of(const char *w, const char *no, const char *yes)
{
	return !strcmp(w, yes) ? 1 : !strcmp(w, no) ? 0 : -1;
}

static int read_open(struct list *l, char *at)
{
	struct saved_open *o = &l->open[l->nopen];
	int now = one_of(word(&at), "lazy", "now");
	int global = one_of(word(&at), "local", "global"), ok;
	char *count = word(&at), *copy;
	unsigned n;

	ok = number(count, &o->count) && o->count && now >= 0 && global >= 0;
	o->module = one_of(word(&at), "library", "module");
	o->members = at;
	if (!ok || o->module < 0 || !*at)
		return -1;
	o->mode = (now ? RTLD_NOW : RTLD_LAZY) | (global ? RTLD_GLOBAL : 0);
	copy = rld_strdup(at);
	if (!copy)
		return -1;
	for (char *p = copy; *p && ok;) {
		char *w = word(&p);

		ok = !*w || (number(w, &n) && n && n <= l->nobject);
	}
	rld_free(copy);
	l->nopen++;
	return ok ? 0 : -1;
}

static int parse(struct list *l)
{
	unsigned lines = 0;
	char *at = l->text, *end;

	for (const char *s = at; *s; s++)
		lines += *s == '\n';
	l->object = rld_alloc((lines + 1) * sizeof *l->object);
	l->open = rld_alloc((lines + 1) * sizeof *l->open);
	if (!l->object || !l->open)
		return -1;
	for (unsigned n = 0; *at; n++, at = end) {
		char *key;

		end = strchr(at, '\n');
		if (!end)
			return -1; /* cut off */
		*end++ = 0;
		if (n == 0) {
			if (strcmp(at, "rld-list 1") != 0)
				return -1;
			continue;
		}
		key = word(&at);
		if (!strcmp(key, "object")) {
			struct saved_object *o = &l->object[l->nobject++];

			o->id = word(&at);
			o->path = at;
			o->state = -1;
			if (!*at || !unescape(at))
				return -1;
		} else if (strcmp(key, "open") != 0 || read_open(l, at)) {
			return -1;
		}
	}
	return lines ? 0 : -1;
}

/* Is the file what it was?  It is looked into, not loaded. */
static int state_of(struct rld *r, struct saved_object *o)
{
	struct rld_err e = { 0 };
	struct text t = { 0 };
	struct peek *p;

	if (o->state >= 0)
		return o->state;
	rld_lock(r);
	p = rld_look_into(r, o->path, NULL, &e);
	rld_search_done(r);
	rld_unlock(r);
	o->state = RLD_MISSING;
	if (p) {
		add_id(&t, rld_look_id(p));
		o->state = t.at && !strcmp(t.at, o->id) ? RLD_RESTORED :
							  RLD_CHANGED;
	}
	rld_free(t.at);
	rld_look_away(p);
	rld_err_clear(&e);
	return o->state;
}

struct outcome {
	int result;
	void *handle;
	char *text; /* heap or NULL */
};

static void open_one(struct rld *r, struct list *l, struct saved_open *o,
		     unsigned flags, uintptr_t pc, const char **path,
		     struct outcome *out)
{
	char *copy = rld_strdup(o->members), *p = copy;
	struct saved_object *root = NULL;
	unsigned n;

	*out = (struct outcome){ copy ? RLD_RESTORED : RLD_FAILED, NULL, NULL };
	while (p && *p) {
		struct saved_object *x;
		int s;

		if (!number(word(&p), &n) || !n)
			continue;
		x = &l->object[n - 1];
		root = root ? root : x;
		s = state_of(r, x);
		if (s == RLD_CHANGED && flags & RLD_RESTORE_CHANGED)
			s = RLD_RESTORED;
		if (s != RLD_RESTORED && out->result == RLD_RESTORED) {
			out->result = s;
			out->text = rld_format(
				s == RLD_MISSING ? "%s: is not there" :
						   "%s: is another file now",
				x->path);
		}
	}
	rld_free(copy);
	*path = root ? root->path : "";
	if (out->result != RLD_RESTORED)
		return;
	for (unsigned i = 0; i < o->count; i++) {
		void *handle = o->module && !i ?
				       rld_module_bring(r, *path, o->mode, pc) :
				       rld_open(*path, o->mode, NULL, 0, pc);

		if (handle) {
			out->handle = handle;
			continue;
		}
		out->result = RLD_FAILED;
		out->text = rld_strdup(rld_error());
		while (i--)
			rld_close(out->handle, pc);
		out->handle = NULL;
		return;
	}
}

API int rld_restore(const char *file, unsigned flags, rld_restore_fn *report,
		    void *arg)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct list l = { 0 };
	int lost = 0;

	if (flags & ~(unsigned)RLD_RESTORE_CHANGED)
		lost = rld_fail(&e, "rld_restore: unknown flags 0x%x", flags);
	else if (!(l.text = path_slurp(r, file, 0)))
		lost = rld_fail(&e, "%s: cannot be read", file);
	else if (parse(&l))
		lost = rld_fail(&e, "%s: is not a list that rld_save wrote",
				file);
	if (lost)
		rld_keep_error(&e);
	for (unsigned i = 0; lost >= 0 && i < l.nopen; i++) {
		struct outcome out;
		const char *path;

		open_one(r, &l, &l.open[i], flags, pc, &path, &out);
		lost += out.result != RLD_RESTORED;
		if (report)
			report(out.result, path, out.handle, out.text, arg);
		rld_free(out.text);
	}
	rld_free(l.text);
	rld_free(l.object);
	rld_free(l.open);
	return lost;
}
