/* SPDX-License-Identifier: MIT */
/* The command line, _RLD_ARGS and the environment. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/host/host.h"
#include "rld/load/load.h"
#include "rld/start/start.h"

static const char usage[] =
	"usage: rld [OPTION]... PROGRAM [ARG]...\n"
	"       rld --list|--check [OPTION]... FILE...\n"
	"Start PROGRAM, binding it by IRIX's rules; or answer questions about files.\n"
	"  --list                what would be loaded, in rld-list order\n"
	"  --check               resolve every reference, run nothing\n"
	"  --verify              exit status: 0 a dynamically linked program,\n"
	"                        2 an object without interpreter, 1 neither\n"
	"  --trace=WHAT          search,map,bind,tls,init,unload,quick or all\n"
	"  --log=FILE            traces go to FILE; %p: the pid\n"
	"  --record=FILE         what was done, a JSON object a line; %p: the pid\n"
	"  --record-fd=N         the same to a descriptor\n"
	"  --record-times        without bindings, which would take most of the time\n"
	"  --library-path=LIST   in place of LD_LIBRARY_PATH\n"
	"  --preload=LIST        load these first\n"
	"  --audit=LIST          auditors, as LD_AUDIT names them\n"
	"  --argv0=NAME          argv[0] for PROGRAM\n"
	"  --inhibit-cache       do without ld.so.cache\n"
	"  --bind-now            bind all functions at start\n"
	"  --root=DIR            prefix of RPATH, cache and default directories\n"
	"  --strict              refuse text relocations, executable stacks, and a\n"
	"                        dlopen mode that is both RTLD_LAZY and RTLD_NOW\n"
	"  --snapshot            map private copies: files may be overwritten\n"
	"  --tombstone           keep the addresses of what is unloaded, and tell\n"
	"  --identity=inode|path when two names are one object\n"
	"  --delay-load=LIST     load these libraries only when needed (or: all)\n"
	"  --print-interpreter   the path of rld's file, to name as an interpreter\n"
	"  --tree, --why, --symbol, --bindings, --lint, --time, --graph, --html,\n"
	"  --sqlite, --ps, --core, --diff ...\n"
	"                        start rld-show, which answers; as: rld --tree PROGRAM\n"
	"  --shared=LIST         namespaces of dlmopen share these libraries\n"
	"  --version, --help\n"
	"A value may be the next word, too: --argv0 NAME.\n";

static unsigned trace_bit(const char *w, size_t n)
{
	static const struct {
		const char name[8];
		unsigned bit;
	} all[] = { { "search", TR_SEARCH }, { "map", TR_MAP },
		    { "bind", TR_BIND },     { "tls", TR_TLS },
		    { "init", TR_INIT },     { "unload", TR_UNLOAD },
		    { "quick", TR_QUICK },   { "all", TR_ALL } };

	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strlen(all[i].name) == n && !strncmp(all[i].name, w, n))
			return all[i].bit;
	return 0;
}

static int set_trace(struct rld *r, const char *list)
{
	while (*list) {
		size_t n = 0;
		unsigned bit;

		while (list[n] && list[n] != ',')
			n++;
		bit = trace_bit(list, n);
		if (!bit)
			return -1;
		rld_trace_more(r, bit);
		list += n + (list[n] == ',');
	}
	return 0;
}

/* err: what came of it. */
static int record_to(struct rld *r, const char *where, int err)
{
	if (err >= 0)
		return 0;
	if (r->on_command_line)
		rld_die(r, "%s: the record cannot be written: %s", where,
			sys_strerror(err));
	rld_print(r, 2,
		  "rld: %s: %s: the record cannot be written: %s: ignored\n",
		  r->prog, where, sys_strerror(err));
	return 0;
}

static int set_identity(struct rld *r, const char *v)
{
	if (!strcmp(v, "inode"))
		r->identity = ID_INODE;
	else if (!strcmp(v, "path"))
		r->identity = ID_PATH;
	else
		return -1;
	return 0;
}

/* list, with more after a comma; heap. */
static int append(const char **list, const char *more)
{
	char *s = *list ? rld_format("%s,%s", *list, more) : rld_strdup(more);

	if (!s)
		return -1;
	rld_free((void *)(uintptr_t)*list);
	*list = s;
	return 0;
}

static int set_delay(struct rld *r, const char *v)
{
	if (!strcmp(v, "all"))
		return r->delay_all = 1, 0;
	return *v ? append(&r->delay_list, v) : -1;
}

/* The value of option name in a, behind "=" or, as ld.so has it, in the next
 * word, which then becomes NULL.  NULL: a is another option, or has none. */
static const char *value(const char *a, const char *name, char **next)
{
	size_t n = strlen(name);
	const char *v = NULL;

	if (strncmp(a, name, n) != 0)
		return NULL;
	if (a[n] == '=')
		return a + n + 1;
	if (!a[n]) {
		v = *next;
		*next = NULL;
	}
	return v;
}

/* For rld-quick: --check, with the answers to a descriptor. */
static int keep_answers(struct rld *r, const char *v)
{
	int fd = 0;

	for (; *v >= '0' && *v <= '9' && fd < 1 << 20; v++)
		fd = fd * 10 + (*v - '0');
	if (*v || !r->on_command_line)
		return -1;
	r->quick_fd = fd + 1;
	r->mode = MODE_CHECK;
	return 0;
}

static int option(struct rld *r, const char *a, char **next)
{
	const char *v;

	if (!strcmp(a, "--list"))
		return r->mode = MODE_LIST, 0;
	if (!strcmp(a, "--check"))
		return r->mode = MODE_CHECK, 0;
	if (!strcmp(a, "--verify"))
		return r->mode = MODE_VERIFY, 0;
	if (!strcmp(a, "--inhibit-cache"))
		return r->inhibit_cache = 1, 0;
	if (!strcmp(a, "--tombstone"))
		return r->tombstone = 1, 0;
	if (!strcmp(a, "--snapshot"))
		return rld_set_snapshot(r, 1), 0;
	if (!strcmp(a, "--strict"))
		return r->strict = 1, 0;
	if (!strcmp(a, "--bind-now"))
		return r->bind_now = 1, 0;
	if ((v = value(a, "--trace", next)))
		return set_trace(r, v);
	if ((v = value(a, "--log", next)))
		return rld_set_log(r, v);
	if (!strcmp(a, "--record-times"))
		return rld_record_no_bindings(r), 0;
	if ((v = value(a, "--record-fd", next)))
		return record_to(r, v, rld_record_fd(r, v));
	if ((v = value(a, "--record", next)))
		return record_to(r, v, rld_record_file(r, v));
	if ((v = value(a, "--library-path", next)))
		return r->library_path = v, 0;
	if ((v = value(a, "--preload", next)))
		return r->preload = v, 0;
	if ((v = value(a, "--audit", next)))
		return r->audit = v, 0;
	if ((v = value(a, "--argv0", next)))
		return r->argv0 = v, 0;
	if ((v = value(a, "--root", next)))
		return r->root = v, 0;
	if ((v = value(a, "--identity", next)))
		return set_identity(r, v);
	if ((v = value(a, "--delay-load", next)))
		return set_delay(r, v);
	if ((v = value(a, "--quick-fd", next)))
		return keep_answers(r, v);
	if ((v = value(a, "--shared", next)))
		return append(&r->shared, v);
	return -1;
}

static int set_ignore(struct rld *r, const char *v)
{
	return append(&r->ignore_version, v);
}

static int set_follow(struct rld *r, const char *v)
{
	return r->follow = v, rld_trace_more(r, TR_FOLLOW), 0;
}

static int with_value(struct rld *r, const char *a, const char *v)
{
	/* not a table: its pointers would be relocations of our own */
	if (!strcmp(a, "-log"))
		return rld_set_log(r, v);
	if (!strcmp(a, "-identity"))
		return set_identity(r, v);
	if (!strcmp(a, "-delay_load"))
		return set_delay(r, v);
	if (!strcmp(a, "-shared"))
		return append(&r->shared, v);
	if (!strcmp(a, "-ignore_version"))
		return set_ignore(r, v);
	return !strcmp(a, "-y") ? set_follow(r, v) : 1;
}

/* IRIX's spelling: one dash, the value in the next word. */
static int irix_option(struct rld *r, const char *a, char **next)
{
	char *v = *next;

	if (!strcmp(a, "-v") || !strcmp(a, "-trace"))
		return rld_trace_more(r, !strcmp(a, "-v") ? TR_MAP : TR_ALL), 0;
	if (!strcmp(a, "-ignore_unresolved"))
		return r->ignore_unresolved = 1, 0;
	if (!strcmp(a, "-bind_now"))
		return r->bind_now = 1, 0;
	if (!strcmp(a, "-tombstone"))
		return r->tombstone = 1, 0;
	if (!strcmp(a, "-snapshot"))
		return rld_set_snapshot(r, 1), 0;
	if (!strcmp(a, "-ignore_all_versions"))
		return r->ignore_all_versions = 1, 0;
	if (!strcmp(a, "-stat"))
		return rld_trace_more(r, TR_STAT), 0;
	if (!strcmp(a, "-quickstart_off"))
		return r->quick_off = 1, 0;
	/* no stack of ours is handed on, pixie is none */
	if (!strcmp(a, "-clearstack") || !strcmp(a, "-pixie_init"))
		return 0;
	if (v) {
		int ret = with_value(r, a, v);

		if (ret <= 0) {
			*next = NULL;
			return ret;
		}
	}
	return -1;
}

static void rld_args(struct rld *r, const char *text)
{
	char *copy = text ? rld_strdup(text) : NULL, *at = copy;
	char **word =
		rld_alloc((copy ? strlen(copy) / 2 + 1 : 1) * sizeof *word);
	int n = 0;

	while (word && at && *at) {
		while (*at == ' ' || *at == '\t')
			*at++ = 0;
		if (!*at)
			break;
		word[n++] = at;
		while (*at && *at != ' ' && *at != '\t')
			at++;
	}
	for (int i = 0; i < n; i++) {
		char *next = i + 1 < n ? word[i + 1] : NULL, *was = next;

		if (irix_option(r, word[i], &next) &&
		    (word[i][0] != '-' || word[i][1] != '-' ||
		     option(r, word[i], &next)))
			rld_print(r, 2,
				  "rld: %s: _RLD_ARGS: %s: unknown option or "
				  "value: ignored\n",
				  r->prog, word[i]);
		if (was && !next)
			i++;
	}
	rld_free(word);
	/* options point into copy: it stays */
}

static const char *either(struct rld *r, const char *a, const char *b)
{
	const char *v = rld_getenv(r, a);

	return v ? v : rld_getenv(r, b);
}

#ifdef RLD_FAULTS
static unsigned number(const char *v)
{
	unsigned n = 0;

	for (; v && *v; v++)
		n = n * 10 + (unsigned)(*v - '0');
	return n;
}
#endif

/* Few environments have one that begins so. */
static int any_variable(const struct rld *r, const char *prefix)
{
	for (char **v = r->envp; *v; v++)
		if (**v == *prefix && str_starts(*v, prefix))
			return 1;
	return 0;
}

static void loader_variables(struct rld *r)
{
	const char *v;

	r->audit_env = rld_getenv(r, "LD_AUDIT");
	if (r->secure)
		return;
	r->library_path = either(r, ARCH_LIBRARY_PATH, "LD_LIBRARY_PATH");
	r->preload_env = rld_getenv(r, "LD_PRELOAD");
	v = rld_getenv(r, "LD_BIND_NOW");
	r->bind_now = v && *v;
	if (rld_getenv(r, "LD_TRACE_LOADED_OBJECTS"))
		r->mode = MODE_LIST;
	v = rld_getenv(r, "LD_DEBUG");
	if (v && *v)
		rld_debug_variable(r, v);
}

static void environment(struct rld *r)
{
	const char *v;

	if (any_variable(r, "LD_"))
		loader_variables(r);
	if (r->secure)
		return;
	v = either(r, ARCH_LIST_VAR, "_RLD_LIST");
	r->list = v && *v ? v : NULL; /* an empty one is none */
	r->root = either(r, ARCH_ROOT_VAR, "_RLD_ROOT");
	rld_args(r, rld_getenv(r, "_RLD_ARGS"));
	v = either(r, ARCH_PATH_VAR, "_RLD_PATH");
	if (v && *v)
		rld_alternate(r, v);
#ifdef RLD_FAULTS
	rld_fail_alloc = number(rld_getenv(r, "_RLD_FAIL_ALLOC"));
	rld_fail_call = number(rld_getenv(r, "_RLD_FAIL_CALL"));
#endif
}

/* Several prefixes: each element of a path is tried below one after the other.
 * The cache and libc's own loader are those of the first. */
static void split_root(struct rld *r)
{
	char *copy = r->root ? rld_strdup(r->root) : NULL;

	if (!copy)
		return;
	r->root = copy;
	r->root_end = copy + strlen(copy);
	for (; *copy; copy++)
		if (*copy == ':')
			*copy = 0;
}

/* The file that was started, links resolved: it stays where it is when the link
 * /usr/bin/rld leads elsewhere.  Without /proc the name that the kernel was
 * given. */
_Noreturn static void print_interpreter(struct rld *r)
{
	char buf[4096];
	long n = sys_readlink("/proc/self/exe", buf, sizeof buf - 1);
	const char *name = (const char *)rld_aux(r, AT_EXECFN);

	if (n > 0)
		buf[n] = 0, name = buf;
	if (!name || *name != '/')
		rld_die(r, "its own path cannot be found: is /proc mounted?");
	rld_print(r, 1, "%s\n", name);
	sys_exit(0);
}

/* The files of --list or --check from the i-th argument on, each in a process of
 * its own.  Returns there, with the file's number; when all are done the exit
 * status is 1 if one of them had a problem. */
static int each_file(struct rld *r, int i)
{
	int bad = 0;

	for (; i < r->argc; i++) {
		int pid, status;

		r->prog = r->argv[i];
		if (r->mode == MODE_LIST)
			rld_print(r, 1, "%s:\n", r->prog);
		pid = sys_fork();
		if (!pid)
			return i;
		if (pid < 0)
			rld_die(r, "no process can be made for it: %s",
				sys_strerror(pid));
		status = sys_wait(pid);
		if (status & 0x7f)
			rld_print(r, 2, "rld: %s: ended by signal %d\n",
				  r->prog, status & 0x7f);
		bad |= status;
	}
	sys_exit(bad != 0);
}

/* The first word of a list for --trace that is none. */
static const char *bad_trace(const char *list)
{
	size_t n;

	for (; *list; list += n + (list[n] == ',')) {
		for (n = 0; list[n] && list[n] != ',';)
			n++;
		if (!trace_bit(list, n))
			break;
	}
	return list;
}

/* An option of the command line that is none, or whose value is none. */
_Noreturn static void bad_option(struct rld *r, const char *a)
{
	static const char traces[] =
		",search,map,bind,tls,init,unload,quick,all";
	const char *v = strchr(a, '=');
	size_t n = v ? (size_t)(v - a) : strlen(a);

	for (const char *p = usage; (p = strchr(p, '-')); p++) {
		if (strncmp(p, a, n) != 0 ||
		    (p[n] != '=' && p[n] != ' ' && p[n] != ','))
			continue;
		if (!v && p[n] == '=')
			rld_die(r, "%s: needs a value (try --help)", a);
		if (v && p[n] != '=')
			rld_die(r, "%s: takes no value (try --help)", a);
		rld_die(r, "%s: unknown value (try --help)%s", a,
			str_starts(a, "--trace=") ?
				rld_hint_word(traces, ",", bad_trace(v + 1)) :
				NULL);
	}
	rld_die(r, "%s: unknown option (try --help)%s", a,
		rld_hint_word(usage, "--", a + 2));
}

void rld_options(struct rld *r)
{
	enum run_mode from_environment;
	int i = 1;

	environment(r);
	if (!r->as_command)
		goto out;
	r->prog = NULL;
	r->on_command_line = 1;
	from_environment = r->mode;
	r->mode = MODE_RUN;
	for (; i < r->argc && r->argv[i][0] == '-' && r->argv[i][1] == '-';
	     i++) {
		const char *a = r->argv[i];
		char *next = r->argv[i + 1], *was = next;

		if (!a[2]) {
			i++;
			break;
		}
		if (!strcmp(a, "--version")) {
			rld_print(r, 1, "rld %s (%s)\n", RLD_VERSION,
				  ARCH_NAME);
			sys_exit(0);
		}
		if (!strcmp(a, "--print-interpreter"))
			print_interpreter(r);
		if (!strcmp(a, "--help")) {
			rld_print(r, 1, "%s", usage);
			sys_exit(0);
		}
		if (rld_asks_tool(a))
			rld_start_tool(r, i);
		if (option(r, a, &next))
			bad_option(r, a);
		i += was && !next;
	}
	if (i >= r->argc) {
		rld_print(r, 2, "rld: no program given\n%s", usage);
		sys_exit(127);
	}
	if (r->argv[i][0] == '-' && r->argv[i][1])
		rld_die(r,
			"%s: unknown option (try --help): options of one dash "
			"go into _RLD_ARGS",
			r->argv[i]);
	if (i + 1 < r->argc && (r->mode == MODE_LIST || r->mode == MODE_CHECK))
		i = each_file(r, i);
	if (r->mode == MODE_RUN) /* what follows PROGRAM is its own */
		r->mode = from_environment;
	r->prog = r->argv[i];
	if (i > 1 && r->mode == MODE_RUN)
		rld_exe_options(r, r->argv + 1, (unsigned)i - 1);
	rld_shift_args(r, i);
	if (r->argv0)
		r->argv[0] = (char *)(uintptr_t)r->argv0;
out:
	if (r->root && (!*r->root || !strcmp(r->root, "/")))
		r->root = NULL;
	split_root(r);
}
