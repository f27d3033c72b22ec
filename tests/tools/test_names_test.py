#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of tests are the same in every run and every build: none holds the bytes of an object or an address, neither as CTest knows it
nor as its program prints its parameter, and no two tests share one. Usage: test_names_test.py BUILD_DIR"""
import json
import os
import re
import subprocess
import sys
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "."
# What Google Test prints of a type without PrintTo(), and of a pointer.
UNSTABLE = re.compile(r"-byte object|0x[0-9a-fA-F]{5,}|pointing to")


def unstable(names):
    return [name for name in names if UNSTABLE.search(name)]


def known_to_ctest():
    """Pairs of a test's name and its command."""
    text = subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1"], check=True, capture_output=True, text=True).stdout
    return [(test["name"], test.get("command", [])) for test in json.loads(text)["tests"]]


def printed_by(program):
    """A program's tests and parameters, a line each."""
    run = subprocess.run([program, "--gtest_list_tests"], check=True, capture_output=True, text=True)
    return run.stdout.splitlines()


class TheChecker(unittest.TestCase):
    def test_finds_bytes_and_addresses(self):
        for name in ("Of/A.B/40-byte object <90-1A 4B-94>", "X.Y/0x563115f4201e", 'T/0  # GetParam() = 0x56 pointing to "h264"'):
            self.assertEqual(unstable([name]), [name])

    def test_leaves_readable_names_alone(self):
        self.assertEqual(unstable(["Sizes/AHeaderOf.SaysThePicturesSize/H264In1280", "  CopiesBothWays/ByPipe  # GetParam() = ByPipe"]), [])


class TheNamesOfTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tests = known_to_ctest()

    def test_are_stable_in_ctest(self):
        self.assertGreater(len(self.tests), 100, "this is no build of the tests")
        self.assertEqual(unstable(name for name, _ in self.tests), [])
        self.assertEqual([name for name, _ in self.tests if not re.fullmatch(r"[\w./-]+", name)], [])

    def test_are_used_once(self):
        names = [name for name, _ in self.tests]
        self.assertEqual(sorted({name for name in names if names.count(name) > 1}), [])

    def test_are_stable_in_the_programs_output(self):
        programs = sorted({command[0] for _, command in self.tests if len(command) > 1 and command[1].startswith("--gtest_filter")})
        self.assertGreater(len(programs), 5)
        for program in programs:
            with self.subTest(program=os.path.basename(program)):
                self.assertEqual(unstable(printed_by(program)), [])


if __name__ == "__main__":
    unittest.main()
