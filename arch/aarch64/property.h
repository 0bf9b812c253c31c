/* Included at the end of each .S file: no executable stack; and the GNU
 * property note that says that each indirect entry has its `bti`
 * (NT_GNU_PROPERTY_TYPE_0: GNU_PROPERTY_AARCH64_FEATURE_1_AND, BTI and PAC). */
	.section .note.GNU-stack, "", %progbits
	.section .note.gnu.property, "a", %note
	.balign	8
	.word	4, 16, 5
	.asciz	"GNU"
	.word	0xc0000000, 4, 3, 0
