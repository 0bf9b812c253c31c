/* SPDX-License-Identifier: MIT */
/* MIPS resolver stubs: the two ways into lazy binding, and the shell that
 * keeps floating-point state while foreign code runs inside a resolver.  The
 * loader is built without floating point, so only the latter saves it. */
#include "asm.h"

	.text
	.set	noreorder

/* Frame: home area, the arguments, return address, gp. */
#define A(n)	(HOME + (n) * REGSZ)
#define RA	A(NARG)
#define GP	A(NARG + 1)
#define FRAME	((A(NARG + 2) + 15) & ~15)

#if NARG == 8
#define ARGS(op)                                                       \
	op	$4, A(0)($sp);	op	$5, A(1)($sp);                 \
	op	$6, A(2)($sp);	op	$7, A(3)($sp);                 \
	op	$8, A(4)($sp);	op	$9, A(5)($sp);                 \
	op	$10, A(6)($sp);	op	$11, A(7)($sp)
#else
#define ARGS(op)                                                       \
	op	$4, A(0)($sp);	op	$5, A(1)($sp);                 \
	op	$6, A(2)($sp);	op	$7, A(3)($sp)
#endif

/* The common body: first and second fill $4 and $5 for fn, which returns the
 * function to go to.  $28 and, in the n32 and n64 PLT, $14 are still theirs. */
#define RESOLVER(name, fn, first...)                                    \
FUNC(name);                                                            \
	.cfi_register 31, 15;                                          \
	MYGP(name, $25);                                                    \
	ADDIU	$sp, $sp, -FRAME;                                      \
	.cfi_adjust_cfa_offset FRAME;                                  \
	ARGS(S);                                                       \
	S	$15, RA($sp);                                          \
	.cfi_rel_offset 31, RA;                                        \
	S	$28, GP($sp);                                          \
	first;                                                         \
	LW	$25, GOT(fn)($3);                                      \
	jalr	$25;                                                   \
	 move	$5, $24;                                               \
	ARGS(L);                                                       \
	L	$31, RA($sp);                                          \
	.cfi_restore 31;                                               \
	L	$28, GP($sp);                                          \
	move	$25, $2;                                               \
	jr	$25;                                                   \
	 ADDIU	$sp, $sp, FRAME;                                       \
END(name)

/* From a stub in .MIPS.stubs, first call of a lazily bound function
 *	lw $25,GOT[0]; move $15,$31; jalr $25; li $24,index
 * In:    $28 GP_OFFSET behind the object's primary GOT, whose second word
 *        names our struct dso    $24 dynsym index    $15 return address
 *        $25 this stub
 * Keep:  $4-$7 (o32) or $4-$11 (n32, n64)  arguments    $28
 *        $f12-$f15 or $f12-$f19: no code here touches them    $16-$23, $30
 * Out:   $25 the function, as its prologue expects    $31 return address
 * Free:  $1-$3, $12-$15, $24; the static chain, $15, was lost to the stub
 * Stack: FRAME bytes; the caller's $sp is aligned as the ABI wants it */
RESOLVER(arch_resolve_stub, rld_bind_got, ADDIU $4, $28, -GP_OFFSET)

/* From the PLT header of a non-PIC program, by way of one of its entries.
 * In:    $28 (o32) or $14 (n32, n64) the words of DT_MIPS_PLTGOT, the second
 *        being our struct dso    $24 index in DT_JMPREL    $15 return address
 *        $25 this stub
 * Keep, Out, Free, Stack: as above; $28 means nothing to a caller on o32 */
#if _MIPS_SIM == _ABIO32
RESOLVER(arch_resolve, rld_bind_slot, LW $4, WORDSZ($28))
#else
RESOLVER(arch_resolve, rld_bind_slot, LW $4, WORDSZ($14))
#endif

/* arch_call_guarded(fn, a, b): returns fn(a, b); floating-point arguments and
 * temporaries ($f0-$f19) and the control register are as before.
 * In:    $4 fn    $5 a    $6 b
 * Stack: home area, twenty doubles (o32 saves the even ones: a pair of single
 *        registers or one double, whichever mode is on), $31, $31's format */
	.set	hardfloat
#define F(n)	(HOME + (n) * 8)
#define GRA	F(20)
#define GCSR	(GRA + 8)
#define GFRAME	((GCSR + 8 + 15) & ~15)
#if _MIPS_SIM == _ABIO32
#define FLOATS(op)                                                     \
	op	$f0, F(0)($sp);	  op	$f2, F(2)($sp);                \
	op	$f4, F(4)($sp);	  op	$f6, F(6)($sp);                \
	op	$f8, F(8)($sp);	  op	$f10, F(10)($sp);              \
	op	$f12, F(12)($sp); op	$f14, F(14)($sp);              \
	op	$f16, F(16)($sp); op	$f18, F(18)($sp)
#else
#define FLOATS(op)                                                     \
	op	$f0, F(0)($sp);	  op	$f1, F(1)($sp);                \
	op	$f2, F(2)($sp);	  op	$f3, F(3)($sp);                \
	op	$f4, F(4)($sp);	  op	$f5, F(5)($sp);                \
	op	$f6, F(6)($sp);	  op	$f7, F(7)($sp);                \
	op	$f8, F(8)($sp);	  op	$f9, F(9)($sp);                \
	op	$f10, F(10)($sp); op	$f11, F(11)($sp);              \
	op	$f12, F(12)($sp); op	$f13, F(13)($sp);              \
	op	$f14, F(14)($sp); op	$f15, F(15)($sp);              \
	op	$f16, F(16)($sp); op	$f17, F(17)($sp);              \
	op	$f18, F(18)($sp); op	$f19, F(19)($sp)
#endif
FUNC(arch_call_guarded)
	ADDIU	$sp, $sp, -GFRAME
	.cfi_adjust_cfa_offset GFRAME
	S	$31, GRA($sp)
	.cfi_rel_offset 31, GRA
	FLOATS(sdc1)
	cfc1	$2, $31
	sw	$2, GCSR($sp)
	move	$25, $4
	move	$4, $5
	jalr	$25
	 move	$5, $6
	FLOATS(ldc1)
	lw	$3, GCSR($sp)
	ctc1	$3, $31
	L	$31, GRA($sp)
	.cfi_restore 31
	jr	$31
	 ADDIU	$sp, $sp, GFRAME
END(arch_call_guarded)

	.section .note.GNU-stack, "", @progbits
