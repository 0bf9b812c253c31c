/* SPDX-License-Identifier: MIT */
/* Words for the assembly files, so that one text serves the three ABIs. */
#include <sgidefs.h>

#if _MIPS_SIM == _ABIO32
#define WORDSZ	 4
#define REGSZ	 4
#define NARG	 4  /* argument registers, from $4 */
#define HOME	 16 /* bytes that a callee may use above sp */
#define ALIGN	 8
#define LW	 lw /* a word of memory */
#define L	 lw /* a whole register */
#define S	 sw
#define ADDU	 addu
#define ADDIU	 addiu
#define SUBU	 subu
#define GOT(sym) % got(sym)
/* $3 = gp of this object; reg holds the address of fn, where this stands. */
#define MYGP(fn, reg)                 \
	lui $3, % hi(_gp_disp);       \
	addiu $3, $3, % lo(_gp_disp); \
	addu $3, $3, reg
#else
#define REGSZ	 8
#define NARG	 8
#define HOME	 0
#define ALIGN	 16
#define L	 ld
#define S	 sd
#define GOT(sym) % got_disp(sym)
#if _MIPS_SIM == _ABIN32
#define WORDSZ 4
#define LW     lw
#define ADDU   addu
#define ADDIU  addiu
#define SUBU   subu
#else
#define WORDSZ 8
#define LW     ld
#define ADDU   daddu
#define ADDIU  daddiu
#define SUBU   dsubu
#endif
#define MYGP(fn, reg)                            \
	lui $3, % hi(% neg(% gp_rel(fn)));       \
	ADDIU $3, $3, % lo(% neg(% gp_rel(fn))); \
	ADDU $3, $3, reg
#endif

/* gp points this far behind the beginning of its GOT. */
#define GP_OFFSET 0x7ff0

#define FUNC(name)             \
	.globl name;           \
	.hidden name;          \
	.type name, @function; \
	.ent name;             \
name:                          \
	.cfi_startproc
#define END(name)     \
	.cfi_endproc; \
	.end name;    \
	.size name, .- name
