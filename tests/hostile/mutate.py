# SPDX-License-Identifier: MIT
"""Structure-aware mutation of ELF files: what a field means decides what is
written into it.  Mutant number n of a file is always the same."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import elfedit  # noqa: E402

M64 = (1 << 64) - 1
TAGS = (list(range(0, 39)) +
        [0x6ffffef5, 0x6ffffff0, 0x6ffffff9, 0x6ffffffa, 0x6ffffffb,
         0x6ffffffc, 0x6ffffffd, 0x6ffffffe, 0x6fffffff, 0x6ffffdfd,
         0x7ffffffd, 0x7fffffff, 0x70000001, 0x70000036])
# code would run by itself: DT_INIT, DT_FINI and the arrays
RUNS = {12, 13, 25, 26, 27, 28, 32, 33}
PTYPES = [0, 1, 2, 3, 4, 6, 7, 0x6474e550, 0x6474e551, 0x6474e552]
X86_64, AARCH64, MIPS = 62, 183, 8      # e_machine
RTYPES = {
    X86_64: [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 17, 18, 24, 32, 33,
             36, 38, 99, 0xffffffff],
    AARCH64: [0, 257, 258, 259, 260, 261, 262, *range(1024, 1033), 99,
              0xffffffff],
    MIPS: [0, 1, 2, 3, 5, 18, 19, *range(38, 52), 126, 127, 99, 255]}
LOCAL_GOTNO, SYMTABNO, GOTSYM, XHASH = (0x7000000a, 0x70000011, 0x70000013,
                                        0x70000036)     # DT_MIPS_*
MIPS_TAGS = [LOCAL_GOTNO, SYMTABNO, GOTSYM, XHASH,
             *(0x70000000 + n for n in (1, 5, 6, 9, 0x10, 0x16, 0x29, 0x32,
                                        0x34, 0x35))]


class Subject:
    """A good file, and where its fields are: {group: [(kind, size, offset)]}"""

    def __init__(self, path):
        self.name = os.path.basename(path)
        self.elf = e = elfedit.Elf(path)
        self.bytes = bytes(e.b)
        self.machine, = e.get("H", 18)
        self.order = "little" if e.e == "<" else "big"
        self.tags = TAGS + (MIPS_TAGS if self.machine == MIPS else [])
        self.fields = {}
        self.addresses = {0, 1, 8, 0x1000}
        self.find()
        self.groups = sorted(self.fields)
        self.addresses = sorted(self.addresses)

    def add(self, group, kind, size, off):
        if off + size <= len(self.bytes):
            self.fields.setdefault(group, []).append((kind, size, off))

    def words(self, group, kind, size, off, n):
        for i in range(n):
            self.add(group, kind, size, off + i * size)

    def find(self):
        e, w = self.elf, 8 if self.elf.is64 else 4
        ehdr = ((4, 1), (5, 1), (16, 2), (18, 2), (20, 4))
        if e.is64:
            ehdr += ((24, 8), (32, 8), (40, 8), (52, 2), (54, 2), (56, 2))
        else:
            ehdr += ((24, 4), (28, 4), (32, 4), (36, 4), (40, 2), (42, 2),
                     (44, 2))
        for off, size in ehdr:
            self.add("ehdr", "number", size, off)
        flags, offset, vaddr, filesz, memsz, align = (
            (4, 8, 16, 32, 40, 48) if e.is64 else (24, 4, 8, 16, 20, 28))
        for o, t, off, va, fsz in e.phdrs():
            msz, = e.get(e.word, o + memsz)
            self.add("phdr", "ptype", 4, o)
            self.add("phdr", "flags", 4, o + flags)
            self.add("phdr", "offset", w, o + offset)
            self.add("phdr", "address", w, o + vaddr)
            self.add("phdr", "size", w, o + filesz)
            self.add("phdr", "size", w, o + memsz)
            self.add("phdr", "align", w, o + align)
            self.addresses |= {va, va + fsz, va + msz, va + fsz - 8,
                               va + msz - 1, va & ~4095, (va + msz) | 4095}
            if t == 3:
                self.words("note", "byte", 1, off, fsz)
            elif t in (4, 7):
                self.words("note", "number", 4, off, fsz // 4)
        tags = {}
        for o, t, v in e.dynamic():
            self.add("dyn", "tag", w, o)
            self.add("dyn", "address" if v > 64 else "size", w, o + w)
            tags.setdefault(t, v)
            if t not in (1, 14, 15, 29):
                self.addresses.add(v)
            if t == 0:
                break

        def at(tag):
            return e.off(tags[tag]) if tag in tags else None

        nsym = 1
        if 0x6ffffef5 in tags:
            o = at(0x6ffffef5)
            nb, first, words, _ = e.get("4I", o)
            self.words("hash", "number", 4, o, 4)
            self.words("hash", "number", w, o + 16, words)
            self.words("hash", "index", 4, o + 16 + words * w, nb)
            chain = o + 16 + words * w + nb * 4
            last = max(e.get("%dI" % nb, chain - nb * 4), default=0)
            if last >= first:
                while not e.get("I", chain + (last - first) * 4)[0] & 1:
                    last += 1
                self.words("hash", "chain", 4, chain, last - first + 1)
            nsym = max(last, first - 1) + 1
        if 4 in tags:
            o = at(4)
            nb, nsym = e.get("2I", o)
            self.words("hash", "index", 4, o, 2 + nb + nsym)
        if XHASH in tags:       # a GNU hash table of another shape
            self.words("hash", "number", 4, at(XHASH), 24)
        for i in range(nsym if 6 in tags else 0):
            o = at(6) + i * (24 if e.is64 else 16)
            info, shndx, value, size = (4, 6, 8, 16) if e.is64 else \
                (12, 14, 4, 8)
            self.add("sym", "string", 4, o)
            self.add("sym", "byte", 1, o + info)
            self.add("sym", "byte", 1, o + info + 1)
            self.add("sym", "index", 2, o + shndx)
            self.add("sym", "address", w, o + value)
            self.add("sym", "size", w, o + size)
        if 0x6ffffff0 in tags:
            self.words("ver", "index", 2, at(0x6ffffff0), nsym)
        for tag, span in ((0x6ffffffc, 28 * 4), (0x6ffffffe, 32 * 3)):
            if tag in tags:
                self.words("ver", "number", 2, at(tag), 4)
                self.words("ver", "string", 4, at(tag) + 4, span // 4)
        for tab, size, ent in ((7, 8, 3), (23, 2, 3), (17, 18, 2)):
            if tab not in tags:
                continue
            words = 2 if tab == 23 and tags.get(20) == 17 else ent
            for i in range(tags.get(size, 0) // (words * w)):
                o = at(tab) + i * words * w
                self.add("rel", "address", w, o)
                self.info(o + w)
                if words == 3:
                    self.add("rel", "address", w, o + 2 * w)
        if self.machine == MIPS and 3 in tags and tags[3]:
            self.words("got", "address", w, at(3), tags.get(LOCAL_GOTNO, 0) +
                       tags.get(SYMTABNO, 0) - tags.get(GOTSYM, 0))
        if 36 in tags:
            self.words("rel", "address", w, at(36), tags.get(35, 0) // w)
        if 5 in tags:
            self.words("str", "byte", 1, at(5), tags.get(10, 0))

    def info(self, o):
        """r_info: symbol and type, as the machine packs them."""
        if not self.elf.is64:
            self.add("rel", "number", 4, o)
            self.add("rel", "rtype", 1, o + (3 if self.order == "big" else 0))
        elif self.machine == MIPS:      # symbol, special symbol, three types
            self.add("rel", "index", 4, o)
            self.add("rel", "byte", 1, o + 4)
            self.words("rel", "rtype", 1, o + 5, 3)
        else:
            self.add("rel", "rtype", 4, o)
            self.add("rel", "index", 4, o + 4)

    def value(self, r, kind, size, old):
        mask = (1 << 8 * size) - 1
        return self.raw_value(r, kind, size, old, mask) & mask

    def raw_value(self, r, kind, size, old, mask):
        how = r.random()
        if kind == "tag" and how < .7:
            return r.choice([t for t in self.tags if t not in RUNS or r.random() < .1])
        if kind == "ptype" and how < .8:
            return r.choice(PTYPES)
        if kind == "flags" and how < .8:
            return r.randrange(8)
        if kind == "rtype" and how < .8:
            return r.choice(RTYPES[self.machine])
        if kind == "chain" and how < .6:
            return old ^ 1
        if kind == "align" and how < .6:
            return 1 << r.randrange(8 * size)
        if kind in ("address", "offset") and how < .5:
            v = r.choice(self.addresses) + r.choice((0, 0, 0, 1, -1, 4, 8, -8,
                                                     16, 4096, -4096))
            return v & mask
        if kind == "string" and how < .4:
            return r.randrange(1 << 10)
        if how < .62:
            return (old + r.choice((1, -1, 2, 4, -4, 8, -8, 24, 4096, -4096))
                    ) & mask
        if how < .72:
            return old ^ 1 << r.randrange(8 * size)
        if how < .82:
            return r.choice((0, 1, mask, mask >> 1, (mask >> 1) + 1,
                             mask - 7, mask - 4095))
        if how < .9:
            return 1 << r.randrange(8 * size)
        if how < .95:
            return (len(self.bytes) + r.randrange(-64, 64)) & mask
        return r.getrandbits(8 * size)

    def mutant(self, n):
        r = random.Random("%s %d" % (self.name, n))
        b = bytearray(self.bytes)
        for _ in range(r.choice((1, 1, 1, 2, 2, 3, 5, 9))):
            how = r.random()
            group = r.choice(self.groups)
            kind, size, off = r.choice(self.fields[group])
            old = int.from_bytes(b[off:off + size], self.order)
            if how < .86:
                b[off:off + size] = self.value(r, kind, size, old).to_bytes(
                    size, self.order)
            elif how < .92:       # one of the same group, over this one
                _, s, o = r.choice(self.fields[group])
                n = max(s, size)
                b[off:off + n] = b[o:o + n].ljust(n, b"\0")
            elif how < .95:       # a run of bytes to zeros or ones
                n = r.choice((8, 24, 64, 256))
                b[off:off + n] = bytes([r.choice((0, 255))]) * min(
                    n, len(b) - off)
            elif how < .97:       # a whole header or entry twice
                n = r.choice((16, 24, 56))
                b[off:off + n] = b[max(0, off - n):off].ljust(n, b"\0")
        if r.random() < .03:
            del b[r.randrange(len(b)):]
        return bytes(b[:1 << 22])
