/* SPDX-License-Identifier: MIT */
/* Calls of auditors.  Each object has a cookie for each of them, its link_map's
 * address until they change it; the objects of auditors themselves are told to
 * nobody.  errno is kept round each call.  Where rld changes its own state they
 * are called under its lock, as glibc's linker does, and may not open or close
 * anything then (r->asking). */
#include "rld/audit/audit.h"
#include "rld/base/base.h"

static struct audited *record(struct dso *d)
{
	const struct auditing *a = VAULT->audit;
	struct audited *s = d->audited;

	if (s)
		return s;
	s = rld_alloc(sizeof *s + a->n * sizeof s->of[0]);
	for (unsigned i = 0; s && i < a->n; i++)
		s->of[i].cookie = (uintptr_t)&d->lm;
	__atomic_store_n(&d->audited, s, __ATOMIC_RELEASE);
	return s;
}

/* Round calls of auditors under the lock. */
struct asking {
	struct rld *r;
	int sealed, errnum, *at;
};

static struct asking begin(struct rld *r)
{
	struct asking k = { .r = r, .at = VAULT->audit->errno_at() };

	k.errnum = *k.at;
	k.sealed = rld_seal_aside(r);
	r->asking++;
	return k;
}

static void end(const struct asking *k)
{
	k->r->asking--;
	rld_seal_back(k->r, k->sealed);
	*k->at = k->errnum;
}

const char *rld_audit_search(struct rld *r, const char *name,
			     const struct dso *from, unsigned flag)
{
	const struct auditing *a = VAULT->audit;
	struct dso *d = (struct dso *)(uintptr_t)(from ? from : r->program);
	const char *was = name;
	struct audited *s;
	struct asking k;

	if (is_auditors(d) || (r->space && r->space->audits))
		return name;
	s = record(d);
	k = begin(r);
	for (unsigned i = 0; s && i < a->n && name; i++)
		if (a->of[i].objsearch)
			name = a->of[i].objsearch(name, &s->of[i].cookie, flag);
	end(&k);
	if (name != was && (!name || strcmp(name, was) != 0))
		TRACE(r, TR_SEARCH, "search: %s: an auditor says %s\n", was,
		      name ? name : "to stop");
	return name;
}

static void activity(struct rld *r, struct space *p, unsigned what)
{
	const struct auditing *a = VAULT->audit;
	struct audited *s = p->head ? record(p->head) : NULL;
	struct asking k = begin(r);

	for (unsigned i = 0; s && i < a->n; i++)
		if (a->of[i].activity)
			a->of[i].activity(&s->of[i].cookie, what);
	end(&k);
}

static void changes(struct rld *r, const struct dso *d, unsigned what)
{
	struct space *p = d->space ? d->space : rld_base(r);

	if (p->activity == what)
		return;
	p->activity = what;
	activity(r, p, what);
}

void rld_audit_first(struct rld *r, struct dso *d)
{
	const struct auditing *a = VAULT->audit;
	struct audited *s = record(d);
	struct asking k = begin(r);

	if (s)
		s->closed = 0;
	for (unsigned i = 0; s && i < a->n; i++)
		if (a->of[i].objopen) {
			s->of[i].flags = a->of[i].objopen(
				&d->lm, d->space ? d->space->id : LM_ID_BASE,
				&s->of[i].cookie);
			s->any |= s->of[i].flags != 0;
		}
	end(&k);
}

void rld_audit_adding(struct rld *r)
{
	changes(r, r->program, LA_ACT_ADD);
}

void rld_audit_opened(struct rld *r, struct dso *d)
{
	if (is_auditors(d))
		return;
	changes(r, d, LA_ACT_ADD);
	rld_audit_first(r, d);
}

static void consistent(struct rld *r, struct space *p)
{
	if (!p->activity)
		return;
	p->activity = LA_ACT_CONSISTENT;
	if (p->head)
		activity(r, p, LA_ACT_CONSISTENT);
}

void rld_audit_consistent(struct rld *r)
{
	consistent(r, rld_base(r));
	for (struct space *p = r->spaces; p; p = p->next)
		consistent(r, p);
}

void rld_audit_closed(struct rld *r, struct dso *d)
{
	const struct auditing *a = VAULT->audit;
	struct audited *s = d->audited;
	struct asking k;

	if (!s || s->closed)
		return;
	s->closed = 1;
	k = begin(r);
	for (unsigned i = 0; i < a->n; i++)
		if (a->of[i].objclose)
			a->of[i].objclose(&s->of[i].cookie);
	end(&k);
}

void rld_audit_removing(struct rld *r, const struct dso *d)
{
	if (!is_auditors(d))
		changes(r, d, LA_ACT_DELETE);
}

void rld_audit_forget(struct rld *r, struct dso *d)
{
	struct audited *s = d->audited;

	for (struct alt *x = s ? s->alts : NULL, *next; x; x = next) {
		next = x->next;
		rld_free_later(r, x);
	}
	d->audited = NULL;
	rld_free_later(r, s);
}

/* One binding, asked of each auditor in turn. */
struct question {
	struct dso *from;
	const struct def *def;
	uintptr_t value;
	unsigned flags;
};

/* Of a call both ends must be of interest, of dlsym one. */
static int wants(const struct question *q, const struct audited *from,
		 const struct audited *to, unsigned i)
{
	int f = (from->of[i].flags & LA_FLG_BINDFROM) != 0;
	int t = (to->of[i].flags & LA_FLG_BINDTO) != 0;

	return q->flags & LA_SYMB_DLSYM ? f || t : f && t;
}

static uintptr_t ask(void *arg, void *unused)
{
	const struct auditing *a = VAULT->audit;
	struct question *q = arg;
	struct audited *from = q->from->audited, *to = q->def->dso->audited;
	const struct elf_dyn *y = &q->def->dso->dyn;
	const char *name = elf_str(y, q->def->sym->st_name);
	int *at = a->errno_at(), errnum = *at;
	ElfW(Sym) sym = *q->def->sym;

	(void)unused;
	sym.st_value = (__typeof__(sym.st_value))q->value;
	for (unsigned i = 0; i < a->n; i++) {
		uintptr_t v;

		if (!a->of[i].symbind || !wants(q, from, to, i))
			continue;
		v = a->of[i].symbind(&sym, (unsigned)(q->def->sym - y->symtab),
				     &from->of[i].cookie, &to->of[i].cookie,
				     &q->flags, name ? name : "");
		if (v == q->value)
			continue;
		q->flags |= LA_SYMB_ALTVALUE;
		q->value = v;
		sym.st_value = (__typeof__(sym.st_value))v;
	}
	*at = errnum;
	return q->value;
}

/* Is there anybody to ask? */
static int is_asked(const struct dso *from, const struct def *def)
{
	const struct audited *f = from->audited, *t = def->dso->audited;

	return f && t && (f->any || t->any);
}

uintptr_t rld_audit_bind(struct rld *r, struct dso *from, const struct def *def,
			 uintptr_t value, unsigned flags)
{
	struct question q = { from, def, value, flags };
	struct asking k;

	if (!is_asked(from, def))
		return value;
	k = begin(r);
	ask(&q, NULL);
	end(&k);
	return q.value;
}

uintptr_t rld_audit_call(struct rld *r, struct dso *from, const struct def *def,
			 uintptr_t value)
{
	struct question q = { from, def, value, 0 };

	(void)r;
	return is_asked(from, def) ? arch_call_guarded(ask, &q, NULL) : value;
}

uintptr_t rld_audit_dlsym(struct rld *r, struct dso *from,
			  const struct def *def, uintptr_t value)
{
	struct question q = { from, def, value, LA_SYMB_DLSYM };

	(void)r;
	return is_asked(from, def) ? ask(&q, NULL) : value;
}

static struct alt *alt_of(const struct dso *from, const uintptr_t *slot)
{
	struct alt *x = from->audited ? from->audited->alts : NULL;

	while (x && x->slot != slot)
		x = x->next;
	return x;
}

int rld_audit_note(struct dso *from, const uintptr_t *slot, uintptr_t value,
		   uintptr_t given)
{
	struct alt *x = alt_of(from, slot);

	if (!x) {
		x = rld_alloc(sizeof *x);
		if (!x)
			return -1;
		x->slot = slot;
		x->next = from->audited->alts;
		from->audited->alts = x;
	}
	x->value = value;
	x->given = given;
	return 0;
}

uintptr_t rld_audit_value(const struct dso *from, const uintptr_t *slot)
{
	const struct alt *x = alt_of(from, slot);

	return x && x->given == *slot ? x->value : *slot;
}

void rld_audit_preinit(struct rld *r)
{
	const struct auditing *a = VAULT->audit;
	struct audited *s = record(r->program);

	for (unsigned i = 0; s && i < a->n; i++)
		if (a->of[i].preinit)
			a->of[i].preinit(&s->of[i].cookie);
}

void rld_audit_exit_begins(struct rld *r)
{
	rld_lock(r);
	for (struct space *p = r->spaces; p; p = p->next)
		if (p->head)
			rld_audit_removing(r, p->head);
	rld_audit_removing(r, r->program);
	rld_unlock(r);
}

void rld_audit_exit_ends(struct rld *r)
{
	rld_lock(r);
	for (struct dso *d = r->head; d; d = dso_next(d))
		if (!(d->flags & D_VDSO))
			rld_audit_closed(r, d);
	rld_audit_consistent(r);
	r->audits = 0; /* their destructors come next */
	rld_unlock(r);
}
