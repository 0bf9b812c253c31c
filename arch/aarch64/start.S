/* SPDX-License-Identifier: MIT */
/* AArch64 entry points of the loader: what the kernel and the host libc's own
 * loader jump to, and the jump to the next stage. */
	.text

/* Kernel entry (AAPCS64 leaves it to the kernel: Documentation/arch/arm64).
 * In:    sp  argc, argv, envp, aux vector; 16-aligned    x0 0
 * Keep:  nothing; never returns */
	.globl	_start
	.hidden	_start
	.type	_start, %function
_start:
	.cfi_startproc
	.cfi_undefined x30
	bti	jc
	mov	x29, #0
	mov	x30, #0
	mov	x0, sp
	bl	arch_note_hwcaps
	mov	x0, sp
	adrp	x1, _DYNAMIC
	add	x1, x1, :lo12:_DYNAMIC
	adrp	x2, __ehdr_start
	add	x2, x2, :lo12:__ehdr_start
	bl	rld_start
	brk	#0
	.cfi_endproc
	.size	_start, . - _start

/* Where the host libc's loader believes the program begins.
 * In:    sp  argc ...    x0  its own fini function */
	.globl	arch_stage2
	.hidden	arch_stage2
	.type	arch_stage2, %function
arch_stage2:
	.cfi_startproc
	.cfi_undefined x30
	bti	jc
	mov	x29, #0
	mov	x30, #0
	mov	x1, x0
	mov	x0, sp
	bl	rld_stage2
	brk	#0
	.cfi_endproc
	.size	arch_stage2, . - arch_stage2

/* arch_enter(pc, sp, fini): start the next program image.
 * Out:   sp = sp, x0 = fini (function to register with atexit), every other
 *        register but x16 cleared.  x16 carries pc: a jump through it may
 *        land on `bti c`. */
	.globl	arch_enter
	.hidden	arch_enter
	.type	arch_enter, %function
arch_enter:
	.cfi_startproc
	.cfi_undefined x30
	bti	c
	mov	x16, x0
	mov	sp, x1
	mov	x0, x2
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17
	mov	x\n, #0
	.endr
	.irp	n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x\n, #0
	.endr
	br	x16
	.cfi_endproc
	.size	arch_enter, . - arch_enter

#include "property.inc"
