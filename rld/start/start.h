/* SPDX-License-Identifier: MIT */
/* From the kernel's jump to the program's. */
#ifndef RLD_START_H
#define RLD_START_H

#include "rld/base/base.h"

#pragma GCC visibility push(hidden)

/* ---- options.c */
void rld_options(struct rld *r);

/* ---- debugvar.c: LD_DEBUG */
int rld_set_log(struct rld *r, const char *file);
/* debugvar.c: LD_DEBUG */
void rld_debug_variable(struct rld *r, const char *list) __attribute__((cold));

/* ---- asktool.c */
/* asktool.c: does rld-show answer this option?  Argument i of the command line
 * is one: start it. */
int rld_asks_tool(const char *option);
_Noreturn void rld_start_tool(struct rld *r, int i);

/* ---- alternate.c */
void rld_alternate(struct rld *r, const char *path);

/* ---- start.c */
void rld_start(uintptr_t *sp, const ElfW(Dyn) *dyn, uintptr_t base);
void rld_stage2(uintptr_t *sp, uintptr_t fini);

/* ---- auditors.c */
/* The program is mapped: are there to be auditors? */
static inline int rld_auditors_named(const struct rld *r)
{
	const struct elf_dyn *y = &r->program->dyn;

	return (r->audit || r->audit_env || y->audit || y->depaudit) &&
	       r->mode == MODE_RUN;
}

/* libc's family, which they need, is noted; 0: there are none. */
int rld_auditors_prepare(struct rld *r);
/* libc is up: load them, and tell them of what is there. */
void rld_auditors_start(struct rld *r);
/* The program's list is there. */
void rld_auditors_gathered(struct rld *r);
void rld_auditors_interposed(struct rld *r);

#pragma GCC visibility pop

#endif
