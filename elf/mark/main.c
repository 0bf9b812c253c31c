/* SPDX-License-Identifier: MIT */
/* rld-mark: write and show the marks that rld reads.  Each file is loaded,
 * edited in memory, checked, and replaced as a whole. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edits.h"
#include "emit.h"
#include "note.h"
#include "posflag.h"
#include "dynamic.h"
#include "rld.h"
#include "save.h"
#include "show.h"

enum { EXIT_USAGE = 2 };

/* Long options without a letter; those of edits are OPT_EDIT + enum edit_op. */
enum { OPT_SHOW = 256, OPT_JSON, OPT_EMIT, OPT_MACHINE, OPT_VERSION, OPT_EDIT };

static const struct option options[] = {
	{ "delay-load", required_argument, NULL, OPT_EDIT + EDIT_DELAY },
	{ "no-delay-load", required_argument, NULL, OPT_EDIT + EDIT_NO_DELAY },
	{ "hide", required_argument, NULL, OPT_EDIT + EDIT_HIDE },
	{ "no-hide", required_argument, NULL, OPT_EDIT + EDIT_NO_HIDE },
	{ "version-string", required_argument, NULL, OPT_EDIT + EDIT_VERSION },
	{ "want-version", required_argument, NULL, OPT_EDIT + EDIT_WANT },
	{ "exact-match", required_argument, NULL, OPT_EDIT + EDIT_EXACT },
	{ "ignore-version", required_argument, NULL, OPT_EDIT + EDIT_IGNORE },
	{ "require-minor", required_argument, NULL, OPT_EDIT + EDIT_MINOR },
	{ "any-match", required_argument, NULL, OPT_EDIT + EDIT_ANY },
	{ "symbolic", no_argument, NULL, OPT_EDIT + EDIT_SYMBOLIC },
	{ "no-symbolic", no_argument, NULL, OPT_EDIT + EDIT_NO_SYMBOLIC },
	{ "clear", no_argument, NULL, OPT_EDIT + EDIT_CLEAR },
	{ "interpreter", optional_argument, NULL, OPT_EDIT + EDIT_INTERPRETER },
	{ "restore-interpreter", no_argument, NULL,
	  OPT_EDIT + EDIT_RESTORE_INTERPRETER },
	{ "output", required_argument, NULL, 'o' },
	{ "show", no_argument, NULL, OPT_SHOW },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "emit-note", no_argument, NULL, OPT_EMIT },
	{ "machine", required_argument, NULL, OPT_MACHINE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"usage: rld-mark EDIT... [-o OUT] FILE...\n"
	"       rld-mark --show [--json] FILE...\n"
	"       rld-mark --emit-note [EDIT...] [--machine=NAME] -o OUT.o\n"
	"\n"
	"Edits, carried out in their order; LIB is a DT_NEEDED name:\n"
	"  --delay-load LIB        load LIB only when something needs it\n"
	"  --no-delay-load LIB     load it at once\n"
	"  --hide SYMBOL           keep the definition from other objects\n"
	"  --no-hide SYMBOL        show it to them\n"
	"  --version-string S      own interface version, such as sgi1.0:sgi1.1\n"
	"                          ('' takes it away)\n"
	"  --want-version LIB=S    interface version wanted of LIB (LIB= any)\n"
	"  --exact-match LIB       accept that version only\n"
	"  --require-minor LIB     its minor number must match\n"
	"  --ignore-version LIB    accept any version\n"
	"  --any-match LIB         undo the three above\n"
	"  --symbolic              look into the file itself first (DT_SYMBOLIC)\n"
	"  --no-symbolic           look along the whole list\n"
	"  --clear                 remove versions and all that is said about LIBs\n"
	"  --interpreter[=PATH]    start the program by PATH (by rld)\n"
	"  --restore-interpreter   start it by what it was linked for\n"
	"\n"
	"  -o, --output OUT        write to OUT and leave FILE as it is\n"
	"  --show                  print what is marked; --json: as JSON\n"
	"  --emit-note             make an object file to be linked in\n"
	"  --machine=NAME          for which machine:";

struct request {
	struct edit *edit; /* owned */
	size_t nedit;
	const char *out, *machine;
	bool show, json, emit;
};

static void print_help(void)
{
	fputs(help, stdout);
	for (size_t i = 0; mark_machine(i); i++)
		printf("%s%s", i % 5 ? " " : "\n                          ",
		       mark_machine(i));
	puts("\n  -h, --help; --version");
}

static int usage(const char *text)
{
	fprintf(stderr, "rld-mark: %s; see rld-mark --help\n", text);
	return EXIT_USAGE;
}

static int report(const char *path, const struct mark_err *err)
{
	fprintf(stderr, "rld-mark: %s%s%s\n", path ? path : "",
		path ? ": " : "", err->text);
	return -1;
}

/* ---- one file ---- */

static int write_image(const struct request *r, const struct mark_file *f,
		       struct image *im)
{
	if (!r->out && im->len == im->inlen &&
	    memcmp(im->buf, im->in, im->len) == 0)
		return 0; /* nothing to change */
	return mark_write_file(f, r->out, im->buf, im->len, im->err);
}

static int do_image(const struct request *r, const char *path,
		    const struct mark_file *f, struct image *im)
{
	struct marks m = { 0 };
	int ret = -1;

	if (mark_note_read(im, &m) || mark_read_dynamic(im, &m))
		goto out;
	if (r->show)
		ret = mark_show(im, &m, path, r->json, stdout);
	else if (mark_edit_image(im, &m, r->edit, r->nedit) == 0)
		ret = write_image(r, f, im);
out:
	mark_free(&m);
	return ret;
}

static int do_file(const struct request *r, const char *path)
{
	struct mark_err err = { "" };
	struct mark_file f;
	unsigned char *bytes;
	struct image im;
	size_t len;
	int ret;

	if (mark_read_file(path, &f, &bytes, &len, &err))
		return report(path, &err);
	ret = mark_image_load(&im, bytes, len, &err);
	if (ret == 0) {
		ret = do_image(r, path, &f, &im);
		mark_image_free(&im);
	}
	mark_file_free(&f);
	return ret ? report(path, &err) : 0;
}

static int do_emit(const struct request *r)
{
	struct mark_err err = { "" };
	struct marks m = { 0 };
	int ret = mark_edit_marks(&m, r->edit, r->nedit, &err);

	if (ret == 0)
		ret = mark_emit(&m, r->machine, r->out, &err);
	mark_free(&m);
	return ret ? report(NULL, &err) : 0;
}

/* ---- the command line ---- */

/* 0, or the exit status plus 1 if there is nothing left to do. */
static int parse(int argc, char **argv, struct request *r)
{
	int c;

	while ((c = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			r->out = optarg;
			break;
		case OPT_SHOW:
			r->show = true;
			break;
		case OPT_JSON:
			r->json = true;
			break;
		case OPT_EMIT:
			r->emit = true;
			break;
		case OPT_MACHINE:
			r->machine = optarg;
			break;
		case 'h':
			print_help();
			return 1 + EXIT_SUCCESS;
		case OPT_VERSION:
			puts("rld-mark (rld) " RLD_VERSION);
			return 1 + EXIT_SUCCESS;
		case '?':
			return 1 + usage("bad option");
		default:
			r->edit[r->nedit].op = (enum edit_op)(c - OPT_EDIT);
			r->edit[r->nedit++].arg = optarg;
			break;
		}
	}
	return 0;
}

/* NULL, or what does not go together. */
static const char *check(const struct request *r, int nfile)
{
	if (r->emit) {
		if (!r->out)
			return "--emit-note wants -o OUT.o";
		if (r->show || r->json || nfile)
			return "--emit-note takes no file and does not go with --show";
		return NULL;
	}
	if (r->machine)
		return "--machine goes with --emit-note";
	if (nfile == 0)
		return "no file";
	if (r->json && !r->show)
		return "--json goes with --show";
	if (r->show && (r->nedit || r->out))
		return "--show does not go with edits";
	if (!r->show && !r->nedit)
		return "nothing to do";
	if (r->out && nfile > 1)
		return "-o takes one file only";
	return NULL;
}

int main(int argc, char **argv)
{
	struct request r = { 0 };
	int status = EXIT_SUCCESS, done;
	const char *wrong;

	r.edit = calloc((size_t)argc + 1, sizeof *r.edit);
	if (!r.edit)
		return usage("out of memory");
	done = parse(argc, argv, &r);
	if (done) {
		free(r.edit);
		return done - 1;
	}
	wrong = check(&r, argc - optind);
	if (wrong) {
		status = usage(wrong);
	} else if (r.emit) {
		status = do_emit(&r) ? EXIT_FAILURE : EXIT_SUCCESS;
	} else {
		for (int i = optind; i < argc; i++)
			if (do_file(&r, argv[i]))
				status = EXIT_FAILURE;
	}
	free(r.edit);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "rld-mark: standard output: %s\n",
			strerror(errno));
		status = EXIT_FAILURE;
	}
	return status;
}
