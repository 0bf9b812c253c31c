/* SPDX-License-Identifier: MIT */
/* From the kernel's jump to the program's: relocate ourselves, gather the
 * objects, hand over to the host libc's loader, bind, initialise, enter. */
#include "rld/audit/audit.h"
#include "rld/base/base.h"
#include "rld/bind/bind.h"
#include "rld/diag/diag.h"
#include "rld/file/file.h"
#include "rld/host/host.h"
#include "rld/image/image.h"
#include "rld/life/life.h"
#include "rld/list/list.h"
#include "rld/load/load.h"
#include "rld/quick/quick.h"
#include "rld/start/start.h"
#include "rld/sym/sym.h"
#include "rld/tls/tls.h"

enum { VDSO_DATA = 64 * 1024 }; /* bytes, or less */

/* Before this has run there are no globals, no strings, no calls outwards.
 * With an implicit GOT _start must do it: our own address comes from there. */
__attribute__((always_inline)) static inline void
relocate_self(uintptr_t base, const ElfW(Dyn) *dyn)
{
	const ElfW(Rela) *rela = NULL;
	uintptr_t size = 0;

	if (ARCH_IMPLICIT_GOT)
		return;
	for (; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_RELA)
			rela = (const void *)(base + dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_RELASZ)
			size = dyn->d_un.d_val;
	}
	for (; size >= sizeof *rela; size -= sizeof *rela, rela++)
		*(uintptr_t *)(base + rela->r_offset) =
			base + (uintptr_t)rela->r_addend;
}

/* A failure that ends the start; without a text memory was short.  A text that
 * begins with the program's name need not name it twice. */
_Noreturn static void die_of(struct rld *r, const struct rld_err *e)
{
	const char *t = e->text ? e->text : "";
	size_t skip = strlen(r->prog);

	if (str_starts(t, r->prog) && str_starts(t + skip, ": "))
		t += skip + 2;
	rld_die(r, "%s", t);
}

/* A lookup asks each object with a note whether it keeps a name to itself (hides). */
static const struct rldnote own_note;

static void make_self(struct rld *r, uintptr_t base)
{
	const ElfW(Ehdr) *eh = (const void *)base;
	struct rld_err e = { 0 };
	struct dso *d = rld_new_dso(r, "rld", rld_strdup("rld"));

	if (!d)
		rld_die(r, "out of memory");
	d->flags = D_SELF | D_STARTUP | D_GLOBAL | D_READY | D_RELOCATED;
	if (rld_map_adopt(r, d, base, (const void *)(base + eh->e_phoff),
			  eh->e_phnum, &e))
		die_of(r, &e);
	dso_set_soname(d, "rld");
	dso_set_init(d, INIT_DONE);
	dso_set_note(d, &own_note);
	r->self = d;
	rld_add_name(r, d, "librld.so.1");
	if (d->relro_size && sys_mprotect(d->relro, d->relro_size, PROT_READ))
		rld_die(r, "its own RELRO cannot be closed");
}

static void make_vdso(struct rld *r)
{
	uintptr_t base = rld_aux(r, AT_SYSINFO_EHDR);
	const ElfW(Ehdr) *eh = (const void *)base;
	struct rld_err e = { 0 };
	struct dso *d;

	if (!base)
		return;
	d = rld_new_dso(r, "linux-vdso.so.1", rld_strdup("linux-vdso.so.1"));
	if (!d)
		return;
	d->flags = D_VDSO | D_STARTUP | D_GLOBAL | D_RELOCATED;
	if (rld_map_adopt(r, d, base, (const void *)(base + eh->e_phoff),
			  eh->e_phnum, &e)) {
		rld_err_clear(&e);
		rld_free_dso(r, d);
		return;
	}
	dso_set_init(d, INIT_DONE);
	d->flags |= D_READY;
	r->vdso = d;
	rld_add_name(r, d, d->name);
}

/* Below all that the kernel has mapped at the start; with room for the data of
 * the vdso, whose size is not told. */
static uintptr_t below_kernels(const struct rld *r)
{
	uintptr_t lo = r->self->lo;

	if (r->vdso && r->vdso->lo < lo)
		lo = r->vdso->lo;
	return lo > VDSO_DATA ? lo - VDSO_DATA : 0;
}

static const char *interp_of(const struct dso *p)
{
	for (unsigned i = 0; i < p->phnum; i++) {
		const ElfW(Phdr) *ph = &p->ph[i];
		const char *s = (const char *)(p->lm.l_addr + ph->p_vaddr);

		if (ph->p_type == PT_INTERP && ph->p_filesz &&
		    rld_readable(&rld_state, p, (uintptr_t)s, ph->p_filesz) &&
		    !s[ph->p_filesz - 1])
			return s;
	}
	return NULL;
}

/* The program, mapped by the kernel (rld is its interpreter)... */
static void program_from_kernel(struct rld *r)
{
	const ElfW(Phdr) *ph = (const void *)rld_aux(r, AT_PHDR);
	size_t n = rld_aux(r, AT_PHNUM);
	struct rld_err e = { 0 };
	uintptr_t bias = 0;
	struct dso *d;

	for (size_t i = 0; i < n; i++)
		if (ph[i].p_type == PT_PHDR)
			bias = (uintptr_t)ph - ph[i].p_vaddr;
	d = rld_new_dso(r, r->prog, rld_strdup(""));
	if (!d)
		rld_die(r, "out of memory");
	d->flags = D_PROGRAM | D_STARTUP | D_GLOBAL | D_NEW | D_KERNEL;
	if (rld_map_adopt(r, d, bias, ph, n, &e))
		die_of(r, &e);
	rld_lay_kernels(r, d);
	dso_set_entry(d, rld_aux(r, AT_ENTRY));
	r->program = d;
	rld_append(r, d);
	if (d->soname && *d->soname)
		rld_add_name(r, d, d->soname);
}

/* Can it be started at all? */
static void check_startable(struct rld *r, const struct dso *p)
{
	if (p->soname &&
	    (rld_is_loader(p->soname) || !strcmp(p->soname, "libc.so.6")))
		rld_die(r, "is a C library or its linker itself: start it "
			   "without rld");
	if (p->entry == p->lm.l_addr)
		rld_die(r, "has no entry point: is it a library? (--check "
			   "and --list take one)");
}

/* Is it a program that needs no linker? */
static int is_static(const struct dso *p)
{
	return !p->dyn.dyn ||
	       (!p->dyn.nneeded && !interp_of(p) && p->dyn.flags_1 & DF_1_PIE);
}

/* Such a program is started by the kernel.  Where the kernel does not (it has
 * no permission to execute the file, is another machine's), it is entered as it
 * is mapped; as the kernel has it, it sees no interpreter. */
_Noreturn static void run_static(struct rld *r, const struct dso *p)
{
	sys3(__NR_execve, (long)r->prog, (long)r->argv, (long)r->envp);
	rld_program_aux(r);
	for (ElfW(auxv_t) *a = r->auxv; a->a_type != AT_NULL; a++)
		if (a->a_type == AT_BASE)
			a->a_un.a_val = 0;
	arch_enter(p->entry, r->stack, 0);
}

/* For scripts that ask ld.so: is this a dynamically linked program?  The exit
 * status is ld.so's. */
_Noreturn static void verify(const struct dso *p)
{
	sys_exit(!p->dyn.dyn ? 1 : interp_of(p) ? 0 : 2);
}

/* ... or by us (rld is the command). */
static void program_from_file(struct rld *r)
{
	struct rld_err e = { 0 };
	struct statx st;
	struct dso *d;
	const char *wrong;
	/* not to wait for a pipe's other end */
	int fd = sys_open(r->prog, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		rld_die(r, "cannot be opened: %s%s", sys_strerror(fd),
			fd == -ENOENT ? rld_hint_path(r, r->prog) : "");
	if (sys_statx(fd, "", AT_EMPTY_PATH, &st))
		rld_die(r, "cannot be read: its status is refused");
	wrong = sys_not_regular(&st);
	if (wrong)
		rld_die(r, "%s", wrong);
	d = rld_new_dso(r, r->prog,
			rld_strdup(r->mode == MODE_RUN ? "" : r->prog));
	if (!d)
		rld_die(r, "out of memory");
	r->program_file = path_absolute(r->prog);
	d->flags = D_PROGRAM | D_STARTUP | D_GLOBAL | D_NEW;
	dso_set_file(d, sys_dev(&st), st.stx_ino);
	dso_set_stamp(d, &st);
	if (r->mode == MODE_RUN)
		rld_exe_note(r, fd);
	if (rld_map(r, d, fd, &st, &e))
		die_of(r, &e);
	sys_close(fd);
	r->program = d;
	rld_append(r, d);
	if (d->soname && *d->soname)
		rld_add_name(r, d, d->soname);
	if (r->mode == MODE_VERIFY)
		verify(d);
	if (r->mode != MODE_RUN) {
		if (!d->dyn.dyn && d->type == ET_DYN)
			rld_die(r, "has no dynamic section");
		return;
	}
	check_startable(r, d);
	if (is_static(d)) {
		if (rld_stack_decide(r, &e))
			die_of(r, &e);
		run_static(r, d);
	}
}

/* Load what list names; a name that cannot be is told, with where it was from,
 * and passed over.  A secure program takes none by path, but where the system's
 * administrator names them. */
static void preload_list(struct rld *r, const char *list, const char *seps,
			 const char *source)
{
	int paths = !r->secure || source == rld_preload_file;
	/* to musl, no object needs what is preloaded */
	struct dso *from = r->host.kind == HOST_MUSL ? NULL : r->program;

	while (list && *list) {
		struct rld_err e = { 0 };
		size_t n = 0;
		char *name;

		while (list[n] && !strchr(seps, list[n]))
			n++;
		name = rld_alloc(n + 1);
		if (n && name) {
			memcpy(name, list, n);
			if ((paths || !strchr(name, '/')) &&
			    !rld_load(r, name, from, &e)) {
				rld_print(r, 2,
					  "rld: %s: %s: %s: cannot be "
					  "preloaded: ignored\n",
					  r->prog, source,
					  e.text ? e.text : name);
				rld_err_clear(&e);
			}
		}
		rld_free(name);
		list += n + (list[n] != 0);
	}
}

/* A comment ends with its line. */
static void drop_comments(char *text)
{
	for (int in = 0; *text; text++) {
		in = *text == '#' || (in && *text != '\n');
		if (in)
			*text = ' ';
	}
}

/* /etc/ld.so.preload, which is glibc's. */
static void preload_named(struct rld *r)
{
	char *list;

	if (r->host.kind != HOST_GLIBC)
		return;
	list = path_slurp(r, rld_preload_file, 1);
	if (list)
		drop_comments(list);
	preload_list(r, list, " \t\n:", rld_preload_file);
	rld_free(list);
}

/* _RLD_LIST: objects before and after DEFAULT; without it, these alone. */
static int list_variable(struct rld *r, int after)
{
	const char *list = r->list, *def = NULL;

	for (const char *p = list; p && *p; p++)
		if (str_starts(p, "DEFAULT") && (p == list || p[-1] == ':') &&
		    (p[7] == 0 || p[7] == ':'))
			def = p;
	if (!list)
		return 1;
	if (!after) {
		char *pre = rld_strdup(list);

		if (pre && def)
			pre[def - list] = 0;
		preload_list(r, pre, ":", "_RLD_LIST");
		rld_free(pre);
		return def != NULL;
	}
	if (def && def[7])
		preload_list(r, def + 8, ":", "_RLD_LIST");
	return 1;
}

/* Our own path, for debuggers and dladdr. */
static void name_self(struct rld *r, const char *path)
{
	char *s = path ? rld_strdup(path) : NULL;

	if (!s)
		return;
	rld_free(r->self->lm.l_name);
	r->self->lm.l_name = s;
}

/* All files have kept the length they had when they were opened. */
static void whole(struct rld *r)
{
	if (r->mode == MODE_RUN && r->guarded)
		rld_guard(r, 0);
	rld_set_guarded(r, 0);
	if (r->torn)
		rld_die(r, "%s: was cut short while it was loaded", r->torn);
}

/* Nobody needs libc: rld stands last, and what auditors need of libc's behind
 * it. */
static void put_self(struct rld *r)
{
	if (!r->self->serial)
		rld_append(r, r->self);
	if (r->gather == GATHER_FIRST)
		return;
	rld_move_last(r, r->self);
	rld_move_last(r, r->host.libc);
	rld_move_last(r, r->host.loader);
}

/* All that starts with the program, behind it. */
static void gather_list(struct rld *r)
{
	struct rld_err e = { 0 };
	struct dso *p = r->program;
	int normal;

	preload_list(r, r->preload, ": ", "--preload");
	preload_list(r, r->preload_env, ": ", "LD_PRELOAD");
	normal = list_variable(r, 0);
	if (r->root || r->preload_file)
		preload_named(r);
	/* what auditors say is asked each time */
	if (r->gather == GATHER_FIRST)
		rld_quick_begin(r);
	if (rld_read_liblist(r, p, &e))
		die_of(r, &e);
	if (!normal)
		dso_drop_needs(p);
	if (rld_load_needed(r, r->head, &e))
		die_of(r, &e);
	if (r->list)
		list_variable(r, 1);
	if (r->list && rld_load_needed(r, r->head, &e))
		die_of(r, &e);
	if (!r->self->arrived)
		put_self(r);
	if (r->vdso)
		rld_append(r, r->vdso);
	if (r->delay_list)
		rld_tell_unneeded(r);
	rld_search_done(r);
	if (rld_recording(r))
		rld_record_phase(r, "load");
}

static void gather(struct rld *r)
{
	struct dso *p = r->program;

	name_self(r, r->as_command ? (const char *)rld_aux(r, AT_EXECFN) :
				     interp_of(p));
	rld_host_kind(r, interp_of(p));
	if (r->mode == MODE_RUN)
		rld_synth_reserve();
	/* asking for a file that is not there costs less than to open it */
	r->preload_file = !sys_access(rld_preload_file);
	if (__builtin_expect(rld_auditors_named(r), 0) &&
	    rld_auditors_prepare(r))
		r->gather = GATHER_LATE;
	else
		gather_list(r);
}

/* With auditors the list is gathered when libc is up, and they are. */
static void gather_late(struct rld *r)
{
	struct rld_err e = { 0 };

	whole(r);
	rld_auditors_start(r);
	r->gather = GATHERS_LATE;
	rld_set_guarded(r, 1);
	rld_guard(r, 1);
	for (struct dso *d = r->head; d; d = dso_next(d))
		for (unsigned i = 0; d->flags & D_HOST && i < d->nneed; i++)
			d->need[i] = NULL;
	gather_list(r);
	rld_auditors_gathered(r);
	if (rld_tls_late_layout(r, &e))
		die_of(r, &e);
}

/* Everything is mapped and, in run mode, libc is up: bind. */
static void bind(struct rld *r)
{
	size_t implicit = 0;
	struct rld_err e = { 0 };
	int known = rld_quick_complete(r);

	for (struct dso *d = r->head; d; d = dso_next(d))
		d->flags |= D_READY;
	for (struct dso *d = known ? NULL : r->head; d; d = dso_next(d))
		if (d->flags & D_NEW && !(d->flags & D_HOST) &&
		    rld_check_versions(r, d, &e)) {
			if (r->mode == MODE_RUN)
				die_of(r, &e);
			rld_problem(r, "%s: %s", r->prog, e.text);
			rld_err_clear(&e);
		}
	for (struct dso *d = ARCH_IMPLICIT_GOT && !known ? r->head : NULL; d;
	     d = dso_next(d))
		if (!(d->flags & (D_HOST | D_SELF | D_VDSO)))
			implicit += rld_ngot(d);
	if (r->index) /* auditors have filled one */
		rld_index_build(r);
	else if (!known)
		rld_index_plan(r, implicit);
	if (rld_recording(r))
		rld_record_arrived(r, r->head);
	if (rld_relocate_new(r, r->head, &e)) {
		if (r->mode == MODE_RUN)
			die_of(r, &e);
		rld_problem(r, "%s: %s", r->prog, e.text);
	}
	if (rld_recording(r))
		rld_record_bound(r);
}

static void settle(struct rld *r)
{
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		d->flags &= ~(unsigned)D_NEW;
		rld_next_global(r, d);
	}
}

/* DT_DEBUG of the program or its like, for debuggers; it may lie in RELRO,
 * which is still open. */
static void publish(struct rld *r)
{
	const struct dso *p = r->program;
	uintptr_t at = p->lm.l_addr + p->dyn.debug_vaddr, lo, hi;

	if (p->dyn.debug_vaddr && at % WORD == 0 &&
	    rld_window(p, at, 0, &lo, &hi) && hi - at >= WORD)
		*(uintptr_t *)at = (uintptr_t)&_r_debug;
}

static void announce(struct rld *r)
{
	rld_debug_state(r, RT_ADD);
	rld_debug_state(r, RT_CONSISTENT);
}

_Noreturn static void enter(struct rld *r, uintptr_t fini)
{
	arch_enter(r->program->entry, r->stack, fini);
}

/* A program that brings no libc: thread pointer and TLS block are ours. */
static void start_alone(struct rld *r)
{
	uintptr_t block, tp;
	size_t size;

	rld_tls_layout(r);
	size = r->tls_size + r->tls_align * 2 + ARCH_TCB_ALLOC +
	       ARCH_TLS_TCB_SIZE + ARCH_TLS_TP_BIAS;
	block = sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (SYS_ERR(block))
		rld_die(r, "out of memory");
	block = (block + r->tls_align - 1) & ~(r->tls_align - 1);
#if ARCH_TLS_BELOW_TP
	tp = block + r->tls_size;
#else
	tp = block + ARCH_TLS_TP_BIAS;
#endif
	arch_init_tcb(tp, (const unsigned char *)rld_aux(r, AT_RANDOM));
	if (arch_set_tp(tp))
		rld_die(r, "cannot set the thread pointer");
	rld_set_started(r);
	publish(r);
	bind(r);
	rld_quick_end(r);
	rld_tls_install(r, NULL);
	rld_program_aux(r);
	settle(r);
	whole(r);
	rld_seal_first(r);
	announce(r);
	rld_init_program(r);
	rld_delay_init(r); /* news of what data references brought */
	if (rld_recording(r))
		rld_record_entered(r);
	enter(r, (uintptr_t)rld_fini_all);
}

_Noreturn static void finish(struct rld *r)
{
	if (rld_recording(r))
		rld_record_end(r);
	sys_exit(r->problems ? 1 : 0);
}

/* Entries that wait: where each would be found. */
static void print_delayed(struct rld *r, struct dso *d)
{
	for (unsigned i = 0; d->mark && i < d->nneed; i++) {
		struct rld_err e = { 0 };
		const char *path;

		if (!rld_is_delayed(d, i) || rld_find_name(r, d->need_name[i]))
			continue;
		path = rld_delay_path(r, d, i, &e);
		if (r->mode == MODE_LIST) {
			rld_print(r, 1, "\t%s => %s (delay-load by %s)\n",
				  d->need_name[i], path ? path : "not found",
				  dso_name(r, d));
		} else if (!path) {
			rld_problem(r, "%s: %s (delay-load by %s)", r->prog,
				    e.text, dso_name(r, d));
		}
		rld_err_clear(&e);
	}
}

static void print_list(struct rld *r)
{
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		if (d->flags & (D_PROGRAM | D_SELF))
			continue;
		if (strchr(d->name, '/') || d->flags & D_VDSO)
			rld_print(r, 1, "\t%s (%p)\n", d->lm.l_name,
				  (void *)d->lo);
		else
			rld_print(r, 1, "\t%s => %s (%p)\n", d->name,
				  d->lm.l_name, (void *)d->lo);
	}
	for (struct dso *d = r->head; d; d = dso_next(d))
		print_delayed(r, d);
	if (!r->program->nneed)
		rld_print(r, 1, "\tstatically linked\n");
	if (rld_recording(r))
		rld_record_arrived(r, r->head);
	finish(r);
}

void rld_start(uintptr_t *sp, const ElfW(Dyn) *dyn, uintptr_t base)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	uintptr_t page;

	relocate_self(base, dyn);
	rld_read_stack(r, sp);
	page = rld_aux(r, AT_PAGESZ);
	r->page = page ? page : ARCH_PAGE_SIZE;
	r->log_fd = 2;
	r->secure = rld_aux(r, AT_SECURE) != 0;
	r->as_command = rld_aux(r, AT_BASE) == 0;
	r->prog = r->argc ? r->argv[0] : "?";
	VAULT->up = (struct upcalls){ rld_watch_threads, rld_thread_exit };
	rld_options(r);
	if (r->secure)
		rld_drop_variables(r);
	make_self(r, base);
	make_vdso(r);
	rld_set_floor(r, below_kernels(r));
	if (r->as_command)
		program_from_file(r);
	else
		program_from_kernel(r);
	gather(r);
	if (r->mode != MODE_RUN) {
		if (r->mode == MODE_LIST)
			print_list(r);
		bind(r);
		for (struct dso *d = r->head; d; d = dso_next(d))
			print_delayed(r, d);
		whole(r);
		if (r->quick_fd)
			rld_quick_write(r);
		finish(r);
	}
	if (rld_stack_decide(r, &e))
		die_of(r, &e);
	if (!r->host.libc)
		start_alone(r);
	if (!r->host.loader)
		rld_die(r,
			"%s: its own loader cannot be found: install the C "
			"library that the program was linked to",
			r->host.libc->lm.l_name);
	if (rld_synth_build(r, &e))
		die_of(r, &e);
	rld_host_start(r);
}

void rld_stage2(uintptr_t *sp, uintptr_t fini)
{
	struct rld *r = &rld_state;

	/* Under AT_SECURE glibc's loader moves the environment together where
	 * it has removed variables, and leaves the aux vector in its place,
	 * which cannot be found from the environment's new end. */
	if (sp != r->stack)
		rld_read_stack(r, sp);
	if (rld_recording(r))
		rld_record_phase(r, "libc");
	rld_host_adopt(r);
	if (r->as_command)
		rld_exe_offer(r);
	publish(r);
	if (r->gather)
		gather_late(r);
	bind(r);
	if (rld_audits(r))
		rld_audit_consistent(r);
	r->gather = GATHER_FIRST;
	rld_host_finish(r);
	settle(r);
	rld_host_interpose(r);
	if (rld_audits(r) && rld_synth_exported(r->host.synth, "malloc"))
		rld_auditors_interposed(r);
	rld_quick_end(r);
	rld_find_atexit(r);
	whole(r);
	rld_seal_first(r);
	announce(r);
	rld_watch_fork_at_start(r, rld_synth_exported(r->host.synth, "malloc"));
	if (r->host.kind == HOST_GLIBC) {
		rld_init_program(r);
		rld_delay_init(r); /* news of what data references brought */
	}
	if (rld_audits(r))
		rld_audit_preinit(r);
	if (rld_recording(r))
		rld_record_entered(r);
	enter(r, fini);
}
