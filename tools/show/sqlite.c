/* SPDX-License-Identifier: MIT */
/* rld-show sqlite: the facts as tables. */
#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "tools/show/ask.h"
#include "tools/show/json.h"
#include "tools/show/util.h"

static const char schema[] =
	"CREATE TABLE facts(program TEXT, source TEXT, because TEXT,"
	" root TEXT, libc TEXT, mode TEXT);"
	"CREATE TABLE objects(id INTEGER PRIMARY KEY, label TEXT, name TEXT,"
	" path TEXT, soname TEXT, how TEXT, by_id INTEGER REFERENCES objects,"
	" build_id TEXT, base TEXT, tls INTEGER, textrel INTEGER,"
	" execstack INTEGER, nodelete INTEGER);"
	"CREATE TABLE needs(from_id INTEGER REFERENCES objects, name TEXT,"
	" to_id INTEGER REFERENCES objects, bound INTEGER, delay INTEGER);"
	"CREATE TABLE symbols(id INTEGER PRIMARY KEY,"
	" object_id INTEGER REFERENCES objects, name TEXT, version TEXT,"
	" is_default INTEGER, value INTEGER, size INTEGER, type TEXT,"
	" binding TEXT, visibility TEXT);"
	"CREATE TABLE bindings(id INTEGER PRIMARY KEY,"
	" from_id INTEGER REFERENCES objects, name TEXT, version TEXT,"
	" kind TEXT, weak INTEGER, to_id INTEGER REFERENCES objects,"
	" to_version TEXT, reason TEXT, rule TEXT, relocations INTEGER);"
	"CREATE TABLE candidates(binding_id INTEGER REFERENCES bindings,"
	" object_id INTEGER REFERENCES objects, version TEXT, reason TEXT);"
	"CREATE TABLE versions(from_id INTEGER REFERENCES objects, file TEXT,"
	" version TEXT, of_id INTEGER REFERENCES objects, found INTEGER);"
	"CREATE TABLE searches(id INTEGER PRIMARY KEY, name TEXT,"
	" for_id INTEGER REFERENCES objects, found TEXT);"
	"CREATE TABLE tried(search_id INTEGER REFERENCES searches,"
	" place INTEGER, path TEXT, rule TEXT, element TEXT,"
	" of_id INTEGER REFERENCES objects, result TEXT, is_for TEXT);"
	"CREATE TABLE times(object_id INTEGER REFERENCES objects, phase TEXT,"
	" ns INTEGER, at INTEGER);";

static const char indexes[] =
	"CREATE INDEX symbols_name ON symbols(name);"
	"CREATE INDEX bindings_name ON bindings(name);"
	"CREATE INDEX bindings_edge ON bindings(from_id, to_id);";

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die("SQLite: %s", sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		die("SQLite: %s", sqlite3_errmsg(db));
	return s;
}

/* One row; the format has a letter a value: s text (NULL is null), n number,
 * o an object's id. */
static void row(sqlite3 *db, sqlite3_stmt *s, const char *format, ...)
{
	const struct object *o;
	const char *str;
	va_list ap;

	va_start(ap, format);
	for (int i = 1; *format; i++, format++) {
		switch (*format) {
		case 's':
			str = va_arg(ap, const char *);
			if (str)
				sqlite3_bind_text(s, i, str, -1, SQLITE_STATIC);
			else
				sqlite3_bind_null(s, i);
			break;
		case 'n':
			sqlite3_bind_int64(s, i, (int64_t)va_arg(ap, uint64_t));
			break;
		default:
			o = va_arg(ap, const struct object *);
			if (o)
				sqlite3_bind_int(s, i, o->id);
			else
				sqlite3_bind_null(s, i);
			break;
		}
	}
	va_end(ap);
	if (sqlite3_step(s) != SQLITE_DONE)
		die("SQLite: %s", sqlite3_errmsg(db));
	sqlite3_reset(s);
}

#define N(x) ((uint64_t)(x))

static void objects(sqlite3 *db, const struct facts *f)
{
	sqlite3_stmt *ob = prepare(db, "INSERT INTO objects VALUES"
				       "(?,?,?,?,?,?,?,?,?,?,?,?,?)"),
		     *ne = prepare(db, "INSERT INTO needs VALUES(?,?,?,?,?)"),
		     *ti = prepare(db, "INSERT INTO times VALUES(?,?,?,?)");

	for (size_t i = 0; i < f->objects.n; i++) {
		const struct object *o = f->objects.v[i];
		const struct image *im = &o->image;

		row(db, ob, "nsssssossnnnn", N(o->id), o->label, o->name,
		    o->path, im->soname, o->how, o->by, im->build_id, o->base,
		    im->tls_size, N(im->textrel), N(im->execstack),
		    N(im->nodelete));
		for (size_t k = 0; k < o->needs.n; k++)
			row(db, ne, "osonn", o, o->needs.v[k].name,
			    o->needs.v[k].to, N(o->needs.v[k].bound),
			    N(o->needs.v[k].waits));
		if (o->init_ns)
			row(db, ti, "osnn", o, "init", o->init_ns, o->init_at);
	}
	for (size_t i = 0; i < f->phases.n; i++)
		row(db, ti, "osnn", f->phases.v[i].object, f->phases.v[i].name,
		    f->phases.v[i].ns, f->phases.v[i].at);
	sqlite3_finalize(ob);
	sqlite3_finalize(ne);
	sqlite3_finalize(ti);
}

static void symbols(sqlite3 *db, const struct facts *f)
{
	sqlite3_stmt *st = prepare(db, "INSERT INTO symbols VALUES"
				       "(NULL,?,?,?,?,?,?,?,?,?)");

	for (size_t i = 0; i < f->objects.n; i++) {
		const struct image *im = &f->objects.v[i]->image;

		for (size_t k = 0; k < im->symbols.n; k++) {
			const struct symbol *s = &im->symbols.v[k];

			if (s->defined && s->bind)
				row(db, st, "ossnnnsss", s->object,
				    s->name->text, s->version, N(!s->old),
				    s->value, s->size, type_name(s->type),
				    bind_name(s->bind),
				    visibility_name(s->visibility));
		}
	}
	sqlite3_finalize(st);
}

static void bindings(sqlite3 *db, const struct facts *f)
{
	sqlite3_stmt *bi = prepare(db, "INSERT INTO bindings VALUES"
				       "(?,?,?,?,?,?,?,?,?,?,?)"),
		     *ca = prepare(db,
				   "INSERT INTO candidates VALUES(?,?,?,?)"),
		     *ve = prepare(db,
				   "INSERT INTO versions VALUES(?,?,?,?,?)");

	for (size_t i = 0; i < f->bindings.n; i++) {
		const struct binding *b = f->bindings.v[i];

		row(db, bi, "nosssnosssn", N(i + 1), b->from, b->name->text,
		    b->version, how_name(b->how), N(b->weak), b->to,
		    b->to_version, b->reason, b->by, N(b->relocations));
		for (size_t k = 0; k < b->others.n; k++)
			row(db, ca, "noss", N(i + 1), b->others.v[k].object,
			    b->others.v[k].version, b->others.v[k].reason);
	}
	for (size_t i = 0; i < f->versions.n; i++)
		row(db, ve, "osson", f->versions.v[i].from,
		    f->versions.v[i].file, f->versions.v[i].version,
		    f->versions.v[i].of, N(f->versions.v[i].found));
	sqlite3_finalize(bi);
	sqlite3_finalize(ca);
	sqlite3_finalize(ve);
}

static void searches(sqlite3 *db, const struct facts *f)
{
	sqlite3_stmt *se = prepare(db, "INSERT INTO searches VALUES(?,?,?,?)"),
		     *tr = prepare(db, "INSERT INTO tried VALUES"
				       "(?,?,?,?,?,?,?,?)");

	for (size_t i = 0; i < f->searches.n; i++) {
		const struct search *s = f->searches.v[i];

		row(db, se, "nsos", N(i + 1), s->name, s->asker, s->found);
		for (size_t k = 0; k < s->tried.n; k++) {
			const struct try *t = &s->tried.v[k];

			row(db, tr, "nnsssoss", N(i + 1), N(k + 1), t->path,
			    t->rule, t->element, t->of, t->result, t->is);
		}
	}
	sqlite3_finalize(se);
	sqlite3_finalize(tr);
}

int show_sqlite(const struct ask *a)
{
	struct facts *f;
	sqlite3_stmt *st;
	sqlite3 *db;

	if (!a->out)
		die("sqlite: -o FILE says where to write");
	f = gather(a, a->words[0], a->words + 1, a->run);
	if (unlink(a->out) && errno != ENOENT)
		die("%s: %s", a->out, strerror(errno));
	if (sqlite3_open(a->out, &db) != SQLITE_OK)
		die("%s: %s", a->out, sqlite3_errmsg(db));
	run(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
	run(db, schema);
	st = prepare(db, "INSERT INTO facts VALUES(?,?,?,?,?,?)");
	row(db, st, "ssssss", f->program, f->source, f->because, f->root,
	    f->libc, f->mode);
	sqlite3_finalize(st);
	objects(db, f);
	symbols(db, f);
	bindings(db, f);
	searches(db, f);
	run(db, indexes);
	run(db, "COMMIT");
	if (sqlite3_close(db) != SQLITE_OK)
		die("%s: cannot be closed", a->out);
	if (a->json) {
		json_begin("sqlite", f);
		json_put("file", json_text(a->out));
		json_end();
	}
	return SHOW_OK;
}
