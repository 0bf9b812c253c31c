/* SPDX-License-Identifier: MIT */
/* What rld knows of its process: one struct, and the words of the first thread. */
#include "rld/base/base.h"

struct rld rld_state __attribute__((section(".bss.state")));

struct tls_words rld_early_words;

intptr_t rld_tls_slot;
