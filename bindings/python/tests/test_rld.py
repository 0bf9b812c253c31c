# SPDX-License-Identifier: MIT
"""The module rld and its importer.  Started by tests/bindings/run: under rld, and by the
system's linker, where each call must end in a sentence."""
import importlib
import os
import subprocess
import sys
import sysconfig
import tempfile
import unittest

import rld
import rld.importer

UNDER_RLD = os.environ["RLD_TEST"] == "rld"
LIB = """
int value(void) { return V; }
int only_old(void) { return V; }
"""
USER = "int value(void); int ask(void) { return value(); }"
COUNTER = """
static int n;
int __counter__Init(void) { return 0; }
int count(void) { return ++n; }
"""
FAST = """
#include <Python.h>
static PyObject *get(PyObject *m, PyObject *none) { return PyLong_FromLong(V); }
static PyMethodDef methods[] = { { "get", get, METH_NOARGS, NULL }, { NULL } };
static PyType_Slot slots[] = { { 0, NULL } };
static PyType_Spec spec = { "fast.Thing", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots };
static int exec(PyObject *m)
{
    return PyModule_AddObject(m, "Thing", PyType_FromSpec(&spec)) ||
           PyModule_AddIntConstant(m, "version", V);
}
static PyModuleDef_Slot mslots[] = { { Py_mod_exec, exec }, { 0, NULL } };
static PyModuleDef def = { PyModuleDef_HEAD_INIT, "fast", NULL, 0, methods, mslots };
PyMODINIT_FUNC PyInit_fast(void) { return PyModuleDef_Init(&def); }
"""
SINGLE = """
#include <Python.h>
static PyModuleDef def = { PyModuleDef_HEAD_INIT, "single", NULL, -1, NULL };
PyMODINIT_FUNC PyInit_single(void) { return PyModule_Create(&def); }
"""


def build(out, source, *flags):
    """As a build does it: a new file, renamed over the old one."""
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-Wl,--build-id", "-x", "c", "-",
                    "-x", "none", "-o", out + ".new", *flags], input=source, text=True, check=True)
    os.rename(out + ".new", out)


def mapped(name):
    with open("/proc/self/maps", encoding="utf-8") as fd:
        return sum("/" + name in line for line in fd)


class Case(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.was = os.getcwd()
        os.chdir(self.tmp.name)

    def tearDown(self):
        os.chdir(self.was)
        self.tmp.cleanup()


@unittest.skipUnless(UNDER_RLD, "for rld")
class UnderRld(Case):
    def test_available(self):
        self.assertTrue(rld.available())

    def test_swap_keeps_the_handle_and_moves_what_is_bound(self):
        build("./lib.so", LIB, "-DV=1")
        build("./user.so", USER)
        with rld.Library("./lib.so", os.RTLD_LAZY | os.RTLD_GLOBAL) as lib, \
                rld.Library("./user.so", os.RTLD_LAZY) as user:
            ask = user.function("ask")
            self.assertEqual(ask(), 1)
            build("./lib.so", LIB, "-DV=2")
            handle = lib.handle
            lib.swap(now=True)
            self.assertEqual((ask(), lib.handle, lib.function("value")()), (2, handle, 2))
            build("./empty.so", "")
            with self.assertRaisesRegex(rld.Error, "value"):
                lib.swap("./empty.so")
            self.assertEqual(ask(), 2)

    def test_entry_reaches_what_the_name_means_at_the_call(self):
        build("./lib.so", LIB, "-DV=1")
        lib = rld.Library("./lib.so")
        entry = lib.entry("value")
        value = entry.function()
        self.assertEqual(value(), 1)
        lib.close()
        build("./lib.so", LIB, "-DV=2")
        with rld.Library("./lib.so"):
            self.assertEqual(value(), 2)
        entry.close()
        entry.close()  # the second does nothing
        self.assertEqual(entry.address, 0)

    def test_holders(self):
        build("./lib.so", LIB, "-DV=1")
        build("./user.so", USER, "./lib.so", "-Wl,-rpath,$ORIGIN")
        with rld.Library("./lib.so") as lib:
            with rld.Library("./lib.so"), rld.Library("./user.so"):
                held = {h.why: h for h in lib.holders()}
                self.assertEqual(held[rld.Why.HANDLE].count, 2)
                self.assertIn("user.so", held[rld.Why.DEPENDENT].name)
            self.assertEqual([h.count for h in lib.holders()], [1])
        with self.assertRaises(rld.Error):
            rld._holders(12345)

    def test_journal(self):
        build("./lib.so", LIB, "-DV=1")
        with rld.Library("./lib.so") as lib:
            value = lib.symbol("value")
        gone = rld.journal()[0]
        self.assertTrue(gone.name.endswith("lib.so"))
        self.assertTrue(gone.lo <= value < gone.hi)
        self.assertEqual(len(gone.build_id), 20)
        self.assertGreaterEqual(len(rld.journal()), 1)

    def test_events_until_the_listener_is_closed(self):
        build("./lib.so", LIB, "-DV=1")
        told = []
        with rld.notify(lambda e: told.append((e.what, os.path.basename(e.name))),
                        rld.What.LOADED | rld.What.UNLOADED):
            rld.Library("./lib.so").close()
        rld.Library("./lib.so").close()
        self.assertEqual(told, [(rld.What.LOADED, "lib.so"),
                                (rld.What.UNLOADED, "lib.so")])

    def test_an_event_supplies_a_missing_function(self):
        build("./lib.so", LIB, "-DV=1")
        build("./spare.so", "int spare(void) { return 9; }")
        with rld.Library("./spare.so") as spare, rld.Library("./lib.so") as lib:
            value = lib.entry("value").function()
            lib.close()
            with rld.notify(lambda e: spare.symbol("spare"), rld.What.UNRESOLVED):
                self.assertEqual(value(), 9)

    def test_modules_count_clients_and_hooks_may_refuse(self):
        build("./counter.so", COUNTER)
        asked = []
        a = rld.Module("counter", ".", client=1,
                       hook=lambda who, what: asked.append((who, what)) or 0)
        b = rld.Module("counter", ".", client=2,
                       hook=lambda who, what: -1 if what != rld.ModuleEvent.ATTACH else 0)
        self.assertEqual((a.uses(), a.uses(all_clients=False)), (2, 1))
        self.assertEqual(a.function("count")(), 1)
        a.close()
        with self.assertRaises(rld.Error):
            b.close()
        self.assertEqual(b.uses(), 1)
        self.assertEqual(asked, [(1, rld.ModuleEvent.ATTACH),
                                 (1, rld.ModuleEvent.DETACH_CLIENT)])
        with self.assertRaisesRegex(rld.Error, "missing"):
            rld.Module("missing", ".")

    def test_save_and_restore(self):
        build("./lib.so", LIB, "-DV=1")
        with rld.Library("./lib.so"):
            rld.save("list")
        build("./lib.so", LIB, "-DV=2")
        ours = [r for r in rld.restore("list") if r.path.endswith("/lib.so")]
        self.assertEqual([r.result for r in ours], [rld.Result.CHANGED])
        with self.assertRaises(rld.Error):
            rld.restore("./lib.so")

    def test_a_missing_library_or_symbol_is_an_error_with_its_name(self):
        with self.assertRaisesRegex(rld.Error, "none.so"):
            rld.Library("./none.so")
        build("./lib.so", LIB, "-DV=1")
        with rld.Library("./lib.so") as lib, self.assertRaisesRegex(rld.Error, "nothing"):
            lib.symbol("nothing")


class Importer(Case):
    def setUp(self):
        super().setUp()
        self.include = "-I" + sysconfig.get_path("include")
        self.file = "fast" + sysconfig.get_config_var("EXT_SUFFIX")
        sys.path.insert(0, self.tmp.name)
        importlib.invalidate_caches()
        for name in "fast", "single":
            sys.modules.pop(name, None)

    def tearDown(self):
        sys.path.remove(self.tmp.name)
        super().tearDown()

    def build(self, version, source=FAST):
        build(self.file, source, self.include, f"-DV={version}")

    def test_reload_in_place(self):
        self.build(1)
        rld.importer.install("fast")
        import fast
        self.assertEqual((fast.get(), fast.version), (1, 1))
        self.build(2)
        if not UNDER_RLD:
            with self.assertRaisesRegex(ImportError, "not started by rld"):
                importlib.reload(fast)
            self.assertEqual(fast.get(), 1)
            return
        for version in range(2, 12):
            self.build(version)
            self.assertIs(importlib.reload(fast), fast)
            self.assertEqual((fast.get(), fast.version), (version, version))
            self.assertIsNotNone(fast.Thing)
        with open("/proc/self/maps", encoding="utf-8") as fd:
            self.assertNotIn(f"{os.getcwd()}/{self.file} (deleted)", fd.read())

    @unittest.skipUnless(UNDER_RLD, "for rld")
    def test_what_is_still_used_stays(self):
        self.build(1)
        rld.importer.install("fast")
        import fast
        kept = fast.get
        self.build(2)
        with self.assertRaisesRegex(ImportError, ": get is still referred to"):
            importlib.reload(fast)
        self.assertEqual((kept(), fast.get()), (1, 1))
        del kept
        importlib.reload(fast)
        self.assertEqual(fast.get(), 2)

    @unittest.skipUnless(UNDER_RLD, "for rld")
    def test_a_file_that_cannot_be_loaded_leaves_the_old_code(self):
        self.build(1)
        rld.importer.install("fast")
        import fast
        with open("broken", "w", encoding="utf-8") as fd:
            fd.write("no library")
        os.rename("broken", self.file)
        with self.assertRaisesRegex(ImportError, "not reloaded"):
            importlib.reload(fast)
        self.assertEqual(fast.get(), 1)
        self.build(3)
        importlib.reload(fast)
        self.assertEqual(fast.get(), 3)

    def test_single_phase_initialisation_is_refused(self):
        self.file = self.file.replace("fast", "single")
        self.build(1, SINGLE)
        rld.importer.install("single")
        with self.assertRaisesRegex(ImportError, "single-phase"):
            importlib.import_module("single")

    def test_an_imported_module_is_too_late(self):
        with self.assertRaisesRegex(ImportError, "already"):
            rld.importer.install("os")


@unittest.skipIf(UNDER_RLD, "for the system's linker")
class WithoutRld(Case):
    def test_each_call_ends_in_a_sentence(self):
        build("./lib.so", LIB, "-DV=1")
        self.assertFalse(rld.available())
        with rld.Library("./lib.so") as lib:
            self.assertEqual(lib.function("value")(), 1)
            for call in (lib.swap, lib.holders, rld.journal, lambda: lib.entry("value"),
                         lambda: rld.notify(lambda e: None), lambda: rld.save("list"),
                         lambda: rld.Module("lib", "."), lambda: rld.restore("list")):
                with self.assertRaisesRegex(rld.Error, "not started by rld"):
                    call()


if __name__ == "__main__":
    unittest.main()
