/* SPDX-License-Identifier: MIT */
/* Files that are cut short while they are loaded: the kernel says so by
 * SIGBUS.  While rld reads objects it takes that signal itself, unless the
 * program does: handlers are the whole process's, and its own is not taken away
 * for a moment from its other threads. */
#include "rld/base/base.h"
#include "rld/image/image.h"

#ifdef ARCH_SA_FLAGS

#include <signal.h>

static int is_set;
static uintptr_t owner; /* thread; 1 at start, when there is but one */
static int depth;	/* an IFUNC resolver may dlopen */

/* As if rld's handler were not there: it may be put back by a thread that had
 * saved it while files were read, and then stay for long. */
static void as_before(int sig, const siginfo_t *info)
{
	int sent = info->si_code <= 0;

	if (sent && VAULT->before.handler == (uintptr_t)SIG_IGN)
		return;
	if (VAULT->before.handler == (uintptr_t)SIG_DFL)
		sys_die_by(sig, info->si_code);
	else /* the fault comes again, to the handler it was meant for */
		arch_syscall6(__NR_rt_sigaction, sig, (long)&VAULT->before, 0,
			      sizeof VAULT->before.mask, 0, 0);
}

static void on_bus(int sig, siginfo_t *info, void *context)
{
	struct rld *r = &rld_state;
	uintptr_t at = page_down(r, (uintptr_t)info->si_addr);
	struct dso *d = r->head;

	(void)context;
	if (!depth || (owner != 1 && rld_self_id() != owner) ||
	    info->si_code != BUS_ADRERR ||
	    SYS_ERR(sys_mmap((void *)at, r->page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0))) {
		as_before(sig, info);
		return;
	}
	/* not rld_find_addr: it reads program headers, which may be gone, too */
	while (d && (at < d->lo || at >= d->hi))
		d = dso_next(d);
	r->torn = d ? dso_name(r, d) : r->mapping ? r->mapping : "a file";
}

static int action(const struct arch_sigaction *to, struct arch_sigaction *was)
{
	return (int)arch_syscall6(__NR_rt_sigaction, SIGBUS, (long)to,
				  (long)was, sizeof was->mask, 0, 0);
}

static void begin(struct rld *r)
{
	struct arch_sigaction mine = { .flags = ARCH_SA_FLAGS | SA_SIGINFO };
	struct arch_sigaction now = { 0 };
	uintptr_t handler = (uintptr_t)on_bus;

	/* or clang makes it a constant, which would have to be relocated */
	__asm__("" : "+r"(handler));
	mine.handler = handler;
	r->torn = NULL;
	owner = rld_self_id();
	ARCH_SA_RESTORE(&mine);
	if (!r->started) { /* no handlers yet, and no second thread */
		is_set = !action(&mine, &VAULT->before);
		return;
	}
	if (action(NULL, &now))
		return;
	if (now.handler == handler) { /* put back by another thread */
		is_set = 1;
		return;
	}
	if (now.handler > (uintptr_t)SIG_IGN || rld_unseal(r))
		return;
	VAULT->before = now;
	rld_seal(r);
	is_set = !sys_replace_action(SIGBUS, now.handler, &mine);
}

/* Unless another thread has installed something meanwhile. */
static void end(void)
{
	is_set = 0;
	sys_replace_action(SIGBUS, (uintptr_t)on_bus, &VAULT->before);
}

void rld_guard(struct rld *r, int on)
{
	depth += on ? 1 : -1;
	if (on && depth == 1)
		begin(r);
	else if (!depth && is_set)
		end();
}

#else

void rld_guard(struct rld *r, int on)
{
	(void)r;
	(void)on;
}

#endif
