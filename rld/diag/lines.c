/* SPDX-License-Identifier: MIT */
/* The lines of the record: one writer at a time, each line by one write.  Nothing
 * here takes the loader's lock or its heap, so a first call may come by. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/diag/lines.h"
#include "rld/file/file.h"
#include "rld/image/image.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

struct record rec_state LARGE;

static unsigned long long now_ns(int clock)
{
	long time[2] = { 0, 0 };

	sys3(__NR_clock_gettime, clock, (long)time, 0);
	return (unsigned long long)time[0] * 1000000000u +
	       (unsigned long long)time[1];
}

unsigned long long rld_record_time(void)
{
	return now_ns(1 /* CLOCK_MONOTONIC */) - rec_state.began;
}

/* What is behind the descriptor now: a program may have closed it, and opened
 * another file that has its number. */
static int is_same_file(void)
{
	struct statx st;

	return !sys_statx(rec_state.fd, "", AT_EMPTY_PATH, &st) &&
	       sys_dev(&st) == rec_state.dev && st.stx_ino == rec_state.ino;
}

static int note_file(void)
{
	struct statx st;
	int err = sys_statx(rec_state.fd, "", AT_EMPTY_PATH, &st);

	rec_state.dev = sys_dev(&st);
	rec_state.ino = st.stx_ino;
	return err;
}

static int begin_record(struct rld *r, int fd)
{
	uintptr_t at = sys_mmap(NULL, r->page, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	rec_state.fd = fd;
	err = note_file();
	if (err)
		return err;
	if (SYS_ERR(at))
		return (int)at;
	sys3(__NR_madvise, (long)at, (long)r->page, MADV_WIPEONFORK);
	rec_state.now = (struct process *)at;
	rec_state.now->alive = 1;
	rec_state.pid = sys_getpid();
	rec_state.began = rec_state.phase = 0;
	rec_state.began = now_ns(1);
	r->trace |= r->trace & TR_TIMES ? TR_RECORD : TR_RECORD | TR_REFS;
	return 0;
}

int rld_record_file(struct rld *r, const char *file)
{
	char *name;
	int fd;

	if (r->secure)
		return 0;
	name = rld_with_pid(file);
	rec_state.file = name ? path_absolute(name) : NULL;
	if (rec_state.file)
		rld_free(name);
	else
		rec_state.file = name;
	if (!rec_state.file)
		return -ENOMEM;
	fd = sys_open(rec_state.file, O_WRONLY | O_CREAT | O_APPEND);
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

void rec_take(struct sigs *was)
{
	int state;

	if (rec_state.running)
		rld_block_signals(was);
	state = 0;
	if (__atomic_compare_exchange_n(&rec_state.now->lock, &state, 1, 0,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&rec_state.now->lock, 2, __ATOMIC_ACQUIRE))
		sys_futex_wait(&rec_state.now->lock, 2);
}

void rec_give(const struct sigs *was)
{
	if (__atomic_exchange_n(&rec_state.now->lock, 0, __ATOMIC_RELEASE) == 2)
		sys_futex_wake(&rec_state.now->lock, 1);
	if (rec_state.running)
		sys_sigmask(SIG_SETMASK, was, NULL);
}

void rec_lost(void)
{
	__atomic_fetch_add(&rec_state.now->lost, 1, __ATOMIC_RELAXED);
}

/* One write, unless the system takes less. */
static int write_line(const char *s, size_t n)
{
	if (rec_state.running && !is_same_file()) {
		int fd = rec_state.file ?
				 sys_open(rec_state.file,
					  O_WRONLY | O_CREAT | O_APPEND) :
				 -1;
		if (fd < 0)
			return -1;
		rec_state.fd = fd;
		note_file();
	}
	while (n) {
		long k = sys_write(rec_state.fd, s, n);

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

struct mark rec_open(const char *event)
{
	struct text *t = &rec_state.line;
	struct mark m = { t->len, t->lost, t->raw };

	t->lost = t->raw = 0;
	text_add(t, "{\"pid\":%u,\"event\":%s",
		 (unsigned)(rec_state.running ? sys_getpid() : rec_state.pid),
		 event);
	return m;
}

void rec_close(const struct mark *m)
{
	struct text *t = &rec_state.line;

	if (t->raw)
		text_add(t, ",\"raw\":true");
	text_bytes(t, "}\n", 2);
	if (t->lost || write_line(t->at + m->at, t->len - m->at))
		rec_lost();
	else
		rec_state.now->lines++;
	t->len = m->at;
	t->lost = m->lost;
	t->raw = m->raw;
}

void rec_add(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	text_vadd(&rec_state.line, f, ap);
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

const char *rec_program(const struct rld *r)
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

	rec_add(",\"preload\":[");
	for (int i = 0; i < 2; i++)
		for (const char *p = lists[i]; p && *p;) {
			size_t n = 0;

			while (p[n] && p[n] != ':' && p[n] != ' ')
				n++;
			if (n) {
				text_bytes(&rec_state.line, sep, strlen(sep));
				rec_add("%w", n, p);
				sep = ",";
			}
			p += n + (p[n] != 0);
		}
	rec_add("]");
}

void rec_start(struct rld *r)
{
	struct mark m = rec_open("start");
	const char *interp = interpreter(r);
	int musl = interp && !r->host.libc && r->host.kind == HOST_MUSL;

	rec_state.started = 1;
	rec_add(",\"schema\":\"rld-record\",\"version\":1,\"rld\":%s,"
		"\"program\":%s,\"argv\":[",
		RLD_VERSION, rec_program(r));
	for (int i = 0; r->mode == MODE_RUN && i < r->argc; i++)
		rec_add(i ? ",%s" : "%s", r->argv[i]);
	rec_add("],\"machine\":%s,\"class\":%u,\"mode\":%s,\"interpreter\":%s,"
		"\"started\":%s",
		ARCH_NAME, (unsigned)WORD * 8,
		r->mode == MODE_RUN   ? "run" :
		r->mode == MODE_CHECK ? "check" :
					"list",
		interp, r->as_command ? "command" : "interpreter");
	rec_add(",\"libc\":%s", musl || r->host.kind == HOST_MUSL ? "musl" :
				r->host.kind == HOST_GLIBC	  ? "glibc" :
								    NULL);
	if (r->root)
		rec_add(",\"root\":%s", r->root);
	if (r->library_path)
		rec_add(",\"library_path\":%s", r->library_path);
	if (r->preload || r->preload_env)
		add_preloads(r);
	rec_add(",\"time\":\"%l\"", now_ns(0 /* CLOCK_REALTIME */));
	rec_close(&m);
}

static void fork_line(void)
{
	struct mark m;
	int parent = rec_state.pid;

	rec_state.now->alive = 1;
	rec_state.pid = sys_getpid();
	text_cut(&rec_state.line, 0); /* what another thread had begun */
	m = rec_open("fork");
	rec_add(",\"parent\":%u", (unsigned)parent);
	rec_close(&m);
}

/* Has the last line been written, or is this none of the modes that have one? */
int rec_is_over(const struct rld *r)
{
	return rec_state.ended || r->mode == MODE_VERIFY;
}

/* The lock is taken from here to end_line. */
struct mark rec_begin(struct rld *r, const char *event, struct sigs *was)
{
	rec_take(was);
	if (!rec_state.now->alive) {
		if (rec_state.started)
			fork_line();
		rec_state.now->alive = 1;
		rec_state.pid = sys_getpid();
	}
	if (!rec_state.started)
		rec_start(r);
	return rec_open(event);
}

void rec_end(const struct mark *m, const struct sigs *was)
{
	rec_close(m);
	rec_give(was);
}
