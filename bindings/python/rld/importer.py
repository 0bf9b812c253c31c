# SPDX-License-Identifier: MIT
"""Extension modules that importlib.reload() reloads in place, under rld.

    import rld.importer
    rld.importer.install("fast")
    import fast
    ...                         # fast.cpython-311-x86_64-linux-gnu.so is built anew
    importlib.reload(fast)      # the same module object, the new code

Python never unloads an extension module.  Here `fast` is a Python module that has the
extension's names.  A reload lets go of the extension, swaps its library by rld_swap,
and creates it anew.

The extension must use multi-phase initialisation (PEP 489) and heap types, and be
referred to as fast.NAME.  If something still refers to one of its functions or types
(from fast import NAME, an instance), or the new file cannot be loaded, reload() raises
ImportError and the old code stays.
"""
from __future__ import annotations

import ctypes
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
import weakref
from typing import Any, List, Optional, Sequence, Set, Tuple

import rld

__all__ = ["install"]

# What belongs to the Python module, not to the extension.
_OWN = frozenset(("__name__", "__loader__", "__spec__", "__package__", "__file__",
                  "__cached__", "__path__", "__builtins__", "__rld_extension__"))


def _handle_of(path: str) -> rld.Library:
    return rld.Library(path, os.RTLD_NOW | os.RTLD_NOLOAD)


class _Loader(importlib.abc.Loader):
    def __init__(self, name: str, path: str) -> None:
        self.name, self.path = name, path

    def create_module(self, spec: importlib.machinery.ModuleSpec
                      ) -> Optional[types.ModuleType]:
        return None  # an ordinary module

    def exec_module(self, module: types.ModuleType) -> None:
        if "__rld_extension__" in module.__dict__:
            self._reload(module)
        else:
            self._fill(module)

    def _fill(self, module: types.ModuleType) -> None:
        """Create the extension from the library that is loaded, or from the file."""
        init = ctypes.PyDLL(self.path)
        name = "PyInit_" + self.name.rpartition(".")[2]
        try:
            function = getattr(init, name)
        except AttributeError:
            raise ImportError(f"{self.path}: does not define {name}", name=self.name,
                              path=self.path) from None
        function.restype = ctypes.c_void_p  # not py_object: the reference is borrowed
        found = ctypes.cast(function(), ctypes.py_object).value
        if type(found).__name__ != "moduledef":
            raise ImportError(f"{self.path}: has single-phase initialisation, and Python "
                              "keeps what it refers to for ever: it cannot be reloaded",
                              name=self.name, path=self.path)
        inner = importlib.machinery.ExtensionFileLoader(self.name, self.path)
        spec = importlib.util.spec_from_loader(self.name, inner)
        assert spec is not None
        extension = importlib.util.module_from_spec(spec)
        inner.exec_module(extension)
        for key, value in vars(extension).items():
            if key not in _OWN:
                module.__dict__[key] = value
        module.__dict__["__rld_extension__"] = extension

    def _let_go(self, module: types.ModuleType) -> List[str]:
        """Drop the extension; the names of what does not go."""
        watched: List[Tuple[str, Any]] = []
        extension = module.__dict__.pop("__rld_extension__")
        for key in list(vars(extension)):
            value = vars(extension)[key]
            # What has code or data in the library: its functions and types.
            if isinstance(value, types.BuiltinFunctionType) or (
                    isinstance(value, type) and value.__module__ in
                    (self.name, self.name.rpartition(".")[2])):
                watched.append((key, weakref.ref(value)))
            if key not in _OWN and module.__dict__.get(key) is value:
                del module.__dict__[key]
            value = None
        whole = weakref.ref(extension)
        vars(extension).clear()  # or one function that is kept keeps all others
        del extension
        gc.collect()
        held = [key for key, ref in watched if ref() is not None]
        return held or (["the extension itself"] if whole() is not None else [])

    def _reload(self, module: types.ModuleType) -> None:
        if not rld.available():
            raise ImportError(f"{self.path}: cannot be reloaded: this program was not "
                              "started by rld", name=self.name, path=self.path)
        why: Optional[str] = None
        held = self._let_go(module)
        if held:
            why = (f"{', '.join(held)} is still referred to: use it as "
                   f"{self.name}.NAME, and let go of instances")
        else:
            with _handle_of(self.path) as library:
                try:
                    library.swap(self.path, now=True)
                except rld.Error as e:
                    why = str(e)
        self._fill(module)  # after a failure from the old library, which is still there
        self._close_extra()
        if why:
            raise ImportError(f"{self.path}: not reloaded: {why}", name=self.name,
                              path=self.path)

    def _close_extra(self) -> None:
        """ctypes and Python open the library each time and never close it: leave one."""
        with _handle_of(self.path) as library:
            for holder in library.holders():
                if holder.why == rld.Why.HANDLE:
                    for _ in range(holder.count - 2):  # one is library's own
                        rld._dlclose(library.handle)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self) -> None:
        self.names: Set[str] = set()

    def find_spec(self, fullname: str, path: Optional[Sequence[str]],
                  target: Optional[types.ModuleType] = None
                  ) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname not in self.names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
            assert spec.origin
            spec.loader = _Loader(fullname, os.path.abspath(spec.origin))
        return spec


_finder = _Finder()


def install(*names: str) -> None:
    """Make these extension modules reloadable.  Must come before they are imported."""
    for name in names:
        if name in sys.modules:
            raise ImportError(f"{name} has been imported already", name=name)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.names.update(names)
