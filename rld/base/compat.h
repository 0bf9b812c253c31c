/* SPDX-License-Identifier: MIT */
/* The headers of libc, arch/ and elf/ that all of rld uses, and what those of older C
 * libraries (glibc before 2.35, musl) do not declare. */
#ifndef RLD_COMPAT_H
#define RLD_COMPAT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "elf/elf_file.h"
#include "elf/rldnote.h"
#include "elf/symbol.h"
#include "elf/version.h"

#define API __attribute__((visibility("default")))

#ifndef ARCH_EFLAGS_MASK /* e_machine, class and byte order tell all */
#define ARCH_EFLAGS_MASK 0
#define ARCH_EFLAGS	 0
#endif

#ifndef ARCH_LDSO_SHARED
#define ARCH_LDSO_SHARED 0
#endif

#define WORD sizeof(ElfW(Addr))

#ifndef MADV_POPULATE_WRITE /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif
#ifndef PT_GNU_PROPERTY /* glibc 2.34 */
#define PT_GNU_PROPERTY 0x6474e553
#endif

/* glibc 2.35's <dlfcn.h>; the macro tells whether it is there. */
#ifndef DLFO_STRUCT_HAS_EH_DBASE
struct dl_find_object {
	__extension__ unsigned long long int dlfo_flags;
	void *dlfo_map_start;
	void *dlfo_map_end;
	struct link_map *dlfo_link_map;
	void *dlfo_eh_frame;
	__extension__ unsigned long long int __dflo_reserved[7];
};
int _dl_find_object(void *pc, struct dl_find_object *out);
#endif

/* What programs of glibc pass and get, for a libc without namespaces: musl.  glibc
 * has most of these names in enumerations. */
#ifndef LM_ID_BASE
#define LM_ID_BASE    0
#define LM_ID_NEWLM   (-1)
#define RTLD_DEEPBIND 8
enum {
	RTLD_DI_LMID = 1,
	RTLD_DI_SERINFO = 4,
	RTLD_DI_SERINFOSIZE = 5,
	RTLD_DI_ORIGIN = 6,
	RTLD_DI_TLS_MODID = 9,
	RTLD_DI_TLS_DATA = 10
};
enum { RTLD_DL_SYMENT = 1, RTLD_DL_LINKMAP = 2 };
typedef long int Lmid_t;

/* What auditors are told. */
enum {
	LA_SER_ORIG = 0x01,
	LA_SER_LIBPATH = 0x02,
	LA_SER_RUNPATH = 0x04,
	LA_SER_CONFIG = 0x08,
	LA_SER_DEFAULT = 0x40
};
enum { LA_FLG_BINDTO = 0x01, LA_FLG_BINDFROM = 0x02 };
enum { LA_ACT_CONSISTENT, LA_ACT_ADD, LA_ACT_DELETE };
enum {
	LA_SYMB_NOPLTENTER = 0x01,
	LA_SYMB_NOPLTEXIT = 0x02,
	LA_SYMB_DLSYM = 0x08,
	LA_SYMB_ALTVALUE = 0x10
};

typedef struct {
	char *dls_name;
	unsigned int dls_flags;
} Dl_serpath;

typedef struct {
	size_t dls_size;
	unsigned int dls_cnt;
	Dl_serpath dls_serpath[1];
} Dl_serinfo;

extern struct r_debug _r_debug;
int dladdr1(const void *addr, Dl_info *info, void **extra, int flags);
void *dlmopen(Lmid_t ns, const char *file, int mode);
void *dlvsym(void *__restrict handle, const char *__restrict name,
	     const char *__restrict version);
#endif

#endif
