/* AArch64: what needs C: the arguments of IFUNC resolvers, the thread pointer
 * of a program without a libc, and the GOT words that PLT0 reads. */
#include "arch.h"

/* Second argument of a resolver: <sys/ifunc.h>'s __ifunc_arg_t. */
static struct {
	unsigned long size, hwcap, hwcap2;
} ifunc_arg;

__attribute__((visibility("hidden"))) void
arch_note_hwcaps(const uintptr_t *sp);

/* From _start, with the kernel's stack.  Nothing is relocated yet: no
 * pointers in data, no calls. */
void arch_note_hwcaps(const uintptr_t *sp)
{
	const uintptr_t *at = sp + 1 + *sp + 1; /* argc, argv, NULL */

	while (*at++) /* envp */
		;
	ifunc_arg.size = sizeof ifunc_arg;
	for (; at[0] != AT_NULL; at += 2) {
		if (at[0] == AT_HWCAP)
			ifunc_arg.hwcap = at[1];
		else if (at[0] == AT_HWCAP2)
			ifunc_arg.hwcap2 = at[1];
	}
}

uintptr_t arch_call_ifunc(uintptr_t resolver)
{
	const unsigned long has_arg = 1UL << 62; /* _IFUNC_ARG_HWCAP */

	return ((uintptr_t(*)(unsigned long, const void *))resolver)(
		ifunc_arg.hwcap | has_arg, &ifunc_arg);
}

int arch_set_tp(uintptr_t tp)
{
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(tp) : "memory");
	return 0;
}

/* The two words at tp belong to the run-time system: zero.  The stack guard
 * is a variable of libc's loader here, not a field. */
void arch_init_tcb(uintptr_t tp, const unsigned char random[16])
{
	(void)tp;
	(void)random;
}

unsigned arch_hwcap_level(void)
{
	return 0;
}

const char *arch_hwcap_name(unsigned level)
{
	(void)level;
	return "";
}

/* PLT0 leaves &got[2] in x16: arch_resolve finds the object below it. */
void arch_lazy_got(uintptr_t *got, struct dso *d)
{
	got[1] = (uintptr_t)d;
	got[2] = (uintptr_t)arch_resolve;
}
