/* SPDX-License-Identifier: MIT */
/* The record: what the loader did, a JSON object a line (doc/record.md): objects,
 * searches, times, handles, messages. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/diag/lines.h"
#include "rld/list/list.h"
#include "rld/sym/sym.h"

/* ---- objects */

static int is_filter_of(const struct dso *by, const char *name)
{
	uintptr_t tag, flag;
	const char *s;
	size_t pos = 0;

	while ((s = elf_next_needed(&by->dyn, &pos, &tag, &flag)))
		if (tag != DT_NEEDED && !strcmp(s, name))
			return 1;
	return 0;
}

static int is_needed_by(const struct dso *by, const char *name)
{
	uintptr_t tag, flag;
	const char *s;
	size_t pos = 0;

	while ((s = elf_next_needed(&by->dyn, &pos, &tag, &flag)))
		if (tag == DT_NEEDED && !strcmp(s, name))
			return 1;
	return 0;
}

/* Does a colon or space list name it? */
static int is_in(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; p && (p = strchr(p, *name)); p++)
		if (!strncmp(p, name, n) &&
		    (!p[n] || p[n] == ':' || p[n] == ' ') &&
		    (p == list || p[-1] == ':' || p[-1] == ' '))
			return 1;
	return 0;
}

static const char *how_it_came(const struct rld *r, const struct dso *d)
{
	const struct dso *by = d->loader;

	if (d->flags & D_PROGRAM)
		return "program";
	if (d->flags & D_SELF)
		return "rld";
	if (d->flags & D_VDSO)
		return "vdso";
	if (d->flags & D_HOST)
		return "libc";
	if (d->replaces)
		return "swap";
	if (by && is_needed_by(by, d->name))
		return d->flags & D_DELAYED ? "delay" : "needed";
	if (by && is_filter_of(by, d->name))
		return "filter";
	if (rec_state.running)
		return "dlopen";
	if (!*d->name || !r->list || !is_in(r->list, d->name))
		return "preload";
	return "list";
}

static void add_flags(const struct dso *d)
{
	const char *sep = "";

#define FLAG(is, name)                                                 \
	do {                                                           \
		if (is) {                                              \
			text_bytes(&rec_state.line, sep, strlen(sep)); \
			rec_add("%s", name);                           \
			sep = ",";                                     \
		}                                                      \
	} while (0)
	rec_add(",\"flags\":[");
	FLAG(d->flags & D_SYMBOLIC, "symbolic");
	FLAG(d->dyn.bind_now, "now");
	FLAG(d->dyn.flags_1 & DF_1_NODELETE, "nodelete");
	FLAG(d->dyn.textrel, "textrel");
	FLAG(d->stack_flags >= 0 && d->stack_flags & PF_X, "execstack");
	FLAG(d->dyn.flags_1 & DF_1_NODEFLIB, "nodefaultlib");
	FLAG(d->dyn.flags_1 & DF_1_INTERPOSE, "interposer");
	rec_add("]");
#undef FLAG
}

static void add_build_id(const struct dso *d)
{
	struct rld_gone g = { 0 };
	char hex[2 * sizeof g.build_id];

	rld_build_id(d, &g);
	for (unsigned i = 0; i < g.build_id_size; i++) {
		hex[2 * i] = "0123456789abcdef"[g.build_id[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[g.build_id[i] & 15];
	}
	rec_add(",\"build_id\":%w", (size_t)g.build_id_size * 2,
		g.build_id_size ? hex : NULL);
}

static void load_line(struct rld *r, struct dso *d)
{
	unsigned by = d->loader ? rec_number(r, d->loader) : 0;
	struct mark m = rec_open("load");
	const char *path = d->flags & D_PROGRAM ? rec_program(r) : d->lm.l_name;

	rec_add(",\"id\":%u,\"name\":%s,\"path\":%s,\"soname\":%s,\"base\":%x,"
		"\"lo\":%x,\"size\":%l",
		d->record_id, d->name, path, d->soname, (uintptr_t)d->lm.l_addr,
		d->lo, (unsigned long long)(d->hi - d->lo));
	if (d->ino)
		rec_add(",\"dev\":\"%u:%u\",\"ino\":%l",
			(unsigned)(d->dev >> 32), (unsigned)d->dev,
			(unsigned long long)d->ino);
	add_build_id(d);
	if (by)
		rec_add(",\"by\":%u", by);
	else
		rec_add(",\"by\":null");
	rec_add(",\"how\":%s,\"scope\":%s", how_it_came(r, d),
		d->flags & D_GLOBAL || !rec_state.running ? "global" : "group");
	if (d->tls_memsz)
		rec_add(",\"tls\":%l", (unsigned long long)d->tls_memsz);
	add_flags(d);
	rec_add(",\"t\":%l", rld_record_time());
	rec_close(&m);
}

/* d's number; it has been told of. */
unsigned rec_number(struct rld *r, struct dso *d)
{
	if (!d->record_id) {
		d->record_id = ++rec_state.ids;
		load_line(r, d);
	}
	return d->record_id;
}

void rec_add_object(struct rld *r, const char *key, struct dso *d)
{
	text_bytes(&rec_state.line, ",\"", 2);
	text_bytes(&rec_state.line, key, strlen(key));
	if (d)
		rec_add("\":%u", rec_number(r, d));
	else
		rec_add("\":null");
}

void rld_record_loaded(struct rld *r, struct dso *d)
{
	struct sigs was;

	if (rec_is_over(r) || d->record_id)
		return;
	rec_take(&was);
	if (!rec_state.started)
		rec_start(r);
	rec_number(r, d);
	rec_give(&was);
}

void rld_record_unloaded(struct rld *r, struct dso *d)
{
	struct sigs was;
	struct mark m;

	if (rec_is_over(r) || !d->record_id)
		return;
	m = rec_begin(r, "unload", &was);
	rec_add_object(r, "object", d);
	rec_add(",\"reason\":%s,\"t\":%l",
		d->flags & D_NEW     ? "failed" :
		d->flags & D_RETIRED ? "swapped" :
				       "closed",
		rld_record_time());
	rec_end(&m, &was);
}

static void needs_of(struct rld *r, struct dso *d)
{
	uintptr_t tag, flag;
	const char *name;
	size_t pos = 0;
	unsigned i = 0, f = 0;
	struct sigs was;

	while ((name = elf_next_needed(&d->dyn, &pos, &tag, &flag))) {
		struct dso *to = NULL;
		struct mark m;

		if (tag == DT_NEEDED && i < d->nneed && d->need)
			to = d->need[i];
		else if (tag != DT_NEEDED && f < d->nfilter)
			to = d->filtee[f];
		if (!to)
			to = rld_find_name(r, name);
		m = rec_begin(r, "need", &was);
		rec_add_object(r, "from", d);
		rec_add(",\"name\":%s", name);
		rec_add_object(r, "to", to);
		if (tag != DT_NEEDED)
			rec_add(",\"kind\":%s",
				tag == DT_FILTER ? "filter" : "auxiliary");
		else if (i < d->nneed && rld_is_delayed(d, i))
			rec_add(",\"mark\":[\"delay\"]");
		rec_end(&m, &was);
		f += tag != DT_NEEDED && to && f < d->nfilter &&
		     d->filtee[f] == to;
		i += tag == DT_NEEDED;
	}
}

static void versions_of(struct rld *r, struct dso *d)
{
	struct sigs was;

	for (unsigned i = 0; i < d->nver; i++) {
		const struct elf_version *v = &d->ver[i];
		struct dso *of;
		struct mark m;

		if (!v->name || v->is_def || !v->file)
			continue;
		of = rld_version_owner(r, d, v);
		m = rec_begin(r, "version", &was);
		rec_add_object(r, "from", d);
		rec_add(",\"file\":%s", v->file);
		rec_add_object(r, "of", of);
		rec_add(",\"version\":%s", v->name);
		if (of && of->dyn.verdef)
			rec_add(",\"found\":%b", rld_defines_version(of, v));
		if (v->is_weak)
			rec_add(",\"weak\":true");
		rec_end(&m, &was);
	}
}

void rld_record_arrived(struct rld *r, struct dso *first)
{
	if (rec_is_over(r))
		return;
	if (!rec_state.running)
		rec_state.listed = 1;
	for (struct dso *d = first; d; d = dso_next(d))
		rld_record_loaded(r, d);
	for (struct dso *d = first; d; d = dso_next(d))
		if (d->flags & (D_NEW | D_HOST) &&
		    (!rec_state.running || d->flags & D_NEW)) {
			needs_of(r, d);
			versions_of(r, d);
		}
}

/* ---- searches */

void rld_record_tried(struct rld *r, const struct tried *t)
{
	struct text *x = &rec_state.tried;
	struct sigs was;
	unsigned of = 0;

	if (rec_is_over(r))
		return;
	if (t->of) {
		rec_take(&was);
		if (!rec_state.started)
			rec_start(r);
		of = rec_number(r, t->of);
		rec_give(&was);
	}
	text_add(x,
		 x->len ? ",{\"path\":%s,\"rule\":%s" :
			  "{\"path\":%s,\"rule\":%s",
		 t->path, t->rule);
	if (t->element)
		text_add(x, ",\"element\":%w", t->len, t->element);
	if (of)
		text_add(x, ",\"of\":%u", of);
	text_add(x, ",\"result\":%s", t->result);
	if (t->is)
		text_add(x, ",\"is\":%s", t->is);
	text_bytes(x, "}", 1);
}

void rld_record_search(struct rld *r, const char *name, struct dso *from,
		       const char *found)
{
	struct text *x = &rec_state.tried;
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return;
	m = rec_begin(r, "search", &was);
	rec_add(",\"name\":%s", name);
	rec_add_object(r, "for", from);
	rec_add(",\"tried\":[");
	text_bytes(&rec_state.line, x->at, x->len);
	rec_state.line.lost |= x->lost;
	rec_state.line.raw |= x->raw;
	rec_add("],\"found\":%s,\"t\":%l", found, rld_record_time());
	rec_end(&m, &was);
	text_cut(x, 0);
	x->raw = 0;
}

/* ---- times, handles, messages, the end */

void rld_record_ran(struct rld *r, const char *event, struct dso *d,
		    unsigned long long began)
{
	unsigned long long now = rld_record_time();
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return;
	m = rec_begin(r, event, &was);
	rec_add_object(r, "object", d);
	rec_add(",\"ns\":%l,\"t\":%l", now - began, began);
	rec_end(&m, &was);
}

/* d, if it is a part of one object, and how many names were looked up for it. */
static void phase_line(struct rld *r, const char *name, struct dso *d,
		       size_t lookups, unsigned long long began,
		       unsigned long long now)
{
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return;
	m = rec_begin(r, "phase", &was);
	rec_add(",\"name\":%s", name);
	if (d) {
		rec_add_object(r, "object", d);
		rec_add(",\"lookups\":%l", (unsigned long long)lookups);
	}
	rec_add(",\"ns\":%l,\"t\":%l", now - began, began);
	rec_end(&m, &was);
}

void rld_record_phase(struct rld *r, const char *name)
{
	unsigned long long now = rld_record_time();

	phase_line(r, name, NULL, 0, rec_state.phase, now);
	rec_state.phase = now;
}

void rld_record_relocates(struct rld *r, struct dso *d)
{
	static struct dso *now LARGE;
	static unsigned long long began LARGE;
	static size_t before LARGE;
	unsigned long long at = rld_record_time();

	if (now)
		phase_line(r, "relocate", now, r->stat.lookups - before, began,
			   at);
	now = d;
	before = r->stat.lookups;
	began = at;
}

void rld_record_bound(struct rld *r)
{
	rld_record_relocates(r, NULL);
	rld_record_phase(r, "relocate");
	rec_state.running = r->mode == MODE_RUN;
}

void rld_record_entered(struct rld *r)
{
	rld_record_phase(r, "init");
	phase_line(r, "start", NULL, 0, 0, rec_state.phase);
}

void rld_record_open(struct rld *r, const char *name, struct dso *from,
		     int mode, struct dso *d, const char *error)
{
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return;
	m = rec_begin(r, "open", &was);
	rec_add(",\"name\":%s", name);
	rec_add_object(r, "from", from);
	rec_add(",\"mode\":%u", (unsigned)mode);
	rec_add_object(r, "object", d);
	if (error)
		rec_add(",\"error\":%s", error);
	rec_add(",\"t\":%l", rld_record_time());
	rec_end(&m, &was);
}

unsigned rld_record_close(struct rld *r, struct dso *d, struct dso *from)
{
	unsigned opens = d->opens - 1;
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return 0;
	m = rec_begin(r, "close", &was);
	rec_add_object(r, "object", d);
	rec_add_object(r, "from", from);
	rec_add(",\"opens\":%u,\"t\":%l", opens, rld_record_time());
	rec_end(&m, &was);
	return opens ? 0 : d->record_id;
}

static void held_line(struct rld *r, struct dso *d, const char *how,
		      struct dso *by, const char *symbol)
{
	struct sigs was;
	struct mark m = rec_begin(r, "held", &was);

	rec_add_object(r, "object", d);
	rec_add(",\"how\":%s", how);
	rec_add_object(r, "by", by);
	if (symbol)
		rec_add(",\"symbol\":%s", symbol);
	rec_end(&m, &was);
}

void rld_record_bound_by(struct rld *r, struct dso *d, struct dso *from,
			 const char *symbol)
{
	if (!rec_is_over(r))
		held_line(r, d, "binding", from, symbol);
}

/* One line a definition: objects share all that both have, or none. */
static void held_by_unique(struct rld *r, struct dso *d, struct dso *from)
{
	const struct elf_dyn *y = &from->dyn;

	for (uint32_t i = 1; i < y->nsym; i++) {
		struct ref ref = { .name = elf_str(y, y->symtab[i].st_name) };
		struct def def;

		if (ELF64_ST_BIND(y->symtab[i].st_info) == STB_LOCAL ||
		    !ref.name)
			continue;
		ref.hash = elf_gnu_hash(ref.name);
		if (rld_lookup_in(d, &ref, &def) && is_unique(&def))
			held_line(r, d, "unique", from, ref.name);
	}
}

static int has_in_liblist(const struct dso *o, const struct dso *d)
{
	for (unsigned i = 0; i < o->nneed; i++)
		if (o->need[i] == d)
			return 1;
	for (unsigned i = 0; i < o->nfilter; i++)
		if (o->filtee[i] == d)
			return 1;
	return 0;
}

void rld_record_held(struct rld *r, unsigned id)
{
	struct dso *d = r->head;

	while (d && d->record_id != id)
		d = dso_next(d);
	if (!d || rec_is_over(r))
		return;
	if (d->flags & D_STARTUP)
		held_line(r, d, "start", NULL, NULL);
	if (d->opens)
		held_line(r, d, "handle", NULL, NULL);
	if (d->flags & D_NODELETE)
		held_line(r, d, "nodelete", NULL, NULL);
	if (d->tls_dtors)
		held_line(r, d, "thread_local", NULL, NULL);
	if (d->init == INIT_RUNNING || d->init == INIT_BINDING)
		held_line(r, d, "code", NULL, NULL);
	if (d->stays)
		held_line(r, d, "readonly", NULL, NULL);
	for (struct dso *o = r->head; o; o = dso_next(o))
		if (o != d && has_in_liblist(o, d))
			held_line(r, d, "needed", o, NULL);
	for (const struct edge *x = d->users; x; x = x->next)
		if (x->unique && !(x->from->flags & D_DYING))
			held_by_unique(r, d, x->from);
}

void rld_record_delay(struct rld *r, struct dso *from, const char *name,
		      const char *symbol, struct dso *d, const char *error)
{
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return;
	m = rec_begin(r, "delay", &was);
	rec_add_object(r, "from", from);
	rec_add(",\"name\":%s,\"symbol\":%s", name, symbol);
	rec_add_object(r, "object", d);
	if (error)
		rec_add(",\"error\":%s", error);
	rec_add(",\"t\":%l", rld_record_time());
	rec_end(&m, &was);
}

void rld_record_error(struct rld *r, const char *text)
{
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return;
	if (!rec_state.listed)
		rld_record_arrived(r, r->head);
	m = rec_begin(r, "error", &was);
	rec_add(",\"text\":%s", text);
	rec_end(&m, &was);
}

void rld_record_end(struct rld *r)
{
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return;
	m = rec_begin(r, "end", &was);
	rec_add(",\"lines\":%u,\"lost\":%u", rec_state.now->lines,
		rec_state.now->lost);
	rec_state.ended = 1;
	rec_end(&m, &was);
}
