/* SPDX-License-Identifier: MIT */
/* --show: one fact a line, or JSON. */
#include "show.h"

#include <stdlib.h>
#include <string.h>

#include "../rldnote.h"
#include "dynamic.h"
#include "emit.h"
#include "hide.h"
#include "interp.h"

/* Flags in the order they are shown. */
static const struct {
	uint32_t bit;
	const char *word;
} flag_words[] = {
	{ LL_DELAY_LOAD, "delay-load" },
	{ LL_EXACT_MATCH, "exact-match" },
	{ LL_IGNORE_INT_VER, "ignore-version" },
	{ LL_REQUIRE_MINOR, "require-minor" },
	{ LL_EXPORTS, "exports" },
};

static const struct {
	unsigned bit;
	const char *word;
} carrier_words[] = {
	{ CARRIER_NOTE, "note" },
	{ CARRIER_POSFLAG, "posflag" },
	{ CARRIER_LIBLIST, "liblist" },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What is shown. */
struct facts {
	const char *path, *soname, *version;
	const char *interp, *was; /* NULL: none, unchanged */
	bool symbolic;
	const char **hidden; /* owned */
	size_t nhidden;
	bool nomem;
};

static void add_hidden(const char *name, void *arg)
{
	struct facts *f = arg;
	const char **h;

	for (size_t i = 0; i < f->nhidden; i++)
		if (strcmp(f->hidden[i], name) == 0)
			return; /* another version of it */
	h = realloc(f->hidden, (f->nhidden + 1) * sizeof *h);
	if (!h) {
		f->nomem = true;
		return;
	}
	f->hidden = h;
	h[f->nhidden++] = name;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *dyn_name(const struct image *im, GElf_Sxword tag)
{
	const GElf_Dyn *d = mark_dyn_find(im, tag);

	return d ? mark_dyn_string(im, d->d_un.d_val) : NULL;
}

static int gather(struct image *im, const struct marks *m, struct facts *f)
{
	f->interp = mark_interp(im, &f->was);
	f->soname = dyn_name(im, DT_SONAME);
	f->version = m->version;
	if (!f->version && im->eh.e_machine == EM_MIPS)
		f->version = dyn_name(im, DT_MIPS_IVERSION);
	f->symbolic = mark_dyn_symbolic(im) || (m->flags & RLDNOTE_SYMBOLIC);
	for (size_t i = 0; i < m->nhidden; i++)
		add_hidden(m->hidden[i], f);
	if (mark_each_hidden(im, add_hidden, f))
		return -1;
	if (f->nomem)
		return mark_fail(im->err, "out of memory");
	if (f->nhidden)
		qsort(f->hidden, f->nhidden, sizeof *f->hidden, by_name);
	return 0;
}

/* ---- for people ---- */

/* A name may hold anything but NUL; keep it on its line. */
static void print_name(const char *s, FILE *out)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
}

static void print_line(const char *key, const char *value, FILE *out)
{
	fprintf(out, "  %-10s ", key);
	print_name(value, out);
	putc('\n', out);
}

static void print_needed(const char *name, const struct mark_lib *l, FILE *out)
{
	const char *sep = "  ";

	fprintf(out, "  %-10s ", "needed");
	print_name(name, out);
	for (size_t i = 0; l && i < COUNT(flag_words); i++) {
		const char *open = " (";

		if (!(l->flags & flag_words[i].bit))
			continue;
		fprintf(out, "%s%s", sep, flag_words[i].word);
		sep = ", ";
		if (flag_words[i].bit != LL_DELAY_LOAD || !l->carriers)
			continue;
		for (size_t k = 0; k < COUNT(carrier_words); k++)
			if (l->carriers & carrier_words[k].bit) {
				fprintf(out, "%s%s", open,
					carrier_words[k].word);
				open = ", ";
			}
		putc(')', out);
	}
	if (l && l->want) {
		fprintf(out, "%swant ", sep);
		print_name(l->want, out);
	}
	putc('\n', out);
}

static const char *class_name(const struct image *im)
{
	return im->eh.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32";
}

static bool is_big(const struct image *im)
{
	return im->eh.e_ident[EI_DATA] == ELFDATA2MSB;
}

/* A PIE is of type ET_DYN, but names an interpreter. */
static const char *kind(const struct image *im)
{
	if (im->eh.e_type == ET_EXEC)
		return "program";
	for (size_t i = 0; i < im->nph; i++)
		if (im->ph[i].p_type == PT_INTERP)
			return "position-independent program";
	return "shared object";
}

static void print_interp(const struct facts *f, FILE *out)
{
	if (!f->interp)
		return;
	fputs("  interpreter ", out);
	print_name(f->interp, out);
	if (f->was) {
		fputs("  (was ", out);
		print_name(f->was, out);
		putc(')', out);
	}
	putc('\n', out);
}

static void show_text(const struct image *im, const struct marks *m,
		      const struct facts *f, FILE *out)
{
	size_t n = mark_dyn_count(im);

	print_name(f->path, out);
	fprintf(out, ": %s, %s, ELF%s %s-endian\n", kind(im),
		mark_machine_name(&im->eh), class_name(im),
		is_big(im) ? "big" : "little");
	print_interp(f, out);
	if (f->soname)
		print_line("soname", f->soname, out);
	if (f->version)
		print_line("version", f->version, out);
	print_line("symbolic", f->symbolic ? "yes" : "no", out);
	for (size_t i = 0; i < n; i++) {
		const char *name = mark_needed(im, i);

		if (name)
			print_needed(name, mark_lib_find(m, name), out);
	}
	for (size_t i = 0; i < f->nhidden; i++)
		print_line("hidden", f->hidden[i], out);
}

/* ---- JSON ---- */

/* Length of the UTF-8 character at s, 0 if there is none (RFC 3629). */
static int utf8(const unsigned char *s)
{
	int n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (int i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Bytes that are not UTF-8 are written as the character of that number. */
static void json_string(const char *str, FILE *out)
{
	const unsigned char *s = (const unsigned char *)str;

	if (!str) {
		fputs("null", out);
		return;
	}
	putc('"', out);
	while (*s) {
		int n = utf8(s);

		if (n) {
			fwrite(s, 1, (size_t)n, out);
			s += n;
			continue;
		}
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s < 0x20 || *s >= 0x7f)
			fprintf(out, "\\u%04x", *s);
		else
			putc(*s, out);
		s++;
	}
	putc('"', out);
}

static void json_member(const char *key, const char *value, FILE *out)
{
	fprintf(out, "\"%s\": ", key);
	json_string(value, out);
	fputs(",\n  ", out);
}

static void json_needed(const char *name, const struct mark_lib *l, FILE *out)
{
	static const struct mark_lib none;
	const char *sep = "";

	if (!l)
		l = &none;
	fputs("{\"name\": ", out);
	json_string(name, out);
	fputs(", \"flags\": [", out);
	for (size_t i = 0; i < COUNT(flag_words); i++)
		if (l->flags & flag_words[i].bit) {
			fprintf(out, "%s\"%s\"", sep, flag_words[i].word);
			sep = ", ";
		}
	fputs("], \"delay_load_by\": [", out);
	sep = "";
	for (size_t i = 0; i < COUNT(carrier_words); i++)
		if ((l->flags & LL_DELAY_LOAD) &&
		    (l->carriers & carrier_words[i].bit)) {
			fprintf(out, "%s\"%s\"", sep, carrier_words[i].word);
			sep = ", ";
		}
	fputs("], \"want\": ", out);
	json_string(l->want, out);
	putc('}', out);
}

static void show_json(const struct image *im, const struct marks *m,
		      const struct facts *f, FILE *out)
{
	size_t n = mark_dyn_count(im);
	const char *sep = "";

	fputs("{\n  ", out);
	json_member("file", f->path, out);
	json_member("kind", kind(im), out);
	json_member("machine", mark_machine_name(&im->eh), out);
	fprintf(out, "\"class\": %s,\n  ", class_name(im));
	json_member("byte_order", is_big(im) ? "big" : "little", out);
	json_member("interpreter", f->interp, out);
	json_member("interpreter_was", f->was, out);
	json_member("soname", f->soname, out);
	json_member("version", f->version, out);
	fprintf(out, "\"symbolic\": %s,\n  \"needed\": [",
		f->symbolic ? "true" : "false");
	for (size_t i = 0; i < n; i++) {
		const char *name = mark_needed(im, i);

		if (!name)
			continue;
		fprintf(out, "%s\n    ", sep);
		json_needed(name, mark_lib_find(m, name), out);
		sep = ",";
	}
	fprintf(out, "%s],\n  \"hidden\": [", *sep ? "\n  " : "");
	for (size_t i = 0; i < f->nhidden; i++) {
		fputs(i ? ", " : "", out);
		json_string(f->hidden[i], out);
	}
	fputs("]\n}\n", out);
}

int mark_show(struct image *im, const struct marks *m, const char *path,
	      bool json, FILE *out)
{
	struct facts f = { .path = path };
	int ret = gather(im, m, &f);

	if (ret == 0) {
		if (json)
			show_json(im, m, &f, out);
		else
			show_text(im, m, &f, out);
	}
	free(f.hidden);
	return ret;
}
