#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Small edits of ELF files, in place, for fixtures no linker would make.

  elfedit.py machine FILE NUMBER        set e_machine
  elfedit.py eflags FILE NUMBER         set e_flags
  elfedit.py hide FILE SYMBOL...        mark dynamic symbols STV_HIDDEN
  elfedit.py visibility FILE N SYM...   set st_other of dynamic symbols
  elfedit.py bind FILE N SYM...         set the binding of dynamic symbols
  elfedit.py type FILE N SYM...         set the type of dynamic symbols
  elfedit.py rel FILE                   turn its RELA relocations into REL
  elfedit.py relr FILE                  turn relative relocations into RELR
  elfedit.py dyn FILE TAG VALUE         put a dynamic entry in a spare DT_NULL
  elfedit.py lazyload FILE NAME         DT_POSFLAG_1=LAZYLOAD before a NEEDED
  elfedit.py setdyn FILE TAG VALUE      change a dynamic entry
  elfedit.py undyn FILE TAG             turn a dynamic entry into DT_DEBUG
  elfedit.py unneed FILE NAME           drop a DT_NEEDED
  elfedit.py only_liblist FILE          void the RLD note and drop DT_POSFLAG_1
  elfedit.py setlib FILE NAME FLAGS     set NAME's flags in DT_MIPS_LIBLIST
  elfedit.py no_dynamic FILE            without its PT_DYNAMIC
  elfedit.py far_headers FILE           program headers far into its bytes
  elfedit.py split_load FILE            two PT_LOADs, parted within the strings
  elfedit.py cut_load FILE              its last table lies behind p_filesz
  elfedit.py abiflags FILE FIELD N      MIPS ABI flags: version, level, rev or fp
  elfedit.py no_abiflags FILE           without them, as old tools made it
  elfedit.py needversion FILE OLD NEW   need another version, as long a name
  elfedit.py weakneed FILE VERSION      mark a needed version VER_FLG_WEAK
"""
import os
import struct
import sys

PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 0, 1, 2, 3, 4
PT_GNU_EH_FRAME = 0x6474e550
PT_MIPS_ABIFLAGS = 0x70000003
DT_NULL, DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB = 0, 1, 4, 5, 6
DT_RELA, DT_RELASZ, DT_RELAENT, DT_SYMENT = 7, 8, 9, 11
DT_REL, DT_RELSZ, DT_RELENT, DT_DEBUG = 17, 18, 19, 21
DT_PLTREL, DT_JMPREL, DT_PLTRELSZ = 20, 23, 2
DT_GNU_HASH, DT_RELACOUNT, DT_RELCOUNT = 0x6ffffef5, 0x6ffffff9, 0x6ffffffa
DT_STRSZ, DT_VERSYM, DT_VERDEF = 10, 0x6ffffff0, 0x6ffffffc
DT_VERNEED, DT_VERNEEDNUM, DT_POSFLAG_1 = 0x6ffffffe, 0x6fffffff, 0x6ffffdfd
DT_MIPS_RLD_MAP_REL = 0x70000035
DT_MIPS_LIBLIST, DT_MIPS_LIBLISTNO = 0x70000009, 0x70000010


class Elf:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            self.b = bytearray(f.read())
        if self.b[:4] != b"\177ELF" or len(self.b) < 64:
            raise ValueError(path + ": not an ELF file")
        self.is64 = self.b[4] == 2
        self.e = "<" if self.b[5] == 1 else ">"
        self.word = "Q" if self.is64 else "I"
        if self.is64:
            self.phoff, = self.get("Q", 32)
            self.phentsize, self.phnum = self.get("HH", 54)
        else:
            self.phoff, = self.get("I", 28)
            self.phentsize, self.phnum = self.get("HH", 42)

    def get(self, fmt, off):
        return struct.unpack_from(self.e + fmt, self.b, off)

    def put(self, fmt, off, *v):
        struct.pack_into(self.e + fmt, self.b, off, *v)

    def save(self):
        with open(self.path, "r+b") as f:
            f.write(self.b)

    def phdrs(self):
        """(header's offset, type, offset, vaddr, filesz)"""
        for i in range(self.phnum):
            o = self.phoff + i * self.phentsize
            if self.is64:
                t, _, off, va, _, fsz = self.get("IIQQQQ", o)
            else:
                t, off, va, _, fsz = self.get("IIIII", o)
            yield o, t, off, va, fsz

    def off(self, vaddr):
        for _, t, off, va, fsz in self.phdrs():
            if t == PT_LOAD and va <= vaddr < va + fsz:
                return vaddr - va + off
        raise ValueError("vaddr %#x is in no segment" % vaddr)

    def dynamic(self):
        """[(entry's offset, tag, value)], the DT_NULLs included"""
        size = struct.calcsize(self.e + "2" + self.word)
        for _, t, off, _, fsz in self.phdrs():
            if t == PT_DYNAMIC:
                return [(o, *self.get("2" + self.word, o))
                        for o in range(off, off + fsz, size)]
        raise ValueError(self.path + ": no dynamic section")

    def tag(self, tag, default=None):
        for _, t, v in self.dynamic():
            if t == tag:
                return v
        return default

    def string(self, off):
        o = self.off(self.tag(DT_STRTAB)) + off
        return self.b[o:self.b.index(0, o)].decode()

    def symbols(self):
        """(entry's offset, name), from the section headers' .dynsym"""
        if self.is64:
            shoff, = self.get("Q", 40)
            shentsize, shnum = self.get("HH", 58)
        else:
            shoff, = self.get("I", 32)
            shentsize, shnum = self.get("HH", 46)
        for i in range(shnum):
            o = shoff + i * shentsize
            if self.get("I", o + 4)[0] != 11:       # SHT_DYNSYM
                continue
            if self.is64:
                off, size = self.get("QQ", o + 24)
            else:
                off, size = self.get("II", o + 16)
            ent = 24 if self.is64 else 16
            for s in range(off + ent, off + size, ent):
                yield s, self.string(self.get("I", s)[0])

    def st_info(self, s):
        return s + (4 if self.is64 else 12)

    def st_other(self, s):
        return s + (5 if self.is64 else 13)


def wanted(elf, names):
    left = set(names)
    for s, name in elf.symbols():
        if name in left:
            left.discard(name)
            yield s
    if left:
        raise ValueError(elf.path + ": no symbol " + " ".join(left))


def visibility(elf, value, *names):
    for s in wanted(elf, names):
        elf.b[elf.st_other(s)] = int(value, 0)


def hide(elf, *names):
    visibility(elf, "2", *names)


def bind(elf, value, *names):
    for s in wanted(elf, names):
        o = elf.st_info(s)
        elf.b[o] = elf.b[o] & 15 | int(value, 0) << 4


def set_type(elf, value, *names):
    for s in wanted(elf, names):
        o = elf.st_info(s)
        elf.b[o] = elf.b[o] & 0xf0 | int(value, 0)


def machine(elf, value):
    elf.put("H", 18, int(value, 0))


def eflags(elf, value):
    elf.put("I", 48 if elf.is64 else 36, int(value, 0))


def retype(elf, name, value):
    """The relocations that name the symbol are of another type (64-bit RELA)."""
    tags = {t: v for _, t, v in elf.dynamic()}
    index = [n for _, n in elf.symbols()].index(name) + 1   # 0 is none
    base, done = elf.off(tags[DT_RELA]), 0
    for i in range(tags[DT_RELASZ] // 24):
        info = elf.get("Q", base + 24 * i + 8)[0]
        if info >> 32 == index:
            elf.put("Q", base + 24 * i + 8, index << 32 | int(value, 0))
            done += 1
    if not done:
        raise ValueError(elf.path + ": no relocation names " + name)


def straddle(elf):
    """The last relocation's place: half of it past the last page."""
    end = max(va + fsz for _, t, _, va, fsz in elf.phdrs() if t == PT_LOAD)
    tags = {t: v for _, t, v in elf.dynamic()}
    isrela = DT_RELA in tags
    word = 8 if elf.is64 else 4
    at = elf.off(tags[DT_RELA if isrela else DT_REL]) + \
        tags[DT_RELASZ if isrela else DT_RELSZ] - word * (3 if isrela else 2)
    elf.put(elf.word, at, -(-end // 4096) * 4096 - word // 2)


def rel(elf):
    """Addends move to where they are added; types must be 64-bit."""
    tags = {t: (o, v) for o, t, v in elf.dynamic()}
    for table, size in ((DT_RELA, DT_RELASZ), (DT_JMPREL, DT_PLTRELSZ)):
        if table not in tags:
            continue
        base, n = elf.off(tags[table][1]), tags[size][1] // 24
        for i in range(n):
            off, info, addend = elf.get("QQq", base + 24 * i)
            if table == DT_RELA:
                elf.put("q", elf.off(off), addend)
            elf.put("QQ", base + 16 * i, off, info)
        elf.put("Q", tags[size][0] + 8, n * 16)
    for old, new in ((DT_RELA, DT_REL), (DT_RELASZ, DT_RELSZ),
                     (DT_RELACOUNT, DT_RELCOUNT)):
        if old in tags:
            elf.put("Q", tags[old][0], new)
    elf.put("QQ", tags[DT_RELAENT][0], DT_RELENT, 16)
    if DT_PLTREL in tags:
        elf.put("Q", tags[DT_PLTREL][0] + 8, DT_REL)


def relr(elf):
    """Relative entries of RELA, or of MIPS's REL, move to a RELR table in the
    room they leave."""
    machine, w = elf.get("H", 18)[0], elf.word
    tags = {t: (o, v) for o, t, v in elf.dynamic()}
    if machine == 8:                    # MIPS: the addend is in its place
        form, table, length = "Q8s" if w == "Q" else "I4s", DT_REL, DT_RELSZ
        relative = (bytes(6) + b"\x12\x03" if w == "Q" else
                    struct.pack(elf.e + "I", 3))
    else:
        form, table, length = "QQq", DT_RELA, DT_RELASZ
        relative = {62: 8, 183: 1027}[machine]
    size, wide = struct.calcsize("=" + form), struct.calcsize("=" + w)
    base, n = elf.off(tags[table][1]), tags[length][1] // size
    keep, places = [], []
    for i in range(n):
        entry = elf.get(form, base + size * i)
        if entry[1] == relative and entry[0] % wide == 0:
            if len(entry) > 2:
                elf.put("q", elf.off(entry[0]), entry[2])
            places.append(entry[0])
        else:
            keep.append(entry)
    words, at = [], None
    bits = 8 * wide - 1
    for p in sorted(places):
        if at is None or p < at or p >= at + bits * wide:
            words.append(p)         # an address; a bitmap may follow
            at, bitmap = p + wide, False
            continue
        if not bitmap:
            words.append(1)
            bitmap = True
        words[-1] |= 1 << (1 + (p - at) // wide)
    if wide * len(words) > size * len(places) or not words:
        raise ValueError("no relative relocations")
    for i, k in enumerate(keep):
        elf.put(form, base + size * i, *k)
    for i, word in enumerate(words):
        elf.put(w, base + size * len(keep) + wide * i, word)
    rest = tags[table][1] + size * len(keep)
    elf.put(w, tags[length][0] + wide, size * len(keep))
    if DT_RELACOUNT in tags:
        elf.put(w, tags[DT_RELACOUNT][0] + wide, 0)
    for t, v in ((36, rest), (35, wide * len(words)), (37, wide)):
        dyn(elf, str(t), str(v))


def dyn(elf, tag, value):
    d = elf.dynamic()
    nulls = [o for o, t, _ in d if t == DT_NULL]
    if len(nulls) < 2:
        raise ValueError("no spare DT_NULL")
    elf.put("2" + elf.word, nulls[0], int(tag, 0), int(value, 0))


def lazyload(elf, name):
    d = elf.dynamic()
    out = []
    for _, t, v in d:
        if t == DT_NEEDED and elf.string(v) == name:
            out.append((DT_POSFLAG_1, 1))
        out.append((t, v))
    if len(out) == len(d):
        raise ValueError(elf.path + ": does not need " + name)
    if out[-2][0] != DT_NULL:
        raise ValueError("no spare DT_NULL")
    moved = d[1][0] - d[0][0]
    for (o, was, _), (t, v) in zip(d, out):
        if t == DT_MIPS_RLD_MAP_REL and was != t:   # counts from its own place
            v -= moved
        elf.put("2" + elf.word, o, t, v)


def setdyn(elf, tag, value):
    elf.put(elf.word, *[(o + (8 if elf.is64 else 4), int(value, 0))
                        for o, t, _ in elf.dynamic() if t == int(tag, 0)][0])


def undyn(elf, tag):
    for o, t, _ in elf.dynamic():
        if t == int(tag, 0):
            elf.put("2" + elf.word, o, DT_DEBUG, 0)
            return
    raise ValueError("no such tag")


def only_liblist(elf):
    """Of delay-load's marks leave those in DT_MIPS_LIBLIST."""
    for _, t, off, _, fsz in elf.phdrs():
        end = off + fsz
        while t == PT_NOTE and off + 12 <= end:
            namesz, descsz, kind = elf.get("III", off)
            if (kind, bytes(elf.b[off + 12:off + 16])) == (1, b"RLD\0"):
                elf.put("I", off + 8, 0)
            off += 12 + (namesz + 3 & ~3) + (descsz + 3 & ~3)
    while elf.tag(DT_POSFLAG_1) is not None:
        undyn(elf, str(DT_POSFLAG_1))


def setlib(elf, needed, flags):
    at, n = elf.off(elf.tag(DT_MIPS_LIBLIST)), elf.tag(DT_MIPS_LIBLISTNO)
    for o in range(at, at + 20 * n, 20):
        if elf.string(elf.get("I", o)[0]) == needed:
            elf.put("I", o + 16, int(flags, 0))
            return
    raise ValueError(elf.path + ": liblist lacks " + needed)


def far_headers(elf):
    """The program headers move to the last zeros of the last segment."""
    end = max(off + fsz for _, t, off, _, fsz in elf.phdrs() if t == PT_LOAD)
    size = elf.phentsize * elf.phnum
    at = elf.b.rfind(bytes(size + 64), 0, end) + 32 & ~7
    if at < elf.phoff + size:
        raise ValueError("there is no room")
    elf.b[at:at + size] = elf.b[elf.phoff:elf.phoff + size]
    elf.put(elf.word, 32 if elf.is64 else 28, at)


def load_of(elf, vaddr):
    """The PT_LOAD that holds vaddr: its header's offset and fields."""
    for o, t, off, va, fsz in elf.phdrs():
        if t == PT_LOAD and va <= vaddr < va + fsz:
            return o, off, va, fsz
    raise ValueError("vaddr %#x is in no segment" % vaddr)


def put_load(elf, o, off, va, size):
    if elf.is64:
        elf.put("QQQQQ", o + 8, off, va, va, size, size)
    else:
        elf.put("IIIII", o + 4, off, va, va, size, size)


def split_load(elf):
    """What follows 64 KiB is a segment of its own, in the place of a header
    that nothing needs."""
    strtab, size = elf.tag(DT_STRTAB), elf.tag(DT_STRSZ)
    cut = (strtab | 0xffff) + 1
    if cut >= strtab + size:
        raise ValueError("its strings lie in one piece")
    o, off, va, fsz = load_of(elf, strtab)
    spare = [h for h, t, _, _, _ in elf.phdrs()
             if t in (PT_NULL, PT_NOTE, PT_GNU_EH_FRAME)][-1]
    n = elf.phentsize
    table = [bytes(elf.b[h:h + n]) for h, _, _, _, _ in elf.phdrs()]
    at, gone = ((h - elf.phoff) // n for h in (o, spare))
    del table[gone]
    at -= gone < at
    table.insert(at, table[at])
    elf.b[elf.phoff:elf.phoff + n * elf.phnum] = b"".join(table)
    o = elf.phoff + at * n
    put_load(elf, o, off, va, cut - va)
    put_load(elf, o + n, off + cut - va, cut, va + fsz - cut)


def cut_load(elf):
    """Of what lies on the last page, or in the last table, one byte is kept."""
    o, off, va, fsz = load_of(elf, elf.tag(DT_STRTAB))
    last = max(v for _, t, v in elf.dynamic() if va <= v < va + fsz and
               t in (DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_REL, DT_JMPREL,
                     DT_GNU_HASH, DT_VERSYM, DT_VERNEED, DT_VERDEF))
    cut = max((va + fsz - 1) & ~0xfff, last) + 1
    if cut >= va + fsz:
        raise ValueError("nothing lies there")
    put_load(elf, o, off, va, cut - va)


def abiflags(elf, field, value):
    off = next(off for _, t, off, _, _ in elf.phdrs() if t == PT_MIPS_ABIFLAGS)
    if field == "version":
        elf.put("H", off, int(value, 0))
    else:
        elf.b[off + {"level": 2, "rev": 3, "fp": 7}[field]] = int(value, 0)


def no_abiflags(elf):
    for o, t, _, _, _ in elf.phdrs():
        if t == PT_MIPS_ABIFLAGS:
            elf.put("I", o, 0)          # PT_NULL


def no_dynamic(elf):
    for o, t, _, _, _ in elf.phdrs():
        if t == PT_DYNAMIC:
            elf.put("I", o, PT_NULL)


def unneed(elf, name):
    for o, t, v in elf.dynamic():
        if t == DT_NEEDED and elf.string(v) == name:
            elf.put("2" + elf.word, o, DT_DEBUG, 0)
            return
    raise ValueError(elf.path + ": does not need " + name)


def sysv_hash(name):
    h = 0
    for c in name.encode():
        h = (h << 4) + c
        g = h & 0xf0000000
        h = (h ^ g >> 24) & ~g
    return h


def vernaux(elf):
    """(entry's offset, name) of each version that is needed"""
    o = elf.off(elf.tag(DT_VERNEED))
    for _ in range(elf.tag(DT_VERNEEDNUM)):
        _, cnt, _, aux, nxt = elf.get("HHIII", o)
        a = o + aux
        for _ in range(cnt):
            _, _, _, name, anext = elf.get("IHHII", a)
            yield a, elf.string(name)
            a += anext
        o += nxt


def weakneed(elf, version):
    for a, name in vernaux(elf):
        if name == version:
            elf.put("H", a + 4, elf.get("H", a + 4)[0] | 2)
            return
    raise ValueError("needs no version " + version)


def needversion(elf, old, new):
    if len(old) != len(new):
        raise ValueError("names of different length")
    for a, name in vernaux(elf):
        if name == old:
            elf.put("I", a, sysv_hash(new))
            o = elf.off(elf.tag(DT_STRTAB)) + elf.get("I", a + 8)[0]
            elf.b[o:o + len(new)] = new.encode()
            return
    raise ValueError("needs no version " + old)


def set_interp(elf, old, new):
    for o, t, off, _, fsz in elf.phdrs():
        if t != PT_INTERP:
            continue
        if bytes(elf.b[off:off + fsz]) != old.encode() + b"\0":
            return False
        s = new.encode() + b"\0"
        elf.b[off:off + fsz] = s.ljust(fsz, b"\0")
        if elf.is64:
            elf.put("QQ", o + 32, len(s), len(s))
        else:
            elf.put("II", o + 16, len(s), len(s))
        return True
    return False


def set_interps(directory, old, new):
    """Give every program below directory with the interpreter OLD another."""
    if len(new) > len(old):
        raise ValueError(new + ": too long for an interpreter's name here")
    for root, _, files in os.walk(directory):
        for name in files:
            path = os.path.join(root, name)
            if os.path.islink(path) or not os.access(path, os.R_OK):
                continue
            with open(path, "rb") as f:
                if f.read(4) != b"\177ELF":
                    continue
            try:
                elf = Elf(path)
                if set_interp(elf, old, new):
                    elf.save()
            except (struct.error, ValueError, IndexError, OverflowError):
                pass        # damaged on purpose


VERBS = {"machine": machine, "straddle": straddle, "retype": retype,
         "hide": hide, "visibility": visibility,
         "bind": bind, "type": set_type, "rel": rel, "relr": relr, "dyn": dyn,
         "lazyload": lazyload, "undyn": undyn, "weakneed": weakneed,
         "needversion": needversion, "setdyn": setdyn,
         "unneed": unneed, "eflags": eflags, "far_headers": far_headers, "no_dynamic": no_dynamic,
         "split_load": split_load, "cut_load": cut_load,
         "only_liblist": only_liblist, "setlib": setlib,
         "abiflags": abiflags, "no_abiflags": no_abiflags}


def main(argv):
    if len(argv) < 3 or argv[1] not in VERBS:
        sys.exit(__doc__)
    elf = Elf(argv[2])
    VERBS[argv[1]](elf, *argv[3:])
    elf.save()


if __name__ == "__main__":
    try:
        main(sys.argv)
    except ValueError as e:
        sys.exit("elfedit: %s" % e)
