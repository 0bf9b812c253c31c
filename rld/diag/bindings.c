/* SPDX-License-Identifier: MIT */
/* Bindings, for the record and for the trace: what a reference was bound to, and why
 * each other definition was passed over. */
#include "rld/base/base.h"
#include "rld/diag/diag.h"
#include "rld/diag/lines.h"
#include "rld/sym/sym.h"

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

/* The definitions of one name, in the list's order: begins with { .r = r }. */
struct definitions {
	const struct rld *r;
	const struct index *x; /* NULL: the objects are probed */
	struct dso *d;	       /* whose symbol it is */
	struct elf_walk w;     /* within d */
	uint32_t at;	       /* within x */
	int begun;
};

/* The index where it has every object, which is so at the start of a program with
 * many of them; NULL otherwise.  Before anything runs objects only arrive. */
static const struct index *whole_index(const struct rld *r)
{
	static const struct index *known LARGE;
	static unsigned nobj LARGE;

	if (rec_state.running || !r->index)
		return NULL;
	if (known == r->index && nobj == r->nobj)
		return known;
	for (const struct dso *d = r->head; d; d = dso_next(d))
		if (!(d->flags & (D_INDEXED | D_VDSO)) && d->flags & D_READY &&
		    d->dyn.nsym)
			return NULL;
	nobj = r->nobj;
	return known = r->index;
}

static uint32_t next_in_object(struct definitions *l, const struct ref *ref)
{
	const struct elf_dyn *y = &l->d->dyn;

	if (!(l->d->flags & D_READY) || l->d->flags & D_VDSO)
		return 0;
	return elf_needs_sysv(y) ?
		       elf_walk_sysv(y, elf_sysv_hash(ref->name), &l->w) :
		       elf_walk_gnu(y, ref->hash, &l->w);
}

/* The next symbol of ref's hash, and in l->d whose; 0: the end. */
static uint32_t next_of_hash(struct definitions *l, const struct ref *ref)
{
	uint32_t i = 0;

	if (!l->begun) {
		l->begun = 1;
		l->x = whole_index(l->r);
		l->d = l->r->head;
	}
	if (l->x)
		return rld_index_next(l->x, ref->hash, &l->at, &l->d);
	while (l->d && !(i = next_in_object(l, ref))) {
		l->d = dso_next(l->d);
		l->w = (struct elf_walk){ 0 };
	}
	return i;
}

static uint32_t next_definition(struct definitions *l, const struct ref *ref)
{
	uint32_t i;

	while ((i = next_of_hash(l, ref))) {
		const struct elf_dyn *y = &l->d->dyn;
		const char *s = elf_str(y, y->symtab[i].st_name);

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
	struct definitions l = { .r = r };
	const ElfW(Sym) *second = NULL;
	uint32_t i;

	*of = NULL;
	while ((i = next_definition(&l, ref)) && (!second || l.d == *of)) {
		enum verdict v = rld_judge(l.d, i, ref);

		if (v != SYM_SERVES && (v != SYM_SECOND || second))
			continue;
		*of = l.d;
		second = &l.d->dyn.symtab[i];
		if (v == SYM_SERVES)
			break;
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

static void add_candidate(struct rld *r, struct dso *d, uint32_t i,
			  const char *reason)
{
	const struct elf_version *ver = version_of(d, i);
	const char *kind = kind_of_definition(&d->dyn.symtab[i]);

	rec_add("{\"object\":%u", rec_number(r, d));
	rec_add(",\"version\":%s", ver ? ver->name : NULL);
	if (ver)
		rec_add(",\"default\":%b", !(d->dyn.versym[i] & 0x8000));
	if (kind)
		rec_add(",\"def\":%s", kind);
	rec_add(",\"reason\":%s}", reason);
}

static void add_candidates(struct rld *r, const struct binding *b,
			   const char *rule)
{
	struct definitions l = { .r = r };
	int n = 0, behind = 0;
	uint32_t i;

	while ((i = next_definition(&l, b->ref))) {
		const ElfW(Sym) *s = &l.d->dyn.symtab[i];
		enum verdict v = rld_judge(l.d, i, b->ref);

		if (b->def && s == b->def->sym && l.d == b->def->dso) {
			behind = 1;
			continue;
		}
		if (v == SYM_NONE)
			continue;
		rec_add(n++ ? "," : ",\"candidates\":[");
		add_candidate(r, l.d, i,
			      v > SYM_SECOND  ? passed_over(v) :
			      behind || !rule ? "later" :
						"rule");
	}
	if (n)
		rec_add("]");
}

static void add_definition(struct rld *r, const struct binding *b,
			   const char *rule)
{
	struct dso *d = b->def->dso;
	const ElfW(Sym) *s = b->def->sym;
	uint32_t i = (uint32_t)(s - d->dyn.symtab);
	const struct elf_version *ver = version_of(d, i);
	unsigned type = ELF64_ST_TYPE(s->st_info);

	rec_add_object(r, "to", d);
	rec_add(",\"value\":%x",
		type == STT_TLS ? (uintptr_t)s->st_value : rld_sym_addr(d, s));
	rec_add(",\"to_version\":%s", ver ? ver->name : NULL);
	if (ver && d->dyn.versym[i] & 0x8000)
		rec_add(",\"to_default\":false");
	if (kind_of_definition(s))
		rec_add(",\"def\":%s", kind_of_definition(s));
	if (type == STT_GNU_IFUNC)
		rec_add(",\"ifunc\":true");
	if (b->rel && arch_reloc_kind(b->rel->type) == RK_COPY)
		rec_add(",\"size\":%l,\"to_size\":%l",
			(unsigned long long)b->ref->from->dyn
				.symtab[b->rel->sym]
				.st_size,
			(unsigned long long)s->st_size);
	rec_add(",\"by\":%s", rule);
}

static void record_binding(struct rld *r, const struct binding *b,
			   const char *rule)
{
	const struct ref *ref = b->ref;
	struct sigs was;
	struct mark m;

	if (rec_is_over(r))
		return;
	if (rec_state.running && in_handler()) {
		rec_lost();
		return;
	}
	m = rec_begin(r, "bind", &was);
	rec_add_object(r, "from", b->from);
	rec_add(",\"symbol\":%s,\"version\":%s,\"kind\":%s", ref->name,
		ref->ver ? ref->ver->name : NULL, kind_of(b));
	if (b->rel)
		rec_add(",\"offset\":%x,\"type\":%u", b->rel->off,
			b->rel->type);
	if (b->is_weak)
		rec_add(",\"weak\":true");
	if (b->def)
		add_definition(r, b, rule);
	else
		rec_add(",\"to\":null,\"reason\":%s", b->reason);
	rec_add(",\"when\":%s", b->when		  ? b->when :
				rec_state.running ? "open" :
						    "start");
	add_candidates(r, b, rule);
	rec_end(&m, &was);
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
	if (r->trace & TR_REFS)
		record_binding(r, b, rule);
}

void rld_record_in_child(void)
{
	if (rec_state.now->alive && rec_state.pid != sys_getpid())
		*rec_state.now = (struct process){ 0 };
}
