/* SPDX-License-Identifier: MIT */
/* The one rule of lookup (doc/binding.md, section 1): along the rld-list, the
 * first visible definition that matches by name and version.
 *
 * Two ways to walk the list: probing each object's hash filter, or one index
 * of all definitions (hash -> objects in list order), filled from the GNU
 * chains, which hold the hashes.  An entry of the index is good from the moment
 * its id is written, so readers need no lock. */
#include "rld/base/base.h"
#include "rld/file/file.h"
#include "rld/sym/sym.h"

/* An index entry costs as much as this many probes: it touches the chains of
 * every object, and pages are dear. */
#define INDEX_COST 8

/* A group of so many objects, at most, is probed. */
#define PROBED_GROUP 32

/* After so many the index is built all the same. */
#define MANY_PROBES 400000

/* The count before what it counts: a list that has grown is published first. */
static unsigned published(const unsigned *n)
{
	return __atomic_load_n(n, __ATOMIC_ACQUIRE);
}

static int share_group(const struct dso *a, const struct dso *b)
{
	for (unsigned i = 0; i < published(&a->ngroup); i++)
		for (unsigned j = 0; j < published(&b->ngroup); j++)
			if (a->group[i] == b->group[j])
				return 1;
	return 0;
}

int rld_visible(const struct dso *o, const struct dso *from)
{
	return o == from ||
	       (in_space(o, from ? from->space : NULL) &&
		(o->flags & D_GLOBAL || (from && share_group(o, from))));
}

/* What was swapped out or lingers is seen by its own code alone. */
static inline int seen(const struct dso *d, const struct dso *from)
{
	if ((d->flags & (D_GLOBAL | D_RETIRED)) == D_GLOBAL && !d->space &&
	    (!from || !from->space))
		return 1; /* what lingers is global no longer */
	return d == from ||
	       (!(d->flags & D_RETIRED) && !lingers(d) && rld_visible(d, from));
}

int rld_ref(const struct dso *d, uint32_t sym, struct ref *ref)
{
	const ElfW(Sym) *s;

	if (sym >= d->dyn.nsym)
		return -1;
	s = &d->dyn.symtab[sym];
	*ref = (struct ref){ .from = (struct dso *)(uintptr_t)d };
	ref->name = elf_str(&d->dyn, s->st_name);
	if (!ref->name)
		return -1;
	if (s->st_shndx != SHN_UNDEF) {
		ref->own = sym;
		ref->hash = elf_hash_of(&d->dyn, sym, ref->name);
	} else {
		ref->hash = elf_gnu_hash(ref->name);
	}
	if (d->dyn.versym && d->nver) {
		unsigned v = d->dyn.versym[sym] & 0x7fff;

		if (v < d->nver && d->ver[v].hash)
			ref->ver = &d->ver[v];
	}
	return 0;
}

uintptr_t rld_sym_addr(const struct dso *d, const ElfW(Sym) *s)
{
	return s->st_shndx == SHN_ABS ? s->st_value :
					d->lm.l_addr + s->st_value;
}

/* A checker may watch where a program's own string ends: of that, only whole
 * words are read, as it allows. */
static inline int same_name(const struct ref *ref, const char *name,
			    const char *asked)
{
	if (ref->newest)
		for (; (uintptr_t)asked % sizeof(long); name++, asked++)
			if (*name != *asked || !*name)
				return *name == *asked;
	return str_same(name, asked);
}

/* Does the version of symbol i of d serve ref?  2: only if d has no better
 * one: a reference that names none means the base or first version, and the
 * default one where there is neither. */
static inline __attribute__((always_inline)) int
version_serves(const struct dso *d, uint32_t i, const struct ref *ref)
{
	unsigned raw, ndx;

	if (!d->dyn.versym || !d->nver)
		return 1;
	raw = d->dyn.versym[i];
	ndx = raw & 0x7fff;
	if (ref->ver) {
		/* a COPY of the program carries the version it needed */
		if (ndx < d->nver && d->ver[ndx].name &&
		    d->ver[ndx].hash == ref->ver->hash &&
		    same_name(ref, d->ver[ndx].name, ref->ver->name))
			return 1;
		/* the base version, not hidden, serves a versioned reference,
		 * but dlvsym asks for this one */
		return !ref->newest && !(raw & 0x8000) &&
		       (ndx >= d->nver || d->ver[ndx].hash == 0);
	}
	if (ndx <= 1)
		return ndx == 1 || ndx == 0;
	if (!ref->newest && ndx == 2)
		return 1;
	return raw & 0x8000 ? 0 : ref->newest ? 1 : 2;
}

/* Before 2.36 glibc's fork holds a lock while handlers run which the end of
 * __cxa_finalize waits for, with libc's list for exit locked: a handler of fork
 * comes too late to wait for that. */
int rld_fork_is_ours(struct rld *r)
{
	return r->host.kind == HOST_GLIBC && r->host.libc &&
	       !rld_host_symbol(r, r->host.libc, "arc4random"); /* of 2.36 */
}

/* Does symbol i of rld serve a reference that names a version?  What is offered
 * in front of libc's names (host/procexe.c) does only if libc's default version
 * would: an older one is another function. */
static int own_serves(const struct rld *r, uint32_t i, const struct ref *ref)
{
	struct ref any = {
		.name = ref->name, .hash = ref->hash, .newest = 1, .is_call = 1
	};
	struct ref asked = *ref;
	struct def a, b;

	if (!r->first_offered || i < r->first_offered || !ref->ver)
		return 1;
	asked.own = 0;
	asked.skip = NULL;
	return rld_lookup_in(r->host.libc, &asked, &a) &&
	       rld_lookup_in(r->host.libc, &any, &b) && a.sym == b.sym;
}

/* Few objects have a note: does d's keep its symbol i from ref? */
static __attribute__((cold, noinline)) int
hides(const struct dso *d, uint32_t i, const struct ref *ref, const char *name)
{
	if (d->flags & D_SELF)
		return !own_serves(&rld_state, i, ref) ||
		       (!strcmp(name, "fork") && !rld_fork_is_ours(&rld_state));
	return ref->from != d && rldnote_hides(d->note, name);
}

/* Before 2.32 glibc's loader defines malloc, calloc, realloc and free weakly, for
 * itself and until libc is there: no one else is to meet them, wherever that
 * loader stands in the list. */
static inline int is_substitute(const struct dso *d)
{
	return (d->flags & (D_LOADER | D_LIBC)) == D_LOADER;
}

static int symbol_serves(const struct dso *d, uint32_t i, const struct ref *ref,
			 int may_be_canonical)
{
	const ElfW(Sym) *s = &d->dyn.symtab[i];
	unsigned type = ELF64_ST_TYPE(s->st_info);
	unsigned bind = ELF64_ST_BIND(s->st_info);
	unsigned vis = s->st_other & 3;
	const char *name;

	if (!((1u << type) &
	      (1u << STT_NOTYPE | 1u << STT_OBJECT | 1u << STT_FUNC |
	       1u << STT_COMMON | 1u << STT_TLS | 1u << STT_GNU_IFUNC)))
		return 0;
	if (bind != STB_GLOBAL && bind != STB_GNU_UNIQUE &&
	    (bind != STB_WEAK || is_substitute(d)))
		return 0;
	if (s->st_shndx == SHN_UNDEF &&
	    !(may_be_canonical && arch_canonical_plt(s)))
		return 0;
	if (s->st_value == 0 && s->st_shndx != SHN_ABS && type != STT_TLS)
		return 0;
	if ((vis == STV_HIDDEN || vis == STV_INTERNAL) && ref->from != d)
		return 0;
	name = elf_str(&d->dyn, s->st_name);
	/* an object's own definition has the reference's very string */
	if (!name || (name != ref->name && !same_name(ref, name, ref->name)) ||
	    (d->note && hides(d, i, ref, name)))
		return 0;
	return version_serves(d, i, ref);
}

enum verdict rld_judge(const struct dso *d, uint32_t i, const struct ref *ref)
{
	const ElfW(Sym) *s = &d->dyn.symtab[i];
	unsigned bind = ELF64_ST_BIND(s->st_info), vis = s->st_other & 3;
	int serves;

	if ((bind != STB_GLOBAL && bind != STB_WEAK &&
	     bind != STB_GNU_UNIQUE) ||
	    (s->st_shndx == SHN_UNDEF && !s->st_value))
		return SYM_NONE;
	if (d == ref->skip)
		return SYM_SELF;
	if (s->st_shndx == SHN_UNDEF &&
	    (ref->is_call || !arch_canonical_plt(s)))
		return SYM_UNDEFINED;
	if (d->flags & D_DYING || (ref->staying && d->flags & D_LEAVING))
		return SYM_LEAVING;
	if (!seen(d, ref->from))
		return d->flags & (D_RETIRED | D_LINGERS) ? SYM_LEAVING :
							    SYM_SCOPE;
	if ((vis == STV_HIDDEN || vis == STV_INTERNAL) && ref->from != d)
		return SYM_HIDDEN;
	if (d->note && hides(d, i, ref, ref->name))
		return SYM_MARK;
	serves = version_serves(d, i, ref);
	if (!serves)
		return SYM_VERSION;
	if (!symbol_serves(d, i, ref, !ref->is_call))
		return SYM_NONE;
	return serves == 1 ? SYM_SERVES : SYM_SECOND;
}

static int found(const struct dso *d, uint32_t i, struct def *out)
{
	out->dso = (struct dso *)(uintptr_t)d;
	out->sym = &d->dyn.symtab[i];
	return 1;
}

/* DT_FILTER and DT_AUXILIARY: the filtees answer before the object; what only
 * it defines it answers itself, as under glibc. */
static int in_filtees(const struct dso *d, const struct ref *ref,
		      struct def *out)
{
	for (unsigned i = 0; i < d->nfilter; i++)
		if (rld_lookup_in(d->filtee[i], ref, out))
			return 1;
	return 0;
}

static int take(const struct dso *d, uint32_t i, const struct ref *ref,
		struct def *out)
{
	return d->nfilter && in_filtees(d, ref, out) ? 1 : found(d, i, out);
}

int rld_lookup_in(const struct dso *d, const struct ref *ref, struct def *out)
{
	struct elf_walk w = { 0 };
	uint32_t i, second = 0;
	int serves;

	if (!(d->flags & D_READY) || d == ref->skip ||
	    (ref->staying && d->flags & D_LEAVING))
		return 0;
	if (ref->own && d == ref->from &&
	    symbol_serves(d, ref->own, ref, !ref->is_call)) {
		i = ref->own;
		goto hit;
	}
	if (elf_needs_sysv(&d->dyn)) {
		uint32_t h;

		if (!d->dyn.sysv.nbucket)
			return 0;
		h = elf_sysv_hash(ref->name);
		while ((i = elf_walk_sysv(&d->dyn, h, &w))) {
			serves = symbol_serves(d, i, ref, !ref->is_call);
			if (serves == 1)
				goto hit;
			if (serves && !second)
				second = i;
		}
	} else {
		while ((i = elf_walk_gnu(&d->dyn, ref->hash, &w))) {
			serves = symbol_serves(d, i, ref, !ref->is_call);
			if (serves == 1)
				goto hit;
			if (serves && !second)
				second = i;
		}
	}
	if (!(i = second))
		return 0;
hit:
	return take(d, i, ref, out);
}

static uint32_t place(uint32_t hash)
{
	return (hash >> 1) * 0x9e3779b1u;
}

/* Has an entry with an id below `first` the same key?  Entries of one key stand
 * in the list's order: a place that is no longer in use serves again if none of
 * them lies behind it.  A reader that meets it meanwhile compares names. */
static inline int put(struct index *x, uint32_t hash, uint32_t gid,
		      uint32_t first)
{
	uint32_t at = place(hash) >> 7, id, dead = UINT32_MAX;
	int again = 0;

	for (; (id = x->slot[at &= x->mask].id); at++)
		if (id == 1) {
			dead = dead == UINT32_MAX ? at : dead;
		} else if (x->slot[at].key == (hash | 1)) {
			again |= id < first;
			dead = UINT32_MAX;
		}
	if (dead == UINT32_MAX)
		x->used++;
	else
		at = dead;
	__atomic_store_n(&x->slot[at].key, hash | 1, __ATOMIC_RELAXED);
	__atomic_store_n(&x->slot[at].id, gid, __ATOMIC_RELEASE);
	return again;
}

typedef void visit(void *arg, const struct dso *d, uint32_t i, uint32_t hash);

static inline __attribute__((always_inline)) void
each_symbol(const struct dso *d, visit *fn, void *arg)
{
	const struct elf_gnu_hash *g = &d->dyn.gnu;
	/* chains that overlap have more steps than there are places, and the
	 * index has room for one entry a symbol */
	size_t left = d->dyn.nsym;

	if (g->buckets) {
		for (uint32_t b = 0; b < g->nbuckets; b++) {
			uint32_t at = g->buckets[b];

			if (at < g->symndx)
				continue;
			for (at -= g->symndx; at < g->nchain; at++) {
				uint32_t sym = elf_gnu_symbol(&d->dyn, at);

				if (left-- == 0)
					return;

				if (sym)
					fn(arg, d, sym, g->chain[at]);
				if (g->chain[at] & 1)
					break;
			}
		}
		return;
	}
	for (uint32_t i = 1; i < d->dyn.sysv.nchain; i++) {
		const char *name = elf_str(&d->dyn, d->dyn.symtab[i].st_name);

		if (name && (d->dyn.symtab[i].st_shndx != SHN_UNDEF ||
			     d->dyn.symtab[i].st_value))
			fn(arg, d, i, elf_gnu_hash(name));
	}
}

/* Calls fn for every symbol that d's hash table lists. */
void rld_each_symbol(const struct dso *d, visit *fn, void *arg)
{
	each_symbol(d, fn, arg);
}

static void put_one(void *arg, const struct dso *d, uint32_t i, uint32_t hash)
{
	put(arg, hash, d->gid + i, 0);
}

static void put_libc(void *arg, const struct dso *d, uint32_t i, uint32_t hash)
{
	struct index *x = arg;

	if (put(x, hash, d->gid + i, d->gid))
		x->echo[i / 32] |= 1u << (i % 32);
}

static size_t symbols_of(const struct dso *d)
{
	return d->flags & D_READY ? d->dyn.nsym : 0;
}

static size_t index_bytes(const struct index *x)
{
	return sizeof *x + (x->mask + 1UL) * sizeof x->slot[0] +
	       x->cap * sizeof *x->owner;
}

/* For so many symbols of so many objects, and some more. */
static struct index *index_new(size_t want, unsigned objects)
{
	struct index shape = { 0 };
	size_t n = 1024;
	uintptr_t at;
	struct index *x;

	while (n < want + want / 4)
		n *= 2;
	if (n > UINT32_MAX / 4)
		return NULL;
	shape.mask = (uint32_t)n - 1;
	shape.cap = (uint32_t)(n / 64) + objects * 2 + 64;
	at = sys_mmap(NULL, index_bytes(&shape), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (SYS_ERR(at))
		return NULL;
	x = (struct index *)at;
	x->mask = shape.mask;
	x->cap = shape.cap;
	x->next = 64; /* 0 and 1 say something else */
	x->owner = (struct owner *)(void *)&x->slot[n];
	return x;
}

/* -1: no room.  The owners are there before any id is. */
static int index_put(struct rld *r, struct index *x, struct dso *d)
{
	size_t first = x->next / 64, blocks = (d->dyn.nsym + 63) / 64;
	uint32_t words = (uint32_t)(d->dyn.nsym / 32 + 1);

	if (x->used + symbols_of(d) > (x->mask / 8) * 7 ||
	    first + blocks > x->cap)
		return -1;
	d->gid = x->next;
	x->last = d->serial;
	x->next += (uint32_t)(blocks * 64);
	for (size_t i = 0; i < blocks; i++)
		x->owner[first + i] = (struct owner){ d, d->gid };
	d->flags |= D_INDEXED;
	/* which objects interpose on libc is asked once, at the start */
	if (d == r->host.libc && d->flags & D_NEW)
		x->echo = rld_alloc(words * sizeof *x->echo);
	if (x->echo && !x->necho) {
		x->necho = words;
		memset(x->echo, 0, words * sizeof *x->echo);
		rld_each_symbol(d, put_libc, x);
	} else {
		each_symbol(d, put_one, x);
	}
	return 0;
}

/* A private object of a small group is not: only its group sees it, whose members
 * are probed (in_groups), and the index stays short where many plug-ins define
 * the same names. */
static int is_listed(const struct dso *d)
{
	unsigned n = d->flags & D_GLOBAL ? PROBED_GROUP + 1 : 0;

	for (unsigned i = 0; i < d->ngroup && n <= PROBED_GROUP; i++)
		n += d->group[i]->n;
	return !(d->flags & (D_VDSO | D_DYING)) && !d->space && symbols_of(d) &&
	       n > PROBED_GROUP;
}

/* Readers go on with the old one. */
void rld_index_build(struct rld *r)
{
	size_t n = 0;
	struct index *x, *old = r->index;

	for (struct dso *d = r->head; d; d = dso_next(d))
		n += symbols_of(d);
	x = index_new(old ? n * 2 : n, r->nobj);
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		d->flags &= ~(unsigned)D_INDEXED;
		if (x && is_listed(d) && index_put(r, x, d)) {
			rld_free(x->echo);
			sys_munmap((uintptr_t)x, index_bytes(x));
			x = NULL;
		}
	}
	__atomic_store_n(&r->index, x, __ATOMIC_RELEASE);
	if (!old)
		return;
	rld_free(old->echo);
	rld_wait_readers(r);
	rld_unmap_later(r, (uintptr_t)old, (uintptr_t)old + index_bytes(old));
	rld_waited(r);
}

/* Entries of one name stand in the order of the list. */
void rld_index_add(struct rld *r, struct dso *d)
{
	struct index *x = r->index;

	if (x && !(d->flags & D_INDEXED) && is_listed(d) &&
	    (d->serial < x->last || index_put(r, x, d)))
		rld_index_build(r);
}

static void drop_one(void *arg, const struct dso *d, uint32_t i, uint32_t hash)
{
	struct index *x = arg;
	uint32_t at = place(hash) >> 7, id;

	while ((id = x->slot[at &= x->mask].id)) {
		if (id == d->gid + i) {
			__atomic_store_n(&x->slot[at].id, 1, __ATOMIC_RELEASE);
			return;
		}
		at++;
	}
}

void rld_index_remove(struct rld *r, struct dso *d)
{
	struct index *x = r->index;

	if (x && d->flags & D_INDEXED) {
		rld_each_symbol(d, drop_one, x);
		for (size_t i = d->gid / 64; i < x->cap && x->owner[i].dso == d;
		     i++)
			__atomic_store_n(&x->owner[i].dso, NULL,
					 __ATOMIC_RELEASE);
	}
	d->flags &= ~(unsigned)D_INDEXED;
}

static __attribute__((cold, noinline)) void tell_plan(struct rld *r,
						      size_t refs, size_t defs)
{
	TRACE(r, TR_BIND,
	      "bind: %zu references, %zu definitions, %u objects: %s\n", refs,
	      defs, r->nobj, r->index ? "one index" : "probing");
}

/* Before the first relocation: which way is cheaper?  References cost a walk
 * over half the list without the index; the index costs every definition. */
void rld_index_plan(struct rld *r, size_t refs)
{
	size_t defs = 0;
	int all = r->bind_now || r->mode != MODE_RUN;

	for (struct dso *d = r->head; d; d = dso_next(d)) {
		int now = all || d->flags & D_NOW;

		defs += symbols_of(d);
		if (d->flags & (D_HOST | D_SELF | D_VDSO))
			continue;
		refs += d->dyn.nrela - (d->dyn.nrela ? d->dyn.nrelative : 0) +
			d->dyn.nrel + (now ? d->dyn.njmprel : 0);
	}
	if (refs * (r->nobj / 2 + 1) > defs * INDEX_COST)
		rld_index_build(r);
	if (__builtin_expect(r->trace & TR_BIND, 0))
		tell_plan(r, refs, defs);
}

static int lookup_index(const struct index *x, const struct ref *ref,
			struct def *out)
{
	struct dso *first = NULL; /* has a definition, but not the best */
	uint32_t second = 0;
	uint32_t at = place(ref->hash) >> 7, want = ref->hash | 1, gid;

	while ((gid = __atomic_load_n(&x->slot[at &= x->mask].id,
				      __ATOMIC_ACQUIRE))) {
		if (x->slot[at++].key == want && gid != 1) {
			const struct owner *o = &x->owner[gid / 64];
			struct dso *d =
				__atomic_load_n(&o->dso, __ATOMIC_ACQUIRE);
			uint32_t i = gid - o->first;
			int serves;

			if (!d || d == ref->skip || d->flags & D_DYING ||
			    (ref->staying && d->flags & D_LEAVING) ||
			    !seen(d, ref->from))
				continue;
			serves = symbol_serves(d, i, ref, !ref->is_call);
			if (first && d != first)
				break;
			if (serves == 1)
				return take(d, i, ref, out);
			if (serves && !first) {
				first = d;
				second = i;
			}
		}
	}
	return first ? take(first, second, ref, out) : 0;
}

/* d's definition, if d is in no index and stands before the one in out. */
static int before(struct dso *d, const struct ref *ref, struct def *out,
		  int hit)
{
	struct def mine;

	if (d->flags & (D_INDEXED | D_DYING | D_VDSO) || d == ref->skip ||
	    (hit && d->serial >= out->dso->serial) ||
	    (ref->staying && d->flags & D_LEAVING) || !seen(d, ref->from) ||
	    (d->dyn.gnu.buckets && !elf_gnu_maybe(&d->dyn.gnu, ref->hash)) ||
	    !rld_lookup_in(d, ref, &mine))
		return hit;
	*out = mine;
	return 1;
}

/* What the index does not have: the referrer and the members of its groups. */
static int in_groups(const struct ref *ref, struct def *out, int hit)
{
	struct dso *from = ref->from;
	unsigned n = __atomic_load_n(&from->ngroup, __ATOMIC_ACQUIRE);

	hit = before(from, ref, out, hit);
	for (unsigned i = 0; i < n; i++) {
		const struct group *g = from->group[i];
		unsigned members = __atomic_load_n(&g->n, __ATOMIC_ACQUIRE);

		for (unsigned j = 0; j < members; j++)
			hit = before(g->member[j], ref, out, hit);
	}
	return hit;
}

void rld_index_ahead(const struct index *x, uint32_t hash, int step)
{
	const struct owner *o;
	const struct dso *d;
	const ElfW(Sym) *s;
	uint32_t at;

	if (!x)
		return;
	at = place(hash) >> 7 & x->mask;
	if (step == 0) {
		__builtin_prefetch(&x->slot[at]);
		return;
	}
	if (x->slot[at].key != (hash | 1) || x->slot[at].id < 64)
		return;
	o = &x->owner[x->slot[at].id / 64];
	d = o->dso;
	if (!d)
		return;
	s = &d->dyn.symtab[x->slot[at].id - o->first];
	if (step == 1)
		__builtin_prefetch(s);
	else if (s->st_name < d->dyn.strsz)
		__builtin_prefetch(d->dyn.strtab + s->st_name);
}

__attribute__((cold)) uint32_t rld_index_next(const struct index *x,
					      uint32_t hash, uint32_t *at,
					      struct dso **d)
{
	uint32_t i = *at ? *at : place(hash) >> 7, gid;

	while ((gid = x->slot[i &= x->mask].id)) {
		const struct owner *o = &x->owner[gid / 64];

		if (x->slot[i++].key != (hash | 1) || gid == 1)
			continue;
		*at = i | (x->mask + 1); /* never 0 */
		*d = o->dso;
		return gid - o->first;
	}
	*at = i | (x->mask + 1);
	return 0;
}

int rld_index_echoes(struct rld *r, void (*fn)(struct rld *, uint32_t i))
{
	struct index *x = r->index;

	if (!x || !x->necho)
		return 0;
	for (uint32_t w = 0; w < x->necho; w++)
		for (uint32_t bits = x->echo[w]; bits; bits &= bits - 1)
			fn(r, w * 32 + (uint32_t)__builtin_ctz(bits));
	rld_free(x->echo);
	x->echo = NULL;
	x->necho = 0;
	return 1;
}

/* Has every unique definition that both have one size? */
static int agree(const struct dso *d, const struct dso *older)
{
	for (uint32_t i = 1; i < d->dyn.nsym; i++) {
		const ElfW(Sym) *s = &d->dyn.symtab[i];
		struct ref ref = { .name = NULL };
		struct def def;

		if (ELF64_ST_BIND(s->st_info) != STB_GNU_UNIQUE ||
		    s->st_shndx == SHN_UNDEF)
			continue;
		ref.name = elf_str(&d->dyn, s->st_name);
		if (!ref.name)
			continue;
		ref.hash = elf_hash_of(&d->dyn, i, ref.name);
		if (rld_lookup_in(older, &ref, &def) && is_unique(&def) &&
		    def.sym->st_size != s->st_size)
			return 0;
	}
	return 1;
}

/* Has any answer of agree been remembered? */
static int pairs_known;

/* The same, remembered when the lock is held. */
static int shares_with(struct dso *d, const struct dso *older, int locked)
{
	struct pair *p = __atomic_load_n(&d->pairs, __ATOMIC_ACQUIRE);
	int yes;

	while (p && p->older != older)
		p = p->next;
	if (p)
		return p->agree;
	yes = agree(d, older);
	p = locked ? rld_alloc(sizeof *p) : NULL;
	if (p) {
		*p = (struct pair){ d->pairs, older, yes };
		pairs_known = 1;
		__atomic_store_n(&d->pairs, p, __ATOMIC_RELEASE);
	}
	return yes;
}

void rld_pairs_free(struct rld *r, struct dso *d)
{
	while (d->pairs) {
		struct pair *p = d->pairs;

		d->pairs = p->next;
		rld_free_later(r, p);
	}
}

void rld_pairs_forget(struct rld *r, struct dso *gone)
{
	for (struct dso *d = pairs_known ? r->head : NULL; d; d = dso_next(d))
		for (struct pair **p = &d->pairs; *p;) {
			struct pair *x = *p;

			if (x->older != gone) {
				p = &x->next;
				continue;
			}
			__atomic_store_n(p, x->next, __ATOMIC_RELEASE);
			rld_wait_readers(r);
			rld_free_later(r, x);
		}
}

/* Objects whose namesakes of rld's functions are those of libc's own loader:
 * before glibc 2.34 libdl and libpthread, too. */
static int is_of_libc(const struct rld *r, const struct dso *d)
{
	if (d->flags & (D_LIBC | D_LOADER))
		return 1;
	return r->host.kind == HOST_GLIBC && d->soname &&
	       rld_is_libcs(d->soname);
}

void rld_prefer_own(struct rld *r, const struct ref *ref, struct def *out)
{
	struct def own;

	if (out->dso != r->self && rld_lookup_in(r->self, ref, &own) &&
	    is_of_libc(r, out->dso))
		*out = own;
}

int rld_own_version(struct rld *r, const struct ref *ref, const struct def *def)
{
	struct def theirs;

	if (!ref->ver || def->dso != r->self)
		return 1;
	for (const struct dso *d = r->head; d; d = dso_next(d))
		if (is_of_libc(r, d) && rld_lookup_in(d, ref, &theirs))
			return 1;
	return 0;
}

/* Does d use a unique definition of o's?  Then both hold its address, and
 * share all that they can. */
static int uses_unique(const struct dso *d, const struct dso *o)
{
	const struct edge *e = d->uses;

	while (e && e->to != o)
		e = e->next_use;
	return e && e->unique;
}

/* Does d take what ref names from another object?  Then no use is made of its
 * own definition, and it may be that nothing ever constructs it. */
static int is_spare(struct rld *r, const struct dso *d, const struct ref *ref)
{
	struct def def;

	for (struct dso *o = r->head; o; o = dso_next(o))
		if (o != d && in_space(o, d->space) && uses_unique(d, o) &&
		    rld_lookup_in(o, ref, &def) && is_unique(&def))
			return 1;
	return 0;
}

/* The object whose unique definition a reference that found out brings along:
 * the referrer's own, if it has one. */
static struct dso *definer(const struct ref *ref, const struct def *out)
{
	struct dso *from = ref->from;

	return from && ref->own &&
			       ELF64_ST_BIND(
				       from->dyn.symtab[ref->own].st_info) ==
				       STB_GNU_UNIQUE ?
		       from :
		       out->dso;
}

/* May d, which is none of the reference's own, share its definitions? */
static int may_share(const struct dso *d)
{
	return !(d->flags & D_GONE) && d->life != LIFE_WAITS;
}

/* One definition for all objects, visible or not: the oldest, but none of an
 * object with which the one that brings its own along does not agree about the
 * sizes.  What it is bound to already stays what it means. */
void rld_unify(struct rld *r, const struct ref *ref, struct def *out,
	       int locked)
{
	struct dso *own = definer(ref, out), *best = NULL;
	struct def other;
	int best_used = 0;

	if (own->flags & D_STARTUP) /* found first, and the oldest */
		return;
	if (out->dso->flags & D_STARTUP && shares_with(own, out->dso, locked))
		return;
	for (struct dso *d = r->head; d; d = dso_next(d)) {
		int used = locked && d != own && uses_unique(own, d);

		if (d->flags & (D_DYING | D_VDSO) || !in_space(d, own->space) ||
		    (d != own && !used && !may_share(d)) ||
		    (best && (used < best_used ||
			      (used == best_used && d->born > best->born))) ||
		    !rld_lookup_in(d, ref, &other) || !is_unique(&other) ||
		    (d != own && !used &&
		     (!shares_with(own, d, locked) ||
		      (locked && is_spare(r, d, ref)))))
			continue;
		best = d;
		best_used = used;
		*out = other;
	}
}

/* An object on its way out, while its destructors run, serves the referrers for
 * which there is no other definition. */
static void or_who_stays(struct rld *r, const struct ref *ref, struct def *out)
{
	struct ref other = *ref;
	struct def instead;

	if (ref->staying || (ref->from && ref->from->flags & D_LEAVING))
		return;
	other.staying = 1;
	if (rld_lookup(r, &other, &instead))
		*out = instead;
}

/* What was there at the start was ahead of everything else, and still is. */
static int stays_first(const struct dso *d)
{
	return (d->flags & (D_STARTUP | D_HOST | D_SELF)) != 0;
}

static int in_members(const struct group *g, const struct ref *ref,
		      struct def *out)
{
	for (unsigned i = 0; g && i < published(&g->n); i++)
		if (!stays_first(g->member[i]) &&
		    !(g->member[i]->flags & (D_DYING | D_RETIRED)) &&
		    rld_lookup_in(g->member[i], ref, out))
			return 1;
	return 0;
}

/* References of an object that is closed or swapped out look into itself and
 * what lingers with it, before what came later; those of one that is about to
 * leave find what lingers when they found nothing else. */
static int in_own_group(const struct ref *ref, int hit, struct def *out)
{
	const struct dso *from = ref->from;

	if (!(from->flags & D_RETIRED) && !lingers(from)) {
		for (unsigned i = 0; i < published(&from->ngroup) && !hit; i++)
			hit = in_members(from->group[i], ref, out);
		return hit;
	}
	return rld_lookup_in(from, ref, out) ||
	       in_members(from->own, ref, out) || hit;
}

static int in_group(const struct group *g, const struct ref *ref,
		    struct def *out)
{
	for (unsigned i = 0; i < published(&g->n); i++)
		if (!(g->member[i]->flags & (D_RETIRED | D_LINGERS)) &&
		    rld_lookup_in(g->member[i], ref, out))
			return 1;
	return 0;
}

/* What a namespace of dlmopen sees: its own global objects, the referrer, its
 * groups, and at the end what all share. */
static int in_namespace(struct rld *r, const struct ref *ref, struct def *out)
{
	const struct dso *from = ref->from;
	const unsigned gone = D_DYING | D_RETIRED | D_LINGERS;

	for (const struct dso *d = from->space->head; d;
	     d = (const struct dso *)d->lm.l_next)
		if ((d->flags & (D_GLOBAL | gone)) == D_GLOBAL &&
		    rld_lookup_in(d, ref, out))
			return 1;
	if (rld_lookup_in(from, ref, out))
		return 1;
	for (unsigned i = 0; i < published(&from->ngroup); i++)
		for (unsigned j = 0; j < published(&from->group[i]->n); j++) {
			const struct dso *d = from->group[i]->member[j];

			if (!(d->flags & gone) && in_space(d, from->space) &&
			    rld_lookup_in(d, ref, out))
				return 1;
		}
	for (const struct dso *d = r->base.head; d;
	     d = (const struct dso *)d->lm.l_next)
		if (is_shared(d) && !(d->flags & (D_VDSO | gone)) &&
		    rld_lookup_in(d, ref, out))
			return 1;
	return 0;
}

/* Memory goes from one namespace to another, if only through libc (strdup and
 * free): these names mean in all of them what they mean to libc. */
static __attribute__((cold, noinline)) int is_of_the_heap(const char *name)
{
	static const char names[] = "malloc\0free\0calloc\0realloc\0"
				    "memalign\0posix_memalign\0aligned_alloc\0"
				    "valloc\0pvalloc\0malloc_usable_size\0"
				    "reallocarray\0";

	for (const char *n = names; *n; n += strlen(n) + 1)
		if (!strcmp(n, name))
			return 1;
	return 0;
}

int rld_lookup(struct rld *r, const struct ref *ref, struct def *out)
{
	struct dso *from = ref->from;
	struct index *x = __atomic_load_n(&r->index, __ATOMIC_ACQUIRE);
	unsigned long probes = 0;
	struct ref skipping;
	int hit = 0, locked = !ref->newest && !ref->is_call;
	/* it does not simply look along the list */
	unsigned apart = from ? from->flags & (D_SYMBOLIC | D_DEEPBIND |
					       D_GONE | D_LINGERS) :
				0;

	if (from && from->space && is_of_the_heap(ref->name)) {
		struct ref base = *ref;

		base.from = NULL;
		base.own = 0;
		if (rld_lookup(r, &base, out))
			return 1; /* else it is a version of a library's own */
	}
	if (from && from->replaces && !ref->skip) {
		skipping = *ref;
		skipping.skip = from->replaces;
		ref = &skipping;
	}
	if (apart & D_SYMBOLIC && from != ref->skip &&
	    rld_lookup_in(from, ref, out)) {
		if (is_unique(out))
			rld_unify(r, ref, out, locked);
		return 1;
	}
	if (apart & D_DEEPBIND)
		for (unsigned i = 0; i < published(&from->ngroup) && !hit; i++)
			hit = in_group(from->group[i], ref, out);
	if (hit)
		rld_prefer_own(r, ref, out);
	if (!hit && from && from->space) {
		hit = in_namespace(r, ref, out);
		if (hit)
			rld_prefer_own(r, ref, out);
	} else if (!hit && x) {
		hit = lookup_index(x, ref, out);
		/* what was there at the start is ahead of all groups */
		if (from && !(from->flags & D_STARTUP) &&
		    !(hit && out->dso->flags & D_STARTUP))
			hit = in_groups(ref, out, hit);
	} else if (!hit) {
		for (struct dso *d = r->head; d && !hit; d = dso_next(d)) {
			if (d->flags & (D_DYING | D_VDSO) || !seen(d, from))
				continue;
			probes++;
			if (d->dyn.gnu.buckets &&
			    !elf_gnu_maybe(&d->dyn.gnu, ref->hash))
				continue;
			hit = rld_lookup_in(d, ref, out);
		}
		probes = __atomic_add_fetch(&r->probes, probes,
					    __ATOMIC_RELAXED);
		if (probes > MANY_PROBES && rld_holds_lock(r))
			rld_index_build(r);
	}
	if (apart & (D_GONE | D_LINGERS) && !(hit && stays_first(out->dso)))
		hit = in_own_group(ref, hit, out);
	if (hit && out->dso->flags & D_LEAVING)
		or_who_stays(r, ref, out);
	if (hit && is_unique(out))
		rld_unify(r, ref, out, locked);
	if (hit && r->overrides && !ref->newest &&
	    ELF64_ST_BIND(out->sym->st_info) == STB_WEAK)
		rld_weak_follow(out);
	return hit;
}

uintptr_t rld_host_symbol(struct rld *r, struct dso *d, const char *name)
{
	struct ref ref = { .name = name, .from = d, .newest = 1, .is_call = 1 };
	struct def def;

	(void)r;
	ref.hash = elf_gnu_hash(name);
	return d && rld_lookup_in(d, &ref, &def) ?
		       rld_sym_addr(def.dso, def.sym) :
		       0;
}
