#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every script that people run answers --help at once: it prints how it is called, installs nothing, builds nothing and writes no file."""
import os
import pathlib
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = [path for path in sorted((TOP / "tools").iterdir()) if path.is_file() and path.name != "usage"] + [
    TOP / name for name in ("tests/kernel/run", "tests/kernel/arm64", "tests/streams/run.py", "bench/run", "packaging/dkms/make-tree",
                            "fuzz/make_seeds.py", "fuzz/make_bitstream_seeds.py")]
# What they would begin with; here each notes that it was called.
STAND_INS = ("apt-get", "dpkg-query", "cmake", "ctest", "ninja", "make", "mmdebstrap", "git", "ffmpeg", "tar")


class AScript(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.empty = self.scratch / "empty"
        self.empty.mkdir()
        (self.scratch / "bin").mkdir()
        for name in STAND_INS:
            program = self.scratch / "bin" / name
            program.write_text(f'#!/bin/sh\necho "$0 $*" >>{self.scratch}/called\nexit 1\n')
            program.chmod(0o755)

    def test_answers_help_and_does_nothing_else(self):
        environment = {**os.environ, "PATH": f"{self.scratch}/bin:{os.environ['PATH']}"}
        for script in SCRIPTS:
            with self.subTest(script.relative_to(TOP)):
                done = subprocess.run([script, "--help"], cwd=self.empty, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      timeout=60, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(script.name, done.stdout)
                self.assertFalse((self.scratch / "called").exists(), "it began to work")
                self.assertEqual(list(self.empty.iterdir()), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
