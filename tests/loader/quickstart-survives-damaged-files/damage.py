"""damage.py FILE COMMAND...: start COMMAND with FILE damaged in many ways.  It must
print 11, and use the file only when it is whole or the damage changes no answer."""
import random
import struct
import subprocess
import sys

path, *command = sys.argv[1:]
whole = open(path, "rb").read()
MASK = (1 << 64) - 1
HEAD = struct.Struct("=8sQQII20sIIII7I")


def quick_sum(b):
    by = 0x9e3779b97f4a7c15
    w = struct.unpack("=%dQ" % (len(b) // 8), b[:len(b) // 8 * 8])[2:]
    lanes = [1, 2, 3, 4]
    n = len(w) // 4 * 4
    for i in range(0, n, 4):
        for k in range(4):
            v = (lanes[k] ^ w[i + k]) * by & MASK
            lanes[k] = v ^ v >> 32
    a, b_, c, d = lanes
    for v in w[n:]:
        a = (a ^ v) * by & MASK
        a ^= a >> 32
    a = (a ^ b_) * by & MASK
    c = (c ^ d) * by & MASK
    return (a ^ a >> 29) + (c ^ c >> 31) * by & MASK


def start(b, what, used=None):
    with open(path, "r+b") as f:
        f.truncate(0)
        f.write(b)
    p = subprocess.run(command, capture_output=True, text=True, errors="replace",
                       timeout=60)
    was = " objects, " in p.stderr
    if p.returncode or p.stdout != "11\n" or (used is not None and was != used):
        print(f"{what}: status {p.returncode}, {p.stdout!r}, used: {was}\n{p.stderr}")
        sys.exit(1)


def summed(b):
    b = bytearray(b)
    if len(b) >= 16:
        b[8:16] = struct.pack("=Q", quick_sum(bytes(b)))
    return bytes(b)


assert summed(whole) == whole, "the sum"
start(whole, "whole", True)
names = ("magic sum size version machine build_id build_id_size level flags origin "
         "nobject nplace ntarget nabsent nexport nanswer nstring").split()
head = dict(zip(names, HEAD.unpack(whole[:HEAD.size])))
assert HEAD.size == 96, HEAD.size
r = random.Random(1)

# Cut short, with and without a sum that fits; longer.
for n in sorted({0, 1, 7, 8, 16, 95, 96, 104, 168, len(whole) - 8, len(whole) - 1,
                 *(r.randrange(len(whole)) for _ in range(15))}):
    start(whole[:n], f"cut to {n}", False)
    start(summed(whole[:n]), f"cut to {n}, summed", False)
start(whole + bytes(8), "longer", False)

# One bit of any byte.
for _ in range(60):
    b = bytearray(whole)
    at = r.randrange(len(b))
    b[at] ^= 1 << r.randrange(8)
    start(bytes(b), f"bit in byte {at}", False)

# Whole tables of foes: numbers that are far off, with a sum that fits.
bad = [0xffffffff, 0x7fffffff, 0x80000000, len(whole) + 8, 0x10000]
for i, name in enumerate(names):
    if name in ("magic", "sum", "build_id", "level", "flags"):
        continue
    for v in bad:
        fields = list(HEAD.unpack(whole[:HEAD.size]))
        fields[i] = v
        start(summed(HEAD.pack(*fields) + whole[HEAD.size:]), f"{name} {v:#x}",
              False)
tables, at = {}, HEAD.size
for name, size in (("object", 72), ("place", 64), ("target", 8), ("absent", 4),
                   ("export", 4), ("answer", 4), ("string", 1)):
    tables[name] = at
    at += (head["n" + name] * size + 7) // 8 * 8
assert at == len(whole), (at, len(whole))
for name, words in (("object", range(48, 72, 4)), ("place", range(48, 64, 4))):
    for k in range(head["n" + name]):
        for off in words:
            for v in bad:
                b = bytearray(whole)
                struct.pack_into("=I", b, tables[name] + k * (72 if name == "object"
                                                              else 64) + off, v)
                # flags are no numbers of anything
                start(summed(bytes(b)), f"{name} {k}, {off}: {v:#x}",
                      None if (name, off) == ("object", 56) else False)
for name in ("target", "answer"):
    for k in r.sample(range(head["n" + name]), min(10, head["n" + name])):
        for v in (*bad[:2], 0x80010000):
            b = bytearray(whole)
            struct.pack_into("=I", b, tables[name] + k * (8 if name == "target" else 4), v)
            start(summed(bytes(b)), f"{name} {k}: {v:#x}", False)
# Names and paths.
for _ in range(60):
    b = bytearray(whole)
    at = tables["string"] + r.randrange(head["nstring"])
    b[at] = r.randrange(1, 256)
    start(summed(bytes(b)), f"string at {at}")
start(whole, "whole again", True)
print("done")
