# SPDX-License-Identifier: MIT
"""The machines that tests are run for: the host, and others under qemu."""
import os
import platform

HOST = platform.machine()

# arch: compiler, its flags, sysroot and qemu, when foreign, the libc's loader
MACHINES = {
    "x86_64": ("x86_64-linux-gnu", "", "/usr/x86_64-linux-gnu", "qemu-x86_64",
               "/lib64/ld-linux-x86-64.so.2"),
    "aarch64": ("aarch64-linux-gnu", "", "/usr/aarch64-linux-gnu",
                "qemu-aarch64", "/lib/ld-linux-aarch64.so.1"),
    "mips": ("mips-linux-gnu", "", "/usr/mips-linux-gnu", "qemu-mips",
             "/lib/ld.so.1"),
    "mipsel": ("mipsel-linux-gnu", "", "/usr/mipsel-linux-gnu", "qemu-mipsel",
               "/lib/ld.so.1"),
    "mipsn32": ("mips64-linux-gnuabi64", "-mabi=n32",
                "/usr/mips64-linux-gnuabi64", "qemu-mipsn32",
                "/lib32/ld.so.1"),
    "mipsn32el": ("mips64el-linux-gnuabi64", "-mabi=n32",
                  "/usr/mips64el-linux-gnuabi64", "qemu-mipsn32el",
                  "/lib32/ld.so.1"),
    "mips64": ("mips64-linux-gnuabi64", "", "/usr/mips64-linux-gnuabi64",
               "qemu-mips64", "/lib64/ld.so.1"),
    "mips64el": ("mips64el-linux-gnuabi64", "", "/usr/mips64el-linux-gnuabi64",
                 "qemu-mips64el", "/lib64/ld.so.1"),
}


def emulator(arch):
    """Words that a command of that machine begins with: none on the host."""
    _, _, sysroot, qemu, _ = MACHINES[arch]
    return [] if arch == HOST else [qemu, "-L", sysroot]


def compiler(arch):
    prefix, flags = MACHINES[arch][:2]
    if arch == HOST:
        return os.environ.get("CC", "gcc").split()
    return [prefix + "-gcc", *flags.split()]
