/* SPDX-License-Identifier: MIT */
/* /proc/self/exe, where rld is the command: the kernel says there that rld is
 * the program.  libc's functions that are given a path are offered in front of
 * libc's own: they call those, and where the path that was named is that link
 * they call them once more for the program's file.  An exec or spawn of the link
 * starts "rld PROGRAM".
 *
 * libc's function is called first, so that a bad pointer is the kernel's to
 * find, a point of cancellation stays one, and errno is libc's; the path is
 * looked at only when the kernel has read it.  No lock is taken: these may be
 * called in signal handlers and in the child of a vfork.
 *
 * The names stand in rld's own symbol table, as dlopen and the others do, but in
 * one that is made when rld is the command: an interpreter does not have them. */
#include "rld/base/base.h"
#include "rld/host/host.h"
#include "rld/image/image.h"
#include "rld/sym/sym.h"

#include <errno.h>

typedef uintptr_t word;
typedef word function(word, word, word, word, word, word);

/* Those that rld calls; sym.h has those that are offered. */
#define CALLED(X) X(__errno_location) X(fclose)

#define NUMBER(name) F_##name,
enum { OFFERED(NUMBER) CALLED(NUMBER) NFUNCTIONS };
_Static_assert((int)NFUNCTIONS <= (int)LIBC_FUNCTIONS,
	       "they have room in the vault");

#define SIX word a, word b, word c, word d, word e, word f
#define CALL(name) \
	((function *)rld_vault_pages.libc[F_##name])(a, b, c, d, e, f)

/* ---- is this the link? */

/* Parts of a path; more than any path to the link has are one too many. */
enum { MOST = 5 };
struct parts {
	unsigned n; /* MOST + 1: too many */
	struct part {
		const char *s;
		size_t n;
	} part[MOST];
};

static void split(struct parts *p, const char *path)
{
	while (*path) {
		size_t n = 0;

		while (path[n] && path[n] != '/')
			n++;
		if (n && !(n == 1 && *path == '.')) {
			if (p->n < MOST)
				p->part[p->n] = (struct part){ path, n };
			if (p->n <= MOST)
				p->n++;
		}
		path += n + (path[n] == '/');
	}
}

static int is_part(const struct parts *p, unsigned i, const char *text)
{
	return strlen(text) == p->part[i].n &&
	       !memcmp(text, p->part[i].s, p->part[i].n);
}

/* The directory that a relative path begins in, as a path; 0: no link lies
 * below it. */
static int base_of(int dir, char *to, size_t size)
{
	char link[32] = "/proc/self/cwd";
	long n;

	if (dir != AT_FDCWD) {
		unsigned left = (unsigned)dir, digits = 1;
		char *end;

		for (unsigned u = left; u >= 10; u /= 10)
			digits++;
		memcpy(link + 11, "fd/", 3);
		end = link + 14 + digits;
		*end = 0;
		do
			*--end = (char)('0' + left % 10);
		while (left /= 10);
	}
	n = sys_readlink(link, to, size);
	if (n <= 0 || (size_t)n == size)
		return 0;
	to[n] = 0;
	return str_starts(to, "/proc") || !strcmp(to, "/");
}

/* A process that is named by its number: is it this one, as /proc counts? */
static int is_this_process(const struct parts *p, unsigned i)
{
	char own[16];
	long n = sys_readlink("/proc/self", own, sizeof own - 1);

	if (n <= 0)
		return 0;
	own[n] = 0;
	return is_part(p, i, own);
}

/* Few paths get here. */
static __attribute__((cold, noinline)) int leads_to_exe(int dir,
							const char *path)
{
	struct parts p = { 0 };
	char base[64];

	if (*path != '/') {
		if (!base_of(dir, base, sizeof base))
			return 0;
		split(&p, base);
	}
	split(&p, path);
	if ((p.n != 3 && p.n != 5) || !is_part(&p, 0, "proc") ||
	    !is_part(&p, p.n - 1, "exe") ||
	    (p.n == 5 && !is_part(&p, 2, "task")))
		return 0;
	return is_part(&p, 1, "self") ||
	       (p.n == 3 && is_part(&p, 1, "thread-self")) ||
	       is_this_process(&p, 1);
}

/* What most paths pay: a look at the beginning of an absolute one, at the end
 * of another. */
static inline int may_lead(const char *path)
{
	size_t n;

	if (*path == '/') {
		while (*path == '/')
			path++;
		return path[0] == 'p' && path[1] == 'r' && path[2] == 'o' &&
		       path[3] == 'c';
	}
	n = strlen(path);
	return n >= 3 && path[n - 3] == 'e' && path[n - 2] == 'x' &&
	       path[n - 1] == 'e' && (n == 3 || path[n - 4] == '/');
}

/* Has the kernel read the path, though the call failed? */
static int was_read(void)
{
	function *at = (function *)rld_vault_pages.libc[F___errno_location];
	int e = at ? *(int *)at(0, 0, 0, 0, 0, 0) : 0;

	return e == EACCES || e == ENOENT || e == EPERM;
}

static int is_link(int dir, const char *path)
{
	char c;

	return sys_readlinkat(dir, path, &c, 1) > 0;
}

/* After a call that gave ret for path: is it to be made for the program's
 * file?  It may have failed because of rld's own file. */
static inline int is_exe(word ret, int dir, word path)
{
	const char *s = (const char *)path;

	if ((int)ret < 0)
		return was_read() && may_lead(s) && leads_to_exe(dir, s) &&
		       is_link(dir, s);
	return may_lead(s) && leads_to_exe(dir, s);
}

/* The same before a call, of a path of which nothing is known. */
static int names_exe(int dir, const char *path)
{
	return is_link(dir, path) && may_lead(path) && leads_to_exe(dir, path);
}

static const char *program(void)
{
	return rld_state.program_exe;
}

/* ---- readlink and its kin: the text is ours */

/* The program's file is gone, or another one has its name. */
static int is_deleted(void)
{
	const struct dso *p = rld_state.program;
	struct statx st;
	long err = sys_statx(AT_FDCWD, program(), 0, &st);

	return err == -ENOENT ||
	       (!err && (sys_dev(&st) != p->dev || st.stx_ino != p->ino));
}

static __attribute__((cold, noinline)) word answer(word buf, word size)
{
	static const char deleted[] = " (deleted)";
	size_t n = strlen(program()), more = 0;
	char *to = (char *)buf;

	if (is_deleted())
		more = sizeof deleted - 1;
	n = n < size ? n : size;
	more = more < size - n ? more : size - n;
	memcpy(to, program(), n);
	memcpy(to + n, deleted, more);
	return n + more;
}

/* An empty path is the link that a descriptor was opened for. */
static inline int names_link(int dir, word path)
{
	const char *s = (const char *)path;

	return (may_lead(s) || !*s) && leads_to_exe(dir, s);
}

/* The first call asks for no more than our text is long: what lies behind it in
 * the buffer stays as it was, though rld's own path is longer.  For a link that
 * is as long a second call asks for all.  LEFT: bytes that the buffer has, where
 * libc looks at that. */
#define READLINK(name, DIR, PATH, BUF, SIZE, LEFT)               \
	static word exe_##name(SIX)                              \
	{                                                        \
		word size = SIZE, few = strlen(program()), ret;  \
                                                                 \
		few = few < size && size <= (LEFT) ? few : size; \
		SIZE = few;                                      \
		ret = CALL(name);                                \
		if ((intptr_t)ret < 0)                           \
			return ret;                              \
		if (names_link(DIR, PATH))                       \
			return answer(BUF, size);                \
		if (ret < few || few == size)                    \
			return ret;                              \
		SIZE = size;                                     \
		return CALL(name);                               \
	}

READLINK(readlink, AT_FDCWD, a, b, c, c)
READLINK(__readlink_chk, AT_FDCWD, a, b, c, d)
READLINK(readlinkat, (int)a, b, c, d, d)
READLINK(__readlinkat_chk, (int)a, b, c, d, e)

/* These read the path themselves. */
#define REALPATH(name)                                    \
	static word exe_##name(SIX)                       \
	{                                                 \
		if (a && may_lead((const char *)a) &&     \
		    names_exe(AT_FDCWD, (const char *)a)) \
			a = (word)program();              \
		return CALL(name);                        \
	}

REALPATH(realpath)
REALPATH(__realpath_chk)
REALPATH(canonicalize_file_name)

/* ---- what follows the link */

#define FOLLOW(name, DIR, PATH, IF)                   \
	static word exe_##name(SIX)                   \
	{                                             \
		word ret = CALL(name);                \
                                                      \
		if (!(IF) || !is_exe(ret, DIR, PATH)) \
			return ret;                   \
		PATH = (word)program();               \
		return CALL(name);                    \
	}

FOLLOW(stat, AT_FDCWD, a, 1)
FOLLOW(stat64, AT_FDCWD, a, 1)
FOLLOW(__xstat, AT_FDCWD, b, 1)
FOLLOW(__xstat64, AT_FDCWD, b, 1)
FOLLOW(__stat64_time64, AT_FDCWD, a, 1)
FOLLOW(__stat_time64, AT_FDCWD, a, 1)
FOLLOW(fstatat, (int)a, b, !(d & AT_SYMLINK_NOFOLLOW))
FOLLOW(fstatat64, (int)a, b, !(d & AT_SYMLINK_NOFOLLOW))
FOLLOW(__fxstatat, (int)b, c, !(e & AT_SYMLINK_NOFOLLOW))
FOLLOW(__fxstatat64, (int)b, c, !(e & AT_SYMLINK_NOFOLLOW))
FOLLOW(__fstatat64_time64, (int)a, b, !(d & AT_SYMLINK_NOFOLLOW))
FOLLOW(__fstatat_time64, (int)a, b, !(d & AT_SYMLINK_NOFOLLOW))
FOLLOW(statx, (int)a, b, !(c & AT_SYMLINK_NOFOLLOW))
FOLLOW(access, AT_FDCWD, a, 1)
FOLLOW(eaccess, AT_FDCWD, a, 1)
FOLLOW(euidaccess, AT_FDCWD, a, 1)
FOLLOW(faccessat, (int)a, b, !(d & AT_SYMLINK_NOFOLLOW))

/* Nobody writes to a program that runs: to open it so fails for rld's file as it
 * would for the program's, which the kernel does not know to be running. */
static inline int reads(word flags)
{
	return !(flags & (O_ACCMODE | O_TRUNC | O_NOFOLLOW));
}

#define OPEN(name, DIR, PATH, FLAGS)                          \
	static word exe_##name(SIX)                           \
	{                                                     \
		word ret = CALL(name);                        \
                                                              \
		if (!reads(FLAGS) || !is_exe(ret, DIR, PATH)) \
			return ret;                           \
		if ((int)ret >= 0)                            \
			sys_close((int)ret);                  \
		PATH = (word)program();                       \
		return CALL(name);                            \
	}

OPEN(open, AT_FDCWD, a, b)
OPEN(open64, AT_FDCWD, a, b)
OPEN(__open, AT_FDCWD, a, b)
OPEN(__open64, AT_FDCWD, a, b)
OPEN(__open_2, AT_FDCWD, a, b)
OPEN(__open64_2, AT_FDCWD, a, b)
OPEN(openat, (int)a, b, c)
OPEN(openat64, (int)a, b, c)
OPEN(__openat_2, (int)a, b, c)
OPEN(__openat64_2, (int)a, b, c)

static int reads_only(word mode)
{
	const char *s = (const char *)mode;

	return *s == 'r' && !strchr(s, '+');
}

#define FOPEN(name)                                                   \
	static word exe_##name(SIX)                                   \
	{                                                             \
		word ret = CALL(name);                                \
                                                                      \
		if (!reads_only(b) ||                                 \
		    !is_exe(ret ? 0 : (word)-1, AT_FDCWD, a))         \
			return ret;                                   \
		if (ret && rld_vault_pages.libc[F_fclose])            \
			((function *)rld_vault_pages.libc[F_fclose])( \
				ret, 0, 0, 0, 0, 0);                  \
		a = (word)program();                                  \
		return CALL(name);                                    \
	}

FOPEN(fopen)
FOPEN(fopen64)

/* ---- exec and spawn: the path stays, for that is rld */

static unsigned count(char *const *v)
{
	unsigned n = 0;

	while (v && v[n])
		n++;
	return n;
}

/* Arguments for rld: its options and the program's argument 0 where that is not
 * its path, the program, and the other arguments.  `to` has room for
 * exec_words(argv). */
static unsigned exec_words(char *const *argv)
{
	return rld_state.nexec_option + count(argv) + 5;
}

static word exec_argv(const char **to, char *const *argv)
{
	const struct rld *r = &rld_state;
	const char *zero = argv && argv[0] ? argv[0] : "";
	unsigned n = 0;

	to[n++] = r->self->lm.l_name;
	for (unsigned i = 0; i < r->nexec_option; i++)
		to[n++] = r->exec_option[i];
	if (strcmp(zero, program()) != 0) {
		to[n++] = "--argv0";
		to[n++] = zero;
	}
	to[n++] = program();
	for (unsigned i = 1; i < count(argv); i++)
		to[n++] = argv[i];
	to[n] = NULL;
	return (word)to;
}

/* `searched`: a name without a slash is looked for in PATH. */
static int execs_exe(int dir, word path, int searched)
{
	const char *s = (const char *)path;

	return names_exe(dir, s) && !(searched && !strchr(s, '/'));
}

#define EXEC(name, DIR, PATH, ARGV, SEARCHED)                             \
	static word exe_##name(SIX)                                       \
	{                                                                 \
		if (execs_exe(DIR, PATH, SEARCHED))                       \
			ARGV = exec_argv(                                 \
				__builtin_alloca(                         \
					exec_words((char *const *)ARGV) * \
					sizeof(char *)),                  \
				(char *const *)ARGV);                     \
		return CALL(name);                                        \
	}

EXEC(execve, AT_FDCWD, a, b, 0)
EXEC(execv, AT_FDCWD, a, b, 0)
EXEC(execvp, AT_FDCWD, a, b, 1)
EXEC(execvpe, AT_FDCWD, a, b, 1)
EXEC(execveat, (int)a, b, c, 0)
EXEC(posix_spawn, AT_FDCWD, b, e, 0)
EXEC(posix_spawnp, AT_FDCWD, b, e, 1)
EXEC(pidfd_spawn, AT_FDCWD, b, e, 0)
EXEC(pidfd_spawnp, AT_FDCWD, b, e, 1)

/* The arguments of these are on the caller's stack, n of them and a null. */
static unsigned count_list(const char *first, va_list list)
{
	unsigned n = 0;

	for (; first; first = va_arg(list, const char *))
		n++;
	return n;
}

#define EXECL(name, VECTOR)                                                  \
	static int exe_##name(const char *path, const char *arg, ...)        \
	{                                                                    \
		va_list list;                                                \
		const char **argv;                                           \
		unsigned n;                                                  \
		word envp = 0;                                               \
                                                                             \
		va_start(list, arg);                                         \
		n = count_list(arg, list);                                   \
		va_end(list);                                                \
		argv = __builtin_alloca((n + 1) * sizeof *argv);             \
		va_start(list, arg);                                         \
		argv[0] = arg;                                               \
		for (unsigned i = 1; i <= n; i++)                            \
			argv[i] = va_arg(list, const char *);                \
		if (F_##name == F_execle)                                    \
			envp = va_arg(list, word);                           \
		va_end(list);                                                \
		return (int)exe_##VECTOR((word)path, (word)argv, envp, 0, 0, \
					 0);                                 \
	}

EXECL(execl, execv)
EXECL(execlp, execvp)
EXECL(execle, execve)

/* ---- the offer */

/* rld's symbol table as it is made here.  One chain: it is read when the filter
 * does not know better. */
enum { BLOOM = 16, SHIFT = 6 }; /* words, bits */

struct table {
	ElfW(Sym) *sym;
	char *str;
	uint32_t nsym, nstr;
	ElfW(Addr) bloom[BLOOM];
	uint32_t bucket, chain[];
};

static void enter(struct table *t, const ElfW(Sym) *sym, const char *name,
		  uint32_t h)
{
	const unsigned bits = sizeof(ElfW(Addr)) * 8;
	char *to = t->str + t->nstr;

	t->sym[t->nsym] = *sym;
	t->sym[t->nsym].st_name = t->nstr;
	while ((*to++ = *name++))
		;
	t->nstr = (uint32_t)(to - t->str);
	t->bloom[(h / bits) & (BLOOM - 1)] |= (ElfW(Addr))1 << (h % bits) |
					      (ElfW(Addr))1
						      << ((h >> SHIFT) % bits);
	t->chain[t->nsym++ - 1] = h & ~1u;
}

/* libc's function, which is kept in the vault; 0: it has none. */
static uintptr_t learn(struct rld *r, unsigned f, const char *name, uint32_t h)
{
	struct ref ref = { .name = name, .hash = h, .newest = 1, .is_call = 1 };
	struct def def;

	if (!rld_lookup_in(r->host.libc, &ref, &def))
		return 0;
	return rld_vault_pages.libc[f] = rld_sym_addr(def.dso, def.sym);
}

static void offer(struct rld *r, struct table *t, unsigned f, const char *name,
		  uintptr_t fn)
{
	ElfW(Sym) s = { .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			.st_shndx = 1,
			.st_value = fn - r->self->lm.l_addr };
	uint32_t h = elf_gnu_hash(name);

	if (learn(r, f, name, h))
		enter(t, &s, name, h);
}

#define OFFER(name) offer(r, t, F_##name, #name, (uintptr_t)exe_##name);
#define LEARN(name) learn(r, F_##name, #name, elf_gnu_hash(#name));

/* Bytes of the names; a null symbol and its empty name come first. */
#define LENGTH(name) +sizeof #name

void rld_exe_offer(struct rld *r)
{
	const struct elf_dyn *own = &r->self->dyn;
	size_t max = own->nsym + NFUNCTIONS, str = own->strsz + 1;
	struct table *t;

	str = (str + OFFERED(LENGTH) + WORD - 1) & ~(WORD - 1);
	t = rld_alloc(sizeof *t + max * (sizeof *t->chain + sizeof *t->sym) +
		      str + WORD);
	if (!t || !own->symtab || !r->program_exe)
		rld_die(r, "out of memory");
	t->str = (char *)&t->chain[max];
	t->sym = (ElfW(Sym) *)(((uintptr_t)t->str + str + WORD - 1) &
			       ~(WORD - 1));
	t->nsym = t->nstr = t->bucket = 1;
	for (size_t i = 1; i < own->nsym; i++) {
		const char *name = elf_str(own, own->symtab[i].st_name);

		if (name && own->symtab[i].st_shndx != SHN_UNDEF)
			enter(t, &own->symtab[i], name, elf_gnu_hash(name));
	}
	r->first_offered = t->nsym;
	OFFERED(OFFER)
	CALLED(LEARN)
	t->chain[t->nsym - 2] |= 1;
	dso_set_symbols(r->self,
			&(struct elf_dyn){ .symtab = t->sym,
					   .nsym = t->nsym,
					   .strtab = t->str,
					   .strsz = t->nstr,
					   .gnu = { .nbuckets = 1,
						    .symndx = 1,
						    .maskwords = BLOOM,
						    .shift = SHIFT,
						    .bloom = t->bloom,
						    .buckets = &t->bucket,
						    .chain = t->chain,
						    .nchain = t->nsym - 1 } });
}

/* ---- what is known at the start */

/* The path of the program, which is open, as the kernel would name it. */
void rld_exe_note(struct rld *r, int fd)
{
	enum { SIZE = 4096 };
	char *path = rld_alloc(SIZE),
	     *link = rld_format("/proc/self/fd/%d", fd);
	long n = path && link ? sys_readlink(link, path, SIZE - 1) : 0;

	rld_free(link);
	if (n > 0 && *path == '/') {
		path[n] = 0;
		r->program_exe = rld_strdup(path);
	}
	rld_free(path);
	if (!r->program_exe)
		r->program_exe = r->program_file;
}

/* The options that rld was given, n words from `option`, without the program's
 * argument 0: an exec passes them on. */
void rld_exe_options(struct rld *r, char *const *option, unsigned n)
{
	r->exec_option = rld_alloc(n * sizeof *r->exec_option);
	for (unsigned i = 0; r->exec_option && i < n; i++) {
		int two = !strcmp(option[i], "--argv0");
		char *copy;

		if (two || str_starts(option[i], "--argv0=") ||
		    !strcmp(option[i], "--")) {
			i += (unsigned)two;
			continue;
		}
		copy = rld_strdup(option[i]);
		if (!copy)
			rld_die(r, "out of memory");
		r->exec_option[r->nexec_option++] = copy;
	}
	if (!r->exec_option)
		rld_die(r, "out of memory");
}
