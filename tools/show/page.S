/* SPDX-License-Identifier: MIT */
/* page.html, which rld-show html fills in. */
	.section .rodata
	.globl	page_html
page_html:
	.incbin	"tools/show/page.html"
	.byte	0
	.section .note.GNU-stack, "", %progbits
