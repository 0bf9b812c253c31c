/* Room for a liblist, filled in by liblist.py. */
#include <elf.h>

Elf32_Lib rld_test_liblist[4] = { { 1, 1, 1, 1, 1 } };
