/* SPDX-License-Identifier: MIT */
/* What headers of older C libraries (glibc before 2.35, musl) do not declare. */
#ifndef RLD_COMPAT_H
#define RLD_COMPAT_H

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

#endif
