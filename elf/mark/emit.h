/* SPDX-License-Identifier: MIT */
/* Relocatable objects with a note, for link time. */
#ifndef MARK_EMIT_H
#define MARK_EMIT_H

#include "image.h"
#include "marks.h"

/* Name of the machine a file is for, as --machine= takes it; for others a
 * string that says the number, valid until the next call. */
const char *mark_machine_name(const GElf_Ehdr *eh);
/* The names --machine= takes, by index; NULL after the last. */
const char *mark_machine(size_t i);
/* Write an object with the note to file out; machine NULL is this machine. */
int mark_emit(const struct marks *m, const char *machine, const char *out,
	      struct mark_err *err);

#endif
