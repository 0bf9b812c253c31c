/* SPDX-License-Identifier: MIT */
/* The record: what the loader did, a JSON object a line (doc/record.md).  Nothing
 * here takes the loader's lock or its heap, so a first call may come by. */
#include "rld/diag/record.h"
#include "rld.h"
#include "rld/bind/bind.h"
#include "rld/diag/event.h"
#include "rld/diag/json.h"
#include "rld/file/path.h"
#include "rld/tls/tls.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* Of one process: zero in a forked child, and shared with one of vfork. */
struct process {
	int lock; /* a futex: 0 free, 1 held, 2 held and waited for */
	int alive;
	unsigned lines, lost;
};

static struct {
	struct process *now;
	struct text
		line; /* the line in hand, behind it those that it waits for */
	struct text tried; /* places of the search in hand */
	int fd;
	int pid;	   /* of the process that began, or was forked */
	char *file;	   /* heap, absolute; NULL: a descriptor was given */
	uint64_t dev, ino; /* of what fd was at first */
	unsigned long long began, phase; /* nanoseconds */
	unsigned ids;
	unsigned char started; /* the first line is written */
	unsigned char running; /* there may be signals, threads, forks */
	unsigned char listed;  /* the start's objects are told */
	unsigned char ended;
} rec LARGE;

static unsigned long long now_ns(int clock)
{
	long time[2] = { 0, 0 };

	sys3(__NR_clock_gettime, clock, (long)time, 0);
	return (unsigned long long)time[0] * 1000000000u +
	       (unsigned long long)time[1];
}

unsigned long long rld_record_time(void)
{
	return now_ns(1 /* CLOCK_MONOTONIC */) - rec.began;
}

/* What is behind the descriptor now: a program may have closed it, and opened
 * another file that has its number. */
static int is_same_file(void)
{
	struct statx st;

	return !sys_statx(rec.fd, "", AT_EMPTY_PATH, &st) &&
	       sys_dev(&st) == rec.dev && st.stx_ino == rec.ino;
}

static int note_file(void)
{
	struct statx st;
	int err = sys_statx(rec.fd, "", AT_EMPTY_PATH, &st);

	rec.dev = sys_dev(&st);
	rec.ino = st.stx_ino;
	return err;
}

static int begin_record(struct rld *r, int fd)
{
	uintptr_t at = sys_mmap(NULL, r->page, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	rec.fd = fd;
	err = note_file();
	if (err)
		return err;
	if (SYS_ERR(at))
		return (int)at;
	sys3(__NR_madvise, (long)at, (long)r->page, MADV_WIPEONFORK);
	rec.now = (struct process *)at;
	rec.now->alive = 1;
	rec.pid = sys_getpid();
	rec.began = rec.phase = 0;
	rec.began = now_ns(1);
	r->trace |= TR_RECORD;
	return 0;
}

int rld_record_file(struct rld *r, const char *file)
{
	char *name;
	int fd;

	if (r->secure)
		return 0;
	name = rld_with_pid(file);
	rec.file = name ? path_absolute(name) : NULL;
	if (rec.file)
		rld_free(name);
	else
		rec.file = name;
	if (!rec.file)
		return -ENOMEM;
	fd = sys_open(rec.file, O_WRONLY | O_CREAT | O_APPEND);
	return fd < 0 ? fd : begin_record(r, fd);
}

int rld_record_fd(struct rld *r, const char *number)
{
	int fd = 0;

	if (!*number)
		return -EINVAL;
	for (; *number; number++) {
		if (*number < '0' || *number > '9' || fd > 1000000)
			return -EINVAL;
		fd = fd * 10 + (*number - '0');
	}
	return r->secure ? 0 : begin_record(r, fd);
}

/* ---- one writer at a time; while the program runs, without signals */

static void take(struct sigs *was)
{
	int state;

	if (rec.running)
		rld_block_signals(was);
	state = 0;
	if (__atomic_compare_exchange_n(&rec.now->lock, &state, 1, 0,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&rec.now->lock, 2, __ATOMIC_ACQUIRE))
		sys_futex_wait(&rec.now->lock, 2);
}

static void give(const struct sigs *was)
{
	if (__atomic_exchange_n(&rec.now->lock, 0, __ATOMIC_RELEASE) == 2)
		sys_futex_wake(&rec.now->lock, 1);
	if (rec.running)
		sys_sigmask(SIG_SETMASK, was, NULL);
}

static void count_lost(void)
{
	__atomic_fetch_add(&rec.now->lost, 1, __ATOMIC_RELAXED);
}

/* One write, unless the system takes less. */
static int write_line(const char *s, size_t n)
{
	if (rec.running && !is_same_file()) {
		int fd = rec.file ? sys_open(rec.file,
					     O_WRONLY | O_CREAT | O_APPEND) :
				    -1;
		if (fd < 0)
			return -1;
		rec.fd = fd;
		note_file();
	}
	while (n) {
		long k = sys_write(rec.fd, s, n);

		if (k == -EINTR)
			continue;
		if (k <= 0)
			return -1;
		s += k;
		n -= (size_t)k;
	}
	return 0;
}

/* ---- lines.  A line in hand may wait until another one, of an object that it
 * names, is written: that one is made behind it. */

struct mark {
	size_t at;
	unsigned char lost, raw;
};

static struct mark open_line(const char *event)
{
	struct text *t = &rec.line;
	struct mark m = { t->len, t->lost, t->raw };

	t->lost = t->raw = 0;
	text_add(t, "{\"pid\":%u,\"event\":%s",
		 (unsigned)(rec.running ? sys_getpid() : rec.pid), event);
	return m;
}

static void close_line(const struct mark *m)
{
	struct text *t = &rec.line;

	if (t->raw)
		text_add(t, ",\"raw\":true");
	text_bytes(t, "}\n", 2);
	if (t->lost || write_line(t->at + m->at, t->len - m->at))
		count_lost();
	else
		rec.now->lines++;
	t->len = m->at;
	t->lost = m->lost;
	t->raw = m->raw;
}

static void add(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	text_vadd(&rec.line, f, ap);
	va_end(ap);
}

static const char *interpreter(const struct rld *r)
{
	const struct dso *p = r->program;

	for (unsigned i = 0; p && i < p->phnum; i++) {
		const ElfW(Phdr) *ph = &p->ph[i];
		const char *s = (const char *)(p->lm.l_addr + ph->p_vaddr);

		if (ph->p_type == PT_INTERP && ph->p_filesz &&
		    rld_readable(r, p, (uintptr_t)s, ph->p_filesz) &&
		    !s[ph->p_filesz - 1])
			return s;
	}
	return NULL;
}

static const char *program_path(const struct rld *r)
{
	const char *exe = (const char *)rld_aux(r, AT_EXECFN);

	return r->program_file ? r->program_file :
	       r->as_command   ? r->prog :
	       exe	       ? exe :
				 r->prog;
}

static void add_preloads(const struct rld *r)
{
	const char *lists[2] = { r->preload, r->preload_env };
	const char *sep = "";

	add(",\"preload\":[");
	for (int i = 0; i < 2; i++)
		for (const char *p = lists[i]; p && *p;) {
			size_t n = 0;

			while (p[n] && p[n] != ':' && p[n] != ' ')
				n++;
			if (n) {
				text_bytes(&rec.line, sep, strlen(sep));
				add("%w", n, p);
				sep = ",";
			}
			p += n + (p[n] != 0);
		}
	add("]");
}

static void start_line(struct rld *r)
{
	struct mark m = open_line("start");
	const char *interp = interpreter(r);
	int musl = interp && !r->host.libc && r->host.kind == HOST_MUSL;

	rec.started = 1;
	add(",\"schema\":\"rld-record\",\"version\":1,\"rld\":%s,"
	    "\"program\":%s,\"argv\":[",
	    RLD_VERSION, program_path(r));
	for (int i = 0; r->mode == MODE_RUN && i < r->argc; i++)
		add(i ? ",%s" : "%s", r->argv[i]);
	add("],\"machine\":%s,\"class\":%u,\"mode\":%s,\"interpreter\":%s,"
	    "\"started\":%s",
	    ARCH_NAME, (unsigned)WORD * 8,
	    r->mode == MODE_RUN	  ? "run" :
	    r->mode == MODE_CHECK ? "check" :
				    "list",
	    interp, r->as_command ? "command" : "interpreter");
	add(",\"libc\":%s", musl || r->host.kind == HOST_MUSL ? "musl" :
			    r->host.kind == HOST_GLIBC	      ? "glibc" :
								NULL);
	if (r->root)
		add(",\"root\":%s", r->root);
	if (r->library_path)
		add(",\"library_path\":%s", r->library_path);
	if (r->preload || r->preload_env)
		add_preloads(r);
	add(",\"time\":\"%l\"", now_ns(0 /* CLOCK_REALTIME */));
	close_line(&m);
}

static void fork_line(void)
{
	struct mark m;
	int parent = rec.pid;

	rec.now->alive = 1;
	rec.pid = sys_getpid();
	text_cut(&rec.line, 0); /* what another thread had begun */
	m = open_line("fork");
	add(",\"parent\":%u", (unsigned)parent);
	close_line(&m);
}

/* Has the last line been written, or is this none of the modes that have one? */
static int is_over(const struct rld *r)
{
	return rec.ended || r->mode == MODE_VERIFY;
}

/* The lock is taken from here to end_line. */
static struct mark begin_line(struct rld *r, const char *event,
			      struct sigs *was)
{
	take(was);
	if (!rec.now->alive) {
		if (rec.started)
			fork_line();
		rec.now->alive = 1;
		rec.pid = sys_getpid();
	}
	if (!rec.started)
		start_line(r);
	return open_line(event);
}

static void end_line(const struct mark *m, const struct sigs *was)
{
	close_line(m);
	give(was);
}

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
	if (rec.running)
		return "dlopen";
	if (!*d->name || !r->list || !is_in(r->list, d->name))
		return "preload";
	return "list";
}

static void add_flags(const struct dso *d)
{
	const char *sep = "";

#define FLAG(is, name)                                           \
	do {                                                     \
		if (is) {                                        \
			text_bytes(&rec.line, sep, strlen(sep)); \
			add("%s", name);                         \
			sep = ",";                               \
		}                                                \
	} while (0)
	add(",\"flags\":[");
	FLAG(d->flags & D_SYMBOLIC, "symbolic");
	FLAG(d->dyn.bind_now, "now");
	FLAG(d->dyn.flags_1 & DF_1_NODELETE, "nodelete");
	FLAG(d->dyn.textrel, "textrel");
	FLAG(d->stack_flags >= 0 && d->stack_flags & PF_X, "execstack");
	FLAG(d->dyn.flags_1 & DF_1_NODEFLIB, "nodefaultlib");
	FLAG(d->dyn.flags_1 & DF_1_INTERPOSE, "interposer");
	add("]");
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
	add(",\"build_id\":%w", (size_t)g.build_id_size * 2,
	    g.build_id_size ? hex : NULL);
}

static unsigned number_of(struct rld *r, struct dso *d);

static void load_line(struct rld *r, struct dso *d)
{
	unsigned by = d->loader ? number_of(r, d->loader) : 0;
	struct mark m = open_line("load");
	const char *path = d->flags & D_PROGRAM ? program_path(r) :
						  d->lm.l_name;

	add(",\"id\":%u,\"name\":%s,\"path\":%s,\"soname\":%s,\"base\":%x,"
	    "\"lo\":%x,\"size\":%l",
	    d->record_id, d->name, path, d->soname, (uintptr_t)d->lm.l_addr,
	    d->lo, (unsigned long long)(d->hi - d->lo));
	if (d->ino)
		add(",\"dev\":\"%u:%u\",\"ino\":%l", (unsigned)(d->dev >> 32),
		    (unsigned)d->dev, (unsigned long long)d->ino);
	add_build_id(d);
	if (by)
		add(",\"by\":%u", by);
	else
		add(",\"by\":null");
	add(",\"how\":%s,\"scope\":%s", how_it_came(r, d),
	    d->flags & D_GLOBAL || !rec.running ? "global" : "group");
	if (d->tls_memsz)
		add(",\"tls\":%l", (unsigned long long)d->tls_memsz);
	add_flags(d);
	add(",\"t\":%l", rld_record_time());
	close_line(&m);
}

/* d's number; it has been told of. */
static unsigned number_of(struct rld *r, struct dso *d)
{
	if (!d->record_id) {
		d->record_id = ++rec.ids;
		load_line(r, d);
	}
	return d->record_id;
}

static void add_object(struct rld *r, const char *key, struct dso *d)
{
	text_bytes(&rec.line, ",\"", 2);
	text_bytes(&rec.line, key, strlen(key));
	if (d)
		add("\":%u", number_of(r, d));
	else
		add("\":null");
}

void rld_record_loaded(struct rld *r, struct dso *d)
{
	struct sigs was;

	if (is_over(r) || d->record_id)
		return;
	take(&was);
	if (!rec.started)
		start_line(r);
	number_of(r, d);
	give(&was);
}

void rld_record_unloaded(struct rld *r, struct dso *d)
{
	struct sigs was;
	struct mark m;

	if (is_over(r) || !d->record_id)
		return;
	m = begin_line(r, "unload", &was);
	add_object(r, "object", d);
	add(",\"reason\":%s,\"t\":%l",
	    d->flags & D_NEW	 ? "failed" :
	    d->flags & D_RETIRED ? "swapped" :
				   "closed",
	    rld_record_time());
	end_line(&m, &was);
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
		m = begin_line(r, "need", &was);
		add_object(r, "from", d);
		add(",\"name\":%s", name);
		add_object(r, "to", to);
		if (tag != DT_NEEDED)
			add(",\"kind\":%s",
			    tag == DT_FILTER ? "filter" : "auxiliary");
		else if (i < d->nneed && rld_is_delayed(d, i))
			add(",\"mark\":[\"delay\"]");
		end_line(&m, &was);
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
		m = begin_line(r, "version", &was);
		add_object(r, "from", d);
		add(",\"file\":%s", v->file);
		add_object(r, "of", of);
		add(",\"version\":%s", v->name);
		if (of && of->dyn.verdef)
			add(",\"found\":%b", rld_defines_version(of, v));
		if (v->is_weak)
			add(",\"weak\":true");
		end_line(&m, &was);
	}
}

void rld_record_arrived(struct rld *r, struct dso *first)
{
	if (is_over(r))
		return;
	if (!rec.running)
		rec.listed = 1;
	for (struct dso *d = first; d; d = dso_next(d))
		rld_record_loaded(r, d);
	for (struct dso *d = first; d; d = dso_next(d))
		if (d->flags & (D_NEW | D_HOST) &&
		    (!rec.running || d->flags & D_NEW)) {
			needs_of(r, d);
			versions_of(r, d);
		}
}

/* ---- searches */

void rld_record_tried(struct rld *r, const struct tried *t)
{
	struct text *x = &rec.tried;
	struct sigs was;
	unsigned of = 0;

	if (is_over(r))
		return;
	if (t->of) {
		take(&was);
		if (!rec.started)
			start_line(r);
		of = number_of(r, t->of);
		give(&was);
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
	struct text *x = &rec.tried;
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return;
	m = begin_line(r, "search", &was);
	add(",\"name\":%s", name);
	add_object(r, "for", from);
	add(",\"tried\":[");
	text_bytes(&rec.line, x->at, x->len);
	rec.line.lost |= x->lost;
	rec.line.raw |= x->raw;
	add("],\"found\":%s,\"t\":%l", found, rld_record_time());
	end_line(&m, &was);
	text_cut(x, 0);
	x->raw = 0;
}

/* ---- bindings */

/* Is a signal handler running here, as far as a thread can tell?  It runs on an
 * alternate stack, or a signal is blocked that has a handler. */
static int in_handler(void)
{
	enum { BITS = 8 * sizeof(unsigned long) };
	struct sigs set;
	unsigned long words[sizeof set / sizeof(long)];

	if (sys_on_altstack())
		return 1;
	if (sys_sigmask(SIG_BLOCK, NULL, &set))
		return 0;
	memcpy(words, &set, sizeof words);
	for (int sig = 1; sig < _NSIG; sig++)
		if (words[(sig - 1) / BITS] >> ((sig - 1) % BITS) & 1 &&
		    sys_has_handler(sig))
			return 1;
	return 0;
}

static const char *kind_of(const struct binding *b)
{
	switch (b->rel ? arch_reloc_kind(b->rel->type) : RK_NONE) {
	case RK_JUMP_SLOT:
		return "call";
	case RK_COPY:
		return "copy";
	case RK_TPOFF:
	case RK_DTPMOD:
	case RK_DTPOFF:
	case RK_TLSDESC:
		return "tls";
	case RK_SIZE32:
	case RK_SIZE64:
		return "size";
	default:
		return b->rel ? "data" : b->when;
	}
}

/* The version of symbol i of d, a definition; NULL: none, or the base one. */
static const struct elf_version *version_of(const struct dso *d, uint32_t i)
{
	unsigned v;

	if (!d->dyn.versym || i >= d->dyn.nsym)
		return NULL;
	v = d->dyn.versym[i] & 0x7fff;
	return v > 1 && v < d->nver && d->ver[v].name ? &d->ver[v] : NULL;
}

static const char *kind_of_definition(const ElfW(Sym) *s)
{
	switch (ELF64_ST_BIND(s->st_info)) {
	case STB_WEAK:
		return "weak";
	case STB_GNU_UNIQUE:
		return "unique";
	default:
		return NULL;
	}
}

static const char *passed_over(enum verdict v)
{
	switch (v) {
	case SYM_VERSION:
		return "version";
	case SYM_HIDDEN:
		return "visibility";
	case SYM_SCOPE:
		return "scope";
	case SYM_SELF:
		return "self";
	case SYM_UNDEFINED:
		return "undefined";
	case SYM_MARK:
		return "mark";
	case SYM_LEAVING:
		return "leaving";
	default:
		return "later";
	}
}

/* Each definition of b's name, in the list's order. */
static uint32_t next_of_name(const struct dso *d, const struct ref *ref,
			     struct elf_walk *w)
{
	uint32_t i;
	int sysv = elf_needs_sysv(&d->dyn);
	uint32_t h = sysv ? elf_sysv_hash(ref->name) : ref->hash;

	while ((i = sysv ? elf_walk_sysv(&d->dyn, h, w) :
			   elf_walk_gnu(&d->dyn, h, w))) {
		const char *s = elf_str(&d->dyn, d->dyn.symtab[i].st_name);

		if (s && !strcmp(s, ref->name))
			break;
	}
	return i;
}

/* The first definition along the list that serves. */
static const ElfW(Sym) *first_that_serves(const struct rld *r,
					  const struct ref *ref,
					  const struct dso **of)
{
	const ElfW(Sym) *second = NULL;

	for (const struct dso *d = r->head; d && !second; d = dso_next(d)) {
		struct elf_walk w = { 0 };
		uint32_t i;

		*of = d;
		if (!(d->flags & D_READY) || d->flags & D_VDSO)
			continue;
		while ((i = next_of_name(d, ref, &w))) {
			enum verdict v = rld_judge(d, i, ref);

			if (v == SYM_SERVES)
				return &d->dyn.symtab[i];
			if (v == SYM_SECOND && !second)
				second = &d->dyn.symtab[i];
		}
	}
	return second;
}

/* The rule of doc/binding.md by which this definition is the one. */
static const char *rule_of(const struct rld *r, const struct binding *b)
{
	const struct dso *d = b->def->dso, *first = NULL;
	const struct dso *from = b->from;
	const ElfW(Sym) *s = first_that_serves(r, b->ref, &first);

	if (s == b->def->sym && first == d)
		return "list";
	if (from && from->flags & D_SYMBOLIC && d == from)
		return "own";
	if (is_unique(b->def))
		return "unique";
	if (s && first->nfilter)
		return "filter";
	if (r->overrides && s && ELF64_ST_BIND(s->st_info) == STB_WEAK)
		return "strong";
	if (!b->rel)
		return b->by;
	if (d->flags & D_DELAYED)
		return "delay";
	return "group";
}

static void add_candidates(struct rld *r, const struct binding *b,
			   const char *rule)
{
	int n = 0, behind = 0;

	for (struct dso *d = r->head; d; d = dso_next(d)) {
		struct elf_walk w = { 0 };
		uint32_t i;

		if (!(d->flags & D_READY) || d->flags & D_VDSO)
			continue;
		while ((i = next_of_name(d, b->ref, &w))) {
			const ElfW(Sym) *s = &d->dyn.symtab[i];
			enum verdict v = rld_judge(d, i, b->ref);
			const struct elf_version *ver = version_of(d, i);

			if (b->def && s == b->def->sym && d == b->def->dso) {
				behind = 1;
				continue;
			}
			if (v == SYM_NONE)
				continue;
			add(n++ ? ",{\"object\":%u" :
				  ",\"candidates\":[{\"object\":%u",
			    number_of(r, d));
			add(",\"version\":%s", ver ? ver->name : NULL);
			if (ver)
				add(",\"default\":%b",
				    !(d->dyn.versym[i] & 0x8000));
			if (kind_of_definition(s))
				add(",\"def\":%s", kind_of_definition(s));
			add(",\"reason\":%s}", v > SYM_SECOND ? passed_over(v) :
					       behind || !rule ? "later" :
								 "rule");
		}
	}
	if (n)
		add("]");
}

static void add_definition(struct rld *r, const struct binding *b,
			   const char *rule)
{
	struct dso *d = b->def->dso;
	const ElfW(Sym) *s = b->def->sym;
	uint32_t i = (uint32_t)(s - d->dyn.symtab);
	const struct elf_version *ver = version_of(d, i);
	unsigned type = ELF64_ST_TYPE(s->st_info);

	add_object(r, "to", d);
	add(",\"value\":%x",
	    type == STT_TLS ? (uintptr_t)s->st_value : rld_sym_addr(d, s));
	add(",\"to_version\":%s", ver ? ver->name : NULL);
	if (ver && d->dyn.versym[i] & 0x8000)
		add(",\"to_default\":false");
	if (kind_of_definition(s))
		add(",\"def\":%s", kind_of_definition(s));
	if (type == STT_GNU_IFUNC)
		add(",\"ifunc\":true");
	if (b->rel && arch_reloc_kind(b->rel->type) == RK_COPY)
		add(",\"size\":%l,\"to_size\":%l",
		    (unsigned long long)b->ref->from->dyn.symtab[b->rel->sym]
			    .st_size,
		    (unsigned long long)s->st_size);
	add(",\"by\":%s", rule);
}

static void record_binding(struct rld *r, const struct binding *b,
			   const char *rule)
{
	const struct ref *ref = b->ref;
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return;
	if (rec.running && in_handler()) {
		count_lost();
		return;
	}
	m = begin_line(r, "bind", &was);
	add_object(r, "from", b->from);
	add(",\"symbol\":%s,\"version\":%s,\"kind\":%s", ref->name,
	    ref->ver ? ref->ver->name : NULL, kind_of(b));
	if (b->rel)
		add(",\"offset\":%x,\"type\":%u", b->rel->off, b->rel->type);
	if (b->is_weak)
		add(",\"weak\":true");
	if (b->def)
		add_definition(r, b, rule);
	else
		add(",\"to\":null,\"reason\":%s", b->reason);
	add(",\"when\":%s", b->when ? b->when : rec.running ? "open" : "start");
	add_candidates(r, b, rule);
	end_line(&m, &was);
}

static void trace_binding(struct rld *r, const struct binding *b,
			  const char *rule)
{
	const struct ref *ref = b->ref;
	const struct dso *d = b->def->dso;
	uint32_t i = (uint32_t)(b->def->sym - d->dyn.symtab);
	const struct elf_version *ver = version_of(d, i);

	if (!(r->trace & TR_BIND) &&
	    (!r->follow || strcmp(r->follow, ref->name) != 0))
		return;
	rld_trace(r, "bind: %s: %s%s%s -> %s%s%s%s%s%s%s%s%s\n",
		  b->from ? dso_name(r, b->from) : r->prog, ref->name,
		  ref->ver ? "@" : "", ref->ver ? ref->ver->name : "",
		  dso_name(r, d), ver ? " " : "",
		  !ver			    ? "" :
		  d->dyn.versym[i] & 0x8000 ? "@" :
					      "@@",
		  ver ? ver->name : "", strcmp(rule, "list") ? " by " : "",
		  strcmp(rule, "list") ? rule : "", b->when ? " (" : "",
		  b->when ? b->when : "", b->when ? ")" : "");
}

void rld_tell_binding(struct rld *r, const struct binding *b)
{
	const char *rule = b->def ? rule_of(r, b) : NULL;

	if (b->def)
		trace_binding(r, b, rule);
	if (r->trace & TR_RECORD)
		record_binding(r, b, rule);
}

void rld_record_in_child(void)
{
	if (rec.now->alive && rec.pid != sys_getpid())
		*rec.now = (struct process){ 0 };
}

/* ---- times, handles, messages, the end */

void rld_record_ran(struct rld *r, const char *event, struct dso *d,
		    unsigned long long began)
{
	unsigned long long now = rld_record_time();
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return;
	m = begin_line(r, event, &was);
	add_object(r, "object", d);
	add(",\"ns\":%l,\"t\":%l", now - began, began);
	end_line(&m, &was);
}

static void phase_line(struct rld *r, const char *name, struct dso *d,
		       unsigned long long began, unsigned long long now)
{
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return;
	m = begin_line(r, "phase", &was);
	add(",\"name\":%s", name);
	if (d)
		add_object(r, "object", d);
	add(",\"ns\":%l,\"t\":%l", now - began, began);
	end_line(&m, &was);
}

void rld_record_phase(struct rld *r, const char *name)
{
	unsigned long long now = rld_record_time();

	phase_line(r, name, NULL, rec.phase, now);
	rec.phase = now;
}

void rld_record_relocates(struct rld *r, struct dso *d)
{
	static struct dso *now LARGE;
	static unsigned long long began LARGE;
	unsigned long long at = rld_record_time();

	if (now)
		phase_line(r, "relocate", now, began, at);
	now = d;
	began = at;
}

void rld_record_bound(struct rld *r)
{
	rld_record_relocates(r, NULL);
	rld_record_phase(r, "relocate");
	rec.running = r->mode == MODE_RUN;
}

void rld_record_entered(struct rld *r)
{
	rld_record_phase(r, "init");
	phase_line(r, "start", NULL, 0, rec.phase);
}

void rld_record_open(struct rld *r, const char *name, struct dso *from,
		     int mode, struct dso *d, const char *error)
{
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return;
	m = begin_line(r, "open", &was);
	add(",\"name\":%s", name);
	add_object(r, "from", from);
	add(",\"mode\":%u", (unsigned)mode);
	add_object(r, "object", d);
	if (error)
		add(",\"error\":%s", error);
	add(",\"t\":%l", rld_record_time());
	end_line(&m, &was);
}

unsigned rld_record_close(struct rld *r, struct dso *d, struct dso *from)
{
	unsigned opens = d->opens - 1;
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return 0;
	m = begin_line(r, "close", &was);
	add_object(r, "object", d);
	add_object(r, "from", from);
	add(",\"opens\":%u,\"t\":%l", opens, rld_record_time());
	end_line(&m, &was);
	return opens ? 0 : d->record_id;
}

static void held_line(struct rld *r, struct dso *d, const char *how,
		      struct dso *by, const char *symbol)
{
	struct sigs was;
	struct mark m = begin_line(r, "held", &was);

	add_object(r, "object", d);
	add(",\"how\":%s", how);
	add_object(r, "by", by);
	if (symbol)
		add(",\"symbol\":%s", symbol);
	end_line(&m, &was);
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
	if (!d || is_over(r))
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
			held_line(r, d, "unique", x->from, x->unique);
}

void rld_record_delay(struct rld *r, struct dso *from, const char *name,
		      const char *symbol, struct dso *d, const char *error)
{
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return;
	m = begin_line(r, "delay", &was);
	add_object(r, "from", from);
	add(",\"name\":%s,\"symbol\":%s", name, symbol);
	add_object(r, "object", d);
	if (error)
		add(",\"error\":%s", error);
	add(",\"t\":%l", rld_record_time());
	end_line(&m, &was);
}

void rld_record_error(struct rld *r, const char *text)
{
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return;
	if (!rec.listed)
		rld_record_arrived(r, r->head);
	m = begin_line(r, "error", &was);
	add(",\"text\":%s", text);
	end_line(&m, &was);
}

void rld_record_end(struct rld *r)
{
	struct sigs was;
	struct mark m;

	if (is_over(r))
		return;
	m = begin_line(r, "end", &was);
	add(",\"lines\":%u,\"lost\":%u", rec.now->lines, rec.now->lost);
	rec.ended = 1;
	end_line(&m, &was);
}
