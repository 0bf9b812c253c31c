/* SPDX-License-Identifier: MIT */
/* Which definition does a reference mean? */
#ifndef RLD_SYM_H
#define RLD_SYM_H

#include "rld/base/base.h"

#pragma GCC visibility push(hidden)

/* Functions of libc's that rld as the command offers in front of libc's own, where
 * libc has them (host/procexe.c). */
/* clang-format off */
#define OFFERED(X) \
	X(readlink) X(readlinkat) X(__readlink_chk) \
	X(__readlinkat_chk) X(realpath) X(__realpath_chk) \
	X(canonicalize_file_name) X(open) X(open64) X(__open) \
	X(__open64) X(__open_2) X(__open64_2) X(openat) X(openat64) \
	X(__openat_2) X(__openat64_2) X(fopen) X(fopen64) X(stat) \
	X(stat64) X(__xstat) X(__xstat64) X(__stat64_time64) \
	X(__stat_time64) X(fstatat) X(fstatat64) X(__fxstatat) \
	X(__fxstatat64) X(__fstatat64_time64) X(__fstatat_time64) \
	X(statx) X(access) X(eaccess) X(euidaccess) X(faccessat) \
	X(execve) X(execv) X(execvp) X(execvpe) X(execveat) X(execl) \
	X(execlp) X(execle) X(posix_spawn) X(posix_spawnp) \
	X(pidfd_spawn) X(pidfd_spawnp)
/* clang-format on */

/* ---- lookup.c */
/* Does rld's fork stand before libc's?  Else no lookup finds it. */
int rld_fork_is_ours(struct rld *r);

int rld_lookup(struct rld *r, const struct ref *ref, struct def *out);
/* The reference that symbol sym of d makes; -1 when it is malformed. */
int rld_ref(const struct dso *d, uint32_t sym, struct ref *ref);

/* Weak references that nearly every object has and none ever satisfies: they
 * are no reason to look again at each arrival. */
static inline int rld_weak_noise(const char *name)
{
	return str_starts(name, "_ITM_") || str_starts(name, "__gmon_start") ||
	       str_starts(name, "__cxa_finalize");
}

/* d's own definition, whichever other objects have the name: protected or
 * hidden, by st_other or by d's note. */
static inline int is_own(const struct dso *d, const ElfW(Sym) *s)
{
	const char *name;

	if (s->st_shndx == SHN_UNDEF)
		return 0;
	if ((s->st_other & 3) != STV_DEFAULT)
		return 1;
	if (!d->note || !d->note->nhidden)
		return 0;
	name = elf_str(&d->dyn, s->st_name);
	return name && rldnote_hides(d->note, name);
}

/* rld stands before libc in the list, but not every search walks the list: what
 * ref means is rld's, if *out is a namesake of libc's or its loader's. */
void rld_prefer_own(struct rld *r, const struct ref *ref, struct def *out);
/* dlvsym: rld's names have no versions, they have those of libc's namesakes.
 * 0: def is rld's, and there is none of the version that is asked for. */
int rld_own_version(struct rld *r, const struct ref *ref,
		    const struct def *def);
/* STB_GNU_UNIQUE: the definition found becomes the one that all share.  locked:
 * the writer lock is held. */
void rld_unify(struct rld *r, const struct ref *ref, struct def *out,
	       int locked);

static inline int is_unique(const struct def *def)
{
	return ELF64_ST_BIND(def->sym->st_info) == STB_GNU_UNIQUE;
}

/* gone leaves: no object shares anything with it any longer. */
void rld_pairs_forget(struct rld *r, struct dso *gone);
/* d goes: what it shares itself. */
void rld_pairs_free(struct rld *r, struct dso *d);
/* In d alone. */
int rld_lookup_in(const struct dso *d, const struct ref *ref, struct def *out);
void rld_index_add(struct rld *r, struct dso *d);
void rld_index_remove(struct rld *r, struct dso *d);
/* refs: entries of implicit GOTs, which are references, too. */
void rld_index_plan(struct rld *r, size_t refs);
void rld_index_build(struct rld *r);
/* What a lookup of hash will read is asked for, in steps 0, 1 and 2: each needs
 * what the one before it asked for. */
void rld_index_ahead(const struct index *x, uint32_t hash, int step);
/* Each symbol of that hash in the list's order, and whose; at is 0 at first.  0: there
 * is no more.  While no object leaves. */
uint32_t rld_index_next(const struct index *x, uint32_t hash, uint32_t *at,
			struct dso **d);
/* Symbols of libc whose hash an object ahead of it has too, for fn; 0: there is
 * no index that knows. Once, at the start. */
int rld_index_echoes(struct rld *r, void (*fn)(struct rld *, uint32_t i));
void rld_each_symbol(const struct dso *d,
		     void (*fn)(void *, const struct dso *, uint32_t i,
				uint32_t hash),
		     void *arg);

/* Why symbol i of d, which has ref's name, serves ref or not. */
enum verdict {
	SYM_NONE, /* it is no definition */
	SYM_SERVES,
	SYM_SECOND, /* if d has no better version */
	SYM_VERSION,
	SYM_HIDDEN, /* by its visibility */
	SYM_SCOPE,
	SYM_SELF,      /* a COPY relocation of d's */
	SYM_UNDEFINED, /* a PLT entry that stands for the function */
	SYM_MARK,
	SYM_LEAVING
};

enum verdict rld_judge(const struct dso *d, uint32_t i, const struct ref *ref);
int rld_visible(const struct dso *o, const struct dso *from);
uintptr_t rld_sym_addr(const struct dso *d, const ElfW(Sym) *s);
uintptr_t rld_host_symbol(struct rld *r, struct dso *d, const char *name);

/* ---- override.c */
/* strong takes over from weak; -1: no memory. */
int rld_override_add(struct rld *r, const struct def *weak,
		     const struct def *strong);
/* The strong definition that took over from a weak one, if any did. */
void rld_weak_follow(struct def *d);
void rld_weak_forget(struct rld *r, const struct dso *gone);

#pragma GCC visibility pop

#endif
