/* SPDX-License-Identifier: MIT */
/* Reading one ELF file, as a loader does: by its program headers and dynamic
 * section, never by its sections.  Files are hostile: each offset, count and
 * string is checked against the file. */
#ifndef SHOW_IMAGE_H
#define SHOW_IMAGE_H

#include "tools/show/facts.h"

/* Fill o->image from o->path.  NULL, or what is wrong with the file. */
const char *image_read(struct facts *f, struct object *o);
/* Only what kind of ELF file it is: machine, class, data, type, eflags. */
const char *image_kind(const char *path, struct image *im);
/* "x86_64", "aarch64", "mips64el", ...; a text of its own for unknown ones. */
const char *machine_name(const struct image *im);
/* Debian's multiarch name, such as "aarch64-linux-gnu"; NULL: unknown. */
const char *machine_triplet(const struct image *im);
bool machine_native(const struct image *im);

#endif
