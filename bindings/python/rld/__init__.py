# SPDX-License-Identifier: MIT
"""What rld offers programs beyond dlopen, for Python: see rld.h and rld(3).

The process must run under rld (`rld /usr/bin/python3 ...`).  Elsewhere the module
can be imported, available() is False, and the rest raises Error with a text that
says so.  Libraries are opened with Library; functions are ctypes functions.
"""
from __future__ import annotations

import ctypes
import enum
import os
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, List, Optional, Type, TypeVar, Union

__all__ = [
    "Entry", "Error", "Event", "Gone", "Holder", "Library", "Listener", "Module",
    "ModuleEvent", "Restored", "Result", "What", "Why", "available", "journal",
    "notify", "restore", "save",
]

Path = Union[str, bytes, "os.PathLike[str]"]
Self = TypeVar("Self", bound="_Owner")


class Error(RuntimeError):
    """A call of rld's or of dlopen's failed; the text is rld's."""


class Why(enum.IntEnum):
    """Why an object is still loaded (RLD_HELD_*)."""
    STARTUP = 0
    HANDLE = 1
    DEPENDENT = 2
    NODELETE = 3
    THREADS = 4
    RUNNING = 5
    UNIQUE = 6


class What(enum.IntFlag):
    """What an event tells (RLD_EVENT_*)."""
    LOADED = 1
    DELAYED = 2
    UNLOADING = 4
    UNLOADED = 8
    SWAPPED = 16
    UNRESOLVED = 32
    ALL = 63


class ModuleEvent(enum.IntEnum):
    """What the hook of a module is asked for (RLD_MODULE_*)."""
    ATTACH = 0
    DETACH_CLIENT = 1
    DETACH_PROCESS = 2


class Result(enum.IntEnum):
    """What became of a library that restore() was to open."""
    RESTORED = 0
    MISSING = 1
    CHANGED = 2
    FAILED = 3


@dataclass(frozen=True)
class Holder:
    why: Why
    count: int
    name: Optional[str]


@dataclass(frozen=True)
class Gone:
    """An object that was unloaded; it had the addresses lo <= a < hi."""
    name: str
    lo: int
    hi: int
    build_id: bytes
    order: int


@dataclass(frozen=True)
class Event:
    what: What
    handle: Optional[int]
    name: str
    lo: int
    hi: int
    build_id: bytes
    symbol: Optional[str]


@dataclass(frozen=True)
class Restored:
    result: Result
    path: str
    handle: Optional[int]
    text: Optional[str]


class _Holder(ctypes.Structure):
    _fields_ = [("why", ctypes.c_int), ("count", ctypes.c_uint),
                ("name", ctypes.c_char_p)]


class _Gone(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("lo", ctypes.c_size_t),
                ("hi", ctypes.c_size_t), ("build_id", ctypes.c_ubyte * 20),
                ("build_id_size", ctypes.c_uint), ("order", ctypes.c_ulonglong)]


class _Event(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("what", ctypes.c_uint),
                ("handle", ctypes.c_void_p), ("name", ctypes.c_char_p),
                ("lo", ctypes.c_size_t), ("hi", ctypes.c_size_t),
                ("build_id", ctypes.c_ubyte * 20), ("build_id_size", ctypes.c_uint),
                ("symbol", ctypes.c_char_p)]


_event_fn = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_Event), ctypes.c_void_p)
_hook_fn = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
                            ctypes.c_int, ctypes.c_void_p)
_restore_fn = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p,
                               ctypes.c_char_p, ctypes.c_void_p)

_libc = ctypes.CDLL(None)


def _declare(lib: ctypes.CDLL, name: str, result: Any, *args: Any) -> Any:
    f = getattr(lib, name)
    f.restype, f.argtypes = result, list(args)
    return f


_dlopen = _declare(_libc, "dlopen", ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
_dlsym = _declare(_libc, "dlsym", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
_dlclose = _declare(_libc, "dlclose", ctypes.c_int, ctypes.c_void_p)
_dlerror = _declare(_libc, "dlerror", ctypes.c_char_p)


class _Api:
    """librld.so.1, whose name rld itself answers to.  It is looked for at the first
    call, so that a machine without it can import this module."""

    def __init__(self) -> None:
        try:
            lib = ctypes.CDLL("librld.so.1")
        except OSError as e:
            raise Error(f"librld.so.1 is not installed, and this program was not "
                        f"started by rld: {e}") from None
        p, c, u, n = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint, ctypes.c_size_t
        i = ctypes.c_int
        self.error = _declare(lib, "rld_error", c)
        self.swap = _declare(lib, "rld_swap", i, p, c, u)
        self.entry = _declare(lib, "rld_entry", p, p, c)
        self.entry_free = _declare(lib, "rld_entry_free", i, p)
        self.holders = _declare(lib, "rld_holders_sized", i, p,
                                ctypes.POINTER(_Holder), n, n)
        self.journal = _declare(lib, "rld_journal_sized", i, ctypes.POINTER(_Gone), n, n)
        self.notify = _declare(lib, "rld_notify", i, _event_fn, p, u)
        self.module_open = _declare(lib, "rld_module_open", p, c, c, i, p, p, p)
        self.module_close = _declare(lib, "rld_module_close", i, p, p, u)
        self.module_handle = _declare(lib, "rld_module_handle", p, p)
        self.module_uses = _declare(lib, "rld_module_uses", u, p, p, i)
        self.save = _declare(lib, "rld_save", i, c)
        self.restore = _declare(lib, "rld_restore", i, c, u, _restore_fn, p)

    def failed(self) -> Error:
        return Error(_text(self.error()) or "rld: no error text")


_the_api: Optional[_Api] = None


def _api() -> _Api:
    global _the_api
    if _the_api is None:
        _the_api = _Api()
    return _the_api


def _text(s: Optional[bytes]) -> Optional[str]:
    return None if s is None else os.fsdecode(s)


def _dl_failed() -> Error:
    return Error(_text(_dlerror()) or "dlopen: no error text")


def available() -> bool:
    """Is this process run by rld?"""
    try:
        return bool(_api().journal(None, ctypes.sizeof(_Gone), 0) >= 0)
    except Error:
        return False


class _Owner:
    """Something that is given back once, at the end of a with statement or by close()."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()


def _function(address: int, result: Any, args: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *args)(address)


class Entry(_Owner):
    """A function address that stays good through close, reopen and swap.

    Calls reach what the name means at that moment.  Nothing is freed unless close()
    is called: the address may have been given to others."""

    def __init__(self, handle: Optional[int], name: str) -> None:
        address = _api().entry(handle, os.fsencode(name))
        if not address:
            raise _api().failed()
        self.address: int = address
        self.name = name

    def function(self, result: Any = ctypes.c_int, *args: Any) -> Any:
        """A ctypes function of this result and these arguments."""
        return _function(self.address, result, args)

    def close(self) -> None:
        if self.address:
            address, self.address = self.address, 0
            if _api().entry_free(address):
                raise _api().failed()


class Library(_Owner):
    """A library, opened by dlopen and closed by close()."""

    def __init__(self, path: Optional[Path], mode: int = os.RTLD_NOW) -> None:
        handle = _dlopen(None if path is None else os.fsencode(path), mode)
        if not handle:
            raise _dl_failed()
        self.handle: int = handle

    def close(self) -> None:
        if self.handle:
            handle, self.handle = self.handle, 0
            if _dlclose(handle):
                raise _dl_failed()

    def symbol(self, name: str) -> int:
        """The address of a symbol, as it is now: a swap does not move it."""
        _dlerror()
        address = _dlsym(self.handle, os.fsencode(name))
        if not address:
            raise _dl_failed()
        return int(address)

    def function(self, name: str, result: Any = ctypes.c_int, *args: Any) -> Any:
        """The function of that name as it is now: see entry()."""
        return _function(self.symbol(name), result, args)

    def entry(self, name: str) -> Entry:
        return Entry(self.handle, name)

    def swap(self, path: Optional[Path] = None, now: bool = False,
             snapshot: bool = False) -> None:
        """Put the file at path, by default the same path, in this library's place.
        Raises Error if that cannot be done; then nothing has changed."""
        flags = (1 if now else 0) | (2 if snapshot else 0)
        if _api().swap(self.handle, None if path is None else os.fsencode(path), flags):
            raise _api().failed()

    def holders(self) -> List[Holder]:
        return _holders(self.handle)


def _holders(handle: int) -> List[Holder]:
    size = 16
    while True:
        out = (_Holder * size)()
        n = _api().holders(handle, out, ctypes.sizeof(_Holder), size)
        if n < 0:
            raise _api().failed()
        if n <= size:
            return [Holder(Why(h.why), h.count, _text(h.name)) for h in out[:n]]
        size = n


def journal() -> List[Gone]:
    """The objects that were unloaded last, newest first, at most 64."""
    out = (_Gone * 64)()
    n = _api().journal(out, ctypes.sizeof(_Gone), len(out))
    if n < 0:
        raise _api().failed()
    return [Gone(_text(g.name) or "", g.lo, g.hi, bytes(g.build_id)[:g.build_id_size],
                 g.order) for g in out[:n]]


class Listener(_Owner):
    """See notify()."""

    def __init__(self, fn: Callable[[Event], Optional[int]], what: What) -> None:
        def told(event: Any, _arg: Any) -> Optional[int]:
            e = event.contents
            return fn(Event(What(e.what), e.handle, _text(e.name) or "", e.lo, e.hi,
                            bytes(e.build_id)[:e.build_id_size], _text(e.symbol)))

        self._fn: Any = _event_fn(told)
        if _api().notify(self._fn, None, int(what)):
            raise _api().failed()
        _listening.add(self)

    def close(self) -> None:
        if self in _listening:
            if _api().notify(self._fn, None, 0):
                raise _api().failed()
            # A call may be under way in another thread: _fn stays for it.
            _listening.discard(self)
            _ended.append(self._fn)


_listening: "set[Listener]" = set()  # rld has the addresses of their functions
_ended: List[Any] = []


def notify(fn: Callable[[Event], Optional[int]], what: What = What.ALL) -> Listener:
    """Call fn(event) for each of these events, until the listener is closed.  What fn
    returns counts for What.UNRESOLVED only: the address of a function to be called in
    place of the missing one, or None."""
    return Listener(fn, what)


class Module(_Owner):
    """One use of a module by a client (rld_module_open).

    name without a slash is looked for along search, a colon list or "$VARIABLE";
    client is any number that names who uses the module; hook(client, event) may refuse
    by a negative answer."""

    def __init__(self, name: str, search: Optional[str] = None,
                 mode: int = os.RTLD_NOW, client: int = 0,
                 hook: Optional[Callable[[int, ModuleEvent], int]] = None) -> None:
        def asked(_module: Any, who: Optional[int], what: int, _arg: Any) -> int:
            assert hook is not None
            return hook(who or 0, ModuleEvent(what))

        self.client = client
        self._hook: Any = _hook_fn(asked) if hook else None
        address = ctypes.cast(self._hook, ctypes.c_void_p) if hook else None
        module = _api().module_open(os.fsencode(name),
                                    None if search is None else os.fsencode(search),
                                    mode, client or None, address, None)
        if not module:
            raise _api().failed()
        self._module: Optional[int] = module
        if self._hook:
            _hooks.setdefault((module, client), self._hook)  # rld keeps the first one

    @property
    def handle(self) -> int:
        return int(_api().module_handle(self._module))

    def uses(self, all_clients: bool = True) -> int:
        return int(_api().module_uses(self._module, self.client or None,
                                      1 if all_clients else 0))

    def function(self, name: str, result: Any = ctypes.c_int, *args: Any) -> Any:
        _dlerror()
        address = _dlsym(self.handle, os.fsencode(name))
        if not address:
            raise _dl_failed()
        return _function(address, result, args)

    def entry(self, name: str) -> Entry:
        return Entry(self.handle, name)

    def close(self, keep: bool = False) -> None:
        """Raises Error if the hook refuses; then the module is still open."""
        if self._module:
            last = self.uses(all_clients=False) == 1
            if _api().module_close(self._module, self.client or None, 1 if keep else 0):
                raise _api().failed()
            if last:
                _hooks.pop((self._module, self.client), None)
            self._module = None


_hooks: "dict[tuple[int, int], Any]" = {}


def save(file: Path) -> None:
    """Write what is open now to a text file, for restore()."""
    if _api().save(os.fsencode(file)):
        raise _api().failed()


def restore(file: Path, changed: bool = False) -> List[Restored]:
    """Open again what save() wrote, with changed also files that are others now.
    The handles in the answer are open: close them by Library or leave them open."""
    told: List[Restored] = []

    def report(result: int, path: bytes, handle: Optional[int], text: Optional[bytes],
               _arg: Any) -> None:
        told.append(Restored(Result(result), os.fsdecode(path), handle, _text(text)))

    fn = _restore_fn(report)
    if _api().restore(os.fsencode(file), 1 if changed else 0, fn, None) < 0:
        raise _api().failed()
    return told
