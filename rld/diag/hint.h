/* SPDX-License-Identifier: MIT */
/* What messages add.  Each answer is a heap string, "" where there is nothing to
 * add; NULL: no memory.  %s of a NULL prints nothing. */
#ifndef RLD_HINT_H
#define RLD_HINT_H

#include "rld/internal.h"

/* ref was looked up, and nothing serves it.  Lock held, or at the start. */
char *rld_hint_undefined(struct rld *r, const struct ref *ref);
/* o lacks version v. */
char *rld_hint_version(const struct dso *o, const struct elf_version *v);
/* Why an ELF header, all of it, is not for this rld; *is: what it is for.  NULL:
 * it is. */
const char *rld_misfit(const void *header, const char **is);
/* The n first bytes of d's file, which is refused. */
char *rld_hint_file(const struct dso *d, const void *bytes, size_t n);
/* Program name, which is not there. */
char *rld_hint_path(struct rld *r, const char *name);
/* The word nearest to `word` of those in words that stand behind lead. */
char *rld_hint_word(const char *words, const char *lead, const char *word);

#endif
