/* x86-64: the few things that need C: processor features, the thread control
 * block of a program without a libc, and the GOT words that PLT0 reads. */
#include "arch.h"

#define ARCH_SET_FS 0x1002

/* Read by arch_call_guarded; size 0 means "not probed yet". */
__attribute__((visibility("hidden"))) unsigned arch_xsave_size;
__attribute__((visibility("hidden"))) unsigned arch_xsave_mask;
__attribute__((visibility("hidden"))) unsigned char arch_xsave_compact;
__attribute__((visibility("hidden"))) unsigned arch_xsave_probe(void);

static void cpuid(unsigned leaf, unsigned sub, unsigned out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]),
			   "=d"(out[3])
			 : "a"(leaf), "c"(sub));
}

static unsigned xgetbv(void)
{
	unsigned lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	(void)hi;
	return lo;
}

/* Size of the area that arch_call_guarded needs.  Several threads may run
 * this at once: they write the same values, the size last. */
unsigned arch_xsave_probe(void)
{
	/* x87, SSE, AVX, AVX-512 (three); APX's r16 to r31, which a TLS
	 * descriptor keeps as it keeps every register.  MPX and AMX tiles carry
	 * no arguments (psABI 3.2.1). */
	enum { APX = 19, LAST = APX };
	const unsigned wanted = 0xe7 | 1u << APX;
	unsigned r[4], size = 512 + 64, packed = size;

	cpuid(1, 0, r);
	if (r[2] & (1u << 27)) { /* OSXSAVE */
		unsigned mask = xgetbv() & wanted;

		for (unsigned i = 2; i <= LAST; i++) {
			if (!(mask & (1u << i)))
				continue;
			cpuid(13, i, r);
			if (r[0] + r[1] > size)
				size = r[0] + r[1];
			/* in the compact form they follow one another; APX
			 * lies in MPX's old place in the other one */
			if (r[2] & 2)
				packed = (packed + 63) & ~63u;
			packed += r[0];
		}
		if (packed > size)
			size = packed;
		cpuid(13, 1, r);
		arch_xsave_compact = (r[0] & 2) != 0;
		arch_xsave_mask = mask;
	}
	size = (size + 127) & ~63u;
	__atomic_store_n(&arch_xsave_size, size, __ATOMIC_RELEASE);
	return size;
}

uintptr_t arch_call_ifunc(uintptr_t resolver)
{
	return ((uintptr_t(*)(void))resolver)();
}

int arch_set_tp(uintptr_t tp)
{
	return (int)arch_syscall6(__NR_arch_prctl, ARCH_SET_FS, (long)tp, 0, 0,
				  0, 0);
}

/* %fs:0 is the thread pointer itself; %fs:0x28 the stack guard and %fs:0x30
 * the pointer guard that compiled code expects. */
void arch_init_tcb(uintptr_t tp, const unsigned char random[16])
{
	uintptr_t *tcb = (uintptr_t *)tp;
	uintptr_t words[2] = { 0, 0 };

	for (unsigned i = 0; random && i < 16; i++)
		words[i / 8] |= (uintptr_t)random[i] << (8 * (i % 8));
	tcb[0] = tp;
	tcb[2] = tp;
	tcb[5] = words[0] & ~(uintptr_t)0xff;
	tcb[6] = words[1];
}

/* psABI "x86-64 micro-architecture levels". */
unsigned arch_hwcap_level(void)
{
	const unsigned v2_ecx = 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 |
				1u << 20 | 1u << 23;
	const unsigned v3_ecx = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 |
				1u << 29;
	const unsigned v3_ebx = 1u << 3 | 1u << 5 | 1u << 8;
	const unsigned v4_ebx = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 |
				1u << 31;
	unsigned one[4], seven[4], ext[4], max[4], xcr;

	cpuid(0, 0, max);
	cpuid(1, 0, one);
	cpuid(0x80000001, 0, ext);
	if ((one[2] & v2_ecx) != v2_ecx || !(ext[2] & 1))
		return 0;
	if (max[0] < 7 || (one[2] & v3_ecx) != v3_ecx || !(ext[2] & (1u << 5)))
		return 1;
	cpuid(7, 0, seven);
	xcr = xgetbv();
	if ((seven[1] & v3_ebx) != v3_ebx || (xcr & 6) != 6)
		return 1;
	if ((seven[1] & v4_ebx) != v4_ebx || (xcr & 0xe6) != 0xe6)
		return 2;
	return 3;
}

const char *arch_hwcap_name(unsigned level)
{
	static const char name[][10] = { "x86-64-v2", "x86-64-v3",
					 "x86-64-v4" };

	return level >= 1 && level <= 3 ? name[level - 1] : "";
}

void arch_lazy_got(uintptr_t *got, struct dso *d)
{
	got[1] = (uintptr_t)d;
	got[2] = (uintptr_t)arch_resolve;
}

/* An instruction with a 32-bit displacement from its own end. */
static unsigned char *rip_relative(unsigned char *at, unsigned char modrm,
				   const uintptr_t *word)
{
	int32_t d = (int32_t)((uintptr_t)word - (uintptr_t)(at + 6));

	at[0] = 0xff;
	at[1] = modrm;
	__builtin_memcpy(at + 2, &d, 4);
	return at + 6;
}

uintptr_t arch_entry_code(unsigned char *code, const uintptr_t *got, unsigned i)
{
	static const unsigned char endbr64[4] = { 0xf3, 0x0f, 0x1e, 0xfa };
	unsigned char *at = code, *lazy = code + 16;

	for (unsigned k = 0; k < ARCH_ENTRY_SIZE; k++)
		code[k] = 0xcc; /* int3 */
	__builtin_memcpy(at, endbr64, 4);
	rip_relative(at + 4, 0x25, &got[3 + i]); /* jmp *slot */
	__builtin_memcpy(lazy, endbr64, 4);
	at = lazy + 4;
	*at = 0x68; /* push $i */
	__builtin_memcpy(at + 1, &i, 4);
	at = rip_relative(at + 5, 0x35, &got[1]); /* push got[1] */
	rip_relative(at, 0x25, &got[2]);	  /* jmp *got[2] */
	return (uintptr_t)lazy;
}
