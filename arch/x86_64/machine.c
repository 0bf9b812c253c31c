/* SPDX-License-Identifier: MIT */
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

/* psABI "x86-64 micro-architecture levels": what each asks for, by the names of
 * glibc.cpu.hwcaps. */
static const struct feature {
	char name[14];
	unsigned char level, leaf, reg, bit;
} features[] = { { "CMPXCHG16B", 1, 0, 2, 13 }, { "LAHF64_SAHF64", 1, 2, 2, 0 },
		 { "POPCNT", 1, 0, 2, 23 },	{ "SSE3", 1, 0, 2, 0 },
		 { "SSSE3", 1, 0, 2, 9 },	{ "SSE4_1", 1, 0, 2, 19 },
		 { "SSE4_2", 1, 0, 2, 20 },	{ "AVX", 2, 0, 2, 28 },
		 { "AVX2", 2, 1, 1, 5 },	{ "BMI1", 2, 1, 1, 3 },
		 { "BMI2", 2, 1, 1, 8 },	{ "F16C", 2, 0, 2, 29 },
		 { "FMA", 2, 0, 2, 12 },	{ "LZCNT", 2, 2, 2, 5 },
		 { "MOVBE", 2, 0, 2, 22 },	{ "OSXSAVE", 2, 0, 2, 27 },
		 { "AVX512F", 3, 1, 1, 16 },	{ "AVX512BW", 3, 1, 1, 30 },
		 { "AVX512CD", 3, 1, 1, 28 },	{ "AVX512DQ", 3, 1, 1, 17 },
		 { "AVX512VL", 3, 1, 1, 31 } };

/* Does the list (len bytes, "-AVX2,SSE3,...") switch name off?  glibc before
 * 2.33 adds "_Usable" to some. */
static int is_off(const char *list, size_t len, const char *name)
{
	size_t n = __builtin_strlen(name);

	for (size_t i = 0, k; i < len; i += k + 1) {
		const char *s = list + i;

		for (k = 0; i + k < len && s[k] != ',';)
			k++;
		if (k > n && s[0] == '-' && !__builtin_memcmp(s + 1, name, n) &&
		    (k == n + 1 ||
		     (k == n + 8 &&
		      !__builtin_memcmp(s + 1 + n, "_Usable", 7))))
			return 1;
	}
	return 0;
}

unsigned arch_hwcap_level(const char *list, size_t len)
{
	unsigned leaf[3][4] = { { 0 } }, max[4], xcr = 0, level = 3;

	cpuid(0, 0, max);
	cpuid(1, 0, leaf[0]);
	if (max[0] >= 7)
		cpuid(7, 0, leaf[1]);
	cpuid(0x80000001, 0, leaf[2]);
	if (leaf[0][2] & 1u << 27)
		xcr = xgetbv();
	if ((xcr & 6) != 6)
		level = 1;
	else if ((xcr & 0xe6) != 0xe6)
		level = 2;
	for (unsigned i = 0; i < sizeof features / sizeof features[0]; i++) {
		const struct feature *f = &features[i];

		if (f->level <= level &&
		    (!(leaf[f->leaf][f->reg] >> f->bit & 1) ||
		     is_off(list, len, f->name)))
			level = f->level - 1u;
	}
	return level;
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
