#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the built programs and the preload library: each has what makes a fault harder to use. Needs readelf. Usage:
hardening_test.py BUILD_DIR (build/dev, or build/release by hand)

Some of it leaves its mark only where code gives occasion for it (a large frame on the stack, an index that is checked): for that the
compiler's command lines are read, too."""
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev")
TOP = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = re.compile(r"(src|apps)/(?!.*(_test\.cc$|/testing/))")
X86 = platform.machine() == "x86_64"
PROGRAMS = ["apps/softvpu", "apps/softvpu-fw"]
LIBRARY = "lib/softvpu/libsoftvpu-preload.so"
ENDBR64 = b"\xf3\x0f\x1e\xfa"
# A library's own functions: Debian's start files have a handful at most.
ENOUGH = 50


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


class Binary:
    def __init__(self, name):
        self.path = BUILD / name
        self.header = readelf("-h", self.path)
        self.segments = readelf("-l", self.path)
        self.dynamic = readelf("-d", self.path)
        self.imports = set(re.findall(r" UND ([\w.]+)", readelf("--dyn-syms", self.path)))
        self.notes = readelf("-n", self.path)

    def faults(self):
        """What it lacks, a text each."""
        found = []
        if "DYN (" not in self.header:
            found.append("isn't position independent")
        if "GNU_RELRO" not in self.segments:
            found.append("has no RELRO")
        if not re.search(r"\(BIND_NOW\)|FLAGS_1\).*\bNOW\b|\(FLAGS\).*BIND_NOW", self.dynamic):
            found.append("binds late: RELRO is partial")
        if not re.search(r"GNU_STACK.* RW  ", self.segments):
            found.append("has an executable stack, or doesn't say")
        if re.search(r"LOAD.* RWE ", self.segments):
            found.append("has memory that is writable and executable")
        if "__stack_chk_fail" not in self.imports:
            found.append("has no stack protector")
        if not any(re.fullmatch(r"__\w+_chk", name) for name in self.imports):
            found.append("has no FORTIFY")
        if X86:
            if "SHSTK" not in self.notes:
                found.append("doesn't allow a shadow stack")
            if self.path.read_bytes().count(ENDBR64) < ENOUGH:
                found.append("has no branch targets marked (CET)")
        return found


def lacking(commands, option):
    """Source files of ours that are never compiled with `option`; a test may have one for itself, without."""
    having = {one["file"] for one in commands if option in one["command"].split()}
    return sorted({os.path.relpath(one["file"], TOP) for one in commands if one["file"] not in having})


class TheReader(unittest.TestCase):
    def test_finds_what_an_unprotected_program_lacks(self):
        scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        source = scratch / "unprotected.c"
        source.write_text("int main(void) { return 0; }\n")
        subprocess.run([os.environ.get("CC", "cc"), "-no-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-z", "norelro", "-z", "lazy", "-z", "execstack",
                        "-o", scratch / "unprotected", source], check=True, capture_output=True)
        faults = Binary(scratch / "unprotected").faults()
        for fault in ("isn't position independent", "has no RELRO", "binds late: RELRO is partial", "has an executable stack, or doesn't say",
                      "has no stack protector", "has no FORTIFY", *(("doesn't allow a shadow stack", "has no branch targets marked (CET)") if X86 else ())):
            self.assertIn(fault, faults)


class TheBinaries(unittest.TestCase):
    def test_have_every_protection(self):
        for name in (*PROGRAMS, LIBRARY):
            with self.subTest(name):
                self.assertEqual(Binary(name).faults(), [])

    def test_have_a_library_that_checks_its_indices(self):
        # libstdc++'s assertions; the preload library has libstdc++ inside.
        for name in PROGRAMS:
            with self.subTest(name):
                self.assertIn("_ZSt21__glibcxx_assert_failPKciS0_S0_", Binary(name).imports)

    def test_are_compiled_with_probes_of_the_stack_and_checked_indices(self):
        commands = [one for one in json.loads((BUILD / "compile_commands.json").read_text()) if SHIPPED.match(os.path.relpath(one["file"], TOP))]
        self.assertGreater(len(commands), 50)
        for option in ("-fstack-clash-protection", "-fstack-protector-strong"):
            self.assertEqual(lacking(commands, option), [], option)
        self.assertEqual(lacking([one for one in commands if one["file"].endswith(".cc")], "-D_GLIBCXX_ASSERTIONS"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
