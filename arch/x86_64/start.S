/* SPDX-License-Identifier: MIT */
/* x86-64 entry points of the loader: what the kernel and the host libc's own
 * loader jump to, and the jump to the next stage. */
	.text

/* Kernel entry, psABI 3.4.1.
 * In:    0(%rsp) argc, argv, envp, aux vector    rdx 0 (no fini yet)
 * Keep:  nothing; never returns */
	.globl	_start
	.hidden	_start
	.type	_start, @function
_start:
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	lea	_DYNAMIC(%rip), %rsi
	lea	__ehdr_start(%rip), %rdx
	and	$-16, %rsp
	call	rld_start
	hlt
	.cfi_endproc
	.size	_start, . - _start

/* Where the host libc's loader believes the program begins.
 * In:    0(%rsp) argc ...    rdx  its own fini function */
	.globl	arch_stage2
	.hidden	arch_stage2
	.type	arch_stage2, @function
arch_stage2:
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	mov	%rdx, %rsi
	and	$-16, %rsp
	call	rld_stage2
	hlt
	.cfi_endproc
	.size	arch_stage2, . - arch_stage2

/* arch_enter(pc, sp, fini): start the next program image.
 * Out:   rsp = sp, rdx = fini (psABI 3.4.1: function to register with
 *        atexit), every other register cleared */
	.globl	arch_enter
	.hidden	arch_enter
	.type	arch_enter, @function
arch_enter:
	.cfi_startproc
	.cfi_undefined rip
	mov	%rdi, %rax
	mov	%rsi, %rsp
	xor	%ebp, %ebp
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	jmp	*%rax
	.cfi_endproc
	.size	arch_enter, . - arch_enter

/* A signal handler of ours returns here; debuggers know it by its bytes. */
	.globl	arch_sigreturn
	.hidden	arch_sigreturn
	.type	arch_sigreturn, @function
	nop
arch_sigreturn:
	mov	$15, %rax
	syscall
	.size	arch_sigreturn, . - arch_sigreturn

#include "property.inc"
