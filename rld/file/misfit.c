/* SPDX-License-Identifier: MIT */
/* Why a file is not an object for this rld, and what it is. */
#include "rld/base/base.h"
#include "rld/file/file.h"

const char *rld_misfit(const void *header, const char **is)
{
	const unsigned char *id = header;
	const ElfW(Ehdr) *eh = header;
	int swapped = id[EI_DATA] != ARCH_DATA;
	unsigned machine = eh->e_machine;

	if (swapped)
		machine = machine >> 8 | (machine & 255) << 8;
	*is = elf_machine_name(machine);
	if (machine != ARCH_MACHINE)
		return "wrong machine";
	if (id[EI_CLASS] != ARCH_CLASS) {
		*is = id[EI_CLASS] == ELFCLASS32 ? "32-bit" : "64-bit";
		return "wrong class";
	}
	if (swapped) {
		*is = id[EI_DATA] == ELFDATA2MSB ? "big-endian" :
						   "little-endian";
		return "wrong byte order";
	}
	*is = "another ABI";
	return (eh->e_flags & ARCH_EFLAGS_MASK) != ARCH_EFLAGS ? "wrong ABI" :
								 NULL;
}

static char *about_script(const char *text, size_t n)
{
	size_t at = 2, end;

	while (at < n && (text[at] == ' ' || text[at] == '\t'))
		at++;
	for (end = at; end < n && text[end] > ' ';)
		end++;
	if (end == at || end == n)
		return NULL;
	{
		char *s = rld_alloc(end - at + 1), *hint = NULL;

		if (s) {
			memcpy(s, text + at, end - at);
			hint = rld_format(": start %s with it", s);
		}
		rld_free(s);
		return hint;
	}
}

char *rld_hint_file(const struct dso *d, const void *bytes, size_t n)
{
	static const char ld_script[] = "/* GNU ld script";
	const char *text = bytes, *is;
	char *s = NULL;

	if (n > 2 && text[0] == '#' && text[1] == '!' && d->flags & D_PROGRAM)
		s = about_script(text, n);
	else if (n >= sizeof ld_script &&
		 !memcmp(text, ld_script, sizeof ld_script - 1))
		s = rld_format(": it is a script for the link editor, and "
			       "names the library");
	else if (n >= sizeof(ElfW(Ehdr)) && !memcmp(text, ELFMAG, SELFMAG) &&
		 rld_misfit(bytes, &is))
		s = rld_format(": it is for %s, this rld for %s", is,
			       ARCH_NAME);
	return s ? s : rld_strdup("");
}
