#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""liblist.py FILE N: give a MIPS file a linker's DT_MIPS_LIBLIST.

The file was compiled from src/liblist.c: its symbol rld_test_liblist is an
array with an Elf32_Lib for each of the first N DT_NEEDED; fill in names and a
time stamp, and use two spare DT_NULL entries to point at it."""
import struct
import sys

path = sys.argv[1]
data = bytearray(open(path, "rb").read())
is64 = data[4] == 2
order = "<" if data[5] == 1 else ">"
if is64:
    phoff, = struct.unpack_from(order + "Q", data, 32)
    shoff, = struct.unpack_from(order + "Q", data, 40)
    phentsize, phnum, shentsize, shnum = struct.unpack_from(
        order + "HHHH", data, 54)
else:
    phoff, shoff = struct.unpack_from(order + "II", data, 28)
    phentsize, phnum, shentsize, shnum = struct.unpack_from(
        order + "HHHH", data, 42)


def phdr(i):
    """type, offset, vaddr, filesz"""
    o = phoff + i * phentsize
    if is64:
        t, _, off, vaddr, _, filesz = struct.unpack_from(
            order + "IIQQQQ", data, o)
    else:
        t, off, vaddr, _, filesz = struct.unpack_from(order + "5I", data, o)
    return t, off, vaddr, filesz


def to_off(vaddr):
    for i in range(phnum):
        t, off, v, filesz = phdr(i)
        if t == 1 and v <= vaddr < v + filesz:
            return off + vaddr - v
    raise SystemExit("address %#x is not in the file" % vaddr)


def string(off):
    return bytes(data[off:data.index(0, off)])


entry = order + ("QQ" if is64 else "II")
size = struct.calcsize(entry)
start, filesz = [(o, f) for t, o, _, f in map(phdr, range(phnum)) if t == 2][0]
dyn = [list(struct.unpack_from(entry, data, o))
       for o in range(start, start + filesz, size)]
tags = {t: v for t, v in reversed(dyn)}
needed = [v for t, v in dyn if t == 1][:int(sys.argv[2])]
strtab, symtab = to_off(tags[5]), to_off(tags[6])

where = None
for i in range(tags[0x70000011]):       # DT_MIPS_SYMTABNO
    if is64:
        name, _, _, _, value = struct.unpack_from(
            order + "IBBHQ", data, symtab + i * 24)
    else:
        name, value = struct.unpack_from(order + "II", data, symtab + i * 16)
    if string(strtab + name) == b"rld_test_liblist":
        where = value
for i, name in enumerate(needed):
    struct.pack_into(order + "5I", data, to_off(where) + 20 * i,
                     name, 7, 8, 0, 2 if i == 0 else 0)
end = [t for t, _ in dyn].index(0)
assert end + 2 < len(dyn), "no spare entries"
dyn[end] = [0x70000009, where]          # DT_MIPS_LIBLIST
dyn[end + 1] = [0x70000010, len(needed)]        # DT_MIPS_LIBLISTNO
for i, d in enumerate(dyn):
    struct.pack_into(entry, data, start + i * size, *d)
open(path, "wb").write(data)
