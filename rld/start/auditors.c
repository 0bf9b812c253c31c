/* SPDX-License-Identifier: MIT */
/* Auditors at the start (rtld-audit(7), ld.so(8)): whom LD_AUDIT, --audit,
 * DT_AUDIT and DT_DEPAUDIT of the program name.  They need libc, so it is started
 * before the program's list is gathered: without any of it, but for the program
 * itself, whose thread-local storage has its place; what the others need of that
 * is set aside (tls/static.c). */
#include "rld/api/api.h"
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/start/start.h"
#include "rld/sym/sym.h"

/* One list of names, and where it was found. */
struct names {
	const char *list, *source;
};

enum { SOURCES = 4 };

static void sources(const struct rld *r, struct names out[SOURCES])
{
	const struct elf_dyn *y = &r->program->dyn;

	out[0] = (struct names){ r->audit, "--audit" };
	out[1] = (struct names){ r->audit_env, "LD_AUDIT" };
	out[2] = (struct names){ y->audit ? elf_str(y, y->audit) : NULL,
				 "DT_AUDIT" };
	out[3] = (struct names){ y->depaudit ? elf_str(y, y->depaudit) : NULL,
				 "DT_DEPAUDIT" };
}

static unsigned count(const struct rld *r)
{
	struct names s[SOURCES];
	unsigned n = 0;

	sources(r, s);
	for (unsigned i = 0; i < SOURCES; i++) {
		const char *p = s[i].list;

		n += p && *p;
		for (; p && *p; p++)
			n += *p == ':';
	}
	return n;
}

/* A secure program's auditors have no path, lie in the system's directories, and
 * bear the set-user-ID bit.  Heap; NULL: there is none. */
static char *secure_file(const char *name)
{
	const char *dir = ARCH_DEFAULT_DIRS;

	if (strchr(name, '/'))
		return NULL;
	for (;;) {
		size_t n = 0;
		struct statx st;
		char *d, *path;

		while (dir[n] && dir[n] != ':')
			n++;
		d = rld_strdup(dir);
		if (d)
			d[n] = 0;
		path = d ? rld_format("%s/%s", d, name) : NULL;
		rld_free(d);
		if (path && !sys_statx(AT_FDCWD, path, 0, &st) &&
		    (st.stx_mode & 0170000) == 0100000 && st.stx_mode & 04000)
			return path;
		rld_free(path);
		if (!dir[n])
			return NULL;
		dir += n + 1;
	}
}

/* The next name of a list, which goes on behind it; heap, NULL at the end. */
static char *next_name(const char **list)
{
	const char *at = *list, *end;
	char *name;

	while (at && *at == ':')
		at++;
	if (!at || !*at)
		return NULL;
	for (end = at; *end && *end != ':';)
		end++;
	*list = end;
	name = rld_alloc((size_t)(end - at) + 1);
	if (name)
		memcpy(name, at, (size_t)(end - at));
	return name;
}

/* What a user names is not to change the start of a secure program. */
static int any_secure(const struct names s[SOURCES])
{
	int any = 0;

	for (unsigned i = 0; i < SOURCES && !any; i++) {
		const char *list = s[i].list;
		char *name, *path;

		while (!any && (name = next_name(&list))) {
			path = secure_file(name);
			any = path != NULL;
			rld_free(path);
			rld_free(name);
		}
	}
	return any;
}

static void pass_over(const struct rld *r, const char *source, const char *why)
{
	rld_print(&rld_state, 2, "rld: %s: %s: %s: no auditor: ignored\n",
		  r->prog, source, why);
}

int rld_auditors_prepare(struct rld *r)
{
	struct rld_err e = { 0 };
	struct names s[SOURCES];
	struct dso *libc;

	sources(r, s);
	if (!count(r) || (r->secure && !any_secure(s)))
		return 0;
	libc = r->host.kind == HOST_GLIBC ?
		       rld_load(r, "libc.so.6", r->program, &e) :
		       NULL;
	if (libc && !rld_load_needed(r, libc, &e))
		return 1;
	if (libc)
		rld_die(r, "%s", e.text ? e.text : "");
	for (unsigned i = 0; i < SOURCES; i++)
		if (s[i].list && *s[i].list)
			pass_over(r, s[i].source,
				  e.text ? e.text :
					   "the program's C library is not "
					   "glibc");
	rld_err_clear(&e);
	return 0;
}

static uintptr_t function(struct rld *r, struct dso *d, const char *name)
{
	return rld_host_symbol(r, d, name);
}

static void fill(struct rld *r, struct auditor *a, struct dso *d)
{
	/* not a table: its pointers would be relocations of rld's own */
	a->dso = d;
	a->activity = (__typeof__(a->activity))function(r, d, "la_activity");
	a->objsearch = (__typeof__(a->objsearch))function(r, d, "la_objsearch");
	a->objopen = (__typeof__(a->objopen))function(r, d, "la_objopen");
	a->preinit = (__typeof__(a->preinit))function(r, d, "la_preinit");
	a->objclose = (__typeof__(a->objclose))function(r, d, "la_objclose");
	a->symbind = (__typeof__(a->symbind))function(
		r, d, WORD == 8 ? "la_symbind64" : "la_symbind32");
}

/* Is d, which is loaded and constructed, an auditor?  -1 with *e: it is not. */
static int agree(struct rld *r, struct auditor *a, struct dso *d,
		 struct rld_err *e)
{
	unsigned (*version)(unsigned);

	version = (unsigned (*)(unsigned))function(r, d, "la_version");
	if (!version)
		return rld_fail(e, "%s: has no la_version", dso_name(r, d));
	a->version = version(RLD_LAV);
	if (!a->version)
		return rld_fail(e, "%s: its la_version returns 0: it declines",
				dso_name(r, d));
	if (a->version > RLD_LAV || a->version < ARCH_LAV_OLDEST)
		return rld_fail(e,
				"%s: its la_version returns %u: version %u of "
				"the interface is known",
				dso_name(r, d), a->version, RLD_LAV);
	fill(r, a, d);
	return 0;
}

static void start_one(struct rld *r, struct auditing *a, const char *source,
		      const char *name)
{
	char *path = r->secure ? secure_file(name) : NULL;
	struct rld_err e = { 0 };
	struct dso *d;

	if (r->secure && !path)
		return; /* as glibc: without a word */
	d = rld_open_auditor(r, path ? path : name, &e);
	if (d && !agree(r, &a->of[a->n], d, &e)) {
		a->n++;
	} else {
		pass_over(r, source, e.text ? e.text : name);
		if (d)
			rld_close(rld_handle(d), 0);
	}
	rld_free(path);
	rld_err_clear(&e);
}

static void start_list(struct rld *r, struct auditing *a, const struct names *s)
{
	const char *list = s->list;
	char *name;

	while ((name = next_name(&list))) {
		start_one(r, a, s->source, name);
		rld_free(name);
	}
}

void rld_auditors_start(struct rld *r)
{
	struct names s[SOURCES];
	struct auditing *a;
	size_t size;

	sources(r, s);
	size = page_up(r, sizeof *a + count(r) * sizeof a->of[0]);
	a = (struct auditing *)sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (SYS_ERR((uintptr_t)a))
		rld_die(r, "out of memory");
	rld_vault_add(&a->piece, (uintptr_t)a, size);
	a->errno_at = (int *(*)(void))rld_host_symbol(r, r->host.libc,
						      "__errno_location");
	VAULT->audit = a;
	for (unsigned i = 0; i < SOURCES; i++)
		start_list(r, a, &s[i]);
	rld_forget_loads(r);
	rld_set_audits(r, a->n && a->errno_at);
	if (!r->audits)
		return;
	rld_audit_first(r, r->program);
	rld_audit_first(r, r->self);
	rld_audit_adding(r);
	if (r->vdso) /* there is none in an emulator */
		rld_audit_opened(r, r->vdso);
}

/* Auditors stand behind the program's list, and libc's own names in it are those
 * of its place there. */
void rld_auditors_gathered(struct rld *r)
{
	unsigned last = r->serial;
	struct dso *next;

	for (struct dso *d = r->head; d && d->serial <= last; d = next) {
		next = dso_next(d);
		if (d->space)
			rld_move_last(r, d);
	}
}

/* The program's malloc is libc's from now on: so it is the auditors'. */
void rld_auditors_interposed(struct rld *r)
{
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (is_auditors(d))
			rld_rebind_to(r, d, r->host.libc);
}
