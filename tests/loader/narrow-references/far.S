	.data
	.balign	8
	.quad	far
	.globl	far
far:
	.long	0
	.section .note.GNU-stack,"",@progbits
