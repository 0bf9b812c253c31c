/* SPDX-License-Identifier: MIT */
/* The symbol table that only the link editor and debuggers read. */
#ifndef SHOW_SYMTAB_H
#define SHOW_SYMTAB_H

#include <stdbool.h>

/* Does .symtab of the file define this name?  A loader does not see it there. */
bool symtab_defines(const char *path, const char *name);

#endif
