/* Each word of the table was linked as 64 bits, and is another kind now: what
 * lies behind its own bytes stays as the file has it, 0 or the addend. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include "check.h"
static unsigned char *words; /* not by name: the program would copy them */
static uint64_t word(int i)
{
	uint64_t v;

	memcpy(&v, words + 8 * i, 8);
	return v;
}
int main(void)
{
	unsigned char *pc32 = dlsym(RTLD_DEFAULT, "near_pc32");
	unsigned char *pc64 = dlsym(RTLD_DEFAULT, "near_pc64");

	words = dlsym(RTLD_DEFAULT, "words");
	EQ(word(0), 0xf1234567);
	EQ((int32_t)word(1), -5);
	EQ(word(1) >> 32, 0);
	EQ(word(2), 0x1234);
	EQ(word(3), 0x56);
	EQ((int32_t)word(4), pc32 - words - 32);
	EQ(word(5), pc64 - words - 40);
	EQ(word(6), 42);
	EQ(word(7), 51);
	PTREQ(dlopen("libfar.so", RTLD_NOW), 0);
	HAS(dlerror(), "libfar.so: has a reference out of range");
	PTREQ(dlopen("libfar32s.so", RTLD_NOW), 0);
	HAS(dlerror(), "libfar32s.so: has a reference out of range");
	return DONE();
}
