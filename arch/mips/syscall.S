/* SPDX-License-Identifier: MIT */
/* o32: a system call of six arguments.  A call of our own passes what the
 * kernel takes where the kernel takes it, so that sp never moves: a signal
 * handler may unwind from here. */
#include "asm.h"

#if _MIPS_SIM == _ABIO32
	.text
	.set	noreorder

/* In:    $4-$7, and two words behind their home area  arguments
 *        the word behind those  number
 * Out:   $2 the result, or -errno; $7 tells the kernel's errno from a result */
FUNC(mips_syscall)
	lw	$2, 24($sp)
	syscall
	beqz	$7, 1f
	 nop
	negu	$2, $2
1:	jr	$31
	 nop
END(mips_syscall)
#endif

	.section .note.GNU-stack, "", @progbits
