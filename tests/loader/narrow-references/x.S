	.data
	.globl	words
	.balign	8
words:
	.quad	small_32, small_32s, small_16, small_8
	.quad	near_pc32, near_pc64
	.quad	sized_32 + 2, sized_64 + 3
	.globl	near_pc32, near_pc64
near_pc32:
	.long	0
near_pc64:
	.long	0
	.section .note.GNU-stack,"",@progbits
