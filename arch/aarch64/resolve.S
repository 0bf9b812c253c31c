/* SPDX-License-Identifier: MIT */
/* AArch64 resolver stubs: lazy PLT entry, TLS descriptors, and the shell that
 * keeps vector state while foreign code runs inside a resolver.  The loader
 * itself is built with -mgeneral-regs-only, so only the latter saves it. */
	.text

/* From PLT0, first call of a lazily bound function (AAELF64 "Procedure Linkage
 * Table").
 * In:    [sp] address of the slot    [sp, 8] x30    x16 &GOT[2]
 *        GOT[1], our struct dso *, lies below x16; the slot of entry n of
 *        DT_JMPREL is GOT[3 + n]
 * Keep:  x0-x7 arguments    x8 address of a large result    x18 static chain
 *        x9-x15 by courtesy    x19-x30, all vector state
 * Free:  x16 x17, flags (AAPCS64 "Use of IP0 and IP1 by the linker")
 * Stack: 160 bytes below PLT0's two words:
 *        0 x29 x30    16 x0-x15    144 x18    160 slot    168 x30
 * Leaves through x16, so that the target may begin with `bti c`. */
	.balign	16
	.globl	arch_resolve
	.hidden	arch_resolve
	.type	arch_resolve, %function
arch_resolve:
	.cfi_startproc
	.cfi_adjust_cfa_offset 16
	bti	c
	stp	x29, x30, [sp, #-160]!
	.cfi_adjust_cfa_offset 160
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	stp	x6, x7, [sp, #64]
	stp	x8, x9, [sp, #80]
	stp	x10, x11, [sp, #96]
	stp	x12, x13, [sp, #112]
	stp	x14, x15, [sp, #128]
	str	x18, [sp, #144]
	ldr	x0, [x16, #-8]
	ldr	x1, [sp, #160]
	sub	x1, x1, x16
	sub	x1, x1, #8
	lsr	x1, x1, #3
	bl	rld_bind_slot
	mov	x16, x0
	ldp	x0, x1, [sp, #16]
	ldp	x2, x3, [sp, #32]
	ldp	x4, x5, [sp, #48]
	ldp	x6, x7, [sp, #64]
	ldp	x8, x9, [sp, #80]
	ldp	x10, x11, [sp, #96]
	ldp	x12, x13, [sp, #112]
	ldp	x14, x15, [sp, #128]
	ldr	x18, [sp, #144]
	ldp	x29, x30, [sp], #176
	.cfi_adjust_cfa_offset -176
	.cfi_restore x29
	.cfi_restore x30
	br	x16
	.cfi_endproc
	.size	arch_resolve, . - arch_resolve

/* arch_call_guarded(fn, a, b): returns fn(a, b); all vector state, FPCR and
 * FPSR are as before.  Of SVE's registers the low 128 bits are kept, which is
 * what a caller of a plain function or a TLS descriptor may count on.
 * In:    x0 fn    x1 a    x2 b
 * Stack: 0 x29 x30    16 x19 x20 (FPCR, FPSR)    below: q0-q31 */
	.globl	arch_call_guarded
	.hidden	arch_call_guarded
	.type	arch_call_guarded, %function
arch_call_guarded:
	.cfi_startproc
	bti	c
	stp	x29, x30, [sp, #-32]!
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	stp	x19, x20, [sp, #16]
	.cfi_rel_offset x19, 16
	.cfi_rel_offset x20, 24
	mov	x29, sp
	.cfi_def_cfa_register x29
	sub	sp, sp, #512
	stp	q0, q1, [sp, #0]
	stp	q2, q3, [sp, #32]
	stp	q4, q5, [sp, #64]
	stp	q6, q7, [sp, #96]
	stp	q8, q9, [sp, #128]
	stp	q10, q11, [sp, #160]
	stp	q12, q13, [sp, #192]
	stp	q14, q15, [sp, #224]
	stp	q16, q17, [sp, #256]
	stp	q18, q19, [sp, #288]
	stp	q20, q21, [sp, #320]
	stp	q22, q23, [sp, #352]
	stp	q24, q25, [sp, #384]
	stp	q26, q27, [sp, #416]
	stp	q28, q29, [sp, #448]
	stp	q30, q31, [sp, #480]
	mrs	x19, fpcr
	mrs	x20, fpsr
	mov	x3, x0
	mov	x0, x1
	mov	x1, x2
	blr	x3
	msr	fpcr, x19
	msr	fpsr, x20
	ldp	q0, q1, [sp, #0]
	ldp	q2, q3, [sp, #32]
	ldp	q4, q5, [sp, #64]
	ldp	q6, q7, [sp, #96]
	ldp	q8, q9, [sp, #128]
	ldp	q10, q11, [sp, #160]
	ldp	q12, q13, [sp, #192]
	ldp	q14, q15, [sp, #224]
	ldp	q16, q17, [sp, #256]
	ldp	q18, q19, [sp, #288]
	ldp	q20, q21, [sp, #320]
	ldp	q22, q23, [sp, #352]
	ldp	q24, q25, [sp, #384]
	ldp	q26, q27, [sp, #416]
	ldp	q28, q29, [sp, #448]
	ldp	q30, q31, [sp, #480]
	mov	sp, x29
	.cfi_def_cfa_register sp
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	.cfi_adjust_cfa_offset -32
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	arch_call_guarded, . - arch_call_guarded

/* TLS descriptors (AAELF64 "TLS descriptors").
 * In:    x0  address of the two-word descriptor
 * Out:   x0  offset of the variable from the thread pointer
 * Keep:  every other register, vectors and flags included */
	.balign	16
	.globl	arch_tlsdesc_static
	.hidden	arch_tlsdesc_static
	.type	arch_tlsdesc_static, %function
arch_tlsdesc_static:
	.cfi_startproc
	bti	c
	ldr	x0, [x0, #8]
	ret
	.cfi_endproc
	.size	arch_tlsdesc_static, . - arch_tlsdesc_static

/* An undefined weak variable: the sum with the thread pointer is 0 + addend.
 * Stack: x1 */
	.globl	arch_tlsdesc_undef
	.hidden	arch_tlsdesc_undef
	.type	arch_tlsdesc_undef, %function
arch_tlsdesc_undef:
	.cfi_startproc
	bti	c
	str	x1, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	ldr	x0, [x0, #8]
	mrs	x1, tpidr_el0
	sub	x0, x0, x1
	ldr	x1, [sp], #16
	.cfi_adjust_cfa_offset -16
	ret
	.cfi_endproc
	.size	arch_tlsdesc_undef, . - arch_tlsdesc_undef

/* The descriptor's argument points to {module, offset}.  rld's slot in the
 * static block holds {table, length}: tls.c.
 * Stack: 0 x1 x2    16 x3 x4; and when the block is not there yet, below:
 *        0 x29 x30    16 x5-x18    128 flags */
	.balign	16
	.globl	arch_tlsdesc_dynamic
	.hidden	arch_tlsdesc_dynamic
	.type	arch_tlsdesc_dynamic, %function
arch_tlsdesc_dynamic:
	.cfi_startproc
	bti	c
	stp	x1, x2, [sp, #-32]!
	.cfi_adjust_cfa_offset 32
	stp	x3, x4, [sp, #16]
	mrs	x4, tpidr_el0
	ldr	x1, [x0, #8]
	adrp	x2, rld_tls_slot
	ldr	x2, [x2, :lo12:rld_tls_slot]
	add	x2, x2, x4
	ldr	x0, [x1]
	ldr	x3, [x2, #8]
	sub	x3, x0, x3	/* both are small: bit 63 says "less" */
	tbz	x3, #63, 1f
	ldr	x3, [x2]
	ldr	x0, [x3, x0, lsl #3]
	cbz	x0, 1f
	ldr	x3, [x1, #8]
	add	x0, x0, x3
	sub	x0, x0, x4
2:	ldp	x3, x4, [sp, #16]
	ldp	x1, x2, [sp], #32
	.cfi_adjust_cfa_offset -32
	ret
	.cfi_adjust_cfa_offset 32
	/* first touch in this thread: into C, keeping all that C may change */
1:	stp	x29, x30, [sp, #-144]!
	.cfi_adjust_cfa_offset 144
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	stp	x5, x6, [sp, #16]
	stp	x7, x8, [sp, #32]
	stp	x9, x10, [sp, #48]
	stp	x11, x12, [sp, #64]
	stp	x13, x14, [sp, #80]
	stp	x15, x16, [sp, #96]
	stp	x17, x18, [sp, #112]
	mrs	x2, nzcv
	str	x2, [sp, #128]
	adrp	x0, rld_tls_slow
	add	x0, x0, :lo12:rld_tls_slow
	mov	x2, #0
	bl	arch_call_guarded
	mrs	x1, tpidr_el0
	sub	x0, x0, x1
	ldr	x2, [sp, #128]
	msr	nzcv, x2
	ldp	x5, x6, [sp, #16]
	ldp	x7, x8, [sp, #32]
	ldp	x9, x10, [sp, #48]
	ldp	x11, x12, [sp, #64]
	ldp	x13, x14, [sp, #80]
	ldp	x15, x16, [sp, #96]
	ldp	x17, x18, [sp, #112]
	ldp	x29, x30, [sp], #144
	.cfi_adjust_cfa_offset -144
	.cfi_restore x29
	.cfi_restore x30
	b	2b
	.cfi_endproc
	.size	arch_tlsdesc_dynamic, . - arch_tlsdesc_dynamic

#include "property.inc"
