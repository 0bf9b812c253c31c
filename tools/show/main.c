/* SPDX-License-Identifier: MIT */
/* rld-show: one command that answers why. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rld.h"
#include "tools/show/ask.h"
#include "tools/show/util.h"

static const char help[] =
	"usage: rld-show COMMAND [OPTION]... PROG [ARG]...\n"
	"\n"
	"  tree PROG             what it loads: where found, by which rule, for what\n"
	"  why PROG LIB          every chain from PROG to LIB\n"
	"  symbol PROG SYMBOL    what refers to it, which definition is used\n"
	"  bindings PROG         all of them\n"
	"  lint PROG|LIB         what is wrong or will be; --host=PROG: a plug-in\n"
	"  time PROG [ARG]...    run it: phases of its start, the dearest objects\n"
	"  graph PROG            dot, SVG or PNG\n"
	"  html PROG             one self-contained page; --run: with its start\n"
	"  sqlite PROG -o FILE   the facts as a database\n"
	"  ps PID                the objects of a process\n"
	"  core FILE [PROG]      the same of a core file\n"
	"  diff A B              what differs between two programs or records\n"
	"\n"
	"PROG may be a record that `rld --record=FILE` wrote.\n"
	"\n"
	"  --json                answer for programs\n"
	"  -o, --output FILE     write the answer to FILE\n"
	"  --root DIR            the system lies below DIR\n"
	"  --library-path LIST, --preload LIST\n"
	"                        as rld's options\n"
	"  --files               look at the files alone, start no rld\n"
	"  --rld FILE            the rld to ask\n"
	"  --all                 lint: of all objects, not of this one alone\n"
	"  --host PROG           lint: the program that opens the plug-in\n"
	"  --from PATTERN, --to PATTERN, --symbol PATTERN, --undefined\n"
	"                        bindings: only those\n"
	"  --type dot|svg|png    graph; else as the name of FILE says\n"
	"  --run                 html, sqlite: run PROG, for its times\n"
	"  --seconds N           time, --run: end PROG after N seconds (10)\n"
	"  --most N              at most N lines of a list\n"
	"  -h, --help; --version\n"
	"\n"
	"Exit status: 0; 1: something is missing or was found; 2: it failed.\n";

enum {
	JSON = 256,
	ROOT,
	LIBPATH,
	PRELOAD,
	FILES,
	RLD,
	ALL,
	HOST,
	FROM,
	TO,
	SYMBOL,
	UNDEFINED,
	TYPE,
	RUN,
	SECONDS,
	MOST,
	VERSION
};

static const struct option options[] = {
	{ "json", no_argument, NULL, JSON },
	{ "output", required_argument, NULL, 'o' },
	{ "root", required_argument, NULL, ROOT },
	{ "library-path", required_argument, NULL, LIBPATH },
	{ "preload", required_argument, NULL, PRELOAD },
	{ "files", no_argument, NULL, FILES },
	{ "rld", required_argument, NULL, RLD },
	{ "all", no_argument, NULL, ALL },
	{ "host", required_argument, NULL, HOST },
	{ "from", required_argument, NULL, FROM },
	{ "object", required_argument, NULL, FROM },
	{ "to", required_argument, NULL, TO },
	{ "symbol", required_argument, NULL, SYMBOL },
	{ "undefined", no_argument, NULL, UNDEFINED },
	{ "type", required_argument, NULL, TYPE },
	{ "run", no_argument, NULL, RUN },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "most", required_argument, NULL, MOST },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, VERSION },
	{ NULL, 0, NULL, 0 },
};

static const struct command {
	const char *name;
	int (*run)(const struct ask *a);
	int least, most; /* words */
} commands[] = {
	{ "tree", show_tree, 1, 1 },
	{ "why", show_why, 2, 2 },
	{ "symbol", show_symbol, 2, 2 },
	{ "bindings", show_bindings, 1, 1 },
	{ "lint", show_lint, 1, 1 },
	{ "time", show_time, 1, 1000000 },
	{ "graph", show_graph, 1, 1 },
	{ "html", show_html, 1, 1000000 },
	{ "sqlite", show_sqlite, 1, 1000000 },
	{ "ps", show_ps, 1, 1 },
	{ "core", show_core, 1, 2 },
	{ "diff", show_diff, 2, 2 },
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	die("there is no command %s; see rld-show --help", name);
}

static unsigned number(const char *option, const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (!*s || *end || n > 1000000000)
		die("--%s wants a number, not %s", option, s);
	return (unsigned)n;
}

static void option(struct ask *a, int c)
{
	switch (c) {
	case JSON:
		a->json = true;
		break;
	case 'o':
		a->out = optarg;
		break;
	case ROOT:
		a->root = optarg;
		break;
	case LIBPATH:
		a->library_path = optarg;
		break;
	case PRELOAD:
		a->preload = optarg;
		break;
	case FILES:
		a->files_only = true;
		break;
	case RLD:
		a->rld = optarg;
		break;
	case ALL:
		a->all = true;
		break;
	case HOST:
		a->host = optarg;
		break;
	case FROM:
		a->object = optarg;
		break;
	case TO:
		a->to = optarg;
		break;
	case SYMBOL:
		a->symbol = optarg;
		break;
	case UNDEFINED:
		a->undefined = true;
		break;
	case TYPE:
		a->type = optarg;
		break;
	case RUN:
		a->run = true;
		break;
	case SECONDS:
		a->seconds = number("seconds", optarg);
		break;
	case MOST:
		a->most = number("most", optarg);
		break;
	case 'h':
		fputs(help, stdout);
		exit(SHOW_OK);
	case VERSION:
		puts("rld-show (rld) " RLD_VERSION);
		exit(SHOW_OK);
	default:
		die("see rld-show --help");
	}
}

/* Options may stand after PROG, but what follows the PROG of a command that
 * runs it is the program's. */
static void parse(struct ask *a, int argc, char **argv)
{
	bool runs;
	int c;

	while ((c = getopt_long(argc, argv, "+o:h", options, NULL)) != -1)
		option(a, c);
	if (optind >= argc)
		die("no command; see rld-show --help");
	a->command = argv[optind++];
	runs = find(a->command)->most > 2;
	a->words = need_memory((size_t)argc * sizeof *a->words);
	while (optind < argc) {
		bool own = runs && a->nwords &&
			   (a->run || strcmp(a->command, "time") == 0);

		c = own ? -1 : getopt_long(argc, argv, "+o:h", options, NULL);
		if (c != -1)
			option(a, c);
		else if (optind < argc)
			a->words[a->nwords++] = argv[optind++];
	}
}

/* Options of a command that only prints go for standard output as well; those
 * that write a file of their own kind open it themselves. */
static void redirect(const struct ask *a)
{
	static const char *const own[] = { "graph", "sqlite" };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcmp(a->command, own[i]) == 0)
			return;
	if (a->out && !freopen(a->out, "w", stdout))
		die("%s: cannot be written", a->out);
}

int main(int argc, char **argv)
{
	struct ask a = { .seconds = 10 };
	const struct command *c;
	int status;

	parse(&a, argc, argv);
	c = find(a.command);
	if (a.nwords < c->least || a.nwords > c->most)
		die("%s: wants %d word%s, not %d; see rld-show --help",
		    a.command, c->least, c->least == 1 ? "" : "s", a.nwords);
	redirect(&a);
	status = c->run(&a);
	if (fflush(stdout) || ferror(stdout))
		die("the answer could not be written");
	return status;
}
