# SPDX-License-Identifier: MIT
"""Swaps ./plugin.so for ./next.so under a function that stays good."""
import rld

with rld.Library("./plugin.so") as plugin:
    version = plugin.entry("version").function()
    print("version", version())
    plugin.swap("./next.so")
    print("version", version())
