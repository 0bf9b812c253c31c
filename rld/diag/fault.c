/* SPDX-License-Identifier: MIT */
/* The addresses that stand for data which no object defines any more, and the
 * words with which a program ends that touches them, or what was unloaded. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/list/list.h"

/* NOWHERE: an address that is never mapped. */
enum { TRAPS = 256, TRAP_ROOM = 64 * 1024, NOWHERE = 16 };

/* Each dangling name has TRAP_ROOM bytes of address space, never accessible:
 * a fault there tells the name, also through a member of a structure. */
static struct {
	char *symbol, *user, *object;
	int is_function;
} trap[TRAPS] LARGE;
static unsigned ntraps;
static uintptr_t traps_at;

static void replace(char **at, const char *text)
{
	char *was = *at;

	__atomic_store_n(at, rld_strdup(text), __ATOMIC_RELEASE);
	rld_free(was);
}

uintptr_t rld_trap(struct rld *r, const char *symbol, const struct dso *user,
		   const struct dso *gone, int is_function)
{
	unsigned i = 0;

	if (!traps_at) {
		traps_at = sys_mmap(NULL, TRAPS * TRAP_ROOM, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				    -1, 0);
		if (SYS_ERR(traps_at)) {
			traps_at = 0;
			return NOWHERE;
		}
	}
	while (i < ntraps && i < TRAPS - 1 &&
	       strcmp(trap[i].symbol, symbol) != 0)
		i++;
	if (i == TRAPS - 1) {
		symbol = "(one of many)"; /* all that come now share it */
		gone = NULL;
	}
	if (i == ntraps) {
		trap[i].symbol = rld_strdup(symbol);
		if (!trap[i].symbol)
			return traps_at;
		ntraps++;
	}
	trap[i].is_function = is_function;
	replace(&trap[i].user, dso_name(r, user));
	if (gone)
		replace(&trap[i].object, gone->lm.l_name);
	return traps_at + i * TRAP_ROOM + TRAP_ROOM / 2;
}

int rld_is_trap(uintptr_t at)
{
	return traps_at && at - traps_at < TRAPS * TRAP_ROOM;
}

int rld_trap_was(uintptr_t at, struct rld_was *out)
{
	unsigned i = (unsigned)((at - traps_at) / TRAP_ROOM);

	if (!rld_is_trap(at) || i >= ntraps)
		return 0;
	*out = (struct rld_was){
		.object = __atomic_load_n(&trap[i].object, __ATOMIC_ACQUIRE),
		.symbol = trap[i].symbol,
		.user = __atomic_load_n(&trap[i].user, __ATOMIC_ACQUIRE),
	};
	return 1;
}

/* SIGSEGV, where the program has no handler of its own: say what rld knows,
 * then let it die as it would have. */
static void explain(int sig, siginfo_t *info, void *context)
{
	struct rld *r = &rld_state;
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)context;
	if (info->si_code > 0 && rld_is_trap(at)) {
		unsigned i = (unsigned)((at - traps_at) / TRAP_ROOM);

		if (i < ntraps)
			rld_print(r, RLD_FATAL,
				  "%d:%s: rld: Fatal Error: attempted access "
				  "to unresolvable symbol in %s: %s (it was in "
				  "%s, which has been unloaded)\n",
				  sys_getpid(), str_base(r->prog), trap[i].user,
				  trap[i].symbol,
				  trap[i].object ? trap[i].object :
						   "an object");
		if (i < ntraps && trap[i].is_function)
			sys_exit(127); /* a call, as through a lazy slot */
	} else if (info->si_code > 0 && !rld_tomb_tell(r, at)) {
		const struct rld_gone *g = rld_journal_at(at);

		if (g && !rld_find_addr(r, at))
			rld_print(r, RLD_FATAL,
				  "%d:%s: rld: Fatal Error: access to %p, "
				  "which is in %s, at offset 0x%zx: it has "
				  "been unloaded\n",
				  sys_getpid(), str_base(r->prog), (void *)at,
				  g->name, at - g->lo);
	}
	sys_die_by(sig, info->si_code);
}

void rld_explain_faults(void)
{
	sys_if_default(SIGSEGV, explain);
}
