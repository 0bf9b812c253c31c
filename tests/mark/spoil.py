#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""spoil.py MARK FILE DIRECTORY [N [EDIT...]]: damage FILE in N ways and more;
whatever rld-mark says about the result, asked to show or EDIT it, it must not
die of a signal nor take long."""
import os
import random
import struct
import subprocess
import sys

mark, path, directory = sys.argv[1:4]
good = open(path, "rb").read()
out = os.path.join(directory, "spoilt")
phoff, shoff = struct.unpack_from("<QQ", good, 32)
phnum, = struct.unpack_from("<H", good, 56)
shnum, = struct.unpack_from("<H", good, 60)
dynoff = [struct.unpack_from("<Q", good, phoff + 56 * i + 8)[0]
          for i in range(phnum)
          if struct.unpack_from("<I", good, phoff + 56 * i)[0] == 2][0]
random.seed(3)
bad = 0


def attempt(data, what):
    global bad
    with open(out, "wb") as f:
        f.write(data)
    for args in (["--show", "--json"],
                 sys.argv[5:] or ["--version-string", "sgi1.0",
                                  "--hide", "answer", "--symbolic"]):
        try:
            r = subprocess.run([mark, *args, out], capture_output=True,
                               timeout=20)
            if r.returncode in (0, 1):
                continue
            why = "status %d %s" % (r.returncode, r.stderr[-2000:].decode())
        except subprocess.TimeoutExpired:
            why = "does not end"
        print("%s: %s: %s" % (what, args[0], why))
        bad += 1


for length in sorted({0, 1, 4, 15, 16, 63, 64, 100, phoff + 56,
                      dynoff, dynoff + 5, shoff, shoff + 64, len(good) - 1}):
    attempt(good[:length], "cut at %d" % length)
places = ([(0, 64)] * 3 + [(phoff, 56 * phnum)] * 6 +
          [(shoff, 64 * shnum)] * 6 + [(dynoff, 400)] * 4 +
          [(0, len(good))])
values = (0, 1, 4, 0x7f, 0x80, 0xff)
for n in range(int(sys.argv[4]) if len(sys.argv) > 4 else 150):
    data = bytearray(good)
    for _ in range(random.randint(1, 3)):
        start, size = random.choice(places)
        at = start + random.randrange(size)
        if random.random() < 0.5:
            data[at] = random.choice(values)
        else:
            at &= ~7
            data[at:at + 8] = random.choice((
                b"\xff" * 8, b"\xff" * 7 + b"\x7f",
                struct.pack("<Q", random.randrange(len(good) * 2)),
                struct.pack("<Q", 1 << random.randrange(64))))
    attempt(bytes(data[:len(good)]), "variant %d" % n)
sys.exit(bad != 0)
