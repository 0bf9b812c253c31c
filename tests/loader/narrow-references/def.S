	.globl	small_32, small_32s, small_16, small_8, sized_32, sized_64
small_32 = 0xf1234567
small_32s = -5
small_16 = 0x1234
small_8 = 0x56
	.data
	.type	sized_32, @object
	.size	sized_32, 40
sized_32:
	.type	sized_64, @object
	.size	sized_64, 48
sized_64:
	.zero	48
	.section .note.GNU-stack,"",@progbits
