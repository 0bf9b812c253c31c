# More IFUNC relocations than are put off for any object.
	.section .note.GNU-stack, "", @progbits
	.text
	.hidden	f
	.globl	f
	.type	f, @gnu_indirect_function
f:	ret
	.data
	.rept	262145
	.quad	f
	.endr
