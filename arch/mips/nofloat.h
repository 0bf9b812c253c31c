/* SPDX-License-Identifier: MIT */
/* Read before every file of a MIPS rld.  It is compiled for soft float, so
 * that it leaves floating-point registers alone, but it passes no such value
 * to anyone: its floating-point ABI is "any", which the kernel accepts as the
 * interpreter of a program of either kind. */
#ifdef __ASSEMBLER__
.gnu_attribute 4, 0
#else
__asm__(".gnu_attribute 4, 0");
/* libc's headers come for hard float only. */
#undef __mips_soft_float
#define __mips_hard_float 1
#endif
