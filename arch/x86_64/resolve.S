/* SPDX-License-Identifier: MIT */
/* x86-64 resolver stubs: lazy PLT entry, TLS descriptors, and the shell that
 * keeps vector state while foreign code runs inside a resolver.  The loader
 * itself is built without vector instructions, so only the latter saves them. */
	.text

/* From PLT0, first call of a lazily bound function (psABI 5.2).
 * In:    0(%rsp) GOT[1], our struct dso *    8(%rsp) index in DT_JMPREL
 * Keep:  rdi rsi rdx rcx r8 r9  arguments    rax  vector count, variadic
 *        r10  static chain    rbx rbp r12-r15    all vector state
 * Free:  r11
 * Stack: 9 pushes + 2 words of PLT0 + return address = 12 words: rsp is
 *        16-aligned at our call if the caller's was, as the psABI has it; for
 *        code written by hand that did not care it is made so. */
	.balign	64
	.globl	arch_resolve
	.hidden	arch_resolve
	.type	arch_resolve, @function
arch_resolve:
	.cfi_startproc
	.cfi_adjust_cfa_offset 16
	endbr64
	push	%rax
	.cfi_adjust_cfa_offset 8
	push	%rcx
	.cfi_adjust_cfa_offset 8
	push	%rdx
	.cfi_adjust_cfa_offset 8
	push	%rsi
	.cfi_adjust_cfa_offset 8
	push	%rdi
	.cfi_adjust_cfa_offset 8
	push	%r8
	.cfi_adjust_cfa_offset 8
	push	%r9
	.cfi_adjust_cfa_offset 8
	push	%r10
	.cfi_adjust_cfa_offset 8
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	mov	72(%rsp), %rdi
	mov	80(%rsp), %rsi
	mov	%rsp, %rbx
	and	$-16, %rsp
	call	rld_bind_slot
	mov	%rbx, %rsp
	mov	%rax, %r11
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	pop	%r10
	.cfi_adjust_cfa_offset -8
	pop	%r9
	.cfi_adjust_cfa_offset -8
	pop	%r8
	.cfi_adjust_cfa_offset -8
	pop	%rdi
	.cfi_adjust_cfa_offset -8
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rdx
	.cfi_adjust_cfa_offset -8
	pop	%rcx
	.cfi_adjust_cfa_offset -8
	pop	%rax
	.cfi_adjust_cfa_offset -8
	add	$16, %rsp
	.cfi_adjust_cfa_offset -16
	jmp	*%r11
	.cfi_endproc
	.size	arch_resolve, . - arch_resolve

/* arch_call_guarded(fn, a, b): returns fn(a, b); all vector and x87 state is
 * as before.
 * In:    rdi fn    rsi a    rdx b
 * Stack: an area of arch_xsave_size bytes, 64-aligned.  The size and the
 *        mask are found at the first use: cpuid is dear on virtual machines. */
	.globl	arch_call_guarded
	.hidden	arch_call_guarded
	.type	arch_call_guarded, @function
arch_call_guarded:
	.cfi_startproc
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	mov	%rsp, %rbp
	.cfi_def_cfa_register rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	mov	%rdi, %r12
	mov	%rsi, %r13
	mov	%rdx, %r14
	mov	arch_xsave_size(%rip), %ebx
	test	%ebx, %ebx
	jnz	1f
	call	arch_xsave_probe
	mov	%eax, %ebx
1:	sub	%rbx, %rsp
	and	$-64, %rsp
	mov	arch_xsave_mask(%rip), %eax
	test	%eax, %eax
	jz	3f
	/* the XSAVE header must be zero for the components not written */
	xor	%edx, %edx
	mov	%rdx, 512(%rsp)
	mov	%rdx, 520(%rsp)
	mov	%rdx, 528(%rsp)
	mov	%rdx, 536(%rsp)
	mov	%rdx, 544(%rsp)
	mov	%rdx, 552(%rsp)
	mov	%rdx, 560(%rsp)
	mov	%rdx, 568(%rsp)
	cmpb	$0, arch_xsave_compact(%rip)
	je	2f
	xsavec	(%rsp)
	jmp	4f
2:	xsave	(%rsp)
	jmp	4f
3:	fxsave	(%rsp)
4:	mov	%r13, %rdi
	mov	%r14, %rsi
	call	*%r12
	mov	%rax, %r12
	mov	arch_xsave_mask(%rip), %eax
	test	%eax, %eax
	jz	5f
	xor	%edx, %edx
	xrstor	(%rsp)
	jmp	6f
5:	fxrstor	(%rsp)
6:	mov	%r12, %rax
	lea	-32(%rbp), %rsp
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
	.size	arch_call_guarded, . - arch_call_guarded

/* TLS descriptors (psABI 3.4.6 and the TLSDESC proposal).
 * In:    rax  address of the two-word descriptor
 * Out:   rax  offset of the variable from the thread pointer
 * Keep:  every other register, vectors included */
	.balign	64
	.globl	arch_tlsdesc_static
	.hidden	arch_tlsdesc_static
	.type	arch_tlsdesc_static, @function
arch_tlsdesc_static:
	.cfi_startproc
	endbr64
	mov	8(%rax), %rax
	ret
	.cfi_endproc
	.size	arch_tlsdesc_static, . - arch_tlsdesc_static

/* An undefined weak variable: the sum with the thread pointer is 0 + addend. */
	.globl	arch_tlsdesc_undef
	.hidden	arch_tlsdesc_undef
	.type	arch_tlsdesc_undef, @function
arch_tlsdesc_undef:
	.cfi_startproc
	endbr64
	mov	8(%rax), %rax
	sub	%fs:0, %rax
	ret
	.cfi_endproc
	.size	arch_tlsdesc_undef, . - arch_tlsdesc_undef

/* The descriptor's argument points to {module, offset}.  rld's slot in the
 * static block holds {table, length}: tls.c. */
	.balign	64
	.globl	arch_tlsdesc_dynamic
	.hidden	arch_tlsdesc_dynamic
	.type	arch_tlsdesc_dynamic, @function
arch_tlsdesc_dynamic:
	.cfi_startproc
	endbr64
	push	%rdi
	.cfi_adjust_cfa_offset 8
	push	%rsi
	.cfi_adjust_cfa_offset 8
	mov	8(%rax), %rdi
	mov	rld_tls_slot(%rip), %rsi
	mov	(%rdi), %rax
	cmp	%fs:8(%rsi), %rax
	jae	1f
	mov	%fs:(%rsi), %rsi
	mov	(%rsi,%rax,8), %rax
	test	%rax, %rax
	jz	1f
	add	8(%rdi), %rax
	sub	%fs:0, %rax
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rdi
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_adjust_cfa_offset 16
	/* first touch in this thread: into C, keeping all that C may change */
1:	push	%rdx
	.cfi_adjust_cfa_offset 8
	push	%rcx
	.cfi_adjust_cfa_offset 8
	push	%r8
	.cfi_adjust_cfa_offset 8
	push	%r9
	.cfi_adjust_cfa_offset 8
	push	%r10
	.cfi_adjust_cfa_offset 8
	push	%r11
	.cfi_adjust_cfa_offset 8
	push	%rbx
	.cfi_adjust_cfa_offset 8
	mov	%rsp, %rbx
	and	$-16, %rsp
	mov	%rdi, %rsi
	lea	rld_tls_slow(%rip), %rdi
	xor	%edx, %edx
	call	arch_call_guarded
	sub	%fs:0, %rax
	mov	%rbx, %rsp
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	pop	%r11
	.cfi_adjust_cfa_offset -8
	pop	%r10
	.cfi_adjust_cfa_offset -8
	pop	%r9
	.cfi_adjust_cfa_offset -8
	pop	%r8
	.cfi_adjust_cfa_offset -8
	pop	%rcx
	.cfi_adjust_cfa_offset -8
	pop	%rdx
	.cfi_adjust_cfa_offset -8
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rdi
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size	arch_tlsdesc_dynamic, . - arch_tlsdesc_dynamic

#include "property.inc"
