/* SPDX-License-Identifier: MIT */
/* Telling listeners. */
#ifndef RLD_EVENT_H
#define RLD_EVENT_H

#include "rld.h"
#include "rld/internal.h"

int rld_event_wanted(unsigned what);
/* Call the listeners that want it; the answer is that of RLD_EVENT_UNRESOLVED. */
void *rld_emit(const struct rld_event *ev);
struct rld_event rld_event_of(unsigned what, struct dso *d);
/* One object's event; no lock held. */
void rld_tell(struct rld *r, struct dso *d, unsigned what);
/* All that arrived and are initialised; no lock held. */
void rld_tell_loaded(struct rld *r);
/* `from` calls a function that no object defines. */
void *rld_ask_unresolved(const struct dso *from, const char *symbol);
/* journal.c */
void rld_build_id_in(const struct elf_view *v, struct rld_gone *g);
void rld_build_id(const struct dso *d, struct rld_gone *g);
/* What lay at this address; NULL: nothing that is known. */
const struct rld_gone *rld_journal_at(uintptr_t at);

#endif
