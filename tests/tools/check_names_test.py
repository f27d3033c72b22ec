#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""That tools/check-names finds a file that isn't there, wherever it is named, and nothing else. Run by CTest as names-checker."""
import pathlib
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).parents[2]


class ANameOfAFile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        subprocess.run(["git", "init", "-q", self.root], check=True)
        self.plant("src/room/part.cc", "int part;\n")

    def plant(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def verdict(self, name, text):
        self.plant(name, text)
        done = subprocess.run([TOP / "tools/check-names", "--root", self.root], capture_output=True, text=True, check=False)
        (self.root / name).unlink()
        self.assertEqual(f"{name}:2:" in done.stdout, done.returncode == 1, done.stdout + done.stderr)
        return done.returncode

    def test_that_is_there_may_be_cut(self):
        for text in ("src/room/part.cc", "room/part.cc", "part.cc, and so on"):
            self.assertEqual(self.verdict("README.md", f"x\n`{text}`\n"), 0, text)

    def test_that_is_not_there_is_refused(self):
        for name, text in (("README.md", "x\nsee `gone.cc`\n"), ("a.cc", "int x;\n// as gone.h says\n"), ("a.c", "/*\n * other/part.cc\n */\n"),
                           ("tools/run", "#!/bin/sh\n# calls tools/gone.py\n"), ("a.py", "x = 1\n# gone.md\n")):
            self.assertEqual(self.verdict(name, text), 1, text)

    def test_in_code_is_the_compilers(self):
        self.assertEqual(self.verdict("a.cc", 'int x;\n#include "gone.h"\n'), 0)
        self.assertEqual(self.verdict("a.py", "x = 1\nopen('gone.md')\n"), 0)

    def test_of_the_kernel_or_a_placeholder_is_no_file_of_ours(self):
        for text in ("v4l2-ioctl.c", "linux/videodev2.h", "codecs/NAME.cc", "each `_test.cc`", "https://example.org/gone.md"):
            self.assertEqual(self.verdict("README.md", f"x\n{text}\n"), 0, text)


if __name__ == "__main__":
    unittest.main()
