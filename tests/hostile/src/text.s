	.text
	.globl	f, g
	.type	f, @function
	.type	g, @function
f:	movabs	$counter, %rax
	ret
g:	movabs	$f, %rax
	ret
	.data
	.globl	counter
	.type	counter, @object
	.size	counter, 4
counter: .long	3
	.section .note.GNU-stack, "", @progbits
