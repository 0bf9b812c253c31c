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
RTYPES = [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 17, 18, 24, 32, 33, 36,
          38, 99, 0xffffffff]


class Subject:
    """A good file, and where its fields are: {group: [(kind, size, offset)]}"""

    def __init__(self, path):
        self.name = os.path.basename(path)
        self.elf = e = elfedit.Elf(path)
        self.bytes = bytes(e.b)
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
        e = self.elf
        for off, size in ((4, 1), (5, 1), (16, 2), (18, 2), (20, 4), (24, 8),
                          (32, 8), (40, 8), (52, 2), (54, 2), (56, 2)):
            self.add("ehdr", "number", size, off)
        for o, t, off, va, fsz in e.phdrs():
            msz, = e.get("Q", o + 40)
            self.add("phdr", "ptype", 4, o)
            self.add("phdr", "flags", 4, o + 4)
            self.add("phdr", "offset", 8, o + 8)
            self.add("phdr", "address", 8, o + 16)
            self.add("phdr", "size", 8, o + 32)
            self.add("phdr", "size", 8, o + 40)
            self.add("phdr", "align", 8, o + 48)
            self.addresses |= {va, va + fsz, va + msz, va + fsz - 8,
                               va + msz - 1, va & ~4095, (va + msz) | 4095}
            if t == 3:
                self.words("note", "byte", 1, off, fsz)
            elif t in (4, 7):
                self.words("note", "number", 4, off, fsz // 4)
        tags = {}
        for o, t, v in e.dynamic():
            self.add("dyn", "tag", 8, o)
            self.add("dyn", "address" if v > 64 else "size", 8, o + 8)
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
            self.words("hash", "number", 8, o + 16, words)
            self.words("hash", "index", 4, o + 16 + words * 8, nb)
            chain = o + 16 + words * 8 + nb * 4
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
        for i in range(nsym if 6 in tags else 0):
            o = at(6) + i * 24
            self.add("sym", "string", 4, o)
            self.add("sym", "byte", 1, o + 4)
            self.add("sym", "byte", 1, o + 5)
            self.add("sym", "index", 2, o + 6)
            self.add("sym", "address", 8, o + 8)
            self.add("sym", "size", 8, o + 16)
        if 0x6ffffff0 in tags:
            self.words("ver", "index", 2, at(0x6ffffff0), nsym)
        for tag, span in ((0x6ffffffc, 28 * 4), (0x6ffffffe, 32 * 3)):
            if tag in tags:
                self.words("ver", "number", 2, at(tag), 4)
                self.words("ver", "string", 4, at(tag) + 4, span // 4)
        for tab, size, ent in ((7, 8, 24), (23, 2, 24), (17, 18, 16)):
            if tab not in tags:
                continue
            step = 16 if tab == 23 and tags.get(20) == 17 else ent
            for i in range(tags.get(size, 0) // step):
                o = at(tab) + i * step
                self.add("rel", "address", 8, o)
                self.add("rel", "rtype", 4, o + 8)
                self.add("rel", "index", 4, o + 12)
                if step == 24:
                    self.add("rel", "address", 8, o + 16)
        if 36 in tags:
            self.words("rel", "address", 8, at(36), tags.get(35, 0) // 8)
        if 5 in tags:
            self.words("str", "byte", 1, at(5), tags.get(10, 0))

    def value(self, r, kind, size, old):
        mask = (1 << 8 * size) - 1
        return self.raw_value(r, kind, size, old, mask) & mask

    def raw_value(self, r, kind, size, old, mask):
        how = r.random()
        if kind == "tag" and how < .7:
            return r.choice([t for t in TAGS if t not in RUNS or r.random() < .1])
        if kind == "ptype" and how < .8:
            return r.choice(PTYPES)
        if kind == "flags" and how < .8:
            return r.randrange(8)
        if kind == "rtype" and how < .8:
            return r.choice(RTYPES)
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
            old = int.from_bytes(b[off:off + size], "little")
            if how < .86:
                b[off:off + size] = self.value(r, kind, size, old).to_bytes(
                    size, "little")
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
