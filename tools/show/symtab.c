/* SPDX-License-Identifier: MIT */
#include "tools/show/symtab.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

static bool section_defines(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh,
			    const char *name)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Sym s;

	for (int i = 0; d && gelf_getsym(d, i, &s); i++) {
		const char *n = elf_strptr(elf, sh->sh_link, s.st_name);

		if (s.st_shndx != SHN_UNDEF && n && strcmp(n, name) == 0)
			return true;
	}
	return false;
}

bool symtab_defines(const char *path, const char *name)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	Elf *elf = NULL;
	Elf_Scn *scn = NULL;
	bool found = false;
	GElf_Shdr sh;

	elf_version(EV_CURRENT);
	if (fd >= 0)
		elf = elf_begin(fd, ELF_C_READ, NULL);
	while (elf && !found && (scn = elf_nextscn(elf, scn)) != NULL)
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB)
			found = section_defines(elf, scn, &sh, name);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return found;
}
