/* SPDX-License-Identifier: MIT */
/* The host libc: which names belong to its family, the jump to its own
 * loader, and, when that is done, adopting what it mapped and giving its slots
 * to the objects that stand before it. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/host/host.h"
#include "rld/tls/tls.h"

/* Which C library.  The program's interpreter tells; where that is rld, or
 * there is none, its needs do, and libc.so.6 before libc.so: a library of a
 * glibc program may be called so. */
void rld_host_kind(struct rld *r, const char *interp)
{
	struct dso *p = r->program;
	const char *b = interp ? str_base(interp) : "";
	uintptr_t tag, flag;
	size_t pos = 0;
	const char *s;

	rld_set_loader_fd(r, -1);
	r->host.kind = str_starts(b, "ld-musl-") ? HOST_MUSL : HOST_GLIBC;
	if (r->host.kind == HOST_MUSL)
		r->host.musl = rld_musl_named(r, interp);
	if (rld_is_loader(b))
		return;
	while (p->dyn.dyn &&
	       (s = elf_next_needed(&p->dyn, &pos, &tag, &flag))) {
		s = str_base(s);
		if (!strcmp(s, "libc.so.6")) {
			r->host.kind = HOST_GLIBC;
			return;
		}
		if (!strcmp(s, "libc.so") || str_starts(s, "libc.musl-"))
			r->host.kind = HOST_MUSL;
	}
}

/* Is this a variable that would steer libc's own loader? */
static int steers_loader(const char *variable)
{
	return str_starts(variable, "LD_");
}

/* libc's loader is not given a copy of the whole stack: the variables that
 * would steer it get another first letter until stage two.  Which ones did is
 * written down, for the user may have variables that begin with that letter.
 * Under AT_SECURE there are none to hide: they were removed. */
static void hide_variables(struct rld *r)
{
	size_t n = 0, i = 0;

	for (char **v = r->envp; *v; v++)
		n += (size_t)steers_loader(*v);
	if (!n)
		return;
	r->host.hidden = rld_alloc((n + 1) * sizeof *r->host.hidden);
	if (!r->host.hidden)
		rld_die(r, "out of memory");
	for (char **v = r->envp; *v; v++)
		if (steers_loader(*v)) {
			r->host.hidden[i++] = *v;
			**v = '\1';
		}
}

static void show_variables(struct rld *r)
{
	for (char **v = r->host.hidden; v && *v; v++)
		**v = 'L';
	rld_free(r->host.hidden);
	r->host.hidden = NULL;
}

static void set_aux(struct rld *r, uintptr_t phdr_at, size_t phnum,
		    uintptr_t entry, uintptr_t base)
{
	for (ElfW(auxv_t) *a = r->auxv; a->a_type != AT_NULL; a++)
		switch (a->a_type) {
		case AT_PHDR:
			a->a_un.a_val = phdr_at;
			break;
		case AT_PHNUM:
			a->a_un.a_val = phnum;
			break;
		case AT_ENTRY:
			a->a_un.a_val = entry;
			break;
		case AT_BASE:
			a->a_un.a_val = base;
			break;
		case AT_EXECFN:
			if (r->as_command)
				a->a_un.a_val = (uintptr_t)r->prog;
			break;
		default:
			break;
		}
}

void rld_program_aux(struct rld *r)
{
	set_aux(r, (uintptr_t)r->program->ph, r->program->phnum,
		r->program->entry, r->self->lm.l_addr);
}

/* Make *at, in segment p of libc's loader, the empty string. */
static void blank(struct rld *r, const ElfW(Phdr) *p, char *at)
{
	const struct dso *d = r->host.loader;
	uintptr_t page = page_down(r, (uintptr_t)at);
	int prot = PROT_READ | (p->p_flags & PF_W ? PROT_WRITE : 0) |
		   (p->p_flags & PF_X ? PROT_EXEC | d->exec_prot : 0);
	long err = sys_mprotect(page, r->page, PROT_READ | PROT_WRITE);

	if (!err) {
		*at = 0;
		err = sys_mprotect(page, r->page, prot);
		if (err)
			rld_die(r, "%s: cannot be mapped: %s", d->lm.l_name,
				sys_strerror(err));
		return;
	}
	rld_print(r, 2,
		  "rld: %s: %s: %s: libraries named there are loaded twice\n",
		  r->prog, rld_preload_file, sys_strerror(err));
}

/* rld has loaded what /etc/ld.so.preload names, by its own rules.  libc's
 * loader would do so again, bind it to libc alone and run its constructors
 * before the environment is what it was: in the copy of the loader that this
 * process has, the name of the file is empty. */
static void hide_preload_file(struct rld *r)
{
	const struct dso *d = r->host.loader;
	const size_t size = sizeof rld_preload_file;

	for (unsigned i = 0; i < d->phnum; i++) {
		const ElfW(Phdr) *p = &d->ph[i];
		char *at = (char *)(d->lm.l_addr + p->p_vaddr);

		while ((at = rld_find_text(d, p, at, rld_preload_file, size)))
			blank(r, p, at++);
	}
}

_Noreturn void rld_host_start(struct rld *r)
{
	uintptr_t ph;
	size_t n;

	rld_synth_headers(r->host.synth, &ph, &n);
	set_aux(r, ph, n, (uintptr_t)arch_stage2, r->host.base);
	hide_variables(r);
	if (r->preload_file)
		hide_preload_file(r);
	arch_enter(r->host.entry, r->stack, 0);
}

/* After all is relocated: initial values into the static TLS block, the
 * environment and the aux vector as the program should see them. */
void rld_host_finish(struct rld *r)
{
	rld_tls_install(r, r->tls_image);
	show_variables(r);
	rld_program_aux(r);
}
