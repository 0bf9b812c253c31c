/* SPDX-License-Identifier: MIT */
/* The hand-over to libc's own loader. */
#ifndef RLD_HOST_H
#define RLD_HOST_H

#include "rld/base/base.h"

#pragma GCC visibility push(hidden)

/* ---- synth.c: the program that libc's own loader is shown */
/* Once it is known which libc that is, before anything else is loaded. */
void rld_synth_reserve(void);
int rld_synth_build(struct rld *r, struct rld_err *e);
void rld_synth_export(struct synth *s, const char *name, uintptr_t value,
		      size_t size, unsigned char info);
int rld_synth_exported(const struct synth *s, const char *name);
void rld_synth_headers(const struct synth *s, uintptr_t *at, size_t *n);

/* ---- handover.c */
void rld_host_kind(struct rld *r, const char *interp);
void rld_host_finish(struct rld *r);
void rld_program_aux(struct rld *r);
_Noreturn void rld_host_start(struct rld *r);

/* ---- interpose.c */
void rld_host_interpose(struct rld *r);

/* ---- procexe.c: /proc/self/exe, where rld is the command */
void rld_exe_note(struct rld *r, int fd);
void rld_exe_options(struct rld *r, char *const *option, unsigned n);
/* libc is there, nothing is bound yet. */
void rld_exe_offer(struct rld *r);

#pragma GCC visibility pop

#endif
