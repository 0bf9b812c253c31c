/* SPDX-License-Identifier: MIT */
/* Names of machines, as rld and as Debian call them. */
#include <elf.h>
#include <string.h>
#include <sys/utsname.h>

#include "tools/show/image.h"
#include "tools/show/util.h"

static const struct machine {
	uint16_t number;
	uint8_t class, data; /* 0: any */
	bool n32;
	const char *name, *triplet;
} machines[] = {
	{ EM_X86_64, ELFCLASS64, 0, false, "x86_64", "x86_64-linux-gnu" },
	{ EM_X86_64, ELFCLASS32, 0, false, "x32", "x86_64-linux-gnux32" },
	{ EM_386, 0, 0, false, "i386", "i386-linux-gnu" },
	{ EM_AARCH64, 0, 0, false, "aarch64", "aarch64-linux-gnu" },
	{ EM_ARM, 0, 0, false, "arm", "arm-linux-gnueabihf" },
	{ EM_MIPS, ELFCLASS32, ELFDATA2MSB, true, "mipsn32",
	  "mips64-linux-gnuabin32" },
	{ EM_MIPS, ELFCLASS32, ELFDATA2LSB, true, "mipsn32el",
	  "mips64el-linux-gnuabin32" },
	{ EM_MIPS, ELFCLASS32, ELFDATA2MSB, false, "mips", "mips-linux-gnu" },
	{ EM_MIPS, ELFCLASS32, ELFDATA2LSB, false, "mipsel",
	  "mipsel-linux-gnu" },
	{ EM_MIPS, ELFCLASS64, ELFDATA2MSB, false, "mips64",
	  "mips64-linux-gnuabi64" },
	{ EM_MIPS, ELFCLASS64, ELFDATA2LSB, false, "mips64el",
	  "mips64el-linux-gnuabi64" },
	{ EM_PPC64, 0, ELFDATA2LSB, false, "ppc64le", "powerpc64le-linux-gnu" },
	{ EM_PPC64, 0, ELFDATA2MSB, false, "ppc64", "powerpc64-linux-gnu" },
	{ EM_PPC, 0, 0, false, "ppc", "powerpc-linux-gnu" },
	{ EM_RISCV, ELFCLASS64, 0, false, "riscv64", "riscv64-linux-gnu" },
	{ EM_S390, ELFCLASS64, 0, false, "s390x", "s390x-linux-gnu" },
	{ EM_SPARCV9, 0, 0, false, "sparc64", "sparc64-linux-gnu" },
};

static const struct machine *machine(const struct image *im)
{
	bool n32 = im->machine == EM_MIPS && (im->eflags & EF_MIPS_ABI2);

	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		const struct machine *m = &machines[i];

		if (m->number == im->machine &&
		    (!m->class || m->class == im->class) &&
		    (!m->data || m->data == im->data) &&
		    (m->number != EM_MIPS || m->n32 == n32))
			return m;
	}
	return NULL;
}

const char *machine_name(const struct image *im)
{
	const struct machine *m = machine(im);

	return m ? m->name : text("machine %u", im->machine);
}

const char *machine_triplet(const struct image *im)
{
	const struct machine *m = machine(im);

	return m ? m->triplet : NULL;
}

bool machine_native(const struct image *im)
{
	struct utsname u;

	return uname(&u) == 0 && strcmp(u.machine, machine_name(im)) == 0;
}
