/* SPDX-License-Identifier: MIT */
/* The kinds of relocation that rld/ knows.  Each machine maps its own numbers
 * to these in arch_reloc_kind(); generic code never sees a number.
 * S symbol, A addend, B load bias, P place (gABI ch. 4 "Relocation"). */
#ifndef ARCH_KINDS_H
#define ARCH_KINDS_H

enum rkind {
	RK_NONE,
	RK_RELATIVE,  /* word: B + A */
	RK_ABS,	      /* word: S + A */
	RK_GLOB_DAT,  /* word: S */
	RK_JUMP_SLOT, /* word: S, may be bound late */
	RK_COPY,      /* bytes of S */
	RK_IRELATIVE, /* word: what the function at B + A returns */
	RK_DTPMOD,    /* word: TLS module of S */
	RK_DTPOFF,    /* word: S + A within its module */
	RK_TPOFF,     /* word: S + A from the thread pointer */
	RK_TLSDESC,   /* two words: function, argument */
	RK_ABS32U,
	RK_ABS32S,
	RK_ABS32, /* either, as its value fits */
	RK_ABS16,
	RK_ABS8,
	RK_PC64, /* S + A - P */
	RK_PC32,
	RK_SIZE64, /* size of S + A */
	RK_SIZE32,
	RK_UNKNOWN
};

#endif
