/* What was unloaded: a bounded journal, the addresses that stand for data
 * which nobody defines any more, and the words with which a program ends that
 * touches either. */
#include "rld/bind.h"
#include "rld/event.h"

/* NOWHERE: an address that is never mapped. */
enum { KEPT = 64, TRAPS = 256, TRAP_ROOM = 64 * 1024, NOWHERE = 16 };

static struct rld_gone kept[KEPT] LARGE;
static unsigned long long unloaded;

/* Each dangling name has TRAP_ROOM bytes of address space, never accessible:
 * a fault there tells the name, also through a member of a structure. */
static struct {
	char *symbol, *user, *object;
	int is_function;
} trap[TRAPS] LARGE;
static unsigned ntraps;
static uintptr_t traps_at;

/* The build-id among the notes of one segment. */
static void id_in(const unsigned char *at, size_t left, struct rld_gone *g)
{
	while (left >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) n;
		size_t name, desc;

		memcpy(&n, at, sizeof n);
		at += sizeof n;
		left -= sizeof n;
		name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)n.n_descsz + 3) & ~(size_t)3;
		if (name > left || desc > left - name)
			return;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 &&
		    !memcmp(at, "GNU", 4)) {
			g->build_id_size = n.n_descsz < sizeof g->build_id ?
						   n.n_descsz :
						   sizeof g->build_id;
			memcpy(g->build_id, at + 4, g->build_id_size);
			return;
		}
		at += name + desc;
		left -= name + desc;
	}
}

void rld_build_id_in(const struct elf_view *v, struct rld_gone *g)
{
	for (size_t i = 0; i < v->phnum && !g->build_id_size; i++) {
		const void *at;
		size_t left;

		if (v->ph[i].p_type != PT_NOTE)
			continue;
		at = elf_at(v, v->ph[i].p_vaddr, &left);
		if (left > v->ph[i].p_filesz)
			left = v->ph[i].p_filesz;
		if (at)
			id_in(at, left, g);
	}
}

void rld_build_id(const struct dso *d, struct rld_gone *g)
{
	struct elf_view v = { .ph = d->ph,
			      .phnum = d->phnum,
			      .bias = d->lm.l_addr };

	rld_build_id_in(&v, g);
}

static void explain(int sig, siginfo_t *info, void *context);

const char *rld_journal_add(struct rld *r, const struct dso *d)
{
	struct rld_gone *g = &kept[unloaded % KEPT];

	rld_free((void *)(uintptr_t)g->name);
	*g = (struct rld_gone){ .name = rld_strdup(d->lm.l_name),
				.lo = d->lo,
				.hi = d->hi };
	rld_build_id(d, g);
	g->order = ++unloaded;
	if (r->tombstone && d->dyn.symtab)
		rld_tomb_add(r, d, unloaded);
	if (unloaded == 1)
		sys_if_default(SIGSEGV, explain);
	return g->name ? g->name : "";
}

API int rld_journal(struct rld_gone *out, size_t max)
{
	struct rld *r = &rld_state;
	int n = 0;

	rld_lock(r);
	for (; n < KEPT && (unsigned)n < unloaded; n++)
		if ((size_t)n < max)
			out[n] = kept[(unloaded - 1 - (unsigned)n) % KEPT];
	rld_unlock(r);
	return n;
}

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
		symbol = "(one of many)"; /* all who come now share it */
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
			rld_print(r, 2,
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
		for (unsigned i = 0; i < KEPT; i++)
			if (kept[i].order &&
			    at - kept[i].lo < kept[i].hi - kept[i].lo &&
			    !rld_find_addr(r, at)) {
				rld_print(r, 2,
					  "%d:%s: rld: Fatal Error: access to "
					  "%p, which is in %s, at offset "
					  "0x%zx: it has been unloaded\n",
					  sys_getpid(), str_base(r->prog),
					  (void *)at, kept[i].name,
					  at - kept[i].lo);
				break;
			}
	}
	sys_die_by(sig, info->si_code);
}

API int rld_holders(void *handle, struct rld_holder *out, size_t max)
{
	struct rld *r = &rld_state;
	struct rld_err e = { 0 };
	struct dso *d;
	size_t n = 0;

#define HOLDER(w, c, s)                                          \
	do {                                                     \
		if (n < max)                                     \
			out[n] = (struct rld_holder){ w, c, s }; \
		n++;                                             \
	} while (0)
	rld_lock(r);
	d = rld_valid(r, handle, &e);
	if (d && d->flags & D_STARTUP)
		HOLDER(RLD_HELD_STARTUP, 1, NULL);
	if (d && d->opens)
		HOLDER(RLD_HELD_HANDLE, d->opens, NULL);
	for (struct dso *o = d ? r->head : NULL; o; o = dso_next(o))
		for (unsigned i = 0; i < o->nneed + o->nfilter; i++)
			if ((i < o->nneed ? o->need[i] :
					    o->filtee[i - o->nneed]) == d &&
			    o != d) {
				HOLDER(RLD_HELD_DEPENDENT, 1, dso_name(r, o));
				break;
			}
	if (d && d->flags & D_NODELETE)
		HOLDER(RLD_HELD_NODELETE, 1, NULL);
	if (d && d->tls_dtors)
		HOLDER(RLD_HELD_THREADS, d->tls_dtors, NULL);
	if (d && d->init == INIT_RUNNING)
		HOLDER(RLD_HELD_RUNNING, 1, NULL);
	rld_unlock(r);
	if (d)
		return (int)n;
	rld_keep_error(&e);
	return -1;
}
