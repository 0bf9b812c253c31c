/* SPDX-License-Identifier: MIT */
/* MIPS entry points of the loader: what the kernel and the host libc's own
 * loader jump to, and the jump to the next stage.  $25 holds nothing useful at
 * either entry, so gp is made from where we are. */
#include "asm.h"

	.text
	.set	noreorder

/* Kernel entry (psABI ch. 3 "Process Initialization").
 * In:    0($sp) argc, argv, envp, aux vector    $2 0 (no fini yet)
 * Keep:  nothing; never returns
 * The GOT still holds link-time addresses, and rld was linked to address 0:
 * what it says about a label and where that label is differ by the load bias,
 * which turns every other entry into an address. */
FUNC(_start)
	.cfi_undefined 31
	bal	1f
	 nop
1:	MYGP(1b, $31)
	move	$28, $3
	LW	$16, GOT(mips_here)($28)
	SUBU	$16, $31, $16			/* load bias */
	LW	$17, GOT(_DYNAMIC)($28)
	ADDU	$17, $17, $16
	move	$18, $sp
	li	$2, -16
	and	$sp, $sp, $2
	ADDIU	$sp, $sp, -32			/* home of four arguments */
	move	$30, $0
	LW	$25, GOT(mips_relocate_self)($28)
	ADDU	$25, $25, $16
	move	$4, $16
	jalr	$25
	 move	$5, $17
	move	$4, $18
	move	$5, $17
	LW	$25, GOT(rld_start)($28)	/* an address by now */
	jalr	$25
	 move	$6, $16
	break
END(_start)
	.globl	mips_here
	.hidden	mips_here
	.set	mips_here, 1b

/* Where the host libc's loader believes the program begins.
 * In:    0($sp) argc ...    $2  its own fini function */
FUNC(arch_stage2)
	.cfi_undefined 31
	bal	1f
	 move	$16, $2
1:	MYGP(1b, $31)
	move	$28, $3
	move	$4, $sp
	li	$2, -16
	and	$sp, $sp, $2
	ADDIU	$sp, $sp, -32
	move	$30, $0
	LW	$25, GOT(rld_stage2)($28)
	jalr	$25
	 move	$5, $16
	break
END(arch_stage2)

/* arch_enter(pc, sp, fini): start the next program image.
 * In:    $4 pc    $5 sp    $6 fini
 * Out:   $sp = sp, $2 = fini (psABI ch. 3: function to register with atexit),
 *        $25 = pc, frame and return address clear
 * Stack: the 32 KiB below sp are zeroed: glibc's loader (2.36) reads words of
 *        its own frames that it has not written. */
#define DEPTH 32768
FUNC(arch_enter)
	.cfi_undefined 31
	move	$25, $4
	move	$sp, $5
	move	$2, $6
	ADDIU	$8, $sp, -DEPTH
1:	S	$0, 0($8)
	S	$0, REGSZ($8)
	ADDIU	$8, $8, 2 * REGSZ
	bne	$8, $sp, 1b
	 nop
	move	$30, $0
	move	$31, $0
	jr	$25
	 nop
END(arch_enter)

	.section .note.GNU-stack, "", @progbits
