/* SPDX-License-Identifier: MIT */
/* rld-quick(1): kept answers of programs. */
#include "rld/include/rld.h"
#include "tools/quick/quick.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef RLD_LIBDIR
#define RLD_LIBDIR "/usr/local/lib/rld"
#endif
#ifndef RLD_HOST
#define RLD_HOST "x86_64"
#endif

const char *rld_path;
static bool json, with_bindings, any_bad;

static const char usage[] =
	"usage: rld-quick make [OPTION]... PROGRAM... | --all DIRECTORY...\n"
	"       rld-quick show [OPTION]... PROGRAM...\n"
	"       rld-quick verify|remove [OPTION]... [PROGRAM...]\n"
	"       rld-quick list [OPTION]...\n"
	"Keep what the start of a program found out, for its next starts under rld.\n"
	"  --all       make: the programs of these directories;\n"
	"              remove: all answers\n"
	"  --bindings  show: each reference, too\n"
	"  --json      show: as JSON\n"
	"  --system    in /var/cache/rld, for all users; root's default\n"
	"  --user      in ~/.cache/rld; others' default\n"
	"  --rld=FILE  the rld that will start them\n"
	"  --version, --help\n";

void say(const char *what, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "rld-quick: %s: %s\n", what, why);
}

const char *kept_program(const struct kept *k)
{
	return k->f.string + k->f.object[0].path;
}

/* The rld beside this tool, or where it is installed. */
static void find_rld(void)
{
	static char path[4096 + 64], self[4096];
	static const char *const below[] = { "rld", RLD_HOST "/rld" };
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (rld_path)
		return;
	if (n > 0) {
		self[n] = 0;
		*strrchr(self, '/') = 0;
		for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
			snprintf(path, sizeof path, "%s/%s", self, below[i]);
			if (!access(path, X_OK)) {
				rld_path = realpath(path, NULL);
				return;
			}
		}
	}
	rld_path = RLD_LIBDIR "/" RLD_HOST "/rld";
}

/* Is it a program that rld starts? */
static bool is_program(const char *path)
{
	unsigned char b[64 + 56 * 64];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(b, 1, sizeof b, f) : 0;
	bool yes = false;

	if (f)
		fclose(f);
	/* an interpreter's name lies near the front of such files */
	if (n > 64 && !memcmp(b, "\177ELF", 4))
		yes = memmem(b, n, "/ld-", 4) || memmem(b, n, "/rld", 4);
	return yes;
}

static int visit(const char *path, const struct stat *st, int type,
		 struct FTW *at)
{
	(void)at;
	if (type == FTW_F && S_ISREG(st->st_mode) && st->st_mode & 0111 &&
	    is_program(path) && !store_make(path))
		any_bad = true;
	return 0;
}

static bool make(char **arg, bool all)
{
	bool good = true;

	for (; *arg; arg++) {
		if (!all) {
			good &= store_make(*arg);
		} else if (nftw(*arg, visit, 32, FTW_PHYS)) {
			say(*arg, strerror(errno));
			good = false;
		}
	}
	return good && !any_bad;
}

static bool show(char **arg)
{
	bool good = true;

	for (; *arg; arg++) {
		char name[64];
		struct kept k;
		const char *why;

		if (store_name(*arg, name, sizeof name)) {
			good = false;
		} else if (!store_read(name, &k, &why)) {
			say(*arg, why);
			good = false;
		} else {
			good &= show_kept(name, &k, json, with_bindings);
			store_close(&k);
		}
	}
	return good;
}

static bool verify_one(const char *name)
{
	const char *what, *why;
	struct kept k;

	if (!store_read(name, &k, &why)) {
		printf("%s: not valid: %s\n", name, why);
		return false;
	}
	why = check_kept(&k, &what);
	if (why)
		printf("%s: not valid: %s: %s\n", kept_program(&k), what, why);
	else
		printf("%s: valid\n", kept_program(&k));
	store_close(&k);
	return !why;
}

static bool list_one(const char *name)
{
	const char *why;
	struct kept k;

	if (!store_read(name, &k, &why)) {
		printf("%s\t%s\n", name, why);
		return true;
	}
	printf("%s\t%s\t%u objects\t%zu bytes\n", name, kept_program(&k),
	       k.f.head->nobject, k.size);
	store_close(&k);
	return true;
}

static bool remove_one(const char *name)
{
	if (store_remove(name))
		return true;
	say(name, strerror(errno));
	return false;
}

/* fn for the answers of each program. */
static bool each(char **arg, bool (*fn)(const char *))
{
	bool good = true;

	for (; *arg; arg++) {
		char name[64];

		good &= !store_name(*arg, name, sizeof name) && fn(name);
	}
	return good;
}

_Noreturn static void bad_usage(void)
{
	fputs(usage, stderr);
	exit(2);
}

static bool option(const char *a, bool *all)
{
	if (!strcmp(a, "--all"))
		*all = true;
	else if (!strcmp(a, "--json"))
		json = true;
	else if (!strcmp(a, "--bindings"))
		with_bindings = true;
	else if (!strcmp(a, "--system"))
		store_choose(true);
	else if (!strcmp(a, "--user"))
		store_choose(false);
	else if (!strncmp(a, "--rld=", 6))
		rld_path = a + 6;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	bool all = false, good;
	char **arg = argv + 2;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("rld-quick " RLD_VERSION);
		return 0;
	}
	if (argc < 2)
		bad_usage();
	for (; *arg && !strncmp(*arg, "--", 2); arg++)
		if (!option(*arg, &all)) {
			say(*arg, "unknown option (try --help)");
			return 2;
		}
	find_rld();
	if (!strcmp(argv[1], "make") && *arg)
		good = make(arg, all);
	else if (!strcmp(argv[1], "show") && *arg && !all)
		good = show(arg);
	else if (!strcmp(argv[1], "verify") && !all)
		good = *arg ? each(arg, verify_one) : store_each(verify_one);
	else if (!strcmp(argv[1], "remove") && all != (*arg != NULL))
		good = all ? store_each(remove_one) : each(arg, remove_one);
	else if (!strcmp(argv[1], "list") && !*arg && !all)
		good = store_each(list_one);
	else
		bad_usage();
	return !good;
}
