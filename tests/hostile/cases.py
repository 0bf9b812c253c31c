# SPDX-License-Identifier: MIT
"""Single spoilt files, each with what must be said about it: what once went
wrong, and the limits that the documents state."""
import struct

DT_NEEDED, DT_STRTAB, DT_RELA, DT_JMPREL, DT_STRSZ = 1, 5, 7, 23, 10
DT_RELR, DT_GNU_HASH = 36, 0x6ffffef5
OUTSIDE = "has a relocation outside its segments"


def rela(elf, i, table=DT_RELA):
    return elf.off(elf.tag(table)) + 24 * i


def place(where, i=0, table=DT_RELA):
    def edit(elf):
        elf.put("Q", rela(elf, i, table), where(elf) if callable(where)
                else where)
    return edit


def text(elf):
    """an address in the text, which no relocation may write"""
    return next(elf.get("Q", o + 16)[0] for o, t, *_ in elf.phdrs()
                if t == 1 and elf.get("I", o + 4)[0] & 1) + 64


def hole(elf):
    """an address between two segments"""
    ends = [(va, elf.get("Q", o + 40)[0]) for o, t, _, va, _ in elf.phdrs()
            if t == 1]
    for (va, size), (after, _) in zip(ends, ends[1:]):
        if (va + size | 4095) + 1 < after & ~4095:
            return (va + size | 4095) + 1
    raise ValueError(elf.path + ": no hole")


def final_zero(elf):
    return elf.tag(DT_STRTAB) + elf.tag(DT_STRSZ) - 1


def all_writable(elf):
    for o, t, *_ in elf.phdrs():
        if t == 1:
            elf.put("I", o + 4, 6)


def end_of_strings(elf):
    """A relocation over the zero that ends the string table."""
    all_writable(elf)
    place(final_zero)(elf)


def kind(number, i=0):
    def edit(elf):
        tag = {t: v for _, t, v in reversed(elf.dynamic())}
        for k in range(tag[8] // 24):
            o = rela(elf, k)
            if elf.get("I", o + 12)[0]:     # the first that has a symbol
                elf.put("I", o + 8, number)
                return
        raise ValueError("no symbolic relocation")
    return edit


def odd(number):
    """The first that has a symbol, of type NUMBER at an odd address."""
    def edit(elf):
        kind(number)(elf)
        for k in range(elf.tag(8) // 24):
            o = rela(elf, k)
            if elf.get("I", o + 12)[0]:
                elf.put("Q", o, elf.get("Q", o)[0] + 1)
                return
    return edit


def relr_between(elf):
    o = elf.off(elf.tag(DT_RELR))
    elf.put("Q", o, elf.get("Q", o)[0] + 2)


def relr_in_text(elf):
    elf.put("Q", elf.off(elf.tag(DT_RELR)), text(elf) & ~7)


def all_one_chain(elf):
    """Every bucket leads to a chain that has no end."""
    o = elf.off(elf.tag(DT_GNU_HASH))
    n, first, words, _ = elf.get("4I", o)
    for i in range(words):
        elf.put("Q", o + 16 + 8 * i, (1 << 64) - 1)
    bucket = o + 16 + 8 * words
    last = max(elf.get("%dI" % n, bucket))
    for i in range(n):
        elf.put("I", bucket + 4 * i, first)
    for i in range(last - first + 1):
        at = bucket + 4 * n + 4 * i
        elf.put("I", at, elf.get("I", at)[0] & ~1)


def interp_nowhere(elf):
    for o, t, *_ in elf.phdrs():
        if t == 3:
            elf.put("Q", o + 16, 0x7ffff0000000)


def unreadable(elf):
    for o, t, *_ in elf.phdrs():
        if t == 1:
            elf.put("I", o + 4, 0)


def no_memory_but_bytes(elf):
    for o, t, *_ in elf.phdrs():
        if t == 1:
            elf.put("Q", o + 40, 0)
            return


def symbol_far_away(elf):
    """The variable that programs copy lies where nothing is."""
    for s, name in elf.symbols():
        if name == "counter":
            elf.put("Q", s + 8, 0x7ffff0000000)


# name: (file, edit, what --check says; None: nothing, status 0)
CASES = {
    "place in the text": ("libsep.so", place(text), OUTSIDE),
    "place in a hole": ("libhole.so", place(hole), OUTSIDE),
    "place of a slot in the text": ("libplain.so", place(text, 0, DT_JMPREL),
                                    OUTSIDE),
    "place far away": ("libplain.so", place(1 << 46), OUTSIDE),
    "second place far away": ("libimp.so", place(1 << 46, 1), OUTSIDE),
    "RELR in the text": ("librelr.so", relr_in_text, OUTSIDE),
    "an address at an odd place": ("libimp.so", odd(1), None),
    "a slot at an odd place": ("libimp.so", odd(6),
                               "has a misaligned relocation"),
    "RELR between two words": ("librelr.so", relr_between, None),
    "place over the last zero of the strings": (
        "libplain.so", end_of_strings, OUTSIDE),
    "thread-local reference to an object without TLS": (
        "libimp.so", kind(16), "of an object that has none"),
    "TPOFF in an object without TLS": (
        "libimp.so", kind(18), "of an object that has none"),
    "one chain without an end": ("libplain.so", all_one_chain, None),
    "interpreter's name nowhere": ("pie", interp_nowhere, None),
    "no segment can be read": ("libplain.so", unreadable, "outside its"),
    "a segment of no memory with bytes": (
        "libplain.so", no_memory_but_bytes, "file size exceeds its memory"),
    "a filter of itself": ("libself.so", lambda elf: None, "filters itself"),
    "262,145 IFUNCs": ("libifunc.so", lambda elf: None,
                       "has too many IFUNC and COPY relocations"),
    "an RPATH of sixty thousand elements": (
        "libpath.so", lambda elf: None, "libgone.so: cannot be found"),
}


# the spoilt one is a library of the program's: (program, library, edit, text)
NEEDED = {
    "a copied variable far away": ("nopie", "libplain.so", symbol_far_away,
                                   OUTSIDE),
}
